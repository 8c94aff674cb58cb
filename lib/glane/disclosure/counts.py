"""The counts of a table, those of tables that were issued before, and which of them are too small."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glane.disclosure.layout import Layout
from glane.settings.disclosure import DisclosureRule

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
_CLOSE = 1e-6  # what is nearer to 0 is 0, but for errors of sums


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The true counts of the rows of a table, (rows,)."""

    cases: Floats
    others: Floats  # documents or persons that are no case
    estimate: Floats | None = None  # corrected counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """Rows of tables of the same series that were issued; counts are not a number where they were suppressed."""

    layout: Layout  # no row twice
    cases: Floats
    others: Floats


def too_small_corrected(counts: Counts, rule: DisclosureRule) -> Flags:
    """Where the corrected cases are sensitive, or what they leave of the documents; compared before any rounding."""
    if counts.estimate is None:
        return np.zeros(len(counts.cases), dtype=bool)
    documents = counts.cases + counts.others
    both = np.stack([counts.estimate, documents - counts.estimate])
    is_few = (both < rule.least) & (both > (-np.inf if rule.zeros else _CLOSE))
    found: Flags = is_few.any(axis=0) & (documents > 0)
    return found


def too_small(counts: Counts, rule: DisclosureRule) -> tuple[Flags, Flags]:
    """Where cases are sensitive by themselves, and where the others are."""
    is_there = counts.cases + counts.others > 0
    least = 0 if rule.zeros else 1
    cases = (counts.cases >= least) & (counts.cases < rule.least) & is_there
    others = (counts.others >= least) & (counts.others < rule.least) & is_there
    return cases, others
