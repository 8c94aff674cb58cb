"""French departments and regions by their official codes, and where they stand on a map of equal squares.

Codes, names and the region of each department: Insee, Code officiel géographique, edition of 1 January 2024 (regions
are those of 2016). The squares are glane's own: neighbours stay neighbours where they can.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

import polars as pl

from glane.settings.table import Codes, Level

VINTAGE = "2024-01-01"
_COMMUNE = re.compile(r"(?:0[1-9]|[1-8]\d|9[0-5]|2[AB])\d{3}|97[12346]\d{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """A department, with its square on the map: row 0 is the north, column 0 the west."""

    code: str
    name: str
    region: str  # its code
    row: int
    column: int


@cache
def departments() -> Mapping[str, Department]:
    """All 101, by code."""
    found = {
        line["code"]: Department(
            code=line["code"], name=line["name"], region=line["region"],
            row=int(line["row"]), column=int(line["column"]),
        )
        for line in _lines("departments.csv")
    }  # fmt: skip
    return MappingProxyType(found)


@cache
def regions() -> Mapping[str, str]:
    """The names of all 18, by code."""
    return MappingProxyType({line["code"]: line["name"] for line in _lines("regions.csv")})


def names(level: Level) -> dict[str, str]:
    """The names of all places of a level, by code, in the order of codes."""
    if level == "region":
        return dict(regions())
    return {code: one.name for code, one in departments().items()}


def as_places(column: pl.Series, *, codes: Codes, level: Level) -> pl.Series:
    """The code of each value's place; null where the value is none or no code.

    Args:
        column: Codes as texts or whole numbers; `1` is read as `01`, `2a` as `2A`.
        codes: What it holds codes of.
        level: What is wanted: that level, or one above.
    """
    written = column.cast(pl.String).str.strip_chars().str.to_uppercase()
    told = written.unique().drop_nulls().to_list()
    known = {value: place for value in told if (place := _place(value, codes, level)) is not None}
    return written.replace_strict(known, default=None, return_dtype=pl.String).alias(column.name)


def _place(value: str, codes: Codes, level: Level) -> str | None:
    if codes == "region":
        code = value.zfill(2)
        return code if level == "region" and code in regions() else None
    department = _of_commune(value.zfill(5)) if codes == "commune" else value.zfill(2)
    if department is None or department not in departments():
        return None
    return department if level == "department" else departments()[department].region


def _of_commune(code: str) -> str | None:
    """The department of a commune, by the first characters of its code (not of a postal code)."""
    if not _COMMUNE.fullmatch(code):
        return None
    return code[:3] if code.startswith("97") else code[:2]


def _lines(name: str) -> list[dict[str, str]]:
    text = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
