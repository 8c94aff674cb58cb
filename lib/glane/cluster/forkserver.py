"""A process that has imported what engines need, and forks workers that begin with it.

vLLM takes longer to import than Ray to start. Here both happen at once, and the import once on a node however many
engines it has and however often one of them dies. The actor stays what Ray knows of a worker: it hands its work to a
fork, and each ends with the other. Forks are made on CPU only: no fork has been tried under CUDA yet.

The process never reads a document nor starts an engine, so that its forks have no threads or locks of others' making.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import random
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path

from glane.cluster import processes
from glane.engine.preload import preload

VARIABLE = "GLANE_FORK_SERVER"  # the path of its socket, for the actors of the node
_SOCKET = "forks"
_PATIENCE_S = 2.0


@contextlib.contextmanager
def fork_server(folder: Path, *, wanted: bool) -> Iterator[dict[str, str]]:
    """Have a fork server for as long as the block lasts. Yields what actors need in their environment."""
    if not wanted:
        yield {}
        return
    address = folder / _SOCKET
    command = [sys.executable, "-m", "glane.cluster.forkserver", str(address)]
    with open(folder / "forks.log", "ab") as log:
        server = processes.start(command, os.environ, stdout=log.fileno())
    try:
        yield {VARIABLE: str(address)}
    finally:
        processes.end(server, patience_s=_PATIENCE_S)


class Fork:
    """A worker's process, seen from its actor."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._has_begun = self._is_to_stop = False

    def run(self, spec: bytes) -> bytes:
        """Have the work of a pickled specification done; return the pickled report.

        Raises:
            ForkDied: if the process ended before it could report.
        """
        try:
            with self._lock:
                self._connection.send((dict(os.environ), spec))
                self._has_begun = True
                if self._is_to_stop:
                    self._connection.send("stop")
            report = self._connection.recv()
        except (EOFError, OSError):
            report = None
        if not isinstance(report, bytes):
            how = f"by signal {-report}" if isinstance(report, int) and report < 0 else f"with code {report}"
            raise ForkDied(f"its process ended {how}")
        return report

    def stop(self) -> None:
        """Ask it to begin no further shard. May be called from another thread."""
        with self._lock:
            self._is_to_stop = True
            if self._has_begun:
                with contextlib.suppress(OSError):
                    self._connection.send("stop")


class ForkDied(Exception):
    """A worker's process ended without a report."""


def connect() -> Fork | None:
    """A fork of this node's server; None where there is none, or it has ended."""
    address = os.environ.get(VARIABLE)
    if not address:
        return None
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return Fork(Client(address, family="AF_UNIX"))
        except FileNotFoundError:  # it is only just starting
            if time.monotonic() > deadline:
                return None
            time.sleep(0.05)
        except OSError:
            return None


def main() -> None:
    """Serve until killed: `python -m glane.cluster.forkserver SOCKET`."""
    listener = Listener(sys.argv[1], family="AF_UNIX", backlog=64)  # from here on, actors may wait in the queue
    with contextlib.suppress(Exception):  # each worker meets the same, and reports it
        preload()
    gc.collect()
    gc.freeze()  # what is here already is not copied for the collector's sake
    _serve(listener)


def _serve(listener: Listener) -> None:
    poll = select.poll()
    entrance = listener._listener._socket.fileno()  # type: ignore[attr-defined]
    poll.register(entrance, select.POLLIN)
    forks: dict[int, tuple[int, Connection]] = {}  # by the descriptor of the process: its id, and its actor's line
    lines: dict[int, int] = {}  # from an actor's line to the process
    while True:
        for descriptor, _ in poll.poll():
            if descriptor == entrance:
                connection = listener.accept()
                if (pid := os.fork()) == 0:
                    listener.close()
                    for _, other in forks.values():  # or its actor would not hear of its end
                        other.close()
                    _become_worker(connection)
                process = os.pidfd_open(pid)
                forks[process], lines[connection.fileno()] = (pid, connection), process
                poll.register(process, select.POLLIN)
                poll.register(connection.fileno(), select.POLLRDHUP)
                continue
            process = lines.get(descriptor, descriptor)
            pid, connection = forks.pop(process)
            if process != descriptor:  # the actor is gone: so must its worker be
                signal.pidfd_send_signal(process, signal.SIGKILL)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            poll.unregister(process)
            poll.unregister(connection.fileno())
            del lines[connection.fileno()]
            os.close(process)
            with contextlib.suppress(OSError):
                connection.send(code)  # after a report it is not read any more
            connection.close()


def _become_worker(connection: Connection) -> None:
    """Do one worker's work, tell how it ended, and end. Never returns."""
    try:
        processes.tie_to_parent()
        random.seed()  # or all forks would draw alike
        environment, spec = connection.recv()
        os.environ.update(environment)
        should_stop = threading.Event()
        threading.Thread(target=_listen, args=(connection, should_stop), daemon=True).start()
        from glane.run.worker import run_worker

        connection.send(pickle.dumps(run_worker(pickle.loads(spec), should_stop=should_stop.is_set)))
    except EOFError:  # the actor ended before it said anything
        os._exit(1)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)  # nothing of the server's is to be cleaned up here


def _listen(connection: Connection, should_stop: threading.Event) -> None:
    while True:
        try:
            connection.recv()
        except (EOFError, OSError):
            os._exit(1)  # the actor is gone
        should_stop.set()


if __name__ == "__main__":
    main()
