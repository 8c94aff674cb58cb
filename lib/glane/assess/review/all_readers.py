"""How far all readers agree on a field, of whom not each has read every document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from glane.assess.bootstrap import Array
from glane.assess.review.krippendorff import alpha, alpha_ci
from glane.assess.review.record import FieldReliability
from glane.assess.review.same import Reading, category, is_same, is_transitive
from glane.assess.review.two_readers import Codes
from glane.task.fields import Field


def reliability(
    field: Field, name: str, readings: Mapping[str, Sequence[Reading]], clusters: Codes | None
) -> FieldReliability:
    """Krippendorff's alpha of a field, and the documents on which not all readings are the same.

    Args:
        field: Whose rule `compare` says which readings are the same.
        name: Its name.
        readings: By document, in any order of the readers; documents with one reading say nothing.
        clusters: Of the documents, in their order; None where no two go together.
    """
    texts = [[category(field, name, one) for one in of_document] for of_document in readings.values()]
    known: dict[str, Reading] = {}
    for row, of_document in zip(texts, readings.values(), strict=True):
        for text, one in zip(row, of_document, strict=True):
            known.setdefault(text, one)
    places = {text: place for place, text in enumerate(known)}
    counts = np.zeros((len(texts), len(known)))
    for document, row in enumerate(texts):
        for text in row:
            counts[document, places[text]] += 1
    differ = _differ(field, name, list(known.values()))
    paired = counts[counts.sum(axis=1) > 1]
    is_split = ((counts @ differ) * counts).sum(axis=1) > 0
    return FieldReliability(
        documents=len(paired),
        readings=int(paired.sum()),
        alpha=alpha(counts, differ),
        alpha_ci95=alpha_ci(counts, differ, clusters),
        differ=tuple(key for key, split in zip(readings, is_split, strict=True) if split),
    )


def numbers_of(documents: Sequence[str], clusters: Mapping[str, int]) -> Codes | None:
    """The clusters of some documents as numbers from 0; None if no two of them go together."""
    names = [clusters.get(key, -1 - place) for place, key in enumerate(documents)]
    if len(set(names)) == len(names):
        return None
    found: Codes = np.unique(names, return_inverse=True)[1].astype(np.int64)
    return found


def _differ(field: Field, name: str, known: Sequence[Reading]) -> Array:
    """1 where two readings are not the same; all of different categories if the rule is transitive."""
    found = 1 - np.eye(len(known))
    if not is_transitive(field):
        for place, one in enumerate(known):
            for other in range(place):
                found[place, other] = found[other, place] = not is_same(field, name, one, known[other])
    return found
