"""What a data set says of itself: of which run it is, and how many documents of what outcome it holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict

from glane.errors import RunError
from glane.records import Record, read_record
from glane.run.summary import Summary
from glane.validation import Strict

# In the folder of a data set, beside its files. Readers pass over names that begin with "_".
MARK, LOOK, CODEBOOK = "_glane.json", "_needs_a_look.csv", "_codebook.csv"


class DocumentCounts(Strict):
    """Files and documents, and what became of them."""

    files: int
    documents: int
    outcomes: Mapping[str, int]
    media_types: Mapping[str, int]
    pages_by_model: int = 0  # pages that are pictures, and that a model has read
    pages_without_text: int = 0  # of those read, pages of which the model said that they have none
    pages_not_read: int = 0  # others that it was given
    why_not_read: Mapping[str, int] = {}  # pages by why, the commonest first
    duplicates: int  # documents with the bytes of an earlier one
    near_duplicates: int | None  # None: they were not looked for
    needs_a_look: int  # documents that are neither OK nor empty, and places where documents may be missing


class DataSetMark(Record):
    """The file `_glane.json`: the data set is made by this run, and whole."""

    kind: Literal["glane data set"] = "glane data set"
    version: Literal[1] = 1
    run: str  # the id of its directory
    run_dir: str
    fingerprint_digest: str
    counts: DocumentCounts


class IngestSummary(Summary):
    """The summary of a run that read files."""

    model_config = ConfigDict(extra="ignore")

    data_set: str
    counts: DocumentCounts
    passed_over: Mapping[str, int]


def read_mark(folder: Path) -> DataSetMark | None:
    """What the data set in a folder says of itself; None if there is none that glane made.

    Raises:
        RecordError: if it is damaged or of another version.
    """
    try:
        return read_record(DataSetMark, folder / MARK)
    except (FileNotFoundError, NotADirectoryError):
        return None


def check_data_set(folder: Path, run: str | None) -> bool:
    """Whether the data set of the run with this id is there.

    Raises:
        RunError: if something else is in its place.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise RunError(
            f"data.path: {folder} is no folder. Choose another data.path, for a folder that is not there yet."
        )
    if not folder.exists() or not any(folder.iterdir()):
        return False
    mark = read_mark(folder)
    if mark is None:
        raise RunError(
            f"data.path: {folder} holds other things. Choose another data.path: a folder that is not there yet, or is "
            "empty."
        )
    if mark.run != run:
        raise RunError(
            f"data.path: {folder} holds the data set of another run ({mark.run_dir}). Choose another data.path, or "
            "move that data set away."
        )
    return True


@dataclass(slots=True)
class Tally:
    """Counts documents while they are written."""

    documents: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    media_types: Counter[str] = field(default_factory=Counter)
    pages_by_model: int = 0
    pages_without_text: int = 0
    pages_not_read: int = 0
    why_not_read: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    near_duplicates: int = 0
