"""Ratios of pairs of runs, and whether they show a difference."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from glane_tools.benchmark.contenders import Comparison

WITHIN_NOISE = "within noise"
_MEASURES = {"steady": "better", "total": "worse", "steps": "worse"}
_OF_PROTECTION = {"start": "worse", "processor": "worse"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """The ratio of ours to theirs, over pairs of runs."""

    median: float
    low: float
    high: float
    pairs: int
    verdict: str


def steady_rows_per_s(rows: Sequence[tuple[float, int]], first_request: float) -> float | None:
    """Rows per second from the first request to the last answer, without the time to start and to end.

    `rows` are pairs (time in seconds, rows finished then), by time. Returns None if there are none.

    A window in the middle would favour contenders that do work for all rows before the first answer: vLLM's `LLM.chat`
    encodes all prompts, and checks and compiles all grammars, before its first step.
    """
    if not rows or rows[-1][0] <= first_request:
        return None
    return sum(count for _, count in rows) / (rows[-1][0] - first_request)


def middle_rows_per_s(rows: Sequence[tuple[float, int]], total: int) -> float | None:
    """Rows per second in the middle of a run, from the first tenth of its `total` rows to the last.

    Rows finished at the first moment of this part are not counted, as their work was done before it. Returns None if
    there are fewer than two moments in the middle.
    """
    done, middle = 0, []
    for time_s, count in rows:
        done += count
        if 0.1 * total <= done <= 0.9 * total:
            middle.append((time_s, done))
    if len(middle) < 2 or middle[-1][0] <= middle[0][0]:
        return None
    return (middle[-1][1] - middle[0][1]) / (middle[-1][0] - middle[0][0])


def pair_ratios(order: Sequence[str], values: Sequence[float | None], comparison: Comparison) -> list[float]:
    """Return ours over theirs for each pair of runs within `reach` of each other in `order`.

    A run between two of the other side makes a pair with each of them.
    """
    found = []
    for first, name in enumerate(order):
        other = {comparison.ours: comparison.theirs, comparison.theirs: comparison.ours}.get(name)
        for second in range(first + 1, min(first + comparison.reach, len(order) - 1) + 1):
            if order[second] == name:
                break  # the next run of the same contender is nearer to all that follow
            if order[second] == other:
                ours, theirs = (first, second) if name == comparison.ours else (second, first)
                mine, other_value = values[ours], values[theirs]
                if mine is not None and other_value is not None:
                    found.append(mine / other_value)
                break
    return found


def judge(ratios: Sequence[float], *, more_is: str) -> Ratio:
    """Summarise pairs. A difference counts only if every pair shows it and it exceeds their spread.

    `more_is` is "better" for rates and "worse" for times.
    """
    middle, low, high = median(ratios), min(ratios), max(ratios)
    if len(ratios) < 2:
        verdict = "one pair: noise unknown"
    elif low <= 1 <= high or abs(math.log(middle)) <= math.log(high / low) / 2:
        verdict = WITHIN_NOISE
    else:
        verdict = more_is if middle > 1 else {"better": "worse", "worse": "better"}[more_is]
    return Ratio(median=middle, low=low, high=high, pairs=len(ratios), verdict=verdict)


def _measures(comparison: Comparison) -> dict[str, str]:
    return _MEASURES | (_OF_PROTECTION if comparison.kind == "protection" else {})


def all_ratios(
    order: Sequence[str],
    measured: Mapping[str, Sequence[float | None]],
    comparisons: Sequence[Comparison],
) -> dict[str, dict[str, Any]]:
    """Return every ratio that has pairs.

    `measured` holds `steady` (rows/s), `total` (s) and `steps` (tokens that the model was asked for) of each run; for
    what protects documents `start` (s) and `processor` (seconds of a core for 1,000 rows), too.
    """
    found: dict[str, dict[str, Any]] = {}
    for comparison in comparisons:
        for what, more_is in _measures(comparison).items():
            ratios = pair_ratios(order, measured.get(what, [None] * len(order)), comparison)
            if ratios:
                one = judge(ratios, more_is=more_is)
                found[f"{what}_{comparison.name}"] = {
                    "median": round(one.median, 4),
                    "low": round(one.low, 4),
                    "high": round(one.high, 4),
                    "pairs": one.pairs,
                    "each": [round(ratio, 4) for ratio in ratios],
                    "verdict": one.verdict,
                    "ours": comparison.ours,
                    "theirs": comparison.theirs,
                    "kind": comparison.kind,
                }
    return found
