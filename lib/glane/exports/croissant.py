"""Croissant 1.0: the same description for machine learning, as JSON-LD."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glane.exports.bundle import Bundle, Kind, Table, Variable
from glane.exports.reasons import reasons_in
from glane.exports.warnings import said_of

_TYPES: Mapping[Kind, str] = {
    "text": "sc:Text",
    "category": "sc:Text",
    "boolean": "sc:Boolean",
    "integer": "sc:Integer",
    "number": "sc:Float",
    "date": "sc:Date",
    "time": "sc:Time",
    "datetime": "sc:DateTime",
}
_TERMS = ("column", "extract", "field", "fileObject", "key", "recordSet", "references", "source")


def croissant(bundle: Bundle, folder: Path) -> dict[str, Any]:
    """The description of the CSV files in a folder. Licence, creator and address are the publisher's to add."""
    origin = bundle.origin
    return {
        "@context": _context(origin.language),
        "@type": "sc:Dataset",
        "name": origin.task,
        "description": " ".join([*said_of(origin), f"glane, {origin.model}"]),
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "version": origin.task_version,
        "dateCreated": origin.created,
        "distribution": [_file(table, folder) for table in bundle.tables],
        "recordSet": [_records(table) for table in bundle.tables],
    }


def _context(language: str) -> dict[str, Any]:
    return {
        "@language": language,
        "@vocab": "https://schema.org/",
        "sc": "https://schema.org/",
        "cr": "http://mlcommons.org/croissant/",
        "dct": "http://purl.org/dc/terms/",
        "conformsTo": "dct:conformsTo",
        "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
        **{name: f"cr:{name}" for name in _TERMS},
    }


def _file(table: Table, folder: Path) -> dict[str, Any]:
    content = (folder / f"{table.name}.csv").read_bytes()
    return {
        "@type": "cr:FileObject",
        "@id": f"{table.name}.csv",
        "name": f"{table.name}.csv",
        "contentUrl": f"{table.name}.csv",
        "contentSize": f"{len(content)} B",
        "encodingFormat": "text/csv",
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _records(table: Table) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "description": table.description,
        "key": [{"@id": f"{table.name}/{name}"} for name in table.key],
        "field": [_field(table, one) for one in table.variables],
    }


def _field(table: Table, one: Variable) -> dict[str, Any]:
    found: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"{table.name}/{one.name}",
        "name": one.name,
        "description": one.description,
        "dataType": "sc:Text" if reasons_in(one, table) else _TYPES[one.kind],  # a cell may hold a reason
        "source": {"fileObject": {"@id": f"{table.name}.csv"}, "extract": {"column": one.name}},
    }
    if table.parent is not None and one.name in table.key[:-1]:
        found["references"] = {"field": {"@id": f"{table.parent}/{one.name}"}}
    return found
