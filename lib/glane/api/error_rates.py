"""Error rates from one review to later runs: written with what they rest on, and read only where they may be taken."""

from __future__ import annotations

import json
from pathlib import Path

from glane.api.several_runs import SeveralRuns
from glane.assess.estimate.error_rates import ErrorRatesRecord
from glane.assess.estimate.groups import Rates
from glane.assess.estimate.question import Question
from glane.errors import DataError
from glane.extraction.fingerprint import answering
from glane.records import read_record
from glane.run.fingerprint import text_digest
from glane.run.whole import read_together


def error_rates_record(rates: Rates, runs: SeveralRuns, question: Question, num_reviewed: int) -> ErrorRatesRecord:
    """The error rates of a review, with what they rest on."""
    task = runs.first.task
    return ErrorRatesRecord(
        field=question.field, value=question.value, case=question.case,
        runs=tuple(runs.names), task=f"{task.name} {task.version}",
        model=runs.first.description().model, answering=_answering(runs), reviewed=num_reviewed,
        sensitivity=rates.sensitivity, num_yes=rates.num_yes, false_positive_rate=rates.false_positive_rate,
        num_no=rates.num_no,
    )  # fmt: skip


def read_error_rates(path: str, runs: SeveralRuns, field: str) -> ErrorRatesRecord:
    """Read the error rates of an earlier review.

    Raises:
        DataError: if these runs ask otherwise than the reviewed ones, their sentinels drifted in this field, or the
            file is not as the estimate beside it was written.
    """
    file = Path(path).expanduser()
    with read_together(file.parent, [file.name], place="error_rates"):
        known = read_record(ErrorRatesRecord, file)
    if known.answering != _answering(runs):
        raise DataError(
            f"error_rates: {path} is of {known.task}, model {known.model}, asked otherwise than these runs (task, "
            "prompt, model or engine). Another way of asking errs otherwise: review a sample of these runs."
        )
    if field in runs.drifted():
        raise DataError(
            f"error_rates: sentinels drifted in {field!r}, so the model errs otherwise now than when it was reviewed. "
            "Review a sample of these runs."
        )
    return known


def _answering(runs: SeveralRuns) -> str:
    return text_digest(json.dumps(answering(runs.first.description().fingerprint), sort_keys=True))
