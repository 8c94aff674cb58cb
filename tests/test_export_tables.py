"""Exports to Excel, Parquet and DuckDB, read back by other libraries."""

from __future__ import annotations

import datetime
import errno
import os
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import polars as pl
import pyarrow.parquet as pq
import pytest

import glane
from conftest import SMALL_TASK, extract_here, make_settings, write_documents
from export_cases import TABLES, TEXTS, make_run, rows_of
from glane.errors import RunError


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("export"))


def sheet(path: Path, name: str) -> list[dict[str, Any]]:
    rows = list(openpyxl.load_workbook(path, read_only=False)[name].iter_rows())
    head = [cell.value for cell in rows[0]]
    return [dict(zip(head, row, strict=True)) for row in rows[1:]]


class Refusing:
    """A file system that is full."""

    def __call__(self, *_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_workbook_has_a_sheet_for_rows_lists_and_codebook(run: Path, tmp_path: Path) -> None:
    found = glane.export(run, "xlsx", tmp_path / "out")
    path = tmp_path / "out" / "values.xlsx"
    assert {one.name for one in (tmp_path / "out").iterdir()} == {
        "values.xlsx", "codebook.html", "export.json", ".glane-files",
    }  # fmt: skip
    workbook = openpyxl.load_workbook(path)
    assert workbook.sheetnames == [*TABLES, "codebook"]
    assert all(one.freeze_panes == "B2" for one in workbook.worksheets)
    for one in found.manifest.tables:
        assert workbook[one.name].max_row == one.rows + 1
    again = glane.export(run, "xlsx", tmp_path / "again").manifest
    assert again.files == found.manifest.files


def test_cells_of_a_workbook_keep_their_types(run: Path, tmp_path: Path) -> None:
    found = glane.export(run, "xlsx", tmp_path / "out")
    rows = rows_of(run)
    cells = sheet(tmp_path / "out" / "values.xlsx", "records")
    assert [one["age"].value for one in cells] == rows["age"].to_list()
    warm = [(one["temperature"].value, right) for one, right in zip(cells, rows["temperature"], strict=True)]
    assert all(one == right or one == pytest.approx(right, rel=1e-15) for one, right in warm)  # 16 digits
    assert [one["fever"].value for one in cells] == rows["fever"].to_list()
    assert {one["fever"].data_type for one in cells if one["fever"].value is not None} == {"b"}
    seen = [one["seen"] for one in cells]
    after = [one for one in rows["seen"] if one is None or one >= datetime.date(1900, 1, 1)]
    assert [one.value.date() for one in seen if one.is_date and one.value] == [one for one in after if one]
    early = {one.isoformat() for one in rows["seen"].drop_nulls() if one < datetime.date(1900, 1, 1)}
    assert {one.value for one in seen if one.data_type == "s"} == early
    assert early
    assert "values are texts, as Excel cannot hold them" in found.manifest.notes[0]
    assert "records.seen" in found.manifest.notes[0]
    assert [one["Numero_1"].value for one in cells] == ["=1+1", "A"] * 21
    everything = openpyxl.load_workbook(tmp_path / "out" / "values.xlsx")
    assert not any(cell.data_type == "f" for one in everything for row in one.iter_rows() for cell in row)
    book = sheet(tmp_path / "out" / "values.xlsx", "codebook")
    assert "tirées au hasard" in book[0]["description"].value


def test_sheets_have_names_that_excel_takes(tmp_path: Path) -> None:
    items = {"type": "list", "max_items": 2, "items": {"type": "integer"}}
    names = ["history", "past_medical_history_of_patient_a", "past_medical_history_of_patient_b", "Records"]
    task = {**SMALL_TASK, "fields": dict.fromkeys(names, items)}
    extract_here(make_settings(write_documents(tmp_path / "d.parquet", ["a"] * 4), tmp_path / "run", task))
    glane.export(tmp_path / "run", "xlsx", tmp_path / "out")
    found = openpyxl.load_workbook(tmp_path / "out" / "values.xlsx").sheetnames
    assert "history" not in [name.lower() for name in found]
    assert len({name.lower() for name in found}) == len(found) == 6
    assert all(len(name) <= 31 for name in found)


def test_what_a_sheet_cannot_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = ["x" * 32_767, "y", "𝒳" * 16_384, None]
    data = write_documents(tmp_path / "d.parquet", ["a"] * 4, long=long)
    extract_here(make_settings(data, tmp_path / "run", SMALL_TASK, data__carry_columns=["long"]))
    with pytest.raises(RunError, match=r"1 texts of records.long are longer than the 32,767 characters") as told:
        glane.export(tmp_path / "run", "xlsx", tmp_path / "out")
    assert "𝒳" not in str(told.value)
    monkeypatch.setattr("glane.exports.xlsx._MOST_ROWS", 4)
    with pytest.raises(RunError, match=r"records has 5 rows"):
        glane.export(tmp_path / "run", "xlsx", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("evidence", [False, True])
def test_parquet_has_the_values_the_categories_and_what_they_are(run: Path, tmp_path: Path, evidence: bool) -> None:
    glane.export(run, "parquet", tmp_path / "out", evidence=evidence)
    rows, records = rows_of(run), pl.read_parquet(tmp_path / "out" / "records.parquet")
    for name in ("id", "age", "seen", "temperature", "fever", "note", "hour", "at"):
        told = f"{name}_" if name == "at" else name  # a word of SQL
        assert records[told].equals(rows[name]), name
    assert records["place_town"].to_list() == [one and one["town"] for one in rows["place"]]
    field = pq.read_schema(tmp_path / "out" / "records.parquet").field("place_kind")
    assert str(field.type).startswith("dictionary")
    assert field.metadata[b"column"] == b"place.kind"
    days = pl.read_parquet(tmp_path / "out" / "days.parquet")
    expected = rows.select("id", "days").explode("days").drop_nulls("days")
    assert days["days"].to_list() == [one["date"] for one in expected["days"]]
    assert days["days__precision"].cast(pl.String).to_list() == [one["date__precision"] for one in expected["days"]]
    assert pl.read_parquet(tmp_path / "out" / "codebook.parquet").height > 20


def test_a_list_of_any_name_has_its_table(tmp_path: Path) -> None:
    lists = {"type": "list", "max_items": 3, "items": {"type": "integer"}}
    task = {**SMALL_TASK, "fields": {**SMALL_TASK["fields"], "written": lists, "rows": lists}}
    documents = write_documents(tmp_path / "d.parquet", TEXTS)
    extract_here(make_settings(documents, tmp_path / "run", task=task))
    glane.export(tmp_path / "run", "duckdb", tmp_path / "out")
    rows = rows_of(tmp_path / "run")
    with duckdb.connect(tmp_path / "out" / "values.duckdb", read_only=True) as connection:
        for name in ("written", "rows"):
            (items,) = connection.execute(f"SELECT count(*) FROM {name}").fetchone()  # type: ignore[misc]
            assert items == rows[name].list.len().sum()


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("zipfile.ZIP64_LIMIT", 1000, r"to=xlsx: a sheet takes more than 2 GiB.* Use to=csv"),
        (
            "xlsxwriter.workbook.ZipFile.write",
            Refusing(),
            r"out: No space left on device\. The disk is full: free space",
        ),
    ],
)
def test_a_workbook_that_cannot_be_written_is_a_sentence_and_nothing_is_left(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: object, match: str
) -> None:
    monkeypatch.setattr(name, value)
    with pytest.raises(RunError, match=match):
        glane.export(run, "xlsx", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("evidence", [False, True])
def test_a_database_has_keys_comments_and_the_values(run: Path, tmp_path: Path, evidence: bool) -> None:
    glane.export(run, "duckdb", tmp_path / "out", evidence=evidence)
    rows = rows_of(run)
    with duckdb.connect(tmp_path / "out" / "values.duckdb", read_only=True) as connection:
        tables = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        assert tables == {*TABLES, "codebook"}
        ages = connection.execute("SELECT sum(age), count(*), count(age) FROM records").fetchone()
        assert ages == (rows["age"].sum(), rows.height, rows["age"].count())
        joined = connection.execute(
            "SELECT count(*) FROM records JOIN events USING (id) JOIN events_people USING (id, events__position)"
        ).fetchone()
        inner = connection.execute("SELECT count(*) FROM events_people").fetchone()
        assert joined == inner
        comments = dict(
            connection.execute(
                "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'records'"
            ).fetchall()
        )
        assert comments["note"] == "Ce qui est écrit ; tel quel, « ainsi »"
        (kind,) = connection.execute(
            "SELECT data_type FROM duckdb_columns() WHERE table_name = 'records' AND column_name = 'place_kind'"
        ).fetchone()  # type: ignore[misc]
        assert kind == "ENUM('a', 'b')"
        keys = connection.execute(
            "SELECT count(*) FROM duckdb_constraints() WHERE constraint_type IN ('PRIMARY KEY', 'FOREIGN KEY')"
        ).fetchone()
        assert keys is not None
        assert keys[0] >= 2 * len(TABLES) - 1
