"""Runs beside each other: on the same documents, each with the first, with right answers or without."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.multitest import multipletests

from glane.assess.answers import answer_of
from glane.assess.bootstrap import LEVEL, Array, intervals, wilson
from glane.assess.evaluation import DEFAULT_CHANCE, Chance, categories, measured, pair
from glane.assess.judge import Judged, judge
from glane.assess.matching import Leaf, Verdict, rule_of, text_of
from glane.assess.metrics import MEASURES, confusion, interval, number, scores, share
from glane.errors import DataError, did_you_mean
from glane.task.fields import DateField, EnumField, Field, ListField, ObjectField
from glane.types import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One run to compare."""

    name: str
    fields: Mapping[str, Field]
    rows: pl.LazyFrame  # every row, whatever its status
    id_column: str
    about: Mapping[str, Any]  # task, model, cost: told beside the measures


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What `compare_runs` found."""

    differences: pl.DataFrame  # one row per value on which a run and the first differ
    summary: dict[str, Any]  # comparison.json


def compare_runs(
    candidates: Sequence[Candidate],
    gold: pl.DataFrame | None = None,
    *,
    wanted: Sequence[str] = (),
    chance: Chance = DEFAULT_CHANCE,
) -> Comparison:
    """Compare every run with the first, on the documents and fields that all have.

    With right answers: differences of precision, recall and F1 with paired bootstrap intervals (documents resampled,
    the same for both runs), and by field McNemar's exact test (1947) of the documents that only one of the two has
    right, corrected over all fields of all runs after Holm (1979). Always: the share of documents on which two runs
    say the same, and Cohen's kappa (1960) of categories, no value being one.

    Args:
        candidates: At least two. The rules of comparison are those of the first.
        gold: Right answers, as `evaluate` takes them.
        wanted: The fields to compare; all that the runs share if empty.
        chance: Resamples and seed.

    Raises:
        DataError: if the runs share no field or no document, or the right answers cannot be used.
    """
    first = candidates[0]
    fields = shared_fields(candidates, wanted)
    ids = _shared_ids(candidates)
    right: list[dict[str, Any]] | None = None
    left_out = {name for one in candidates for name in one.fields} - set(fields)
    flow: dict[str, Any] = {"in_all_runs": len(ids)}
    if gold is not None:
        restricted = first.rows.join(ids.lazy(), on=first.id_column, how="semi")
        paired = pair(fields, restricted, gold, id_column=first.id_column, wanted=wanted)
        left_out |= set(fields) - set(paired.fields)
        fields, ids = paired.fields, paired.gold.select(first.id_column)
        right = [answer_of(fields, row) for row in paired.gold.to_dicts()]
        flow["gold_not_in_all_runs"] = paired.flow["gold_not_in_run"]
    frames = [_aligned(one, ids, fields) for one in candidates]
    answers = [[answer_of(fields, row) for row in frame.to_dicts()] for frame in frames]
    judged = None if right is None else [judge(fields, right, found) for found in answers]
    between = [judge(fields, answers[0], found) for found in answers[1:]]
    runs = []
    for place, (one, frame) in enumerate(zip(candidates, frames, strict=True)):
        unusable = int((frame["status"].cast(pl.String) != Status.OK).sum())
        entry: dict[str, Any] = {"run": one.name, **one.about, "not_usable": unusable}
        if judged is not None:
            overall, per_field = measured(judged[place], chance)
            entry |= {"overall": overall, "fields": per_field}
        runs.append(entry)
    comparisons: list[dict[str, Any]] = []
    for place, apart in enumerate(between, start=1):
        entry = {"run": candidates[place].name, **_agreement(apart)}
        if judged is not None:
            _add_differences(entry, judged[0], judged[place], chance)
        comparisons.append(entry)
    if judged is not None:
        _correct(comparisons)
    tables = [
        _differing(ids[first.id_column], candidates[place].name, apart, judged, place)
        for place, apart in enumerate(between, start=1)
    ]
    differences = pl.concat(tables)
    summary = {
        "first": first.name,
        "documents": {"compared": len(ids), **flow},
        "fields_left_out": sorted(left_out),  # not in all runs, of another type, or without right answer
        "with_gold": judged is not None,
        "intervals": {"level": LEVEL, "method": chance.method, "samples": chance.samples, "seed": chance.seed},
        "runs": runs,
        "comparisons": comparisons,
        "documents_that_differ": _documents_that_differ(differences, first.id_column),
    }
    return Comparison(differences=differences, summary=summary)


def cost_of(summary: Mapping[str, Any]) -> dict[str, float]:
    """What a whole run took, from its `summary.json`, and that for a thousand documents read."""
    tokens, num_documents = summary["tokens"], summary["flow"]["selected"]
    thousands = max(num_documents, 1) / 1000
    return {
        "selected": num_documents,
        "prompt_tokens": tokens["prompt"],
        "output_tokens": tokens["output"],
        "seconds": summary["seconds_working"],
        "engine_hours": summary["engine_hours"],
        "gpu_hours": summary["gpu_hours"],
        "tokens_per_1000": round((tokens["prompt"] + tokens["output"]) / thousands, 1),
        "seconds_per_1000": round(summary["seconds_working"] / thousands, 3),
        "gpu_hours_per_1000": round(summary["gpu_hours"] / thousands, 5),
    }


def shared_fields(candidates: Sequence[Candidate], wanted: Sequence[str]) -> dict[str, Field]:
    """The fields that every run asked for, records as far as all have them.

    Raises:
        DataError: if there is none, or a wanted one is not among them.
    """
    found = dict(candidates[0].fields)
    for other in candidates[1:]:
        found = {
            name: common
            for name, field in found.items()
            if name in other.fields and (common := _shared(field, other.fields[name])) is not None
        }
    if strange := [name for name in wanted if name not in found]:
        raise DataError(f"fields: {strange[0]!r} is no field that all runs share. {did_you_mean(strange[0], found)}")
    if not found:
        asked = "; ".join(f"{one.name}: {', '.join(one.fields)}" for one in candidates)
        raise DataError(f"runs: no field is in all of them with the same type. They asked for {asked}.")
    return {name: field for name, field in found.items() if not wanted or name in wanted}


def _shared(field: Field, other: Field) -> Field | None:
    """The field as far as both have it, with the first's rule; None where they cannot be compared."""
    match field, other:
        case EnumField(), EnumField():
            values = tuple(dict.fromkeys((*field.values, *other.values)))
            return field.model_copy(update={"values": values})
        case DateField(), DateField():
            return field if field.precision == other.precision else None
        case ListField(), ListField():
            items = _shared(field.items, other.items)
            if items is None:
                return None
            kept = items.fields if isinstance(items, ObjectField) else ()
            return field.model_copy(update={"items": items, "keys": tuple(key for key in field.keys if key in kept)})
        case ObjectField(), ObjectField():
            inner = {
                name: common
                for name, one in field.fields.items()
                if name in other.fields and (common := _shared(one, other.fields[name])) is not None
            }
            return field.model_copy(update={"fields": inner}) if inner else None
        case _:
            return field if type(field) is type(other) else None


def _shared_ids(candidates: Sequence[Candidate]) -> pl.DataFrame:
    """The documents that every run has, in the order of the first."""
    first = candidates[0]
    kind = first.rows.collect_schema()[first.id_column]
    ids = first.rows.select(first.id_column)
    for other in candidates[1:]:
        if other.id_column != first.id_column:
            raise DataError(
                f"runs: {other.name} has its ids in {other.id_column!r}, {first.name} in {first.id_column!r}. "
                "Compare runs of the same documents."
            )
        if (found := other.rows.collect_schema()[other.id_column]) != kind:
            raise DataError(f"runs: the ids of {other.name} are {found}, those of {first.name} {kind}.")
        ids = ids.join(other.rows.select(first.id_column), on=first.id_column, how="semi", maintain_order="left")
    found_ids = ids.collect()
    if found_ids.is_empty():
        samples = "; ".join(
            f"{one.name}: {', '.join(map(str, one.rows.select(one.id_column).head(3).collect().to_series()))}, …"
            for one in candidates
        )
        raise DataError(f"runs: no document is in all of them. Their ids: {samples}.")
    return found_ids


def _aligned(one: Candidate, ids: pl.DataFrame, fields: Mapping[str, Field]) -> pl.DataFrame:
    schema = one.rows.collect_schema()
    needed = dict.fromkeys([one.id_column, "status", *fields, *(f"{name}__precision" for name in fields)])
    rows = one.rows.select(name for name in needed if name in schema)
    rows = rows.join(ids.lazy(), on=one.id_column, how="semi")
    return ids.join(rows.collect(), on=one.id_column, how="left", maintain_order="left")


def _agreement(apart: Judged) -> dict[str, Any]:
    """How often two runs say the same: the first stands where right answers would."""
    num_documents = len(apart.counts)
    exact = apart.is_exact
    fields = {}
    for place, leaf in enumerate(apart.leaves):
        same = int(exact[:, place].sum())
        entry: dict[str, Any] = {"rule": rule_of(leaf.field), "equal": same}
        entry |= {"equal_share": share(same, num_documents), "equal_ci95": wilson(same, num_documents)}
        fields[leaf.path] = entry | _kappa(leaf, apart)
    whole = int(exact.all(axis=1).sum())
    return {
        "equal": whole,
        "equal_share": share(whole, num_documents),
        "equal_ci95": wilson(whole, num_documents),
        "fields": fields,
    }


def _kappa(leaf: Leaf, apart: Judged) -> dict[str, Any]:
    values = [] if leaf.in_list or isinstance(leaf.field, ListField) else categories(leaf.field)
    if not values:
        return {}
    rows = apart.of_leaf(leaf.path)
    table = confusion([text_of(row.gold) for _, row in rows], [text_of(row.predicted) for _, row in rows], values)
    counts = np.array(table["counts"])
    used = (counts.sum(axis=0) + counts.sum(axis=1)) > 0
    if used.sum() < 2:  # both always say one and the same: kappa is not defined
        return {"kappa": None, "kappa_ci95": None, "confusion": table}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = cohens_kappa(counts[np.ix_(used, used)])
    ends = np.array([found.kappa_low, found.kappa_upp])
    return {"kappa": number(found.kappa), "kappa_ci95": interval(ends), "confusion": table}


def _add_differences(entry: dict[str, Any], first: Judged, other: Judged, chance: Chance) -> None:
    """Other minus first, for every measure overall and by field; and who is right where only one is."""
    num_documents, num_leaves, _ = first.outcomes.shape
    units = np.concatenate([first.outcomes, other.outcomes], axis=1).reshape(num_documents, -1)
    is_value = first.is_value

    def statistic(sums: Array) -> Array:
        both = sums.reshape(-1, 2, num_leaves, 3)
        gain = scores(both[:, 1], is_value) - scores(both[:, 0], is_value)
        return gain.reshape(len(sums), -1)

    shape = (num_leaves + 2, len(MEASURES))
    gains = statistic(units.sum(axis=0, keepdims=True)).reshape(shape)
    rng = np.random.default_rng(chance.seed)
    ends = intervals(units, statistic, samples=chance.samples, rng=rng, method=chance.method).reshape(*shape, 2)

    def figures(place: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for column, name in enumerate(MEASURES):
            found[f"{name}_difference"] = number(gains[place, column])
            found[f"{name}_difference_ci95"] = interval(ends[place, column])
        return found

    entry["overall"] = {"micro": figures(-2), "macro": figures(-1)}
    first_right, other_right = first.is_exact, other.is_exact
    for place, leaf in enumerate(first.leaves):
        entry["fields"][leaf.path] |= figures(place) | _mcnemar(first_right[:, place], other_right[:, place])
    entry["overall"]["exact"] = _mcnemar(first_right.all(axis=1), other_right.all(axis=1))


def _mcnemar(first: Any, other: Any) -> dict[str, Any]:
    table = [
        [int((first & other).sum()), int((first & ~other).sum())],
        [int((~first & other).sum()), int((~first & ~other).sum())],
    ]
    return {
        "both_right": table[0][0],
        "only_first_right": table[0][1],
        "only_other_right": table[1][0],
        "neither_right": table[1][1],
        "p": float(mcnemar(table, exact=True).pvalue),
    }


def _correct(comparisons: Sequence[dict[str, Any]]) -> None:
    """Add Holm's p-values, over all fields of all runs: the report shows them side by side."""
    tests = [field for entry in comparisons for field in entry["fields"].values()]
    for field, corrected in zip(tests, multipletests([one["p"] for one in tests], method="holm")[1], strict=True):
        field["p_holm"] = float(corrected)


def _differing(ids: pl.Series, name: str, apart: Judged, judged: Sequence[Judged] | None, place: int) -> pl.DataFrame:
    """One row per value on which a run and the first differ: both as text, and whether each has the field right."""
    differs = [
        (at, row)
        for at, row in zip(apart.documents, apart.rows, strict=True)
        if row.verdict not in (Verdict.CORRECT, Verdict.ABSENT)
    ]
    places = {leaf.path: number for number, leaf in enumerate(apart.leaves)}
    exact = [None, None] if judged is None else [judged[0].is_exact, judged[place].is_exact]
    right = [[None if one is None else bool(one[at, places[row.field]]) for at, row in differs] for one in exact]
    return pl.DataFrame(
        {
            ids.name: ids.gather(pl.Series([at for at, _ in differs], dtype=pl.Int64)),
            "run": pl.Series([name] * len(differs), dtype=pl.String),
            "field": pl.Series([row.field for _, row in differs], dtype=pl.String),
            "first_item": pl.Series([row.item for _, row in differs], dtype=pl.Int64),
            "other_item": pl.Series([row.predicted_item for _, row in differs], dtype=pl.Int64),
            "first": pl.Series([text_of(row.gold) for _, row in differs], dtype=pl.String),
            "other": pl.Series([text_of(row.predicted) for _, row in differs], dtype=pl.String),
            "first_right": pl.Series(right[0], dtype=pl.Boolean),
            "other_right": pl.Series(right[1], dtype=pl.Boolean),
        }
    )


_MAX_DOCUMENTS = 100  # told in the summary; all are in the table


def _documents_that_differ(differences: pl.DataFrame, id_column: str) -> list[dict[str, Any]]:
    """Those with the most fields that differ, by run."""
    documents = (
        differences.group_by("run", id_column, maintain_order=True)
        .agg(pl.col("field").unique(maintain_order=True).alias("fields"))
        .sort(pl.col("fields").list.len(), descending=True, maintain_order=True)
    )
    return [
        {"run": row["run"], "id": row[id_column], "fields": row["fields"]}
        for row in documents.head(_MAX_DOCUMENTS).iter_rows(named=True)
    ]
