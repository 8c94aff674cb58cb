"""The codebook of an export: one row per variable, flat, in the language of the task."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from glane.exports.bundle import Bundle, Table, Variable
from glane.exports.warnings import said_of
from glane.exports.words import COLUMNS, KINDS, RECORDS, ROLES, SENTENCES
from glane.types import Language


def codebook_table(bundle: Bundle) -> pl.DataFrame:
    """One row per variable of each table; the columns are named in the language of the task.

    Of answers that are no results, and of a run under way, the first rows say so.
    """
    language = bundle.origin.language
    rows: list[Mapping[str, str | float | None]] = [
        {"table": RECORDS, "description": warning} for warning in said_of(bundle.origin)
    ]
    rows += [entry(table, one, language) for table in bundle.tables for one in table.variables]
    numbers = ("minimum", "maximum")
    schema = {name: pl.Float64() if name in numbers else pl.String() for name in COLUMNS[language]}
    return pl.DataFrame(rows, schema=schema).rename(dict(COLUMNS[language]))


def entry(table: Table, one: Variable, language: Language) -> Mapping[str, str | float | None]:
    """What the codebook says of a variable, by the keys of `COLUMNS`."""
    sentences = SENTENCES[language]
    return {
        "table": table.name,
        "name": one.name,
        "column": one.source,
        "role": ROLES[language][one.role],
        "kind": KINDS[language][one.kind] + ("" if one.zone is None else f" ({one.zone})"),
        "description": one.description,
        "categories": "; ".join(one.categories) or None,
        "labels": "; ".join(f"{code}: {label}" for code, label in one.labels.items()) or None,
        "minimum": one.minimum,
        "maximum": one.maximum,
        "nullable": sentences["yes" if one.nullable else "no"],
        "reasons": one.reasons,
    }
