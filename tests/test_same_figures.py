"""One quantity has one figure and one interval, whichever command tells it, and however finely its table is cut."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from glane.assess.estimate.estimate import estimate
from glane.assess.estimate.question import Question
from glane.settings.table import TableDefinition
from glane.surveillance.dimensions import located
from glane.surveillance.table import surveillance_table
from glane.validation import validated

FIRST = datetime.date(2026, 1, 5)
CUTS: list[dict[str, Any]] = [
    {},
    {"time": {"column": "day"}},
    {"groups": ["h"]},
    {"time": {"column": "day"}, "groups": ["h"]},
]
CASES = {  # documents, weeks, share of true yes, reviewed
    "sparse": (300, 150, 0.03, 60),
    "rare": (900, 10, 0.003, 60),
    "never seen": (200, 40, 0.0, 20),
    "common": (600, 8, 0.4, 90),
    "all reviewed": (200, 20, 0.05, 200),
}


def run_and_gold(name: str, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Documents of five hospitals with the model's answer, and a random sample of right answers."""
    num, weeks, share, reviewed = CASES[name]
    rng = np.random.default_rng(seed)
    truth = rng.random(num) < share
    rows = pl.DataFrame(
        {
            "id": [f"d{one}" for one in range(num)],
            "flu": np.where(truth, rng.random(num) < 0.8, rng.random(num) < 0.01),
            "day": [FIRST + datetime.timedelta(weeks=int(one)) for one in rng.integers(0, weeks, num)],
            "h": rng.choice(list("ABCDE"), num, p=[0.5, 0.3, 0.1, 0.06, 0.04]),
        }
    )
    return rows, pl.DataFrame({"id": rows["id"], "flu": truth}).sample(reviewed, seed=seed)


def table(rows: pl.DataFrame, gold: pl.DataFrame, cut: dict[str, Any]) -> pl.DataFrame:
    told = validated(TableDefinition, {"name": "t", "unit": "document", "field": "flu"} | cut, place="table")
    question = Question(what="count", field="flu", population="run")
    return surveillance_table(
        located(rows, rows.head(0), told), told, question, id_column="id", reviewed=gold
    ).rows  # fmt: skip


def figures(row: dict[str, Any]) -> tuple[float, float, float]:
    return row["estimate"], row["low"], row["high"]


@pytest.mark.parametrize("name", CASES)
def test_the_total_is_that_of_estimate_however_finely_a_table_is_cut(name: str) -> None:
    rows, gold = run_and_gold(name, 1)
    [whole] = estimate(rows, gold, Question(what="count", field="flu"), id_column="id").estimates
    told = (whole.estimate, whole.low, whole.high)
    for cut in CUTS:
        found = table(rows, gold, cut)
        assert figures(found.filter(pl.col("margin") == "all").row(0, named=True)) == pytest.approx(told, abs=1e-6)
        for _, margin in found.group_by("margin"):
            assert margin["estimate"].sum() == pytest.approx(told[0], abs=1e-5)
    if name == "all reviewed":
        true = float(gold["flu"].sum())
        assert told == (true, true, true)


@pytest.mark.parametrize("name", CASES)
def test_the_rows_of_one_key_are_those_of_estimate_by_it_whatever_else_a_table_is_cut_by(name: str) -> None:
    rows, gold = run_and_gold(name, 3)
    for by, every, margin in (("h", None, "h"), ("day", "week", "period")):
        asked = Question(what="count", field="flu", by=by, every=every)  # type: ignore[arg-type]
        told = {one.group: (one.estimate, one.low, one.high) for one in
                estimate(rows, gold, asked, id_column="id").estimates}  # fmt: skip
        for cut in CUTS[2:] if by == "h" else CUTS[1::2]:
            found = table(rows, gold, cut).filter(pl.col("margin") == margin)
            for row in found.iter_rows(named=True):
                assert figures(row) == pytest.approx(told[row[margin]], abs=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_no_count_is_more_than_the_documents_that_may_be_cases_nor_less_than_those_known_to_be(name: str) -> None:
    rows, gold = run_and_gold(name, 4)
    known = rows.drop("flu").join(gold, on="id", how="left")
    for row in table(rows, gold, CUTS[3]).filter(pl.col("margin") == "period × h").iter_rows(named=True):
        here = known.filter((pl.col("day") == row["period"]) & (pl.col("h") == row["h"]))
        yes, no = int(here["flu"].sum()), int((~here["flu"]).sum())
        assert yes - 1e-6 <= row["low"] <= row["estimate"] + 1e-6
        assert row["estimate"] - 1e-6 <= row["high"] <= row["documents"] - no + 1e-6
