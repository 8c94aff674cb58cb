"""Documents that go together, as those of one hospital or patient: how much less they tell than as many others."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

from glane.assess.clusters import CLUSTER, FEW_CLUSTERS
from glane.assess.estimate.notes import note
from glane.assess.estimate.question import GOLD, MODEL, REVIEWED, WEIGHT, Question
from glane.assess.proportion import Interval, normal_quantile


@dataclass(frozen=True, slots=True, kw_only=True)
class Clustering:
    """What clusters do to the variance of a share."""

    num: int  # clusters with a reviewed document, or of the run
    effect: float  # the design effect: the variance by cluster over that of as many single documents, at least 1
    widening: float  # of an interval, by the effect and by Student's t

    def widened(self, found: Interval, *, most: float = 1.0) -> Interval:
        """The interval as wide as clusters make it, within 0 and `most`."""
        return replace(
            found,
            low=max(0.0, found.estimate - self.widening * (found.estimate - found.low)),
            high=min(most, found.estimate + self.widening * (found.high - found.estimate)),
        )


ALONE = Clustering(num=0, effect=1.0, widening=1.0)


def clustering(rows: pl.DataFrame, question: Question) -> Clustering:
    """The design effect of clusters on the share of yes, by what each document adds to it (linearised)."""
    seen = rows[REVIEWED].to_numpy()
    clusters = rows[CLUSTER].to_numpy()
    if not seen.any() or not are_together(rows, question):
        return ALONE
    added = _added(rows, seen, question)
    sums = np.bincount(clusters, added)
    num = len(np.unique(clusters[seen] if question.is_finite else clusters))
    by_cluster = float(sums @ sums) * num / max(num - 1, 1)
    single = float(added @ added)
    effect = max(1.0, by_cluster / single) if single else 1.0
    quantile = stats.t.ppf((1 + question.level) / 2, max(num - 1, 1)) / normal_quantile(question.level)
    return Clustering(num=num, effect=effect, widening=float(np.sqrt(effect) * quantile))


def _added(rows: pl.DataFrame, seen: NDArray[np.bool_], question: Question) -> NDArray[np.float64]:
    """What each document of the run adds to the error of the post-stratified share."""
    said = rows[MODEL].to_numpy()
    weights = np.where(seen, rows[WEIGHT].fill_null(0.0).to_numpy(), 0.0)
    truth = rows[GOLD].fill_null(False).to_numpy().astype(np.float64)
    expected = np.zeros(len(said))
    if question.method == "gold_only":
        expected[:] = weights @ truth / weights.sum()
    else:
        for answer in (True, False):
            here = said == answer
            if weights[here].sum():
                expected[here] = weights[here] @ truth[here] / weights[here].sum()
    added = weights / weights.sum() * (truth - expected)
    if not question.is_finite and question.method != "gold_only":
        added = added + (expected - expected.mean()) / len(said)
    return np.asarray(added, dtype=np.float64)


def are_together(rows: pl.DataFrame, question: Question) -> bool:
    """Whether clusters were asked for, or some documents have the same text."""
    return bool(question.clusters) or rows[CLUSTER].n_unique() < rows.height


def few_clusters(rows: pl.DataFrame, question: Question) -> str | None:
    """A note if there are too few clusters for a sound interval."""
    if not question.clusters:
        return None
    num = rows.filter(pl.col(REVIEWED))[CLUSTER].n_unique()
    return note("few_clusters", num=num) if num < FEW_CLUSTERS else None
