"""Sentinels over five years of weekly runs: how often they alarm without cause, and what they see.

.venv/bin/python tests/simulations/sentinels.py           # 200 histories of five years each
.venv/bin/python tests/simulations/sentinels.py 1000
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from glane.assess.compare.alarm_budget import corrected, excess_p, fewest_that_alarm
from glane.assess.proportion import Share, wilson
from glane.drift import AlarmBudget

TOLERANCE, RUNS, FIELDS = 0.02, 260, 20
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """How answers of later runs differ from the frozen ones: each document, in each field, with a chance of `share`."""

    engine_lasts: int  # runs; a new engine, prompt or batch size decides anew which documents differ
    unstable: float  # of the documents, the share that is decided anew in each run


HISTORIES = {
    "each run anew": History(engine_lasts=1, unstable=0.0),
    "engine of a quarter, a tenth anew": History(engine_lasts=13, unstable=0.1),
    "one engine, always the same": History(engine_lasts=RUNS, unstable=0.0),
}


def differing(history: History, rng: np.random.Generator, *, documents: int, share: float) -> Iterator[Counts]:
    """For each run, how many documents differ, by field."""
    shape = (documents, FIELDS)
    known = rng.random(shape) < share
    for run in range(RUNS):
        if run % history.engine_lasts == 0:
            known = rng.random(shape) < share
        anew = rng.random(shape) < history.unstable if history.unstable else np.zeros(shape, dtype=bool)
        yield np.where(anew, rng.random(shape) < share, known).sum(axis=0)


@cache
def alarms(most: int, documents: int, budget: AlarmBudget) -> bool:
    """Whether a run alarms in whose worst field `most` documents differ: Holm's first step looks at no other field."""
    family = {place: excess_p(most if place == 0 else 0, documents, TOLERANCE) for place in range(FIELDS)}
    return min(corrected(family).values()) <= budget.level


@cache
def alarms_by_wilson(most: int, documents: int) -> bool:
    """The same by the former rule: the upper limit of the share that is the same, field by field and run by run."""
    return wilson(Share(value=1 - most / documents, num_effective=documents), 0.95)[1] < 1 - TOLERANCE


def false_alarms(history: History, *, documents: int, samples: int, seed: int = 0) -> tuple[float, float]:
    """The share of histories with any alarm in five years at the tolerated share: by the budget, by the former rule."""
    rng, budget, found = np.random.default_rng(seed), AlarmBudget(planned_runs=RUNS), np.zeros(2)
    for _ in range(samples):
        worst = max(int(run.max()) for run in differing(history, rng, documents=documents, share=TOLERANCE))
        found += alarms(worst, documents, budget), alarms_by_wilson(worst, documents)
    return float(found[0] / samples), float(found[1] / samples)


def seen_by_one_run(documents: int, planned_runs: int, *, power: float = 0.9) -> tuple[int, float]:
    """The fewest documents that alarm, and the share that must differ in a field to be seen with this `power`."""
    fewest = fewest_that_alarm(documents, TOLERANCE, FIELDS, AlarmBudget(planned_runs=planned_runs))
    assert fewest is not None
    shares = np.linspace(0, 1, 1001)
    return fewest, float(shares[np.argmax(binom.sf(fewest - 1, documents, shares) >= power)])


def main() -> None:
    """Print both tables."""
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print(f"Any false alarm in {RUNS} runs, {FIELDS} fields, {TOLERANCE:.0%} tolerated; {samples} histories")
    for documents in (50, 200):
        for name, history in HISTORIES.items():
            now, before = false_alarms(history, documents=documents, samples=samples)
            print(f"{documents:4} {name:34} {now:.3f}   by the former rule {before:.3f}")
    print("Documents that must differ in a field, and the share that one run sees with a chance of 0.9")
    for documents in (50, 100, 200, 400, 1000):
        told = ", ".join(
            f"{runs} runs: {fewest} ({share:.3f})"
            for runs in (1, 52, 260, 1825)
            for fewest, share in [seen_by_one_run(documents, runs)]
        )
        print(f"{documents:4} {told}")


if __name__ == "__main__":
    main()
