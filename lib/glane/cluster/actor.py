"""The Ray actor of a worker. It does the work itself, or hands it to a process of its node's fork server."""

from __future__ import annotations

import pickle
import threading

from glane.cluster import forkserver


class EngineActor:
    """An actor for one worker. Specification and report are pickled, so that a light actor need not import them."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._fork: forkserver.Fork | None = None

    def work(self, spec: bytes) -> bytes:
        """Do a worker's work; see `glane.run.worker.run_worker`.

        Raises:
            ForkDied: if the forked process ended without a report.
        """
        self._fork = forkserver.connect()
        if self._fork is not None:
            if self._stop.is_set():
                self._fork.stop()
            return self._fork.run(spec)
        from glane.run.worker import run_worker

        return pickle.dumps(run_worker(pickle.loads(spec), should_stop=self._stop.is_set))

    def stop(self) -> None:
        """Have the worker claim no further shard. Called while `work` runs, in another thread of the actor."""
        self._stop.set()
        if self._fork is not None:
            self._fork.stop()
