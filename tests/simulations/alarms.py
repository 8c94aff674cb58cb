"""Alarms on weekly counts: detection and false alarms on the truth, on the model's count and on the corrected count.

    .venv/bin/python tests/simulations/alarms.py [samples]

A year of 1,000 documents a week, of which 20 a week are reviewed at random. An alarm is a week above the mean of the
seven weeks before by more than so many of their standard deviations (EARS C1: Hutwagner, Thompson, Seeman and
Treadwell, J. Urban Health 2003). In the weeks 40 to 42 an outbreak adds cases. Detected is an outbreak with an alarm in
one of its weeks; false alarms are those of the weeks 8 to 39.
"""

from __future__ import annotations

import datetime
import sys
from typing import Any

import numpy as np
import polars as pl

from glane.assess.estimate.estimate import estimate
from glane.assess.estimate.question import Question

WEEKS, PER_WEEK, REVIEWED = 52, 1000, 20
OUTBREAK, BASELINE = range(40, 43), 7
LIMITS = (2.0, 2.5, 3.0, 3.5, 4.0)
SERIES = ("truth", "model", "corrected")
CELLS = [  # prevalence, cases added a week, sensitivity, specificity
    (0.02, 20, 0.9, 0.995), (0.02, 20, 0.7, 0.99), (0.005, 10, 0.9, 0.998), (0.05, 30, 0.9, 0.98),
]  # fmt: skip
_FIRST = datetime.date(2024, 1, 1)


def excess(counts: Any) -> Any:
    """By how many standard deviations of the seven weeks before each week lies above their mean; NaN at first."""
    found = np.full(len(counts), np.nan)
    for week in range(BASELINE, len(counts)):
        before = counts[week - BASELINE : week]
        found[week] = (counts[week] - before.mean()) / max(before.std(ddof=1), 0.5)
    return found


def study(cell: tuple[float, int, float, float], *, samples: int, seed: int) -> dict[str, list[tuple[float, float]]]:
    """By series and limit: the share of outbreaks detected, and false alarms a year."""
    prevalence, added, sensitivity, specificity = cell
    rng = np.random.default_rng(seed)
    found: dict[str, list[Any]] = {name: [] for name in SERIES}
    week = np.repeat(np.arange(WEEKS), PER_WEEK)
    days = pl.Series([_FIRST + datetime.timedelta(weeks=one) for one in range(WEEKS)]).gather(week)
    rates = np.full(WEEKS, prevalence)
    rates[list(OUTBREAK)] += added / PER_WEEK
    for _ in range(samples):
        truth = rng.random(len(week)) < rates[week]
        said = np.where(rng.random(len(week)) < np.where(truth, sensitivity, specificity), truth, ~truth)
        ids = np.arange(len(week))
        run = pl.DataFrame({"id": ids, "case": said, "day": days})
        gold = pl.DataFrame({"id": ids, "case": truth})[np.sort(rng.choice(len(ids), REVIEWED * WEEKS, replace=False))]
        asked = Question(what="count", field="case", by="day", every="week")
        table = estimate(run, gold, asked, id_column="id").estimates
        counts = {
            "truth": np.bincount(week, truth, WEEKS),
            "model": np.bincount(week, said, WEEKS),
            "corrected": np.array([one.estimate for one in table], dtype=float),
        }
        for name, one in counts.items():
            found[name].append(excess(one))
    told = {}
    for name, rows in found.items():
        every = np.array(rows)
        told[name] = [
            (
                float((every[:, list(OUTBREAK)] > limit).any(axis=1).mean()),
                float((every[:, 8:40] > limit).mean() * WEEKS),
            )
            for limit in LIMITS
        ]
    return told


if __name__ == "__main__":
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    print("| prevalence | added | Se | Sp | series | " + " | ".join(f"above {limit} sd" for limit in LIMITS) + " |")
    print("| --: | --: | --: | --: | --- |" + " --: |" * len(LIMITS))
    for one in CELLS:
        for name, ends in study(one, samples=times, seed=1).items():
            told = " | ".join(f"{detected:.2f} ({false:.1f})" for detected, false in ends)
            print(f"| {' | '.join(map(str, one))} | {name} | {told} |", flush=True)
