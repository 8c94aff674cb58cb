"""Extraction as the work of a durable run: starts an engine, then asks the sentinels and the documents of the plan.

Several tasks may be asked of each document, one after the other, while the engine's cache holds its text. Each has a
run of its own, with the same shards. Those of the first are claimed.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from glane.engine.protocol import Engine
from glane.engine.registry import start_engine, toy_of
from glane.extraction.kept import Keeper
from glane.extraction.lookups import derivation_of
from glane.extraction.prepare import draft
from glane.extraction.reader import AnyReader, reader_of
from glane.extraction.sentinels import SentinelSpec
from glane.extraction.summary import summarise
from glane.extraction.task_in_work import TaskInWork
from glane.extraction.worker import Worker
from glane.normalisation.derive import Derivation
from glane.run.description import RunDescription, read_description
from glane.run.directory import run_directory
from glane.run.prepare import PreparedRun, prepare_run
from glane.run.session import Session
from glane.run.shards import Shards, until_published
from glane.run.summary import Summary
from glane.run.work import Draft
from glane.settings import DataSettings, ResolvedSettings
from glane.task.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractionWork:
    """One extraction: its settings, its task, its sentinels if it has any, and what is asked beside it."""

    settings: ResolvedSettings
    task: Task
    sentinels: SentinelSpec | None = None
    beside: tuple[ExtractionWork, ...] = ()  # further tasks, asked of each document together with this one

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
        with ExitStack() as stack:
            others = [stack.enter_context(session.beside(run_directory(one.settings.run))) for one in self.beside]
            engine = start_engine(
                self.settings.model, device=session.device, cpus=session.cpus, num_nodes=session.nodes,
                within_s=self.settings.cluster.engine_start_timeout_s,
            )  # fmt: skip
            session.is_ready()
            works = list(zip((self, *self.beside), (session, *others), strict=True))
            try:
                # The sentinels are few. They come first, so that drift is known early. Sentinels that other workers
                # hold are waited for only after the plan is done, so that no engine is idle for a few documents.
                for one, its in works:
                    one._ask_sentinels(its, engine, waits=False)
                self._ask(engine, [one._in_work(its, engine) for one, its in works])
                for one, its in works:
                    one._ask_sentinels(its, engine, waits=True)
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

    def _ask_sentinels(self, session: Session, engine: Engine, *, waits: bool) -> None:
        if self.sentinels is None:
            return
        settings = self.sentinels.settings
        shards = session.nested_shards(Path(settings.run.dir), waits=waits)
        if shards.ledger.num_open:
            task = TaskInWork(
                engine=engine, task=self.task, model=settings.model, shards=shards, key=self.sentinels.key,
                reader=_reader(settings.data, self.task, shards), derivation=self._derivation(session),
            )  # fmt: skip
            self._ask(engine, [task])

    def _in_work(self, session: Session, engine: Engine) -> TaskInWork:
        data, shards, keeper = self.settings.data, session.shards(), None
        extends = read_description(session.directory).extends
        if extends is not None and not session.directory.is_complete:
            keeper = Keeper(data.extend or extends.path, extends, shards.directory, shards.plan, self.task)
        return TaskInWork(
            engine=engine, task=self.task, model=self.settings.model, shards=shards, key=session.key, keeper=keeper,
            reader=_reader(data, self.task, shards), derivation=self._derivation(session),
        )  # fmt: skip

    def _derivation(self, session: Session) -> Derivation:
        return derivation_of(self.task, read_description(session.directory).fingerprint)

    def _ask(self, engine: Engine, tasks: Sequence[TaskInWork]) -> None:
        first = tasks[0].shards.directory
        if not first.is_complete:
            with until_published(first):
                Worker(engine=engine, model=self.settings.model, tasks=tasks).run()


def _reader(data: DataSettings, task: Task, shards: Shards) -> AnyReader:
    return reader_of(data, task, shards.plan.files, carry_columns=data.carry_columns)


def prepare_extraction(work: ExtractionWork) -> PreparedRun:
    """Prepare the run of an extraction; see `glane.run.prepare.prepare_run`."""
    settings = work.settings
    cluster = settings.cluster.model_dump(mode="json")
    return prepare_run(run_directory(settings.run), work, cluster=cluster)
