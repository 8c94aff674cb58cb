"""What a format cannot hold as it is: how often that was, and where, as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from glane.exports.bundle import Table


class Change(NamedTuple):
    """One variable with values that a format changes."""

    kind: str
    total: int
    place: str  # table.variable


def sentences(changes: Sequence[Change], words: Mapping[str, str]) -> list[str]:
    """A sentence for each kind of change that there is; `words` have `{total}` and `{places}`."""
    found = []
    for kind, told in words.items():
        of_kind = [one for one in changes if one.kind == kind and one.total]
        if of_kind:
            places = ", ".join(one.place for one in of_kind)
            found.append(told.format(total=sum(one.total for one in of_kind), places=places))
    return found


def empty_texts(table: Table) -> Iterator[Change]:
    """The texts that are there and empty, for formats that have no such texts."""
    for one in table.variables:
        if one.kind in ("text", "category"):
            yield Change("empty", int((table.rows[one.name] == "").sum()), f"{table.name}.{one.name}")
