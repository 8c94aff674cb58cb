"""Errors, with messages by which the reader can correct them.

A `GlaneError` is caused by something that a user can change. Jobs print it without a traceback. Messages name the
value, the place and the remedy, and never hold text of a document.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import re
import sys
import threading
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

_MOST_LISTED = 40  # names that a message lists
_SHOWN_LENGTH = 40  # characters of a value that a message shows
_CONTROLS = re.compile(r"(?!\r\n)[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LONGEST, _MOST_BLANKS = 64, 2  # of what may be an id; what has more is a text


class GlaneError(Exception):
    """An error that a user can cause and correct. It is printed without a traceback."""

    exit_code: ClassVar[int] = 2  # of the command that ends with it

    def _render_traceback_(self) -> list[str]:
        """The lines that IPython shows of it in a notebook, which asks for them under this name."""
        return visible(str(self)).splitlines()


class ConfigError(GlaneError):
    """A setting, an override or a task definition is wrong."""


class DataError(GlaneError):
    """The input files cannot be used as they are."""


class RunError(GlaneError):
    """The run directory cannot be used or written, or belongs to another run."""


class RecordError(GlaneError):
    """A file that glane wrote is damaged, or of another kind or version than expected."""


class UnreadableError(DataError, RecordError):
    """A file could not be read, so that nothing is known of what it holds."""


class EngineError(GlaneError):
    """An engine cannot be started, or keeps dying."""


class LostError(EngineError):
    """Nodes, or Ray, were lost. No setting mends that, and the same job may go on."""

    exit_code: ClassVar[int] = 1


class UnusableError(GlaneError):
    """A run is complete, and too few of its rows have values. Its records are kept."""

    exit_code: ClassVar[int] = 4


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """Return a sentence that lists the valid names. If one is similar to `name`, it is suggested first.

    Of very many names, the first are listed; columns beside a field (`age__quote`) only if `name` looks like one.
    """
    names = sorted(valid)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return f"{hint}Valid: {_listed(name, names)}."


def _listed(name: str, names: Sequence[str]) -> str:
    plain = [one for one in names if "__" not in one] if "__" not in name and len(names) > _MOST_LISTED else names
    rest = len(names) - len(plain[:_MOST_LISTED])
    return (", ".join(plain[:_MOST_LISTED]) or "(none)") + (f", and {rest} more" if rest else "")


def told(value: object) -> str:
    """Return an id as a message may show it: no text of a document, if that column was taken for the id.

    It is cut after 40 characters. What looks like a text (over 64 characters, over two blanks, or several lines) is
    told as its length and a digest.
    """
    if not isinstance(value, str):
        return repr(value) if isinstance(value, int) else f"a {type(value).__name__}"
    if sum(letter.isspace() for letter in value) > _MOST_BLANKS or _is_text(value):
        return _digest(value)
    return repr(value) if len(value) <= _SHOWN_LENGTH else f"{value[:_SHOWN_LENGTH]!r}… ({len(value)} characters)"


def shown(category: str) -> str:
    """Return a category of the data, such as a hospital, as a message may show it: of a text, length and digest."""
    return _digest(category) if _is_text(category) else visible(category)


def visible(text: str) -> str:
    """Return a text as a terminal may show it: control characters but tab and line feed are written as escapes.

    Documents and ids are written by others. A control sequence in them could clear the screen, set the title, or show
    other characters than there are.
    """
    return _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _is_text(value: str) -> bool:
    return len(value) > _LONGEST or len(value.splitlines()) > 1


def _digest(text: str) -> str:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    return f"(a text of {len(text)} characters, digest {digest})"


def where(error: BaseException) -> str:
    """Return the type and place of an exception. Its message is left out: it may quote a document."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name}" if frames else ""
    reason = f" ({os.strerror(error.errno)})" if isinstance(error, OSError) and error.errno else ""
    return f"{type(error).__name__}{reason}{place}"


def trace(error: BaseException) -> str:
    """Return the lines of a traceback, and of those that it follows, without messages: they may quote a document."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    earlier = f"{trace(before)}\n\n" if before is not None else ""
    return (
        f"{earlier}{''.join(traceback.format_tb(error.__traceback__))}internal error, please report it: {where(error)}"
    )


def hide_messages() -> None:
    """Have this process print uncaught exceptions, those of threads included, without their messages."""
    sys.excepthook = lambda kind, error, _: _print_uncaught(kind, error)
    threading.excepthook = lambda caught: _print_uncaught(caught.exc_type, caught.exc_value)


def _print_uncaught(kind: type[BaseException], error: BaseException | None) -> None:
    if not issubclass(kind, SystemExit | KeyboardInterrupt):
        print(kind.__name__ if error is None else trace(error), file=sys.stderr)
