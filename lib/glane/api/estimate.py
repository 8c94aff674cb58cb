"""`glane.estimate`: figures of a run, corrected by a reviewed sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from glane.api.error_rates import error_rates_record, read_error_rates
from glane.api.numbers import check_numbers
from glane.api.reviewed import asked_field, check_sample, reviewed_of
from glane.api.several_runs import together
from glane.api.sources import Names, RunLike, TableLike, name_of, names_in, refuse_shifted, refuse_uncarried, run_of
from glane.assess.estimate.error_rates import ErrorRatesRecord
from glane.assess.estimate.estimate import estimate as estimated
from glane.assess.estimate.figures import as_table
from glane.assess.estimate.page import estimate_page
from glane.assess.estimate.question import Method, Population, Question, What
from glane.assess.estimate.record import Estimate, EstimatesSummary
from glane.assess.estimate.sentences import estimate_text, summarised
from glane.assess.evaluate.leaf import categories_of
from glane.assess.files import as_parquet, write_folder
from glane.assess.yes import check_value
from glane.errors import ConfigError
from glane.languages import Spoken
from glane.run.links import RunLink, links_to
from glane.settings.estimate import EstimateSettings
from glane.settings.shapes import as_answer
from glane.types import Language, Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates(Spoken):
    """Corrected figures with intervals. `str()` of it says them in words."""

    summary: EstimatesSummary
    error_rates: ErrorRatesRecord | None = None  # of the review, for runs to come
    language: Language = "en"  # that the page opens in
    links: tuple[RunLink, ...] = ()  # to the runs that it is of

    def _in_english(self) -> str:
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
        """Write `estimates.parquet`, `estimates.json`, `report.html`, and of shares `error_rates.json`.

        Returns:
            Their names.

        Raises:
            RunError: if the file system refuses.
        """
        files = {"estimates.parquet": as_parquet(self.table), "estimates.json": self.summary.as_json()}
        files["report.html"] = estimate_page(self.summary, language=self.language).encode()
        if self.error_rates is not None:
            files["error_rates.json"] = self.error_rates.as_json()
        write_folder(folder, files, of=self.links)
        return list(files)


def estimate(
    run: RunLike | Sequence[RunLike],
    gold: TableLike | None,
    field: str | None = None,
    *,
    case: str | None = None,
    error_rates: str | None = None,
    what: What = "prevalence",
    value: str | bool = "true",
    method: Method = "auto",
    by: str | None = None,
    every: Period | None = None,
    clusters: Names = (),
    covariates: Names = (),
    shared_error_rates: bool = False,
    level: float = 0.95,
    half_width: float | None = None,
    population: Population = "auto",
    weight: str | None = None,
    inclusion_probability: str | None = None,
    out_dir: str | None = None,
) -> Estimates:
    """Estimate a share, a mean, a count or a regression over a run's documents, corrected for the model's errors.

    Args:
        run: A run, or its directory; or several that answered alike, as the increments of a collection.
        gold: Right answers of a sample of its documents; see `glane.evaluate`. None with `error_rates`.
        field: What the figure is of; None with `case`.
        case: A case definition: a condition in SQL on fields and columns of one document.
        error_rates: `error_rates.json` of an earlier estimate, whose review is taken for these documents, too.
        what: Which figure.
        value: Of shares, counts and logistic regressions: the value that counts as yes.
        method: Of correction; auto takes what the sample supports.
        by: A column of the run: one estimate for each of its values.
        every: Of a date column `by`: one estimate for each such period.
        clusters: Columns whose values go together, as hospital or patient: the intervals follow them.
        covariates: Of regressions: the columns of the run that explain.
        shared_error_rates: Of Rogan-Gladen: one sensitivity and specificity for all groups.
        level: Of the intervals.
        half_width: Wanted; the table then says how many documents to review.
        population: What the documents come from (process), or these documents alone (run); auto is run for
            counts, and where all documents were reviewed.
        weight: The column of gold that holds weights.
        inclusion_probability: The column that holds the probability with which a document came into the sample.
        out_dir: Where to write the result, if anywhere.

    Raises:
        GlaneError: if the question does not fit the run or gold.
    """
    check_numbers(EstimateSettings, level=level, half_width=half_width)
    runs = together([run_of(one) for one in (run if isinstance(run, list | tuple) else [run])])  # type: ignore[arg-type]
    refuse_uncarried(
        runs.first, by=by, covariates=names_in(covariates), clusters=names_in(clusters)
    )  # fmt: skip
    refuse_shifted(runs.runs, by=None if every is None else by)
    if (field is None) == (case is None):
        raise ConfigError("field, case: give the field that is asked about, or a case definition, one of both.")
    field = asked_field(field)
    question = Question(
        what=what, field=field, case=case, value=as_answer(value), method=method, by=by, every=every,
        clusters=names_in(clusters), covariates=names_in(covariates),
        shared_error_rates=shared_error_rates, level=level, half_width=half_width, population=population,
    )  # fmt: skip
    id_column = runs.first.id_column
    reviewed = None
    if gold is not None:
        reviewed = reviewed_of(
            gold, runs, field, case=case, weight=weight, inclusion_probability=inclusion_probability
        )  # fmt: skip
    transported = None if error_rates is None else read_error_rates(error_rates, runs, field)
    rows, failed = runs.usable(question), runs.failed(question)
    if question.is_share or question.what == "logistic":
        kind = rows.schema[field]
        check_value(field, question.value, kind=kind, categories=categories_of(runs.first.task.fields.get(field)))
    if reviewed is not None:
        check_sample(reviewed, rows, runs)
        question = question.of_review(reviewed=reviewed.table.height, documents=rows.height)
    found = estimated(
        rows, None if reviewed is None else reviewed.table, question, id_column=id_column, failed=failed,
        transported=transported,
    )  # fmt: skip
    summary = summarised(found, question, num_rejected=failed.height)
    about = {
        "run": ", ".join(runs.names), "gold": name_of(gold), "toy": runs.first.toy,
        "review": None if reviewed is None else reviewed.design,
        "right_answers": None if reviewed is None else reviewed.right_answers,
        "are_copies_known": None if question.clusters or runs.are_copies_known() else False,
        "fingerprint": runs.first.description().fingerprint_digest,
    }  # fmt: skip
    rates = None if found.rates is None else error_rates_record(found.rates, runs, question, found.num_reviewed)
    result = Estimates(
        summary=summary.model_copy(update=about),
        error_rates=rates,
        language=runs.first.task.language,
        links=links_to(run.directory for run in runs.runs),
    )
    if out_dir is not None:
        result.write(out_dir)
    return result
