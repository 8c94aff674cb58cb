"""The values of a field, parted into the groups that are tested each by itself."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.stats import binom

from glane.assess.calibrate.judged import is_even
from glane.assess.calibrate.selection import Group, Ints, largest_unit
from glane.assess.calibrate.shapes import Shape
from glane.assess.clusters import CLUSTER

FEW_TOGETHER = 0.05  # share of judged values in clusters with others; twice that in the run
MIN_OTHERS = 100  # values that were not judged: with fewer, thresholds come from the judged ones in the main


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One predicted category of a field, or all its values, in the run and among the judged values."""

    field: str
    value: str | None
    rows: pl.DataFrame  # of the run: id, item, confidence, cluster
    judged: pl.DataFrame  # id, item, confidence, correct, cluster
    is_even: bool

    def group(self, *, alpha: float, delta: float) -> tuple[Group, pl.DataFrame]:
        """What is tested, and the rows of the run that may be accepted: those in units that are not too large."""
        rows, judged = self.rows, self.judged
        units = rows.group_by(CLUSTER).agg(pl.len().alias("values"), pl.col(rows.columns[0]).n_unique().alias("docs"))
        sizes, docs = units["values"].to_numpy().astype(np.int64), units["docs"].to_numpy().astype(np.int64)
        is_whole = bool((docs <= 1).all())
        drawn = judged[judged.columns[0]].n_unique() / max(1, rows[rows.columns[0]].n_unique())
        # Of a cluster of documents, as many values are judged as documents of it were drawn.
        expected = sizes if is_whole else np.ceil(sizes * drawn).astype(np.int64)
        limit = 1
        if len(sizes):
            num_judged = judged[CLUSTER].n_unique()
            limit = largest_unit(expected, num_judged=num_judged, alpha=alpha, delta=delta)
        small = units.filter(pl.Series(expected <= limit))
        kept = rows.join(small.select(CLUSTER), on=CLUSTER, how="semi")
        known = judged.join(small.select(CLUSTER), on=CLUSTER, how="semi")
        if not is_whole:
            known = one_of_each(known, rows.columns[0])
        bound = limit if is_whole else _most_judged(kept, known, docs[expected <= limit], drawn)
        group = Group(
            confidence=kept["confidence"].fill_null(math.nan).to_numpy().astype(np.float64),
            unit=kept[CLUSTER].to_numpy(),
            judged=known["confidence"].to_numpy().astype(np.float64),
            correct=known["correct"].cast(pl.Float64).to_numpy(),
            judged_unit=known[CLUSTER].to_numpy(),
            bound=max(1, bound),
            is_whole=is_whole,
        )
        return group, kept


def parts_of(field: str, shape: Shape, rows: pl.DataFrame, judged: pl.DataFrame) -> Iterator[Part]:
    """The groups of a field: its categories that the run or the judged values have, or all values together."""
    if not shape.categories:
        yield Part(field=field, value=None, rows=rows, judged=judged, is_even=is_even(judged))
        return
    for value in shape.categories:
        of_value = pl.col("value") == value
        mine, known = rows.filter(of_value), judged.filter(of_value)
        if mine.height or known.height:
            yield Part(field=field, value=value, rows=mine, judged=known, is_even=is_even(known))


def one_of_each(judged: pl.DataFrame, id_column: str) -> pl.DataFrame:
    """Of few clusters with several judged documents, one value each: wrong if any is.

    Otherwise a handful of copies would double what every test takes. Judged values that are many together stay.
    """
    sizes = pl.len().over(CLUSTER)
    in_many = judged.filter(sizes > 1).height
    if not in_many or in_many > FEW_TOGETHER * judged.height or judged[id_column].is_duplicated().any():
        return judged
    return judged.with_columns(pl.col("correct").all().over(CLUSTER)).unique(CLUSTER, keep="first", maintain_order=True)


def _most_judged(kept: pl.DataFrame, judged: pl.DataFrame, docs: Ints, drawn: float) -> int:
    """How many judged values a cluster has at most: what was seen, or what a draw makes of the largest cluster.

    A large cluster that was not drawn could have been: what it would have added bounds the test all the same.
    """
    if not judged.height or not kept.height:
        return 1
    name = kept.columns[0]
    longest = int(kept.group_by(name).len()["len"].max())  # type: ignore[arg-type]
    seen = int(judged.group_by(CLUSTER).len()["len"].max())  # type: ignore[arg-type]
    num_clusters = max(2, judged[CLUSTER].n_unique())
    if seen == longest == 1 and kept.filter(pl.len().over(CLUSTER) > 1).height <= 2 * FEW_TOGETHER * kept.height:
        return 1  # few are together
    return max(seen, longest * int(binom.ppf(1 - 1 / num_clusters, int(docs.max()), drawn)))
