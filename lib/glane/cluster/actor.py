"""The Ray actor of a worker. It hands the work to a process of its own, so that it can tell how that ended."""

from __future__ import annotations

import pickle
import threading

from glane.cluster import forkserver, processes
from glane.guard import hook


class EngineActor:
    """An actor for one worker. Specification and report are pickled, so that a light actor need not import them."""

    def __init__(self) -> None:
        hook.install()
        self._stop = threading.Event()
        self._fork: forkserver.Fork | None = None
        self._sign: bytes | None = None

    def work(self, spec: bytes, *, in_actor: bool) -> bytes:
        """Do a worker's work; see `glane.run.worker.run_worker`.

        `in_actor` has it done in this process, as an engine must be that starts actors itself.

        Raises:
            ForkDied: if the worker's process ended without a report.
        """
        if not in_actor:
            self._fork = forkserver.connect() or forkserver.Child()
            if self._stop.is_set():
                self._fork.stop()
            return self._fork.run(spec, hear=self._hear)
        from glane.run.worker import run_worker

        return pickle.dumps(run_worker(pickle.loads(spec), should_stop=self._stop.is_set, tell=self._tell))

    def sign(self) -> bytes | None:
        """The last sign of life of the worker, a pickled `Heartbeat`; None before the first. Returns at once."""
        return self._sign

    def _hear(self, sign: bytes) -> None:
        self._sign = sign

    def _tell(self, beat: object) -> None:
        self._hear(pickle.dumps(beat))

    def is_suspended(self, pid: int) -> bool:
        """See `glane.cluster.processes.is_suspended`; for a process of this actor's node."""
        return processes.is_suspended(pid)

    def stop(self) -> None:
        """Have the worker claim no further shard. Called while `work` runs, in another thread of the actor."""
        self._stop.set()
        if self._fork is not None:
            self._fork.stop()
