"""Figures of a run, corrected by a reviewed sample: shares, counts, means and regression coefficients.

A model makes errors, and not at random. A figure made of its answers alone is biased, however many documents there are.
The reviewed sample shows by how much.

A document counts as yes if its field has the value asked for; a list, if it holds this value. A document whose field is
null counts as no. Means and linear regressions leave out the documents whose field is null.

The question says which population a figure describes. `population="process"` is what the run's documents are a sample
of (the visits of such a season). `population="run"` is these documents alone. Then the truth of the reviewed ones is
known, and the interval shrinks to nothing if all were reviewed (finite population correction, Cochran, Sampling
Techniques, 1977, section 2.6).
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from glane.assess.estimate.error_rates import ErrorRatesRecord, rates_of_review
from glane.assess.estimate.failed import total_with_failed, with_failed
from glane.assess.estimate.fitted import mean_of, regression_of
from glane.assess.estimate.question import GOLD, GROUP, MODEL, WEIGHT, Question, check, joined_rows
from glane.assess.estimate.record import Estimate, Found
from glane.assess.estimate.shares import rates_of, share_of
from glane.assess.estimate.tables import basis_of_review, pooled_table, with_all_periods
from glane.assess.estimate.transported import basis_of_rates
from glane.assess.estimate.validation import validation_by_group, validation_of
from glane.errors import ConfigError, DataError


def estimate(
    run: pl.DataFrame,
    gold: pl.DataFrame | None,
    question: Question,
    *,
    id_column: str,
    failed: pl.DataFrame | None = None,
    transported: ErrorRatesRecord | None = None,
) -> Found:
    """Estimate a figure of a run from the model's answers and a reviewed sample of its documents.

    Args:
        run: the usable rows, with the id, the field, and the columns `by` and `covariates`.
        gold: the reviewed documents, drawn from the run at random: the id, the field as it should be,
            and the weights of `with_weights`; without these all were equally likely.
        question: what is estimated.
        id_column: of both.
        failed: the rows without an answer, with the column `by`: shares and counts are bounded as if all of them were
            no, and as if all were yes.
        transported: the error rates of an earlier review, in place of a gold.

    Returns:
        One estimate, or one for each group or each term.

    Raises:
        ConfigError: for a column, value or method that does not fit.
        DataError: for a gold sample that does not fit the run.
    """
    if gold is None:
        check_transported(question, transported)
        gold = run.head(0).select(id_column, question.field)
    elif gold.is_empty():
        raise DataError("gold: no row. Review some documents of the run first.")
    if WEIGHT not in gold.columns:
        gold = gold.with_columns(pl.lit(1.0).alias(WEIGHT))
    check(run, gold, question, id_column)
    rows = joined_rows(run, gold, question, id_column)
    if question.what in ("linear", "logistic"):
        return Found(estimates=regression_of(rows, question))
    together = None
    if question.is_pooled or transported is not None:
        basis = basis_of_review(rows, question) if transported is None else basis_of_rates(rows, question, transported)
        found, together = pooled_table(rows, question, basis) if question.by else ([basis.line], None)
    else:
        found = _one_by_one(rows, question)
    found = with_all_periods(found, question)
    if question.is_share:
        found = with_failed(found, question, failed, is_unknown=not (rows[MODEL].any() or rows[GOLD].any()))
        together = None if together is None else total_with_failed(together, question, failed)
    rates = rates_of_review(rows) if question.is_share and transported is None else None
    validation = validation_of(rows, question) if question.is_share and transported is None else None
    return Found(
        estimates=found, together=together, rates=rates, num_reviewed=gold.height, validation=validation,
        validation_by_group=() if validation is None else validation_by_group(rows, question),
    )  # fmt: skip


def _one_by_one(rows: pl.DataFrame, question: Question) -> list[Estimate]:
    """Each group by itself."""
    shared = rates_of(rows) if question.shared_error_rates else None
    found = []
    for (group,), part in sorted(rows.group_by([GROUP]), key=lambda pair: _order(pair[0][0])):
        one = share_of(part, question, shared) if question.is_share else mean_of(part, question)
        found.append(replace(one, group=group))
    return found


def _order(group: object) -> tuple[bool, object]:
    return (group is None, group if group is not None else 0)


def check_transported(question: Question, transported: ErrorRatesRecord | None) -> None:
    """Check that error rates of an earlier review can answer the question.

    Raises:
        ConfigError: if there are none, or the question is not of a share or count by method auto.
    """
    if transported is None:
        raise ConfigError("gold: nothing was reviewed. Give gold=…, or the error_rates=… of an earlier review.")
    if not question.is_share or question.method != "auto":
        raise ConfigError("error_rates: for what=prevalence or count, with method=auto.")
