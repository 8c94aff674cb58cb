"""A Data Package read as a description of tables: of `glane export to=datapackage`, or another of the standard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glane.errors import ConfigError
from glane.programs.description import ColumnType, Tables, tables_of

_TYPES: Mapping[str, ColumnType] = {
    "string": "string", "integer": "integer", "number": "number", "boolean": "boolean", "date": "date",
    "datetime": "datetime", "year": "integer",
}  # fmt: skip


def is_datapackage(values: Any) -> bool:
    """Whether plain values are a Data Package."""
    return isinstance(values, Mapping) and "resources" in values


def from_datapackage(values: Mapping[str, Any], *, place: str) -> Tables:
    """Return the tables that a Data Package describes. What it says of no column is left to chance.

    Raises:
        ConfigError: if it describes no table, or wrongly.
    """
    try:
        found = {str(one["name"]).lower(): _table(one["schema"]) for one in values["resources"] if "schema" in one}
    except (KeyError, TypeError, AttributeError, ValueError):
        raise ConfigError(f"{place}: no Data Package that tells resources, schema and fields.") from None
    return tables_of({"tables": found}, place=place)


def _table(schema: Mapping[str, Any]) -> dict[str, Any]:
    columns = {str(one["name"]): _column(one) for one in schema["fields"]}
    for foreign in schema.get("foreignKeys", ()):
        own, target = _listed(foreign["fields"]), foreign["reference"]
        other = _listed(target["fields"])
        if len(own) == len(other) == 1 and target.get("resource"):  # of keys of several columns, nothing is kept
            columns[own[0]] = {
                "type": columns[own[0]]["type"], "references": f"{str(target['resource']).lower()}.{other[0]}"
            }  # fmt: skip
    return {"key": _listed(schema.get("primaryKey", [])), "columns": columns}


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(one) for one in value]


def _column(one: Mapping[str, Any]) -> dict[str, Any]:
    kind = _TYPES.get(one.get("type", "string"), "string")
    bounds = one.get("constraints", {})
    found: dict[str, Any] = {"type": kind}
    codes = bounds.get("enum") or [
        code["value"] if isinstance(code, Mapping) else code for code in one.get("categories", ())
    ]
    if codes:
        found["values"] = list(codes)
    elif kind in ("integer", "number", "date", "datetime"):
        found |= {name: bounds[name] for name in ("minimum", "maximum") if name in bounds}
    if bounds.get("required") or bounds.get("unique"):
        found["missing"] = 0
    return found
