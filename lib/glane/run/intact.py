"""Whether the published result of a run is whole: all files of `records/`, each in its place, with all rows of the run.

Only footers are read. A copy that was cut short, or a file that was removed, would otherwise pass for fewer documents,
and a file of another run or another place for these documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from glane.corpus.plan import read_plan
from glane.errors import RunError
from glane.parquet import parquet_footer
from glane.plain_values import json_values
from glane.run.change import changing_told
from glane.run.directory import RunDirectory
from glane.run.head import read_head
from glane.run.names import FIRST_ROW, METADATA, RECORDS
from glane.run.summary import Summary, read_summary
from glane.storage import exists, listed, patiently


def check_intact(directory: RunDirectory) -> None:
    """Check that the result of a complete run has all its rows.

    Raises:
        RunError: naming what is missing, and how to restore it or publish again.
    """
    if problem := damage(directory):
        raise RunError(problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Footer:
    """What the footer of a file of the result says."""

    num_rows: int
    fingerprint_digest: str | None
    first_row: int | None  # None in results of before it was written


def damage(directory: RunDirectory, *, fingerprint_digest: str | None = None) -> str:
    """What is missing of the result of a complete run, with the remedy; empty if it is whole.

    `fingerprint_digest` is the run's, where it is known; else it is read.
    """
    if told := changing_told(directory):
        return f"{directory.root}: {told}"
    files = listed(directory.records, "*.parquet")
    footers = {path: _footer(path) for path in files}
    read = {path: footer for path, footer in footers.items() if footer is not None}
    problem = _unreadable_or_absent(footers)
    if not problem:
        found, expected = sum(footer.num_rows for footer in read.values()), _expected(directory)
        if expected is None:
            problem = f"{directory.summary.name} and {directory.plan.name}, which tell its rows, are absent"
        elif found != expected:
            problem = f"{found} rows in {len(files)} file(s), and the run has {expected}"
        elif not (problem := _replaced(read, fingerprint_digest or read_head(directory).fingerprint_digest)):
            return ""
    return f"{directory.records}: {problem}. Rows were lost, as by a copy that was cut short. {_remedy(directory)}"


def _unreadable_or_absent(footers: Mapping[Path, _Footer | None]) -> str:
    if not footers:
        return "no file is there"
    for path, footer in footers.items():
        if footer is None:
            return f"{path.name} cannot be read"
    numbers = {int(found[1]) for path in footers if (found := RECORDS.fullmatch(path.name))}
    absent = sorted(set(range(max(numbers, default=-1) + 1)) - numbers)
    return f"records-{absent[0]:05d}.parquet is absent" if absent else ""


def _replaced(footers: Mapping[Path, _Footer], fingerprint_digest: str) -> str:
    start = 0
    for path, footer in sorted(footers.items(), key=lambda item: _number(item[0])):
        if footer.fingerprint_digest != fingerprint_digest:
            return f"{path.name} is of another run"
        if footer.first_row not in (None, start):
            return f"{path.name} begins with row {footer.first_row}, and row {start} comes next"
        start += footer.num_rows
    return ""


def _number(path: Path) -> int:
    found = RECORDS.fullmatch(path.name)
    return int(found[1]) if found else -1


def _footer(path: Path) -> _Footer | None:
    """What the footer of a file says; None if it has none that can be read."""
    try:
        read = patiently(lambda: parquet_footer(path))
    except (pa.ArrowException, OSError):
        return None
    metadata = read.metadata or {}
    first_row = metadata.get(FIRST_ROW)
    try:
        return _Footer(
            num_rows=int(read.num_rows),
            fingerprint_digest=json_values(metadata.get(METADATA, b"{}")).get("fingerprint_digest"),
            first_row=None if first_row is None else int(first_row),
        )
    except (ValueError, AttributeError):  # a file that something else wrote
        return _Footer(num_rows=int(read.num_rows), fingerprint_digest=None, first_row=None)


def _expected(directory: RunDirectory) -> int | None:
    """How many rows the result has, by the summary, or by the plan where there is no summary yet; None without both."""
    if exists(directory.summary):
        return read_summary(directory, Summary).flow.selected
    return read_plan(directory.plan).num_selected if exists(directory.plan) else None


def _remedy(directory: RunDirectory) -> str:
    restore = f"Restore {directory.records.name}/ from a copy of the run"
    if exists(directory.plan) and _has_all_parts(directory):
        return (
            f"{restore}; or, as all its parts are still there, move {directory.records.name}/ away and run the command "
            "of the extraction again, which publishes them."
        )
    return f"{restore}, or extract into a new run.dir."


def _has_all_parts(directory: RunDirectory) -> bool:
    num_shards = read_plan(directory.plan).num_shards
    return len(directory.committed_shards(num_shards)) == num_shards
