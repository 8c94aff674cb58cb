"""How the nodes of one job find the first one, learn Ray's address, and hear of the end: a socket per node.

The port follows from the job's secret, so nothing has to be written to a shared file system, and who does not know
the secret is turned away. A connection that is silent for a minute counts as lost: pings go out every few seconds.
"""

from __future__ import annotations

import contextlib
import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Client, Connection, Listener, answer_challenge, deliver_challenge

from glane.errors import EngineError

_NUM_PORTS = 32
_PORTS = range(15_000, 32_000)  # below what Linux hands out by itself
_PING_S = 5.0
SILENCE_S = 60.0
_HANDSHAKE_S = 10.0


def ports(secret: bytes) -> Iterator[int]:
    """The ports to try, in the order in which both sides try them."""
    for number in range(_NUM_PORTS):
        digest = hashlib.blake2b(number.to_bytes(2, "big"), key=secret, digest_size=8).digest()
        yield _PORTS[int.from_bytes(digest, "big") % len(_PORTS)]


class Office:
    """The first node's end: knows who came, tells everybody Ray's address and the end."""

    def __init__(self, address: str, secret: bytes, *, host: str) -> None:
        self._secret, self._host = secret, host
        self._listener = self._listen(address)
        self._lock = threading.Condition()
        self._hosts: dict[int, str] = {}
        self._gone: set[int] = set()
        self._ray_address = ""
        self._verdict: int | None = None
        self._talks: list[threading.Thread] = []
        threading.Thread(target=self._accept, name="office", daemon=True).start()

    def _listen(self, address: str) -> Listener:
        for port in ports(self._secret):
            with contextlib.suppress(OSError):
                return Listener((address, port), family="AF_INET", backlog=64)
        raise EngineError(
            f"none of {_NUM_PORTS} ports can be opened on {address}. Is it this node's address? "
            "The first node must be the one where the batch script runs."
        )

    def hosts(self) -> dict[int, str]:
        """The nodes that came, by rank, and have not left."""
        with self._lock:
            return {rank: host for rank, host in self._hosts.items() if rank not in self._gone}

    def announce(self, ray_address: str) -> None:
        """Tell every node, also those still to come, where Ray is."""
        with self._lock:
            self._ray_address = ray_address
            self._lock.notify_all()

    def close(self, exit_code: int) -> None:
        """Send everybody home, with the exit code of the whole."""
        with self._lock:
            self._verdict = exit_code
            self._lock.notify_all()
        for talk in self._talks:
            talk.join(timeout=5)
        with contextlib.suppress(OSError):
            self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection = self._listener.accept()
            except (OSError, EOFError):
                if self._verdict is not None:
                    return
                time.sleep(0.1)
                continue
            talk = threading.Thread(target=self._talk, args=(connection,), daemon=True)
            self._talks.append(talk)
            talk.start()

    def _talk(self, connection: Connection) -> None:
        rank = None
        try:
            _bound_handshake(connection)
            deliver_challenge(connection, self._secret)
            answer_challenge(connection, self._secret)
            word, number, host = connection.recv_bytes(1024).decode().split(" ", 2)
            if word != "join":
                return
            rank = int(number)
            with self._lock:
                self._hosts[rank] = host
                self._gone.discard(rank)
            connection.send_bytes(f"first {self._host}".encode())
            told = ""
            while True:
                with self._lock:
                    if self._verdict is None and self._ray_address == told:
                        self._lock.wait(_PING_S)
                    verdict, address = self._verdict, self._ray_address
                if verdict is not None:
                    connection.send_bytes(f"end {verdict}".encode())
                    return
                if address != told:
                    told = address
                    connection.send_bytes(f"ray {address}".encode())
                connection.send_bytes(b"ping")
        except Exception:  # a stranger, or a node that is gone: its Ray tells the driver
            return
        finally:
            with contextlib.suppress(OSError):
                connection.close()
            if rank is not None:
                with self._lock:
                    self._gone.add(rank)


class Desk:
    """Another node's end."""

    def __init__(self, address: str, secret: bytes, *, rank: int, host: str, timeout_s: float) -> None:
        """Connect; the first node may still be starting.

        Raises:
            EngineError: if it does not answer in time.
        """
        deadline = time.monotonic() + timeout_s
        while (connection := _first_that_knows(address, secret)) is None:
            if time.monotonic() > deadline:
                raise EngineError(f"the first node of the job ({address}) did not answer within {timeout_s:.0f} s.")
            time.sleep(0.3)
        self._connection = connection
        self._connection.send_bytes(f"join {rank} {host}".encode())
        self._last_word = time.monotonic()
        self.first_host = ""

    def listen(self, timeout_s: float) -> str | None:
        """The next word, within `timeout_s`: "ray ADDRESS", "end CODE" or "lost"; None if there is none."""
        try:
            if self._connection.poll(timeout_s):
                word = self._connection.recv_bytes(1024).decode()
                self._last_word = time.monotonic()
                if word.startswith("first "):
                    self.first_host = word.split(" ", 1)[1]
                return word if word.startswith(("ray ", "end ")) else None
        except (OSError, EOFError):
            return "lost"
        return "lost" if time.monotonic() - self._last_word > SILENCE_S else None


def _first_that_knows(address: str, secret: bytes) -> Connection | None:
    for port in ports(secret):
        # The plain look first: what listens there may be anything, and must not hold us up.
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
    """Let a silent or slow other side fail instead of holding a thread."""
    with socket.socket(fileno=socket.dup(connection.fileno())) as handle:
        seconds = int(_HANDSHAKE_S).to_bytes(8, "little") + bytes(8)
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, seconds)
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, seconds)
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
