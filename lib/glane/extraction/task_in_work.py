"""A task as a worker asks it: its prompts, the documents as it sees them, and the run that its answers go to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import pyarrow as pa

from glane.corpus.blank import is_blank
from glane.corpus.group_read import GroupReader
from glane.engine.protocol import Engine
from glane.extraction.counts import Counts
from glane.extraction.kept import Keeper
from glane.extraction.prompts import PromptBuilder
from glane.extraction.reader import AnyReader
from glane.extraction.shardwork import ShardWork
from glane.normalisation.derive import Derivation
from glane.reading.parse import Outcome
from glane.reading.reading import Reading
from glane.run.repeats import content_digest
from glane.run.shards import Shards, until_published
from glane.settings import ModelSettings
from glane.storage import exists
from glane.task.arrow import Column, columns
from glane.task.task import Task
from glane.types import DOCUMENTS, Document, Extraction

_PIECE = 2**20  # characters of a text that are spelled at once


class TaskInWork:
    """One of the tasks that a worker asks of each document. Each has a run of its own."""

    def __init__(
        self,
        *,
        engine: Engine,
        task: Task,
        model: ModelSettings,
        shards: Shards,
        reader: AnyReader,
        derivation: Derivation,
        key: str,
        keeper: Keeper | None = None,
    ) -> None:
        """`keeper` is that of a run that extends another.

        `key` is the digest of the run's fingerprint; the digests of prompts are keyed with it.
        """
        self.shards, self.key, self.counts = shards, key, Counts()
        self.prompts = PromptBuilder(engine, task, model)
        self._keeper = keeper
        self._rest = None if keeper is None else PromptBuilder(engine, task, model, asked=keeper.asked)
        self._task, self._reader, self._derivation = task, reader, derivation
        self._columns: list[Column] = []  # once a shard is read: of groups, they depend on the type of documents' ids

    def is_committed(self, shard: int) -> bool:
        """Whether this task needs not be asked about a shard any more."""
        directory = self.shards.directory
        return exists(directory.part(shard)) or directory.is_complete

    def begin(self, shard: int) -> tuple[ShardWork, Sequence[Document]]:
        """Read the documents of a shard."""
        rows = self._reader.read(self.shards.plan.shard(shard))
        known = None if self._keeper is None else self._keeper.of(shard, rows.documents)
        digests = [document_digest(one, key=self.key) for one in rows.documents]
        work = ShardWork(task=self, index=shard, kept=rows.kept, digests=digests, known=known)
        return work, rows.documents

    def open(self, document: Document, work: ShardWork, row: int) -> Reading | Outcome:
        """Begin to read a document; the outcome if nothing can be asked about it."""
        if self._rest is None or work.known is None or (beside := work.known.beside[row]) is None:
            return self.prompts.open(document)
        return self._rest.open(document, beside=beside)

    def result(self, reading: Reading) -> Extraction:
        """The result of a reading that is done, with what is derived of its values."""
        return self._derivation.of(reading.extraction(), reading.around)

    def commit(self, work: ShardWork) -> None:
        """Commit a shard whose rows all have results, unless another worker was faster.

        Raises:
            GlaneError: if an input file was changed, or the run directory fails.
        """
        self._columns = self._columns or columns(self._task, documents=self._document_type(work.kept))
        with until_published(self.shards.directory):
            if self.shards.commit(work.index, work.table(self._columns), started=work.started):
                self.counts.shards += 1
                self.counts.committed.update(work.counts())
        self.counts.judged_rows += work.kept.num_rows

    def _document_type(self, kept: pa.Table) -> pa.DataType | None:
        if not isinstance(self._reader, GroupReader):
            return None
        return kept.schema.field(DOCUMENTS).type.value_type.field("document").type


def document_digest(document: Document, *, key: str) -> bytes | None:
    """The digest of what the prompts to a document are made of; None where nothing is asked.

    Groups have none: their headings name their documents, so that no two are the same.
    """
    if document.text is None or document.pieces is not None or is_blank(document.text):
        return None
    return content_digest(_content(document.text, sorted(document.inputs.items())), key=key)


def _content(text: str, inputs: Sequence[tuple[str, str]]) -> Iterator[bytes]:
    """The JSON of both, in pieces: of a huge text no second and third copy is made. Lone surrogates are escaped."""
    yield b'["'
    for start in range(0, len(text), _PIECE):
        yield json.dumps(text[start : start + _PIECE])[1:-1].encode()
    yield f'", {json.dumps(inputs)}]'.encode()
