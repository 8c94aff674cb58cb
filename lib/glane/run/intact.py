"""Whether the published result of a run is whole: all files of `records/`, with as many rows as the run has.

Only footers are read. A copy that was cut short, or a file that was removed, would otherwise pass for fewer documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from glane.corpus.plan import read_plan
from glane.errors import RunError
from glane.run.directory import RECORDS, RunDirectory
from glane.run.summary import Summary, read_summary
from glane.storage import exists, listed, patiently


def check_intact(directory: RunDirectory) -> None:
    """Check that the result of a complete run has all its rows.

    Raises:
        RunError: naming what is missing, and how to restore it or publish again.
    """
    if problem := damage(directory):
        raise RunError(problem)


def damage(directory: RunDirectory) -> str:
    """What is missing of the result of a complete run, with the remedy; empty if it is whole."""
    files = listed(directory.records, "*.parquet")
    rows = {path: _num_rows(path) for path in files}
    problem = _unreadable_or_absent(rows)
    if not problem:
        found, expected = sum(count or 0 for count in rows.values()), _expected(directory)
        if found == expected:
            return ""
        problem = f"{found} rows in {len(files)} file(s), and the run has {expected}"
        if expected is None:
            problem = f"{directory.summary.name} and {directory.plan.name}, which tell its rows, are absent"
    return f"{directory.records}: {problem}. Rows were lost, as by a copy that was cut short. {_remedy(directory)}"


def _unreadable_or_absent(rows: Mapping[Path, int | None]) -> str:
    if not rows:
        return "no file is there"
    for path, count in rows.items():
        if count is None:
            return f"{path.name} cannot be read"
    numbers = {int(found[1]) for path in rows if (found := RECORDS.fullmatch(path.name))}
    absent = sorted(set(range(max(numbers, default=-1) + 1)) - numbers)
    return f"records-{absent[0]:05d}.parquet is absent" if absent else ""


def _num_rows(path: Path) -> int | None:
    """The rows of a file by its footer; None if it has none that can be read."""
    try:
        return int(patiently(lambda: pq.read_metadata(path)).num_rows)
    except (pa.ArrowException, OSError):
        return None


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
