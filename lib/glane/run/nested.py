"""A nested run: a small run in a folder of a larger one, done by the larger one's workers.

It has its own plan, claims and commits, so that it can be resumed like any run. Workers, engines and heartbeats are
those of the outer run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from glane.run.directory import RunDirectory
from glane.run.heartbeat import Progress
from glane.run.heartbeat_writer import HeartbeatWriter
from glane.run.ledger import Ledger
from glane.storage import listed


@dataclass(frozen=True, slots=True, kw_only=True)
class NestedDirectory(RunDirectory):
    """The directory of a nested run, with the outer run's heartbeats: they say which workers are alive."""

    outer: RunDirectory

    @property
    def workers(self) -> Path:
        """One heartbeat file per worker, of the outer run."""
        return self.outer.workers


def with_nested(directory: RunDirectory) -> list[RunDirectory]:
    """A run and the runs nested in it: the directories where its workers may be at work."""
    inner = [path.parent for path in listed(directory.root, f"*/{directory.description.name}")]
    nested = (NestedDirectory(root=root, group_access=directory.group_access, outer=directory) for root in inner)
    return [directory, *nested]


class UnclaimedOnly(Ledger):
    """A ledger that claims free shards and does not wait for those of other workers."""

    def others_remain(self) -> bool:
        """False: this worker waits for no other."""
        return False


class NestedHeartbeat(HeartbeatWriter):
    """A worker's heartbeat while it works on a nested run, whose rows are not counted as rows of the outer run."""

    def __init__(self, outer: HeartbeatWriter) -> None:
        self.worker, self._outer = outer.worker, outer

    def report(self, progress: Callable[[], Progress]) -> None:
        """Report the engine's figures by `progress` from now on, and keep the outer run's counts as they were."""
        before = self._outer.progress()

        def merged() -> Progress:
            now = progress()
            return before.model_copy(
                update={
                    "open_rows": 0,
                    **{name: getattr(now, name) for name in ("in_window", "window_size", "rows_per_s")},
                    **{name: getattr(now, name) for name in ("tokens_per_s", "steps", "is_busy")},
                }
            )

        self._outer.report(merged)

    def write(self) -> None:
        """See `HeartbeatWriter.write`."""
        self._outer.write()
