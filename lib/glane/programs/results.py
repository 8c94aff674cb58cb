"""What became of programs as tables: a row for each program, and a row for each table that was compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from glane.programs.judge import Judged

_NAMES = pl.List(pl.String)
_PROGRAMS: Mapping[str, Any] = {
    "id": pl.String, "folder": pl.String, "language": pl.String, "outcome": pl.String, "kind": pl.String,
    "line": pl.Int64, "tables_compared": pl.Int64, "tables_equal": pl.Int64, "cells_different": pl.Int64,
    "returned": _NAMES, "not_returned": _NAMES, "lacking": _NAMES, "not_compared": _NAMES, "steady": pl.Boolean,
    "row_order_matters": pl.Boolean, "unsupported": pl.Int64, "approximate": pl.Int64, "reason": pl.String,
}  # fmt: skip
_TABLES: Mapping[str, Any] = {
    "id": pl.String, "table": pl.String, "verdict": pl.String, "rows_expected": pl.Int64, "rows_found": pl.Int64,
    "rows_only_expected": pl.Int64, "rows_only_found": pl.Int64, "columns_lacking": _NAMES, "columns_surplus": _NAMES,
    "cells_different": pl.Int64, "columns_different": _NAMES,
}  # fmt: skip


def programs_table(found: Sequence[Judged], folders: Sequence[str]) -> pl.DataFrame:
    """One row per program."""
    rows = [_program(one, folder) for one, folder in zip(found, folders, strict=True)]
    return pl.DataFrame(rows, schema=_PROGRAMS, orient="row")


def _program(one: Judged, folder: str) -> list[object]:
    told = one.program
    return [
        told.id, folder, told.language, one.outcome, one.kind, one.line, len(one.tables),
        sum(table.verdict.startswith("equal") for table in one.tables),
        sum(table.num_differing for table in one.tables), list(one.returned), list(one.not_returned),
        list(one.lacking), list(one.others), one.is_steady, told.is_in_order, told.unsupported, told.approximate,
        told.reason,
    ]  # fmt: skip


def tables_table(found: Sequence[Judged]) -> pl.DataFrame:
    """One row per table that was expected of a program that ran."""
    rows = [
        [
            one.program.id, table.table, table.verdict, table.rows_expected, table.rows_found, table.only_expected,
            table.only_found, list(table.lacking), list(table.surplus), table.num_differing,
            list(table.differing or {}),
        ]
        for one in found
        for table in one.tables
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=_TABLES, orient="row")
