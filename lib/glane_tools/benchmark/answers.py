"""Checks that contenders did the same work: compares prompts and answers row by row."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from glane.parquet import read_parquet_frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The answers of one run, without any text: digests of its rows, in the order of their ids."""

    rows: tuple[bytes, ...]
    prompt_tokens: Mapping[Any, int]  # by id, for the rows that were asked
    num_valid: int
    output_tokens: int

    @property
    def digest(self) -> str:
        """One digest for all rows. It is equal for equal answers."""
        return hashlib.blake2b(b"".join(self.rows), digest_size=8).hexdigest()

    def num_different(self, other: Answers) -> int:
        """The number of rows whose answer differs from that of the other run."""
        return sum(mine != theirs for mine, theirs in zip(self.rows, other.rows, strict=True))

    def asks_like(self, other: Answers) -> bool:
        """Whether prompts of the same documents had the same number of tokens, for rows that both runs asked."""
        both = self.prompt_tokens.keys() & other.prompt_tokens.keys()
        return bool(both) and all(self.prompt_tokens[one] == other.prompt_tokens[one] for one in both)


def read_answers(files: str, *, id_column: str, fields: Sequence[str], asks_once: bool = False) -> Answers:
    """Read the records of a run: the value and the missing reason of each field.

    Quotes are left out, as glane stores the passage of the document instead of the model's quote.
    With `asks_once`, a document that repeats another has no answer of its own, and its tokens are not counted.
    """
    place = Path(files)
    parts = [read_parquet_frame(one) for one in sorted(place.parent.glob(place.name))]
    table = pl.concat(parts, how="vertical_relaxed").sort(id_column)
    wanted = [name for field in fields for name in (field, f"{field}__missing")]
    columns = [pl.col(name) if name in table.columns else pl.lit(None).alias(name) for name in wanted]
    rows = tuple(_digest([_plain(cell) for cell in row]) for row in table.select(columns).iter_rows())
    prompt_tokens = {one: count for one, count in table.select(id_column, "prompt_tokens").iter_rows() if count}
    own = table.filter(~pl.col("duplicate")) if asks_once and "duplicate" in table.columns else table
    return Answers(
        rows=rows,
        prompt_tokens=prompt_tokens,
        num_valid=int((table["status"].cast(pl.String) == "OK").sum()),
        output_tokens=int(own["output_tokens"].sum()),
    )


def _plain(cell: Any) -> Any:
    """A value in normalised form, as writers differ: 38 and 38.0 are the same temperature."""
    if isinstance(cell, list):
        return [_plain(item) for item in cell]
    if isinstance(cell, datetime.date):
        return cell.isoformat()
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return f"{cell:.15g}"
    return cell


def _digest(row: Sequence[Any]) -> bytes:
    return hashlib.blake2b(json.dumps(list(row), ensure_ascii=False).encode(), digest_size=16).digest()
