"""Embedding as the work of a durable run: starts an engine, and makes the vectors of one shard after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from glane.corpus.read import Reader
from glane.corpus.shard import Shard
from glane.embedding.batch import EngineWindow, Key
from glane.embedding.chunks import Cutter
from glane.embedding.prepare import draft
from glane.embedding.rows import Row, row_table
from glane.embedding.summary import summarise
from glane.engine.protocol import Embedder
from glane.engine.registry import start_embedder, toy_of
from glane.reading.parse import Outcome
from glane.run.deaths import Window
from glane.run.description import RunDescription
from glane.run.session import Session
from glane.run.shards import work_through
from glane.run.summary import Summary
from glane.run.suspects import Suspects
from glane.run.work import Draft
from glane.settings import EmbedSettings
from glane.types import Document, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingWork:
    """The embedding of documents, with its settings: paths are absolute, the weights are found."""

    settings: EmbedSettings

    @property
    def label(self) -> str:
        """The model's name, for messages."""
        return f"model {self.settings.model.name!r}"

    @property
    def start_hint(self) -> str:
        """See `glane.run.work.Work`."""
        return "Is there enough memory for the weights and model.max_model_len?"

    def draft(self, known: RunDescription | None) -> Draft:
        """See `glane.run.work.Work`."""
        return draft(self.settings, known)

    def work(self, session: Session) -> None:
        """See `glane.run.work.Work`."""
        settings = self.settings
        engine = start_embedder(
            settings.model, device=session.device, cpus=session.cpus, num_nodes=session.nodes,
            within_s=settings.cluster.engine_start_timeout_s,
        )  # fmt: skip
        session.is_ready()
        try:
            shards = session.shards()
            size = settings.model.window_size
            window = Window(shards.directory, shards.heartbeat.worker, num_slots=size)
            through = EngineWindow(
                engine, size=size, window=window, suspects=Suspects(shards.directory), key=session.key
            )
            data = settings.data
            reader = Reader(
                shards.plan.files, id_column=data.id_column, text_column=data.text_column, input_columns=(),
                carry_columns=data.carry_columns, number_rows=data.number_rows,
            )  # fmt: skip
            embedding = _Embedding(settings, reader, engine, through)
            work_through(shards, embedding.table, steps=lambda: through.num_steps, tokens=lambda: through.num_tokens)
            window.close()
        finally:
            engine.close()

    def summarise(self, summary: Summary, records: Sequence[Path]) -> Summary:
        """See `glane.run.work.Work`."""
        return summarise(summary, records, toy=toy_of(self.settings.model))


class _Embedding:
    """Makes the rows of one shard after another."""

    def __init__(self, settings: EmbedSettings, reader: Reader, engine: Embedder, through: EngineWindow) -> None:
        self._settings, self._reader, self._engine, self._through = settings, reader, engine, through
        self._cutter = Cutter(engine, settings.split, prefix=settings.prefix.document)

    def table(self, shard: Shard) -> pa.Table:
        """The rows of a shard, one a document."""
        found = self._reader.read(shard)
        rows: list[Row] = []
        for (row, piece), answer in self._through.vectors(self._pieces(found.documents, rows)):
            rows[row].take(piece, answer)
        return row_table(found.kept, rows, vectors=self._settings.vectors, num_dimensions=self._engine.num_dimensions)

    def _pieces(self, documents: Sequence[Document], rows: list[Row]) -> Iterator[tuple[Key, list[int]]]:
        """The texts to embed. Appends to `rows` the row of each document that is begun."""
        for document in documents:
            pieces = self._cutter.pieces(document)
            if isinstance(pieces, Outcome):
                rows.append(Row(spans=(), outcome=pieces))
                continue
            rows.append(Row(spans=[(one.start, one.end) for one in pieces], outcome=Outcome(status=Status.OK)))
            for number, piece in enumerate(pieces):
                yield (len(rows) - 1, number), piece.tokens
