"""What is seen of one file: that it is what it was, was changed, is gone, or may not be read by who verifies."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath

from glane.errors import GlaneError, RecordError, UnreadableError
from glane.job.verify.record import Check, Part, State
from glane.keys import KeysError
from glane.regular import is_no_file, open_file

Seen = tuple[State, str]

UNTAKEN: Seen = ("not covered", "no digest was taken of it")
_OUTSIDE = "its name leads out of the folder, and glane writes none such"


def checked(part: Part, place: object, state: State, why: str = "") -> Check:
    """What is said of a file. Its name is whatever somebody gave it: what cannot be shown in a line is escaped."""
    return Check(part=part, place=_line(str(place).replace("\\", "\\\\")), state=state, why=_line(why))


def seen(is_equal: Callable[[], bool], *, otherwise: Seen = ("changed", "")) -> Seen:
    """What is seen of a file by `is_equal`, which reads it; `otherwise` if it is not equal.

    Raises:
        KeysError: if keys are needed, and cannot be had.
    """
    try:
        return ("equal", "") if is_equal() else otherwise
    except (FileNotFoundError, NotADirectoryError):
        return "missing", ""
    except OSError as error:
        return _of(error)
    except UnreadableError as error:
        return "unreadable", str(error)
    except KeysError:
        raise
    except GlaneError as error:
        return "changed", str(error)


def _of(error: OSError) -> Seen:
    if error.errno == errno.ENAMETOOLONG:  # no file can have the name
        return "missing", ""
    return ("changed" if is_no_file(error) else "unreadable"), f"it cannot be read ({error.strerror})"


def opens(path: Path) -> bool:
    """Open a file, and say that it could be.

    Raises:
        OSError: if it could not.
    """
    open_file(path).close()
    return True


def of_a_record(error: RecordError) -> Seen:
    """What is seen of a record that could not be read, or is none; its place is told beside."""
    return ("unreadable" if isinstance(error, UnreadableError) else "changed"), str(error).partition(": ")[2]


def is_within(name: str) -> bool:
    """Whether a name that a record gives is that of a file in its folder: others may write there what they like."""
    path = PurePath(name)
    return _is_name(name) and not path.is_absolute() and ".." not in path.parts


def _is_name(text: str) -> bool:
    """Whether a file can have it: it has no end within, and no half of a surrogate pair."""
    try:
        return bool(text) and b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def out_of_it() -> Seen:
    """What is seen of a name that is not within the folder."""
    return "changed", _OUTSIDE


def readable_trees(folder: Path, unreadable: list[Path]) -> Iterator[tuple[Path, list[str], list[str]]]:
    """As `os.walk`; folders that may not be read are added to `unreadable`, and not passed over in silence."""

    def note(error: OSError) -> None:
        unreadable.append(Path(os.fsdecode(error.filename)))

    for root, names, files in os.walk(folder, onerror=note):
        yield Path(root), names, files


def _line(text: str) -> str:
    if _is_name(text):
        text = os.fsencode(text).decode(errors="backslashreplace")
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
