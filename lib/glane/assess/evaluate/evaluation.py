"""A run compared with right answers: measures by field, overall and by subgroup, and the values they rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from glane.assess.bootstrap import LEVEL
from glane.assess.clusters import numbers_for
from glane.assess.designs import arms_of
from glane.assess.evaluate.annotations import annotation_scores
from glane.assess.evaluate.answers import answers_of
from glane.assess.evaluate.by_arm import arm_scores
from glane.assess.evaluate.evidence import evidence_scores, read_spans
from glane.assess.evaluate.judge import Judged, judge
from glane.assess.evaluate.leaf import leaves
from glane.assess.evaluate.measures import DEFAULT_CHANCE, Chance, described, measured
from glane.assess.evaluate.metrics import MEASURES, VERDICTS
from glane.assess.evaluate.pairing import Paired, dates_without_precision, pair
from glane.assess.evaluate.record import EvaluationSummary, GroupScores
from glane.assess.evaluate.scores import FieldScores, Intervals, Overall
from glane.assess.evaluate.signs import marks, sign_scores, signs_column, value_signs
from glane.errors import DataError, did_you_mean
from glane.task.fields import Field
from glane.type_words import type_words
from glane.validation import Strict

MAX_GROUPS = 50  # of a subgroup column: more would be no subgroups
NO_GROUP = "(null)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A run compared with right answers."""

    values: pl.DataFrame  # one row per compared value, with the signs at it
    fields: pl.DataFrame  # one row per field, and per field and subgroup
    summary: EvaluationSummary  # evaluation.json


def evaluate(
    fields: Mapping[str, Field],
    run: pl.LazyFrame,
    gold: pl.DataFrame,
    *,
    id_column: str,
    spans: pl.DataFrame | None = None,
    by: Sequence[str] = (),
    wanted: Sequence[str] = (),
    is_weighted: bool = True,
    clusters: pl.DataFrame | None = None,
    are_copies_known: bool = True,
    chance: Chance = DEFAULT_CHANCE,
    is_grouped: bool = False,
) -> Evaluation:
    """Compare the rows of a run with right answers.

    A row that is not usable predicts nothing. The interval of a ratio is from resampling documents, that of a share of
    documents is Wilson's, at the effective number of documents where their weights differ.

    Args:
        fields: The task's.
        run: Every row of the run, whatever its status.
        gold: One row per document: the id column, one column per field, `<field>__missing` and `<field>__assertion`
            where known; with `weight` or `inclusion_probability` if the documents were drawn unequally.
        id_column: The id of both.
        spans: Passages that support the right values: id, field, item, start, end; and document, if `is_grouped`.
        by: Columns of the right answers or of the run that make subgroups.
        wanted: The fields to compare; all that `gold` has if empty.
        is_grouped: Whether the rows are groups of documents, whose evidence names the document.
        is_weighted: Whether measures are weighted, and so speak of the run, or are those of the documents compared.
            Counts are never weighted.
        chance: Resamples and seed.
        clusters: The cluster of each document, if some go together: the id, and a number in the column `cluster`.
        are_copies_known: Whether clusters could be told where copies of one text make them.

    Raises:
        DataError: if the right answers cannot be used, or none is of a document of the run.
    """
    paired = pair(fields, run, gold, id_column=id_column, wanted=wanted, beside=by)
    asked = paired.fields
    groups = {name: _groups(name, paired, [*run.collect_schema().names(), *gold.columns]) for name in by}
    paths = [leaf.path for leaf in leaves(asked)]
    passages = None if spans is None else read_spans(spans, id_column, paths, has_documents=is_grouped)
    judged = judge(
        asked,
        answers_of(asked, paired.gold),
        answers_of(asked, paired.run),
        paired.weights if is_weighted else None,
        paired.strata if is_weighted else None,
        numbers_for(paired.gold[id_column], clusters),
    )
    overall, per_field = measured(judged, chance)
    marked_fields = marks(paired.run, list(asked))
    notes = annotation_scores(asked, paired.gold, paired.run, judged)
    ids = paired.gold[id_column]
    summary = EvaluationSummary(
        documents=paired.flow,
        weights=paired.about_weights(is_weighted=is_weighted),
        fields_without_gold=tuple(name for name in fields if name not in asked),
        dates_without_precision=tuple(dates_without_precision(fields, asked)),
        intervals=Intervals(
            level=LEVEL,
            of_ratios="bootstrap over documents",
            of_shares="Wilson",
            method=chance.method,
            samples=chance.samples,
            seed=chance.seed,
            clusters=None if judged.clusters is None else int(judged.clusters.max()) + 1,
            are_copies_known=None if are_copies_known else False,
        ),
        overall=overall,
        fields={leaf.path: described(per_field[leaf.path], leaf, judged) for leaf in judged.leaves},
        reasons=notes["missing"],
        assertions=notes["assertion"],
        evidence=evidence_scores(asked, ids, paired.run, judged, passages),
        signs=sign_scores(judged, marked_fields, list(asked)),
        arms=arm_scores(judged, arms_of(paired.gold, fields=fields), chance),
        by={name: _by_group(judged, table, chance) for name, table in groups.items()},
    )
    signs = [signs_column(value_signs(judged, marked_fields, list(asked)))] if marked_fields else []
    values = judged.table(ids, [paired.gold[name] for name in paired.weight_columns], signs)
    return Evaluation(values=values, fields=_table(summary), summary=summary)


def _groups(name: str, paired: Paired, known: Sequence[str]) -> pl.Series:
    """The subgroup of each document. If both tables have the column, that of the right answers is used."""
    table = paired.gold if name in paired.gold.columns else paired.run
    if name not in table.columns:
        raise DataError(f"by: no column {name!r} in the right answers or the run. {did_you_mean(name, set(known))}")
    kind = table.schema[name]
    if kind.is_nested():
        raise DataError(f"by: column {name!r} is {type_words(kind)}; a subgroup is one plain value per document.")
    labels = table[name].cast(pl.String).fill_null(NO_GROUP)
    if (num := labels.n_unique()) > MAX_GROUPS:
        raise DataError(
            f"by: column {name!r} has {num} values, and at most {MAX_GROUPS} make subgroups that can be read. "
            "Put a column with fewer (age groups, say) into the right answers."
        )
    return table[name]


def _by_group(judged: Judged, column: pl.Series, chance: Chance) -> dict[str, GroupScores]:
    """The measures of each subgroup, in the order of the column's values, those without one first."""
    found = {}
    for value in column.unique().sort():
        is_in = column.is_null() if value is None else (column == value).fill_null(False)
        overall, per_field = measured(judged.part(np.flatnonzero(is_in.to_numpy())), chance)
        label = pl.Series([value], dtype=column.dtype).cast(pl.String).fill_null(NO_GROUP).item()
        found[label] = GroupScores(**dict(overall), fields=per_field)
    return found


def _table(summary: EvaluationSummary) -> pl.DataFrame:
    """The measures of every field and average, of all documents (`by` null) and of each subgroup."""
    parts: list[tuple[str | None, str | None, Overall, Mapping[str, FieldScores]]] = [
        (None, None, summary.overall, summary.fields)
    ]
    parts += [
        (column, label, part, part.fields) for column, groups in summary.by.items() for label, part in groups.items()
    ]
    rows = []
    for column, label, overall, per_field in parts:
        named: dict[str, Strict] = {"(micro)": overall.micro, "(macro)": overall.macro, **per_field}
        for name, scores in named.items():
            entry = dict(scores)
            row = {"by": column, "group": label, "field": name, "documents": overall.documents}
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
