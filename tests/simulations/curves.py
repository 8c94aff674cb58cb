"""Weekly curves and tables by hospital: truth, the model's count and the corrected one, through `estimate`.

.venv/bin/python tests/simulations/curves.py            # all scenarios, 200 runs each
.venv/bin/python tests/simulations/curves.py 20 rare    # one, 20 runs
"""

from __future__ import annotations

import datetime
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from glane.assess.estimate.estimate import estimate
from glane.assess.estimate.question import Question

WEEKS, PER_WEEK, REVIEWED = 52, 1000, 20
_FIRST = datetime.date(2024, 1, 1)
_WEEK = np.arange(WEEKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Groups of documents: how many, how often yes is true, and how well the model tells it; each one value a group."""

    size: Any
    prevalence: Any
    sensitivity: Any
    specificity: Any
    by: str = "day"


SCENARIOS = {
    "rare": Scenario(size=PER_WEEK, prevalence=0.02, sensitivity=0.9, specificity=0.995),
    "wave": Scenario(
        size=PER_WEEK, prevalence=0.005 + 0.045 * np.exp(-(((_WEEK - 26) / 6) ** 2)), sensitivity=0.9, specificity=0.99
    ),
    "drifting sensitivity": Scenario(
        size=PER_WEEK, prevalence=0.05, sensitivity=np.linspace(0.95, 0.7, WEEKS), specificity=0.99
    ),
    "drifting sensitivity, wave": Scenario(
        size=PER_WEEK, prevalence=0.01 + 0.07 * np.exp(-(((_WEEK - 20) / 8) ** 2)),
        sensitivity=np.linspace(0.95, 0.7, WEEKS), specificity=0.99,
    ),
    "hospital mix": Scenario(
        size=np.array([15000, 10000, 8000, 6000, 5000, 4000, 2500, 1500]), by="hospital",
        prevalence=np.array([0.02, 0.03, 0.05, 0.01, 0.08, 0.04, 0.02, 0.06]),
        sensitivity=np.array([0.95, 0.9, 0.7, 0.9, 0.8, 0.95, 0.6, 0.9]),
        specificity=np.array([0.995, 0.99, 0.98, 0.995, 0.99, 0.97, 0.99, 0.995]),
    ),
    "nearly perfect model": Scenario(size=PER_WEEK, prevalence=0.02, sensitivity=0.95, specificity=0.999),
    "very rare": Scenario(size=PER_WEEK, prevalence=0.005, sensitivity=0.8, specificity=0.998),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """How a method did over all samples."""

    sum_ratio: float  # of the estimates' sum to the truth's
    sum_of_model: float
    rmse: float
    rmse_of_model: float
    coverage: float  # of the limits of single groups
    all_at_once: float  # of the bands
    of_total: float


def curve(scenario: Scenario, *, samples: int, seed: int, reviewed: int = REVIEWED) -> Curve:
    """Draw runs and random reviews of as many documents a week, and ask for the count of each group."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[float, ...]] = []
    for _ in range(samples):
        run, truth, by_group = _drawn(scenario, rng)
        gold = truth[np.sort(rng.choice(len(truth), reviewed * WEEKS, replace=False))]
        every = "week" if scenario.by == "day" else None
        question = Question(what="count", field="fever", by=scenario.by, every=every)
        found = estimate(run, gold, question, id_column="id")
        assert found.together is not None
        point, low, high, band_low, band_high, model = (
            np.array([getattr(one, name) for one in found.estimates], dtype=float)
            for name in ("estimate", "low", "high", "band_low", "band_high", "model")
        )
        total = found.together.total
        assert total.low is not None
        assert total.high is not None
        rows.append(
            (
                point.sum() / by_group.sum(), model.sum() / by_group.sum(), ((point - by_group) ** 2).mean() ** 0.5,
                ((model - by_group) ** 2).mean() ** 0.5, ((low <= by_group) & (by_group <= high)).mean(),
                bool(((band_low <= by_group) & (by_group <= band_high)).all()),
                total.low <= by_group.sum() <= total.high,
            )
        )  # fmt: skip
    means = np.array(rows, dtype=float).mean(axis=0)
    return Curve(**{name: float(mean) for name, mean in zip(Curve.__dataclass_fields__, means, strict=True)})


def _drawn(scenario: Scenario, rng: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame, Any]:
    size = np.broadcast_to(scenario.size, np.broadcast_shapes(np.shape(scenario.size), _shape(scenario)))
    group = np.repeat(np.arange(len(size)), size)
    truth = rng.random(len(group)) < np.broadcast_to(scenario.prevalence, size.shape)[group]
    right = np.where(truth, np.broadcast_to(scenario.sensitivity, size.shape)[group],
                     np.broadcast_to(scenario.specificity, size.shape)[group])  # fmt: skip
    said = np.where(rng.random(len(group)) < right, truth, ~truth)
    ids = np.arange(len(group))
    labels = (
        [_FIRST + datetime.timedelta(weeks=int(one)) for one in range(len(size))]
        if scenario.by == "day" else [f"H{one}" for one in range(len(size))]
    )  # fmt: skip
    run = pl.DataFrame({"id": ids, "fever": said, scenario.by: pl.Series(labels).gather(group)})
    return run, pl.DataFrame({"id": ids, "fever": truth}), np.bincount(group, truth, len(size))


def _shape(scenario: Scenario) -> tuple[int, ...]:
    return (WEEKS,) if scenario.by == "day" else np.shape(scenario.size)


if __name__ == "__main__":
    num = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print("| scenario | sum | sum of the model | RMSE | RMSE of the model | coverage | bands | total |")
    print("| --- | --: | --: | --: | --: | --: | --: | --: |")
    for name in sys.argv[2:] or SCENARIOS:
        one = curve(SCENARIOS[name], samples=num, seed=1)
        print(
            f"| {name} | {one.sum_ratio:.2f} | {one.sum_of_model:.2f} | {one.rmse:.1f} | {one.rmse_of_model:.1f} "
            f"| {one.coverage:.3f} | {one.all_at_once:.2f} | {one.of_total:.2f} |",
            flush=True,
        )
