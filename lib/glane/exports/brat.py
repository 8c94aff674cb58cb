"""brat: a `.txt` and an `.ann` for each document, and what brat is told of the labels. Offsets are code points."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from glane.assess.annotations.labels import labels_of
from glane.assess.annotations.listed import DOCUMENTS_FILE, EXPORTED, READ
from glane.assess.annotations.said import brat_said, said_digest
from glane.exports.bundle import Bundle
from glane.exports.delimited import SPREADSHEETS, csv_bytes
from glane.exports.marked import Marked, marked_documents
from glane.exports.target import Options

CONFIGURATION, FOLDER = "annotation.conf", "documents"


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
    (target / DOCUMENTS_FILE).write_bytes(csv_bytes(known, SPREADSHEETS[bundle.origin.language]))
    labels = "\n".join(labels_of(bundle.fields).values())
    (target / CONFIGURATION).write_text(
        f"[entities]\n{labels}\n\n[relations]\n\n[events]\n\n[attributes]\n", encoding="utf-8"
    )
    return [
        *([f"{lost} values have no passage, and brat shows passages only"] if lost else []),
        f"a document counts as gold once it is changed, or once the column {READ} of {DOCUMENTS_FILE} says yes",
    ]


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
