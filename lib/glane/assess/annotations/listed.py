"""The list of the documents of a folder of brat, which `glane export` writes and people fill in."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from glane.errors import DataError, told

DOCUMENTS_FILE = "documents.csv"
READ, EXPORTED = "read", "exported"  # columns: whether a person read it, and the digest of what was said of it there
_READ = {"": None, "no": False, "non": False, "yes": True, "oui": True, "x": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A line of `documents.csv`."""

    id: str
    is_read: bool | None  # as a person wrote there; None where nobody did
    exported: str | None  # None of a list that an earlier glane wrote


def read_listed(folder: Path) -> Mapping[str, Listed]:
    """What `documents.csv` says of each file, by its name without ending.

    A spreadsheet may have saved it: with semicolons, and file names without their zeros in front.

    Raises:
        DataError: if it is not there or cannot be read, or a word in `read` is neither yes nor no.
    """
    path = folder / DOCUMENTS_FILE
    if not path.is_file():
        raise DataError(f"gold: {folder} has no {DOCUMENTS_FILE}, which glane export wrote there: put it back.")
    try:
        text = path.read_text(encoding="utf-8-sig")
        head = text.partition("\n")[0]
        rows = list(
            csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ",")
        )
        names = {one.stem.lstrip("0"): one.stem for one in folder.glob("*.ann")}
        return {names.get(row["file"].lstrip("0"), row["file"]): _listed(path, row) for row in rows}
    except UnicodeDecodeError:
        raise DataError(f"gold: {path}: its letters are not UTF-8. Save it as CSV UTF-8.") from None
    except (KeyError, AttributeError):
        raise DataError(
            f"gold: {path}: a line has no file or no id, as glane export wrote them. Put it back."
        ) from None


def _listed(path: Path, row: Mapping[str, str]) -> Listed:
    word = (row.get(READ) or "").strip().lower()
    if word not in _READ:
        raise DataError(f"gold: {path}: the column read says {told(word)}. Write yes, no, or nothing.")
    return Listed(id=row["id"], is_read=_READ[word], exported=row.get(EXPORTED) or None)
