"""How right a run looks to readers who saw its answers, and to readers who did not.

A difference between the arms of one random allocation is made by the page: readers lean towards the answer that they
are shown (Schroeder, Roy and Kabbara, "Just Put a Human in the Loop?", ACL 2025: labels made so raise the measured
performance of the model).
"""

from __future__ import annotations

import math

import numpy as np
import polars as pl

from glane.assess.arms import ASSISTED, BLIND
from glane.assess.evaluate.judge import Judged
from glane.assess.evaluate.measures import Chance, measured
from glane.assess.evaluate.record import ArmDifference, ArmScores, GroupScores
from glane.assess.evaluate.scores import Ends, Exact, Ratios


def arm_scores(judged: Judged, arms: pl.Series | None, chance: Chance) -> ArmScores | None:
    """The measures of both arms, and assisted less blind; None if not both have documents.

    Args:
        judged: All documents.
        arms: Theirs, in the same order.
        chance: Of the intervals.
    """
    if arms is None or arms.n_unique() < 2:
        return None
    found = {}
    for arm in (BLIND, ASSISTED):
        overall, per_field = measured(judged.part(np.flatnonzero((arms == arm).to_numpy())), chance)
        found[arm] = GroupScores(**dict(overall), fields=per_field)
    blind, assisted = found[BLIND], found[ASSISTED]
    return ArmScores(
        blind=blind,
        assisted=assisted,
        overall=_difference((assisted.micro, assisted), (blind.micro, blind)),
        fields={name: _difference((one, one), (blind.fields[name],) * 2) for name, one in assisted.fields.items()},
    )


def _difference(assisted: tuple[Ratios, Exact], blind: tuple[Ratios, Exact]) -> ArmDifference:
    """Of F1, and of the share of documents without error."""
    (ratios, exact), (other_ratios, other_exact) = assisted, blind
    return ArmDifference(
        f1=_less(ratios.f1, other_ratios.f1),
        f1_ci95=difference_interval(ratios.f1, ratios.f1_ci95, other_ratios.f1, other_ratios.f1_ci95),
        exact=_less(exact.exact, other_exact.exact),
        exact_ci95=difference_interval(exact.exact, exact.exact_ci95, other_exact.exact, other_exact.exact_ci95),
    )


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def difference_interval(one: float | None, ends: Ends, other: float | None, others: Ends) -> Ends:
    """The interval of a difference of two figures of different documents, from 0 to 1, from the intervals of both.

    The method of variance estimates recovery (Zou and Donner, Stat. Med. 2008; of two shares with Wilson's limits it is
    Newcombe's, Stat. Med. 1998). Where clusters have documents in both arms it is rather too long.
    """
    if one is None or other is None or ends is None or others is None:
        return None
    value = one - other
    below = math.hypot(one - ends[0], others[1] - other)
    above = math.hypot(ends[1] - one, other - others[0])
    return max(-1.0, value - below), min(1.0, value + above)
