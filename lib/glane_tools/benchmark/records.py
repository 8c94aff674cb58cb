"""Writes Parquet as a plain script would: for each field a column with its value, its quote and its reason."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_QUOTE, _MISSING = "__quote", "__missing"


def write_records(
    path: str, ids: Sequence[Any], rows: Sequence[Mapping[str, Any]], id_column: str, fields: Sequence[str]
) -> None:
    """Write the rows from `work.record`, in input order. Rows without a usable answer have nulls."""
    columns: dict[str, list[Any]] = {id_column: list(ids)}
    for name in fields:
        cells = [_cells(row["answer"].get(name)) if row["answer"] else (None, None, None) for row in rows]
        values, quotes, reasons = map(list, zip(*cells, strict=True))
        if any(isinstance(value, list) for value in values):  # a reason has one quote, beside lists of quotes
            quotes = [[quote] if isinstance(quote, str) else quote for quote in quotes]
        columns |= {name: values, name + _QUOTE: quotes, name + _MISSING: reasons}
    columns["status"] = ["OK" if row["answer"] else "UNUSABLE" for row in rows]
    for name in ("finish_reason", "prompt_tokens", "output_tokens"):
        columns[name] = [row[name] for row in rows]
    temporary = f"{path}.tmp"
    pq.write_table(pa.table(columns), temporary, compression="zstd")
    os.replace(temporary, path)


def _cells(answer: Any) -> tuple[Any, Any, Any]:
    """Value, quote and reason of one field, for any form of answer."""
    if isinstance(answer, list):
        items = [_cells(item) for item in answer]
        return [value for value, _, _ in items], [quote for _, quote, _ in items], None
    if isinstance(answer, dict) and ("value" in answer or "missing" in answer):
        return answer.get("value"), answer.get("quote"), answer.get("missing")
    return answer, None, None
