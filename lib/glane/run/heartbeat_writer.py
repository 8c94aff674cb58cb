"""A worker's heartbeats, written while it works."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Literal

from glane.host import host_identity, process_start
from glane.run.directory import RunDirectory
from glane.run.energy import EnergyReading
from glane.run.heartbeat import Heartbeat, Progress, State, heartbeat_path, job_name, place_of
from glane.run.usage import usage

_TELL_EVERY_S = 1.0
_TELL_PATIENCE_S = 2.0
_AGAIN_S = 2.0  # after a heartbeat that could not be written


class HeartbeatWriter:
    """Rewrites a worker's heartbeat every few seconds, in a thread of its own, and may tell it more often."""

    def __init__(
        self,
        directory: RunDirectory,
        *,
        worker: str,
        every_s: float,
        device: Literal["cpu", "gpu"],
        cpus: int,
        gpus: int,
        energy: Callable[[], EnergyReading | None] = lambda: None,
        tell: Callable[[Heartbeat], None] | None = None,
    ) -> None:
        """`energy` is called for every heartbeat. `tell` is called about every second, without memory and energy.

        The file proves to other jobs that this worker lives, and `tell` to the one that watches over it.
        """
        self.worker, self._energy = worker, energy
        self._directory, self._every_s = directory, every_s
        now = time.time()
        self._beat = Heartbeat(
            worker=worker,
            host=socket.gethostname(),
            identity=host_identity(),
            pid=os.getpid(),
            process_start=process_start(os.getpid()),
            started=now,
            time=now,
            device=device,
            cpus=cpus,
            gpus=gpus,
            devices=os.environ.get("CUDA_VISIBLE_DEVICES", "") if gpus else "",
            job=job_name(),
        )
        self._progress: Callable[[], Progress] = Progress
        self._state: State = "starting"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write_regularly, name="heartbeat", daemon=True)
        self._teller: threading.Thread | None = None
        if tell is not None:  # another thread: who is told may be suspended, and the file must not wait for that
            self._teller = threading.Thread(target=self._tell_regularly, args=(tell,), name="teller", daemon=True)

    def beside(self, directory: RunDirectory) -> HeartbeatWriter:
        """A writer of the same worker in another run that it works on at the same time.

        GPUs and energy are those of the first run alone, so that they are counted once.
        """
        return HeartbeatWriter(
            directory, worker=self.worker, every_s=self._every_s, device=self._beat.device, cpus=self._beat.cpus, gpus=0
        )

    @property
    def place(self) -> str:
        """See `place_of`."""
        return place_of(self._beat)

    def start(self) -> None:
        """Write the first heartbeat, and the next ones in the background."""
        self.write()
        self._thread.start()
        if self._teller is not None:
            self._teller.start()

    def report(self, progress: Callable[[], Progress]) -> None:
        """Call the worker working from now on, and put what `progress` returns into its heartbeats."""
        self._progress, self._state = progress, "working"

    def progress(self) -> Progress:
        """The progress that the next heartbeat would hold."""
        return self._progress()

    def write(self) -> None:
        """Write a heartbeat now."""
        used = usage()
        beat = self._now().model_copy(
            update={"memory_mib": used.memory_mib, "gpu_use": used.gpus, "energy": self._energy()}
        )
        self._directory.write_record(heartbeat_path(self._directory, self.worker), beat, durable=False)

    def _now(self) -> Heartbeat:
        return self._beat.model_copy(update={"time": time.time(), "state": self._state, "progress": self._progress()})

    def stop(self) -> None:
        """Write the last heartbeat. It frees the shards that this worker holds."""
        self._stop.set()
        for thread, patience_s in ((self._thread, 30.0), (self._teller, _TELL_PATIENCE_S)):
            if thread is not None and thread.is_alive():
                thread.join(timeout=patience_s)
        self._state = "ended"
        with contextlib.suppress(Exception):  # a full disk must not hide the error that ends the worker
            self.write()

    def _write_regularly(self) -> None:
        pause_s = self._every_s
        while not self._stop.wait(pause_s):
            pause_s = min(_AGAIN_S, self._every_s)
            with contextlib.suppress(Exception):  # the lease is several heartbeats long, so one may be missed
                self.write()
                pause_s = self._every_s

    def _tell_regularly(self, tell: Callable[[Heartbeat], None]) -> None:
        while not self._stop.wait(min(_TELL_EVERY_S, self._every_s)):
            with contextlib.suppress(Exception):
                tell(self._now())
