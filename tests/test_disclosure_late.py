"""Editions of a series whose counts grow by late reports: what the newest alone gives, and what only growing gives."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_array, eye_array, hstack, vstack

from glane.api.aggregate import Aggregated
from glane.disclosure.audit import intervals
from glane.disclosure.layout import sums
from glane.disclosure.register import read_register
from test_disclosure_leaving import definition, left

DAY, LEAST = datetime.date(2026, 1, 6), 11
BY = {"time": {"column": "day", "last": "2026-01-11"}, "groups": ["h"]}
Edition = Mapping[str, tuple[int, int]]  # of each hospital: cases and others


def notes(edition: Edition) -> pl.DataFrame:
    rows = [(f"{h}{i}", i < cases, DAY, h) for h, (cases, others) in edition.items() for i in range(cases + others)]
    return pl.DataFrame(rows, schema=["id", "flu", "day", "h"], orient="row")


def issued(edition: Edition, folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The raw rows, and those that were told."""
    told = definition(**BY, disclosure={"least": LEAST, "register": str(folder / "register")})
    raw, found = left(notes(edition), told)
    Aggregated(table=found.rows, summary=found.summary, issue=found.issue).write(str(folder / "out"))
    return raw, found.rows


def widths(folder: Path, raw: pl.DataFrame) -> np.ndarray:
    """Of the small counts that the last edition hides: how well it tells them, and that counts only grow."""
    *before, last = read_register(folder / "register").tables
    parts = sums([one.layout() for one in (last, *before)])
    hidden = np.array([one is None for one in last.cases])
    true = raw["model"].to_numpy()
    least = [(of[[at]], cases) for one, of in zip(before, parts[1:], strict=True)
             for at, cases in enumerate(one.cases) if cases is not None]  # fmt: skip
    bounds = hstack([vstack([row for row, _ in least]), -eye_array(len(least))])
    own = parts[0][np.flatnonzero(~hidden)]
    equations = vstack([hstack([own, csr_array((own.shape[0], len(least)))]), bounds], format="csr")
    targets = parts[0][np.flatnonzero(hidden & (true > 0) & (true < LEAST))]
    assert targets.shape[0]
    told = np.append(true[~hidden], [cases for _, cases in least]).astype(np.float64)
    wider = hstack([targets, csr_array((targets.shape[0], len(least)))], format="csr")
    return intervals(csr_array(equations), told, csr_array(wider), width=LEAST, effort="exact").widths


@pytest.mark.parametrize(
    "editions",
    [
        [{"A": (38, 60), "B": (0, 30)}, {"A": (38, 60), "B": (2, 30)}],
        [{"A": (38, 60), "B": (0, 30)}, {"A": (39, 60), "B": (2, 30)}],
        [{"A": (38, 60), "B": (0, 30), "C": (20, 40)}, {"A": (38, 60), "B": (2, 30), "C": (20, 41)}],
        [{"A": (38, 60), "B": (0, 30)}, {"A": (40, 60), "B": (0, 31)}, {"A": (40, 61), "B": (3, 31)}],
        [{"A": (38, 60), "B": (0, 30), "C": (0, 40)}, {"A": (38, 60), "B": (5, 30), "C": (6, 40)}],
    ],
)  # fmt: skip
def test_a_count_that_grew_into_a_small_one_is_hidden(tmp_path: Path, editions: Sequence[Edition]) -> None:
    for edition in editions:
        raw, told = issued(edition, tmp_path)
    small = ((raw["model"] > 0) & (raw["model"] < LEAST)).to_numpy()
    assert told.filter(pl.Series(small))["model"].null_count() == small.sum()
    assert (widths(tmp_path, raw) >= LEAST - 1e-6).all()


def test_that_counts_only_grow_does_not_tell_what_is_left_of_a_total(tmp_path: Path) -> None:
    """A was 19 of 22, and is 20 of 22 today: hidden alone it would lie from 19 to 22, so B from 0 to 3."""
    issued({"A": (19, 60), "B": (0, 30)}, tmp_path)
    raw, told = issued({"A": (20, 60), "B": (2, 30)}, tmp_path)
    assert told.filter(pl.col("h") == "B")["model"].null_count() == 2
    assert (widths(tmp_path, raw) >= LEAST - 1e-6).all()
    assert told.filter(pl.col("margin") == "all")["model"].item() is None


def test_a_count_that_fell_is_no_bound(tmp_path: Path) -> None:
    issued({"A": (38, 60), "B": (15, 30)}, tmp_path)
    _, told = issued({"A": (38, 60), "B": (4, 41)}, tmp_path)
    assert told.filter(pl.col("h") == "B")["model"].null_count() == 2
