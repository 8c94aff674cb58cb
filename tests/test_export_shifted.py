"""Exports say of which columns the dates were shifted, in each description that they hold."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import glane
from conftest import SMALL_TASK, extract_here, make_settings
from glane.settings.export import OF_TEXT, Target
from test_pseudonyms import write_key
from test_pseudonyms_export import content
from test_pseudonyms_input import extracted, told

GENERAL = "décalées de {} jours au plus, avec un décalage propre à chaque personne"
OF_COLUMN = "[Décalée de {} jours au plus, avec un décalage propre à chaque personne"
DESCRIBED = {  # the files of a format that hold descriptions, and what is said of a column in them
    "csv": ["codebook.csv"], "xlsx": ["values.xlsx"], "parquet": ["codebook.parquet"], "r": ["codebook.csv"],
    "sas": ["codebook.csv"], "datapackage": ["datapackage.json", "croissant.json"],
}  # fmt: skip
TASK = {**SMALL_TASK, "language": "fr"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on documents whose dates were shifted, and one on the originals."""
    folder = tmp_path_factory.mktemp("shifted")
    columns = {
        "id": ["a", "b"], "text": ["Vu le 05/02/2024. Toux.", "Vu le 07/02/2024."], "nom": ["Kerzérho", "Quénéhervé"],
        "visit": pa.array([date(2024, 2, 5), date(2024, 2, 7)]), "known_day": pa.array([date(1951, 3, 12)] * 2),
        "ward": ["nord", "sud"], "arrival": pa.array([date(2024, 2, 5)] * 2),
    }  # fmt: skip
    pq.write_table(pa.table(columns), folder / "notes.parquet")
    write_key(folder)
    carried = ["visit", "known_day", "ward", "arrival"]
    extracted(
        told(
            folder, "run", TASK, data__pseudonyms__dates="shifted", data__pseudonyms__shift_columns=["visit"],
            data__pseudonyms__known_columns=["nom", "known_day"], data__pseudonyms__most_days=91,
            data__carry_columns=carried,
        )
    )  # fmt: skip
    extract_here(make_settings(folder / "notes.parquet", folder / "plain", TASK, data__carry_columns=carried))
    return folder


@pytest.mark.parametrize("target", get_args(Target))
@pytest.mark.parametrize("run", ["run", "plain"])
def test_each_description_says_that_dates_are_shifted(folder: Path, tmp_path: Path, run: str, target: Target) -> None:
    words: dict[str, Any] = {"text": True} if target in OF_TEXT else {}
    if run == "plain":
        words["pseudonyms"] = {"key_file": str(folder / "key"), "dates": "shifted", "most_days": 91}
    done = glane.export(folder / run, target, tmp_path / "out", **words)
    assert "dates were shifted" in str(done) or "dates are shifted" in str(done)
    assert any("by up to 91 days" in one for one in json.loads((tmp_path / "out" / "export.json").read_text())["notes"])
    files = ["codebook.html", *DESCRIBED.get(target, [])]
    for name in files:
        said = content(tmp_path / "out" / name)
        assert GENERAL.format(91) in said, name
        assert OF_COLUMN.format(91) in said, name
    if target == "datapackage":
        assert GENERAL.format(91) in content(tmp_path / "out" / "ddi-codebook.xml")
        assert OF_COLUMN.format(91) in content(tmp_path / "out" / "ddi-codebook.xml")
    if target == "sas":
        assert GENERAL.format(91) in content(tmp_path / "out" / "lire.sas")
    if target == "r":
        assert "decalees de 91 jours" in content(tmp_path / "out" / "lire.R")
    if target == "parquet":
        described = pq.read_schema(tmp_path / "out" / "records.parquet").field("visit").metadata
        assert OF_COLUMN.format(91) in b"".join(described.values()).decode()


@pytest.mark.parametrize(
    ("run", "columns"),
    [
        ("run", {"visit", "known_day", "onset", "seen", "cases_when"}),
        ("plain", {"visit", "known_day", "arrival", "onset", "seen", "cases_when"}),
    ],
)
def test_it_is_said_of_these_columns_alone(folder: Path, tmp_path: Path, run: str, columns: set[str]) -> None:
    words: dict[str, Any] = {}
    if run == "plain":
        words["pseudonyms"] = {"key_file": str(folder / "key"), "dates": "shifted", "most_days": 91}
    glane.export(folder / run, "datapackage", tmp_path / "out", **words)
    package = json.loads((tmp_path / "out" / "datapackage.json").read_text())
    fields = [one for table in package["resources"] for one in table["schema"]["fields"]]
    assert {one["name"] for one in fields if "Décalée" in one.get("description", "")} == columns
    assert all(one["description"].count("Décalée") < 2 for one in fields if "description" in one)


def test_of_dates_as_they_were_nothing_is_said(folder: Path, tmp_path: Path) -> None:
    done = glane.export(folder / "plain", "csv", tmp_path / "out")
    assert "shifted" not in str(done)
    for path in (tmp_path / "out").iterdir():
        assert "écalée" not in content(path)


def test_the_run_tells_it_of_carried_columns_itself(folder: Path) -> None:
    said = {entry.column: entry.description for entry in glane.open_run(folder / "run").description().codebook}
    assert "91 jours" in said["visit"]
    assert "jours" not in said["arrival"]


def test_documents_that_were_shifted_before_are_told_of_with_and_without_a_key(folder: Path, tmp_path: Path) -> None:
    glane.pseudonymise(
        folder / "notes.parquet", tmp_path / "made", offsets=tmp_path / "o.parquet", key_file=folder / "key", most_days=28,
        data__shift_columns=["visit"], data__carry_columns=["arrival"],
    )  # fmt: skip
    columns = {"data__carry_columns": ["visit", "arrival"]}
    extract_here(make_settings(tmp_path / "made" / "documents.parquet", tmp_path / "run", TASK, **columns))
    key = {"key_file": str(folder / "key"), "most_days": 91}
    for number, (more, days) in enumerate((({}, 28), ({"dates": "kept"}, 28), ({"dates": "shifted"}, 119))):
        words: dict[str, Any] = {"pseudonyms": key | more} if more else {}
        done = glane.export(tmp_path / "run", "csv", tmp_path / f"{number}", **words)
        assert "dates were shifted before a model read the documents, by up to 28 days" in str(done)
        said = content(tmp_path / f"{number}" / "codebook.csv")
        assert GENERAL.format(days) in said
        assert OF_COLUMN.format(28) in said
        assert (OF_COLUMN.format(91) in said) == (days == 119)
