"""Exports to OMOP: the columns of the model, and the values of the run come back from NOTE_NLP."""

from __future__ import annotations

import csv
import datetime
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glane
from conftest import SMALL_TASK, extract_here, make_settings, write_documents
from export_cases import TASK, TEXTS, make_run, rows_of
from glane.errors import ConfigError, RunError
from glane.exports.omop import NOTE, NOTE_NLP, _escaped
from test_groups import ROWS, grouped, write


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("export"))


def modifiers(text: str) -> dict[str, str]:
    signs = {"%3B": ";", "%3D": "=", "%0A": "\n", "%0D": "\r", "%25": "%"}
    found = dict(part.split("=", 1) for part in text.split(";"))
    for code, sign in signs.items():
        found["value"] = found["value"].replace(code, sign)
    return found


def values_back(folder: Path) -> set[tuple[Any, ...]]:
    """Id, field, item from 0, value, start and end of each row of NOTE_NLP."""
    notes = dict(pl.read_parquet(folder / "note.parquet").select("note_id", "note_source_value").iter_rows())
    found = set()
    for row in pl.read_parquet(folder / "note_nlp.parquet").iter_rows(named=True):
        told = modifiers(row["term_modifiers"])
        item = int(told["item"].split(".")[0]) - 1 if "item" in told else None
        start = None if row["offset"] is None else int(row["offset"])
        end = int(told["end"]) if "end" in told else None
        found.add((notes[row["note_id"]], told["field"], item, told["value"], start, end))
    return found


def values_of(run: Path) -> set[tuple[Any, ...]]:
    """The same, as the run tells it."""
    table = glane.open_run(run).evidence().collect()
    columns = ("id", "field", "item", "value", "start", "end")
    return {tuple(row) for row in table.select(columns).iter_rows()}


def test_values_come_back_from_note_nlp(run: Path, tmp_path: Path) -> None:
    glane.export(run, "omop", tmp_path / "out")
    back, there = values_back(tmp_path / "out"), values_of(run)
    in_records = ("events.people",)  # the run's own table gives their members no passage of the list around
    plain = {one for one in there if not one[1].startswith((*in_records, "at", "hour"))}
    assert {one for one in back if not one[1].startswith((*in_records, "at", "hour"))} == plain
    assert len(plain) > 300
    count = pl.read_parquet(tmp_path / "out" / "note_nlp.parquet").height
    assert count == glane.open_run(run).evidence().collect().height


def test_passages_stand_where_offsets_say(run: Path, tmp_path: Path) -> None:
    found = glane.export(run, "omop", tmp_path / "out", text=True)
    notes = pl.read_parquet(tmp_path / "out" / "note.parquet")
    assert notes["note_text"].to_list() == [*TEXTS, "", ""]
    texts = dict(notes.select("note_id", "note_text").iter_rows())
    shown = pl.read_parquet(tmp_path / "out" / "note_nlp.parquet").filter(pl.col("offset").is_not_null())
    assert shown.height > 50
    for row in shown.iter_rows(named=True):
        start, end = int(row["offset"]), int(modifiers(row["term_modifiers"])["end"])
        assert texts[row["note_id"]][start:end] == row["lexical_variant"]
    assert found.manifest.text
    assert found.manifest.evidence


def test_columns_are_those_of_the_model_in_both_files(run: Path, tmp_path: Path) -> None:
    found = glane.export(run, "omop", tmp_path / "out")
    for name, model in (("note", NOTE), ("note_nlp", NOTE_NLP)):
        table = pl.read_parquet(tmp_path / "out" / f"{name}.parquet")
        assert list(table.schema) == list(model)
        assert table.columns[0] == f"{name}_id"
        assert table[f"{name}_id"].to_list() == list(range(1, table.height + 1))
        with (tmp_path / "out" / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert list(rows[0]) == list(model)
        assert len(rows) == table.height
    nlp = pl.read_parquet(tmp_path / "out" / "note_nlp.parquet")
    assert nlp["lexical_variant"].null_count() == nlp["nlp_date"].null_count() == nlp["note_id"].null_count() == 0
    assert set(nlp["term_exists"]) == {"Y", "N"}
    notes = pl.read_parquet(tmp_path / "out" / "note.parquet")
    assert set(notes["note_text"]) == {""}
    assert all("tirées au hasard" in one for one in nlp["nlp_system"])
    assert any("person_id, note_date: NOTE needs them" in one for one in found.manifest.notes)
    denied = [
        modifiers(row["term_modifiers"]) for row in nlp.filter(pl.col("term_exists") == "N").iter_rows(named=True)
    ]
    assert all(one.get("assertion") in ("absent", "family") or one["value"] == "false" for one in denied)


def test_what_is_denied_of_a_record_is_denied_of_all_that_is_in_it(tmp_path: Path) -> None:
    word = {"type": "string", "max_length": 6}
    people = {"type": "list", "max_items": 2, "items": {"type": "integer"}}
    whole = {"type": "object", "assertion": True, "fields": {"word": word}}
    records = {"type": "object", "fields": {"what": word, "people": people}}
    pairs = {"type": "list", "max_items": 2, "items": word}
    task = {
        **SMALL_TASK,
        "fields": {
            "whole": whole,
            "events": {"type": "list", "max_items": 3, "assertion": True, "items": records},
            "pairs": {"type": "list", "max_items": 3, "assertion": True, "items": pairs},
        },
    }
    extract_here(make_settings(write_documents(tmp_path / "d.parquet", TEXTS), tmp_path / "run", task))
    glane.export(tmp_path / "run", "omop", tmp_path / "out")
    notes = dict(pl.read_parquet(tmp_path / "out" / "note.parquet").select("note_id", "note_source_value").iter_rows())
    rows = {row["id"]: row for row in rows_of(tmp_path / "run").iter_rows(named=True)}
    counted: Counter[tuple[str, str]] = Counter()
    for row in pl.read_parquet(tmp_path / "out" / "note_nlp.parquet").iter_rows(named=True):
        told = modifiers(row["term_modifiers"])
        field, source = told["field"].split(".")[0], rows[notes[row["note_id"]]]
        right = source[f"{field}__assertion"]
        right = right if field == "whole" else right[int(told["item"].split(".")[0]) - 1]
        assert told["assertion"] == right
        assert row["term_exists"] == ("N" if right in ("absent", "family") else "Y")
        counted[told["field"], row["term_exists"]] += 1
    for field in ("whole.word", "events.what", "events.people", "pairs.item"):
        assert counted[field, "N"] > 0
        assert counted[field, "Y"] > 0


def test_columns_of_the_run_are_taken_where_they_fit(tmp_path: Path) -> None:
    days = [datetime.date(2024, 1, 1), datetime.date(2024, 1, 2)]
    data = write_documents(tmp_path / "d.parquet", TEXTS[:2], person_id=[7, 8], note_date=days, note_title=["a", "b"])
    columns = ["person_id", "note_date", "note_title"]
    extract_here(make_settings(data, tmp_path / "run", TASK, data__carry_columns=columns))
    found = glane.export(tmp_path / "run", "omop", tmp_path / "out", text=True)
    notes = pl.read_parquet(tmp_path / "out" / "note.parquet")
    assert notes.select(columns).rows() == [(7, days[0], "a"), (8, days[1], "b")]
    assert not any("needs them" in one for one in found.manifest.notes)


def test_codes_of_a_reference_table_are_concepts(tmp_path: Path) -> None:
    pl.DataFrame({"name": ["a", "b"], "code": ["A", "B"], "concept_id": [101, 102]}).write_csv(tmp_path / "t.csv")
    task = {
        **SMALL_TASK,
        "lookups": {
            "kinds": {"path": str(tmp_path / "t.csv"), "match": "name", "code": "code", "also": ["concept_id"]}
        },
        "fields": {"kind": {"type": "enum", "values": ["a", "b", "c"], "lookup": "kinds"}},
    }
    extract_here(make_settings(write_documents(tmp_path / "d.parquet", TEXTS), tmp_path / "run", task))
    glane.export(tmp_path / "run", "omop", tmp_path / "out")
    told = pl.read_parquet(tmp_path / "out" / "note_nlp.parquet")
    found = set(told.select("lexical_variant", "note_nlp_concept_id").iter_rows())
    assert found == {("a", 101), ("b", 102), ("c", 0)}


def test_of_groups_each_document_is_a_note(tmp_path: Path) -> None:
    extract_here(grouped(write(tmp_path / "in", ROWS), tmp_path / "run"))
    glane.export(tmp_path / "run", "omop", tmp_path / "out", text=True)
    notes = pl.read_parquet(tmp_path / "out" / "note.parquet")
    rows = rows_of(tmp_path / "run")
    assert notes["note_source_value"].to_list() == [one["document"] for row in rows["documents"] for one in row]
    texts = {row[0]: row[3] for row in ROWS}
    assert notes["note_text"].to_list() == [texts[name] or "" for name in notes["note_source_value"]]
    by_note = dict(notes.select("note_id", "note_text").iter_rows())
    shown = pl.read_parquet(tmp_path / "out" / "note_nlp.parquet").filter(pl.col("offset").is_not_null())
    assert shown.height > 0
    for row in shown.iter_rows(named=True):
        start, end = int(row["offset"]), int(modifiers(row["term_modifiers"])["end"])
        assert by_note[row["note_id"]][start:end] == row["lexical_variant"]


def test_what_does_not_fit_is_refused_or_told(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"text: to=csv holds no documents"):
        glane.export(run, "csv", tmp_path / "out", text=True)
    monkeypatch.setattr("glane.exports.omop._LONGEST", 3)
    assert "passages are cut to 3 characters in lexical_variant" in str(glane.export(run, "omop", tmp_path / "out"))
    monkeypatch.setattr("glane.exports.omop._LONGEST_MODIFIERS", 25)
    with pytest.raises(RunError, match=r"values are longer than term_modifiers, which holds 25"):
        glane.export(run, "omop", tmp_path / "other")
    assert not (tmp_path / "other").exists()


@given(st.text(alphabet="%;=3BD25\n\r aé", max_size=12))
def test_any_value_comes_back_of_term_modifiers(value: str) -> None:
    told = pl.select(pl.lit("field=a;value=") + _escaped(pl.lit(value)) + pl.lit(";assertion=present")).item()
    assert modifiers(told) == {"field": "a", "value": value, "assertion": "present"}
    assert (told.count(";"), told.count("=")) == (2, 3)
