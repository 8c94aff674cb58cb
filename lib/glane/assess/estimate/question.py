"""The question of an estimate, checked, and the run joined with the reviewed sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import polars as pl

from glane.assess import sampling
from glane.assess.clusters import CLUSTER, cluster_numbers
from glane.assess.estimate.whole_sample import check_range
from glane.assess.remedies import brought_into
from glane.assess.yes import check_value, inner_type, is_yes
from glane.conditions import READ_DATES
from glane.errors import ConfigError, DataError, did_you_mean
from glane.type_words import both_type_words, type_words
from glane.types import Period

What = Literal["prevalence", "count", "mean", "linear", "logistic"]
Method = Literal["auto", "pooled", "ppi", "rogan_gladen", "gold_only"]
Population = Literal["auto", "process", "run"]
STEPS: Mapping[Period, str] = {"day": "1d", "week": "1w", "month": "1mo", "quarter": "1q", "year": "1y"}
GOLD, MODEL, WEIGHT, REVIEWED, GROUP = "__gold", "__model", "__weight", "__reviewed", "__group"
STRATUM = "__stratum"
LITTLE = 0.05  # a model trusted less than this does not help


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be estimated, and how."""

    what: What
    field: str
    case: str | None = None  # a case definition, whose yes or no is the column `field`
    value: str = "true"  # of shares, counts and logistic regressions: the value that counts as yes, as text
    method: Method = "auto"
    by: str | None = None  # a column of the run: one estimate for each of its values
    every: Period | None = None  # of a date column `by`: one estimate for each such period
    clusters: tuple[str, ...] = ()  # columns of the run: documents with the same values go together
    covariates: tuple[str, ...] = ()  # of regressions: the columns of the run that explain
    shared_error_rates: bool = False  # Rogan-Gladen: one sensitivity and specificity for all groups
    level: float = 0.95
    half_width: float | None = None  # wanted: the table then says how many documents to review
    population: Population = "auto"  # what the run's documents come from (process), or these alone (run)

    def of_review(self, *, reviewed: int, documents: int) -> Question:
        """The question, of the run's documents alone where all of them were reviewed and nothing else is asked for.

        Nothing is uncertain about them then. Of regressions it is what they are a sample of, as ever.
        """
        is_known = reviewed == documents and self.what in ("prevalence", "mean") and self.method != "rogan_gladen"
        return replace(self, population="run") if is_known and self.population == "auto" else self

    @property
    def is_share(self) -> bool:
        """Whether yes and no are counted."""
        return self.what in ("prevalence", "count")

    @property
    def is_finite(self) -> bool:
        """Whether the figure describes the run's documents alone: so do counts, where nothing else is asked for."""
        is_count = self.what == "count" and self.method != "rogan_gladen"
        return self.population == "run" or (self.population == "auto" and is_count)

    @property
    def is_process_count(self) -> bool:
        """Whether a count is the expected one, of which the run's documents show one draw."""
        return self.what == "count" and self.population == "process" and self.method != "rogan_gladen"

    @property
    def is_pooled(self) -> bool:
        """Whether one method makes a whole table of groups, which add up."""
        return self.is_share and (self.method == "pooled" or (self.method == "auto" and self.by is not None))


def rows_of_run(
    usable: pl.LazyFrame,
    question: Question,
    *,
    id_column: str,
    carried: Sequence[str],
    inputs: Callable[[], pl.LazyFrame],
    groups: Sequence[str] = (),
    extracted: bool = False,
) -> pl.DataFrame:
    """The rows of a run that a question needs: the id, the field, and the columns `by`, `covariates` and `groups`.

    These may be carried by the run, or stand in its input only. They may not be fields: what the model extracts is
    wrong now and then, and groups made of it are not corrected. With `extracted` fields are taken, too, where the input
    has no such column.

    Raises:
        ConfigError: for a column that there is not.
        DataError: if the input is needed, and `inputs` cannot read it.
    """
    schema = usable.collect_schema()
    if question.field not in schema:
        raise ConfigError(f"field: no column {question.field!r} in the run. {did_you_mean(question.field, schema)}")
    wanted = list(dict.fromkeys(filter(None, [question.by, *question.clusters, *question.covariates, *groups])))
    if id_column in (question.field, *wanted):
        raise ConfigError(f"field, by, covariates: {id_column!r} is the id of the documents. Choose another column.")
    beside = [name for name in wanted if name not in carried]
    rows = usable.select(id_column, question.field, *(name for name in wanted if name in carried))
    if beside:
        try:
            documents = inputs()
        except DataError as error:
            raise DataError(f"{beside[0]!r} is not carried by the run, so its input is read. {error}") from None
        columns = documents.collect_schema().names()
        of_model = [name for name in beside if extracted and name in schema and name not in columns]
        rows = usable.select(id_column, question.field, *(name for name in wanted if name in (*carried, *of_model)))
        beside = [name for name in beside if name not in of_model]
        for name in beside:
            key = _key_of(name, question)
            if name in schema and name not in columns:
                raise ConfigError(
                    f"{key}: {name!r} was extracted by the model, and groups made of it would not be corrected. "
                    "Choose a column of the input."
                )
            if name not in columns:
                raise ConfigError(f"{key}: no column {name!r} in the input of the run. {did_you_mean(name, columns)}")
        rows = rows.join(documents.select(id_column, *beside), on=id_column, how="left")
    return rows.collect()


def _key_of(name: str, question: Question) -> str:
    """The key that names a column."""
    named = {"by": (question.by,), "clusters": question.clusters, "covariates": question.covariates}
    return next((key for key, names in named.items() if name in names), "table")


def with_weights(gold: pl.DataFrame, *, weight: str | None, inclusion_probability: str | None) -> pl.DataFrame:
    """The gold with its weights in the column WEIGHT: those of the column named, or of one that is called so, or 1.

    Raises:
        DataError: for a column that there is not, or a weight that is none.
    """
    columns = gold.columns
    if weight is None and inclusion_probability is None:
        weight = "weight" if "weight" in columns else None
        if weight is None and "inclusion_probability" in columns:
            inclusion_probability = "inclusion_probability"
    name = weight or inclusion_probability
    if name is None:
        return gold.with_columns(pl.lit(1.0).alias(WEIGHT))
    if name not in columns:
        raise DataError(f"gold: no column {name!r}. {did_you_mean(name, columns)}")
    values = gold[name].cast(pl.Float64, strict=False)
    if inclusion_probability and (values > 1).any() and values.is_finite().all():
        raise DataError(f"gold: {name!r} must be a probability, at most 1. Give weights as weight={name}.")
    check_range(values, name)
    weights = 1 / values if inclusion_probability else values
    check_range(weights, name)
    return gold.with_columns(weights.alias(WEIGHT))


def check(run: pl.DataFrame, gold: pl.DataFrame, question: Question, id_column: str) -> None:
    """Check that a question, a run and a gold sample go together; raises what `estimate` says."""
    _check_question(run, question)
    for name in (id_column, question.field):
        if name not in gold.columns:
            raise DataError(f"gold: no column {name!r}. {did_you_mean(name, gold.columns)}")
    if gold[id_column].null_count() or gold[id_column].n_unique() < gold.height:
        raise DataError(f"gold: {id_column!r} is null or repeated. One row per reviewed document.")
    if gold.schema[id_column] != run.schema[id_column]:
        told, run_told = both_type_words(gold.schema[id_column], run.schema[id_column])
        raise DataError(f"gold: {id_column!r} is {told}, and in the run {run_told}.")
    _check_types(run.schema[question.field], gold.schema[question.field], question.field)
    if strangers := gold.join(run, on=id_column, how="anti").height:
        raise DataError(
            f"gold: {strangers} of its {gold.height} documents are not among the usable documents of the run. "
            "The reviewed sample has to be drawn from the run; leave out what the run could not read."
        )


def _check_types(run: pl.DataType, gold: pl.DataType, field: str) -> None:
    """The truth must be of the kind of the answers: "TRUE" or 1 for a boolean would silently be a no."""
    if _kind(run) != _kind(gold) and gold != pl.Null:
        told, run_told = both_type_words(gold, run)
        raise DataError(
            f"gold: {field!r} is {told}, and in the run {run_told}. Write its values as the run has them."
            f"{brought_into(field, gold, str(run))}"
        )


def _kind(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.List | pl.Array):
        return f"list of {_kind(inner_type(dtype))}"
    if dtype.is_numeric():
        return "number"
    if isinstance(dtype, pl.String | pl.Categorical | pl.Enum):
        return "text"
    return "date" if isinstance(dtype, pl.Date | pl.Datetime) else str(dtype)


def _check_question(run: pl.DataFrame, question: Question) -> None:
    if question.field not in run.columns:
        raise ConfigError(
            f"field: no column {question.field!r} in the run. {did_you_mean(question.field, run.columns)}"
        )
    kind = run.schema[question.field]
    if question.what == "prevalence" and question.half_width is not None and not question.half_width < 1:
        raise ConfigError(
            f"half_width: {question.half_width:g} is no half-width of a share, which lies between 0 and 1. Write 0.02 "
            "for two points in a hundred."
        )
    is_regression = question.what in ("linear", "logistic")
    if question.what in ("mean", "linear") and not kind.is_numeric():
        raise ConfigError(f"field: {question.field!r} is {type_words(kind)}; what={question.what} needs a number.")
    if question.what not in ("mean", "linear"):
        check_value(question.field, question.value, kind=kind)
    if question.method == "rogan_gladen" and not question.is_share:
        raise ConfigError(
            f"method: rogan_gladen is for shares and counts, not what={question.what}. Choose ppi or auto."
        )
    if question.method == "pooled" and not (question.is_share and question.by):
        raise ConfigError("method: pooled is for shares and counts by groups. Set by, or choose method=auto.")
    if question.is_finite and question.method == "rogan_gladen":
        raise ConfigError("population: run is not for method=rogan_gladen. Choose method=auto, or population=process.")
    if question.clusters and question.method == "rogan_gladen":
        raise ConfigError("clusters: not for method=rogan_gladen. Choose method=auto.")
    if question.shared_error_rates and question.method != "rogan_gladen":
        raise ConfigError("shared_error_rates: only with method=rogan_gladen.")
    if is_regression and not question.covariates:
        raise ConfigError(
            f"covariates: what={question.what} needs the columns that explain, for example covariates=[hospital]."
        )
    if question.covariates and not is_regression:
        raise ConfigError(f"covariates: not used with what={question.what}. Did you mean by?")
    if is_regression and question.by:
        raise ConfigError("by: not used with regressions; put the column into covariates.")
    of_by = (question.by,) if question.by else ()
    for key, names in (("by", of_by), ("clusters", question.clusters), ("covariates", question.covariates)):
        for name in names:
            if name not in run.columns:
                raise ConfigError(f"{key}: no column {name!r} in the run. {did_you_mean(name, run.columns)}")
            if run.schema[name].is_nested():
                raise ConfigError(f"{key}: {name!r} is a list or a record; choose a column of plain values.")
    if question.every and not question.by:
        raise ConfigError("every: needs by, a column of dates.")
    if question.every and question.by and run.schema[question.by] not in (pl.Date, pl.Datetime):
        raise ConfigError(
            f"every: by={question.by!r} is {type_words(run.schema[question.by])}, and must be a date. Make it a "
            "column of dates in "
            f"the input ({READ_DATES}), and extract from that; or leave every out, and each value is a group."
        )


def joined_rows(run: pl.DataFrame, gold: pl.DataFrame, question: Question, id_column: str) -> pl.DataFrame:
    """The run with the truth of the reviewed documents beside it.

    CLUSTER of `run` is taken where it is there; else it is made of the columns asked for.

    Columns: the id, GROUP, CLUSTER, MODEL and GOLD (yes or no, or a number; null without truth), WEIGHT, REVIEWED,
    covariates.
    """
    left = run.select(
        id_column,
        _outcome(run.schema, run.schema, question).alias(MODEL),
        group_of(run.schema, question).alias(GROUP),
        pl.col(CLUSTER) if CLUSTER in run.columns else cluster_numbers(run, question.clusters).alias(CLUSTER),
        *(pl.col(name).fill_nan(None) if run.schema[name].is_float() else pl.col(name) for name in question.covariates),
    )
    right = gold.select(
        id_column,
        _outcome(gold.schema, run.schema, question).alias(GOLD),
        pl.col(WEIGHT),
        (pl.col(sampling.STRATUM).cast(pl.String) if sampling.STRATUM in gold.columns else pl.lit("")).alias(STRATUM),
        pl.lit(True).alias(REVIEWED),
    )
    joined = left.join(right, on=id_column, how="left", maintain_order="left")
    return joined.with_columns(pl.col(REVIEWED).fill_null(False))


def group_of(schema: Mapping[str, pl.DataType], question: Question) -> pl.Expr:
    """The group of each row: the value of `by`, or the first day of its period; null without `by`."""
    if question.by is None:
        return pl.lit(None, pl.String)
    if question.every:
        return pl.col(question.by).dt.date().dt.truncate(STEPS[question.every])
    is_category = isinstance(schema[question.by], pl.Categorical | pl.Enum)
    return pl.col(question.by).cast(pl.String) if is_category else pl.col(question.by)


def _outcome(schema: Mapping[str, pl.DataType], run_schema: Mapping[str, pl.DataType], question: Question) -> pl.Expr:
    """Yes or no (never null) for shares, a number or null for means."""
    if question.what in ("mean", "linear"):
        return pl.col(question.field).cast(pl.Float64).fill_nan(None)
    name = question.field
    return is_yes(name, question.value, of=schema[name], as_in=run_schema[name])
