"""Runs compared on the same documents, each with the first, with right answers or without."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from statsmodels.stats.inter_rater import cohens_kappa

from glane.assess.bootstrap import LEVEL, Array, intervals
from glane.assess.clusters import numbers_for, sums_by_cluster
from glane.assess.compare.candidates import Candidate, aligned, shared_fields, shared_ids
from glane.assess.compare.paired_test import holm, paired_test
from glane.assess.compare.record import (
    Against,
    ComparedFlow,
    ComparedRun,
    ComparisonSummary,
    Differences,
    DifferingDocument,
    FieldAgreement,
    FieldDifference,
    OverallDifference,
)
from glane.assess.compare.signs import run_signs, sign_differences
from glane.assess.evaluate.answers import answers_of
from glane.assess.evaluate.judge import Judged, is_error, judge
from glane.assess.evaluate.leaf import Leaf, categories, rule_of
from glane.assess.evaluate.measures import DEFAULT_CHANCE, Chance, measured
from glane.assess.evaluate.metrics import MEASURES, confusion, interval, number, scores, share_of
from glane.assess.evaluate.pairing import dates_without_precision, pair
from glane.assess.evaluate.scores import Intervals, SignScores, Weights
from glane.assess.evaluate.signs import marks, sign_scores
from glane.task.fields import ListField
from glane.types import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Runs compared with the first of them."""

    differences: pl.DataFrame  # one row per value on which a run and the first differ
    summary: ComparisonSummary  # comparison.json


def compare_runs(
    candidates: Sequence[Candidate],
    gold: pl.DataFrame | None = None,
    *,
    wanted: Sequence[str] = (),
    is_weighted: bool = True,
    chance: Chance = DEFAULT_CHANCE,
    clusters: pl.DataFrame | None = None,
    are_copies_known: bool = True,
) -> Comparison:
    """Compare every run with the first, on the documents and fields that all have.

    With right answers: differences of precision, recall and F1 with paired bootstrap intervals (documents resampled,
    the same for both runs), and by field McNemar's exact test (1947) of the documents that only one of the two has
    right, corrected over all fields of all runs after Holm (1979), and that of whole documents over all runs. Always:
    the share of documents on which two runs say the same, and Cohen's kappa (1960) of categories, no value being one.

    Args:
        candidates: At least two. The rules of comparison are those of the first.
        gold: Right answers, as `evaluate` takes them.
        wanted: The fields to compare; all that the runs share if empty.
        is_weighted: Whether documents count by their weight, if the right answers have one, in measures and shares.
            McNemar's test and kappa count documents.
        chance: Resamples and seed.
        clusters: The cluster of each document, if some go together: the id, and a number in the column `cluster`.
            Intervals and tests then follow clusters; kappa has no interval.
        are_copies_known: Whether clusters could be told where copies of one text make them.

    Raises:
        DataError: if the runs share no field or no document, or the right answers cannot be used.
    """
    first = candidates[0]
    fields = common = shared_fields(candidates, wanted)
    ids = shared_ids(candidates)
    weights: Array | None = None
    about_weights: Weights | None = None
    right: pl.DataFrame | None = None
    gold_elsewhere: int | None = None
    left_out = {name for one in candidates for name in one.fields} - set(fields)
    in_all_runs = len(ids)
    if gold is not None:
        restricted = first.rows.join(ids.lazy(), on=first.id_column, how="semi")
        paired = pair(fields, restricted, gold, id_column=first.id_column, wanted=wanted)
        left_out |= set(fields) - set(paired.fields)
        fields, ids, right = paired.fields, paired.gold.select(first.id_column), paired.gold
        gold_elsewhere = paired.flow.gold_not_in_run
        about_weights = paired.about_weights(is_weighted=is_weighted)
        weights = paired.weights if is_weighted else None
    frames = [aligned(one, ids, fields) for one in candidates]

    def told(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
        return answers_of(fields, frame)

    together = numbers_for(ids[first.id_column], clusters)
    every = np.arange(len(ids))  # of a run beside right answers, counts are enough
    names = list(fields)
    marked = [marks(one, names) for one in frames]
    judged: list[Judged] | None = None
    errors: list[SignScores | None] = [None] * len(frames)
    if right is not None:
        judged, errors = [], []
        for flags, frame in zip(marked, frames, strict=True):
            whole = judge(fields, told(right), told(frame), weights, clusters=together)
            judged.append(whole.part(every))
            errors.append(sign_scores(whole, flags, names))
    between = [judge(fields, told(frames[0]), told(one), weights, clusters=together) for one in frames[1:]]
    runs = []
    for place, (one, frame) in enumerate(zip(candidates, frames, strict=True)):
        scores = (None, None) if judged is None else measured(judged[place], chance)
        told_of = ComparedRun(
            run=one.name,
            task=one.task,
            model=one.model,
            toy=one.toy,
            settings=one.settings,
            cost=one.cost,
            not_usable=int((frame["status"].cast(pl.String) != Status.OK).sum()),
            overall=scores[0],
            fields=scores[1],
            signs=run_signs(marked[place], errors[place]),
        )
        runs.append(told_of)
    comparisons = [
        Against(
            run=candidates[place].name,
            **_equal(apart.is_exact.all(axis=1), apart),
            fields=_agreement(apart),
            signs=sign_differences(marked[0], marked[place]),
        )
        for place, apart in enumerate(between, start=1)
    ]
    if judged is not None:
        comparisons = _with_differences(comparisons, judged, chance)
    tables = [
        _differing(ids[first.id_column], candidates[place].name, apart, judged, place)
        for place, apart in enumerate(between, start=1)
    ]
    differences = pl.concat(tables)
    summary = ComparisonSummary(
        first=first.name,
        documents=ComparedFlow(compared=len(ids), in_all_runs=in_all_runs, gold_not_in_all_runs=gold_elsewhere),
        weights=about_weights,
        dates_without_precision=tuple(dates_without_precision(common, fields)),
        fields_left_out=tuple(sorted(left_out)),
        with_gold=judged is not None,
        intervals=Intervals(
            level=LEVEL,
            method=chance.method,
            samples=chance.samples,
            seed=chance.seed,
            clusters=None if together is None else int(together.max()) + 1,
            are_copies_known=None if are_copies_known else False,
        ),
        runs=tuple(runs),
        comparisons=tuple(comparisons),
        documents_that_differ=_documents_that_differ(differences, first.id_column),
    )
    return Comparison(differences=differences, summary=summary)


def _agreement(apart: Judged) -> dict[str, FieldAgreement]:
    """How often two runs say the same, by field: the first stands where right answers would."""
    exact = apart.is_exact
    return {
        leaf.path: FieldAgreement(rule=rule_of(leaf.field), **_equal(exact[:, place], apart), **_kappa(leaf, apart))
        for place, leaf in enumerate(apart.leaves)
    }


def _equal(is_equal: Any, apart: Judged) -> dict[str, Any]:
    known = share_of("equal_share", is_equal, apart.weights, apart.clusters)
    return {"equal": int(is_equal.sum()), "equal_share": known["equal_share"], "equal_ci95": known["equal_share_ci95"]}


def _kappa(leaf: Leaf, apart: Judged) -> dict[str, Any]:
    values = [] if leaf.in_list or isinstance(leaf.field, ListField) else categories(leaf.field)
    if not values:
        return {}
    rows = apart.of_leaf(leaf)
    table = confusion(rows["gold"], rows["predicted"], values)
    counts = np.array(table.counts)
    used = (counts.sum(axis=0) + counts.sum(axis=1)) > 0
    if used.sum() < 2:  # both always say one and the same: kappa is not defined
        return {"kappa": None, "kappa_ci95": None, "confusion": table}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = cohens_kappa(counts[np.ix_(used, used)])
    if apart.clusters is not None:  # its variance is that of independent documents
        return {"kappa": number(found.kappa), "kappa_ci95": None, "confusion": table}
    ends = np.array([found.kappa_low, found.kappa_upp])
    return {"kappa": number(found.kappa), "kappa_ci95": interval(ends), "confusion": table}


def _with_differences(comparisons: Sequence[Against], judged: Sequence[Judged], chance: Chance) -> list[Against]:
    """The comparisons with what right answers say of each: differences, and paired tests corrected after Holm.

    One family of tests are all fields of all runs, another the whole documents of all runs.
    """
    first, others = judged[0], judged[1:]
    right, exact = first.is_exact, [other.is_exact for other in others]
    whole = [np.asarray(one.is_exact.all(axis=1)) for one in judged]
    num_leaves, together = len(first.leaves), first.clusters
    of_fields = holm([paired_test(right[:, at], one[:, at], together) for one in exact for at in range(num_leaves)])
    of_documents = holm([paired_test(whole[0], one, together) for one in whole[1:]])
    found = []
    for at, (entry, other) in enumerate(zip(comparisons, others, strict=True)):
        gains = _gains(first, other, chance)
        tests = of_fields[at * num_leaves : (at + 1) * num_leaves]
        fields = {
            leaf.path: FieldDifference(**dict(entry.fields[leaf.path]), **dict(gain), **dict(test))
            for leaf, gain, test in zip(first.leaves, gains[:num_leaves], tests, strict=True)
        }
        overall = OverallDifference(micro=gains[-2], macro=gains[-1], exact=of_documents[at])
        found.append(entry.model_copy(update={"fields": fields, "overall": overall}))
    return found


def _gains(first: Judged, other: Judged, chance: Chance) -> list[Differences]:
    """Other minus first, for every measure: by field, then micro and macro."""
    num_documents, num_leaves, _ = first.counts.shape
    units = np.concatenate([first.units, other.units], axis=1).reshape(num_documents, -1)
    is_value = first.is_value

    def statistic(sums: Array) -> Array:
        both = sums.reshape(-1, 2, num_leaves, 3)
        gain = scores(both[:, 1], is_value) - scores(both[:, 0], is_value)
        return gain.reshape(len(sums), -1)

    shape = (num_leaves + 2, len(MEASURES))
    gains = statistic(units.sum(axis=0, keepdims=True)).reshape(shape)
    rng = np.random.default_rng(chance.seed)
    if first.clusters is not None:  # they are what is resampled
        units = sums_by_cluster(units, first.clusters)
    ends = intervals(units, statistic, samples=chance.samples, rng=rng, method=chance.method).reshape(*shape, 2)
    found = []
    for place in range(num_leaves + 2):
        figures: dict[str, Any] = {}
        for column, name in enumerate(MEASURES):
            figures[f"{name}_difference"] = number(gains[place, column])
            figures[f"{name}_difference_ci95"] = interval(ends[place, column])
        found.append(Differences(**figures))
    return found


def _differing(ids: pl.Series, name: str, apart: Judged, judged: Sequence[Judged] | None, place: int) -> pl.DataFrame:
    """One row per value on which a run and the first differ: both as text, and whether each has the field right."""
    rows = apart.rows.filter(is_error(pl.col("verdict")))
    at, leaf = rows["document"].to_numpy(), rows["leaf"].to_numpy()
    right: list[Any] = [None if judged is None else judged[one].is_exact[at, leaf] for one in (0, place)]
    unknown = pl.Series([None] * len(rows), dtype=pl.Boolean)
    return pl.DataFrame(
        {
            ids.name: ids.gather(rows["document"]),
            "run": pl.Series([name] * len(rows), dtype=pl.String),
            "field": pl.Series([one.path for one in apart.leaves], dtype=pl.String).gather(rows["leaf"]),
            "first_item": rows["item"],
            "other_item": rows["predicted_item"],
            "first": rows["gold"],
            "other": rows["predicted"],
            "first_right": unknown if right[0] is None else right[0],
            "other_right": unknown if right[1] is None else right[1],
        }
    )


_MAX_DOCUMENTS = 100  # told in the summary; all are in the table


def _documents_that_differ(differences: pl.DataFrame, id_column: str) -> tuple[DifferingDocument, ...]:
    """Those with the most fields that differ, by run."""
    documents = (
        differences.group_by("run", id_column, maintain_order=True)
        .agg(pl.col("field").unique(maintain_order=True).alias("fields"))
        .sort(pl.col("fields").list.len(), descending=True, maintain_order=True)
    )
    return tuple(
        DifferingDocument(run=row["run"], id=row[id_column], fields=tuple(row["fields"]))
        for row in documents.head(_MAX_DOCUMENTS).iter_rows(named=True)
    )
