"""The reader of a run's documents, or of its groups of documents."""

from __future__ import annotations

from collections.abc import Sequence

from glane.corpus.group_read import GroupReader
from glane.corpus.pseudonymised import problem_column
from glane.corpus.read import Reader
from glane.corpus.unchanged import KnownFile
from glane.settings import DataSettings
from glane.task.task import Task

AnyReader = Reader | GroupReader


def reader_of(data: DataSettings, task: Task, files: Sequence[KnownFile], *, carry_columns: Sequence[str]) -> AnyReader:
    """The reader that the settings ask for."""
    if data.group_by is None:
        return Reader(
            files,
            id_column=data.id_column,
            text_column=data.text_column,
            input_columns=task.input_columns,
            carry_columns=carry_columns,
            number_rows=data.number_rows,
            problem_column=problem_column(data.path),
        )
    return GroupReader(
        files,
        id_column=data.id_column,
        group_by=data.group_by,
        order_by=data.order_by,
        text_column=data.text_column,
        input_columns=task.input_columns,
        carry_columns=carry_columns,
        number_rows=data.number_rows,
        problem_column=problem_column(data.path),
    )
