"""Whether two answers to a document are the same: to the letter, in their values, or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

Verdict = Literal["identical", "equivalent", "different"]
# Of what stands beside a value, numbers that the engine computes: they differ in the last digits, and follow the batch.
_NUMBERS = ("confidence", "probabilities", "quote_mass")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One document: the verdict, and the fields whose values differ."""

    verdict: Verdict
    fields: tuple[str, ...] = ()


def compare(then: pl.DataFrame, now: pl.DataFrame, *, id_column: str, fields: Sequence[str]) -> list[Compared]:
    """Compare the rows of two results document by document, in the order of the first.

    Identical: the same status, values in the same order, and the same quotes at the same places. Equivalent: the same
    status and values; quotes, or the order of a list, differ. Scores, such as confidence, are not compared.
    """
    names = [name for name in then.columns if name.partition("__")[0] in fields]
    shared = [name for name in names if name in now.columns]
    again = {row[id_column]: row for row in now.select(id_column, "status", *shared).iter_rows(named=True)}
    rows = then.select(id_column, "status", *shared).iter_rows(named=True)
    return [_compared(row, again.get(row[id_column]), shared, fields) for row in rows]


def _compared(
    then: Mapping[str, Any], now: Mapping[str, Any] | None, names: Sequence[str], fields: Sequence[str]
) -> Compared:
    if now is None or now["status"] != then["status"]:
        return Compared(verdict="different")
    if other := tuple(name for name in fields if _unordered(then.get(name)) != _unordered(now.get(name))):
        return Compared(verdict="different", fields=other)
    is_same = all(_without_numbers(name, then[name]) == _without_numbers(name, now[name]) for name in names)
    return Compared(verdict="identical" if is_same else "equivalent")


def _unordered(value: Any) -> Any:
    """A value that is equal to another one if they differ in the order of lists alone."""
    if isinstance(value, Mapping):
        return {key: _unordered(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return sorted((_unordered(inner) for inner in value), key=repr)
    return value


def _without_numbers(name: str, value: Any) -> Any:
    if name.rpartition("__")[2] in _NUMBERS:
        return None
    if isinstance(value, Mapping):
        return {key: _without_numbers(key, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_numbers("", inner) for inner in value]
    return value
