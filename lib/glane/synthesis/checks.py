"""Signs that the numbers of an effect do not fit each other: what is true of each within the rounding of a report.

A sign is no proof of an error: intervals that are exact, profiled or of a model are not symmetric. It says that
somebody must look before the number is pooled.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import NormalDist
from typing import Literal, get_args

from glane.synthesis.effect import OF_COUNTS, RATIOS, USUAL_LEVEL, Arm, Effect, as_points, has_known_scale
from glane.synthesis.p_values import as_z, p_range
from glane.synthesis.rounded import Ends, around, ends_of, half_unit, meet

Sign = Literal[
    "events_exceed_total", "percent_differs", "sd_not_positive", "interval_reversed", "estimate_outside_interval",
    "not_positive", "interval_lopsided", "p_against_interval", "estimate_inverted", "estimate_not_of_counts",
    "estimate_not_of_means", "interval_not_of_sds", "measure_unclear", "quote_not_found", "number_not_in_quote",
    "counts_of_clusters", "maybe_same_study", "units_differ",
]  # fmt: skip
_FAR = 2  # times as wide: pairs and adjustment make an interval narrower, Student's t wider, and both by less
_Z_SLACK = 0.5  # standard errors: a p value is often of another test than the interval


def signs_of(effect: Effect) -> list[Sign]:
    """All signs of an effect by itself, in the order of `Sign`."""
    found = {*_of_arms(effect), *_of_interval(effect), *_of_both(effect), *_of_quote(effect)}
    if effect.is_clustered and effect.basis in ("counts", "means"):
        found.add("counts_of_clusters")  # as if persons had been drawn: too small a variance
    return [one for one in get_args(Sign) if one in found]


def _of_quote(effect: Effect) -> Iterator[Sign]:
    if effect.quoting == "not_found":
        yield "quote_not_found"
    elif effect.quoting == "lacks_numbers":
        yield "number_not_in_quote"


def _of_arms(effect: Effect) -> Iterator[Sign]:
    arms = (effect.intervention, effect.comparator)
    half = half_unit([one.percent for one in arms])
    for arm in arms:
        if arm.events is not None and arm.total is not None and arm.events > arm.total:
            yield "events_exceed_total"
        elif _percent_differs(arm, half):
            yield "percent_differs"
        if arm.sd is not None and arm.sd <= 0:
            yield "sd_not_positive"


def _percent_differs(arm: Arm, half: float) -> bool:
    if arm.percent is None or arm.events is None or not arm.total:
        return False
    low, high = around(arm.percent, half)
    return not low <= 100 * arm.events / arm.total <= high


def _of_interval(effect: Effect) -> Iterator[Sign]:
    value, low, high = effect.estimate, effect.low, effect.high
    numbers = [one for one in (value, low, high) if one is not None]
    if effect.measure in RATIOS and any(one <= 0 for one in numbers):
        yield "not_positive"
        return
    if low is not None and high is not None and low > high:
        yield "interval_reversed"
        return
    if value is None:
        return
    if (low is not None and value < low) or (high is not None and value > high):
        yield "estimate_outside_interval"
    elif low is not None and high is not None and effect.measure is not None:
        yield from _of_whole_interval(effect, value, low, high)


def _of_whole_interval(effect: Effect, value: float, low: float, high: float) -> Iterator[Sign]:
    half = half_unit([value, low, high])
    ranges = [around(one, half) for one in (value, low, high)]
    if effect.measure in RATIOS:
        least = min(value, low, high) / 1000  # what has more decimals than are told is taken as rounded to nothing
        ranges = [(math.log(max(start, least)), math.log(end)) for start, end in ranges]
    told, first, last = ranges
    if not meet(told, ends_of(lambda a, b: (a + b) / 2, first, last)):
        yield "interval_lopsided"
    alpha = 1 - (effect.level or USUAL_LEVEL)
    written = None if effect.p_value is None else p_range(effect.p_value, alpha=alpha)
    if written is not None and not (
        _significance_fits(written, first, last, alpha) and _z_fits(written, told, first, last, alpha)
    ):
        yield "p_against_interval"


def _significance_fits(written: Ends, low: Ends, high: Ends, alpha: float) -> bool:
    """Whether the interval and the p value agree on whether it holds the null value, however both were rounded."""
    if low[0] > 0 or high[1] < 0:
        return written[0] < alpha
    return not (low[1] < 0 < high[0]) or written[1] >= alpha


def _z_fits(written: Ends, told: Ends, low: Ends, high: Ends, alpha: float) -> bool:
    """Whether a p value can be that of an interval, both taken as of a normal test."""
    width = 2 * NormalDist().inv_cdf(1 - alpha / 2)
    least, most = (high[0] - low[1]) / width, (high[1] - low[0]) / width
    if least <= 0:
        return True  # rounded away
    nearest = 0.0 if told[0] <= 0 <= told[1] else min(map(abs, told))
    z = nearest / most - _Z_SLACK, max(map(abs, told)) / least + _Z_SLACK
    return meet(z, as_z(written))


def _of_both(effect: Effect) -> Iterator[Sign]:
    """The estimate beside what the numbers of the groups make. An adjusted one differs from these by right."""
    is_shown = effect.has_counts and not effect.is_adjusted  # by the counts, on which scale it is
    if effect.measure == "RD" and effect.estimate is not None and not is_shown and not has_known_scale(effect):
        yield "measure_unclear"
    if effect.estimate is None:
        return
    if _is_turned(effect):
        yield "estimate_inverted"
    if effect.is_adjusted:
        return
    half = half_unit([effect.estimate, effect.low, effect.high])
    told = around(effect.estimate, half)
    means = effect.intervention.mean, effect.comparator.mean
    if effect.measure in OF_COUNTS and (made := _of_counts(effect)) is not None:
        made *= as_points(effect)
        other = -made if effect.measure == "RD" else 1 / made if made else math.inf
        if not told[0] <= made <= told[1]:
            yield "estimate_inverted" if told[0] <= other <= told[1] else "estimate_not_of_counts"
    elif effect.measure == "MD" and means[0] is not None and means[1] is not None:
        if _is_of_errors(effect):
            yield "interval_not_of_sds"
        yield from _of_means(means[0], means[1], told)


def _is_turned(effect: Effect) -> bool:
    """Whether an interval that is of a model holds what the numbers of the groups make the other way round alone."""
    is_of_time = effect.measure in ("HR", "IRR")
    if effect.low is None or effect.high is None or not (effect.is_adjusted or is_of_time):
        return False
    made = _of_counts(effect)  # of times, about the ratio of the risks
    if effect.measure == "MD" and effect.intervention.mean is not None and effect.comparator.mean is not None:
        made = effect.intervention.mean - effect.comparator.mean
    if made is None or effect.measure not in (*OF_COUNTS, "HR", "IRR", "MD"):
        return False
    made *= as_points(effect)
    other = (1 / made if made else math.inf) if effect.measure in RATIOS else -made
    return not effect.low <= made <= effect.high and effect.low <= other <= effect.high


def _of_means(first: float, second: float, told: Ends) -> Iterator[Sign]:
    half = half_unit([first, second])
    made = ends_of(lambda a, b: a - b, around(first, half), around(second, half))
    if not meet(told, made):
        yield "estimate_inverted" if meet(told, (-made[1], -made[0])) else "estimate_not_of_means"


def _is_of_errors(effect: Effect) -> bool:
    """Whether an interval is far from that of the standard deviations, as where these are standard errors."""
    arms = (effect.intervention, effect.comparator)
    if effect.measure != "MD" or effect.low is None or effect.high is None or effect.is_clustered:
        return False
    pairs = [(arm.sd, arm.total) for arm in arms if arm.sd and arm.total]
    if len(pairs) < len(arms):
        return False
    half, alpha = half_unit([effect.low, effect.high]), 1 - (effect.level or USUAL_LEVEL)
    width = 2 * NormalDist().inv_cdf(1 - alpha / 2) * math.sqrt(sum(sd**2 / total for sd, total in pairs))
    least, most = effect.high - effect.low - 2 * half, effect.high - effect.low + 2 * half
    return least > _FAR * width or most * _FAR < width


def _of_counts(effect: Effect) -> float | None:
    first, second = effect.intervention, effect.comparator
    if first.events is None or second.events is None or not first.total or not second.total:
        return None
    if effect.measure == "RD":
        return first.events / first.total - second.events / second.total
    others = (first.total - first.events, second.total - second.events)
    above, below = (
        (first.events * second.total, second.events * first.total)
        if effect.measure != "OR"
        else (first.events * others[1], second.events * others[0])
    )
    return above / below if below > 0 else None
