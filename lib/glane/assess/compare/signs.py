"""The signs of runs beside each other: documents with each of them, and documents that have one in one run only."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from glane.assess.compare.record import RunSigns, SignDifference
from glane.assess.evaluate.scores import SignScores
from glane.assess.evaluate.signs import Flags
from glane.task.signs import Sign

Marked = Mapping[Sign, Flags]  # shape (documents, fields)


def run_signs(marked: Marked, found: SignScores | None) -> RunSigns | None:
    """The documents with each sign; None of a run without columns of signs."""
    if not marked:
        return None
    documents = {sign: flags.any(axis=1) for sign, flags in marked.items()}
    return RunSigns(
        documents={sign: int(flags.sum()) for sign, flags in documents.items()},
        any=int(np.any(list(documents.values()), axis=0).sum()),
        values=None if found is None else found.overall,
    )


def sign_differences(first: Marked, other: Marked) -> dict[Sign, SignDifference] | None:
    """By sign that both have: the documents that only one of the two runs marks."""
    shared = [sign for sign in first if sign in other]
    if not shared:
        return None
    found = {}
    for sign in shared:
        before, after = first[sign].any(axis=1), other[sign].any(axis=1)
        only_first, only_other = int((before & ~after).sum()), int((after & ~before).sum())
        found[sign] = SignDifference(only_first=only_first, only_other=only_other, difference=only_other - only_first)
    return found
