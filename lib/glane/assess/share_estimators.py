"""How many documents truly say yes: from reviewed documents alone, or with the model's answers on all the others.

- `gold_only`: the reviewed documents alone.
- `prediction_powered`: the model's answers on the whole run, corrected by what the review found right and wrong.

Both follow the strata in which the reviewed documents were drawn. `glane.assess.proportion.rogan_gladen` is the third
estimator of the same share.
"""

from __future__ import annotations

import math

import numpy as np

from glane.assess.proportion import Floats, Interval, beside, normal_quantile, share, wilson
from glane.assess.strata import Strata, Stratified, stratified_share, variance_of_mean


def gold_only(
    gold: Floats, weights: Floats, level: float, *, num_run: int | None = None, strata: Strata | None = None
) -> Interval:
    """The share of yes among the reviewed documents; with `num_run`, of the run alone.

    The interval is Wilson's; over several strata, that of `stratified_share`.
    """
    if strata is not None and strata.any():
        known = stratified_share(gold, weights, strata, level=level, num_run=num_run)
        return beside(_interval(known.value, known.below, known.above, 0.0), gold, num_run)
    simple = share(gold, weights, num_run=num_run)
    low, high = wilson(simple, level)
    return beside(Interval(estimate=simple.value, low=low, high=high), gold, num_run)


def prediction_powered(
    gold: Floats, predicted: Floats, weights: Floats, *, run_share: float, num_run: int, level: float,
    is_finite: bool = False, strata: Strata | None = None,
) -> Interval:  # fmt: skip
    """The share of yes in the whole run: how often yes is true where the model says yes, and where it says no.

    For a yes/no answer, power-tuned prediction-powered inference (Angelopoulos, Duchi and Zrnic, PPI++, 2023) is
    post-stratification by the model's answer: share = q p1 + (1 - q) p0, with q the model's share of yes in the run and
    p1, p0 the shares of true yes under the model's yes and no. Its normal interval is too short where the model hardly
    errs, so that of the sum is put together from Jeffreys' intervals of p1 and p0 in each stratum (method of variance
    estimates recovery; with Jeffreys: Laud, Pharm. Stat. 2017), with the variance of q added. Of the run alone, q is
    known, and p1 and p0 have the finite population correction.

    Where no reviewed document has one of the two answers, the model is taken at its word for it, and the limits allow
    that it is always right, and that it is always wrong.

    Args:
        gold: the truth of the reviewed documents, 0 or 1.
        predicted: the model's answers on them, 0 or 1.
        weights: theirs.
        run_share: the model's share of yes in the run.
        num_run: documents of the run.
        level: of the interval, 0.95 for example.
        is_finite: whether the share is of the run alone.
        strata: of the reviewed documents, from `strata_of`.
    """
    strata = np.zeros(len(gold), dtype=np.int64) if strata is None else strata
    estimate = below = above = variance = 0.0
    values: dict[int, float] = {}
    for answer, part in ((1, run_share), (0, 1 - run_share)):
        if part <= 0:
            continue
        inside = predicted == answer
        of_part = max(int(inside.sum()), round(part * num_run)) if is_finite else None
        known = _UNSEEN[answer]
        if inside.any():
            known = stratified_share(gold[inside], weights[inside], strata[inside], level=level, num_run=of_part)
        estimate += part * known.value
        below += part**2 * known.below
        above += part**2 * known.above
        variance += part**2 * known.variance
        values[answer] = known.value
    gain = values[1] - values[0] if len(values) == 2 else 0.0
    more = 0.0 if is_finite else gain**2 * run_share * (1 - run_share) / num_run
    if strata.any():
        # Within a stratum, it is chance how many documents of each answer were drawn.
        error = gold - np.where(predicted == 1, values.get(1, 0.0), values.get(0, 0.0))
        more += max(0.0, variance_of_mean(error, weights, strata) - variance)
    spread = normal_quantile(level) ** 2 * more
    found = _interval(estimate, below + spread, above + spread, gain)
    return beside(found, gold, num_run if is_finite else None)


_UNSEEN = {
    1: Stratified(value=1.0, below=1.0, above=0.0, variance=0.0),
    0: Stratified(value=0.0, below=0.0, above=1.0, variance=0.0),
}


def _interval(estimate: float, below: float, above: float, gain: float) -> Interval:
    return Interval(
        estimate=estimate,
        low=max(0.0, estimate - math.sqrt(below)),
        high=min(1.0, estimate + math.sqrt(above)),
        gain=gain,
    )
