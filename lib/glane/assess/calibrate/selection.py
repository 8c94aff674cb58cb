"""Selective acceptance: a threshold of confidence above which few values are wrong, with a guarantee.

Learn then Test (Angelopoulos, Bates, Candès, Jordan and Lei, 2021, arXiv:2110.01052): for each threshold, the
hypothesis that more than alpha of what it accepts is wrong is tested on judged values (`glane.assess.calibrate.risk`).
Values that are tested together are a group: those of one predicted category of a field, or all of a field (Mondrian
conformal prediction: Vovk, Lindsay, Nouretdinov and Gammerman 2003).

All groups share one delta. A group that could not pass even if nothing were wrong gets none of it. In each other group
half goes to the acceptance of everything, and half to thresholds from the highest down, each tested once that before it
is rejected; where few were judged, all goes to the thresholds first. What is won passes on: from one half to the other,
and from a group whose hypotheses are all rejected to those that are left. These weights depend only on which hypotheses
are left, and grow as they get fewer, so that no true one is rejected with probability 1 - delta (closed weighted
Bonferroni tests: Bretz, Maurer, Brannath and Posch, Stat. Med. 2009).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from glane.assess.calibrate.risk import betting_p_value, exact_p_value, smallest_sample

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NUM_THRESHOLDS = 20
_ERRORS_AT_START = 2  # the first test can bear so many, or a single error would end the sequence
_USUAL = 0.95  # share of the values in units that are tested; larger units are few
_AMPLE = 1.5  # times the smallest sample that bears some errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """One threshold and its test."""

    threshold: float
    documents: int  # judged units with accepted values: documents, or clusters of them
    values: int  # judged and accepted
    risk: float  # share of wrong among them
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What is tested together: values of the run, and which of them were judged.

    Only values in units of at most `bound` values are here; larger units are not accepted.
    """

    confidence: Floats  # of each value of the run; NaN where it has none
    unit: Ints  # the unit of each value of the run
    judged: Floats  # confidence of each judged value
    correct: Floats  # whether it was right, 0 or 1
    judged_unit: Ints
    bound: int  # no unit has more judged values
    is_whole: bool  # whether all values of a unit are judged if one is

    @property
    def num_units(self) -> int:
        """Judged units."""
        return len(np.unique(self.judged_unit))

    @property
    def size(self) -> float:
        """Judged units, as if all were of the largest size: what a test can rest on."""
        if self.bound == 1 or not len(self.unit):
            return float(self.num_units)
        if not self.is_whole:
            return len(self.judged) / self.bound
        return self.num_units * len(self.unit) / len(np.unique(self.unit)) / self.bound

    @property
    def drawn(self) -> float:
        """The share of the run's values that were judged."""
        return len(self.judged) / max(1, len(self.confidence))

    def test(self, threshold: float, alpha: float) -> Tested:
        """Test what this threshold accepts."""
        kept = self.judged >= threshold
        units = np.unique(self.judged_unit, return_inverse=True)[1]
        values = np.bincount(units[kept], minlength=self.num_units).astype(np.float64)
        wrong = np.bincount(units[kept], weights=1 - self.correct[kept], minlength=self.num_units).astype(np.float64)
        num_values, num_wrong = int(values.sum()), round(float(wrong.sum()))
        if self.bound == 1:
            in_run = int((self.confidence >= threshold).sum())
            p_value = exact_p_value(num_wrong, num_values, alpha, num_run=in_run)
        else:
            num_run = len(np.unique(self.unit)) if self.is_whole else None
            p_value = betting_p_value(wrong, values, alpha, bound=self.bound, num_run=num_run)
        return Tested(
            threshold=threshold,
            documents=int((values > 0).sum()),
            values=num_values,
            risk=num_wrong / num_values if num_values else 0.0,
            p_value=p_value if num_values else 1.0,
        )

    def thresholds(self, alpha: float, delta: float) -> tuple[list[float], bool]:
        """Thresholds to test, from the highest, above 0: equal steps of the share of values that they accept.

        They come from the confidences of the whole run, and so do not depend on which documents were drawn. The first
        accepts enough for a test that can pass though some values are wrong, if there are enough.

        Returns:
            The thresholds, and whether there is enough to test the acceptance of everything, too, with half of delta.
        """
        known = self.confidence[~np.isnan(self.confidence)]
        smallest = partial(smallest_sample, alpha, is_single=self.bound == 1, drawn=self.drawn)
        wanted = smallest(delta / 2, num_wrong=_ERRORS_AT_START)
        is_split = wanted < self.size
        if not is_split:
            wanted = smallest(delta, num_wrong=_ERRORS_AT_START)
        if wanted >= self.size:
            wanted = smallest(delta)
        if wanted >= self.size or not len(known):
            return [], False
        shares = np.linspace(wanted / self.size, 1.0, NUM_THRESHOLDS)[:-1]
        found = np.quantile(known, 1 - shares, method="lower").tolist()
        return sorted({float(one) for one in found if one > known.min()}, reverse=True), is_split


def largest_unit(sizes: Ints, *, num_judged: int, alpha: float, delta: float) -> int:
    """How many values a unit may have to be tested, from the sizes of all units of the run.

    The more a unit may have, the more units a test takes, for one could be all wrong. Units of more values are left to
    be reviewed: some 5 % of the values, or as many as it takes for a sample that is large enough.

    Args:
        sizes: Of the units of the run that have values.
        num_judged: How many of the units were judged.
        alpha: The share of wrong that is borne.
        delta: The probability of more that is borne.
    """
    values, counts = np.unique(sizes, return_counts=True)
    covered = np.cumsum(values * counts)
    effective = num_judged * covered / (values * counts.sum())
    usual = int(np.argmax(covered >= _USUAL * covered[-1]))
    for place in range(usual, -1, -1):
        wanted = smallest_sample(alpha, delta, num_wrong=_ERRORS_AT_START, is_single=values[place] == 1)
        if effective[place] >= _AMPLE * wanted:
            return int(values[place])
    return int(values[: usual + 1][int(np.argmax(effective[: usual + 1]))])


@dataclass(slots=True, kw_only=True)
class Claim:
    """A family of hypotheses on one group: the thresholds from the highest down, and the acceptance of everything."""

    sequence: Sequence[Callable[[], Tested]]
    everything: Callable[[], Tested]
    is_split: bool = False  # whether the acceptance of everything is tested at once, with half of the share
    share: float = 0.0  # of delta, at the end
    tested: list[Tested] = field(default_factory=list)  # of the sequence, up to the first that failed
    whole: Tested | None = None
    is_whole_accepted: bool = False

    @property
    def num_passed(self) -> int:
        """Thresholds of the sequence that hold."""
        return sum(one.p_value <= self._of_sequence for one in self.tested)

    _of_sequence: float = 0.0

    @property
    def is_done(self) -> bool:
        """Whether there is nothing left to test."""
        return self.is_whole_accepted and self.num_passed == len(self.sequence)

    @property
    def threshold(self) -> float | None:
        """The lowest that holds; None where none does."""
        if self.is_whole_accepted:
            return 0.0
        return self.tested[self.num_passed - 1].threshold if self.num_passed else None

    def test(self, share: float) -> bool:
        """Test with a share of delta, as far as it goes; whether more was rejected than before."""
        before = (self.num_passed, self.is_whole_accepted)
        self.share = share
        if self.whole is None:
            self.whole = self.everything()
        half = share / 2 if self.is_split else 0.0
        of_whole = half if self.num_passed < len(self.sequence) else share
        self.is_whole_accepted |= self.whole.p_value <= of_whole
        self._of_sequence = max(self._of_sequence, share if self.is_whole_accepted else share - half)
        while self.num_passed == len(self.tested) < len(self.sequence):
            self.tested.append(self.sequence[len(self.tested)]())
        return (self.num_passed, self.is_whole_accepted) != before


def able(
    sizes: Sequence[float], smallest: Sequence[Callable[[float], float]], delta: float
) -> tuple[list[bool], float]:
    """Which groups can pass if nothing is wrong, as many as share delta so, and the share of each.

    Args:
        sizes: What the test of each group can rest on.
        smallest: What it needs, by its share of delta.
        delta: To be shared.
    """
    for num in range(len(sizes), 0, -1):
        can = [size >= least(delta / num) for size, least in zip(sizes, smallest, strict=True)]
        if sum(can) >= num:
            # Those that need least for what they have, if there are more than can share it.
            order = sorted(range(len(sizes)), key=lambda one: smallest[one](delta / num) - sizes[one])[:num]
            return [one in order for one in range(len(sizes))], delta / num
    return [False] * len(sizes), delta


def share_out(claims: Sequence[Claim], delta: float) -> None:
    """Test all claims, each with an equal share of delta among those that have something left to test."""
    moved = True
    while moved and (left := [one for one in claims if not one.is_done]):
        moved = False
        for claim in left:
            moved |= claim.test(delta / len(left))
