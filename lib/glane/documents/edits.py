"""What stands in a Word file that was edited: its paragraphs in pieces, each under which bookmarks and by whom."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from glane.documents.limits import Limits, Options
from glane.documents.parsed import Outcome
from glane.documents.read import read_file
from glane.errors import DataError
from glane.validation import Strict

Change = Literal["none", "inserted", "deleted"]
_LIMITS = Limits(timeout_s=60.0, max_file_mib=32, max_unpacked_mib=64, max_text_mib=16, max_parts=1, max_depth=1)


class Piece(Strict):
    """Letters that stand alike: under the same bookmarks, inserted or deleted by one person, or neither."""

    text: str
    marks: tuple[int, ...] = ()  # the bookmarks around them, by their number in the file
    change: Change = "none"
    author: str | None = None  # of the change, as the program tells it


class EditedParagraph(Strict):
    """A paragraph, also of a table."""

    pieces: tuple[Piece, ...]


class EditedFile(Strict):
    """A Word file as its editor left it."""

    names: tuple[str, ...]  # of bookmarks, by number: one that was copied is there twice
    paragraphs: tuple[EditedParagraph, ...]
    saved_by: str | None = None


def read_edits(path: str | Path, *, setting: str) -> EditedFile:
    """Read a Word file in a process of its own, within bounds; no entity is resolved.

    Args:
        path: The file.
        setting: That names it.

    Raises:
        DataError: if it is no Word file, damaged, or larger than a brief can be.
        ConfigError: if no process can be started.
    """
    (found,) = read_file(Path(path).expanduser(), limits=_LIMITS, options=Options(edits=True, attachments=False))
    if found.outcome != Outcome.OK:
        raise DataError(f"{setting}: {path}: {found.reason}.")
    if not found.metadata.get("edits"):
        raise DataError(f"{setting}: {path} is no Word file (.docx). Save it as one.")
    return EditedFile.model_validate_json(found.text)
