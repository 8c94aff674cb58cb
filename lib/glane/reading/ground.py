"""Turns quotes into evidence: looks for every quote of an answer in the text of the prompt."""

from __future__ import annotations

from collections.abc import Mapping

from glane.reading.align import Aligner
from glane.reading.pieces import GroupAligner
from glane.types import Evidence, ExtractedValue


def ground(found: Mapping[str, ExtractedValue], aligner: Aligner | GroupAligner) -> None:
    """Set `evidence` of every value in an answer that has a quote.

    A quote may occur several times in the text. Inside an object, the occurrence nearest to the object's other evidence
    is taken. If an earlier item of the same list used the quote, the next occurrence is taken. Otherwise the first.
    """
    for one in found.values():
        _ground(one, aligner, near=None)


def _ground(one: ExtractedValue, aligner: Aligner | GroupAligner, near: int | None, after: int | None = None) -> None:
    if one.quote is not None:
        one.evidence = aligner.align(one.quote, near=near, after=after)
    if one.fields is not None:
        inside = _place(one.evidence) if one.evidence is not None else near
        for inner in one.fields.values():
            _ground(inner, aligner, inside)
            inside = _place(inner.evidence) if inside is None else inside
    used: dict[str, int] = {}
    for item in one.items or ():
        _ground(item, aligner, near, after=used.get(item.quote or ""))
        if item.quote is not None and item.evidence is not None and item.evidence.end is not None:
            used[item.quote] = item.evidence.end


def _place(evidence: Evidence | None) -> int | None:
    return None if evidence is None else evidence.start
