"""Which events of the documents no sentence of a brief tells: saying nothing passes every other check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

import polars as pl

from glane.briefs.record import AbsentEvent

_DOCUMENTS = 20  # of an event, that are listed
_ID, _EVENT = "__id", "__event"
Counted = tuple[int, int, tuple[AbsentEvent, ...]]  # events, those that are cited, and of the others some


def of_case(ids: Sequence[str], cited: Set[str], *, listed: int) -> Counted:
    """Documents that are an event each: how many, how many a sentence cites, and the first of the others."""
    absent = [one for one in ids if one not in cited]
    told = tuple(AbsentEvent(name=None, num=1, documents=(one,)) for one in absent[:listed])
    return len(ids), len(ids) - len(absent), told


def of_groups(groups: Mapping[str, Sequence[str]], cited: Set[str], *, listed: int) -> Counted:
    """Groups of documents that are an event each, of which a sentence that cites one document tells.

    Of many absent ones, the largest and the rarest are listed, half of each.

    Args:
        groups: The ids of the documents of each event.
        cited: The ids that sentences cite.
        listed: How many absent events are listed.
    """
    absent = [(name, ids) for name, ids in groups.items() if not cited & set(ids)]
    absent.sort(key=lambda one: (-len(one[1]), one[0]))
    rare = listed // 2
    shown = absent if len(absent) <= listed else [*absent[: listed - rare], *absent[len(absent) - rare :]]
    told = tuple(AbsentEvent(name=name, num=len(ids), documents=tuple(ids[:_DOCUMENTS])) for name, ids in shown)
    return len(groups), len(groups) - len(absent), told


def grouped(ids: pl.Series, events: pl.Series) -> dict[str, list[str]]:
    """The documents of each event; those of none are left out."""
    rows = pl.DataFrame({_ID: ids.cast(pl.String), _EVENT: events.cast(pl.String)}).drop_nulls()
    found = rows.group_by(_EVENT, maintain_order=True).agg(_ID)
    return {name: sorted(members) for name, members in sorted(found.iter_rows())}
