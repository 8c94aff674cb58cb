"""The shards of a run as one worker takes them: claimed, done, committed, released."""

from __future__ import annotations

import contextlib
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from glane.corpus.plan import Plan
from glane.errors import RunError
from glane.run.directory import RunDirectory
from glane.run.heartbeat import HeartbeatWriter, Progress
from glane.run.ledger import Ledger
from glane.run.parts import commit_part
from glane.types import Shard

_LOOK_AGAIN_S = 0.2
_PACE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shards:
    """One worker's hold on the shards of a run."""

    directory: RunDirectory
    plan: Plan
    ledger: Ledger
    heartbeat: HeartbeatWriter
    should_stop: Callable[[], bool]

    def claim_each(self, *, until: Callable[[], bool] = lambda: False) -> Iterator[Shard]:
        """Yield one shard after another that is now this worker's.

        Ends when nothing is left that is not in other workers' hands for good, the worker is to stop, or `until` says
        so. While others hold what is left, it waits: if they die, their shards become free.
        """
        while not (self.should_stop() or until()):
            index = self.ledger.claim()
            if index is not None:
                yield self.plan.shard(index)
            elif self.ledger.others_remain():
                time.sleep(_LOOK_AGAIN_S)
            else:
                return

    def commit(self, shard: int, table: pa.Table, *, started: float) -> bool:
        """Commit the rows of a shard and give it back. Return False if another worker committed it first.

        `started` is when its work began, in seconds since 1970.

        Raises:
            RunError: if the file system refuses; nothing is committed then.
        """
        is_first = commit_part(self.directory, shard, table, worker=self.heartbeat.worker, started=started)
        self.ledger.release(shard)
        return is_first


@contextlib.contextmanager
def until_published(directory: RunDirectory) -> Iterator[None]:
    """Pass over errors of a run that another process published meanwhile: it removed what this one wanted to use."""
    try:
        yield
    except (RunError, FileNotFoundError):
        if not directory.is_complete:
            raise


def work_through(shards: Shards, do: Callable[[Shard], pa.Table]) -> None:
    """Do one shard after another until none is left; `do` returns its rows, with their `status`.

    Raises:
        GlaneError: as `do` does, and if the run directory fails.
    """
    tally = _Tally()
    shards.heartbeat.report(tally.progress)
    shards.heartbeat.write()
    try:
        with until_published(shards.directory):
            for shard in shards.claim_each():
                started = time.time()
                table = do(shard)
                statuses = Counter(table["status"].to_pylist())
                tally.count(statuses, is_committed=shards.commit(shard.index, table, started=started))
    finally:
        shards.ledger.release_all()


class _Tally:
    """What a worker did, for its heartbeat."""

    def __init__(self) -> None:
        self._rows: Counter[str] = Counter()
        self._committed: Counter[str] = Counter()
        self._num_shards = 0
        self._last = time.monotonic()
        self._pace: deque[tuple[float, int]] = deque([(self._last, 0)])

    def count(self, statuses: Counter[str], *, is_committed: bool) -> None:
        self._rows.update(statuses)
        if is_committed:
            self._committed.update(statuses)
            self._num_shards += 1
        self._last = time.monotonic()
        self._pace.append((self._last, self._rows.total()))
        while len(self._pace) > 2 and self._last - self._pace[1][0] > _PACE_S:
            self._pace.popleft()

    def progress(self) -> Progress:
        (began, before), (ended, now) = self._pace[0], self._pace[-1]
        return Progress(
            rows=dict(self._rows),
            committed=dict(self._committed),
            shards=self._num_shards,
            rows_per_s=round((now - before) / max(ended - began, 1e-3), 3),
            step_age_s=round(time.monotonic() - self._last, 1),
        )
