"""The input of a run, from its files to a second reading: ids of every kind, bad cells, and files that change."""

from __future__ import annotations

import decimal
import os
import shutil
import uuid
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import glane
from conftest import SMALL_TASK, extract_here, make_settings, prepare_run, spec, work, write_documents
from glane.corpus.files import inspect_files
from glane.corpus.ids import as_ids, ids_digest
from glane.corpus.readable import readable
from glane.errors import DataError, GlaneError, RunError
from glane.run.publish import finish_run
from glane.run.worker import run_worker
from glane.task.task import load_task

LATIN_1 = "RÉUNION".encode("latin-1")


def write(path: Path, ids: pa.Array, **columns: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = [f"note {i}" for i in range(len(ids))]
    pq.write_table(pa.table({"id": ids, "text": texts, **columns}), path, row_group_size=7)
    return path


# Ids.

NUMBERS = list(range(1, 41))
UUIDS = [uuid.UUID(int=7**20 + i) for i in NUMBERS]
IDS = {
    "dictionary": (pa.array([f"d{i}" for i in NUMBERS]).dictionary_encode(), [f"d{i}" for i in NUMBERS]),
    "dictionary of numbers": (pa.array(NUMBERS).dictionary_encode(), NUMBERS),
    "double": (pa.array([float(i) for i in NUMBERS]), NUMBERS),
    "float": (pa.array([float(i) for i in NUMBERS], pa.float32()), NUMBERS),
    "decimal": (pa.array([decimal.Decimal(f"{i}.00") for i in NUMBERS]), NUMBERS),
    "uuid": (pa.array([one.bytes for one in UUIDS], pa.uuid()), [str(one) for one in UUIDS]),
    "sixteen bytes": (pa.array([one.bytes for one in UUIDS], pa.binary(16)), [str(one) for one in UUIDS]),
    "binary": (pa.array([f"é{i}".encode() for i in NUMBERS]), [f"é{i}" for i in NUMBERS]),
    "view": (pa.array([f"d{i}" for i in NUMBERS], pa.string_view()), [f"d{i}" for i in NUMBERS]),
    "unsigned": (pa.array(NUMBERS, pa.uint64()), NUMBERS),
}


@pytest.mark.parametrize("kind", IDS)
def test_ids_of_every_kind_come_through_in_order(tmp_path: Path, kind: str) -> None:
    column, expected = IDS[kind]
    data = write(tmp_path / "d.parquet", column)
    rows = extract_here(make_settings(data, tmp_path / "run"))
    assert rows["id"].to_list() == expected
    run = glane.open_run(tmp_path / "run")
    assert run.documents().collect()["id"].to_list() == expected
    assert run.documents().collect().join(rows, on="id").height == len(expected)
    assert "note 3" in run.show(expected[3])._repr_html_()


@pytest.mark.parametrize("kind", ["dictionary", "double", "uuid"])
def test_what_an_earlier_run_has_is_left_out_whatever_the_kind_of_its_ids(tmp_path: Path, kind: str) -> None:
    column, expected = IDS[kind]
    extract_here(make_settings(write(tmp_path / "a.parquet", column[:25]), tmp_path / "a"))
    whole = make_settings(
        write(tmp_path / "b.parquet", column), tmp_path / "b", data__skip_done_in=(str(tmp_path / "a"),)
    )
    assert extract_here(whole)["id"].to_list() == expected[25:]


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (pa.array([1.0, 2.5]), "not whole numbers"),
        (pa.array([1.0, float("nan")]), "not whole numbers"),
        (pa.array([1.0, 2.0**53 + 2]), "cannot hold every whole number"),
        (pa.array([decimal.Decimal("1.0"), decimal.Decimal("2.5")]), "not whole numbers"),
        (pa.array([b"a", LATIN_1]), "not UTF-8"),
        (pa.array(["a", "a"]).dictionary_encode(), "occurs twice"),
        (pa.array([1.0, 1.0]), "occurs twice"),
        (pa.array(["a", None]).dictionary_encode(), "null ids"),
    ],
)
def test_ids_that_cannot_be_are_refused(tmp_path: Path, ids: pa.Array, said: str) -> None:
    settings = make_settings(write(tmp_path / "d.parquet", ids), tmp_path / "run")
    with pytest.raises(DataError, match=said) as raised:
        prepare_run(settings, load_task(settings.task))
    assert "RÉUNION" not in str(raised.value)
    assert not (tmp_path / "run").exists() or not (tmp_path / "run" / "run.yaml").exists()


def test_null_ids_that_the_filter_leaves_out_do_not_matter(tmp_path: Path) -> None:
    data = write(tmp_path / "d.parquet", pa.array(["a", None, "c", None]), age=[1, 2, 3, 4])
    rows = extract_here(make_settings(data, tmp_path / "run", data__where="id IS NOT NULL"))
    assert rows["id"].to_list() == ["a", "c"]
    with pytest.raises(DataError, match="null ids"):
        extract_here(make_settings(data, tmp_path / "other", data__where="age > 1"))


def test_rows_without_ids_are_numbered_on_request(tmp_path: Path) -> None:
    for part in range(3):
        path = tmp_path / "set" / f"{part}.parquet"
        path.parent.mkdir(exist_ok=True)
        pq.write_table(
            pa.table({"text": [f"text {part}-{i}" for i in range(20)], "n": range(20)}), path, row_group_size=6
        )
    with pytest.raises(DataError, match="data.number_rows=true"):
        extract_here(make_settings(tmp_path / "set", tmp_path / "no"))
    settings = make_settings(
        tmp_path / "set", tmp_path / "run", data__number_rows=True, data__id_column="row", data__where="n >= 5"
    )
    rows = extract_here(settings)
    assert rows["row"].to_list() == [part * 20 + i + 1 for part in range(3) for i in range(5, 20)]
    documents = glane.open_run(tmp_path / "run").documents().collect()
    assert documents.filter(pl.col("row") == 47)["text"].to_list() == ["text 2-6"]
    some = make_settings(
        tmp_path / "set", tmp_path / "some", data__number_rows=True, data__id_column="row", data__where="row IN (3, 41)"
    )
    assert extract_here(some)["row"].to_list() == [3, 41]


def test_numbers_do_not_take_the_name_of_a_column(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="would make another"):
        extract_here(
            make_settings(write(tmp_path / "d.parquet", pa.array(["a"])), tmp_path / "r", data__number_rows=True)
        )


def test_a_digest_of_ids_is_of_the_sequence() -> None:
    whole = pa.array(["a", "bc", None, "é"])
    assert ids_digest(pa.chunked_array([whole[:1], whole[1:]])) == ids_digest(whole)
    assert ids_digest(whole.cast(pa.large_string())) == ids_digest(whole)
    for other in (["ab", "c", None, "é"], ["bc", "a", None, "é"], ["a", "bc", "", "é"], ["a", "bc", None]):
        assert ids_digest(pa.array(other)) != ids_digest(whole)
    assert ids_digest(as_ids(pa.array([1.0, 2.0]), place="")) == ids_digest(pa.array([1, 2], pa.int8()))


# What is published can be read.


def broken(values: list[bytes | None]) -> pa.Array:
    """A string array that holds bytes which are not UTF-8, as other writers make them."""
    raw = pa.array(values, pa.binary())
    return pa.Array.from_buffers(pa.string(), len(raw), raw.buffers())


def nested() -> dict[str, pa.Array]:
    """Columns of 40 rows; the cell of row 3 is Latin-1 somewhere inside."""
    cells: list[bytes | None] = [f"é{i}".encode() for i in range(40)]
    cells[3], cells[5] = LATIN_1, None
    bad = broken(cells)
    offsets = pa.array(range(41), pa.int32())
    struct = pa.StructArray.from_arrays([bad, pa.array(range(40))], names=["name", "n"])
    return {
        "plain": bad,
        "dictionary": pa.DictionaryArray.from_arrays(
            pa.array([0, 1, 2, 3, 4, None, *range(6, 40)], pa.int32()),
            broken([one or b"" for one in cells]),
            safe=False,
        ),
        "list": pa.ListArray.from_arrays(offsets, bad),
        "large_list": pa.LargeListArray.from_arrays(offsets.cast(pa.int64()), bad),
        "fixed_list": pa.FixedSizeListArray.from_arrays(bad, 1),
        "struct": struct,
        "list_of_struct": pa.ListArray.from_arrays(offsets, struct),
        "map": pa.MapArray.from_arrays(offsets, pa.array([str(i) for i in range(40)]), bad),
    }


@pytest.mark.parametrize("kind", list(nested()))
def test_a_bad_cell_at_any_depth_costs_that_cell_only(tmp_path: Path, kind: str) -> None:
    column = nested()[kind]
    for part in (column, column[2:9], column[3:4], column[10:]):
        mended = readable(part)
        mended.validate(full=True)
        assert mended.type == part.type
        assert len(mended) == len(part)
        assert "\ufffd" in str(mended.to_pylist()) or len(part) == 30
    assert readable(column[10:]).to_pylist() == column[10:].to_pylist() if kind != "dictionary" else True
    data = write(tmp_path / "d.parquet", pa.array([f"d{i}" for i in range(40)]), kept=column)
    rows = extract_here(make_settings(data, tmp_path / "run", data__carry_columns=("kept",)))
    assert rows.height == 40
    assert "R\ufffdUNION" in str(rows["kept"][3])
    assert "é4" in str(rows["kept"][4])
    run = glane.open_run(tmp_path / "run")
    assert run.usable().collect().height == 40
    assert run.line_list().collect().height == 40
    assert run.inputs().collect().height == 40


@pytest.mark.parametrize(
    "kind", [pa.decimal256(50, 2), pa.list_(pa.decimal256(60, 0)), pa.struct([("x", pa.decimal256(40, 1))])]
)
def test_a_column_that_polars_cannot_read_is_refused_before_the_start(tmp_path: Path, kind: pa.DataType) -> None:
    data = write(tmp_path / "d.parquet", pa.array(["a", "b"]), kept=pa.nulls(2, kind))
    with pytest.raises(DataError, match="'kept' is .*decimal256.*data.carry_columns"):
        extract_here(make_settings(data, tmp_path / "run", data__carry_columns=("kept",)))
    rows = extract_here(make_settings(data, tmp_path / "without"))  # the column may be there, if nobody asks for it
    assert rows.height == 2
    assert glane.open_run(tmp_path / "without").documents().collect().height == 2


DAY = 86_400


@pytest.mark.parametrize(
    ("column", "is_refused"),
    [
        (pa.array([None, DAY * 10**6 - 1, 0, 5], pa.time64("us")), False),
        (pa.array([None, 0, DAY * 10**6, 5], pa.time64("us")), True),
        (pa.array([-1, 0, 1, 2], pa.time32("s")), True),
        (pa.array([2**62, 0, 1, 2], pa.timestamp("ms")), True),
        (pa.array([-(2**62), 0, 1, 2], pa.timestamp("ms", "Europe/Paris")), True),
        (pa.array([2**40, 0, 1, None], pa.timestamp("s")), False),
        (pa.array([[1, 2], [], None, [2**62]], pa.list_(pa.timestamp("ms"))), True),
        (pa.array([{"a": 1}, None, {"a": -5}, {"a": 3}], pa.struct([("a", pa.time32("ms"))])), True),
        (pa.array([[("k", 1)], [], [("k", 2**62)], None], pa.map_(pa.string(), pa.timestamp("ms"))), True),
        (pa.ExtensionArray.from_storage(pa.json_(pa.string()), pa.array(['{"a":1}', "{a", None, ""])), False),
        (pa.array([[("k", 1), ("k", 2)], [], None, []], pa.map_(pa.string(), pa.int8())), False),
    ],
)
def test_values_that_no_reader_has_are_refused_before_the_start(
    tmp_path: Path, column: pa.Array, is_refused: bool
) -> None:
    data = write(tmp_path / "d.parquet", pa.array(["a", "b", "c", "d"]), kept=column)
    settings = make_settings(data, tmp_path / "run", data__carry_columns=("kept",))
    if is_refused:
        with pytest.raises(DataError, match=r"d\.parquet: column 'kept' holds a time that is out of range"):
            prepare_run(settings, load_task(settings.task))
    else:
        assert extract_here(settings).height == 4


def test_two_columns_of_one_name_are_refused_by_name(tmp_path: Path) -> None:
    schema = pa.schema(
        [("id", pa.string()), ("text", pa.string()), ("text", pa.string()), ("x", pa.int8()), ("x", pa.int8())]
    )
    one = [pa.array(["a"]), pa.array(["b"]), pa.array(["c"]), pa.array([1], pa.int8()), pa.array([2], pa.int8())]
    pq.write_table(pa.Table.from_arrays(one, schema=schema), tmp_path / "d.parquet")
    with pytest.raises(DataError, match=r"d.parquet: 2 columns are called 'text'"):
        inspect_files(str(tmp_path / "d.parquet"), id_column="id", text_column="text")
    with pytest.raises(DataError, match=r"2 columns are called 'x'.*data.carry_columns"):
        inspect_files(str(tmp_path / "d.parquet"), id_column="id", text_column="id", carry_columns=["x"])


def test_one_bad_text_is_one_bad_row_everywhere(tmp_path: Path) -> None:
    texts = [f"note {i}".encode() for i in range(40)]
    texts[7] = b"Compte rendu : " + LATIN_1
    ids = pa.array([f"d{i}" for i in range(40)])
    pq.write_table(pa.table({"id": ids, "text": broken(texts)}), tmp_path / "d.parquet")
    rows = extract_here(make_settings(tmp_path / "d.parquet", tmp_path / "run"))
    assert rows["status"].value_counts().sort("count").rows() == [("REJECTED", 1), ("OK", 39)]
    run = glane.open_run(tmp_path / "run")
    shown = dict(run.documents().collect().iter_rows())
    assert shown["d7"] == "Compte rendu : R\ufffdUNION"
    assert shown["d8"] == "note 8"
    assert "note 1" in run.show("d1")._repr_html_()
    assert "39 documents" in glane.review(run, str(tmp_path / "review"), rows=39)


def test_a_gold_file_with_one_bad_cell_is_read(tmp_path: Path) -> None:
    from glane.assess.files import read_table

    pq.write_table(pa.table({"id": ["a", "b"], "town": broken([LATIN_1, b"Brest"])}), tmp_path / "gold [2].parquet")
    table = read_table(str(tmp_path / "gold [2].parquet"), place="gold")
    assert table["town"].to_list() == ["R\ufffdUNION", "Brest"]


def test_a_run_in_a_folder_with_signs_of_a_glob_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "runs [2024]*"
    folder.mkdir()
    data = write_documents(folder / "d?.parquet", ["a", "b"])
    prepared, report = work(make_settings(data, folder / "run"))
    assert report.outcome == "done"
    finish_run(prepared, record_mib=1)
    run = glane.open_run(folder / "run")
    assert run.all().collect().height == 2
    assert run.documents().collect().height == 2


# Files that change.


def rename_over(path: Path, ids: range) -> None:
    new = write_documents(path.with_suffix(".new"), [f"new {i}" for i in ids])
    table = pq.read_table(new).set_column(0, "id", pa.array([f"d{i}" for i in ids]))
    pq.write_table(table, new)
    os.replace(new, path)


def two_files(tmp_path: Path) -> Path:
    folder = tmp_path / "set"
    for part in range(2):
        write(folder / f"{part}.parquet", pa.array([f"d{part * 100 + i}" for i in range(100)]))
    return folder


def overwrite_in_place(path: Path) -> None:
    """Another file of the same size with the same times and inode: only ctime tells."""
    before = path.stat()
    content = bytearray(path.read_bytes())
    table = pq.read_table(path)
    other = path.with_suffix(".other")
    ids = [f"e{one[1:]}" for one in table["id"].to_pylist()]
    pq.write_table(table.set_column(0, "id", pa.array(ids)), other, row_group_size=7)
    changed = other.read_bytes()
    other.unlink()
    assert len(changed) == len(content)
    with path.open("r+b") as stream:
        stream.write(changed)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns, path.stat().st_ino) == (
        before.st_size, before.st_mtime_ns, before.st_ino,
    )  # fmt: skip


CHANGES = {
    "replaced by as many rows": lambda path: rename_over(path, range(50, 150)),
    "replaced by fewer rows": lambda path: rename_over(path, range(50, 60)),
    "overwritten with its times set back": overwrite_in_place,
    "removed": lambda path: path.unlink(),
    "replaced by a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("moment", ["after the plan", "before the end", "before publication"])
def test_a_file_that_changes_under_a_run_is_told_and_nothing_is_published(
    tmp_path: Path, change: str, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = two_files(tmp_path)
    settings = make_settings(folder, tmp_path / "run", run__shard_rows=10)
    run = prepare_run(settings, load_task(settings.task))
    shutil.copytree(folder, tmp_path / "former")
    with pytest.raises(GlaneError) as raised:  # noqa: PT012
        if moment == "after the plan":
            CHANGES[change](folder / "1.parquet")
            run_worker(spec(settings, run, "w0"))
        elif moment == "before the end":
            from glane.run import shards

            commits = 0
            commit = shards.commit_part

            def changing(*args: Any, **more: Any) -> bool:
                nonlocal commits
                commits += 1
                if commits == 12:
                    CHANGES[change](folder / "1.parquet")
                return commit(*args, **more)

            monkeypatch.setattr(shards, "commit_part", changing)
            work(settings)
        else:
            work(settings)
            CHANGES[change](folder / "1.parquet")
        finish_run(run, record_mib=1)
    assert str(folder / "1.parquet") in str(raised.value)
    assert not (tmp_path / "run" / "records").exists()
    # With the former file, the same command goes on, and every id is there once.
    monkeypatch.undo()
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "former", folder)
    rows = extract_here(settings)
    assert rows["id"].to_list() == [f"d{i}" for i in range(200)]


def test_what_is_overwritten_while_it_is_read_and_put_back_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other texts under the same ids, in place, for the moment in which a shard is read."""
    from glane.corpus.read import SpanReader

    path = tmp_path / "d.parquet"
    ids = pa.array([f"d{i}" for i in range(60)])
    former, other = tmp_path / "former", tmp_path / "other"
    pq.write_table(pa.table({"id": ids, "text": ["right " * 9] * 60}), former, compression="none")
    pq.write_table(pa.table({"id": ids, "text": ["WRONG " * 9] * 60}), other, compression="none")
    assert former.stat().st_size == other.stat().st_size
    path.write_bytes(former.read_bytes())
    settings = make_settings(path, tmp_path / "run", run__shard_rows=20, data__carry_columns=("text",))
    run = prepare_run(settings, load_task(settings.task))
    once = SpanReader._read_once
    reads = [0]

    def overwritten(self: SpanReader, span: Any) -> Any:
        reads[0] += 1
        is_first = reads[0] == 1
        if is_first:
            self._open(span)
            path.write_bytes(other.read_bytes())
        yield from once(self, span)
        if is_first:
            path.write_bytes(former.read_bytes())

    monkeypatch.setattr(SpanReader, "_read_once", overwritten)
    assert run_worker(spec(settings, run, "w")).outcome == "done"
    finish_run(run, record_mib=1)
    assert set(glane.open_run(tmp_path / "run").all().collect()["text"]) == {"right " * 9}
    assert reads[0] > 3


def test_a_copy_with_the_same_content_is_the_same_file(tmp_path: Path) -> None:
    folder = two_files(tmp_path)
    settings = make_settings(folder, tmp_path / "run", run__shard_rows=10)
    run = prepare_run(settings, load_task(settings.task))
    for path in list(folder.iterdir()):
        shutil.copy(path, path.with_suffix(".copy"))
        os.replace(path.with_suffix(".copy"), path)
    work(settings)
    finish_run(run, record_mib=1)
    assert glane.open_run(tmp_path / "run").all().collect()["id"].n_unique() == 200


def test_a_file_that_is_replaced_while_it_is_planned_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from glane.extraction import selection

    folder = two_files(tmp_path)
    select = selection.select_rows

    def changing(*args: Any, **more: Any) -> Any:
        rename_over(folder / "0.parquet", range(300, 400))
        return select(*args, **more)

    monkeypatch.setattr(selection, "select_rows", changing)
    settings = make_settings(folder, tmp_path / "run")
    with pytest.raises(DataError, match="0.parquet: was changed"):
        prepare_run(settings, load_task(settings.task))


# Parts are what they hold.


def committed(tmp_path: Path) -> Any:
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(60)])
    settings = make_settings(data, tmp_path / "run", run__shard_rows=10)
    return work(settings)[0]


def swap(run: Any) -> None:
    first, second = run.directory.part(0), run.directory.part(1)
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)


def with_other_ids(run: Any) -> None:
    part = run.directory.part(2)
    table = pq.read_table(part)
    ids = pa.array([f"x{i}" for i in range(10)])
    pq.write_table(table.set_column(0, "id", ids), part)


def of_another_task(run: Any) -> None:
    """A part of a run over the same input that asked something else."""
    other = {**SMALL_TASK, "instructions": "Read it."}
    settings = make_settings(
        Path(run.plan.files[0].path), run.directory.root.with_name("other"), other, run__shard_rows=10
    )
    shutil.copy(work(settings)[0].directory.part(1), run.directory.part(1))


PARTS = {
    "of another task over the same input": of_another_task,
    "copied over another": lambda run: shutil.copy(run.directory.part(1), run.directory.part(2)),
    "swapped": swap,
    "with other ids": with_other_ids,
    "cut": lambda run: os.truncate(run.directory.part(3), 100),
    "of another run": lambda run: pq.write_table(pa.table({"id": ["d0"], "status": ["OK"]}), run.directory.part(0)),
}


@pytest.mark.parametrize("change", PARTS)
def test_a_part_that_holds_other_rows_is_named_and_nothing_is_published(tmp_path: Path, change: str) -> None:
    run = committed(tmp_path)
    PARTS[change](run)
    with pytest.raises(RunError, match=r"part-000000\d.parquet: .*Remove it"):
        finish_run(run, record_mib=1)
    assert not run.directory.records.exists()
    assert run.directory.part(4).exists()


@pytest.mark.parametrize(
    "name", ["part-0000000 (copie).parquet", "part-0000099.parquet", "part-x.parquet", "._part-0000000.parquet"]
)
def test_a_file_beside_the_parts_does_not_matter_and_stays(tmp_path: Path, name: str) -> None:
    run = committed(tmp_path)
    stray = run.directory.parts / name
    stray.write_bytes(b"mine")
    finish_run(run, record_mib=1)
    assert glane.open_run(run.directory.root).all().collect().height == 60
    assert stray.exists() == (name != "part-0000099.parquet")


# A second reading.


@pytest.mark.parametrize("kind", [kind for kind in IDS if kind != "sixteen bytes"])
def test_right_answers_have_the_ids_of_the_input_whatever_their_kind(tmp_path: Path, kind: str) -> None:
    column, _ = IDS[kind]
    extract_here(make_settings(write(tmp_path / "d.parquet", column), tmp_path / "run"))
    run = glane.open_run(tmp_path / "run")
    field = run.description().fields[0]
    right = pa.table({"id": column, field: run.usable().collect()[field].to_arrow()})
    pq.write_table(right, tmp_path / "gold.parquet")
    assert glane.evaluate(run, str(tmp_path / "gold.parquet"), samples=0).summary.documents.compared == len(NUMBERS)


def test_a_result_is_not_written_into_a_run(tmp_path: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", ["a", "b"])
    extract_here(make_settings(data, tmp_path / "run"))
    run = glane.open_run(tmp_path / "run")
    run.usable().select(run.id_column, *run.task.fields).collect().write_parquet(tmp_path / "gold.parquet")
    before = sorted((tmp_path / "run").iterdir())
    with pytest.raises(RunError, match="is the directory of a run"):
        glane.evaluate(run, str(tmp_path / "gold.parquet"), samples=0, out_dir=str(tmp_path / "run"))
    assert sorted((tmp_path / "run").iterdir()) == before


def test_a_reviewer_sees_what_the_model_saw(tmp_path: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", ["a", "b"], weekday=["jeudi", "vendredi"], unseen=["x1", "x2"])
    task = {**SMALL_TASK, "inputs": ["text", "weekday"]}
    extract_here(make_settings(data, tmp_path / "run", task))
    glane.review(tmp_path / "run", str(tmp_path / "review"), rows=2)
    page = (tmp_path / "review" / "review.html").read_text(encoding="utf-8")
    assert "vendredi" in page
    assert "x1" not in page
