"""The signs of sentinels, then and now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from glane.drift import DifferingSigns, SignDrift
from glane.task.doubts import doubts
from glane.task.signs import OF_FIELDS, SIGNS, Sign


def sign_drift(
    then: pl.DataFrame,
    now: pl.DataFrame,
    *,
    id_column: str,
    fields: Sequence[str],
    p_of: Callable[[int], float],
) -> tuple[tuple[SignDrift, ...], tuple[DifferingSigns, ...]]:
    """Compare the signs of the documents that both tables have. Nothing is called drift yet.

    Args:
        then: The rows when the documents were frozen.
        now: The rows of now.
        id_column: Of both.
        fields: Those that both were asked for; signs of others are not compared.
        p_of: The p-value of so many documents with other signs.
    """
    shared = [sign for sign in SIGNS if sign in then.columns and sign in now.columns]
    if not shared:
        return (), ()
    ids = then.select(id_column).join(now.select(id_column), on=id_column, how="semi", maintain_order="left")[id_column]
    sides = [_told(side, shared, id_column, fields) for side in (then, now)]
    drifts = []
    for sign in shared:
        before, after = ({one for one in ids if side[one].get(sign)} for side in sides)
        differing = sum(sides[0][one].get(sign, set()) != sides[1][one].get(sign, set()) for one in ids)
        entry = SignDrift(
            sign=sign,
            verdict="same",
            then=len(before),
            now=len(after),
            only_then=len(before - after),
            only_now=len(after - before),
            differing=differing,
            p=p_of(differing),
        )
        drifts.append(entry)
    others = []
    for one in ids:
        before, after = ({f"{sign}: {what}" for sign in side[one] for what in side[one][sign]} for side in sides)
        if before != after:
            gone, new = tuple(sorted(before - after)), tuple(sorted(after - before))
            others.append(DifferingSigns(id=one, only_then=gone, only_now=new))
    return tuple(drifts), tuple(others)


def _told(
    rows: pl.DataFrame, signs: Sequence[Sign], id_column: str, fields: Sequence[str]
) -> dict[Any, dict[Sign, set[str]]]:
    """By document and sign, the fields or reasons that it names."""
    found: dict[Any, dict[Sign, set[str]]] = defaultdict(dict)
    for id_, field, sign, what in doubts(rows.lazy(), id_column=id_column, signs=signs).collect().iter_rows():
        if sign not in OF_FIELDS or field in fields:
            found[id_].setdefault(sign, set()).add(field if sign in OF_FIELDS else what)
    return found
