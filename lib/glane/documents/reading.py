"""What the reader of a kind of file gives back, and how it says that it cannot."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from glane.documents.limits import MIB, Limits, Options
from glane.documents.parsed import Outcome, Page

REPAIR = "Open it with the program that wrote it and save it anew, if that program can"


class Unread(Exception):
    """A document that cannot be read, with its outcome and a sentence that says why, without text of it."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Part:
    """A file within a file. `load` gives its bytes when they are wanted; `told` is its encoding, as mail says it."""

    name: str
    load: Callable[[], bytes]
    told: str | None = None


@dataclass(slots=True, kw_only=True)
class Reading:
    """What was read of one document. Offsets of pages are those of `text` as it stands here."""

    text: str = ""
    pages: list[Page] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    encoding: str | None = None
    parts: Iterable[Part] = ()
    outcome: Outcome | None = None  # None: OK, or EMPTY without text
    reason: str = ""


class Budget:
    """How many bytes may still be unpacked of a file. Readers take from it before they hold what they unpack."""

    def __init__(self, max_bytes: int) -> None:
        self._left = max_bytes
        self._max = max_bytes

    @property
    def left(self) -> int:
        """Bytes."""
        return self._left

    def take(self, size: int) -> None:
        """Count bytes that were unpacked.

        Raises:
            Unread: if they are too many.
        """
        self._left -= size
        if self._left < 0:
            raise too_large("what is unpacked of it", self._max // MIB, "max_unpacked_mib")


@dataclass(frozen=True, slots=True)
class Context:
    """What a reader may know beside the bytes. From `name`, of the file, and from `told` only a hint is taken."""

    limits: Limits
    options: Options
    budget: Budget
    media_type: str
    name: str = ""
    told: str | None = None  # the encoding of a text


def too_large(what: str, limit: int, setting: str) -> Unread:
    """The complaint about a limit. Sizes are in MiB."""
    return Unread(Outcome.TOO_LARGE, f"{what} is more than {limit} MiB; {setting} sets this limit")


def too_many_slides(count: int, most: int) -> Unread:
    """The complaint about a file with more slides than are read."""
    return Unread(Outcome.TOO_LARGE, f"it has {count} slides, more than {most}; max_pages sets this limit")


def corrupt(reason: str) -> Unread:
    """The complaint about a file that is damaged."""
    return Unread(Outcome.CORRUPT, f"{reason}. {REPAIR}")


def encrypted(what: str = "the file") -> Unread:
    """The complaint about a file that wants a password."""
    return Unread(Outcome.ENCRYPTED, f"{what} asks for a password. Save it without one")


def clean(text: str) -> str:
    """Return a text without NUL, lone surrogates, marks of byte order and other line ends than line feeds.

    Code points that are no characters (U+FFFE, U+FFFF) go, too. Nothing else changes; letters are not composed anew.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    if not text.isascii():
        for letter in _NO_CHARACTERS:
            text = text.replace(letter, "")
        text = text.encode("utf-8", "ignore").decode("utf-8")  # lone surrogates are what cannot be encoded
    return text


_NO_CHARACTERS = ("\ufeff", "\ufffe", "\uffff")  # one after the other: `translate` takes ten times as long


def line(text: str, *, most: int = 1000) -> str:
    """Return a value of metadata or a name: one line without control characters, and not longer than `most`."""
    visible = "".join(" " if unicodedata.category(letter) in {"Cc", "Zl", "Zp"} else letter for letter in clean(text))
    return " ".join(visible.split())[:most]
