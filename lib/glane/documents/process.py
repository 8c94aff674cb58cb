"""A reader's process, as its parent sees it: asked for a file, heard for a bounded time, and killed."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from glane.documents import wire
from glane.documents.limits import MIB, Limits, Options
from glane.documents.parsed import Outcome, ParsedDocument
from glane.errors import ConfigError

_START_S = 120.0  # a busy machine, and libraries on a shared file system
_KILL_S = 5.0  # a process that waits for a file server may not end before
_HEARD = 8192  # bytes of its errors that are looked into
_FRAMES_PER_PART = 8  # a reader says four things of a part: where it is, its name, its kind, and the document
_BYTES_PER_PART = 64 * 1024  # what metadata and names of a part may add to its text
_NO_READER = "the reader's process answered what no reader answers"
_OUT_OF_MEMORY = (b"memory allocation", b"MemoryError", b"bad_alloc", b"out of memory", b"Out of memory", b"ENOMEM")


class Died(Exception):
    """The process ended before it had read the file, or was ended."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason


class ReaderProcess:
    """One process that reads files, one after another, until it fails."""

    def __init__(self, limits: Limits, options: Options) -> None:
        """Start it.

        Raises:
            ConfigError: if it does not come to life.
        """
        self.files = 0
        self._limits = limits
        self._frames_left, self._bytes_left = _most_of(limits)
        self._errors = b""
        self._buffer = bytearray()
        self._process = subprocess.Popen(
            [sys.executable, "-B", "-P", "-m", "glane.documents.child", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(),
            cwd="/",
            start_new_session=True,
            bufsize=0,
        )
        try:
            self._send(wire.frame("limits", {"limits": asdict(limits), "options": asdict(options)}))
            kind, is_confined = self._frame(time.monotonic() + _START_S)
        except (Died, OSError) as error:
            self.kill()
            why = error.reason if isinstance(error, Died) else "it ended at once"
            raise ConfigError(
                f"the process that reads documents could not be started: {why}. Its memory is bounded to "
                f"{limits.memory_mib} MiB: set memory_mib higher, or see whether Python starts on this machine"
            ) from None
        if kind != "ready":
            self.kill()
            raise ConfigError("the process that reads documents is not of this version of glane: install it anew")
        self.is_confined = is_confined is True  # the kernel refuses it sockets, programs and changes of files

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def ask(self, path: str, skip: Mapping[str, str], deadline: float) -> Iterator[wire.Begun | ParsedDocument]:
        """Yield what it says of a file, until it has said all.

        Raises:
            Died: with the reason; the process is then no more.
        """
        self.files += 1
        self._frames_left, self._bytes_left = _most_of(self._limits)
        try:
            self._send(wire.request(path, skip))
            yield from self._answers(deadline)
        except wire.BadFrame:
            self.kill()
            raise Died(Outcome.CRASHED, _NO_READER) from None
        except OSError:
            raise self._death() from None

    def draw(self, request: bytes, *, max_pixels: int, deadline: float) -> bytes | str:
        """Return a page as PNG, or the reason why it cannot be drawn.

        Raises:
            Died: with the reason; the process is then no more.
        """
        self.files += 1
        self._frames_left, self._bytes_left = _most_of(self._limits)
        try:
            self._send(request)
            kind, content = self._frame(deadline, most=2 * wire.most_of_a_picture(max_pixels))  # as base64
            if kind == "picture":
                return wire.picture(content, max_pixels=max_pixels)
            if kind == "undrawn":
                return wire.sentence(content)
            if kind != "memory":
                raise wire.BadFrame
        except wire.BadFrame:
            self.kill()
            raise Died(Outcome.CRASHED, _NO_READER) from None
        except OSError:
            raise self._death() from None
        self.kill()
        raise self._out_of_memory()

    def _answers(self, deadline: float) -> Iterator[wire.Begun | ParsedDocument]:
        while True:
            kind, content = self._frame(deadline)
            if kind == "begun":
                yield wire.begun(content)
            elif kind == "document":
                yield wire.document(content)
            elif kind == "memory":
                self.kill()
                raise self._out_of_memory()
            elif kind == "end":
                return
            else:
                raise wire.BadFrame

    def kill(self) -> None:
        """End it, whatever it does. Bounded, and safe to repeat."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_KILL_S)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def _send(self, frame: bytes) -> None:
        stream = self._process.stdin
        assert stream is not None
        view = memoryview(frame)
        while view:
            view = view[stream.write(view) :]

    def _frame(self, deadline: float, *, most: int | None = None) -> tuple[str, Any]:
        """The next that it says. A process that a document took over may say much, and all of it is kept here."""
        (length,) = wire.HEADER.unpack(self._read(wire.HEADER.size, deadline))
        self._frames_left -= 1
        self._bytes_left -= length
        if self._frames_left < 0 or (most is not None and length > most):
            raise wire.BadFrame
        if self._bytes_left < 0 and most is None:
            self.kill()
            raise Died(Outcome.TOO_LARGE, f"what was read is more than {self._limits.max_text_mib} MiB; max_text_mib")
        return wire.unpacked(self._read(length, deadline))

    def _read(self, size: int, deadline: float) -> bytes:
        while len(self._buffer) < size:
            self._hear(deadline)
        found = bytes(self._buffer[:size])
        del self._buffer[:size]
        return found

    def _hear(self, deadline: float) -> None:
        """Wait for the process to say something, and keep it. What it says to stderr is never shown."""
        out, errors = self._process.stdout, self._process.stderr
        assert out is not None
        assert errors is not None
        left = deadline - time.monotonic()
        ready = _readable([out, errors], left) if left > 0 else []
        if not ready:
            self.kill()
            raise Died(
                Outcome.TIMED_OUT, f"its reader did not end within {self._limits.timeout_s:g} s; timeout_s sets this"
            )
        if errors in ready:
            self._errors = (self._errors + os.read(errors.fileno(), 65536))[:_HEARD]
        if out in ready:
            heard = os.read(out.fileno(), 1 << 20)
            if not heard:
                raise self._death()
            self._buffer += heard

    def _death(self) -> Died:
        """Find out why the process ended by itself."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_KILL_S)
        errors = self._process.stderr
        if errors is not None and not errors.closed and _readable([errors], 0):
            self._errors += os.read(errors.fileno(), _HEARD)
        code = self._process.returncode
        self.kill()
        if any(sign in self._errors for sign in _OUT_OF_MEMORY):
            return self._out_of_memory()
        return Died(Outcome.CRASHED, f"its reader's process died: {_told(code)}")

    def _out_of_memory(self) -> Died:
        limit = self._limits.memory_mib
        return Died(Outcome.OUT_OF_MEMORY, f"its reader wanted more than {limit} MiB of memory; memory_mib sets this")


def _most_of(limits: Limits) -> tuple[int, int]:
    """How many frames, and bytes in them, the documents of one file may be."""
    parts = limits.max_parts + limits.max_depth + 2  # the file, and those that say that a limit is reached
    escaped = 8 * limits.max_text_mib * MIB  # JSON writes a control character in six bytes
    return _FRAMES_PER_PART * parts, escaped + MIB + _BYTES_PER_PART * parts


def _readable(streams: list[IO[bytes]], timeout_s: float) -> list[IO[bytes]]:
    poll = select.poll()  # select() knows no descriptor above 1023, and a worker may hold many
    for stream in streams:
        poll.register(stream, select.POLLIN | select.POLLHUP)
    found = {descriptor for descriptor, _ in poll.poll(timeout_s * 1000)}
    return [stream for stream in streams if stream.fileno() in found]


def _told(code: int | None) -> str:
    if code is None:
        return "it does not answer, and could not be ended"
    if code >= 0:
        return f"exit code {code}"
    if -code == signal.SIGKILL:
        return "it was killed from outside, as happens where the machine's or the job's memory is short"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"


def _environment() -> dict[str, str]:
    """No proxies and no keys: what Python needs to find its modules, and how memory is kept between two pages.

    By default, the C library gives memory back after each page and asks for it anew: a third of the time of a PDF.
    """
    paths = os.pathsep.join(str(Path(path).absolute()) for path in sys.path if path)
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    memory = {
        "MALLOC_TRIM_THRESHOLD_": "134217728",
        "MALLOC_MMAP_THRESHOLD_": "33554432",
        "MALLOC_TOP_PAD_": "16777216",
    }
    return {**kept, **memory, "PYTHONPATH": paths, "PYTHONUTF8": "1"}
