"""Coverage of the intervals of a nowcast: how often the final count of a week is in the interval told while reports came.

.venv/bin/python tests/simulations/nowcast.py 500

Of each series, 40 weeks of counts (negative binomial, with a season), and for each case a delay of 0 to 8 weeks, of which
6 are declared as the longest in `late`. The reports until the last week are in. Scenarios: delays that stay as they are;
counts of 2 a week; reports in batches (the delays of a week share a draw); an outbreak that trebles the last two weeks;
in the last eight weeks half of the reports of the first three weeks come two weeks later, judged by all weeks and by
the six last weeks of reports; and delays longer than declared.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glane.surveillance.nowcast import nowcast

WEEKS, LONGEST = 40, 8
DELAYS = np.array([0.3, 0.27, 0.16, 0.1, 0.07, 0.04, 0.03, 0.02, 0.01])
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """How cases are reported."""

    mean: float = 40.0  # cases a week
    batches: float = 0.0  # 0: each report by itself; else the weight of a week's own delays
    slower: float = 0.0  # of the first three delays' shares, what moves two weeks later in the last eight weeks
    outbreak: float = 1.0  # times the cases of the last two weeks
    declared: int = LONGEST
    recent: int | None = None


SCENARIOS = {
    "steady": Scenario(),
    "few": Scenario(mean=2.0),
    "batches": Scenario(batches=30.0),
    "outbreak": Scenario(outbreak=3.0),
    "slower, all weeks": Scenario(slower=0.5),
    "slower, six last": Scenario(slower=0.5, recent=6),
    "steady, six last": Scenario(recent=6),
    "late": Scenario(declared=4),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Of the weeks that a delay of so many weeks is in of."""

    covered: float
    below: float  # the share of final counts below the interval: too many were expected
    above: float
    ratio: float  # what was expected over what came, of all series together
    raw_ratio: float  # the same of the counts as they were reported
    width: float  # of the interval, over the final count


def simulated(scenario: Scenario, *, series: int, seed: int) -> list[Found]:
    """What is found by the weeks that have passed since: 0, 1, 2 and 3."""
    told = [_once(scenario, np.random.default_rng([seed, number])) for number in range(series)]
    return [_summed(np.array([one[passed] for one in told])) for passed in range(4)]


def _once(scenario: Scenario, rng: np.random.Generator) -> list[tuple[float, ...]]:
    weeks = np.arange(WEEKS)
    mean = scenario.mean * np.exp(0.4 * np.cos(2 * np.pi * weeks / 52))
    mean[-2:] *= scenario.outbreak
    cases = rng.negative_binomial(10, 10 / (10 + mean))
    delays = np.tile(DELAYS, (WEEKS, 1))
    moved = delays[-8:, :3] * scenario.slower
    delays[-8:, :3] -= moved
    delays[-8:, 2:5] += moved
    if scenario.batches:
        delays = np.array([rng.dirichlet(scenario.batches * one) for one in delays])
    full = np.array([rng.multinomial(num, one) for num, one in zip(cases, delays, strict=True)], dtype=np.float64)
    is_there = np.add.outer(weeks, np.arange(LONGEST + 1)) < WEEKS
    seen = np.where(is_there, full, 0)
    cut = scenario.declared
    seen = np.hstack([seen[:, :cut], seen[:, cut:].sum(axis=1, keepdims=True)])
    found = nowcast(seen, is_there[:, : cut + 1], np.zeros(WEEKS), recent=scenario.recent, level=0.95)
    return [
        (found.low[-1 - passed], found.expected[-1 - passed], found.high[-1 - passed], float(full[-1 - passed].sum()),
         float(seen[-1 - passed].sum()))
        for passed in range(4)
    ]  # fmt: skip


def _summed(told: Floats) -> Found:
    low, expected, high, final, raw = told.T
    return Found(
        covered=float(((low <= final) & (final <= high)).mean()), below=float((final < low).mean()),
        above=float((final > high).mean()), ratio=float(expected.sum() / final.sum()),
        raw_ratio=float(raw.sum() / final.sum()), width=float((high - low).mean() / final.mean()),
    )  # fmt: skip


def main() -> None:
    """Print all scenarios."""
    num = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print(f"{'scenario':<18} weeks since  covered  below  above  expected/final  as reported/final  width/final")
    for name, scenario in SCENARIOS.items():
        for passed, one in enumerate(simulated(scenario, series=num, seed=1)):
            print(
                f"{name:<18} {passed:11d}  {one.covered:7.2f}  {one.below:5.2f}  {one.above:5.2f}  {one.ratio:14.2f}"
                f"  {one.raw_ratio:17.2f}  {one.width:11.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
