"""The only place from which glane speaks to a server: one that the site runs itself, with the protocol of OpenAI.

Pages of documents go there. Names are looked up once for each request, and public addresses are refused; redirections
are not followed; proxies are not asked. What the server says of a failure is not told, as it may quote the page.
"""

from __future__ import annotations

import binascii
import contextlib
import http.client
import json
import socket
import threading
import time
from dataclasses import dataclass

from glane.errors import EngineError, did_you_mean
from glane.ingestion.ocr.answers import PageFailed, text_of
from glane.ingestion.ocr.listeners import strangers
from glane.settings import OcrSettings
from glane.settings.ocr import MOST_REQUESTS, PAUSES_S, as_address, is_this_machine, may_be_sent_to

_LARGEST_ANSWER = 4 * 2**20  # bytes
_PASSING = frozenset({429, 500, 502, 503, 504})  # what a busy server answers, or one that comes back
_OF_THE_SERVER = frozenset({401, 403, 404, 405, 407})  # would be the same for any page
_LOOK_S, _SHOWN_S = 10.0, 30.0  # for the names of the models, and for a picture that it may refuse
# A white picture, 64 by 64.
_WHITE = binascii.a2b_base64(
    "iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAIAAAAlC+aJAAAATUlEQVR42u3PQQ0AAAgEILV/5zOFDzdoQCepz6aeExAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQELi3cqoDfaKuZM4AAAAASUVORK5CYII="
)


class _Unreachable(Exception):
    """A request got no answer. The message says why, without what was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Reads pages by a model of a server. May be used from several threads at once."""

    ocr: OcrSettings

    def read(self, png: bytes) -> str:
        """The text of a page as the model wrote it.

        Raises:
            PageFailed: if this page cannot be read.
            EngineError: if no page can be.
        """
        body, told = self._body(png), ""
        for attempt in range(MOST_REQUESTS):
            if attempt:
                time.sleep(PAUSES_S[attempt - 1])
            try:
                status, answer = self._request("POST", "/v1/chat/completions", body, self.ocr.timeout_s)
            except _Unreachable as error:
                told = str(error)
                continue
            if status == 200:
                return text_of(answer)
            if status < 400 or status in _OF_THE_SERVER:
                raise EngineError(f"{self._name}: answers HTTP {status}, and reads no page. {_remedy(status)}")
            if status not in _PASSING:
                raise PageFailed(f"the server refused the page (HTTP {status})")
            told = f"HTTP {status}"
        self._prove_there()
        raise PageFailed(f"the server gave no answer in {MOST_REQUESTS} requests, at last: {told}")

    def check(self) -> None:
        """Prove that the server is there, has the model, and that this reads pictures.

        Raises:
            EngineError: if not, with the remedy.
        """
        names = self._prove_there()
        assert self.ocr.model is not None
        if self.ocr.model not in names:
            raise EngineError(f"ocr.model: {self.ocr.model!r} is not served. {did_you_mean(self.ocr.model, names)}")
        try:
            timeout_s = min(_SHOWN_S, self.ocr.timeout_s)
            status, _ = self._request("POST", "/v1/chat/completions", self._body(_WHITE), timeout_s)
        except (_Unreachable, PageFailed):  # it is busy with the picture, and has not refused it
            return
        if status != 200 and status not in _PASSING:
            raise EngineError(
                f"{self._name}: answers HTTP {status} to a picture. {_remedy(status)} "
                f"Does {self.ocr.model!r} read pictures, and has it room for ocr.max_tokens={self.ocr.max_tokens}?"
            )

    def _prove_there(self) -> list[str]:
        """The names of the models that the server has.

        Raises:
            EngineError: if it does not answer.
        """
        try:
            status, answer = self._request("GET", "/v1/models", None, min(_LOOK_S, self.ocr.timeout_s))
            names = [one["id"] for one in json.loads(answer)["data"]] if status == 200 else []
        except _Unreachable as error:
            raise EngineError(
                f"{self._name}: does not answer ({error}). What was read is kept: see whether the server runs, and "
                "give the same command again."
            ) from None
        except (PageFailed, ValueError, TypeError, KeyError, RecursionError):
            raise EngineError(f"{self._name}: is no server of models: /v1/models is not as OpenAI's.") from None
        if status != 200:
            raise EngineError(f"{self._name}: answers HTTP {status} to /v1/models. {_remedy(status)}")
        return [name for name in names if isinstance(name, str)]

    @property
    def _name(self) -> str:
        return f"ocr.endpoint: {self.ocr.endpoint}"

    def _body(self, png: bytes) -> bytes:
        picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{_base64(png)}"}}
        asked = {"role": "user", "content": [picture, {"type": "text", "text": self.ocr.prompt}]}
        sampling = {"temperature": 0, "seed": 0, "max_tokens": self.ocr.max_tokens, "stream": False}
        return json.dumps({"model": self.ocr.model, "messages": [asked], **sampling}).encode()

    def _request(self, method: str, path: str, body: bytes | None, timeout_s: float) -> tuple[int, bytes]:
        """The status and the content of an answer, within `timeout_s` however slowly it comes.

        Raises:
            _Unreachable: if there is none.
            PageFailed: if it is too large.
        """
        ended = threading.Event()
        address = self._address()
        connection = http.client.HTTPConnection(str(address), self.ocr.port, timeout=timeout_s)
        watch: threading.Timer | None = None
        try:
            connection.connect()
            watch = threading.Timer(timeout_s, _break_off, (connection.sock, ended))
            watch.daemon = True
            watch.start()
            host = f"[{self.ocr.host}]" if ":" in self.ocr.host else self.ocr.host
            headers = {"Host": f"{host}:{self.ocr.port}", "Content-Type": "application/json", "Connection": "close"}
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            content = response.read(_LARGEST_ANSWER + 1)
        except (OSError, http.client.HTTPException) as error:
            is_late = ended.is_set() or isinstance(error, TimeoutError)
            raise _Unreachable(_why_late(timeout_s) if is_late else type(error).__name__) from None
        finally:
            if watch is not None:
                watch.cancel()
            connection.close()
        if ended.is_set():
            raise _Unreachable(_why_late(timeout_s))
        if len(content) > _LARGEST_ANSWER:
            raise PageFailed(f"the answer of the server is larger than {_LARGEST_ANSWER // 2**20} MiB")
        return response.status, content

    def _address(self) -> str:
        """The address of the server.

        Raises:
            EngineError: if it is a public one, or another user's.
            _Unreachable: if the name is not known.
        """
        host = self.ocr.host
        try:
            found = socket.getaddrinfo(host, self.ocr.port, type=socket.SOCK_STREAM)
        except OSError:
            raise _Unreachable("the name of the host is not known") from None
        if is_this_machine(host) and host not in self.ocr.hosts and (others := strangers(self.ocr.port)):
            raise EngineError(
                f"{self._name}: another user of this machine listens there (user id {min(others)}), and would get the "
                f"pages. Start your server on a free port. If that one is your site's, say so: ocr.hosts=[{host}]"
            )
        names = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for name in names:
            address = as_address(name.partition("%")[0])
            is_right = address is not None and may_be_sent_to(address)
            if not is_right or (is_this_machine(host) and not (address and address.is_loopback)):
                raise EngineError(
                    f"{self._name}: {host} leads to {name}, and pages of documents are confidential: they are sent to "
                    "this machine, or to an address of the cluster's network that is not public."
                )
        return names[0]


def _break_off(opened: socket.socket, ended: threading.Event) -> None:
    """End a conversation that takes too long: what waits for an answer gets its end."""
    ended.set()
    with contextlib.suppress(OSError):
        opened.shutdown(socket.SHUT_RDWR)


def _base64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode()


def _why_late(timeout_s: float) -> str:
    return f"not within {timeout_s:g} s"


def _remedy(status: int) -> str:
    if 300 <= status < 400:
        return "It leads to another place, and pages are sent to no other: give the server itself."
    if status in (401, 403, 407):
        return "It asks for a key, and none is sent: start it without, bound to 127.0.0.1."
    return "Give the address of an OpenAI-compatible server, as of `vllm serve`."
