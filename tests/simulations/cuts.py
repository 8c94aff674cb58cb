"""Tables of rare cases cut more and less finely: whether the total stays the same, and how often limits hold the truth.

.venv/bin/python tests/simulations/cuts.py 100             # all scenarios, 100 tables of each cut
.venv/bin/python tests/simulations/cuts.py 100 demo        # one
"""

from __future__ import annotations

import datetime
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.assess.estimate.question import Question
from glane.settings.table import TableDefinition
from glane.surveillance.dimensions import located
from glane.surveillance.table import surveillance_table

_FIRST = datetime.date(2026, 1, 5)
CUTS: Mapping[str, list[str]] = {"none": [], "h": ["h"], "period": ["period"], "period × h": ["period", "h"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Documents of so many weeks and hospitals, how often yes is true, and how well the model tells it."""

    documents: int
    reviewed: int
    weeks: int
    hospitals: int
    prevalence: float
    sensitivity: float
    false_positive: float


SCENARIOS: Mapping[str, Scenario] = {
    "demo": Scenario(
        documents=300, reviewed=60, weeks=156, hospitals=5, prevalence=0.03, sensitivity=0.9, false_positive=0.005
    ),
    "rare": Scenario(
        documents=5200, reviewed=260, weeks=52, hospitals=5, prevalence=0.005, sensitivity=0.8, false_positive=0.002
    ),
    "missed": Scenario(
        documents=5200, reviewed=260, weeks=52, hospitals=5, prevalence=0.01, sensitivity=0.4, false_positive=0.0
    ),
    "common": Scenario(
        documents=5200, reviewed=260, weeks=52, hospitals=5, prevalence=0.3, sensitivity=0.9, false_positive=0.05
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Of one table, cut by some keys: of its total and of its finest rows."""

    total_covered: bool
    total_width: float
    covered: float
    width: float
    zero_width: float  # the share of rows with a document nobody reviewed that are told as if they were known


def simulated(scenario: Scenario, seed: int) -> dict[str, Cut]:
    """One run, its review, and its tables by each cut."""
    rng = np.random.default_rng(seed)
    num = scenario.documents
    week, hospital = rng.integers(0, scenario.weeks, num), rng.integers(0, scenario.hospitals, num)
    truth = rng.random(num) < scenario.prevalence
    said = np.where(truth, rng.random(num) < scenario.sensitivity, rng.random(num) < scenario.false_positive)
    rows = pl.DataFrame(
        {
            "id": np.arange(num).astype(str), "flu": said, "truth": truth, "h": hospital.astype(str),
            "day": [_FIRST + datetime.timedelta(days=7 * int(one)) for one in week],
        }
    )  # fmt: skip
    rows = rows.with_columns(period=pl.col("day"))
    gold = rows.sample(scenario.reviewed, seed=seed).select("id", flu="truth")
    return {name: _cut(rows, gold, keys) for name, keys in CUTS.items()}


def _cut(rows: pl.DataFrame, gold: pl.DataFrame, keys: list[str]) -> Cut:
    told = {"time": {"column": "day"}} if "period" in keys else {}
    definition = TableDefinition.model_validate(
        {"name": "t", "unit": "document", "field": "flu", "groups": [one for one in keys if one == "h"]} | told
    )
    table = surveillance_table(
        located(rows, rows.head(0), definition), definition, Question(what="count", field="flu"), id_column="id",
        reviewed=gold,
    ).rows  # fmt: skip
    total = table.filter(pl.col("margin") == "all").row(0, named=True)
    fine = table.filter(pl.col("margin") == (" × ".join(keys) or "all"))
    true = _true(rows, fine, keys)
    low, high = fine["low"].to_numpy(), fine["high"].to_numpy()
    is_open = fine.select(pl.col("documents") > pl.col("reviewed")).to_series().to_numpy()
    held = (low - 1e-6 <= true) & (true <= high + 1e-6)
    return Cut(
        total_covered=total["low"] - 1e-6 <= rows["truth"].sum() <= total["high"] + 1e-6,
        total_width=total["high"] - total["low"], covered=float(held[is_open].mean()),
        width=float((high - low)[is_open].mean()), zero_width=float((high - low <= 1e-6)[is_open].mean()),
    )  # fmt: skip


def _true(rows: pl.DataFrame, fine: pl.DataFrame, keys: list[str]) -> NDArray[np.float64]:
    if not keys:
        return np.array([float(rows["truth"].sum())])
    found = fine.join(rows.group_by(keys).agg(pl.col("truth").sum()), on=keys, how="left", maintain_order="left")
    return found["truth"].fill_null(0).cast(pl.Float64).to_numpy()


def main() -> None:
    """Print coverage and widths of each cut of each scenario."""
    samples, names = int(sys.argv[1]) if len(sys.argv) > 1 else 20, sys.argv[2:] or list(SCENARIOS)
    print(f"{'scenario':<8} {'cut':<11} total: covered  width    rows: covered  width  without width")
    for name in names:
        tables = [simulated(SCENARIOS[name], seed) for seed in range(samples)]
        for cut in CUTS:
            found = [one[cut] for one in tables]
            total, wide, covered, width, zero = (
                float(np.mean([getattr(one, field) for one in found])) for field in Cut.__dataclass_fields__
            )
            print(
                f"{name:<8} {cut:<11} {total:14.3f} {wide:6.1f} {covered:16.3f} {width:6.2f} {zero:10.3f}", flush=True
            )


if __name__ == "__main__":
    main()
