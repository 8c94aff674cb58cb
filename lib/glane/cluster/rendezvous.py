"""The rendezvous of a job's nodes: they connect to the first node, and get Ray's address and the job's exit code.

The port is derived from the job's secret, so nothing has to be written to a shared file system. A client without the
secret is refused. Pings are sent every few seconds; a connection that is silent for a minute counts as lost.

Messages are not encrypted: names of nodes, Ray's address, exit codes. With `shared`, each node is given a further
secret, which is; see `glane.cluster.agreement`.
"""

from __future__ import annotations

import contextlib
import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Client, Connection, Listener, answer_challenge, deliver_challenge

from glane.cluster.agreement import Agreement
from glane.errors import EngineError
from glane.guard.refusals import plain

_NUM_PORTS = 32
_PORTS = range(15_000, 32_000)  # below the ports that Linux assigns by itself
_PING_S = 5.0
SILENCE_S = 60.0
_HANDSHAKE_S = 10.0
_MESSAGE_BYTES = 4096
_HOST_LETTERS = 80
_SHARED = b"shared "


def ports(secret: bytes) -> Iterator[int]:
    """The ports to try, in the order in which both sides try them."""
    for number in range(_NUM_PORTS):
        digest = hashlib.blake2b(number.to_bytes(2, "big"), key=secret, digest_size=8).digest()
        yield _PORTS[int.from_bytes(digest, "big") % len(_PORTS)]


class RendezvousServer:
    """The first node's side: it knows which nodes joined, and sends them Ray's address and the exit code."""

    def __init__(
        self, address: str, secret: bytes, *, host: str, shared: bytes | None = None, num_nodes: int = 1
    ) -> None:
        """Listen. `shared` is given once to each of the tasks that a job of `num_nodes` has, and to nobody else.

        Raises:
            EngineError: if no port of the address can be opened.
        """
        self._secret, self._host, self._shared, self._num_nodes = secret, host, shared, num_nodes
        self.doubt = ""  # who joined that should not have, once that is known
        self._listener = self._listen(address)
        self._lock = threading.Condition()
        self._hosts: dict[int, str] = {}
        self._left: set[int] = set()
        self._refused: dict[int, str] = {}  # by rank, the node and why it cannot work
        self._ray_address = ""
        self._exit_code: int | None = None
        self._threads: list[threading.Thread] = []
        threading.Thread(target=self._accept, name="rendezvous", daemon=True).start()

    def _listen(self, address: str) -> Listener:
        for port in ports(self._secret):
            with contextlib.suppress(OSError):
                return Listener((address, port), family="AF_INET", backlog=64)
        raise EngineError(
            f"none of {_NUM_PORTS} ports can be opened on {address}. Is it this node's address? "
            "The first node must be the one where the batch script runs."
        )

    def joined(self) -> dict[int, str]:
        """The hosts that joined and have not left, by rank."""
        with self._lock:
            return {rank: host for rank, host in self._hosts.items() if rank not in self._left}

    def refused(self) -> dict[int, str]:
        """The nodes that said that they cannot work, by rank: host and reason."""
        with self._lock:
            return dict(self._refused)

    def announce(self, ray_address: str) -> None:
        """Send Ray's address to every node, also to those that join later."""
        with self._lock:
            self._ray_address = ray_address
            self._lock.notify_all()

    def close(self, exit_code: int) -> None:
        """Send every node the exit code of the job, with which it ends."""
        with self._lock:
            self._exit_code = exit_code
            self._lock.notify_all()
        for thread in self._threads:
            thread.join(timeout=5)
        with contextlib.suppress(OSError):
            self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection = self._listener.accept()
            except (OSError, EOFError):
                if self._exit_code is not None:
                    return
                time.sleep(0.1)
                continue
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: Connection) -> None:
        rank = None
        try:
            _bound_handshake(connection)
            deliver_challenge(connection, self._secret)
            answer_challenge(connection, self._secret)
            verb, number, host = connection.recv_bytes(_MESSAGE_BYTES).decode(errors="replace").split(" ", 2)
            if verb == "refuse":
                with self._lock:
                    self._refused[int(number)] = host
                connection.send_bytes(b"noted")
            if verb != "join":
                return
            host = plain(host, _HOST_LETTERS)
            if not self._admits(int(number), host):
                return
            rank = int(number)
            connection.send_bytes(f"first {self._host}".encode())
            if self._shared is not None:
                sealed = Agreement(self._secret).seal(self._shared, connection.recv_bytes(_MESSAGE_BYTES))
                connection.send_bytes(_SHARED + sealed)
            sent_address = ""
            while True:
                with self._lock:
                    if self._exit_code is None and self._ray_address == sent_address:
                        self._lock.wait(_PING_S)
                    exit_code, address = self._exit_code, self._ray_address
                if exit_code is not None:
                    connection.send_bytes(f"end {exit_code}".encode())
                    return
                if address != sent_address:
                    sent_address = address
                    connection.send_bytes(f"ray {address}".encode())
                connection.send_bytes(b"ping")
        except Exception:  # not a node of this job, or a lost one, which the driver notices through Ray
            return
        finally:
            with contextlib.suppress(OSError):
                connection.close()
            if rank is not None:
                with self._lock:
                    self._left.add(rank)

    def _admits(self, rank: int, host: str) -> bool:
        """Note that a node joined, unless it may be none of this job: it would be given what is shared."""
        with self._lock:
            if self._shared is not None and (doubt := self._doubt_about(rank, host)):
                self.doubt = doubt
                return False
            self._hosts[rank] = host
            self._left.discard(rank)
            return True

    def _doubt_about(self, rank: int, host: str) -> str:
        if rank in self._hosts:
            return f"two processes joined as task {rank}, on {self._hosts[rank]} and {host}"
        if rank in self._refused:
            return f"task {rank} said that it cannot work, and then one joined as that task, on {host}"
        if not 0 < rank < self._num_nodes:
            return f"a process joined as task {rank}, on {host}, and this job has no such task beside the first"
        return ""


class RendezvousClient:
    """The side of any other node."""

    def __init__(
        self, address: str, secret: bytes, *, rank: int, host: str, timeout_s: float, is_sharing: bool = False
    ) -> None:
        """Connect; the first node may still be starting. If it `is_sharing`, its secret is then in `shared`.

        Raises:
            EngineError: if it does not answer in time, or does not share its secret with this node.
        """
        deadline = time.monotonic() + timeout_s
        while (connection := _connect(address, secret)) is None:
            if time.monotonic() > deadline:
                raise EngineError(f"the first node of the job ({address}) did not answer within {timeout_s:.0f} s.")
            time.sleep(0.3)
        self._connection = connection
        self._connection.send_bytes(f"join {rank} {host}".encode())
        self._last_heard = time.monotonic()
        self.first_host = ""
        self.shared = self._given(secret) if is_sharing else b""

    def _given(self, secret: bytes) -> bytes:
        agreement = Agreement(secret)
        try:
            self.first_host = self._connection.recv_bytes(_MESSAGE_BYTES).decode().removeprefix("first ")
            self._connection.send_bytes(agreement.public)
            while not (message := self._connection.recv_bytes(_MESSAGE_BYTES)).startswith((_SHARED, b"end ")):
                continue
        except (OSError, EOFError):
            message = b""
        if not message.startswith(_SHARED):
            raise EngineError("the first node of the job ended before Ray began. Its part of this log says why.")
        return agreement.open(message.removeprefix(_SHARED))

    def receive(self, timeout_s: float) -> str | None:
        """The next message, within `timeout_s`: "ray ADDRESS", "end CODE" or "lost"; None if there is none."""
        try:
            if self._connection.poll(timeout_s):
                message = self._connection.recv_bytes(1024).decode()
                self._last_heard = time.monotonic()
                if message.startswith("first "):
                    self.first_host = message.split(" ", 1)[1]
                return message if message.startswith(("ray ", "end ")) else None
        except (OSError, EOFError):
            return "lost"
        return "lost" if time.monotonic() - self._last_heard > SILENCE_S else None


def refuse(address: str, secret: bytes, *, rank: int, host: str, reason: str, timeout_s: float) -> bool:
    """Tell the first node that this one cannot work, and why; whether it heard that within `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while (connection := _connect(address, secret)) is None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.3)
    with contextlib.suppress(OSError, EOFError), connection:
        connection.send_bytes(f"refuse {rank} {host}: {reason}".encode()[: _MESSAGE_BYTES - 1])
        return connection.poll(_PING_S) and connection.recv_bytes(_MESSAGE_BYTES) == b"noted"
    return False


def _connect(address: str, secret: bytes) -> Connection | None:
    for port in ports(secret):
        # A plain connection first: anything may listen there, and must not block us.
        try:
            socket.create_connection((address, port), timeout=2).close()
        except OSError:
            continue
        with contextlib.suppress(Exception):
            connection = Client((address, port), family="AF_INET")
            _bound_handshake(connection)
            answer_challenge(connection, secret)
            deliver_challenge(connection, secret)
            return connection
    return None


def _bound_handshake(connection: Connection) -> None:
    """Set a timeout, so that a peer that is silent or slow fails instead of blocking a thread."""
    with socket.socket(fileno=socket.dup(connection.fileno())) as handle:
        seconds = int(_HANDSHAKE_S).to_bytes(8, "little") + bytes(8)
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, seconds)
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, seconds)
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
