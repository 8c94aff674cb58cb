"""Tables of shares and counts: one estimate for each group, by one method, adding up to the figure of all groups."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.assess.estimate.clustered import Clustering, clustering, few_clusters
from glane.assess.estimate.error_rates import mean_of_yes, rates_of_review
from glane.assess.estimate.figures import joined_notes
from glane.assess.estimate.groups import Cell, Groups, Rates
from glane.assess.estimate.notes import note
from glane.assess.estimate.pooled import Pooled, bands, limits, of_process, pooled
from glane.assess.estimate.question import GOLD, GROUP, MODEL, REVIEWED, STEPS, STRATUM, WEIGHT, Question
from glane.assess.estimate.record import Estimate, Together
from glane.assess.estimate.shares import share_of
from glane.assess.proportion import Interval
from glane.assess.share_estimators import prediction_powered
from glane.assess.strata import strata_of

_NOT_REVIEWED = note("not_reviewed")
_MOST_COVARIANCES = 400  # groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a table rests on beside its own groups."""

    rates: Rates
    total: Interval  # the count of yes in the run
    line: Estimate  # the figure over all groups
    method: str


def basis_of_review(rows: pl.DataFrame, question: Question) -> Basis:
    """The review of the run's own documents."""
    together = clustering(rows, question)
    return Basis(
        rates=rates_of_review(rows, effect=together.effect),
        total=together.widened(_count_of_all(rows, question), most=rows.height),
        line=share_of(rows, replace(question, by=None, every=None, method="ppi"), None),
        method="pooled",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledCells:
    """Counts of yes in each group of a run, by one method for all of them."""

    cells: pl.DataFrame  # GROUP, and what was counted in each, in order
    groups: Groups
    found: Pooled
    together: Clustering

    def of_process(self, *, is_count: bool) -> NDArray[np.float64]:
        """Draws for what the documents are a sample of, shape (draws, groups)."""
        return of_process(self.found, self.groups, is_count=is_count, effect=self.together.effect)


def pooled_cells(rows: pl.DataFrame, question: Question, basis: Basis) -> PooledCells:
    """Counts of yes by group, which add up to that of the run; see `glane.assess.estimate.pooled`."""
    together = clustering(rows, question)
    cells = _by_group(rows, together.effect)
    groups = _groups(cells, is_ordered=question.every is not None and cells[GROUP].null_count() == 0)
    found = pooled(groups, basis.rates, basis.total, level=question.level)
    return PooledCells(cells=cells, groups=groups, found=found, together=together)


def pooled_table(rows: pl.DataFrame, question: Question, basis: Basis) -> tuple[list[Estimate], Together]:
    """Shares or counts by group, which add up to the figure over all groups; see `glane.assess.estimate.pooled`."""
    counted = pooled_cells(rows, question, basis)
    cells, groups, found, together = counted.cells, counted.groups, counted.found, counted.together
    is_count = question.what == "count"
    draws = found.draws if question.is_finite else counted.of_process(is_count=is_count)
    size = np.ones(cells.height) if is_count else groups.num_run
    figures = [found.estimate, *limits(draws, found.estimate, question.level)]
    figures += bands(draws, found.estimate, question.level)
    model = groups.run_yes / size
    is_reviewed = basis.method == "pooled"
    lines = []
    for place, cell in enumerate(cells.iter_rows(named=True)):
        estimate, low, high, band_low, band_high = (float(one[place] / size[place]) for one in figures)
        num_gold = cell["yes_num"] + cell["no_num"]
        unseen = _NOT_REVIEWED if is_reviewed and not num_gold else None
        lines.append(
            Estimate(
                group=cell[GROUP], term=None, estimate=estimate, low=low, high=high, band_low=band_low,
                band_high=band_high, method=basis.method, n_gold=num_gold, n_run=cell["num"],
                model=float(model[place]), tuning=None,
                note=joined_notes(unseen, few_clusters(rows, question) if is_reviewed else None),
                clusters=together.num or None, design_effect=together.effect if together.num else None,
            )
        )  # fmt: skip
    covariance = np.cov(draws / size, rowvar=False).reshape(cells.height, cells.height)
    of_all = Together(
        total=basis.line,
        heterogeneity=found.heterogeneity,
        covariance=None if cells.height > _MOST_COVARIANCES else tuple(map(tuple, covariance.tolist())),
    )
    return lines, of_all


def with_all_periods(found: Sequence[Estimate], question: Question) -> list[Estimate]:
    """The same, with those periods between the first and the last to which no document belongs."""
    known = {one.group: one for one in found}
    periods = [group for group in known if isinstance(group, datetime.date)]
    if question.every is None or not periods:
        return list(found)
    every = pl.date_range(min(periods), max(periods), interval=STEPS[question.every], eager=True).to_list()
    return [known.get(period) or _empty(period, question) for period in every] + (
        [known[None]] if None in known else []
    )


def _empty(period: datetime.date, question: Question) -> Estimate:
    """A period without a document: a count of 0 of the run's own documents, and no share."""
    nothing = 0.0 if question.what == "count" and question.is_finite else None
    return Estimate(
        group=period, term=None, estimate=nothing, low=nothing, high=nothing, band_low=nothing, band_high=nothing,
        method="pooled", n_gold=0, n_run=0, model=0.0 if question.what == "count" else None, tuning=None,
        note="no document",
    )  # fmt: skip


def _by_group(rows: pl.DataFrame, effect: float) -> pl.DataFrame:
    """One row for each group, in order: documents, the model's yes, and what was reviewed under its yes and its no.

    Sizes are effective ones, as few as weights and clusters make them.
    """
    weight, is_yes = pl.col(WEIGHT), pl.col(GOLD).cast(pl.Float64)
    reviewed = []
    for name, said in (("yes", pl.col(MODEL)), ("no", ~pl.col(MODEL))):
        there = pl.col(REVIEWED) & said
        reviewed += [
            there.sum().alias(f"{name}_num"),
            is_yes.filter(there).sum().alias(f"{name}_yes"),
            ((weight * is_yes).filter(there).sum() / weight.filter(there).sum()).fill_nan(0).alias(f"{name}_share"),
            (weight.filter(there).sum() ** 2 / (weight**2).filter(there).sum() / effect)
            .fill_nan(0)
            .alias(f"{name}_effective"),
        ]
    found = rows.group_by(GROUP).agg(pl.len().alias("num"), pl.col(MODEL).sum().alias("said_yes"), *reviewed)
    return found.sort(GROUP, nulls_last=True)


def _groups(cells: pl.DataFrame, *, is_ordered: bool) -> Groups:
    def column(name: str) -> NDArray[np.float64]:
        return cells[name].cast(pl.Float64).to_numpy()

    def cell(name: str) -> Cell:
        return Cell(
            num=column(f"{name}_num"), num_yes=column(f"{name}_yes"), share=column(f"{name}_share"),
            num_effective=column(f"{name}_effective"),
        )  # fmt: skip

    return Groups(
        num_run=column("num"), run_yes=column("said_yes"), said_yes=cell("yes"), said_no=cell("no"),
        is_ordered=is_ordered,
    )  # fmt: skip


def _count_of_all(rows: pl.DataFrame, question: Question) -> Interval:
    """The count of yes in the run, from the sampling design alone."""
    seen = rows.filter(pl.col(REVIEWED))
    num_run = rows.height
    found = prediction_powered(
        seen[GOLD].cast(pl.Float64).to_numpy(), seen[MODEL].cast(pl.Float64).to_numpy(), seen[WEIGHT].to_numpy(),
        run_share=mean_of_yes(rows[MODEL]), num_run=num_run, level=question.level, is_finite=True,
        strata=strata_of(seen[STRATUM], seen[WEIGHT].to_numpy()),
    )  # fmt: skip
    return Interval(
        estimate=num_run * found.estimate, low=num_run * found.low, high=num_run * found.high, gain=found.gain
    )
