"""Tables by week and hospital: truth, the model's count and the corrected one, of every margin.

.venv/bin/python tests/simulations/surveillance.py 20          # all scenarios, 20 tables each
.venv/bin/python tests/simulations/surveillance.py 20 wave     # one
"""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.assess.estimate.question import Question
from glane.settings.table import TableDefinition
from glane.surveillance.dimensions import located
from glane.surveillance.table import surveillance_table

WEEKS, HOSPITALS, PER_CELL, REVIEWED = 52, 5, 200, 20
_FIRST = datetime.date(2026, 1, 5)
_WEEK = np.repeat(np.arange(WEEKS), HOSPITALS * PER_CELL)
_HOSPITAL = np.tile(np.repeat(np.arange(HOSPITALS), PER_CELL), WEEKS)
_WAVE = 0.005 + 0.045 * np.exp(-(((_WEEK - 26) / 6) ** 2))
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Documents: how often yes is true, and how well the model tells it."""

    prevalence: Floats | float
    sensitivity: Floats | float
    false_positive: Floats | float


SCENARIOS: Mapping[str, Scenario] = {
    "rare": Scenario(prevalence=0.02, sensitivity=0.9, false_positive=0.01),
    "wave": Scenario(prevalence=_WAVE, sensitivity=0.9, false_positive=0.01),
    "hospital": Scenario(
        prevalence=_WAVE, sensitivity=np.where(_HOSPITAL == 1, 0.6, 0.95),
        false_positive=np.where(_HOSPITAL == 0, 0.04, 0.005),
    ),
    "drift": Scenario(prevalence=0.02, sensitivity=np.where(_WEEK > 26, 0.7, 0.95), false_positive=0.01),
}  # fmt: skip
MARGINS: Mapping[str, tuple[list[str], Callable[[NDArray[np.bool_]], Floats]]] = {
    "all": ([], lambda truth: np.array([truth.sum()], dtype=np.float64)),
    "period": (["period"], lambda truth: np.bincount(_WEEK, truth)),
    "h": (["h"], lambda truth: np.bincount(_HOSPITAL, truth)),
    "period × h": (["period", "h"], lambda truth: np.bincount(_WEEK * HOSPITALS + _HOSPITAL, truth)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of one margin of one table."""

    covered: float
    error: float  # root mean square, of the corrected counts
    raw_error: float  # of the model's
    ratio: float  # of the sum of corrected counts to the truth

    def as_row(self) -> list[float]:
        return [self.covered, self.raw_error, self.error, self.ratio]


def simulated(scenario: Scenario, seed: int) -> dict[str, Figures]:
    """One year, its review and its table."""
    rng = np.random.default_rng(seed)
    num = len(_WEEK)
    truth = rng.random(num) < scenario.prevalence
    said = np.where(truth, rng.random(num) < scenario.sensitivity, rng.random(num) < scenario.false_positive)
    rows = pl.DataFrame(
        {
            "id": np.arange(num).astype(str), "flu": said, "h": _HOSPITAL.astype(str),
            "day": [_FIRST + datetime.timedelta(days=7 * int(week)) for week in _WEEK],
        }
    )  # fmt: skip
    drawn = rng.choice(num, REVIEWED * WEEKS, replace=False)
    gold = rows[drawn].select("id").with_columns(pl.Series("flu", truth[drawn]))
    definition = TableDefinition.model_validate(
        {"name": "t", "unit": "document", "field": "flu", "time": {"column": "day"}, "groups": ["h"]}
    )
    table = surveillance_table(
        located(rows, rows.head(0), definition), definition, Question(what="count", field="flu"), id_column="id",
        reviewed=gold,
    ).rows  # fmt: skip
    found = {}
    for margin, (keys, counted) in MARGINS.items():
        shown = table.filter(pl.col("margin") == margin)
        shown = shown.sort(keys) if keys else shown
        true = counted(truth)
        low, high, estimate, model = (shown[name].to_numpy() for name in ("low", "high", "estimate", "model"))
        found[margin] = Figures(
            covered=float(((low <= true) & (true <= high)).mean()),
            error=float(np.sqrt(((estimate - true) ** 2).mean())),
            raw_error=float(np.sqrt(((model - true) ** 2).mean())),
            ratio=float(estimate.sum() / true.sum()),
        )
    return found


def main() -> None:
    """Print coverage, the errors and the ratio of each margin of each scenario."""
    samples, names = int(sys.argv[1]) if len(sys.argv) > 1 else 20, sys.argv[2:] or list(SCENARIOS)
    print(f"{'scenario':<10} {'margin':<12} covered  raw error  corrected  sum / truth")
    for name in names:
        tables = [simulated(SCENARIOS[name], seed) for seed in range(samples)]
        for margin in MARGINS:
            covered, raw, error, ratio = np.mean([one[margin].as_row() for one in tables], axis=0)
            print(f"{name:<10} {margin:<12} {covered:7.3f}  {raw:9.2f}  {error:9.2f}  {ratio:11.3f}", flush=True)


if __name__ == "__main__":
    main()
