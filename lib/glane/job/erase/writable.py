"""Whether all that an erasure changes can be changed: looked at before any of it is."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from glane.errors import RunError
from glane.job.erase.rows import RunRows
from glane.job.erase.todo import Todo
from glane.run.change import refuse_changed
from glane.run.directory import RunDirectory
from glane.run.names import CHANGED
from glane.storage import listed

_SHOWN = 10  # of places


def refuse_unwritable(todo: Todo) -> None:
    """Refuse what could not be done to its end, as somebody has made a place read-only.

    Raises:
        RunError: with these places, and what to do.
    """
    found = list(dict.fromkeys(place for path in dict.fromkeys(_changed(todo)) if (place := _unwritable(path))))
    if found:
        more = "" if len(found) <= _SHOWN else f", and {len(found) - _SHOWN} more"
        places = ", ".join(map(str, found[:_SHOWN])) + more
        raise RunError(
            f"{places}: would be changed, and cannot be written to. Nothing was done now: give "
            "yourself write access (chmod, chattr -i, another mount), and run the same command again."
        )


def refuse_changed_before(todo: Todo) -> None:
    """Refuse a run of whose files one was changed since its digest was taken: new digests would hide it.

    Raises:
        RunError: naming the file, and the remedy.
    """
    for rows in todo.runs:
        refuse_changed(rows.directory, (path for path in _of_run(rows) if path.is_relative_to(rows.directory.root)))


def _changed(todo: Todo) -> Iterator[Path]:
    """The files that are replaced or removed."""
    for rows in todo.runs:
        yield from _of_run(rows)
    yield from (step.path for step in todo.steps if step.does in ("rows", "remove", "signed"))
    yield from (one.path for one in todo.data)


def _of_run(rows: RunRows) -> Iterator[Path]:
    run = rows.directory
    yield from (run.marker, run.root / CHANGED, run.erased, run.digests, run.plan, run.summary, run.lineage, run.log)
    outer = RunDirectory(root=run.root.parent)
    if outer.marker.exists():
        yield outer.digests
    if rows.num_rows:
        yield from (*rows.files, *listed(run.ledger, "*.jsonl"), *listed(run.input, "*.parquet"))


def _unwritable(path: Path) -> Path | None:
    """The file that nobody may replace or remove, or its folder; None where it can be done."""
    folder = path.parent
    if not os.access(folder, os.W_OK | os.X_OK, effective_ids=True) or _is_kept_by_others(path):
        return folder
    try:
        os.close(
            os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        )  # to see if it is immutable: rights do not tell
    except OSError as error:
        return path if error.errno in (errno.EPERM, errno.EROFS) else None
    return None


def _is_kept_by_others(path: Path) -> bool:
    """Whether it lies in a folder where each removes only what is their own, and is another's."""
    folder, user = path.parent.stat(), os.geteuid()
    if not folder.st_mode & stat.S_ISVTX or user in (0, folder.st_uid):
        return False
    return path.exists() and path.stat().st_uid != user
