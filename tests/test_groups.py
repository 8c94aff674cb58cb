"""Documents of one case: grouped, ordered, asked as one, and each quote told with the document that it is of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import glane
from conftest import extract_here, make_settings, work
from glane.errors import DataError, RunError
from glane.form import WALL
from glane.reading.pieces import GroupAligner
from glane.reading.split_group import split_group
from glane.run.publish import finish_run
from glane.types import Alignment, Chunk, Piece

TASK: dict[str, Any] = {
    "name": "case", "language": "fr", "instructions": "Lis.", "confidence": False, "split": {}, "repairs": 0,
    "fields": {
        "age": {"type": "integer", "minimum": 0, "maximum": 120, "nullable": True, "evidence": True},
        "signs": {"type": "list", "items": {"type": "string", "max_length": 40}, "evidence": True},
    },
}  # fmt: skip


def answer(age: str, sign: str) -> str:
    said = {"age": {"value": 34, "quote": age}, "signs": [{"value": "toux", "quote": sign}]}
    return f"[[answer {json.dumps(said, ensure_ascii=False, separators=(',', ':'))}]]"


def write(folder: Path, rows: list[tuple[Any, ...]], *, per_file: int = 2, **columns: Any) -> Path:
    """Rows of (id, patient, day, text), scattered over files and row groups."""
    names = ["id", "patient", "day", "text"]
    table = pa.table({name: [row[place] for row in rows] for place, name in enumerate(names)} | columns)
    folder.mkdir()
    for number, start in enumerate(range(0, len(rows), per_file)):
        pq.write_table(table.slice(start, per_file), folder / f"{number:03d}.parquet", row_group_size=1)
    return folder


def grouped(data: Path, run: Path, **changes: Any) -> Any:
    settings = {"data__group_by": "patient", "data__order_by": "day", **changes}
    return make_settings(data, run, settings.pop("task", TASK), **settings)


ROWS = [
    ("d1", "p1", "2024-01-03", "Il revient. une toux " + answer("34 ans", "une toux")),
    ("d2", "p2", "2024-01-02", "rien"),
    ("d3", "p1", "2024-01-01", "é😀 Homme de 34 ans."),
    ("d4", "p3", None, None),
    ("d5", "p1", None, "  "),
    ("d6", "p2", "2024-01-02", "rien"),
]


def test_scattered_documents_become_rows_and_evidence_names_the_document(tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    rows = extract_here(grouped(write(tmp_path / "in", ROWS), run_dir))
    assert rows["patient"].to_list() == ["p1", "p2", "p3"]
    listed = [[one["document"] for one in row] for row in rows["documents"]]
    assert listed == [["d3", "d1", "d5"], ["d2", "d6"], ["d4"]]  # nulls last, ties in the order of the input
    assert rows["status"].to_list() == ["OK", "OK", "EMPTY"]
    assert [one["skipped"] for one in rows["documents"][0]] == [None, None, "blank"]
    texts = {row[0]: row[3] for row in ROWS}
    run = glane.open_run(run_dir)
    told = run.evidence().filter(pl.col("start").is_not_null()).collect()
    assert dict(told.select("field", "document").iter_rows()) == {"age": "d3", "signs": "d1"}
    for row in told.iter_rows(named=True):
        assert texts[row["document"]][row["start"] : row["end"]] == row["quote"]
    assert run.documents().collect()["id"].to_list() == [row[0] for row in ROWS]
    assert "34 ans</mark>" in run.show("p1")._repr_html_()
    flow = json.loads((run_dir / "summary.json").read_text())["flow"]
    assert (flow["read"], flow["documents"], flow["selected"]) == (6, 6, 3)


def test_a_run_that_is_stopped_is_resumed_and_has_every_group_once(tmp_path: Path) -> None:
    rows = [(f"d{i}", f"p{i % 7}", f"2024-01-{i % 28 + 1:02d}", f"note {i}") for i in range(60)]
    data, settings = write(tmp_path / "in", rows, per_file=20), {"run__shard_rows": 1}
    run, report = work(grouped(data, tmp_path / "run", **settings))
    assert report.outcome == "done"
    for shard in (1, 4):  # as if their worker had died
        run.directory.part(shard).unlink()
    again, _ = work(grouped(data, tmp_path / "run", **settings), worker="w1")
    finish_run(again, record_mib=1)
    found = glane.open_run(tmp_path / "run").all().collect()
    assert found["patient"].to_list() == [f"p{i}" for i in range(7)]
    listed = found["documents"].explode().struct.field("document")
    assert sorted(listed) == sorted(row[0] for row in rows)
    with pytest.raises(RunError, match="order_by"):
        work(grouped(data, tmp_path / "run", data__order_by="id", **settings))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"data__limit": 2}, ["p1", "p2"]),
        ({"data__where": "day >= '2024-01-02'"}, ["p1", "p2"]),
        ({"data__sample": 3}, ["p1", "p2", "p3"]),
    ],
)
def test_rows_are_filtered_before_they_are_grouped_and_groups_are_counted(
    tmp_path: Path, changes: dict[str, Any], expected: list[str]
) -> None:
    rows = extract_here(grouped(write(tmp_path / "in", ROWS), tmp_path / "run", **changes))
    assert rows["patient"].to_list() == expected


def test_groups_of_an_earlier_run_are_left_out_by_their_id(tmp_path: Path) -> None:
    data = write(tmp_path / "in", ROWS)
    extract_here(grouped(data, tmp_path / "a", data__limit=1))
    rows = extract_here(grouped(data, tmp_path / "b", data__skip_done_in=[str(tmp_path / "a")]))
    assert rows["patient"].to_list() == ["p2", "p3"]


@pytest.mark.parametrize(
    ("row", "changes", "words"),
    [
        (("d7", None, None, "x"), {}, "IS NOT NULL"),
        (("d1", "p9", None, "x"), {}, "occurs twice"),
        (("d7", "p1", None, "x"), {"data__carry_columns": ["day"]}, "several values in the group 'p1'"),
    ],
)
def test_what_cannot_be_grouped_is_refused_before_work_begins(
    tmp_path: Path, row: tuple[Any, ...], changes: dict[str, Any], words: str
) -> None:
    data = write(tmp_path / "in", [*ROWS, row])
    with pytest.raises(DataError, match=words):
        work(grouped(data, tmp_path / "run", **changes))


def test_a_cell_that_is_not_utf8_rejects_its_group_and_is_named(tmp_path: Path) -> None:
    rows = [(one[0], one[1], one[2], b"\xff" if one[0] == "d6" else b"note") for one in ROWS]
    found = extract_here(grouped(write(tmp_path / "in", rows), tmp_path / "run"))
    assert found["status"].to_list() == ["OK", "REJECTED", "OK"]
    assert found["documents"][1][1]["skipped"] == "text is not valid UTF-8"


def test_a_group_that_is_too_large_is_a_row_with_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glane.corpus.group_read.MOST_DOCUMENTS", 2)
    found = extract_here(grouped(write(tmp_path / "in", ROWS), tmp_path / "run"))
    assert found["status"].to_list() == ["TOO_LONG", "OK", "EMPTY"]
    assert "3 documents" in found["reason"][0]
    assert len(found["documents"][0]) == 3


def test_a_long_group_is_cut_between_documents_and_merged(tmp_path: Path) -> None:
    rows = [(f"d{i}", "p", f"2024-01-{i + 1:02d}", f"texte {i}. " * 60) for i in range(12)]
    settings = grouped(write(tmp_path / "in", rows), tmp_path / "run", model__max_model_len=3000)
    found = extract_here(settings)
    assert found["status"].to_list() == ["OK"]
    assert 1 < found["chunks"][0] < 12


# --- The text of a group ---


def pieces_of(*texts: str) -> tuple[str, list[Piece]]:
    found, start = [], 0
    for number, text in enumerate(texts):
        found.append(Piece(id=f"d{number}", order="", start=start, end=start + len(text)))
        start += len(text) + len(WALL)
    return WALL.join(texts), found


def test_no_quote_spans_two_documents_and_of_equal_texts_the_first_is_named() -> None:
    text, pieces = pieces_of("Fièvre et toux", "grasse depuis hier", "Fièvre et toux")
    aligner = GroupAligner(Chunk(text=text, start=0, end=len(text)), pieces)
    assert aligner.align("toux grasse").alignment is Alignment.NONE
    assert aligner.align("Fièvre et toux").start == 0
    assert aligner.align("Fièvre", after=6).start == pieces[2].start
    assert aligner.align("fievre", near=pieces[2].start + 10).start == pieces[2].start


def test_a_document_is_cut_only_if_it_alone_is_too_long() -> None:
    text, pieces = pieces_of("a " * 20, "b " * 20, "c " * 200, "d " * 20)
    chunks = split_group(text, pieces, max_tokens=120, overlap_tokens=0, count_tokens=len, heading_tokens=lambda _: 10)
    assert all(len(chunk.text) + 10 * len(set(chunk.text) & set("abcd")) <= 120 for chunk in chunks)
    assert chunks[0].text == text[: pieces[1].end]
    assert all("c" not in chunk.text or set(chunk.text) <= set("c ") for chunk in chunks)
    assert "".join(chunk.text.replace(" ", "") for chunk in chunks).replace(WALL, "") == text.replace(" ", "").replace(
        WALL, ""
    )
