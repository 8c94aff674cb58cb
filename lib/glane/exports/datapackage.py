"""A Data Package (version 2): CSV files with a description that machines read; DDI-Codebook and Croissant beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from glane.exports.bundle import Bundle, Kind, Table, Variable
from glane.exports.changes import Change, empty_texts, sentences
from glane.exports.croissant import croissant
from glane.exports.ddi import ddi_codebook
from glane.exports.delimited import Manner, as_written, csv_bytes
from glane.exports.reasons import reasons_in
from glane.exports.target import Options
from glane.exports.warnings import said_of
from glane.types import Language

FILE = "datapackage.json"
_PROFILES = "https://datapackage.org/profiles/2.0/"
_MANNER = Manner(utc=True)
_INFINITE = {"inf": "INF", "-inf": "-INF"}  # as the standard spells them
_TYPES: Mapping[Kind, str] = {"text": "string", "category": "string"}  # of the others, the name is the same
_CHANGES: Mapping[str, str] = {
    "empty": "{total} texts are there and empty, and missing in the package, which has no empty texts: {places}"
}
_EMPTY: Mapping[Language, str] = {"fr": "pas de valeur", "en": "no value"}


def write_datapackage(bundle: Bundle, _: Options, folder: Path) -> Sequence[str]:
    """Write a CSV file per table, `datapackage.json`, `ddi-codebook.xml` and `croissant.json`.

    Where a value is missing for a reason, its cell holds the reason, which the schema declares as no value; texts, and
    categories that have the same codes, stay empty.
    """
    changes: list[Change] = []
    for table in bundle.tables:
        plain = as_written(table, _MANNER)
        changes += empty_texts(table)
        cells = [_with_reason(one, table, plain) for one in table.variables]
        (folder / f"{table.name}.csv").write_bytes(csv_bytes(plain.select(cells), _MANNER))
    (folder / FILE).write_bytes(_json(_package(bundle)))
    (folder / "ddi-codebook.xml").write_bytes(ddi_codebook(bundle))
    (folder / "croissant.json").write_bytes(_json(croissant(bundle, folder)))
    return sentences(changes, _CHANGES)


def _json(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False, indent=2).encode()


def _with_reason(one: Variable, table: Table, plain: pl.DataFrame) -> pl.Expr:
    is_infinite = one.kind == "number" and bool(plain[one.name].is_infinite().any())
    if not reasons_in(one, table) and not is_infinite:
        return pl.col(one.name)
    text = pl.col(one.name).cast(pl.String).replace(_INFINITE if is_infinite else {})
    if not reasons_in(one, table):
        return text
    return pl.coalesce(text, pl.col(str(one.reasons))).alias(one.name)


def _package(bundle: Bundle) -> dict[str, Any]:
    origin = bundle.origin
    return {
        "$schema": f"{_PROFILES}datapackage.json",
        "name": origin.task.lower().replace("_", "-"),
        "title": f"{origin.task} {origin.task_version}",
        "description": " ".join([*said_of(origin), f"glane, {origin.model}, {origin.fingerprint}"]),
        "version": origin.task_version,
        "created": origin.created,
        "resources": [_resource(table, origin.language) for table in bundle.tables],
    }


def _resource(table: Table, language: Language) -> dict[str, Any]:
    return {
        "$schema": f"{_PROFILES}dataresource.json",
        "name": table.name,
        "type": "table",
        "path": f"{table.name}.csv",
        "description": table.description,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "dialect": {"$schema": f"{_PROFILES}tabledialect.json", "delimiter": ",", "doubleQuote": True},
        "schema": _schema(table, language),
    }


def _schema(table: Table, language: Language) -> dict[str, Any]:
    found: dict[str, Any] = {
        "$schema": f"{_PROFILES}tableschema.json",
        "fields": [_field(one, table, language) for one in table.variables],
        "primaryKey": list(table.key),
        "missingValues": [{"value": "", "label": _EMPTY[language]}],
    }
    if table.parent is not None:
        shared = list(table.key[:-1])
        reference = {"resource": table.parent, "fields": shared}
        found["foreignKeys"] = [{"fields": shared, "reference": reference}]
    return found


def _field(one: Variable, table: Table, language: Language) -> dict[str, Any]:
    found: dict[str, Any] = {"name": one.name, "type": _TYPES.get(one.kind, one.kind), "title": one.source}
    if one.description:
        found["description"] = one.description
    if one.categories:
        found["categories"] = [{"value": code, "label": one.labels.get(code, code)} for code in one.categories]
    if reasons := reasons_in(one, table):
        empty = {"value": "", "label": _EMPTY[language]}
        found["missingValues"] = [empty, *({"value": code, "label": label} for code, label in reasons.items())]
    constraints: dict[str, Any] = {} if one.nullable else {"required": True}
    if len(table.key) == 1 and one.name in table.key:
        constraints["unique"] = True
    for name in ("minimum", "maximum"):
        if (bound := getattr(one, name)) is not None:
            constraints[name] = int(bound) if one.kind == "integer" else bound
    return {**found, "constraints": constraints} if constraints else found
