"""The risk of bias of the reports of an evidence table, from runs that answered its questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from glane.api.sources import RunLike, run_of
from glane.errors import ConfigError, DataError, RunError
from glane.extraction.results import Run
from glane.synthesis.bias import ALL_QUESTIONS, Bias, bias_of
from glane.types import Status


def bias_rows(
    runs: Sequence[RunLike], labels: Mapping[str, str], designs: Mapping[str, str | None]
) -> tuple[list[Bias], dict[str, str]]:
    """What is judged of each report of the table and of the runs, and the texts of the questions.

    Args:
        runs: Complete runs of the task `risk_of_bias_randomised`, over documents with the ids of the table.
        labels: The study of each report of the table, by its id.
        designs: What the table tells of how groups were made.

    Raises:
        GlaneError: if a run is not complete or of another task, or a document is in two of them.
    """
    found: dict[str, Mapping[str, Any]] = {}
    questions: dict[str, str] = {}
    for run in map(_checked, runs):
        questions |= {name: run.task.fields[name].description for name in ALL_QUESTIONS}
        for told in run.all().collect().iter_rows(named=True):
            key = str(told[run.id_column])
            if key in found:
                raise DataError("bias: a document is in more than one of the runs. Leave one of them out.")
            found[key] = told
    reports = [*labels, *(key for key in found if key not in labels)]
    rows = []
    for key in reports:
        row = found.get(key)
        is_answered = row is not None and row["status"] == Status.OK
        name = row["study"] if row is not None and is_answered else None
        rows.append(bias_of(key, labels.get(key, name or key), row, is_answered=is_answered, design=designs.get(key)))
    return sorted(rows, key=lambda row: (row.label, row.report)), questions


def _checked(run: RunLike) -> Run:
    found = run_of(run)
    if not found.is_complete:
        raise RunError(f"{found.directory.root}: not complete. The risk of bias is judged from a complete run.")
    lacking = [name for name in ALL_QUESTIONS if name not in found.task.fields]
    if lacking:
        raise ConfigError(
            f"bias: the task of {found.directory.root} lacks {len(lacking)} questions ({lacking[0]} is the first). "
            "Take the task risk_of_bias_randomised, or keep its names."
        )
    return found
