"""The shards of a run, for one worker: claimed, done, committed, released."""

from __future__ import annotations

import contextlib
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from glane.corpus.plan import Plan
from glane.corpus.proof import prove_shard
from glane.corpus.shard import Shard
from glane.corpus.unchanged import Unchanged
from glane.errors import RunError
from glane.run.directory import RunDirectory, unless
from glane.run.heartbeat import Progress
from glane.run.heartbeat_writer import HeartbeatWriter
from glane.run.ledger import Ledger
from glane.run.parts import commit_part

_POLL_S = 0.2
_RATE_OVER_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shards:
    """Claims and commits shards of a run for one worker."""

    directory: RunDirectory
    plan: Plan
    ledger: Ledger
    heartbeat: HeartbeatWriter
    should_stop: Callable[[], bool]
    unchanged: Unchanged
    identity: str  # of the run directory when the work began

    def claim_each(self, *, until: Callable[[], bool] = lambda: False) -> Iterator[Shard]:
        """Yield one shard after another, each claimed by this worker.

        Ends when no shard is left for it, or `should_stop` or `until` says so. While other workers hold the shards
        that are left, it waits: if these workers die, their shards become free.
        """
        while not (self.should_stop() or until()):
            self._prove_directory()
            index = self.ledger.claim()
            if index is not None:
                yield self.plan.shard(index)
            elif self.ledger.others_remain():
                time.sleep(_POLL_S)
            else:
                return

    def commit(self, shard: int, table: pa.Table, *, started: float) -> bool:
        """Commit the rows of a shard and release it. Return False if another worker committed it first.

        `started` is when its work began, in seconds since 1970.

        Raises:
            DataError: if an input file of the shard is no longer the one that was planned.
            RunError: if the rows are not the planned ones, or the file system refuses. Nothing is committed then.
        """
        self._prove_directory()
        planned = self.plan.shard(shard)
        for index in {span.file_index for span in planned.spans}:
            self.unchanged.prove(index)
        prove_shard(planned, table, id_column=self.plan.id_column)
        is_first = commit_part(self.directory, shard, table, worker=self.heartbeat.worker, started=started)
        self.ledger.release(shard)
        return is_first

    def _prove_directory(self) -> None:
        """Prove that the directory is still the one that the work began in.

        Raises:
            RunError: if it is another one.
        """
        if self.directory.identity() != self.identity:
            raise RunError(
                f"{self.directory.root}: is another run directory than when the work began. Nothing was written to it."
            )


def until_published(directory: RunDirectory) -> contextlib.AbstractContextManager[None]:
    """Ignore errors once another process has published the run: publication removes parts and claims."""
    return unless(lambda: directory.is_complete)


def work_through(
    shards: Shards,
    do: Callable[[Shard], pa.Table],
    *,
    steps: Callable[[], int] = lambda: 0,
    tokens: Callable[[], int] = lambda: 0,
) -> None:
    """Do one shard after another until none is left. `do` returns the rows of a shard, with a column `status`.

    `steps` counts what was done so far of all shards, in steps that are smaller than a shard: a worker that makes none
    for long is taken to hang. `tokens` counts those that an engine read, where there is one.

    Raises:
        GlaneError: what `do` raises, or if the run directory cannot be used.
    """
    tally = _Tally(steps, tokens)
    shards.heartbeat.report(tally.progress)
    shards.heartbeat.write()
    try:
        with until_published(shards.directory):
            for shard in shards.claim_each():
                started = time.time()
                with tally.busy():
                    table = do(shard)
                statuses = Counter(table["status"].to_pylist())
                tally.count(statuses, is_committed=shards.commit(shard.index, table, started=started))
    finally:
        shards.ledger.release_all()


class _Tally:
    """Counts what a worker did, for its heartbeat."""

    def __init__(self, steps: Callable[[], int], tokens: Callable[[], int]) -> None:
        self._steps, self._tokens = steps, tokens
        self._rows: Counter[str] = Counter()
        self._committed: Counter[str] = Counter()
        self._num_shards = self._num_done = 0
        self._is_busy = False
        self._last = time.monotonic()
        self._recent: deque[tuple[float, int]] = deque([(self._last, 0)])

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        """While the block lasts, a shard is being done."""
        self._is_busy = True
        yield
        self._is_busy = False

    def count(self, statuses: Counter[str], *, is_committed: bool) -> None:
        self._rows.update(statuses)
        self._num_done += 1
        if is_committed:
            self._committed.update(statuses)
            self._num_shards += 1
        self._last = time.monotonic()
        self._recent.append((self._last, self._rows.total()))
        while len(self._recent) > 2 and self._last - self._recent[1][0] > _RATE_OVER_S:
            self._recent.popleft()

    def progress(self) -> Progress:
        (began, before), (ended, now) = self._recent[0], self._recent[-1]
        return Progress(
            rows=dict(self._rows),
            committed=dict(self._committed),
            shards=self._num_shards,
            prompt_tokens=self._tokens(),
            rows_per_s=round((now - before) / max(ended - began, 1e-3), 3),
            steps=self._num_done + self._steps(),
            is_busy=self._is_busy,
        )
