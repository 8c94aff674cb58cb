"""Reading one file, whatever is in it: in a process of its own, within bounds. What goes wrong is told as data."""

from __future__ import annotations

import importlib.util
import os
import stat
import time
from pathlib import Path
from types import TracebackType

from glane.documents import wire
from glane.documents.limits import MIB, Limits, Options
from glane.documents.parsed import Outcome, ParsedDocument
from glane.documents.process import Died, ReaderProcess
from glane.errors import ConfigError

__all__ = ["Limits", "Options", "Parser", "Undrawn", "read_file", "require_packages"]

_UNKNOWN = "application/octet-stream"
_MOST_FAILURES = 3  # of parts of one file, before its reading ends

# What the readers import, and the packages that have it.
PACKAGES = {
    "pypdfium2": "pypdfium2",
    "lxml": "lxml",
    "python_calamine": "python-calamine",
    "olefile": "olefile",
    "compressed_rtf": "compressed-rtf",
    "charset_normalizer": "charset-normalizer",
    "PIL": "pillow",
}


class Undrawn(Exception):
    """A page cannot be drawn. The message is a sentence without text of the document."""


def require_packages() -> None:
    """Check that the packages are there that read documents: to be called once, before many files are.

    Raises:
        ConfigError: with the command that installs them.
    """
    missing = sorted(package for module, package in PACKAGES.items() if importlib.util.find_spec(module) is None)
    if missing:
        raise ConfigError(
            f"documents cannot be read: {', '.join(missing)} not installed. "
            "Install what reads them with: pip install 'glane[ingest]'"
        )


def read_file(path: Path, *, limits: Limits, options: Options) -> tuple[ParsedDocument, ...]:
    """Read one file in a process that is ended afterwards. For many files, a `Parser` is much faster.

    Raises:
        ConfigError: if no process can be started.
    """
    with Parser(limits=limits, options=options) as parser:
        return parser.read(path)


class Parser:
    """Reads files in a process of its own, which is kept for many files and replaced when one of them broke it.

    To be used from one thread: the one that calls `read` first, as the process ends with the thread that started it.
    """

    def __init__(self, *, limits: Limits, options: Options) -> None:
        """Nothing is started before the first file."""
        self._limits = limits
        self._options = options
        self._process: ReaderProcess | None = None

    def __enter__(self) -> Parser:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def is_confined(self) -> bool:
        """Whether the kernel refuses the process sockets, other programs and changes of files. Starts it, if needed.

        Raises:
            ConfigError: if no process can be started.
        """
        return self._ready_process().is_confined

    def close(self) -> None:
        """End the process. Safe to repeat; a later `read` starts another."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def read(self, path: Path) -> tuple[ParsedDocument, ...]:
        """Return the documents of a file: itself first, then what it holds, in its order.

        Whatever the file does, there is a document with an outcome and a reason, and it is there within
        `Limits.timeout_s` and some seconds. Where a part broke the reader, the others are read after it, as far as the
        time suffices.

        Raises:
            ConfigError: if no process can be started.
        """
        refused = self._refused(path)
        if refused is not None:
            return (refused,)
        done: dict[str, ParsedDocument] = {}
        failed: dict[str, str] = {}
        self._ready_process()  # its start is no file's time
        deadline = time.monotonic() + self._limits.timeout_s
        try:
            while (broken := self._attempt(path, deadline, done, failed)) is not None:
                failed[broken.part] = broken.reason
                is_last = not broken.part or len(failed) >= _MOST_FAILURES or time.monotonic() >= deadline
                done[broken.part] = _with_rest(broken) if is_last and broken.part else broken
                if is_last:
                    break
        except BaseException:  # an interrupt in the middle of an answer: the next one would be taken for this one
            self.close()
            raise
        return tuple(done.values())

    def draw(self, path: Path, document: ParsedDocument, page: int, *, dpi: int, max_pixels: int) -> bytes:
        """Draw a page, from 0, of a document that was read, as PNG: of fewer dots per inch where these are too many.

        Raises:
            Undrawn: with the reason, after `Limits.timeout_s` and some seconds at most.
            ConfigError: if no process can be started.
        """
        told = wire.drawing(
            str(path.absolute()), document.part, document.sha256, page, dpi=dpi, max_pixels=max_pixels
        )  # fmt: skip
        process = self._ready_process()
        try:
            drawn = process.draw(told, max_pixels=max_pixels, deadline=time.monotonic() + self._limits.timeout_s)
        except Died as death:
            self.close()
            raise Undrawn(death.reason) from None
        except BaseException:
            self.close()
            raise
        if isinstance(drawn, str):
            raise Undrawn(drawn)
        return drawn

    def _attempt(
        self, path: Path, deadline: float, done: dict[str, ParsedDocument], failed: dict[str, str]
    ) -> ParsedDocument | None:
        """Read a file into `done`. Return the document that broke the reader, if one did."""
        current = wire.Begun(media_type=_UNKNOWN, part="", sha256="")
        process = self._ready_process()
        try:
            for said in process.ask(str(path.absolute()), failed, deadline):
                if isinstance(said, wire.Begun):
                    current = said
                else:
                    done.setdefault(said.part, said)
        except Died as death:
            self.close()
            return ParsedDocument(
                outcome=death.outcome,
                media_type=current.media_type,
                part=current.part,
                sha256=current.sha256,
                reason=death.reason,
            )
        return None

    def _ready_process(self) -> ReaderProcess:
        process = self._process
        if process is not None and (not process.is_alive or process.files >= self._limits.files_per_process):
            self.close()
            process = None
        if process is None:
            process = self._process = ReaderProcess(self._limits, self._options)
        return process

    def _refused(self, path: Path) -> ParsedDocument | None:
        """What can be said of a path without opening it: a pipe would be waited for, a folder is no document."""
        try:
            found = os.stat(path)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "its name is none that a file can have"
            return _failed(Outcome.UNREADABLE, f"the file cannot be read: {reason}")
        if not stat.S_ISREG(found.st_mode):
            return _failed(Outcome.UNSUPPORTED, "it is no regular file. Give files, or the folder that holds them")
        if found.st_size > self._limits.max_file_mib * MIB:
            return _failed(
                Outcome.TOO_LARGE,
                f"the file has {found.st_size / MIB:.0f} MiB, more than {self._limits.max_file_mib}; max_file_mib",
            )
        return None


def _failed(outcome: Outcome, reason: str) -> ParsedDocument:
    return ParsedDocument(outcome=outcome, media_type=_UNKNOWN, reason=reason)


def _with_rest(broken: ParsedDocument) -> ParsedDocument:
    return ParsedDocument(
        outcome=broken.outcome,
        media_type=broken.media_type,
        part=broken.part,
        sha256=broken.sha256,
        reason=f"{broken.reason}. What follows it in the file was not read",
    )
