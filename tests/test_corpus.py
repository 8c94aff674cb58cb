"""Input files: found, refused, selected from, planned, read row by row."""

import random

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import write_documents
from glane.corpus import unique
from glane.corpus.files import InputFile, inspect_files
from glane.corpus.plan import make_plan, read_plan, write_plan
from glane.corpus.read import Reader
from glane.corpus.select import Selected, Selection, select_rows
from glane.corpus.unchanged import Identity
from glane.errors import ConfigError, DataError


def inspect(path, **changes):
    return inspect_files(str(path), **{"id_column": "id", "text_column": "text", "carry_columns": [], **changes})


def planned(files, selection=Selection(), shard_rows=16, shard_bytes=2**20):
    return make_plan(
        files, select_rows(files, id_column="id", selection=selection), shard_rows=shard_rows, shard_bytes=shard_bytes
    )


def read_ids(plan):
    reader = Reader(plan.files, id_column="id", text_column="text", input_columns=[], carry_columns=[])
    return [d.id for i in range(plan.num_shards) for d in reader.read(plan.shard(i)).documents]


def test_a_file_a_directory_and_a_glob_are_found(tmp_path):
    write_documents(tmp_path / "a.parquet", ["x"])
    (tmp_path / "deep").mkdir()
    write_documents(tmp_path / "deep" / "b.parquet", ["y"])
    assert len(inspect(tmp_path / "a.parquet")) == 1
    assert len(inspect(tmp_path)) == 2
    assert len(inspect(tmp_path / "*.parquet")) == 1


def bad_files(tmp_path):
    good = write_documents(tmp_path / "good.parquet", ["a", "b"])
    (tmp_path / "text.parquet").write_text("not parquet")
    (tmp_path / "cut.parquet").write_bytes(good.read_bytes()[:-20])
    (tmp_path / "empty").mkdir()
    pq.write_table(
        pa.table({"id": pa.array([], pa.string()), "text": pa.array([], pa.string())}), tmp_path / "none.parquet"
    )
    pq.write_table(pa.table({"id": [True], "text": ["a"]}), tmp_path / "boolid.parquet")
    pq.write_table(pa.table({"id": ["a"], "text": [1]}), tmp_path / "inttext.parquet")
    (tmp_path / "mixed").mkdir()
    pq.write_table(pa.table({"id": ["a"], "text": ["a"]}), tmp_path / "mixed" / "1.parquet")
    pq.write_table(pa.table({"id": [1], "text": ["a"]}), tmp_path / "mixed" / "2.parquet")


@pytest.mark.parametrize(
    ("path", "changes", "words"),
    [
        ("absent.parquet", {}, ["no file matches", "absent.parquet"]),
        ("*.csv", {}, ["no file matches"]),
        ("empty", {}, ["no Parquet file in the directory"]),
        ("text.parquet", {}, ["text.parquet", "not Parquet"]),
        ("cut.parquet", {}, ["cut.parquet", "truncated"]),
        ("none.parquet", {}, ["no rows"]),
        ("good.parquet", {"id_column": "idd"}, ["'idd'", "data.id_column", "Did you mean 'id'"]),
        ("good.parquet", {"text_column": "txt"}, ["'txt'", "data.text_column", "Did you mean 'text'"]),
        ("good.parquet", {"carry_columns": ["age"]}, ["'age'", "data.carry_columns", "id, text"]),
        ("boolid.parquet", {}, ["'id' is of type true or false", "data.id_column"]),
        ("inttext.parquet", {}, ["'text' is of type whole number", "data.text_column to one of: id"]),
        ("mixed", {}, ["2.parquet", "'id' is of type whole number, but of type text"]),
    ],
)
def test_a_bad_input_is_refused_with_the_file_and_the_remedy(tmp_path, path, changes, words):
    bad_files(tmp_path)
    with pytest.raises(DataError) as raised:
        inspect(tmp_path / path, **changes)
    for word in words:
        assert word in str(raised.value)


def test_null_and_duplicate_ids_are_refused(tmp_path):
    pq.write_table(pa.table({"id": ["a", None], "text": ["x", "y"]}), tmp_path / "null.parquet")
    with pytest.raises(DataError, match="null ids"):
        planned(inspect(tmp_path / "null.parquet"))
    (tmp_path / "two").mkdir()
    for name in "12":
        pq.write_table(
            pa.table({"id": [f"only{name}", "both"], "text": ["x", "y"]}), tmp_path / "two" / f"{name}.parquet"
        )
    with pytest.raises(DataError, match=r"'both' occurs twice"):
        planned(inspect(tmp_path / "two"))


def test_duplicates_are_found_when_hashes_go_to_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(unique, "_IN_MEMORY", 100)
    monkeypatch.setattr(unique, "_BUCKET", 50)
    monkeypatch.setattr(unique, "_BUFFER", 200)
    ids = [*map(str, range(1000)), "777"]
    pq.write_table(pa.table({"id": ids, "text": ["x"] * 1001}), tmp_path / "d.parquet", row_group_size=100)
    with pytest.raises(DataError, match="'777' occurs twice"):
        planned(inspect(tmp_path / "d.parquet"))
    pq.write_table(pa.table({"id": ids[:-1], "text": ["x"] * 1000}), tmp_path / "d.parquet", row_group_size=100)
    assert planned(inspect(tmp_path / "d.parquet")).num_selected == 1000


def test_equal_hashes_of_different_ids_are_no_duplicates(tmp_path, monkeypatch):
    monkeypatch.setattr(pl.Series, "hash", lambda self: pl.Series([7] * len(self), dtype=pl.UInt64))
    assert planned(inspect(write_documents(tmp_path / "d.parquet", ["a", "b"]))).num_selected == 2


def test_where_sample_and_limit_narrow_in_this_order(tmp_path):
    path = write_documents(tmp_path / "d.parquet", ["x"] * 200, triage=[i % 4 for i in range(200)])
    files = inspect(path)
    where = Selection(where="triage <= 1 AND id <> 'd0'")
    assert planned(files, where).num_selected == 99
    sampled = read_ids(planned(files, Selection(where="triage = 0", sample=10, sample_seed=3)))
    assert len(sampled) == 10
    assert all(int(i[1:]) % 4 == 0 for i in sampled)
    assert sampled == read_ids(planned(files, Selection(where="triage = 0", sample=10, sample_seed=3)))
    assert sampled != read_ids(planned(files, Selection(where="triage = 0", sample=10, sample_seed=4)))
    assert read_ids(planned(files, Selection(where="triage = 0", sample=10, sample_seed=3, limit=4))) == sampled[:4]
    assert planned(files, Selection(sample=0.25)).num_selected == 50
    assert planned(files, Selection(limit=7)).num_selected == 7


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("triage <<< 2", ["no SQL expression"]),
        ("triagge = 2", ["Did you mean 'triage'"]),
        ("triage + 1", ["not true or false"]),
    ],
)
def test_a_wrong_where_is_refused(tmp_path, where, words):
    files = inspect(write_documents(tmp_path / "d.parquet", ["x"] * 4, triage=[1, 2, 3, 4]))
    with pytest.raises(ConfigError) as raised:
        planned(files, Selection(where=where))
    for word in words:
        assert word in str(raised.value)


def test_nothing_selected_is_an_error(tmp_path):
    with pytest.raises(DataError, match="none of the 2 rows"):
        planned(inspect(write_documents(tmp_path / "d.parquet", ["x", "y"])), Selection(where="id = 'zz'"))


@settings(max_examples=60, deadline=None)
@given(
    groups=st.lists(st.lists(st.booleans(), max_size=12), min_size=1, max_size=6).filter(lambda g: any(map(any, g))),
    shard_rows=st.integers(1, 9),
    tapers=st.booleans(),
)
def test_a_plan_covers_each_selected_row_exactly_once(groups, shard_rows, tapers):
    import numpy as np

    file = InputFile(
        path="f", identity=Identity(1, 1, 1, 1), row_groups=tuple((len(g), 10) for g in groups), schema=pa.schema([])
    )
    masks = tuple(np.packbits(np.array(g, np.bool_)) for g in groups)
    total = sum(map(sum, groups))
    plan = make_plan(
        [file],
        Selected(masks=(masks,), num_read=0, num_selected=total),
        shard_rows=shard_rows,
        shard_bytes=10**6,
        tapers=tapers,
    )
    seen = []
    for index in range(plan.num_shards):
        shard = plan.shard(index)
        assert 1 <= shard.num_rows <= shard_rows
        for span in shard.spans:
            offsets = range(span.num_rows) if span.selected is None else span.selected
            seen += [(span.row_group, span.row_start + offset) for offset in offsets]
    assert seen == [(g, r) for g, group in enumerate(groups) for r, chosen in enumerate(group) if chosen]


def simulated(num_rows, *, shard_rows, tapers, row_group=2000):
    sizes = [min(row_group, num_rows - start) for start in range(0, num_rows, row_group)]
    file = InputFile(
        path="f", identity=Identity(1, 1, 1, 1), row_groups=tuple((n, 10 * n) for n in sizes), schema=pa.schema([])
    )
    selected = Selected(masks=((None,) * len(sizes),), num_read=num_rows, num_selected=num_rows)
    return make_plan([file], selected, shard_rows=shard_rows, shard_bytes=10**9, tapers=tapers)


def test_the_last_shards_are_small_where_a_plan_tapers():
    plan = simulated(64_000, shard_rows=1000, tapers=True)
    assert set(plan.shard_rows[: plan.num_large]) == {1000}
    assert 0.7 < plan.shard_rows[: plan.num_large].sum() / 64_000 < 0.8
    assert max(plan.shard_rows[plan.num_large :]) <= 500
    assert plan.shard_rows[-1] <= 166
    assert plan.num_shards < 2 * 64
    flat = simulated(64_000, shard_rows=1000, tapers=False)
    assert set(flat.shard_rows) == {1000}
    assert flat.num_large == flat.num_shards == 64
    assert set(simulated(160, shard_rows=16, tapers=True).shard_rows) == {16}  # smaller is more files than work


def test_small_last_shards_shorten_the_end_of_a_run():
    """Workers of unequal speed take the next shard when they are done: how long do the others stand idle?"""
    draw = random.Random(1)

    def idle(plan, workers):
        ends = [0.0] * workers
        speeds = [draw.uniform(0.7, 1.3) for _ in range(workers)]
        for rows in plan.shard_rows:
            first = min(range(workers), key=lambda i: ends[i])
            ends[first] += rows * draw.uniform(0.8, 1.2) / speeds[first]
        return 1 - sum(ends) / workers / max(ends)

    for workers in (3, 8, 20):
        flat, tapered = (
            sum(idle(simulated(64_000, shard_rows=1000, tapers=tapers), workers) for _ in range(20))
            for tapers in (False, True)
        )
        assert tapered < 0.5 * flat


def test_shards_are_bounded_by_bytes_too_and_a_plan_survives_its_file(tmp_path):
    files = inspect(write_documents(tmp_path / "d.parquet", [f"{i}" * 500 for i in range(100)]))
    plan = planned(files, shard_rows=1000, shard_bytes=5000)
    assert plan.num_shards > 10
    write_plan(plan, tmp_path / "plan.parquet")
    again = read_plan(tmp_path / "plan.parquet")
    assert [again.shard(i) for i in range(again.num_shards)] == [plan.shard(i) for i in range(plan.num_shards)]
    assert read_ids(again) == [f"d{i}" for i in range(100)]


def test_shards_are_read_alike_in_any_order(tmp_path):
    plan = planned(inspect(write_documents(tmp_path / "d.parquet", [f"t{i}" for i in range(400)], row_group_size=150)))
    reader = Reader(plan.files, id_column="id", text_column="text", input_columns=[], carry_columns=["text"])
    for index in [7, 3, 4, 5, 24, 0, 3]:
        rows = reader.read(plan.shard(index))
        assert [d.id for d in rows.documents] == [f"d{i}" for i in range(16 * index, 16 * index + 16)]
        assert rows.kept["text"].to_pylist() == [d.text for d in rows.documents]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.string_view()])
def test_one_cell_that_is_not_utf8_costs_one_row(tmp_path, kind):
    bad = pa.array([b"bon", b"\xff\xfe", None, "é😀\u202eאב\x00".encode(), b"\xed\xa0\x80"], pa.binary())
    text = (
        bad.view(pa.string())
        if kind == pa.string()
        else bad.cast(pa.large_binary()).view(pa.large_string())
        if kind == pa.large_string()
        else bad
        if kind != pa.large_binary()
        else bad.cast(kind)
    )
    if kind == pa.string_view():
        pytest.skip("Arrow refuses to build an invalid string view")
    pq.write_table(pa.table({"id": list("abcde"), "text": text}), tmp_path / "d.parquet")
    plan = planned(inspect(tmp_path / "d.parquet"))
    reader = Reader(plan.files, id_column="id", text_column="text", input_columns=[], carry_columns=["text"])
    rows = reader.read(plan.shard(0))
    assert [(d.text, d.problem is None) for d in rows.documents] == [
        ("bon", True), (None, False), (None, True), ("é😀\u202eאב\x00", True), (None, False),
    ]  # fmt: skip
    rows.kept.validate(full=True)


def test_dictionary_text_and_integer_ids_are_read(tmp_path):
    table = pa.table({"id": [3, 4], "text": pa.array(["x", "y"]).dictionary_encode()})
    pq.write_table(table, tmp_path / "d.parquet")
    plan = planned(inspect(tmp_path / "d.parquet"))
    reader = Reader(plan.files, id_column="id", text_column="text", input_columns=[], carry_columns=[])
    assert [(d.id, d.text) for d in reader.read(plan.shard(0)).documents] == [(3, "x"), (4, "y")]
