"""Which rows repeat an earlier one: a fact of the input, whatever the parts, the buckets and the order of work."""

import json
import shutil
import tracemalloc

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import glane
from conftest import SMALL_TASK, extract_here, make_settings, prepare_run, spec, write_documents
from glane.errors import RunError
from glane.extraction import task_in_work
from glane.extraction.task_in_work import document_digest
from glane.run import repeats
from glane.run.repeats import DIGEST, RowDigests, content_digest, with_repeats
from glane.run.worker import run_worker
from glane.task.task import load_task
from glane.types import Document


def digests(numbers):
    """A digest for each number; null for None."""
    cells = [None if one is None else content_digest([str(one).encode()], key="k") for one in numbers]
    return pa.array(cells, DIGEST)


def first_seen(numbers):
    """The same by hand."""
    seen, found = set(), []
    for one in numbers:
        found.append(one is not None and one in seen)
        seen.add(one)
    return found


def repeated_of(numbers, sizes):
    with RowDigests(len(numbers)) as told:
        start = 0
        for size in sizes:
            told.add(digests(numbers[start : start + size]))
            start += size
        return told.repeated().tolist()


CASES = {
    "none": [1, 2, 3],
    "all": [7] * 9,
    "first and last": [1, 2, 3, 4, 1],
    "nothing asked": [None, 1, None, 1, None],
    "nothing at all": [None, None],
    "empty": [],
    "mixed": [3, 1, 3, None, 1, 3, 2, 2, None, 9, 3],
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("on_disk", [False, True])
def test_a_row_repeats_if_an_earlier_one_says_the_same(name, on_disk, monkeypatch):
    numbers = CASES[name]
    if on_disk:
        for limit, value in (("_IN_MEMORY", 1), ("_BUCKET", 2), ("_BUFFER", 2)):
            monkeypatch.setattr(repeats, limit, value)
    assert repeated_of(numbers, [len(numbers)]) == first_seen(numbers)
    assert repeated_of(numbers, [1] * len(numbers)) == first_seen(numbers)


@pytest.mark.parametrize("on_disk", [False, True])
def test_of_many_rows_each_repetition_is_found(on_disk, monkeypatch):
    numbers = np.random.default_rng(3).integers(0, 4000, 9000).tolist()
    if on_disk:
        for limit, value in (("_IN_MEMORY", 1000), ("_BUCKET", 500), ("_BUFFER", 700)):
            monkeypatch.setattr(repeats, limit, value)
    assert repeated_of(numbers, [123] * 73 + [21]) == first_seen(numbers)


def test_memory_is_that_of_a_bucket(monkeypatch):
    """Sixteen times the rows take little more than their mask."""
    for limit, value in (("_IN_MEMORY", 2000), ("_BUCKET", 4000), ("_BUFFER", 4000)):
        monkeypatch.setattr(repeats, limit, value)

    def peak(num):
        part = digests(range(1000))
        tracemalloc.start()
        with RowDigests(num) as told:
            for _ in range(num // 1000):
                told.add(part)
            assert told.repeated().sum() == num - 1000
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    few, many = peak(20_000), peak(320_000)
    assert many < few * 16 / 2


def test_a_place_without_room_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(repeats, "_IN_MEMORY", 1)
    monkeypatch.setattr(repeats, "_BUCKET", 2)
    with RowDigests(5) as told:
        told.add(digests([1, 2, 3]))
        shutil.rmtree(told._buckets.folder)
        with pytest.raises(RunError, match="of temporary disk: set TMPDIR"):
            told.repeated()


def test_the_digests_make_place_for_the_fact():
    table = pa.table({"a": [1, 2], "duplicate": digests([1, 1]), "b": [3, 4]})
    found = with_repeats(table, np.array([False, True]))
    assert found.to_pydict() == {"a": [1, 2], "duplicate": [False, True], "b": [3, 4]}
    assert found.schema.field("duplicate").type == pa.bool_()


def test_a_digest_of_a_huge_text_is_that_of_its_whole_json(monkeypatch):
    text, inputs = 'été "😀"\n\\ \udc80 \ud83d\ude00 fin', {"ward": "b", "seen": "é"}
    whole = json.dumps([text, sorted(inputs.items())]).encode()
    for size in (1, 2, 3, 7, 10**6):
        monkeypatch.setattr(task_in_work, "_PIECE", size)
        assert document_digest(Document(id=1, text=text, inputs=inputs), key="k") == content_digest([whole], key="k")


def test_what_counts_is_the_text_and_what_stands_beside_it():
    def digest(text="a", key="k", **inputs):
        return document_digest(Document(id=1, text=text, inputs=inputs), key=key)

    same = digest(seen="1", ward="b")
    assert (
        same
        == digest(ward="b", seen="1")
        == document_digest(Document(id=2, text="a", inputs={"seen": "1", "ward": "b"}), key="k")
    )
    others = [digest("b", seen="1", ward="b"), digest(seen="2", ward="b"), digest(seen="1"), digest(key="x", seen="1", ward="b"),
              digest("a\n", seen="1", ward="b"), digest("\ud800", seen="1")]  # fmt: skip
    assert len({same, *others}) == 7
    assert [digest(None), digest(""), digest(" \n\u200b")] == [None] * 3


TEXTS = ["one", "two", "one", "", "three", "two", "one", "  ", "four", "", "three"]


@pytest.mark.parametrize("changes", [{}, {"model__max_num_seqs": 1}, {"run__shard_rows": 1}, {"run__shard_rows": 4}])
def test_records_do_not_depend_on_how_answers_were_reused(tmp_path, changes, monkeypatch):
    """Nor does what is counted of them: a worker that forgets every answer asks again, and tells the same."""
    data = write_documents(tmp_path / "d.parquet", TEXTS)
    rows = extract_here(make_settings(data, tmp_path / "run", **changes))
    assert rows["duplicate"].to_list() == [text.strip() != "" and text in TEXTS[:at] for at, text in enumerate(TEXTS)]
    monkeypatch.setattr("glane.extraction.worker.REMEMBERED_TOKENS", 0)
    again = extract_here(make_settings(data, tmp_path / "again", **changes))
    assert again.equals(rows)
    one, other = (json.loads((tmp_path / name / "summary.json").read_text()) for name in ("run", "again"))
    assert (one["flow"], one["tokens"]) == (other["flow"], other["tokens"])
    assert (one["flow"]["duplicates"], one["flow"]["asked"], one["flow"]["EMPTY"]) == (4, 4, 3)
    asked = rows.filter(~pl.col("duplicate"))
    assert one["tokens"]["prompt"] == asked["prompt_tokens"].sum()


@pytest.mark.parametrize("num_workers", [1, 3])
def test_records_are_the_same_after_kills_and_from_several_workers(tmp_path, num_workers):
    """Each worker of a run that is stopped again and again knows the answers of its own shards only."""
    texts = [f"note {number}" for number in np.random.default_rng(1).integers(0, 60, 160).tolist()]
    data = write_documents(tmp_path / "d.parquet", texts)
    whole = extract_here(make_settings(data, tmp_path / "whole", run__shard_rows=160))
    slow = {"model__script": {"seconds_per_step": 0.02}, "model__max_num_seqs": 2}
    settings = make_settings(data, tmp_path / "run", run__shard_rows=4, **slow)
    run = prepare_run(settings, load_task(SMALL_TASK))
    for turn in range(num_workers):
        wanted = len(list(run.directory.parts.iterdir())) + 2
        run_worker(
            spec(settings, run, f"w{turn}"),
            should_stop=lambda wanted=wanted: len(list(run.directory.parts.iterdir())) >= wanted,
        )
    assert 0 < len(list(run.directory.parts.iterdir())) < run.plan.num_shards == 40
    some = glane.open_run(tmp_path / "run", partial=True).all().collect()
    assert some["duplicate"].dtype == pl.Boolean
    assert extract_here(settings).equals(whole)
    assert whole["duplicate"].to_list() == [text in texts[:at] for at, text in enumerate(texts)]
    told = [json.loads((tmp_path / name / "summary.json").read_text()) for name in ("whole", "run")]
    assert (told[0]["flow"], told[0]["tokens"]) == (told[1]["flow"], told[1]["tokens"])


def test_a_part_of_an_earlier_glane_is_refused(tmp_path):
    data = write_documents(tmp_path / "d.parquet", ["a", "a", "b"])
    settings = make_settings(data, tmp_path / "run", run__shard_rows=1)
    run = prepare_run(settings, load_task(SMALL_TASK))
    directory = run.directory
    run_worker(spec(settings, run, "w"), should_stop=lambda: len(list(directory.parts.iterdir())) >= 1)
    path = next(directory.parts.glob("part-*.parquet"))
    table = pq.read_table(path)
    pq.write_table(with_repeats(table, np.array([False] * table.num_rows)), path)
    with pytest.raises(RunError, match=r"part-\d+\.parquet: written by an earlier glane.*Remove it"):
        extract_here(settings)
    path.unlink()
    assert extract_here(settings)["duplicate"].to_list() == [False, True, False]


@pytest.mark.parametrize("cut", [0, 1, 3])
def test_digests_are_read_where_they_lie(cut):
    """A slice of a column, several chunks, and nulls between: all the same rows."""
    numbers = [5, None, 5, 7, None, 7, 5]
    whole = digests(numbers)
    with RowDigests(len(numbers)) as told:
        told.add(pa.chunked_array([whole[cut:4], whole[4:4], whole[4:]], DIGEST))
        assert told.repeated().tolist() == first_seen(numbers[cut:])
