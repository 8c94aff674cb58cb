"""What Ray knows of a worker: an actor, light where its node has a fork server, and the worker itself elsewhere."""

from __future__ import annotations

import pickle
import threading

from glane.cluster import forkserver


class EngineActor:
    """A process of its own for one worker. Specification and report cross it pickled: it need not know them."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._fork: forkserver.Fork | None = None

    def work(self, spec: bytes) -> bytes:
        """Do a worker's work; see `glane.run.worker.run_worker`.

        Raises:
            ForkDied: if the process that did it ended before its work.
        """
        self._fork = forkserver.connect()
        if self._fork is not None:
            if self._stop.is_set():
                self._fork.stop()
            return self._fork.run(spec)
        from glane.run.worker import run_worker

        return pickle.dumps(run_worker(pickle.loads(spec), should_stop=self._stop.is_set))

    def stop(self) -> None:
        """Begin no further shard. Called while `work` runs, in another thread of the actor."""
        self._stop.set()
        if self._fork is not None:
            self._fork.stop()
