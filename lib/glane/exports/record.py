"""What an export says of itself: `export.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from glane.records import Record, left_out
from glane.run.links import RunLink
from glane.types import Toy
from glane.validation import Strict


class ExportedTable(Strict):
    """One table: its rows and its key."""

    name: str
    rows: int
    key: tuple[str, ...]
    parent: str | None = left_out()


Treatment = Literal["replaced", "searched", "compared", "shifted", "left"]


class ReplacedInExport(Strict):
    """What was replaced by pseudonyms in an export. The key is known by a digest, by which it cannot be found."""

    replaced: Mapping[str, int]  # by kind, in documents and in values
    key: str
    dates: str  # kept or shifted
    keeps_ids: bool
    keep: tuple[str, ...]  # kinds that stay
    left: tuple[str, ...]  # columns of values and of the input that nothing was replaced in
    oldest_age: int | None = left_out()  # ages above it are one more than it
    ages: tuple[str, ...] = ()  # columns in which these were looked for, by their names
    columns: Mapping[str, Treatment] = (
        left_out()
    )  # of these: in compared ones only what was found in the row's documents


class Export(Record):
    """What was exported of which run, and the digest of each file (BLAKE2b, 16 bytes)."""

    kind: Literal["glane export"] = "glane export"
    version: Literal[1] = 1
    to: str
    run: RunLink
    fingerprint: str
    task: str
    model: str
    toy: Toy | None = left_out()
    is_complete: bool
    evidence: bool
    text: bool
    locale: str
    encoding: str
    rows: int
    statuses: Mapping[str, int]  # rows by status
    tables: tuple[ExportedTable, ...]
    files: Mapping[str, str]
    versions: Mapping[str, str]  # of glane and of the libraries that wrote the files
    notes: tuple[str, ...] = ()  # in the language of whoever exported
    pseudonyms: ReplacedInExport | None = left_out()
