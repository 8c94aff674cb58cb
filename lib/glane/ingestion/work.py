"""Reading files as the work of a durable run: each worker reads those of a shard, and commits their documents."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from glane.corpus.read import SpanReader
from glane.corpus.shard import Shard
from glane.documents.limits import Limits, Options
from glane.documents.parsed import ParsedDocument
from glane.documents.read import Parser, require_packages
from glane.errors import DataError
from glane.ingestion.columns import ROWS
from glane.ingestion.confinement import note_unconfined
from glane.ingestion.describe import language_of, signature_of
from glane.ingestion.inventory import COLUMNS, FILE, take_inventory
from glane.ingestion.ocr.pages import PageQueue, Pending, pages_by_model
from glane.ingestion.prepare import draft
from glane.ingestion.read_file import read_file
from glane.ingestion.rows import file_row
from glane.ingestion.spill import Spill
from glane.ingestion.summary import summarise
from glane.run.description import RunDescription, known_run
from glane.run.directory import run_directory
from glane.run.prepare import PreparedRun, prepare_run
from glane.run.session import Session
from glane.run.shards import work_through
from glane.run.summary import Summary
from glane.run.work import Draft
from glane.settings import IngestSettings

_CHARACTERS_AT_ONCE = 16 * 2**20  # texts are held as Python has them up to here, and then as Arrow does


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestWork:
    """The reading of the files of a source, with its settings. Their paths are absolute."""

    settings: IngestSettings

    @property
    def label(self) -> str:
        """See `glane.run.work.Work`."""
        return "the reading of files"

    @property
    def start_hint(self) -> str:
        """See `glane.run.work.Work`."""
        return "Is there memory for a reader on each core (cluster.cpus)?"

    def draft(self, known: RunDescription | None) -> Draft:
        """See `glane.run.work.Work`."""
        return draft(self.settings, run_directory(self.settings.run), known)

    def work(self, session: Session) -> None:
        """See `glane.run.work.Work`."""
        shards = session.shards()
        session.is_ready()
        spans = SpanReader(shards.plan.files, id_column=FILE, columns=COLUMNS)
        limits, options = Limits(**self.settings.limits.model_dump()), Options(**self.settings.options.model_dump())
        with (
            Parser(limits=limits, options=options) as parser,
            pages_by_model(self.settings.ocr, parser, max_text_mib=limits.max_text_mib) as pages,
        ):
            reader = _Reader(self.settings, spans, parser, pages)
            work_through(shards, reader.table, steps=lambda: reader.num_read + pages.num_done)

    def summarise(self, summary: Summary, records: Sequence[Path]) -> Summary:  # noqa: ARG002
        """See `glane.run.work.Work`."""
        return summarise(summary, run_directory(self.settings.run), Path(self.settings.data.path))


class _Reader:
    """Reads the files of one shard after another."""

    def __init__(self, settings: IngestSettings, spans: SpanReader, parser: Parser, pages: PageQueue) -> None:
        self._settings, self._spans, self._parser, self._pages = settings, spans, parser, pages
        self.num_read = 0  # files

    def table(self, shard: Shard) -> pa.Table:
        """The rows of a shard: one a file."""
        if not self._parser.is_confined():
            note_unconfined(run_directory(self._settings.run))
        waiting: list[dict[str, Any]] = []
        num_characters = 0
        with Spill(ROWS) as spill:
            for number, listed, documents in self._documents(shard):
                waiting.append(file_row(number, listed, documents, self._describe))
                num_characters += sum(len(document.text) for document in documents)
                if num_characters > _CHARACTERS_AT_ONCE:
                    spill.add(pa.Table.from_pylist(waiting, schema=ROWS))
                    waiting, num_characters = [], 0
            spill.add(pa.Table.from_pylist(waiting, schema=ROWS))
            return spill.table()

    def _documents(self, shard: Shard) -> Iterator[tuple[int, dict[str, Any], Sequence[ParsedDocument]]]:
        """The documents of each file, in order. While a model reads pages of some, the next files are read.

        No more than some are held behind a file whose pages are in work: this is waited for then.
        """
        waiting: deque[tuple[int, dict[str, Any], Pending, int]] = deque()
        num_characters = 0
        for number, listed in self._listed(shard):
            place = os.path.join(listed["root"], listed["path"])
            documents = read_file(self._parser, place)
            self.num_read += 1
            begun = self._pages.begin(place, documents)
            held = begun.num_characters
            waiting.append((number, listed, begun, held))
            num_characters += held
            while waiting and (waiting[0][2].is_done or num_characters > _CHARACTERS_AT_ONCE):
                first, row, pending, held = waiting.popleft()
                num_characters -= held
                yield first, row, pending.documents()
        for first, row, pending, _ in waiting:
            yield first, row, pending.documents()

    def _listed(self, shard: Shard) -> Iterator[tuple[int, dict[str, Any]]]:
        """The number and the row in the inventory of each file of a shard."""
        for span in shard.spans:
            for ids, batch in self._spans.read(span):
                yield from zip(ids.to_pylist(), batch.select(COLUMNS).to_pylist(), strict=True)

    def _describe(self, text: str) -> tuple[str | None, bytes | None]:
        language = language_of(text) if self._settings.language else None
        return language, None if self._settings.near_duplicates is None else signature_of(text)


def prepare_ingest(work: IngestWork) -> tuple[PreparedRun, bool]:
    """Prepare the run, and list its files unless that is done. Return also whether they were listed now.

    Raises:
        GlaneError: as `glane.run.prepare.prepare_run` does, and if there is no file, or no package that reads it.
    """
    require_packages()
    settings = work.settings
    directory = run_directory(settings.run)
    directory.set_umask()
    is_listed_now = False
    if known_run(directory) is None:
        directory.create()
        try:
            is_listed_now = take_inventory(directory, settings.source)
        except DataError:  # there is nothing to be read: nothing stays behind
            directory.give_up()
            raise
    run = prepare_run(directory, work, cluster=settings.cluster.model_dump(mode="json"))
    return run, is_listed_now
