"""Counts of verdicts, and the measures that are made of them.

Precision, recall and F1 as van Rijsbergen (1979) and the MUC conferences define them; micro-averages add the counts of
all fields, macro-averages are means over fields. A measure whose denominator is 0 is not defined: NaN here, null in
JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glane.assess.bootstrap import Array, Method, intervals, wilson
from glane.assess.matching import Verdict

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


def count_verdicts(documents: Sequence[int], leaves: Sequence[int], verdicts: Sequence[int], shape: Any) -> Array:
    """Count verdicts, given as places in `VERDICTS`; shape (documents, leaves, 5)."""
    num_documents, num_leaves = shape
    flat = (np.asarray(documents, dtype=np.int64) * num_leaves + leaves) * len(VERDICTS) + verdicts
    counts = np.bincount(flat, minlength=num_documents * num_leaves * len(VERDICTS))
    return counts.reshape(num_documents, num_leaves, len(VERDICTS)).astype(np.float64)


def outcomes(verdicts: Array) -> Array:
    """True positives, false positives and false negatives of counted verdicts; the last axis has 3 places."""
    return verdicts @ _ADDED


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
    units: Array, is_value: NDArray[np.bool_], *, samples: int, rng: np.random.Generator, method: Method
) -> Array:
    """95 % intervals of `scores` over documents, shape (leaves + 2, 3, 2).

    Where no document errs, or all do, resampling cannot say how sure that is. The interval is then Wilson's for the
    share of documents without error; that of a macro-average is the mean of its fields'.

    Args:
        units: Outcomes of each document, shape (documents, leaves, 3).
        is_value: Which leaves count in the averages.
        samples: Resamples; 0 for no intervals.
        rng: The source of chance.
        method: bca or percentile.
    """
    num_documents, num_leaves, _ = units.shape
    shape = (num_leaves + 2, 3)
    if samples == 0:
        return np.full((*shape, 2), np.nan)

    def statistic(sums: Array) -> Array:
        found = scores(sums.reshape(-1, num_leaves, 3), is_value)
        return found.reshape(len(sums), -1)

    flat = units.reshape(num_documents, -1)
    found = intervals(flat, statistic, samples=samples, rng=rng, method=method).reshape(*shape, 2)
    whole = scores(units.sum(axis=0), is_value)
    sums = np.concatenate([units, units[:, is_value].sum(axis=1, keepdims=True)], axis=1)
    for leaf in range(num_leaves + 1):  # the leaves, and micro
        of_leaf = sums[:, leaf]
        concerned = (of_leaf[:, :2].sum(axis=1), of_leaf[:, ::2].sum(axis=1), of_leaf.sum(axis=1))
        for measure, weight in enumerate(concerned):
            value = whole[leaf, measure]
            if value in (0.0, 1.0) and np.isnan(found[leaf, measure]).all():
                trials = int((weight > 0).sum())
                found[leaf, measure] = wilson(trials * value, trials) or (np.nan, np.nan)
    means = found[:num_leaves][is_value]
    for measure in range(3):
        if whole[-1, measure] in (0.0, 1.0) and np.isnan(found[-1, measure]).all():
            of_values = means[np.isfinite(means[:, measure, 0]), measure]
            found[-1, measure] = of_values.mean(axis=0) if len(of_values) else np.nan
    return found


def value_table(
    gold: Sequence[Iterable[str]], predicted: Sequence[Iterable[str]], values: Sequence[str]
) -> dict[str, Any]:
    """Each category against the rest, over documents.

    Positive is a document that has the value (or, of a list, has it among others); negative is any other, with another
    value or with none. Intervals are Wilson's.

    Returns:
        By value: tp, fp, fn, tn, sensitivity, specificity, ppv and npv, each with its `_ci95`.
    """
    table = {}
    for value in values:
        is_right = np.array([value in one for one in gold], dtype=bool)
        is_found = np.array([value in one for one in predicted], dtype=bool)
        tp, fp = int((is_right & is_found).sum()), int((~is_right & is_found).sum())
        fn, tn = int((is_right & ~is_found).sum()), int((~is_right & ~is_found).sum())
        entry: dict[str, Any] = {"tp": tp, "fp": fp, "fn": fn, "tn": tn}
        for name, hits, trials in (
            ("sensitivity", tp, tp + fn),
            ("specificity", tn, tn + fp),
            ("ppv", tp, tp + fp),
            ("npv", tn, tn + fn),
        ):
            entry |= {name: share(hits, trials), f"{name}_ci95": wilson(hits, trials)}
        entry["f1"] = share(2 * tp, 2 * tp + fp + fn)
        table[value] = entry
    return table


def macro_f1(table: Mapping[str, Mapping[str, Any]]) -> float | None:
    """The mean F1 of the categories that occur."""
    known = [entry["f1"] for entry in table.values() if entry["f1"] is not None]
    return sum(known) / len(known) if known else None


def confusion(gold: Sequence[str | None], predicted: Sequence[str | None], values: Sequence[str]) -> dict[str, Any]:
    """Right categories (rows) by found ones (columns); the last row and column are "no value", labelled null."""
    labels: list[str | None] = [*values, None]
    places = {label: place for place, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)), dtype=int)
    for right, found in zip(gold, predicted, strict=True):
        counts[places[right], places[found]] += 1
    return {"labels": labels, "counts": counts.tolist()}


def share(part: float, whole: float) -> float | None:
    """A ratio, or None where it is not defined."""
    return part / whole if whole else None


def number(value: float) -> float | None:
    """A float for JSON: None where it is not defined."""
    return float(value) if np.isfinite(value) else None


def interval(ends: Array) -> list[float] | None:
    """Two ends for JSON."""
    return [float(ends[0]), float(ends[1])] if np.isfinite(ends).all() else None
