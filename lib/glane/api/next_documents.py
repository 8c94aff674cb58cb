"""The next documents to review for one figure of a run, after an earlier review."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from glane.api.cases import refuse_unknown_categories
from glane.api.gold import gold_of, warn_of
from glane.api.sources import TableLike
from glane.assess.estimate.question import with_weights
from glane.assess.evaluate.leaf import categories_of
from glane.assess.review.earlier import TRUE, WEIGHED, NextSample, checked_fields, next_sample
from glane.assess.sampling import lowest_confidence
from glane.assess.sampling_for_figure import CONFIDENCE, YES, half_width
from glane.assess.share_estimators import prediction_powered
from glane.assess.strata import strata_of
from glane.assess.yes import check_value, is_yes
from glane.errors import ConfigError, did_you_mean
from glane.extraction.results import Run
from glane.settings.shapes import as_answer
from glane.task.doubts import is_doubted

_LEVEL = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class NextDocuments:
    """The sample, the fields to review, and what it is expected to bring, in a sentence."""

    sample: NextSample
    fields: tuple[str, ...]
    expected: str


def next_documents(
    run: Run, gold: TableLike | None, field: str | None, value: str | bool, *, rows: int, seed: int,
    fields: tuple[str, ...],
) -> NextDocuments:  # fmt: skip
    """The documents whose review takes most off the interval of the share of a value.

    Raises:
        ConfigError: without field or earlier review, or for a field or value that the run does not have.
        DataError: if the earlier review does not fit the run.
    """
    if field is None or gold is None:
        raise ConfigError(
            "sample=for_figure goes on from an earlier review: give field=… (and value=…), and its gold=…/gold.parquet."
        )
    answer = answer_of(run, field, value)
    reviewed = fields or (field,)
    right = gold_of(gold, [run])
    warn_of(right)
    known = right.table
    checked_fields((field, *reviewed), known)
    refuse_unknown_categories(run, known, [field])
    asked = _asked(run, answer)
    kinds = run.usable().collect_schema()
    known = with_weights(known, weight=None, inclusion_probability=None).with_columns(
        is_yes(*answer, of=known.schema[field], as_in=kinds[field]).alias(TRUE)
    )
    found = next_sample(
        asked, known, id_column=run.id_column, answer=f"{answer[0]}={answer[1]}", num_rows=rows, seed=seed
    )
    now, then = _now(asked, known, run.id_column), half_width(found.bands, found.taken, level=_LEVEL, is_finite=False)
    of_yes = sum(num for one, num in zip(found.bands, found.taken, strict=True) if one.is_yes)
    expected = (
        f"{rows} more, {of_yes} of the model's yes and {rows - of_yes} others: ± {100 * now:.2g} to ± {100 * then:.2g} "
        f"points for the share of {answer[0]}={answer[1]}, if they are like the {known.height} reviewed before."
    )
    return NextDocuments(sample=found, fields=reviewed, expected=expected)


def answer_of(run: Run, field: str, value: str | bool) -> tuple[str, str]:
    """A field and its value as text.

    Raises:
        ConfigError: if the run does not have them.
    """
    columns = run.usable().collect_schema()
    if field not in columns:
        raise ConfigError(f"field: no column {field!r} in the run. {did_you_mean(field, columns)}")
    told = as_answer(value)
    check_value(field, told, kind=columns[field], categories=categories_of(run.task.fields.get(field)))
    return field, told


def _asked(run: Run, answer: tuple[str, str]) -> pl.DataFrame:
    rows = run.usable()
    columns = rows.collect_schema()
    field, kind = answer[0], columns[answer[0]]
    sure = pl.lit(1.0)  # without confidences, signs alone part the documents
    if f"{field}__confidence" in columns:
        sure = lowest_confidence(columns, [field]).fill_null(1.0)  # nothing was spelled, so nothing was unsure
    return rows.select(
        run.id_column,
        is_yes(*answer, of=kind, as_in=kind).alias(YES),
        pl.when(is_doubted(columns, [field])).then(0.0).otherwise(sure).alias(CONFIDENCE),
    ).collect()


def _now(asked: pl.DataFrame, known: pl.DataFrame, id_column: str) -> float:
    """Half of the interval that the estimate has now."""
    both = known.join(asked, on=id_column, how="left", maintain_order="left")
    weights = both[WEIGHED].to_numpy()
    found = prediction_powered(
        both[TRUE].cast(pl.Float64).to_numpy(), both[YES].cast(pl.Float64).to_numpy(), weights,
        run_share=float(asked[YES].cast(pl.Float64).to_numpy().mean()), num_run=asked.height, level=_LEVEL,
        strata=strata_of(both["stratum"] if "stratum" in both.columns else None, weights),
    )  # fmt: skip
    return found.width / 2
