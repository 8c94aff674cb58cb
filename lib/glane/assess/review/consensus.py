"""One answer of several readers: what they agree on, what an adjudicator decided, and where only one has read.

Where readers disagree and nobody has settled it, the first file counts: that is told, and `<field>__source` says where.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from glane.assess.review.adjudication import Adjudication
from glane.assess.review.corrections import Corrections
from glane.assess.review.readings import Readings, Row

Source = Literal[
    "agreed", "adjudicated", "one_reader", "first_reader"
]  # first_reader: they disagree, nothing settled it
SOURCE = "source"  # <field>__source


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The gold of one document."""

    row: Row
    reviewer: str
    sources: Mapping[str, Source]
    in_bulk: tuple[str, ...] = ()  # the fields that were accepted together with all that was left


def consensus(
    readings: Readings, reviews: Mapping[str, Corrections], adjudication: Adjudication | None
) -> dict[str, Settled]:  # fmt: skip
    """One row for each document that somebody reviewed whole, in the order in which files have them.

    The value is that of the first file which has the document, but for what the adjudicator decided.
    """
    disputes = readings.disputes()
    decided = {} if adjudication is None else adjudication.values
    found = {}
    for path, review in reviews.items():
        for document in review.documents:
            key = document.id
            if key in found or key not in readings.values[path]:
                continue
            of_document = readings.of(key)
            settled = {name: cells for name, cells in decided.get(key, {}).items() if name in disputes.get(key, ())}
            sources: dict[str, Source] = {
                name: _source(len(of_document), is_split=name in disputes.get(key, ()), is_settled=name in settled)
                for name in readings.fields
            }
            row: dict[str, Any] = dict(of_document[path])
            for cells in settled.values():
                row |= cells
            names = [review.reviewer]
            if adjudication is not None and len(of_document) > 1:
                names = [reviews[one].reviewer for one in of_document]
                names += [adjudication.reviewer] if settled else []
            bulk = tuple(
                name
                for name in readings.fields
                if document.fields[name].in_bulk and sources[name] in ("one_reader", "first_reader")
            )
            found[key] = Settled(row=row, reviewer=", ".join(dict.fromkeys(names)), sources=sources, in_bulk=bulk)
    return found


def _source(num: int, *, is_split: bool, is_settled: bool) -> Source:
    if num == 1:
        return "one_reader"
    if not is_split:
        return "agreed"
    return "adjudicated" if is_settled else "first_reader"


def unsettled(found: Mapping[str, Settled]) -> dict[str, tuple[str, ...]]:
    """The fields on which the first file counts, though readers disagree; by document."""
    fields = {
        key: tuple(name for name, how in one.sources.items() if how == "first_reader") for key, one in found.items()
    }
    return {key: names for key, names in fields.items() if names}
