"""brat: a `.txt` and an `.ann` for each document, and what brat is told of the labels. Offsets are code points."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from glane.errors import DataError, told
from glane.exports.bundle import Bundle
from glane.exports.delimited import Manner, csv_bytes
from glane.exports.marked import Marked, labels_of, marked_documents
from glane.exports.said import brat_said, said_digest
from glane.exports.target import Options

DOCUMENTS_FILE, CONFIGURATION, FOLDER = "documents.csv", "annotation.conf", "documents"
READ, EXPORTED = "read", "exported"  # columns: whether a person read it, and the digest of what was said of it here
_READ = {"": None, "no": False, "non": False, "yes": True, "oui": True, "x": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A line of `documents.csv`."""

    id: str
    is_read: bool | None  # as a person wrote there; None where nobody did
    exported: str | None  # None of a list that an earlier glane wrote


def write_brat(bundle: Bundle, _: Options, folder: Path) -> Sequence[str]:
    """Write the folder `documents` for brat, with `documents.csv`: the id and the status of each file, whether a person
    read it (empty, to be filled in), and the digest of its passages.

    Return what is lost, and what counts as gold.

    Raises:
        RunError: if rows are of groups of documents.
    """
    documents, lost = marked_documents(bundle, target="brat")
    lost += sum(len(values) for one in documents for values in one.whole.values())
    target = folder / FOLDER
    target.mkdir(mode=0o700)
    width = len(str(len(documents)))
    names = [f"{number:0{width}d}" for number in range(1, len(documents) + 1)]
    digests = []
    for name, one in zip(names, documents, strict=True):
        marks = "".join(f"{line}\n" for line in _lines(one)).encode()
        (target / f"{name}.txt").write_bytes(one.text.encode())
        (target / f"{name}.ann").write_bytes(marks)
        digests.append(said_digest(brat_said(marks, target / f"{name}.ann")))
    known = pl.DataFrame(
        {
            "file": names,
            "id": [str(one.id) for one in documents],
            "status": [one.status for one in documents],
            "reason": [one.reason for one in documents],
            READ: [None] * len(documents),
            EXPORTED: digests,
        },
        schema=dict.fromkeys(("file", "id", "status", "reason", READ, EXPORTED), pl.String),
    )
    (target / DOCUMENTS_FILE).write_bytes(csv_bytes(known, Manner()))
    labels = "\n".join(labels_of(bundle.fields).values())
    (target / CONFIGURATION).write_text(
        f"[entities]\n{labels}\n\n[relations]\n\n[events]\n\n[attributes]\n", encoding="utf-8"
    )
    return [
        *([f"{lost} values have no passage, and brat shows passages only"] if lost else []),
        f"a document counts as gold once it is changed, or once the column {READ} of {DOCUMENTS_FILE} says yes",
    ]


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


def _lines(one: Marked) -> Iterator[str]:
    """A passage as `T1`, and its value as a note on it. A passage over several lines is in parts, as brat has them."""
    for number, span in enumerate(one.spans, 1):
        parts = list(_parts(one.text, span.start, span.end))
        places = ";".join(f"{start} {end}" for start, end in parts)
        words = " ".join(one.text[start:end] for start, end in parts)
        yield f"T{number}\t{span.label} {places}\t{words}"
        yield f"#{number}\tAnnotatorNotes T{number}\t{_note(span.value)}"


def _parts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    at = start
    for line in text[start:end].split("\n"):
        if line:
            yield at, at + len(line)
        at += len(line) + 1


def _note(value: str) -> str:
    """A value on one line: as it is, or as JSON where it has line breaks or could be taken for JSON."""
    is_plain = (
        not value.startswith('"') and value.strip() == value and len(value.splitlines()) == 1 and "\t" not in value
    )
    return value if is_plain else json.dumps(value, ensure_ascii=False)
