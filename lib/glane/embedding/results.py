"""Reads the vectors of a run, for analysts and for the search."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import polars as pl

from glane.corpus.documents import scan_documents
from glane.corpus.plan import read_plan
from glane.embedding.columns import CHUNKS
from glane.embedding.prepare import WORK
from glane.embedding.summary import summary_lines
from glane.errors import ConfigError, RunError
from glane.parquet import scan_parquet
from glane.run.audit import noted_read
from glane.run.description import RunDescription, read_description
from glane.run.directory import RunDirectory
from glane.run.intact import check_intact
from glane.run.unaltered import refuse_altered
from glane.settings import EmbedSettings
from glane.storage import listed
from glane.types import Status
from glane.validation import validated


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """The vectors of a complete run as Polars LazyFrames. `str()` of it tells what became of the documents."""

    directory: RunDirectory

    def all(self) -> pl.LazyFrame:
        """One row per document, whatever its status: id, carried columns, status, reason, chunks."""
        return scan_parquet(self.files)

    def chunks(self) -> pl.LazyFrame:
        """One row per chunk that has a vector: id, carried columns, chunk, start, end (code points), vector."""
        rows = self.all().filter(pl.col("status") == Status.OK).drop("status", "reason")
        return rows.explode(CHUNKS).unnest(CHUNKS)

    def documents(self) -> pl.LazyFrame:
        """The id and the text of every document of the run, from its input files.

        Raises:
            DataError: if an input file is missing, or has changed since the run began.
        """
        data = self.settings.data
        rows = scan_documents(
            read_plan(self.directory.plan),
            id_column=data.id_column,
            text_column=data.text_column,
            number_rows=data.number_rows,
        )
        return rows.select(data.id_column, data.text_column)

    @property
    def files(self) -> list[Path]:
        """The published files, in the order of the input.

        Raises:
            GlaneError: if one is not what was published. Each is read once for this.
        """
        refuse_altered(self.directory)
        return listed(self.directory.records, "*.parquet")

    @property
    def id_column(self) -> str:
        """The name of the ids."""
        return self.settings.data.id_column

    @property
    def carried(self) -> tuple[str, ...]:
        """The columns of the input that the rows have, without the texts, which some runs have carried."""
        data = self.settings.data
        return tuple(name for name in data.carry_columns if name not in (data.id_column, data.text_column))

    def refuse_beside(self, kept: Iterable[str], own: Collection[str]) -> None:
        """Refuse a run whose `kept` columns would stand beside a result's `own`: glane embed made such runs once.

        Raises:
            ConfigError: naming the column.
        """
        if taken := [name for name in kept if name in own]:
            raise ConfigError(
                f"run.dir: the run has a column {taken[0]!r}, and so has this result. Rename it in the input, or leave "
                "it out of data.carry_columns, and run glane embed with another run.dir."
            )

    @cached_property
    def description(self) -> RunDescription:
        """What the run is."""
        return read_description(self.directory)

    @cached_property
    def settings(self) -> EmbedSettings:
        """The settings that it was made with."""
        return validated(EmbedSettings, self.description.settings, place="")

    def __str__(self) -> str:
        return "\n".join(summary_lines(self.directory))


def open_embedded(path: str | Path) -> Embedded:
    """Open the directory of a complete run of `glane embed`.

    Raises:
        RunError: if there is none, it is of another kind or not complete, or rows of it were lost.
    """
    directory = RunDirectory(root=Path(path).expanduser().absolute())
    with noted_read(directory):
        return _opened(directory, path)


def _opened(directory: RunDirectory, path: str | Path) -> Embedded:
    if not directory.description.is_file():
        raise RunError(f"run.dir: no run in {path} (no run.yaml). Give the run.dir of glane embed.")
    found = Embedded(directory=replace(directory, erased_then=directory.erasures()))
    if found.description.work != WORK:
        raise RunError(
            f"run.dir: {path} holds a run of another kind ({found.description.work}). Give the run.dir of glane embed."
        )
    if not directory.is_complete:
        raise RunError(f"run.dir: the run in {path} is not complete. Run its command again to go on.")
    check_intact(directory)
    return found
