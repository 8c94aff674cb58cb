"""`glane.estimate`: figures of a run, corrected by a reviewed sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from glane.api.sources import RunLike, TableLike, name_of, refuse_uncarried, run_of, table_of
from glane.assess.estimate.estimate import estimate as estimated
from glane.assess.estimate.figures import as_table
from glane.assess.estimate.question import Every, Method, Population, Question, What, rows_of_run, with_weights
from glane.assess.estimate.record import Estimate, EstimatesSummary
from glane.assess.estimate.sentences import estimate_text, summarised
from glane.assess.files import as_parquet, write_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """Corrected figures with intervals. `str()` of it says them in words."""

    summary: EstimatesSummary

    def __str__(self) -> str:
        return estimate_text(self.summary)

    @property
    def figures(self) -> tuple[Estimate, ...]:
        """The estimates, one for each group or term."""
        return self.summary.estimates

    @property
    def table(self) -> pl.DataFrame:
        """One row per figure."""
        return as_table(self.figures)

    def write(self, folder: str) -> list[str]:
        """Write `estimates.parquet` and `estimates.json`; return their names.

        Raises:
            RunError: if the file system refuses.
        """
        files = {"estimates.parquet": as_parquet(self.table), "estimates.json": self.summary.as_json()}
        write_folder(folder, files)
        return list(files)


def estimate(
    run: RunLike,
    gold: TableLike,
    field: str,
    *,
    what: What = "prevalence",
    value: str | bool = "true",
    method: Method = "auto",
    by: str | None = None,
    every: Every | None = None,
    covariates: Sequence[str] = (),
    shared_error_rates: bool = False,
    level: float = 0.95,
    half_width: float | None = None,
    population: Population = "process",
    weight: str | None = None,
    inclusion_probability: str | None = None,
    out_dir: str | None = None,
) -> Estimates:
    """Estimate a share, a mean, a count or a regression over a run's documents, corrected for the model's errors.

    Args:
        run: A run, or its directory.
        gold: Right answers of a sample of its documents; see `glane.evaluate`.
        field: What the figure is of.
        what: Which figure.
        value: Of shares, counts and logistic regressions: the value that counts as yes.
        method: Of correction; auto takes what the sample supports.
        by: A column of the run: one estimate for each of its values.
        every: Of a date column `by`: one estimate for each such period.
        covariates: Of regressions: the columns of the run that explain.
        shared_error_rates: Of Rogan-Gladen: one sensitivity and specificity for all groups.
        level: Of the intervals.
        half_width: Wanted; the table then says how many documents to review.
        population: What the documents come from (process), or these documents alone (run).
        weight: The column of gold that holds weights.
        inclusion_probability: The column that holds the probability with which a document came into the sample.
        out_dir: Where to write the result, if anywhere.

    Raises:
        GlaneError: if the question does not fit the run or gold.
    """
    opened = run_of(run)
    data = opened.settings.data
    refuse_uncarried(opened, by=by, covariates=covariates)
    question = Question(
        what=what, field=field, value=str(value).lower() if isinstance(value, bool) else value, method=method, by=by,
        every=every, covariates=tuple(covariates), shared_error_rates=shared_error_rates, level=level,
        half_width=half_width, population=population,
    )  # fmt: skip
    table = table_of(gold, place="gold", id_column=opened.id_column)
    reviewed = with_weights(table, weight=weight, inclusion_probability=inclusion_probability)
    rows = rows_of_run(
        opened.usable(), question, id_column=opened.id_column, carried=data.carry_columns, inputs=opened.columns_beside
    )
    about = {"run": name_of(run), "gold": name_of(gold), "fingerprint": opened.description().fingerprint_digest}
    about["toy"] = opened.toy
    summary = summarised(
        estimated(rows, reviewed, question, id_column=opened.id_column),
        question,
        num_rejected=int(opened.rejected().select("status").collect().height),
    )
    result = Estimates(summary=summary.model_copy(update=about))
    if out_dir is not None:
        result.write(out_dir)
    return result
