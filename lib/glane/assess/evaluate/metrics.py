"""Counts of verdicts, and the measures computed from them.

Precision, recall and F1 as van Rijsbergen (1979) and the MUC conferences define them; micro-averages add the counts of
all fields, macro-averages are means over fields. A measure whose denominator is 0 is not defined: NaN here, null in
JSON.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.assess.bootstrap import LEVEL, Array, Method, intervals
from glane.assess.clusters import sums_by_cluster
from glane.assess.evaluate.scores import CategoryScores, Confusion, Ends
from glane.assess.evaluate.verdict import Verdict
from glane.assess.proportion import Share, clustered_share, wilson
from glane.assess.proportion import share as hajek_share
from glane.assess.strata import Strata, share_among_known, share_within

MEASURES = ("precision", "recall", "f1")
# What each verdict adds to true positives, false positives and false negatives.
_ADDS = {
    Verdict.CORRECT: (1, 0, 0),
    Verdict.WRONG: (0, 1, 1),
    Verdict.MISSED: (0, 0, 1),
    Verdict.SPURIOUS: (0, 1, 0),
    Verdict.ABSENT: (0, 0, 0),
}
VERDICTS = tuple(_ADDS)
_ADDED = np.array(list(_ADDS.values()), dtype=np.float64)


def count_verdicts(
    documents: NDArray[np.integer[Any]],
    leaves: NDArray[np.integer[Any]],
    verdicts: NDArray[np.integer[Any]],
    shape: tuple[int, int],
) -> NDArray[np.int64]:
    """Count verdicts, given as places in `VERDICTS`; shape (documents, leaves, 5)."""
    num_documents, num_leaves = shape
    flat = (documents.astype(np.int64) * num_leaves + leaves) * len(VERDICTS) + verdicts
    counts = np.bincount(flat, minlength=num_documents * num_leaves * len(VERDICTS))
    return counts.reshape(num_documents, num_leaves, len(VERDICTS)).astype(np.int64)


def outcomes(verdicts: NDArray[np.int64]) -> Array:
    """True positives, false positives and false negatives of counted verdicts; the last axis has 3 places."""
    found: Array = verdicts @ _ADDED
    return found


def ratios(sums: Array) -> Array:
    """Precision, recall and F1 of true positives, false positives and false negatives, along the last axis."""
    hits, false_alarms, misses = sums[..., 0], sums[..., 1], sums[..., 2]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.stack(
            [hits / (hits + false_alarms), hits / (hits + misses), 2 * hits / (2 * hits + false_alarms + misses)],
            axis=-1,
        )


def scores(sums: Array, is_value: NDArray[np.bool_]) -> Array:
    """The measures of every leaf, then micro and macro over those that are values.

    Args:
        sums: Of outcomes, shape (…, leaves, 3).
        is_value: Which leaves count in the averages, shape (leaves,).

    Returns:
        Shape (…, leaves + 2, 3).
    """
    each = ratios(sums)
    micro = ratios(sums[..., is_value, :].sum(axis=-2))
    of_values = each[..., is_value, :]
    is_known = np.isfinite(of_values)
    with np.errstate(invalid="ignore"):
        macro = np.where(is_known, of_values, 0.0).sum(axis=-2) / is_known.sum(axis=-2)
    return np.concatenate([each, micro[..., None, :], macro[..., None, :]], axis=-2)


def score_intervals(
    units: Array,
    is_value: NDArray[np.bool_],
    *,
    weights: Array,
    samples: int,
    rng: np.random.Generator,
    method: Method,
    strata: Strata | None = None,
    clusters: NDArray[np.int64] | None = None,
) -> Array:
    """95 % intervals of `scores` over documents, shape (leaves + 2, 3, 2).

    Where no document errs, or all do, resampling cannot say how sure that is. The interval is then Wilson's for the
    share of documents without error; that of a macro-average is the mean of its fields'. Documents of unequal weight
    are resampled with their weights, within the strata of the sample.

    Args:
        units: Weighted outcomes of each document, shape (documents, leaves, 3).
        is_value: Which leaves count in the averages.
        weights: Of the documents.
        samples: Resamples; 0 for no intervals.
        rng: The source of chance.
        method: bca or percentile.
        strata: Of the documents, from `glane.assess.strata.strata_of`.
        clusters: Of the documents, numbers from 0: those of one go together, and clusters are what is resampled.
    """
    num_documents, num_leaves, _ = units.shape
    shape = (num_leaves + 2, 3)
    if samples == 0:
        return np.full((*shape, 2), np.nan)

    def statistic(sums: Array) -> Array:
        found = scores(sums.reshape(-1, num_leaves, 3), is_value)
        return found.reshape(len(sums), -1)

    flat = units.reshape(num_documents, -1)
    if clusters is not None and clusters.max() + 1 < num_documents:
        first = np.unique(clusters, return_index=True)[1]
        flat = sums_by_cluster(flat, clusters)
        strata = None if strata is None else strata[first]
    found = intervals(flat, statistic, samples=samples, rng=rng, method=method, strata=strata).reshape(*shape, 2)
    whole = scores(units.sum(axis=0), is_value)
    sums = np.concatenate([units, units[:, is_value].sum(axis=1, keepdims=True)], axis=1)
    for leaf in range(num_leaves + 1):  # the leaves, and micro
        of_leaf = sums[:, leaf]
        concerned = (of_leaf[:, :2].sum(axis=1), of_leaf[:, ::2].sum(axis=1), of_leaf.sum(axis=1))
        for measure, count in enumerate(concerned):
            value = whole[leaf, measure]
            if value in (0.0, 1.0) and np.isnan(found[leaf, measure]).all():
                trials = effective_number(weights[count > 0])
                if trials:
                    found[leaf, measure] = wilson(Share(value=float(value), num_effective=trials), LEVEL)
    means = found[:num_leaves][is_value]
    for measure in range(3):
        if whole[-1, measure] in (0.0, 1.0) and np.isnan(found[-1, measure]).all():
            of_values = means[np.isfinite(means[:, measure, 0]), measure]
            found[-1, measure] = of_values.mean(axis=0) if len(of_values) else np.nan
    return found


def value_table(
    rows: pl.DataFrame,
    values: Sequence[str],
    *,
    num_documents: int,
    weights: Array,
    strata: Strata,
    clusters: NDArray[np.int64] | None = None,
) -> dict[str, CategoryScores]:
    """Each category against the rest, over documents.

    Positive is a document that has the value (or, of a list, has it among others); negative is any other, with another
    value or with none.

    Args:
        rows: Of one leaf, as `Judged` has them.
        values: The categories.
        num_documents: How many there are.
        weights: Of the documents.
        strata: Theirs.
        clusters: Theirs, if documents go together.

    Returns:
        By value: tp, fp, fn, tn (documents); weighted sensitivity, specificity, ppv, npv, each with `_ci95`; f1.
    """

    def has(side: str, value: str) -> NDArray[np.bool_]:
        found = np.zeros(num_documents, dtype=bool)
        found[rows.filter(pl.col(side) == value)["document"].to_numpy()] = True
        return found

    table = {}
    for value in values:
        right, told = has("gold", value), has("predicted", value)
        entry: dict[str, Any] = {
            "tp": int((right & told).sum()),
            "fp": int((~right & told).sum()),
            "fn": int((right & ~told).sum()),
            "tn": int((~right & ~told).sum()),
        }
        for name, hits, of in (
            ("sensitivity", told, right),
            ("specificity", ~told, ~right),
            ("ppv", right, told),
            ("npv", ~right, ~told),
        ):
            entry |= share_among(name, hits, of, weights, strata, clusters, is_known=name in ("ppv", "npv"))
        both = 2 * weights[right & told].sum()
        entry["f1"] = share(float(both), float(both + weights[right != told].sum()))
        table[value] = CategoryScores(**entry)
    return table


def macro_f1(table: Mapping[str, CategoryScores]) -> float | None:
    """The mean F1 of the categories that occur."""
    known = [entry.f1 for entry in table.values() if entry.f1 is not None]
    return sum(known) / len(known) if known else None


def confusion(gold: Iterable[str | None], predicted: Iterable[str | None], values: Sequence[str]) -> Confusion:
    """Right categories (rows) by found ones (columns); the last row and column are "no value", labelled null."""
    labels: list[str | None] = [*values, None]
    places = {label: place for place, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)), dtype=int)
    for (right, found), count in Counter(zip(gold, predicted, strict=True)).items():
        counts[places[right], places[found]] = count
    return Confusion(labels=tuple(labels), counts=tuple(map(tuple, counts.tolist())))


def share_of(
    name: str, is_so: NDArray[np.bool_], weights: Array, clusters: NDArray[np.int64] | None = None
) -> dict[str, Any]:
    """The weighted share of documents with a property, as `name`, and its Wilson interval as `name_ci95`.

    With `clusters`, at the effective size of as many clusters (see `clustered_share`).
    """
    if not len(weights):
        return {name: None, f"{name}_ci95": None}
    known = hajek_share(is_so.astype(np.float64), weights)
    if clusters is not None and len(np.unique(clusters)) < len(clusters):
        even = weights * len(weights) / weights.sum()
        places = np.unique(clusters, return_inverse=True)[1]
        yes, trials = (np.bincount(places, one).astype(np.float64) for one in (even * is_so, even))
        known = clustered_share(yes, trials, np.ones(len(trials)))
    return {name: known.value, f"{name}_ci95": wilson(known, LEVEL)}


def share_among(
    name: str, hits: NDArray[np.bool_], of: NDArray[np.bool_], weights: Array, strata: Strata,
    clusters: NDArray[np.int64] | None = None, *, is_known: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """The same among some of the documents; over several strata, with the limits of `share_within`.

    With `is_known`, it is known of every document of the run whether it is one of these: see `share_among_known`.
    """
    if not strata.any() or not of.any():
        return share_of(name, hits[of], weights[of], None if clusters is None else clusters[of])
    value, *ends = (share_among_known if is_known else share_within)(hits, of, weights, strata, level=LEVEL)
    return {name: value, f"{name}_ci95": (ends[0], ends[1])}


def effective_number(weights: Array) -> float:
    """The effective sample size (Kish 1965): (sum w)² / sum w²."""
    return float(weights.sum() ** 2 / (weights @ weights)) if len(weights) else 0.0


def share(part: float, whole: float) -> float | None:
    """A ratio, or None where it is not defined."""
    return part / whole if whole else None


def number(value: float) -> float | None:
    """A float for JSON: None where it is not defined."""
    return float(value) if np.isfinite(value) else None


def interval(ends: Array) -> Ends:
    """Two ends; None where they are not defined."""
    return (float(ends[0]), float(ends[1])) if np.isfinite(ends).all() else None
