"""Exports for archives: the Data Package keeps what it declares, and all three descriptions name the same variables."""

from __future__ import annotations

import csv
import datetime
import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import polars as pl
import pytest

import glane
from conftest import extract_here, make_settings, write_documents
from export_cases import TABLES, make_run, rows_of

_LABELLED = {
    "type": "array",
    "items": {"type": "object", "required": ["value"], "additionalProperties": False,
              "properties": {"value": {"type": "string"}, "label": {"type": "string"}}},
}  # fmt: skip
# Of the second version of the standard, what is used here, and nothing beside it.
_FIELD = {
    "type": "object",
    "required": ["name", "type"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]{0,31}$"},
        "type": {"enum": ["string", "number", "integer", "boolean", "date", "time", "datetime"]},
        "title": {"type": "string"},
        "description": {"type": "string"},
        "categories": _LABELLED,
        "missingValues": _LABELLED,
        "constraints": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "required": {"type": "boolean"},
                "unique": {"type": "boolean"},
                "minimum": {"type": "number"},
                "maximum": {"type": "number"},
            },
        },
    },
}
_NAMES = {"type": "array", "minItems": 1, "items": {"type": "string"}}
_SCHEMA = {
    "type": "object",
    "required": ["$schema", "fields", "primaryKey", "missingValues"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"const": "https://datapackage.org/profiles/2.0/tableschema.json"},
        "fields": {"type": "array", "minItems": 1, "items": _FIELD},
        "primaryKey": _NAMES,
        "missingValues": _LABELLED,
        "foreignKeys": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["fields", "reference"],
                "properties": {
                    "fields": _NAMES,
                    "reference": {
                        "type": "object",
                        "required": ["resource", "fields"],
                        "properties": {"resource": {"type": "string"}, "fields": _NAMES},
                    },
                },
            },
        },
    },
}
_PACKAGE = {
    "type": "object",
    "required": ["$schema", "name", "resources"],
    "properties": {
        "$schema": {"const": "https://datapackage.org/profiles/2.0/datapackage.json"},
        "name": {"type": "string", "pattern": "^[a-z0-9-]+$"},
        "created": {"type": "string"},
        "resources": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["$schema", "name", "path", "type", "schema"],
                "properties": {
                    "$schema": {"const": "https://datapackage.org/profiles/2.0/dataresource.json"},
                    "type": {"const": "table"},
                    "path": {"type": "string", "pattern": r"^[A-Za-z]\w*\.csv$"},
                    "schema": _SCHEMA,
                },
            },
        },
    },
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("export"))


def read(folder: Path, resource: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a resource as its own schema reads them."""
    schema = resource["schema"]
    with (folder / resource["path"]).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert all(list(row) == [field["name"] for field in schema["fields"]] for row in rows)
    return [{field["name"]: cast(field, schema, row[field["name"]]) for field in schema["fields"]} for row in rows]


def cast(field: Mapping[str, Any], schema: Mapping[str, Any], cell: str) -> Any:
    missing = field.get("missingValues", schema["missingValues"])
    if cell in {one["value"] for one in missing}:
        assert not field.get("constraints", {}).get("required"), field["name"]
        return None
    if "categories" in field:
        assert cell in {one["value"] for one in field["categories"]}, field["name"]
    kinds: dict[str, Any] = {
        "string": str, "integer": int, "number": float, "boolean": {"true": True, "false": False}.__getitem__,
        "date": datetime.date.fromisoformat, "time": datetime.time.fromisoformat,
        "datetime": datetime.datetime.fromisoformat,
    }  # fmt: skip
    value = kinds[field["type"]](cell)
    bounds = field.get("constraints", {})
    assert bounds.get("minimum", value) <= value <= bounds.get("maximum", value)
    return value


@pytest.mark.parametrize("evidence", [False, True])
def test_a_data_package_holds_the_run_as_it_declares(run: Path, tmp_path: Path, evidence: bool) -> None:
    glane.export(run, "datapackage", tmp_path / "out", evidence=evidence)
    package = json.loads((tmp_path / "out" / "datapackage.json").read_text(encoding="utf-8"))
    jsonschema.validate(package, _PACKAGE)
    resources = {one["name"]: one for one in package["resources"]}
    assert tuple(resources) == TABLES
    tables = {name: read(tmp_path / "out", one) for name, one in resources.items()}
    for name, one in resources.items():
        key = one["schema"]["primaryKey"]
        assert len({tuple(row[part] for part in key) for row in tables[name]}) == len(tables[name])
        for foreign in one["schema"].get("foreignKeys", []):
            there = foreign["reference"]
            known = {tuple(row[part] for part in there["fields"]) for row in tables[there["resource"]]}
            assert {tuple(row[part] for part in foreign["fields"]) for row in tables[name]} <= known
    rows = rows_of(run)
    for name in ("id", "age", "seen", "temperature", "fever"):
        assert [row[name] for row in tables["records"]] == rows[name].to_list()
    assert "tirées au hasard" in package["description"]


def test_cells_say_why_they_are_empty(run: Path, tmp_path: Path) -> None:
    glane.export(run, "datapackage", tmp_path / "out")
    package = json.loads((tmp_path / "out" / "datapackage.json").read_text(encoding="utf-8"))
    fever = next(one for one in package["resources"][0]["schema"]["fields"] if one["name"] == "fever")
    assert {"value": "not_stated", "label": "non mentionné"} in fever["missingValues"]
    with (tmp_path / "out" / "records.csv").open(encoding="utf-8", newline="") as stream:
        cells = [one["fever"] for one in csv.DictReader(stream)]
    rows = rows_of(run)
    reasons = rows["fever__missing"].cast(pl.String)
    for cell, value, reason in zip(cells, rows["fever"], reasons, strict=True):
        assert cell == (str(value).lower() if value is not None else reason or "")


def test_instants_have_their_zone_and_numbers_the_spelling_of_the_standard(tmp_path: Path) -> None:
    twice = pl.Series([datetime.datetime(2024, 10, 27, hour, 30) for hour in (0, 1)], dtype=pl.Datetime("us", "UTC"))
    data = write_documents(
        tmp_path / "d.parquet", ["a", "b"], when=twice.dt.convert_time_zone("Europe/Paris").to_arrow(),
        number=[math.inf, 0.1], text=["", None],
    )  # fmt: skip
    extract_here(make_settings(data, tmp_path / "run", data__carry_columns=["when", "number", "text"]))
    found = glane.export(tmp_path / "run", "datapackage", tmp_path / "out")
    package = json.loads((tmp_path / "out" / "datapackage.json").read_text(encoding="utf-8"))
    rows = read(tmp_path / "out", package["resources"][0])
    assert [one["when_"] for one in rows] == twice.to_list()  # an hour apart, and the same on the clocks of Paris
    with (tmp_path / "out" / "records.csv").open(encoding="utf-8", newline="") as stream:
        assert [one["number"] for one in csv.DictReader(stream)] == ["INF", "0.1"]
    assert any("1 text is there and empty" in one and "records.text" in one for one in found.manifest.notes)
    glane.export(tmp_path / "run", "csv", tmp_path / "csv", locale="en")
    with (tmp_path / "csv" / "codebook.csv").open(encoding="utf-8", newline="") as stream:
        kinds = {one["nom"]: one["type"] for one in csv.DictReader(stream)}
    assert kinds["when_"] == "date et heure (Europe/Paris)"


def test_the_other_descriptions_name_the_same_variables_and_files(run: Path, tmp_path: Path) -> None:
    glane.export(run, "datapackage", tmp_path / "out")
    package = json.loads((tmp_path / "out" / "datapackage.json").read_text(encoding="utf-8"))
    told = [(one["name"], field["name"]) for one in package["resources"] for field in one["schema"]["fields"]]
    root = ElementTree.parse(tmp_path / "out" / "ddi-codebook.xml").getroot()
    space = "{ddi:codebook:2_5}"
    assert root.tag == f"{space}codeBook"
    files = {one.get("ID"): one.findtext(f"{space}fileTxt/{space}fileName") for one in root.findall(f"{space}fileDscr")}
    variables = root.findall(f"{space}dataDscr/{space}var")
    assert [(str(files[one.get("files")]).removesuffix(".csv"), one.get("name")) for one in variables] == told
    kind = next(one for one in variables if one.get("name") == "place_kind")
    assert [one.findtext(f"{space}labl") for one in kind.findall(f"{space}catgry")] == ["école", "c'est l'hôpital"]
    fever = next(one for one in variables if one.get("name") == "fever")
    reasons = [one.findtext(f"{space}catValu") for one in fever.findall(f"{space}catgry[@missing='Y']")]
    declared = next(one for one in package["resources"][0]["schema"]["fields"] if one["name"] == "fever")
    assert ["", *reasons] == [one["value"] for one in declared["missingValues"]]
    order = ["labl", "valrng", "txt", "catgry", "varFormat"]  # that of the standard
    for one in variables:
        places = [order.index(child.tag.removeprefix(space)) for child in one]
        assert places == sorted(places)
    found = json.loads((tmp_path / "out" / "croissant.json").read_text(encoding="utf-8"))
    assert [(one["name"], field["name"]) for one in found["recordSet"] for field in one["field"]] == told
    kinds = {field["name"]: field["dataType"] for field in found["recordSet"][0]["field"]}
    assert (kinds["fever"], kinds["age"], kinds["temperature"]) == ("sc:Text", "sc:Integer", "sc:Float")  # of reasons
    for one in found["distribution"]:
        content = (tmp_path / "out" / one["contentUrl"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == one["sha256"]
