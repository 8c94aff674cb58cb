"""Figures of a run, corrected by a reviewed sample: shares, counts, means and regression coefficients.

What a model extracts is wrong now and then, and not at random; a figure made of its answers alone is biased, however
many documents there are. The reviewed sample says by how much.

A yes is a document whose field has the value asked for, or, of a list, holds it. A document whose field is null says
no. Means and linear regressions are over the documents whose field is not null.

What the figure is of is for the question to say. `population="process"`: of what the run's documents come from (the
visits of such a season), of which they are a sample, too. `population="run"`: of these very documents; what was
reviewed of them is then known, and the interval shrinks to nothing when all were (finite population correction,
Cochran, Sampling Techniques, 1977, section 2.6).
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from glane.assess.estimate.fitted import mean_of, regression_of
from glane.assess.estimate.question import GROUP, WEIGHT, Question, check, joined_rows
from glane.assess.estimate.record import Estimate
from glane.assess.estimate.shares import rates_of, share_of


def estimate(run: pl.DataFrame, gold: pl.DataFrame, question: Question, *, id_column: str) -> list[Estimate]:
    """Estimate a figure of a run from the model's answers and a reviewed sample of its documents.

    Args:
        run: the usable rows, with the id, the field, and the columns `by` and `covariates`.
        gold: the reviewed documents, drawn from the run at random: the id, the field as it should be,
            and the weights of `with_weights`; without these all were equally likely.
        question: what is estimated.
        id_column: of both.

    Returns:
        One estimate, or one for each group or each term, in their order.

    Raises:
        ConfigError: for a column, value or method that does not fit.
        DataError: for a gold sample that does not fit the run.
    """
    if WEIGHT not in gold.columns:
        gold = gold.with_columns(pl.lit(1.0).alias(WEIGHT))
    check(run, gold, question, id_column)
    rows = joined_rows(run, gold, question, id_column)
    if question.what in ("linear", "logistic"):
        return regression_of(rows, question)
    shared = rates_of(rows) if question.shared_error_rates else None
    found = []
    for (group,), part in sorted(rows.group_by([GROUP]), key=lambda pair: _order(pair[0][0])):
        one = share_of(part, question, shared) if question.is_share else mean_of(part, question)
        found.append(replace(one, group=group))
    return found


def _order(group: object) -> tuple[bool, object]:
    return (group is None, group if group is not None else 0)
