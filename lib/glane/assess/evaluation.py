"""A run beside right answers: measures by field, overall and by subgroup, with what was compared under them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from glane.assess.answers import answer_of, check_gold, check_ids, gold_fields
from glane.assess.bootstrap import LEVEL, Method, wilson
from glane.assess.evidence import evidence_scores, read_spans
from glane.assess.judge import Judged, judge
from glane.assess.matching import Leaf, leaves, rule_of, text_of
from glane.assess.metrics import (
    MEASURES,
    VERDICTS,
    confusion,
    interval,
    macro_f1,
    number,
    score_intervals,
    scores,
    share,
    value_table,
)
from glane.errors import DataError, did_you_mean
from glane.task.fields import BooleanField, EnumField, Field, ListField
from glane.types import Missing, Status

MAX_GROUPS = 50  # of a subgroup column: more would be no subgroups
_SHOWN_IDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """How intervals are made."""

    samples: int = 1000
    method: Method = "bca"
    seed: int = 0


DEFAULT_CHANCE = Chance()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What `evaluate` found."""

    values: pl.DataFrame  # one row per compared value
    fields: pl.DataFrame  # one row per field, and per field and subgroup
    summary: dict[str, Any]  # evaluation.json


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """The documents that have both answers, in the order of the right ones."""

    fields: dict[str, Field]  # what is compared
    gold: pl.DataFrame
    run: pl.DataFrame
    flow: dict[str, Any]  # how many documents there are, and why others are not compared


def evaluate(
    fields: Mapping[str, Field],
    run: pl.LazyFrame,
    gold: pl.DataFrame,
    *,
    id_column: str,
    spans: pl.DataFrame | None = None,
    by: Sequence[str] = (),
    wanted: Sequence[str] = (),
    chance: Chance = DEFAULT_CHANCE,
) -> Evaluation:
    """Compare the rows of a run with right answers.

    A row that is not usable predicts nothing. The interval of a ratio is from resampling documents, that of a share of
    documents is Wilson's.

    Args:
        fields: The task's.
        run: Every row of the run, whatever its status.
        gold: One row per document: the id column, one column per field, `<field>__missing` where known.
        id_column: The id of both.
        spans: Passages that support the right values: id, field, item, start, end.
        by: Columns of the right answers or of the run that make subgroups.
        wanted: The fields to compare; all that `gold` has if empty.
        chance: Resamples and seed.

    Raises:
        DataError: if the right answers cannot be used, or none is of a document of the run.
    """
    paired = pair(fields, run, gold, id_column=id_column, wanted=wanted, beside=by)
    asked = paired.fields
    groups = {name: _groups(name, paired, [*run.collect_schema().names(), *gold.columns]) for name in by}
    marked = None if spans is None else read_spans(spans, id_column, [leaf.path for leaf in leaves(asked)])
    gold_rows, run_rows = paired.gold.to_dicts(), paired.run.to_dicts()
    found = [answer_of(asked, row) for row in run_rows]
    judged = judge(asked, [answer_of(asked, row) for row in gold_rows], found)
    overall, per_field = measured(judged, chance)
    for leaf in judged.leaves:
        per_field[leaf.path] |= _described(leaf, judged)
    reasons = {
        name: _reasons(name, field, gold_rows, run_rows, found)
        for name, field in asked.items()
        if f"{name}__missing" in paired.gold.columns
    }
    ids = paired.gold[id_column]
    summary = {
        "documents": paired.flow,
        "fields_without_gold": [name for name in fields if name not in asked],
        "intervals": {
            "level": LEVEL,
            "of_ratios": "bootstrap over documents",
            "of_shares": "Wilson",
            "method": chance.method,
            "samples": chance.samples,
            "seed": chance.seed,
        },
        "overall": overall,
        "fields": per_field,
        "reasons": reasons,
        "evidence": evidence_scores(asked, ids.to_list(), run_rows, judged, marked),
        "by": {name: _by_group(judged, labels, chance) for name, labels in groups.items()},
    }
    return Evaluation(values=judged.table(ids), fields=_table(summary), summary=summary)


def pair(
    fields: Mapping[str, Field],
    run: pl.LazyFrame,
    gold: pl.DataFrame,
    *,
    id_column: str,
    wanted: Sequence[str] = (),
    beside: Sequence[str] = (),
) -> Paired:
    """Put the documents that have a right answer beside what the run says of them.

    Raises:
        DataError: if the right answers cannot be used, or none is of a document of the run.
    """
    check_ids(gold, id_column, place="gold")
    asked = gold_fields(fields, gold, wanted)
    check_gold(asked, gold, id_column)
    schema = run.collect_schema()
    if gold.schema[id_column].is_integer() and schema[id_column].is_integer():
        gold = gold.with_columns(pl.col(id_column).cast(schema[id_column]))
    if gold.schema[id_column] != schema[id_column]:
        raise DataError(
            f"gold.{id_column}: {gold.schema[id_column]}, and the run's ids are {schema[id_column]}. "
            "Write it in the run's type."
        )
    annotations = [f"{name}__{what}" for name in asked for what in ("precision", "missing", "evidence")]
    needed = dict.fromkeys([id_column, "status", *asked, *annotations, *beside])
    ids = gold.select(id_column)
    rows = run.select(name for name in needed if name in schema).join(ids.lazy(), on=id_column, how="semi").collect()
    paired = gold.join(rows.select(id_column), on=id_column, how="semi", maintain_order="left")
    num_rows = run.select(pl.len()).collect().item()
    if paired.is_empty():
        first = ", ".join(str(one) for one in gold[id_column].head(3)) or "none"
        known = ", ".join(str(one) for one in run.select(id_column).head(3).collect()[id_column])
        raise DataError(
            f"gold.{id_column}: no id is one of the run's. Those of the right answers: {first}, …; of the run: "
            f"{known}, …. Give the right answers of the documents of this run."
        )
    unknown = gold.join(rows.select(id_column), on=id_column, how="anti", maintain_order="left")[id_column]
    statuses = Counter(status for status in rows["status"].cast(pl.String) if status != Status.OK)
    flow = {
        "compared": len(paired),
        "not_usable": dict(sorted(statuses.items())),  # these predict nothing
        "gold_not_in_run": len(unknown),
        "gold_not_in_run_ids": unknown.head(_SHOWN_IDS).to_list(),
        "run_not_in_gold": num_rows - len(paired),
    }
    aligned = paired.select(id_column).join(rows, on=id_column, how="left", maintain_order="left")
    return Paired(fields=asked, gold=paired, run=aligned, flow=flow)


def measured(judged: Judged, chance: Chance) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The measures overall and by field, with intervals, for JSON."""
    units = judged.outcomes
    values = scores(units.sum(axis=0), judged.is_value)
    rng = np.random.default_rng(chance.seed)
    ends = score_intervals(units, judged.is_value, samples=chance.samples, rng=rng, method=chance.method)
    num_documents = len(units)
    totals = judged.counts.sum(axis=0)
    exact = judged.is_exact

    def figures(place: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for column, name in enumerate(MEASURES):
            found[name] = number(values[place, column])
            found[f"{name}_ci95"] = interval(ends[place, column])
        return found

    def numbers(verdicts: Any) -> dict[str, int]:
        counts = {str(verdict): int(count) for verdict, count in zip(VERDICTS, verdicts, strict=True)}
        return {
            "support": counts["correct"] + counts["wrong"] + counts["missed"],
            "predicted": counts["correct"] + counts["wrong"] + counts["spurious"],
            **counts,
        }

    def exactness(is_exact: Any) -> dict[str, Any]:
        hits = int(is_exact.sum())
        return {"exact": share(hits, num_documents), "exact_ci95": wilson(hits, num_documents)}

    per_field = {
        leaf.path: {
            "level": "items" if leaf.is_items else "values",
            **numbers(totals[place]),
            **figures(place),
            **exactness(exact[:, place]),
        }
        for place, leaf in enumerate(judged.leaves)
    }
    overall = {
        "micro": numbers(totals[judged.is_value].sum(axis=0)) | figures(-2),
        "macro": {"fields": int(judged.is_value.sum()), **figures(-1)},
        **exactness(exact.all(axis=1)),
        "documents": num_documents,
    }
    return overall, per_field


def _described(leaf: Leaf, judged: Judged) -> dict[str, Any]:
    """What a leaf is, and its tables."""
    rows = judged.of_leaf(leaf.path)
    place = judged.leaves.index(leaf)
    correct, wrong, missed, spurious, _ = judged.counts[:, place].T
    is_told, is_found = correct + wrong + missed > 0, correct + wrong + spurious > 0
    entry: dict[str, Any] = {
        "type": leaf.field.type,
        "rule": rule_of(leaf.field),
        "presence": {  # documents
            "both": int((is_told & is_found).sum()),
            "gold_only": int((is_told & ~is_found).sum()),
            "predicted_only": int((~is_told & is_found).sum()),
            "neither": int((~is_told & ~is_found).sum()),
        },
    }
    values = categories(leaf.field.items if isinstance(leaf.field, ListField) else leaf.field)
    if not values:
        return entry
    if not isinstance(leaf.field, ListField):
        labels = [(text_of(row.gold), text_of(row.predicted)) for _, row in rows]
        entry["confusion"] = confusion([gold for gold, _ in labels], [found for _, found in labels], values)
    if not leaf.in_list:
        gold: list[set[str]] = [set() for _ in judged.counts]
        found: list[set[str]] = [set() for _ in judged.counts]
        for at, row in rows:
            gold[at].update(filter(None, [text_of(row.gold)]))
            found[at].update(filter(None, [text_of(row.predicted)]))
        entry["values"] = value_table(gold, found, values)
        entry["macro_f1"] = macro_f1(entry["values"])
    return entry


def categories(field: Field) -> list[str]:
    """The categories of a boolean or enum, as text; none for other fields."""
    if isinstance(field, BooleanField):
        return ["true", "false"]
    return list(field.values) if isinstance(field, EnumField) else []


def _reasons(
    name: str,
    field: Field,
    gold: Sequence[Mapping[str, Any]],
    run: Sequence[Mapping[str, Any]],
    found: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Why there is no value, where the right answers say so; None where the run was not asked for reasons."""
    column = f"{name}__missing"
    right, told = [], []
    for gold_row, run_row, answer in zip(gold, run, found, strict=True):
        if gold_row[column] is not None:
            right.append(gold_row[column])
            told.append("value" if answer[name] not in (None, []) else run_row.get(column))
    entry: dict[str, Any] = {"documents": len(right), "asked": bool(field.missing)}
    if field.missing:
        hits = sum(a == b for a, b in zip(right, told, strict=True))
        entry |= {"correct": hits, "share": share(hits, len(right)), "share_ci95": wilson(hits, len(right))}
        entry["confusion"] = confusion(right, told, [*map(str, Missing), "value"])
    return entry


def _groups(name: str, paired: Paired, known: Sequence[str]) -> list[str]:
    """The subgroup of each document. A column that both have is the right answers'."""
    table = paired.gold if name in paired.gold.columns else paired.run
    if name not in table.columns:
        raise DataError(f"by: no column {name!r} in the right answers or the run. {did_you_mean(name, set(known))}")
    kind = table.schema[name]
    if kind.is_nested():
        raise DataError(f"by: column {name!r} is {kind}; a subgroup is one plain value per document.")
    labels = table[name].cast(pl.String).fill_null("(null)")
    if (num := labels.n_unique()) > MAX_GROUPS:
        raise DataError(
            f"by: column {name!r} has {num} values, and at most {MAX_GROUPS} make subgroups that can be read. "
            "Put a column with fewer (age groups, say) into the right answers."
        )
    return labels.to_list()


def _by_group(judged: Judged, labels: Sequence[str], chance: Chance) -> dict[str, Any]:
    of_document = np.array(labels)
    found = {}
    for label in sorted(set(labels)):
        overall, per_field = measured(judged.part(np.flatnonzero(of_document == label)), chance)
        found[label] = {**overall, "fields": per_field}
    return found


def _table(summary: Mapping[str, Any]) -> pl.DataFrame:
    """The measures of every field and average, of all documents (`by` null) and of each subgroup."""
    parts = [(None, None, summary["overall"], summary["fields"])]
    parts += [
        (column, label, part, part["fields"])
        for column, groups in summary["by"].items()
        for label, part in groups.items()
    ]
    rows = []
    for column, label, overall, per_field in parts:
        named = {"(micro)": overall["micro"], "(macro)": overall["macro"], **per_field}
        for name, entry in named.items():
            row = {"by": column, "group": label, "field": name, "documents": overall["documents"]}
            row |= {key: entry.get(key) for key in _NUMBERS}
            for measure in (*MEASURES, "exact"):
                low, high = entry.get(f"{measure}_ci95") or (None, None)
                row |= {measure: entry.get(measure), f"{measure}_low": low, f"{measure}_high": high}
            rows.append(row)
    schema: dict[str, Any] = dict.fromkeys(("by", "group", "field"), pl.String)
    schema |= dict.fromkeys(("documents", *_NUMBERS), pl.Int64)
    schema |= {f"{one}{end}": pl.Float64 for one in (*MEASURES, "exact") for end in ("", "_low", "_high")}
    return pl.DataFrame(rows, schema=schema)


_NUMBERS = ("support", "predicted", *map(str, VERDICTS))
