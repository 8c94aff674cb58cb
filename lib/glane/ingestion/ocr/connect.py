"""A connection to the server that was named: to an address that was looked at, and to nobody else's port."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

from glane.errors import EngineError
from glane.ingestion.ocr.listeners import strangers
from glane.settings import OcrSettings
from glane.settings.ocr import as_address, is_this_machine


class Unreachable(Exception):
    """A request got no answer. The message says why, without what was sent."""


class Deadline:
    """The end of the time that a request has, with the lookup of the name, the connection and the answer."""

    def __init__(self, within_s: float) -> None:
        self._within_s, self._ends = within_s, time.monotonic() + within_s

    def left_s(self) -> float:
        """Seconds, above 0.

        Raises:
            Unreachable: if there are none.
        """
        left_s = self._ends - time.monotonic()
        if left_s <= 0:
            raise self.passed()
        return left_s

    def passed(self) -> Unreachable:
        """The complaint that it has passed."""
        return Unreachable(f"not within {self._within_s:g} s")


def name_of(ocr: OcrSettings) -> str:
    """The server, as messages begin."""
    return f"ocr.endpoint: {ocr.endpoint}"


def connected(ocr: OcrSettings, deadline: Deadline) -> socket.socket:
    """A connection on which nothing was sent. The addresses of a name are tried in turn, each for its share of time.

    Raises:
        EngineError: if one of them is public, or the port another user's.
        Unreachable: if nobody listens.
    """
    addresses = _addresses(ocr, deadline)
    _refuse_strangers(ocr)
    why = deadline.passed()
    for number, address in enumerate(addresses):
        share_s = deadline.left_s() / (len(addresses) - number)
        try:
            opened = socket.create_connection((address, ocr.port), timeout=share_s)
        except OSError as error:
            why = deadline.passed() if isinstance(error, TimeoutError) else Unreachable(type(error).__name__)
            continue
        with contextlib.ExitStack() as unless_right:
            unless_right.callback(opened.close)
            _refuse_strangers(ocr, opened)  # who listens may have changed
            opened.settimeout(deadline.left_s())
            unless_right.pop_all()
        return opened
    raise why


def _addresses(ocr: OcrSettings, deadline: Deadline) -> list[str]:
    """Those of the server.

    Raises:
        EngineError: if one of them is public.
        Unreachable: if the name is not known.
    """
    host = ocr.host
    names = _looked_up(host, ocr.port, deadline)
    for name in names:
        address = as_address(name.partition("%")[0])
        is_right = address is not None and ocr.may_be_sent_to(address)
        if not is_right or (is_this_machine(host) and not (address and address.is_loopback)):
            raise EngineError(
                f"{name_of(ocr)}: {host} leads to {name}, and pages of documents are confidential: they are sent to "
                "this machine, or to an address of the cluster's network (10/8, 172.16/12, 192.168/16, fc00::/7, or "
                "another that is not public and that ocr.hosts has as an address)."
            )
    return names


def _looked_up(host: str, port: int, deadline: Deadline) -> list[str]:
    """The addresses of a name. The system's lookup has no bound of its own, and is left to itself at the deadline."""
    found: list[str] = []

    def look() -> None:
        with contextlib.suppress(OSError, UnicodeError):
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(entry[4][0]) for entry in entries))

    looking = threading.Thread(target=look, name="glane-ocr-lookup", daemon=True)
    looking.start()
    looking.join(deadline.left_s())
    if looking.is_alive():
        raise deadline.passed()
    if not found:
        raise Unreachable("the name of the host is not known")
    return found


def _refuse_strangers(ocr: OcrSettings, opened: socket.socket | None = None) -> None:
    host = ocr.host
    ours = None if opened is None else int(opened.getsockname()[1])
    if is_this_machine(host) and host not in ocr.hosts and (others := strangers(ocr.port, ours)):
        raise EngineError(
            f"{name_of(ocr)}: another user of this machine listens there (user id {min(others)}), and would get the "
            f"pages. Start your server on a free port. If that one is your site's, say so: ocr.hosts=[{host}]"
        )
