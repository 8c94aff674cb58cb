"""Whether contenders did the same work: what was asked and what was answered, row by row."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The outcome of one run, without any text: digests of its rows, in the order of their ids."""

    rows: tuple[bytes, ...]
    prompt_tokens: Mapping[Any, int]  # by id, of the rows that were asked
    num_valid: int
    output_tokens: int

    @property
    def digest(self) -> str:
        """One value for all rows: equal answers, equal digest."""
        return hashlib.blake2b(b"".join(self.rows), digest_size=8).hexdigest()

    def num_different(self, other: Answers) -> int:
        """Rows that say something else than the other run's."""
        return sum(mine != theirs for mine, theirs in zip(self.rows, other.rows, strict=True))

    def asks_like(self, other: Answers) -> bool:
        """Whether prompts of the same documents had the same number of tokens, where both asked."""
        both = self.prompt_tokens.keys() & other.prompt_tokens.keys()
        return bool(both) and all(self.prompt_tokens[one] == other.prompt_tokens[one] for one in both)


def read_answers(files: str, *, id_column: str, fields: Sequence[str]) -> Answers:
    """Read what a run wrote: of each field its value and the reason why there is none.

    Quotes are left out: glane stores the document's own words in their place, and offsets, not what the model wrote.
    """
    table = pl.read_parquet(files).sort(id_column)
    wanted = [name for field in fields for name in (field, f"{field}__missing")]
    columns = [pl.col(name) if name in table.columns else pl.lit(None).alias(name) for name in wanted]
    rows = tuple(_digest([_plain(cell) for cell in row]) for row in table.select(columns).iter_rows())
    prompt_tokens = {
        one: count for one, count in table.select(id_column, "prompt_tokens").iter_rows() if count
    }  # glane counts a repeated document's tokens once, at the first
    return Answers(
        rows=rows,
        prompt_tokens=prompt_tokens,
        num_valid=int((table["status"].cast(pl.String) == "OK").sum()),
        output_tokens=int(table["output_tokens"].sum()),
    )


def _plain(cell: Any) -> Any:
    """A value as any writer would spell it: 38 and 38.0 are the same temperature."""
    if isinstance(cell, list):
        return [_plain(item) for item in cell]
    if isinstance(cell, datetime.date):
        return cell.isoformat()
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return f"{cell:.15g}"
    return cell


def _digest(row: Sequence[Any]) -> bytes:
    return hashlib.blake2b(json.dumps(list(row), ensure_ascii=False).encode(), digest_size=16).digest()
