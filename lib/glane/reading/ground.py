"""From quotes to evidence: every quote of an answer is looked for in the text that was asked about."""

from __future__ import annotations

from collections.abc import Mapping

from glane.reading.align import Aligner
from glane.types import Evidence, ExtractedValue


def ground(found: Mapping[str, ExtractedValue], aligner: Aligner) -> None:
    """Set the evidence of everything in an answer that has a quote.

    A quote that stands several times in the text means, inside an object, the place nearest to the object's other
    evidence; a quote that an earlier item of its list has used already, the next place; else the first.
    """
    for one in found.values():
        _ground(one, aligner, near=None)


def _ground(one: ExtractedValue, aligner: Aligner, near: int | None, after: int | None = None) -> None:
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
