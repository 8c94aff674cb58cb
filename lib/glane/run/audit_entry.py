"""One line of an audit log."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from glane.errors import GlaneError
from glane.plain_values import json_values
from glane.records import Record, left_out, parse_record
from glane.validation import Strict

Event = Literal["began", "read", "wrote", "ended", "repaired"]
Outcome = Literal["done", "refused", "unusable", "failed", "interrupted"]


class AuditedRun(Strict):
    """A run, by what tells it from all others: no name, no text."""

    id: str | None = None
    fingerprint: str  # of all that decides its answers: task, prompt, weights, input
    weights: str | None = None  # the digest of the model's weights


class Torn(Strict):
    """What a writer that was killed left of a line."""

    bytes: int
    sha256: str


class AuditEntry(Record):
    """One line: who did what, when, with which run and configuration. Neither text nor ids of documents."""

    kind: Literal["glane audit entry"] = "glane audit entry"
    version: Literal[1] = 1
    number: int  # 1 of the first line of a file
    before: str  # SHA-256 of the line before, without its end; nothing of the first
    time: str  # in UTC
    user: str
    host: str
    process: int
    session: str  # of one command, or of one Python process
    glane: str
    event: Event
    command: str
    keys: tuple[str, ...] | None = left_out()  # that were given, without their values
    configuration: str | None = left_out()  # a digest of all settings but those that hold a question or an id
    run: AuditedRun | None = left_out()
    folder: str | None = left_out()  # that is read or written
    first_file: str | None = left_out()  # of what is written: it tells the kind of result
    of: tuple[str, ...] | None = left_out()  # the ids of the runs that it is made of
    outcome: Outcome | None = left_out()
    exit_code: int | None = left_out()
    reason: str | None = left_out()  # the kind of the error, without its message
    torn: Torn | None = left_out()


def entry_in(line: bytes, path: Path) -> AuditEntry | None:
    """The entry that a line holds, without its end; None if it holds none. `path` is its file."""
    try:
        return parse_record(AuditEntry, json_values(line), place=path)
    except (GlaneError, ValueError):
        return None
