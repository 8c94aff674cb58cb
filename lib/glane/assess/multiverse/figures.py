"""The raw figure of each specification, with intervals that follow documents: the same ones in all specifications.

A resample draws documents (or clusters of them) once for all specifications, so that the difference between two of
them is paired: what both say alike of a document is no difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.assess.bootstrap import Array, Method, Statistic, intervals
from glane.assess.clusters import numbers_for, sums_by_cluster
from glane.assess.estimate.question import GROUP, MODEL, WEIGHT, Question, group_of, joined_rows
from glane.assess.multiverse.record import Figure
from glane.errors import ConfigError, shown

_MOST_GROUPS = 20  # that a message lists


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFigures:
    """Figures of the models' answers alone, one for each specification, in their order."""

    figures: tuple[Figure, ...]
    differences: tuple[Figure, ...]  # minus the chosen one's
    clusters: int | None


def raw_figures(
    answers: Sequence[pl.DataFrame],
    question: Question,
    *,
    ids: pl.Series,
    between: tuple[str, str] | None,
    chosen: int,
    clusters: pl.DataFrame | None,
    samples: int,
    method: Method,
    seed: int,
) -> RawFigures:
    """The raw figures, and their differences from the chosen one.

    Args:
        answers: Of each specification, its rows with values: the id, the field, and the column `by`.
        question: Of all of them: a share, a count or a mean.
        ids: Of all documents, whether they have values or not.
        between: Two groups of `question.by`: the figure is that of the first minus that of the second.
        chosen: The place of the chosen specification.
        clusters: The id, and the number of the cluster in the column CLUSTER; None if each document is alone.
        samples: How many resamples; 0 for no intervals.
        method: Of the intervals.
        seed: Of the resampling.
    """
    sums = [_sums(rows, question, ids=ids, between=between) for rows in answers]
    units = np.concatenate(sums, axis=1)
    numbers = numbers_for(ids, clusters)
    if numbers is not None:
        units = sums_by_cluster(units, numbers)
    num_groups = 1 if between is None else 2
    statistic = _statistic(len(answers), num_groups, is_count=question.what == "count", chosen=chosen)
    values = statistic(units.sum(axis=0, keepdims=True))[0]
    ends = intervals(units, statistic, samples=samples, rng=np.random.default_rng(seed), method=method)
    found = [_figure(value, low, high) for value, (low, high) in zip(values, ends, strict=True)]
    return RawFigures(
        figures=tuple(found[: len(answers)]),
        differences=tuple(found[len(answers) :]),
        clusters=None if numbers is None else len(units),
    )


def _sums(
    rows: pl.DataFrame, question: Question, *, ids: pl.Series, between: tuple[str, str] | None
) -> NDArray[np.float64]:
    """What each document adds: value and one, in each group; shape (documents, 2 · groups)."""
    nothing = rows.head(0).select(ids.name, question.field).with_columns(pl.lit(1.0).alias(WEIGHT))
    joined = joined_rows(rows, nothing, question, ids.name).select(ids.name, GROUP, pl.col(MODEL).cast(pl.Float64))
    placed = ids.to_frame().join(
        joined.with_columns(pl.col(GROUP).cast(pl.String)), on=ids.name, how="left", maintain_order="left"
    )
    columns = []
    for group in (None,) if between is None else between:
        there = pl.col(MODEL).is_not_null()
        there = there if group is None else there & (pl.col(GROUP) == group).fill_null(False)
        columns += [pl.when(there).then(MODEL).otherwise(0.0), pl.when(there).then(1.0).otherwise(0.0)]
    return placed.select(column.alias(f"_{place}") for place, column in enumerate(columns)).to_numpy()


def check_between(rows: pl.DataFrame, question: Question, between: tuple[str, str]) -> None:
    """Check that there are documents with values of both groups.

    Raises:
        ConfigError: if there are none of one of them.
    """
    groups = rows.select(group_of(rows.schema, question).cast(pl.String)).to_series()
    known = sorted(groups.drop_nulls().unique().to_list())
    for name in between:
        if name not in known:
            some = ", ".join(shown(one) for one in known[:_MOST_GROUPS])
            more = f", … ({len(known)} in all)" if len(known) > _MOST_GROUPS else ""
            raise ConfigError(f"between: no document with values has {question.by}={shown(name)}. Valid: {some}{more}.")


def _statistic(num: int, num_groups: int, *, is_count: bool, chosen: int) -> Statistic:
    """From sums to figures and their differences from the chosen one, (…, 2 · specifications)."""

    def statistic(sums: Array) -> Array:
        parts = sums.reshape(*sums.shape[:-1], num, num_groups, 2)
        with np.errstate(invalid="ignore", divide="ignore"):
            figures = parts[..., 0] if is_count else parts[..., 0] / parts[..., 1]
        found = figures[..., 0] if num_groups == 1 else figures[..., 0] - figures[..., 1]
        return np.concatenate([found, found - found[..., chosen : chosen + 1]], axis=-1)

    return statistic


def _figure(value: float, low: float, high: float) -> Figure:
    if not np.isfinite(value):
        return Figure(value=None)
    if not (np.isfinite(low) and np.isfinite(high)):
        return Figure(value=float(value))
    return Figure(value=float(value), low=float(low), high=float(high))


def order_of(figures: Mapping[str, Figure]) -> list[str]:
    """The names of figures, the lowest first; those without a value last."""
    return sorted(figures, key=lambda name: (figures[name].value is None, figures[name].value or 0.0, name))
