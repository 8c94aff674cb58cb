"""How many documents to review for an interval of a wanted width, from a pilot review."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glane.assess.proportion import Share, jeffreys, normal_quantile, share, wilson

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Documents to review, in all: without the model's answers, and with them. None: no number of them is enough."""

    gold_only: int | None
    prediction_powered: int | None


def plan_share(
    gold: Floats,
    predicted: Floats,
    weights: Floats,
    *,
    run_share: float,
    num_run: int,
    half_width: float,
    level: float,
    is_finite: bool = False,
) -> Plan:
    """The rows to review for a share: the same intervals as `glane.assess.proportion`, at the shares of the pilot.

    One yes and one no are added to each share of the pilot, since a pilot without an error does not say that there is
    none. The sample is taken to be drawn as the pilot was.

    Args:
        gold: the truth of the pilot, 0 or 1.
        predicted: the model's answers on it, 0 or 1.
        weights: its weights.
        run_share: the model's share of yes in the run.
        num_run: documents of the run: the most that can be reviewed.
        half_width: half of the wanted interval, as a share (0.02: two points in a hundred).
        level: of the interval.
        is_finite: whether the share is of the run alone.
    """
    num_pilot = len(gold)
    alone = share(gold, weights)

    def growth(rows: int) -> float:
        if not is_finite:
            return rows / num_pilot
        return rows / num_pilot / (1 - rows / num_run) if rows < num_run else math.inf

    def width_alone(rows: int) -> float:
        low, high = wilson(_grown(alone, growth(rows)), level)
        return (high - low) / 2

    strata = [(predicted == 1, run_share), (predicted == 0, 1 - run_share)]
    known = [(share(gold[inside], weights[inside]), part) for inside, part in strata if part and inside.any()]
    if len(known) < sum(1 for _, part in strata if part):
        return Plan(gold_only=_smallest(width_alone, half_width, num_run), prediction_powered=None)
    gain = _grown(known[0][0], 1).value - _grown(known[-1][0], 1).value
    of_run = 0.0 if is_finite else (normal_quantile(level) * gain) ** 2 * run_share * (1 - run_share) / num_run

    def width_powered(rows: int) -> float:
        below = above = of_run
        for one, part in known:
            grown = _grown(one, growth(rows))
            low, high = jeffreys(grown, level)
            below += (part * (grown.value - low)) ** 2
            above += (part * (high - grown.value)) ** 2
        return (math.sqrt(below) + math.sqrt(above)) / 2

    return Plan(
        gold_only=_smallest(width_alone, half_width, num_run),
        prediction_powered=_smallest(width_powered, half_width, num_run),
    )


def plan_mean(
    *,
    alone_variance: float,
    powered_variance: float,
    run_variance: float,
    num_run: int,
    half_width: float,
    level: float,
    is_finite: bool = False,
) -> Plan:
    """The rows to review for a mean or a coefficient: n = z² v / (h² - z² v_run); of the run alone, n / (1 + n / N).

    Args:
        alone_variance: of the estimate from reviewed documents alone, times their number.
        powered_variance: of the correction, times the number of reviewed documents.
        run_variance: what stays however many are reviewed: the run itself is a sample.
        num_run: documents of the run: the most that can be reviewed.
        half_width: half of the wanted interval, in the unit of the estimate.
        level: of the interval.
        is_finite: whether the figure is of the run alone.
    """
    z = normal_quantile(level)

    def rows(variance: float, floor: float) -> int | None:
        left = half_width**2 - z**2 * floor
        wanted = z**2 * variance / left if left > 0 else math.inf
        if is_finite and not math.isinf(wanted):
            wanted /= 1 + wanted / num_run
        needed = num_run + 1 if math.isinf(wanted) else math.ceil(wanted)
        return max(2, needed) if needed <= num_run else None

    return Plan(gold_only=rows(alone_variance, 0.0), prediction_powered=rows(powered_variance, run_variance))


def _grown(known: Share, factor: float) -> Share:
    """The share after one more yes and one more no, known as well as from `factor` times as many documents."""
    value = (known.value * known.num_effective + 1) / (known.num_effective + 2)
    return Share(value=value, num_effective=known.num_effective * factor)


def _smallest(half_width: Callable[[int], float], wanted: float, most: int) -> int | None:
    """The least number of rows whose interval is short enough; a longer sample never makes it longer."""
    if half_width(most) > wanted:
        return None
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if half_width(middle) <= wanted else (middle + 1, high)
    return low
