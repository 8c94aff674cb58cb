"""A run inside a run: a small one in a folder of the large one, worked on by the large one's own workers.

It has its own plan, claims and commits, so that it is as resumable as any run. What it borrows are the workers, with
their engines and their heartbeats.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from glane.run.directory import RunDirectory
from glane.run.heartbeat import HeartbeatWriter, Progress
from glane.run.ledger import Ledger


def with_nested(directory: RunDirectory) -> list[RunDirectory]:
    """A run and the runs inside it: the places where its workers may be at work."""
    inner = sorted(path.parent for path in directory.root.glob(f"*/{directory.description.name}"))
    return [directory, *(RunDirectory(root=root, group_access=directory.group_access) for root in inner)]


@dataclass(frozen=True, slots=True, kw_only=True)
class NestedDirectory(RunDirectory):
    """The directory of a nested run as a worker sees it: who lives is told by the outer run's heartbeats."""

    outer: RunDirectory

    @property
    def workers(self) -> Path:
        """One heartbeat file per worker, of the outer run."""
        return self.outer.workers


class UnclaimedOnly(Ledger):
    """A ledger that takes what is free, and waits for nothing that is in other hands."""

    def others_remain(self) -> bool:
        """Nothing that this worker would wait for."""
        return False


class NestedHeartbeat(HeartbeatWriter):
    """A worker's heartbeat while it is with a nested run: it lives, but what it does is no row of the outer plan."""

    def __init__(self, outer: HeartbeatWriter) -> None:
        self.worker, self._outer = outer.worker, outer

    def report(self, progress: Callable[[], Progress]) -> None:
        """From now on, say what `progress` says of the engine, beside what was counted for the outer run before."""
        before = self._outer.progress()

        def told() -> Progress:
            now = progress()
            return before.model_copy(
                update={
                    "open_rows": 0,
                    **{name: getattr(now, name) for name in ("in_window", "window_size", "rows_per_s")},
                    **{name: getattr(now, name) for name in ("tokens_per_s", "step_age_s")},
                }
            )

        self._outer.report(told)

    def write(self) -> None:
        """See `HeartbeatWriter.write`."""
        self._outer.write()
