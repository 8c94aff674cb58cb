"""With an oldest age, an export tells none above it: not in texts, and not in columns that are named as ages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import polars as pl
import pyarrow.parquet as pq
import pytest

import glane
from glane.exports.ages import Ages
from glane.exports.bundle import Kind, Role, Table, Variable
from glane.settings.export import WITH_PASSAGES, Target
from test_pseudonyms_export import content, with_run

TASK: dict[str, Any] = {
    "name": "ages", "language": "fr", "instructions": "Lis.",
    "fields": {
        "age": {"type": "integer", "minimum": 101, "maximum": 119, "evidence": True},
        "contacts": {
            "type": "list", "max_items": 3,
            "items": {"type": "object", "fields": {"age": {"type": "integer", "minimum": 101, "maximum": 119}}},
        },
        "stay": {"type": "integer", "minimum": 101, "maximum": 119},
    },
}  # fmt: skip
ROWS = 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of which all answers for ages are above 100."""
    folder = tmp_path_factory.mktemp("ages")
    columns = {
        "id": ["a", "b", "c", "d"], "text": ["Patiente de 114 ans."] * ROWS, "ageAns": [114, 113, None, 34],
        "âge_mois": [1368.5, 12.0, 1081.0, 1079.0], "age_dit": ["114", "113,5 ans", "12", "vers 1914"],
        "ages": [[114, 3], [], [5], [112]], "weight": [114, 113, 112, 111],
    }  # fmt: skip
    return with_run(folder, columns, TASK)


def told(folder: Path, **more: Any) -> dict[str, Any]:
    return {"key_file": str(folder / "key"), "dates": "kept", "oldest_age": 89, **more}


def test_ages_above_the_oldest_are_one_more_than_it(folder: Path, tmp_path: Path) -> None:
    done = glane.export(folder / "run", "parquet", tmp_path / "out", evidence=True, pseudonyms=told(folder))
    rows, plain = pl.read_parquet(tmp_path / "out" / "records.parquet"), pq.read_table(folder / "notes.parquet")
    assert set(rows["age"].drop_nulls()) == {90}
    assert rows["ageAns"].to_list() == [90, 90, None, 34]
    assert rows["age_mois"].to_list() == [1080.0, 12.0, 1080.0, 1079.0]
    assert rows["age_dit"].to_list() == ["90", "90 ans", "12", "vers 1914"]
    assert rows["ages"].to_list() == ["90; 3", None, "5", "90"]
    assert rows["weight"].to_list() == plain["weight"].to_pylist()
    assert min(rows["stay"].drop_nulls()) > 100
    contacts = pl.read_parquet(tmp_path / "out" / "contacts.parquet")
    assert set(contacts["contacts_age"].drop_nulls()) == {90}
    assert done.manifest.pseudonyms is not None
    assert set(done.manifest.pseudonyms.ages) == {
        "records.age", "records.ageAns", "records.age_mois", "records.age_dit", "records.ages", "contacts.contacts_age",
    }  # fmt: skip
    assert "ages above 89 years are 90 in texts and in columns that are named as ages: records." in str(done)


@pytest.mark.parametrize("target", get_args(Target))
def test_in_no_format_an_age_above_it_is_left(folder: Path, tmp_path: Path, target: Target) -> None:
    words: dict[str, Any] = {"evidence": True, "text": target in WITH_PASSAGES}
    glane.export(folder / "run", target, tmp_path / "out", pseudonyms=told(folder), **words)
    if target not in WITH_PASSAGES:  # whose own names for columns are told apart below
        assert "[Un âge de plus de 89 ans est donné comme 90 ans.]" in content(tmp_path / "out" / "codebook.html")
    for path in (tmp_path / "out").rglob("*"):
        if path.suffix in (".csv", ".json", ".ann", ".txt", ".tsv") and path.name != "export.json":
            assert "114 ans" not in content(path)
            assert '"age", "value": 1' not in content(path)
    if target == "datapackage":
        package = json.loads((tmp_path / "out" / "datapackage.json").read_text())
        fields = {one["name"]: one for table in package["resources"] for one in table["schema"]["fields"]}
        assert fields["age"]["constraints"]["maximum"] == 90
        assert fields["stay"]["constraints"]["maximum"] == 119
    if target == "omop":
        said = pl.read_parquet(tmp_path / "out" / "note_nlp.parquet")["term_modifiers"].to_list()
        ages = [one for one in said if one.startswith(("field=age;", "field=contacts.age;"))]
        assert ages
        assert all("value=90" in one for one in ages)


def test_without_an_oldest_age_and_where_ages_are_kept_nothing_is_changed(folder: Path, tmp_path: Path) -> None:
    for number, more in enumerate(({"oldest_age": None}, {"keep": ["age"]})):
        done = glane.export(folder / "run", "parquet", tmp_path / f"{number}", pseudonyms=told(folder, **more))
        rows = pl.read_parquet(tmp_path / f"{number}" / "records.parquet")
        assert rows["ageAns"].to_list() == [114, 113, None, 34]
        assert "ages above" not in str(done)


def variable(source: str, kind: Kind = "integer", role: Role = "input") -> Variable:
    return Variable(name="x", source=source, kind=kind, role=role, description="")


@pytest.mark.parametrize(
    ("source", "kind", "role", "is_age"),
    [
        ("age", "integer", "value", True), ("patient.âge", "number", "input", True), ("AgePatient", "text", "input", True),
        ("age__normalised.low", "number", "annotation", True), ("age__normalised.unit", "text", "annotation", False),
        ("age__conflicts", "text", "evidence", True), ("age__confidence", "number", "evidence", False),
        ("age__count", "integer", "annotation", False), ("dosage", "integer", "value", False),
        ("agent", "text", "value", False), ("age", "category", "value", False), ("age", "date", "input", False),
    ],
)  # fmt: skip
def test_a_column_is_one_of_ages_by_its_name(source: str, kind: Kind, role: Role, is_age: bool) -> None:
    assert Ages(oldest=89, language="fr").is_age(variable(source, kind, role)) == is_age


def test_what_is_normalised_has_its_unit_beside_it() -> None:
    low = Variable(name="low", source="age__normalised.low", kind="number", role="annotation", description="")
    unit = Variable(name="unit", source="age__normalised.unit", kind="text", role="annotation", description="")
    rows = pl.DataFrame({"low": [95.0, 95.0, 1200.0, 40000.0, 95.0], "unit": ["y", "mo", "mo", "d", None]})
    table = Table(
        name="records", source="", description="", variables=(low, unit), key=("low",), parent=None, rows=rows
    )  # fmt: skip
    _, ages = Ages(oldest=89, language="en").capped(low, table, rows)
    assert ages.to_list() == [90.0, 95.0, 1080.0, 32872.0, 95.0]
