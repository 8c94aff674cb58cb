"""A second kind of work, without an engine: it counts the words of documents. Nothing of the ledger is written here."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from glane.corpus.files import inspect_files
from glane.corpus.plan import Plan, make_plan
from glane.corpus.proof import with_digests
from glane.corpus.read import Reader, ShardRows
from glane.corpus.select import Selection, select_rows
from glane.run.description import ColumnEntry, RunDescription
from glane.run.environment import environment
from glane.run.fingerprint import fingerprint_digest
from glane.run.session import Session
from glane.run.shards import work_through
from glane.run.summary import Summary
from glane.run.work import Draft
from glane.types import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class CountWords:
    """How many words each document has; a null text is EMPTY."""

    path: str
    shard_rows: int = 16
    least_letters: int = 1
    lease_s: float = 60.0
    seconds_per_shard: float = 0.0

    @property
    def label(self) -> str:
        return "the count of words"

    @property
    def start_hint(self) -> str:
        return "It needs nothing."

    def draft(self, known: RunDescription | None) -> Draft:  # noqa: ARG002
        files = inspect_files(self.path, id_column="id", text_column="text")
        fingerprint = {
            "least_letters": self.least_letters,
            "inputs": [[f.num_rows, f.identity.num_bytes] for f in files],
        }
        description = RunDescription(
            work="words",
            created="",
            fingerprint_digest=fingerprint_digest(fingerprint),
            fingerprint=fingerprint,
            files=tuple(file.known("") for file in files),
            settings={},
            lease_s=self.lease_s,
            codebook=(ColumnEntry(column="words", role="field", type="integer", description="Words."),),
            environment=environment(),
        )

        def plan() -> Plan:
            selected = select_rows(files, id_column="id", selection=Selection())
            plan = make_plan(files, selected, shard_rows=self.shard_rows, shard_bytes=2**26)
            return with_digests(plan, id_column="id")

        return Draft(description=description, plan=plan)

    def work(self, session: Session) -> None:
        shards = session.shards()
        reader = Reader(shards.plan.files, id_column="id", text_column="text", input_columns=(), carry_columns=())

        def count(shard: Any) -> pa.Table:
            time.sleep(self.seconds_per_shard)
            return self._table(reader.read(shard))

        work_through(shards, count)

    def summarise(self, summary: Summary, records: Sequence[Path]) -> Summary:  # noqa: ARG002
        return summary

    def _table(self, rows: ShardRows) -> pa.Table:
        words = [
            None if row.text is None else sum(len(word) >= self.least_letters for word in row.text.split())
            for row in rows.documents
        ]
        status = [str(Status.EMPTY if number is None else Status.OK) for number in words]
        return rows.kept.append_column("words", pa.array(words, pa.int64())).append_column("status", pa.array(status))
