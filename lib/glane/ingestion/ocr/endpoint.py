"""The only place from which glane speaks to a server: one that the site runs itself, with the protocol of OpenAI.

Pages of documents go there. Names are looked up once for each request, and public addresses are refused; redirections
are not followed; proxies are not asked. What the server says of a failure is not told, as it may quote the page.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import socket
import threading
import time
from dataclasses import dataclass, field

from glane.errors import EngineError, did_you_mean
from glane.ingestion.ocr.answers import PageFailed, PageRefused, text_of
from glane.ingestion.ocr.connect import Deadline, Unreachable, connected, name_of
from glane.ingestion.ocr.white import white_page, white_size
from glane.settings import OcrSettings
from glane.settings.ocr import MOST_REQUESTS, PAUSES_S

_LARGEST_ANSWER = 4 * 2**20  # bytes
_PASSING = frozenset({429, 500, 502, 503, 504})  # what a busy server answers, or one that comes back
_OF_THE_SERVER = frozenset({401, 403, 404, 405, 407})  # would be the same for any page
_TOO_LARGE = 413
_REMEDY_TOO_LARGE = (
    "It, or a proxy before it, has a limit on the size of a request: raise this, or lower ocr.dpi or ocr.max_pixels"
)
_LOOK_S = 10.0  # for the names of the models
_MOST_REFUSED = 8  # pages in a row


class _Refusals:
    """Says after which pages that the server refuses it is to be asked whether it reads any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_first = True
        self._in_a_row = 0

    def is_doubtful(self) -> bool:
        """Note one more, and say whether it is the first of all, or one too many without an answer between."""
        with self._lock:
            self._in_a_row += 1
            is_doubtful = self._is_first or self._in_a_row >= _MOST_REFUSED
            if is_doubtful:
                self._is_first, self._in_a_row = False, 0
            return is_doubtful

    def end(self) -> None:
        """Note a page that a model read, well or not."""
        with self._lock:
            self._in_a_row = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Reads pages by a model of a server. May be used from several threads at once."""

    ocr: OcrSettings
    _refusals: _Refusals = field(default_factory=_Refusals, init=False, repr=False, compare=False)

    def read(self, png: bytes) -> str:
        """The text of a page as the model wrote it.

        Where the page may not be the reason that it is not read, the server must prove that it reads a white one.

        Raises:
            PageFailed: if this page cannot be read.
            EngineError: if no page can be.
        """
        try:
            answer = self._answer(png)
            text = text_of(answer)
        except PageRefused:
            if self._refusals.is_doubtful():
                self._prove_reads(1)
            raise
        except PageFailed:
            self._refusals.end()
            raise
        self._refusals.end()
        return text

    def check(self) -> None:
        """Prove that the server is there, has the model, and that this reads pictures as large as pages.

        Raises:
            EngineError: if not, with the remedy.
        """
        names = self._prove_there()
        assert self.ocr.model is not None
        if self.ocr.model not in names:
            raise EngineError(f"ocr.model: {self.ocr.model!r} is not served. {did_you_mean(self.ocr.model, names)}")
        self._prove_reads(MOST_REQUESTS)

    def _answer(self, png: bytes) -> bytes:
        """What the server answers to a page.

        Raises:
            PageFailed: if this page has no answer.
            EngineError: if none has.
        """
        try:
            status, answer = self._ask(png, MOST_REQUESTS)
        except Unreachable as error:
            self._prove_there()
            self._prove_reads(1)
            raise PageFailed(f"the server gave no answer in {MOST_REQUESTS} requests, at last: {error}") from None
        if status == 200:
            return answer
        if status < 400 or status in _OF_THE_SERVER:
            raise EngineError(f"{name_of(self.ocr)}: answers HTTP {status}, and reads no page. {_remedy(status)}")
        if status == _TOO_LARGE:
            raise PageRefused(f"the server refused the page as too large (HTTP {status}). {_REMEDY_TOO_LARGE}")
        raise PageRefused(f"the server refused the page (HTTP {status})")

    def _ask(self, png: bytes, times: int) -> tuple[int, bytes]:
        """The status and the content of the answer to a page, which is asked for again while the server is busy.

        Raises:
            Unreachable: if it is so each time.
            PageRefused: if the answer is too large.
        """
        body, told = self._body(png), ""
        for attempt in range(times):
            if attempt:
                time.sleep(PAUSES_S[attempt - 1])
            try:
                status, answer = self._request("POST", "/v1/chat/completions", body, self.ocr.timeout_s)
            except Unreachable as error:
                told = str(error)
                continue
            if status not in _PASSING:
                return status, answer
            told = f"HTTP {status}"
        raise Unreachable(told)

    def _prove_reads(self, times: int) -> None:
        """Have a white page read, whatever the model says of it.

        Raises:
            EngineError: if the server does not let it, `times` times where it is busy.
        """
        try:
            status, answer = self._ask(white_page(self.ocr.dpi, self.ocr.max_pixels), times)
            if status == 200:
                text_of(answer)
                return
            told, remedy = f"HTTP {status}", self._of_the_model()
            if status < 400 or status in _OF_THE_SERVER:
                remedy = _remedy(status)
            elif status == _TOO_LARGE:
                remedy = f"{_REMEDY_TOO_LARGE}."
        except Unreachable as error:
            told, remedy = str(error), self._of_the_load()
        except PageRefused as error:
            told, remedy = str(error), _remedy(0)
        except PageFailed:  # it was read, if badly
            return
        raise EngineError(f"{name_of(self.ocr)}: answers /v1/models, and reads no page (a white one: {told}). {remedy}")

    def _of_the_model(self) -> str:
        width, height = white_size(self.ocr.dpi, self.ocr.max_pixels)
        return (
            f"Does {self.ocr.model!r} read pictures, and has its context room for one of {width} x {height} pixels and "
            f"for ocr.max_tokens={self.ocr.max_tokens}?"
        )

    def _of_the_load(self) -> str:
        return (
            f"Its own log tells why. If it is busy, lower ocr.concurrency={self.ocr.concurrency}: each worker has that "
            f"many pages in work at once. If it is slow, raise ocr.timeout_s={self.ocr.timeout_s:g}."
        )

    def _prove_there(self) -> list[str]:
        """The names of the models that the server has.

        Raises:
            EngineError: if it does not answer.
        """
        try:
            status, answer = self._request("GET", "/v1/models", None, min(_LOOK_S, self.ocr.timeout_s))
            names = [one["id"] for one in json.loads(answer)["data"]] if status == 200 else []
        except Unreachable as error:
            raise EngineError(
                f"{name_of(self.ocr)}: does not answer ({error}). What was read is kept: see whether the server runs, "
                "and give the same command again."
            ) from None
        except (PageFailed, ValueError, TypeError, KeyError, RecursionError):
            raise EngineError(f"{name_of(self.ocr)}: is no server of models: /v1/models is not as OpenAI's.") from None
        if status != 200:
            raise EngineError(f"{name_of(self.ocr)}: answers HTTP {status} to /v1/models. {_remedy(status)}")
        return [name for name in names if isinstance(name, str)]

    def _body(self, png: bytes) -> bytes:
        picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{base64.b64encode(png).decode()}"}}
        asked = {"role": "user", "content": [picture, {"type": "text", "text": self.ocr.prompt}]}
        sampling = {"temperature": 0, "seed": 0, "max_tokens": self.ocr.max_tokens, "stream": False}
        return json.dumps({"model": self.ocr.model, "messages": [asked], **sampling}).encode()

    def _request(self, method: str, path: str, body: bytes | None, timeout_s: float) -> tuple[int, bytes]:
        """The status and the content of an answer, within `timeout_s` however slowly it comes.

        Raises:
            Unreachable: if there is none.
            PageRefused: if it is too large.
        """
        ended, deadline = threading.Event(), Deadline(timeout_s)
        host = f"[{self.ocr.host}]" if ":" in self.ocr.host else self.ocr.host
        headers = {"Host": f"{host}:{self.ocr.port}", "Content-Type": "application/json", "Connection": "close"}
        connection = http.client.HTTPConnection(self.ocr.host, self.ocr.port)
        connection.sock = opened = connected(self.ocr, deadline)
        watch: threading.Timer | None = None
        try:
            watch = threading.Timer(deadline.left_s(), _break_off, (opened, ended))
            watch.daemon = True
            watch.start()
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            content = response.read(_LARGEST_ANSWER + 1)
        except (OSError, http.client.HTTPException) as error:
            is_late = ended.is_set() or isinstance(error, TimeoutError)
            raise deadline.passed() if is_late else Unreachable(type(error).__name__) from None
        finally:
            if watch is not None:
                watch.cancel()
            connection.close()
        if ended.is_set():
            raise deadline.passed()
        if len(content) > _LARGEST_ANSWER:
            raise PageRefused(f"the answer of the server is larger than {_LARGEST_ANSWER // 2**20} MiB")
        if response.length:  # bytes that it was to have, too
            raise Unreachable("its answer breaks off")
        return response.status, content


def _break_off(opened: socket.socket, ended: threading.Event) -> None:
    """End a conversation that takes too long: what waits for an answer gets its end."""
    ended.set()
    with contextlib.suppress(OSError):
        opened.shutdown(socket.SHUT_RDWR)


def _remedy(status: int) -> str:
    if 300 <= status < 400:
        return "It leads to another place, and pages are sent to no other: give the server itself."
    if status in (401, 403, 407):
        return "It asks for a key, and none is sent: start it without, bound to 127.0.0.1."
    return "Give the address of an OpenAI-compatible server, as of `vllm serve`."
