"""The documents of a run beside those of an earlier one: checked before it starts, compared at its end."""

from __future__ import annotations

import polars as pl

from glane.drift import DocumentWatch
from glane.errors import ConfigError, DataError, RunError, did_you_mean
from glane.extraction.results import Run, open_run
from glane.run.directory import RunDirectory
from glane.settings import ExtractSettings, ResolvedSettings


def check_reference(settings: ExtractSettings) -> Run | None:
    """Open the earlier run, and check that it can be compared. Return None if the settings name none.

    Raises:
        ConfigError: naming the setting, what is wrong and the remedy.
    """
    told = settings.run
    if told.reference is None:
        if told.reference_by:
            raise ConfigError("run.reference_by: there is no run.reference whose documents are compared. Name one.")
        return None
    try:
        reference = open_run(told.reference)
    except RunError as error:
        raise ConfigError(f"run.reference: {error}") from None
    known = reference.all().collect_schema().names()
    for name in told.reference_by:
        if name not in settings.data.carry_columns:
            carried = ",".join([*settings.data.carry_columns, name])
            raise ConfigError(f"run.reference_by: {name!r} is not carried. Add data.carry_columns=[{carried}].")
        if name not in known:
            raise ConfigError(
                f"run.reference_by: {told.reference} has no column {name!r}. {did_you_mean(name, known)} Choose a run "
                "that carries it."
            )
    return reference


def watch_run(directory: RunDirectory, settings: ResolvedSettings, reference: Run) -> DocumentWatch:
    """Compare the documents of a complete run with those of the earlier one."""
    from glane.assess.compare.document_watch import Watched, watch_documents

    sides = [
        Watched(fields=run.task.fields, rows=run.all(), lengths=lengths_of(run), id_column=run.id_column)
        for run in (reference, open_run(directory.root))
    ]
    found = watch_documents(sides[0], sides[1], by=settings.run.reference_by)
    return found.model_copy(update={"reference": settings.run.reference})


def lengths_of(run: Run) -> pl.LazyFrame | None:
    """The characters of each document, or group of documents; None where the input is gone or was changed."""
    from glane.assess.compare.document_watch import LENGTH

    text = run.settings.data.text_column
    try:
        characters = pl.col(text).str.len_chars().fill_null(0).alias(LENGTH)
        table = run.documents().select(run.id_column, characters).collect()
    except DataError:
        return None
    return table.group_by(run.id_column).agg(pl.col(LENGTH).sum()).lazy()
