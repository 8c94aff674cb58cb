"""The processes of workers: each is a child of its actor, or a fork of a server that has the engine's imports.

An actor outlives its worker's process, and so can tell how it ended.

Importing vLLM takes longer than starting Ray. With a fork server both happen at once, and a node imports vLLM only
once, however many engines it has and however often one dies. Ray still sees an actor for each worker: the actor hands
its work to a process, and each of the two ends with the other. Forks are made on CPU only: none has been tried under
CUDA, where the process is a child that imports all by itself.

The server never reads a document or starts an engine, so forks inherit no threads and no held locks.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import random
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Client, Connection, Listener, wait
from pathlib import Path
from typing import NoReturn

from glane.cluster import processes
from glane.cluster.endings import ForkDied
from glane.engine.registry import engine_kind
from glane.errors import hide_messages, trace
from glane.guard import hook
from glane.guard.hold import held
from glane.run.oom import oom_kills

VARIABLE = "GLANE_FORK_SERVER"  # the path of the server's socket, for the actors of the node
_SOCKET = "forks"
_CHILD = "--child"
_PATIENCE_S = 2.0


@contextlib.contextmanager
def fork_server(folder: Path, *, engine: str | None) -> Iterator[dict[str, str]]:
    """Run a fork server while the block lasts. Yields the variables that actors need in their environment.

    No server is started if `engine` is None, or a kind of engine that cannot be forked.

    Raises:
        ConfigError: if there is no engine of this name.
    """
    if engine is None or engine_kind(engine).preload is None:
        yield {}
        return
    address = folder / _SOCKET
    command = [sys.executable, "-m", "glane.cluster.forkserver", str(address), engine]
    with open(folder / "forks.log", "ab") as log:
        server = processes.start(held(command, os.environ), os.environ, stdout=log.fileno())
    try:
        yield {VARIABLE: str(address)}
    finally:
        processes.end(server, patience_s=_PATIENCE_S)


# A sign of life of a worker, from its process to its actor: a pickled `Heartbeat`, alone in a tuple. A class of this
# module would not do: in the worker's process it is `__main__`.
_Sign = tuple[bytes]


class Fork:
    """The connection of an actor to its worker's process."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._has_begun = self._is_to_stop = False

    def run(self, spec: bytes, *, hear: Callable[[bytes], None] = lambda _: None) -> bytes:
        """Send a pickled specification, wait for the work, and return the pickled report.

        `hear` is called with each sign of life, which is a pickled `Heartbeat`.

        Raises:
            ForkDied: if the process ended before it could report.
        """
        killed_before = oom_kills()
        report: bytes | int | _Sign | None
        try:
            with self._lock:
                self._connection.send((dict(os.environ), spec))
                self._has_begun = True
                if self._is_to_stop:
                    self._connection.send("stop")
            while isinstance(report := self._receive(), tuple):
                hear(report[0])
        except (EOFError, OSError):
            report = self._exit_code()
        if not isinstance(report, bytes):
            raise ForkDied(report, oom_kills() - killed_before)
        return report

    def _receive(self) -> bytes | int | _Sign:
        """The report, or a sign of life before it; or the exit code of the process, which the server sends."""
        message: bytes | int | _Sign = self._connection.recv()
        return message

    def _exit_code(self) -> int | None:
        """The exit code of a process whose connection broke, where it can be known."""
        return None

    def stop(self) -> None:
        """Ask the worker to claim no further shard. May be called from another thread."""
        with self._lock:
            self._is_to_stop = True
            if self._has_begun:
                with contextlib.suppress(OSError):
                    self._connection.send("stop")


class Child(Fork):
    """A worker's process that is a child of its actor, where there is no server."""

    def __init__(self) -> None:
        ours, theirs = Pipe()
        super().__init__(ours)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "glane.cluster.forkserver", _CHILD, str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()

    def _receive(self) -> bytes | int | _Sign:
        pidfd = os.pidfd_open(self._process.pid)
        try:
            wait([self._connection, pidfd])  # processes of its own may hold the other end open when it has died
        finally:
            os.close(pidfd)
        return super()._receive() if self._connection.poll() else self._process.wait()

    def _exit_code(self) -> int | None:
        return self._process.wait()


def connect() -> Fork | None:
    """Have this node's server fork a process and return it; None where there is no server, or it has ended."""
    address = os.environ.get(VARIABLE)
    if not address:
        return None
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return Fork(Client(address, family="AF_UNIX"))
        except FileNotFoundError:  # the server is still starting
            if time.monotonic() > deadline:
                return None
            time.sleep(0.05)
        except OSError:
            return None


def main() -> None:
    """Serve until killed: `python -m glane.cluster.forkserver SOCKET ENGINE`."""
    hide_messages()
    hook.install()
    listener = Listener(sys.argv[1], family="AF_UNIX", backlog=64)  # from here on, actors can connect and wait
    with contextlib.suppress(Exception):  # each worker will meet the same error, and report it
        if (preload := engine_kind(sys.argv[2]).preload) is not None:
            preload()
    gc.collect()
    gc.freeze()  # or collections in the forks would write to shared pages, and so copy them
    _serve(listener)


def _serve(listener: Listener) -> None:
    poll = select.poll()
    server_socket = listener._listener._socket.fileno()  # type: ignore[attr-defined]
    poll.register(server_socket, select.POLLIN)
    forks: dict[int, tuple[int, Connection]] = {}  # pidfd of a process -> its id, and its actor's connection
    pidfds: dict[int, int] = {}  # descriptor of an actor's connection -> pidfd of its process
    while True:
        for descriptor, _ in poll.poll():
            if descriptor == server_socket:
                connection = listener.accept()
                if (pid := os.fork()) == 0:
                    listener.close()
                    for _, other in forks.values():  # or this copy would hide from an actor that its process ended
                        other.close()
                    _become_worker(connection)
                pidfd = os.pidfd_open(pid)
                forks[pidfd], pidfds[connection.fileno()] = (pid, connection), pidfd
                poll.register(pidfd, select.POLLIN)
                poll.register(connection.fileno(), select.POLLRDHUP)
                continue
            pidfd = pidfds.get(descriptor, descriptor)
            pid, connection = forks.pop(pidfd)
            if pidfd != descriptor:  # the actor is gone, so its worker is ended
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            poll.unregister(pidfd)
            poll.unregister(connection.fileno())
            del pidfds[connection.fileno()]
            os.close(pidfd)
            with contextlib.suppress(OSError):
                connection.send(code)  # not read by an actor that has its report
            connection.close()


def _become_worker(connection: Connection) -> NoReturn:
    """Do one worker's work, send its report, and exit. Never returns."""
    try:
        processes.tie_to_parent()
        random.seed()  # or all forks would draw the same numbers
        environment, spec = connection.recv()
        os.environ.update(environment)
        hook.install()
        should_stop = threading.Event()
        threading.Thread(target=_listen, args=(connection, should_stop), daemon=True).start()
        from glane.run.worker import run_worker

        sending = threading.Lock()

        def send(message: bytes | _Sign) -> None:
            with sending:
                connection.send(message)

        report = run_worker(
            pickle.loads(spec), should_stop=should_stop.is_set, tell=lambda beat: send((pickle.dumps(beat),))
        )
        send(pickle.dumps(report))
    except KeyboardInterrupt:
        os._exit(128 + signal.SIGINT)
    except EOFError:  # the actor ended before it sent a specification
        os._exit(1)
    except BaseException as error:
        print(trace(error), file=sys.stderr)
        os._exit(1)
    os._exit(0)  # without the clean-up that is the server's


def _listen(connection: Connection, should_stop: threading.Event) -> None:
    while True:
        try:
            connection.recv()
        except (EOFError, OSError):
            os._exit(1)  # the actor is gone
        should_stop.set()


if __name__ == "__main__":
    if sys.argv[1] == _CHILD:  # no server, but one worker
        _become_worker(Connection(int(sys.argv[2])))
    main()
