"""What passes over a cable: the bytes of each TCP stream, in the order in which they were sent first."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections import defaultdict
from collections.abc import Iterator

_EVERY_PROTOCOL, _IPV4, _TCP = 0x0003, 0x0800, 6
_BUFFER_BYTES = 64 * 2**20


class Wiretap:
    """Listens on one end of a cable. Only root can."""

    def __init__(self, interface: str) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_EVERY_PROTOCOL))
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, 33, _BUFFER_BYTES)  # SO_RCVBUFFORCE
        self._socket.bind((interface, 0))
        self._socket.settimeout(0.2)
        self._segments: dict[bytes, dict[int, bytes]] = defaultdict(dict)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def streams(self) -> list[bytes]:
        """What was sent so far, in one direction of one connection each."""
        return [b"".join(part for _, part in sorted(parts.copy().items())) for parts in list(self._segments.values())]

    def heard(self, what: bytes) -> bool:
        """Whether some connection carried these bytes as they are."""
        return any(what in stream for stream in self.streams())

    def close(self) -> None:
        self._is_over.set()
        self._thread.join()
        self._socket.close()

    def _listen(self) -> None:
        while not self._is_over.is_set():
            with contextlib.suppress(TimeoutError):
                self._take(self._socket.recv(2**17))

    def _take(self, frame: bytes) -> None:
        if len(frame) < 34 or struct.unpack_from("!H", frame, 12)[0] != _IPV4 or frame[23] != _TCP:
            return
        header = 4 * (frame[14] & 15)
        length = struct.unpack_from("!H", frame, 16)[0]
        packet = frame[14 : 14 + length] if length else frame[14:]
        segment = packet[header:]
        number, begins = struct.unpack_from("!I", segment, 4)[0], 4 * (segment[12] >> 4)
        if segment[begins:]:
            self._segments[packet[12:20] + segment[:4]].setdefault(number, segment[begins:])


@contextlib.contextmanager
def listening_at(interface: str) -> Iterator[Wiretap]:
    """Listen on an interface of this machine."""
    tap = Wiretap(interface)
    try:
        yield tap
    finally:
        tap.close()
