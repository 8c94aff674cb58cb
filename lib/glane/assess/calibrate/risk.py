"""Tests that at most a share alpha of accepted values is wrong, on units drawn at random: documents, or clusters.

Where no unit has more than one value, the test is exact. Otherwise it is a bet: wealth that grows as fewer values are
wrong than alpha allows, and that is worth 1 on average at most if more are (Waudby-Smith and Ramdas, JRSS B 2024). What
is bet on is `wrong - alpha * values` of each unit, so the share is one of values, not of units: a long list counts as
much as it is long.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, logsumexp
from scipy.stats import binom, hypergeom

Floats = NDArray[np.float64]
# Bets of the largest stake that is allowed, and how the first wealth is parted among them. The whole stake wins most if
# nothing is wrong, and loses all on a unit of the largest size that is all wrong.
_STAKES = np.array([1.0, 0.9, 0.75, 0.55, 0.35, 0.15])
_PARTS = np.array([0.35, 0.20, 0.15, 0.10, 0.10, 0.10])
_TOO_MANY = 1_000_000  # no test takes more units


def binomial_p_value(num_wrong: int, num: int, alpha: float) -> float:
    """Probability of so few wrong among `num` if a share alpha were wrong: the test of Clopper and Pearson (1934)."""
    return float(binom.cdf(num_wrong, num, alpha)) if num else 1.0


def exact_p_value(num_wrong: int, num: int, alpha: float, *, num_run: int) -> float:
    """The same, that holds as well for what was not judged of a run of `num_run` such values.

    Judged ones are drawn without replacement. More than alpha of the others are wrong if more than `num_wrong + alpha *
    (num_run - num)` of all are: the probability of so few among the judged is then hypergeometric.
    """
    unjudged = num_run - num
    if not num or unjudged <= 0:
        return binomial_p_value(num_wrong, num, alpha)
    most = num_wrong + int(alpha * unjudged + 1e-9) + 1
    of_run = float(hypergeom.cdf(num_wrong, num_run, min(most, num_run), num))
    return max(of_run, binomial_p_value(num_wrong, num, alpha))


def betting_p_value(wrong: Floats, values: Floats, alpha: float, *, bound: int, num_run: int | None = None) -> float:
    """The p-value of units that may have several values each: 1 over what a wealth of 1 has become.

    The mixture of bets does not depend on the order of the units. Drawn without replacement its mean is at most that of
    draws with replacement (Maclaurin's inequality of symmetric means), so it holds for a run's own units, too.

    Args:
        wrong: Of each judged unit, its accepted values that are wrong.
        values: All its accepted values.
        alpha: The share that is tested.
        bound: No unit, judged or not, has more values.
        num_run: Units of the run, judged or not, if what was not judged of it is meant, too; then no bet is placed on
            what the judged ones have better than alpha.
    """
    if not len(values):
        return 1.0
    losses = wrong - alpha * values
    room = 0.0
    if num_run is not None:
        losses = losses - min(0.0, float(losses.sum())) / num_run
        room = alpha * len(values) / num_run
    most = bound * (1 - alpha + room)
    with np.errstate(divide="ignore"):
        wealth = np.log1p(-_STAKES[:, None] * np.minimum(1.0, losses / most)[None, :]).sum(axis=1)
    return float(min(1.0, np.exp(-logsumexp(wealth, b=_PARTS))))


def smallest_sample(
    alpha: float, delta: float, *, num_wrong: int = 0, is_single: bool = True, drawn: float = 0.0
) -> int:
    """Judged units that a test needs at least to pass with `num_wrong` wrong ones, all of the largest size.

    `drawn` is the share of the run's units that were judged: the more it is, the more of what is wrong is in the rest.
    """

    def fails(num: int) -> bool:
        if is_single:
            if drawn <= 0:  # of so large a run that draws are as good as with replacement
                return binomial_p_value(num_wrong, num, alpha) > delta
            return exact_p_value(num_wrong, num, alpha, num_run=round(num / drawn)) > delta
        wrong = np.concatenate([np.ones(num_wrong), np.zeros(num - num_wrong)])
        return betting_p_value(wrong, np.ones(num), alpha, bound=1) > delta

    high = num_wrong + 1
    while fails(high) and high < _TOO_MANY:
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fails(max(middle, num_wrong)) else (low, middle)
    return max(high, num_wrong + 1)


def upper_limit(wrong: Floats, values: Floats, delta: float, *, bound: int = 1) -> float:
    """The share that is not exceeded, with probability 1 - delta; 1 where nothing was judged.

    Clopper and Pearson's (1934) where no unit has more than one value, or the largest share that the bet does not
    refuse.
    """
    if not len(values):
        return 1.0
    if bound == 1:
        num, num_wrong = len(values), round(float(wrong.sum()))
        return 1.0 if num_wrong >= num else float(betaincinv(num_wrong + 1, num - num_wrong, 1 - delta))
    low, high = min(1.0, float(wrong.sum() / values.sum())), 1.0
    for _ in range(30):
        middle = (low + high) / 2
        if middle < 1 and betting_p_value(wrong, values, middle, bound=bound) <= delta:
            high = middle
        else:
            low = middle
    return high
