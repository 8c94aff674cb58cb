"""Extraction as the work of a durable run: starts an engine, then asks the sentinels and the documents of the plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from glane.engine.protocol import Engine
from glane.engine.registry import start_engine, toy_of
from glane.extraction.kept import Keeper
from glane.extraction.lookups import derivation_of
from glane.extraction.prepare import draft
from glane.extraction.reader import reader_of
from glane.extraction.sentinels import SentinelSpec
from glane.extraction.summary import summarise
from glane.extraction.worker import Worker
from glane.normalisation.derive import Derivation
from glane.run.description import EarlierRun, RunDescription, read_description
from glane.run.directory import run_directory
from glane.run.prepare import PreparedRun, prepare_run
from glane.run.session import Session
from glane.run.shards import Shards, until_published
from glane.run.summary import Summary
from glane.run.work import Draft
from glane.settings import ResolvedSettings
from glane.task.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractionWork:
    """One extraction: its settings, its task, and its sentinels if it has any."""

    settings: ResolvedSettings
    task: Task
    sentinels: SentinelSpec | None = None

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
        return draft(self.settings, self.task, known)

    def work(self, session: Session) -> None:
        """See `glane.run.work.Work`."""
        described = read_description(session.directory)
        derivation = derivation_of(self.task, described.fingerprint)
        engine = start_engine(
            self.settings.model, device=session.device, cpus=session.cpus, num_nodes=session.nodes,
            within_s=self.settings.cluster.engine_start_timeout_s,
        )  # fmt: skip
        session.is_ready()
        try:
            # The sentinels are few. They come first, so that drift is known early. Sentinels that other workers hold
            # are waited for only after the plan is done, so that no engine is idle for a few documents.
            self._ask_sentinels(session, engine, derivation, waits=False)
            self._ask(session.shards(), engine, derivation, self.settings, session.key, extends=described.extends)
            self._ask_sentinels(session, engine, derivation, waits=True)
        finally:
            engine.close()

    def summarise(self, summary: Summary, records: Sequence[Path]) -> Summary:
        """See `glane.run.work.Work`."""
        settings = self.settings
        is_extended = settings.data.extend is not None
        return summarise(
            summary, records, fields=self.task.fields, toy=toy_of(settings.model),
            asks_duplicates=settings.model.ask_duplicates,
            extends=read_description(run_directory(settings.run)).extends if is_extended else None,
        )  # fmt: skip

    def _ask_sentinels(self, session: Session, engine: Engine, derivation: Derivation, *, waits: bool) -> None:
        if self.sentinels is None:
            return
        settings = self.sentinels.settings
        shards = session.nested_shards(Path(settings.run.dir), waits=waits)
        if shards.ledger.num_open:
            self._ask(shards, engine, derivation, settings, self.sentinels.key)

    def _ask(
        self, shards: Shards, engine: Engine, derivation: Derivation, settings: ResolvedSettings, key: str,
        extends: EarlierRun | None = None,
    ) -> None:  # fmt: skip
        if shards.directory.is_complete:
            return
        data, keeper = settings.data, None
        if extends is not None:
            keeper = Keeper(data.extend or extends.path, extends, shards.directory, shards.plan, self.task)
        reader = reader_of(data, self.task, shards.plan.files, carry_columns=data.carry_columns)
        with until_published(shards.directory):
            Worker(
                engine=engine,
                task=self.task,
                model=settings.model,
                shards=shards,
                reader=reader,
                derivation=derivation,
                key=key,
                keeper=keeper,
            ).run()


def prepare_extraction(work: ExtractionWork) -> PreparedRun:
    """Prepare the run of an extraction; see `glane.run.prepare.prepare_run`."""
    settings = work.settings
    cluster = settings.cluster.model_dump(mode="json")
    return prepare_run(run_directory(settings.run), work, cluster=cluster)
