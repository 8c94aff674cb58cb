"""Exports: all rows leave through one function, flat, under names that R, SAS and SQL take, whole or not at all."""

from __future__ import annotations

import csv
import decimal
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glane
from conftest import ROOT, SMALL_TASK, extract_here, job_here, make_settings, work, write_documents
from export_cases import TABLES, any_columns, make_run, rows_of
from glane.assess.files import write_folder
from glane.errors import ConfigError, GlaneError, RunError
from glane.exports.folder import _prefix
from glane.exports.record import Export
from glane.owned_folders import owned_folder
from glane.records import read_record
from glane.run import written
from glane.run.written import digest_of, note_written, read_written
from glane.settings.export import OF_TEXT, Target
from glane.tables.names import _RESERVED, valid_names


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("export"))


def read_csv(path: Path, *, separator: str = ",", encoding: str = "utf-8") -> list[dict[str, str]]:
    with path.open(encoding=encoding, newline="") as stream:
        return list(csv.DictReader(stream, delimiter=separator))


@given(st.lists(st.text(max_size=60), max_size=30))
def test_names_are_valid_and_differ(names: list[str]) -> None:
    found = valid_names(names)
    assert set(found) == set(names)
    assert len({name.lower() for name in found.values()}) == len(found)
    for name in found.values():
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,31}", name)
        assert name.lower() not in _RESERVED


def test_names_keep_what_stands_after_two_underscores() -> None:
    long = "an_extremely_long_name_of_a_field_indeed"
    found = valid_names([long, f"{long}__missing", f"{long}_too__missing", "order", "événement", "1er", "_x", "…"])
    assert list(found.values()) == [
        "an_extremely_long_name_of_a_fiel", "an_extremely_long_name__missing", "an_extremely_long_nam_2__missing",
        "order_", "evenement", "x1er", "x", "variable",
    ]  # fmt: skip
    assert found[f"{long}__missing"].endswith("__missing")
    assert found[f"{long}_too__missing"].endswith("__missing")


def test_names_are_no_words_that_sql_keeps() -> None:
    with duckdb.connect() as connection:
        words = connection.sql("SELECT keyword_name FROM duckdb_keywords()").fetchall()
        for name in valid_names([word for (word,) in words]).values():
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT 1 AS {name}")
            assert connection.sql(f"SELECT {name} FROM {name}").fetchall() == [(1,)]


def test_every_row_leaves_with_its_status_and_lists_have_tables(run: Path, tmp_path: Path) -> None:
    found = glane.export(run, "csv", tmp_path / "out", locale="en")
    records, rows = read_csv(tmp_path / "out" / "records.csv"), rows_of(run)
    assert [one["id"] for one in records] == rows["id"].to_list()
    assert [one["status"] for one in records] == rows["status"].cast(pl.String).to_list()
    assert found.manifest.statuses == {"EMPTY": 2, "OK": 40}
    assert tuple(one.name for one in found.manifest.tables) == TABLES
    for name, column in (("signs", "signs"), ("cases", "cases"), ("events", "events")):
        told = read_csv(tmp_path / "out" / f"{name}.csv")
        assert len(told) == rows[column].list.len().sum()
        assert [int(one[f"{name}__position"]) for one in told[:1]] == [1]
    people = rows.select("id", pl.col("events")).explode("events").drop_nulls("events")
    expected = people["events"].struct.field("people").list.len().sum()
    inner = read_csv(tmp_path / "out" / "events_people.csv")
    assert len(inner) == expected
    assert len({(one["id"], one["events__position"], one["events_people__position"]) for one in inner}) == expected


def test_values_are_those_of_the_run(run: Path, tmp_path: Path) -> None:
    glane.export(run, "csv", tmp_path / "out", locale="en")
    rows, records = rows_of(run), read_csv(tmp_path / "out" / "records.csv")

    def texts(name: str) -> list[str | None]:
        return [one[name] for one in records]

    assert texts("age") == ["" if one is None else str(one) for one in rows["age"]]
    assert texts("seen") == ["" if one is None else one.isoformat() for one in rows["seen"]]
    assert texts("fever") == ["" if one is None else str(one).lower() for one in rows["fever"]]
    assert texts("fever__missing") == [one or "" for one in rows["fever__missing"].cast(pl.String)]
    assert texts("place_kind") == [(one and one["kind"]) or "" for one in rows["place"]]
    assert [one.removeprefix("'") for one in texts("note")] == [(one or "").removeprefix("'") for one in rows["note"]]
    assert texts("Numero_1") == ["'=1+1", "A"] * 21
    assert "note__quote" not in records[0]
    assert not any(name.endswith(("__quote", "__confidence", "__start")) for name in records[0])


def test_french_files_are_as_french_spreadsheets_read_them(run: Path, tmp_path: Path) -> None:
    glane.export(run, "csv", tmp_path / "out", locale="fr")
    content = (tmp_path / "out" / "records.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    records = read_csv(tmp_path / "out" / "records.csv", separator=";", encoding="utf-8-sig")
    told = [float(one["temperature"].replace(",", ".")) for one in records if one["temperature"]]
    assert told == rows_of(run)["temperature"].drop_nulls().to_list()
    assert not any("." in one["temperature"] for one in records)
    book = read_csv(tmp_path / "out" / "codebook.csv", separator=";", encoding="utf-8-sig")
    kind = next(one for one in book if one["nom"] == "place_kind")
    assert (kind["type"], kind["valeurs"], kind["colonne"]) == ("catégorie", "a; b", "place.kind")
    assert "école" in kind["libellés"]
    named = {(one["table"], one["nom"]) for one in book}
    for name in TABLES:
        with (tmp_path / "out" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as stream:
            assert {(name, column) for column in next(csv.reader(stream, delimiter=";"))} <= named


@pytest.mark.parametrize("target", ["csv", "parquet", "r"])
def test_columns_that_get_other_names_are_told(tmp_path: Path, target: str) -> None:
    carried = {"âge": [1, 2], "order": [3, 4], "Date de visite": [5, 6], "plain": [7, 8]}
    data = write_documents(tmp_path / "d.parquet", ["a", "b"], **carried)
    extract_here(make_settings(data, tmp_path / "run", data__carry_columns=list(carried)))
    (note,) = (
        one
        for one in glane.export(tmp_path / "run", target, tmp_path / "out").manifest.notes  # type: ignore[arg-type]
        if "other names" in one
    )
    assert note.partition(": ")[2] == "âge → age_2, order → order_, Date de visite → Date_de_visite"


def test_the_record_of_an_export_has_its_notes_in_the_language_of_who_exports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_documents(tmp_path / "d.parquet", ["a"], âge=[1])
    extract_here(make_settings(data, tmp_path / "run", data__carry_columns=["âge"]))
    monkeypatch.setenv("GLANE_LANG", "fr")
    exported = glane.export(tmp_path / "run", "csv", tmp_path / "out")
    (note,) = json.loads((tmp_path / "out" / "export.json").read_text("utf-8"))["notes"]
    assert note == "des colonnes ont un autre nom, que les programmes acceptent\u00a0: âge → age_2"
    assert f"note     {note}" in str(exported).splitlines()


def test_no_cell_is_a_formula(run: Path, tmp_path: Path) -> None:
    for evidence in (False, True):
        glane.export(run, "csv", tmp_path / "out", locale="en", evidence=evidence)
        for path in (tmp_path / "out").glob("*.csv"):
            for row in read_csv(path):
                for cell in row.values():
                    assert cell[:1] not in tuple("=+-@\t\r\n＝") or re.fullmatch(r"[-+]?[\d.]+", cell)


def test_what_a_spreadsheet_changes_when_it_opens_the_file_is_told(tmp_path: Path) -> None:
    changed = [
        "007",
        "1" * 17,
        "1e5",
        "2,5E-3",
        "1-2",
        "01/02/2024",
        "2024-05-06",
        "1.50",
        "1,234",
        "12 %",
        "(3)",
        "8:30",
    ]
    changed += ["MARCH1", "2 févr.", "1-mai", "Sept 2"]
    kept = [
        "7",
        "12",
        "toux",
        "A007",
        "1-2-3-4",
        "mars",
        "10:3",
        "",
        None,
        "x 1e5",
        "deux",
        "3 jours",
        "8:30 h",
        "=1",
        "-2",
        "é",
    ]
    data = write_documents(
        tmp_path / "d.parquet", ["a"] * 16, changed=changed, kept=kept, large=[10**15 - 1, -(10**15)] * 8
    )
    extract_here(make_settings(data, tmp_path / "run", data__carry_columns=["changed", "kept", "large"]))
    notes = glane.export(tmp_path / "run", "csv", tmp_path / "out", locale="en").manifest.notes
    assert [one.partition(" (")[0] for one in notes[1:]] == [
        "16 texts look like numbers or dates, and a spreadsheet that opens the file changes them",
        "8 whole numbers have more than 15 digits, and a spreadsheet that opens the file rounds them: records.large. "
        "Import these columns as text, or use to=xlsx",
    ]
    assert notes[0].endswith("have an apostrophe in front: records.kept")
    assert "records.changed. Import" in notes[1]
    assert [one["changed"] for one in read_csv(tmp_path / "out" / "records.csv")] == changed


def test_evidence_leaves_only_when_asked_for(run: Path, tmp_path: Path) -> None:
    found = glane.export(run, "csv", tmp_path / "out", locale="en", evidence=True)
    records = read_csv(tmp_path / "out" / "records.csv")
    assert {"fever__quote", "fever__start", "fever__alignment", "age__confidence", "not_in_quote"} <= set(records[0])
    assert found.manifest.evidence
    rows = rows_of(run)
    quotes = [one["quote"] if one else None for one in rows["fever__evidence"]]
    assert [one["fever__quote"] for one in records] == [one or "" for one in quotes]


def test_characters_that_an_encoding_lacks_are_counted_not_shown(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"encoding: windows-1252 lacks \d+ of the characters in records.csv") as told:
        glane.export(run, "csv", tmp_path / "out", evidence=True, encoding="windows-1252")
    assert "𝒳" not in str(told.value)
    assert not (tmp_path / "out").exists()
    assert list(tmp_path.iterdir()) == []
    data = write_documents(tmp_path / "d.parquet", ["plain"] * 4, hospital=["Orléans", "Œuvre", "x", "€"])
    extract_here(make_settings(data, tmp_path / "run", SMALL_TASK, data__carry_columns=["hospital"]))
    glane.export(tmp_path / "run", "csv", tmp_path / "out", encoding="windows-1252")
    told_rows = read_csv(tmp_path / "out" / "records.csv", separator=";", encoding="cp1252")
    assert [one["hospital"] for one in told_rows] == ["Orléans", "Œuvre", "x", "€"]


def test_the_folder_is_whole_private_and_says_what_it_holds(run: Path, tmp_path: Path) -> None:
    done = job_here(f"run.dir={run}", "to=csv", f"out.dir={tmp_path}/out", name="export")
    assert "Random answers" in done.stdout
    assert "written  42 rows (EMPTY 2, OK 40)" in done.stdout
    told = read_record(Export, tmp_path / "out" / "export.json")
    assert told.toy == "random"
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {*told.files, "export.json", ".glane-files"}
    assert all(digest_of(tmp_path / "out" / name) == digest for name, digest in told.files.items())
    for path in (tmp_path / "out").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600, path.name
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o700
    page = (tmp_path / "out" / "codebook.html").read_text(encoding="utf-8")
    assert "Réponses tirées au hasard" in page
    assert "Random answers" in page
    assert "href" not in page
    assert "<script" not in page
    assert "Fièvre 𝒳" not in page
    (call,) = read_written(tmp_path / "out").calls.values()
    assert [one.path for one in call.now.runs] == [str(run)]


def test_an_earlier_export_is_replaced_and_nothing_else_is(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = glane.export(run, "csv", out, evidence=True)
    again = glane.export(run, "csv", out)
    assert not first.is_replacement
    assert again.is_replacement
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    kept = (out / "records.csv").read_bytes()
    (out / "records.csv").write_bytes(kept + b"mine")
    with pytest.raises(RunError, match=r"records.csv was changed since glane wrote it"):
        glane.export(run, "csv", out)
    (out / "records.csv").write_bytes(kept)
    (out / "mine.txt").write_text("mine")
    with pytest.raises(RunError, match=r"mine.txt was not written by glane"):
        glane.export(run, "csv", out)
    assert (out / "mine.txt").read_text() == "mine"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("mine")
    write_folder(tmp_path / "report", {"report.html": b"x"})
    for name in ("other", "report"):
        with pytest.raises(RunError, match="no export of glane"):
            glane.export(run, "csv", tmp_path / name)
    with pytest.raises(RunError, match=r"directory of a run"):
        glane.export(run, "csv", run / "export")


def test_what_fails_half_way_leaves_the_earlier_export(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    glane.export(run, "csv", out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    real = os.rename

    def fails(source: str | Path, target: str | Path) -> None:
        if Path(target) == out and Path(source).name == "new":
            raise OSError(28 if (tmp_path / "out").exists() else 5, "no")
        real(source, target)

    monkeypatch.setattr("glane.exports.folder.os.rename", fails)
    with pytest.raises(RunError, match=r"out.dir|disk is full|export"):
        glane.export(run, "csv", out, evidence=True)
    monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_run_under_way_is_refused_unless_it_was_opened_so(tmp_path: Path) -> None:
    work(make_settings(write_documents(tmp_path / "d.parquet", ["a", "b"]), tmp_path / "run"))
    done = job_here(f"run.dir={tmp_path}/run", "to=csv", f"out.dir={tmp_path}/out", name="export", check=2)
    assert "not complete" in done.stderr
    assert not (tmp_path / "out").exists()
    found = glane.export(glane.open_run(tmp_path / "run", partial=True), "csv", tmp_path / "out")
    assert not found.manifest.is_complete
    assert "the run is under way" in str(found)
    assert "Une extraction en cours" in (tmp_path / "out" / "codebook.html").read_text(encoding="utf-8")
    assert "Une extraction en cours" in (tmp_path / "out" / "codebook.csv").read_text(encoding="utf-8")
    glane.export(glane.open_run(tmp_path / "run", partial=True), "datapackage", tmp_path / "package")
    for name in ("datapackage.json", "croissant.json", "ddi-codebook.xml"):
        assert "Une extraction en cours" in (tmp_path / "package" / name).read_text(encoding="utf-8")


def test_wrong_words_are_told(run: Path, tmp_path: Path) -> None:
    with pytest.raises(GlaneError, match="no run here"):
        glane.export(tmp_path, "csv", tmp_path / "out")
    done = job_here(f"run.dir={run}", "to=cvs", f"out.dir={tmp_path}/out", name="export", check=2)
    assert "to:" in done.stderr
    assert "labelstudio" in done.stderr
    with pytest.raises(ConfigError, match="locale"):
        glane.export(run, "csv", tmp_path / "out", locale="de")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"locale: is of to=csv; to=xlsx has one form only"):
        glane.export(run, "xlsx", tmp_path / "out", locale="fr")


def test_the_manifest_is_the_same_for_the_same_run(run: Path, tmp_path: Path) -> None:
    one, two = (glane.export(run, "csv", tmp_path / name).manifest for name in ("one", "two"))
    assert one == two
    assert json.loads((tmp_path / "one" / "export.json").read_text())["version"] == 1


@pytest.mark.parametrize("evidence", [False, True])
@pytest.mark.parametrize("target", get_args(Target))
def test_columns_of_any_type_leave_in_any_format(tmp_path: Path, target: Target, evidence: bool) -> None:
    columns = any_columns()
    data = write_documents(tmp_path / "d.parquet", ["a", "b", "c", "d"], **columns)
    extract_here(make_settings(data, tmp_path / "run", data__carry_columns=list(columns)))
    found = glane.export(tmp_path / "run", target, tmp_path / "out", evidence=evidence, text=target in OF_TEXT)
    assert found.manifest.statuses == {"OK": 4}
    assert {one.name: one.rows for one in found.manifest.tables}["records_2"] == 3
    if target == "csv":
        (first, *_, last) = read_csv(tmp_path / "out" / "records.csv", separator=";", encoding="utf-8-sig")
        assert (first["status"], first["status_"], first["Status_2"]) == ("OK", "c", "c")
        assert (first["decimal"], first["words"], first["record_x"], first["bytes"]) == ("1,1", "a; b", "1", "616263")
        assert (first["zoned"], first["lasted"], first["large"]) == ("2024-10-27T02:30:00", "PT1H", str(2**64 - 1))
        assert (last["words"], last["record_y_z"], last["lists__count"]) == ("'=x", "é", "1")
        rows = read_csv(tmp_path / "out" / "records.csv", separator=";", encoding="utf-8-sig")
        assert [one["words__count"] for one in rows] == ["2", "0", "", "1"]
        assert "lists" not in first


def test_columns_of_the_input_leave_whatever_their_names(tmp_path: Path) -> None:
    names = ["age__source", "cases__tags", "words", "words__count"]
    columns = dict(zip(names, ([3, 4], [["p"], ["q", "r"]], [["a"], []], [5, 6]), strict=True))
    data = write_documents(tmp_path / "d.parquet", ["x", "y"], **columns)
    extract_here(make_settings(data, tmp_path / "run", data__carry_columns=names))
    glane.export(tmp_path / "run", "csv", tmp_path / "out", locale="en")
    rows = read_csv(tmp_path / "out" / "records.csv")
    assert [tuple(one[name] for name in names) for one in rows] == [("3", "p", "a", "5"), ("4", "q; r", "", "6")]
    assert [one["cases__tags__count"] for one in rows] == ["1", "2"]


def test_no_decimal_is_rounded(tmp_path: Path) -> None:
    long, money = ["12345678901234567", "-1"], ["0.10", "-1234567890123.45"]
    wide, fine = ["123456789012345678901", "1"], ["1234567890123456.78", "0.10"]
    columns = {
        name: pa.array([decimal.Decimal(one) for one in values], pa.decimal128(38, scale))
        for name, values, scale in (("long", long, 0), ("money", money, 18), ("wide", wide, 0), ("fine", fine, 2))
    }
    items = pa.array([[{"d": decimal.Decimal(one)}] for one in long], pa.list_(pa.struct({"d": pa.decimal128(38, 0)})))
    data = write_documents(tmp_path / "d.parquet", ["a", "b"], **columns, items=items)
    extract_here(make_settings(data, tmp_path / "run", data__carry_columns=[*columns, "items"]))
    glane.export(tmp_path / "run", "csv", tmp_path / "out", locale="en")
    rows = read_csv(tmp_path / "out" / "records.csv")
    assert [one["long"] for one in rows] == long
    assert [float(one["money"]) for one in rows] == [0.1, -1234567890123.45]
    assert [one["wide"] for one in rows] == wide
    assert [one["fine"] for one in rows] == fine
    assert [one["items_d"] for one in read_csv(tmp_path / "out" / "items.csv")] == long


@pytest.mark.parametrize("target", get_args(Target))
def test_dates_of_no_calendar_leave_or_are_told(tmp_path: Path, target: Target) -> None:
    days = pl.Series([4_000_000, -800_000, 0], dtype=pl.Int32).cast(pl.Date)  # of the years 12921, -221 and 1970
    columns = {"day": days.to_arrow(), "moment": days.cast(pl.Datetime("us")).to_arrow()}
    data = write_documents(tmp_path / "d.parquet", ["x"] * 3, **columns)
    task = {**SMALL_TASK, "fields": {"age": {"type": "integer"}}}
    extract_here(make_settings(data, tmp_path / "run", task, data__carry_columns=list(columns)))
    notes = " ".join(glane.export(tmp_path / "run", target, tmp_path / "out", text=target in OF_TEXT).manifest.notes)
    if target in ("r", "sas", "xlsx"):
        assert "9999" in notes
        assert "records.day, records.moment" in notes
    if target in ("r", "sas"):
        assert [one["day"].strip("\\N") for one in read_csv(tmp_path / "out" / "records.csv")] == ["", "", "1970-01-01"]


def test_fields_may_have_the_names_of_what_every_export_has(tmp_path: Path) -> None:
    inner = {"type": "object", "fields": {"id": {"type": "integer"}}}
    task = {
        **SMALL_TASK,
        "fields": {
            "signs": {"type": "string", "max_length": 5},
            "records": {"type": "list", "max_items": 2, "items": inner},
            "codebook": {"type": "list", "max_items": 2, "items": {"type": "integer"}},
            "position": {"type": "boolean"},
        },
    }
    extract_here(make_settings(write_documents(tmp_path / "d.parquet", ["x"] * 8), tmp_path / "run", task))
    for target in get_args(Target):
        found = glane.export(tmp_path / "run", target, tmp_path / target, text=target in OF_TEXT)
        assert [one.name for one in found.manifest.tables] == ["records", "records_2", "codebook_2"]
    (first, *_) = read_csv(tmp_path / "csv" / "records.csv", separator=";", encoding="utf-8-sig")
    assert {"signs", "signs_2", "records__count", "codebook__count", "position"} <= set(first)
    assert first["signs"].removeprefix("'") == rows_of(tmp_path / "run")["signs"][0].removeprefix("'")
    (head, *_) = read_csv(tmp_path / "csv" / "records_2.csv", separator=";", encoding="utf-8-sig")
    assert list(head) == ["id", "records__position", "records_id"]


def test_an_export_that_is_killed_leaves_what_was_there(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    glane.export(run, "csv", out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    code = (
        "import os, sys, glane\nfrom glane.exports import write\n"
        "real, left = write.digest_of, [int(sys.argv[3])]\n"
        "def kill(path):\n"
        "    left[0] -= 1\n"
        "    if left[0] < 0:\n        os._exit(9)\n"
        "    return real(path)\n"
        "write.digest_of = kill\n"
        "glane.export(sys.argv[1], 'csv', sys.argv[2], evidence=True)\n"
    )
    for after in (0, 3):
        command = [sys.executable, "-c", code, str(run), str(out), str(after)]
        assert subprocess.run(command, check=False, timeout=120).returncode == 9
        assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert len(list(tmp_path.iterdir())) > 1
    assert glane.export(run, "csv", out, evidence=True).is_replacement
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_each_file_of_an_export_is_read_once_for_its_digest(run: Path, tmp_path: Path, monkeypatch: Any) -> None:
    read, digest_of_file = [], written.digest_of_file
    monkeypatch.setattr(written, "digest_of_file", lambda path: read.append(path.name) or digest_of_file(path))
    glane.export(run, "csv", tmp_path / "out")
    told = read_record(Export, tmp_path / "out" / "export.json")
    assert sorted(read) == sorted(told.files)
    held = {name: digests[0] for name, digests in read_written(tmp_path / "out").digests.items()}
    assert held == {path.name: digest_of(path) for path in (tmp_path / "out").iterdir() if path.name != ".glane-files"}
    assert told.files.items() < held.items()


@pytest.mark.slow
def test_at_any_kill_the_earlier_export_or_the_new_one_is_there(tmp_path: Path) -> None:
    out = tmp_path / "out"
    code = (
        "import sys\nfrom pathlib import Path\nsys.path.insert(0, sys.argv[1])\nimport killer\n"
        "from glane.exports.folder import check_target, write_whole\n"
        "from glane.exports.record import Export\nfrom glane.run.links import RunLink\n"
        "from glane.run.written import digest_of\n"
        "link = RunLink(id='', path='r')\n"
        "told = Export(to='csv', run=link, fingerprint='', task='', model='', toy=None, is_complete=True, evidence=False,\n"
        "    text=False, locale='fr', encoding='utf-8', rows=0, statuses={}, tables=(), files={}, versions={}, notes=())\n"
        "def fill(folder):\n"
        "    (folder / 'values.csv').write_text(sys.argv[3])\n"
        "    (folder / 'export.json').write_bytes(told.as_json())\n"
        "    return {name: digest_of(folder / name) for name in ('export.json', 'values.csv')}\n"
        "if int(sys.argv[4]):\n    killer.arm(int(sys.argv[4]))\n"
        "write_whole(check_target(sys.argv[2]), fill, of=None)\n"
    )

    def export(word: str, limit: int) -> int:
        for path in tmp_path.glob(".out.*"):
            os.utime(path, (0, 0))  # one that was not locked yet is taken for abandoned after some minutes
        command = [sys.executable, "-c", code, str(ROOT / "tests"), str(out), word, str(limit)]
        return subprocess.run(command, check=False, timeout=120).returncode

    assert export("0", 0) == 0
    shown, killed = {"0"}, 0
    for limit in range(1, 200):
        ended = export(str(limit), limit)
        found = (out / "values.csv").read_text()
        assert found in {*shown, str(limit)}, f"neither, after a kill at operation {limit}"
        shown = {found}
        if ended == 0:
            break
        killed += 1
    assert killed > 10
    assert export("last", 0) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_unfinished_export_is_removed_only_if_it_is_of_nobody_who_lives(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for name in (".out.notes.tmp", ".out.glane-export-mine", ".out.glane-export-00000000-abcdefgh"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.txt").write_text("mine")
    there = sorted(tmp_path.iterdir())
    with owned_folder(tmp_path, prefix=_prefix(out)) as theirs:
        glane.export(run, "csv", out)
        assert theirs.exists()
        glane.export(run, "csv", out)
        assert sorted(tmp_path.iterdir()) == sorted([*there, theirs, out])


def test_an_export_is_replaced_where_folders_cannot_be_exchanged(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glane.exports.folder.exchange", lambda *_: False)
    glane.export(run, "csv", tmp_path / "out")
    assert glane.export(run, "csv", tmp_path / "out", evidence=True).is_replacement
    assert (tmp_path / "out" / "records.csv").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_file_system_that_refuses_is_told_in_a_sentence(run: Path, tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys, glane\nfrom typing import get_args\n"
        "from glane.settings.export import OF_TEXT, Target\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "for target in get_args(Target):\n"
        "    try:\n        glane.export(sys.argv[1], target, sys.argv[2], text=target in OF_TEXT)\n"
        "    except Exception as error:\n        print(target, type(error).__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(run), str(tmp_path / "out")],
        check=True, timeout=120, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.split() == [word for target in get_args(Target) for word in (target, "RunError")]
    assert list(tmp_path.iterdir()) == []


def test_what_is_put_into_the_folder_meanwhile_is_not_lost(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    glane.export(run, "csv", out)
    real = note_written

    def planting(*given: Any, **named: Any) -> None:
        real(*given, **named)
        (out / "mine.txt").write_text("mine")

    monkeypatch.setattr("glane.exports.folder.note_written", planting)
    with pytest.raises(RunError, match=r"mine.txt was not written by glane"):
        glane.export(run, "csv", out, evidence=True)
    assert (out / "mine.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
