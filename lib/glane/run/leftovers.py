"""Old files of a run that may be removed, by kind; never a record, nor a file whose name glane does not make.

What killed processes left, and what a finished run no longer needs. Committed shards that no result holds are a kind of
their own: they are the only copy.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from glane.errors import RunError
from glane.plain_values import json_values
from glane.regular import content_of
from glane.run.cleaned import note_cleaned
from glane.run.directory import RunDirectory
from glane.run.intact import damage
from glane.run.known import BEATS, OF_UNFINISHED_INPUT
from glane.run.metrics_file import collected
from glane.run.names import INPUT_STAGING, MARKER, PARTS, STAGED, STAGING, UNFINISHED
from glane.settings.keep import Kind

_DAY_S = 86_400.0
_CLOCK = re.compile(r"\.clock-[\w.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """A file, or a folder of files of known names, that can be removed."""

    kind: Kind
    path: Path
    what: str
    root: Path  # no folder from here to it is a link
    names: re.Pattern[str] | None = None  # of a folder: of the files in it
    stays: bool = False  # of a folder: it is emptied

    @property
    def files(self) -> list[Path]:
        """What is removed."""
        return [self.path] if self.names is None else list(self.path.iterdir())

    @property
    def num_bytes(self) -> int:
        """What removing it frees: nothing of a file that has another name elsewhere."""
        found = [path.lstat() for path in self.files]
        return sum(one.st_size for one in found if one.st_nlink == 1)

    def age_days(self, now: float) -> float:
        """Days since anything of it was changed.

        Raises:
            OSError: if it is not there.
        """
        paths = self.files if self.stays else [self.path, *self.files]
        return (now - max(path.lstat().st_mtime for path in paths)) / _DAY_S


def leftovers(
    directory: RunDirectory, *, ages: Mapping[Kind, float], now: float | None = None, collector: Path | None = None
) -> list[Leftover]:
    """What of a run is older than the age of its kind, in days. `collector` is the folder of metrics, if there is one.

    A folder of no run, a link to one, or one whose owner is another user, has none. `now` is the time since 1970 of
    the file system, as far as it is known.
    """
    if not is_ours(directory):
        return []
    now = time.time() if now is None else now
    return [one for one in _candidates(directory, collector) if _is_removable(one, days=ages[one.kind], now=now)]


def is_ours(directory: RunDirectory) -> bool:
    """Whether a folder is a run of this user, by the mark that glane made in it, and no link."""
    try:
        directory.identity()
    except (RunError, OSError):
        return False
    mine = (directory.root.lstat(), directory.marker.lstat())
    return not directory.root.is_symlink() and all(one.st_uid == os.geteuid() for one in mine)


def remove_leftover(one: Leftover, *, days: float, now: float | None = None) -> bool:
    """Remove it, unless it was changed meanwhile, as by a job that starts. Return whether it is gone."""
    with contextlib.suppress(OSError):
        if _is_removable(one, days=days, now=time.time() if now is None else now):
            note = _note_of(one)
            is_noted = note()  # on a full disk, only once something is gone
            for path in one.files:
                if one.names is None or one.names.fullmatch(path.name):  # what somebody put there just now stays
                    path.unlink()
            if not is_noted:
                note()
            if one.names is not None and not one.stays:
                one.path.rmdir()
    return not os.path.lexists(one.path) or (one.stays and not any(one.path.iterdir()))


def _note_of(one: Leftover) -> Callable[[], bool]:
    """What writes into the run's ledger that this is removed, and returns whether that could be written."""
    if one.kind in ("unfinished", "parts"):  # the end of a run removes them, too
        return lambda: True
    if RunDirectory(root=one.root).ledger.is_symlink():  # glane writes behind no link
        return lambda: True
    is_of_group = bool((one.root / MARKER).stat().st_mode & stat.S_IRGRP)
    directory = RunDirectory(root=one.root, group_access=is_of_group)
    path, files, num_bytes = str(one.path.relative_to(one.root)), len(one.files), one.num_bytes

    def note() -> bool:
        with contextlib.suppress(RunError):
            note_cleaned(directory, path, what=one.what, files=files, num_bytes=num_bytes)
            return True
        return False

    return note


def _candidates(directory: RunDirectory, collector: Path | None) -> Iterator[Leftover]:
    root = directory.root
    for folder in (
        root,
        directory.ledger,
        directory.workers,
        directory.deaths,
        directory.windows,
        directory.parts,
        directory.records,
        directory.input,
    ):
        for path in _named(folder, UNFINISHED):
            yield Leftover(kind="unfinished", path=path, what="an unfinished file", root=root)
    for path in _named(directory.claims, _CLOCK):
        yield Leftover(kind="unfinished", path=path, what="a probe of the clock", root=root)
    for path in _named(root, STAGING):
        yield Leftover(kind="unfinished", path=path, what="an unfinished result", root=root, names=STAGED)
    for path in _named(root, INPUT_STAGING):
        yield Leftover(kind="unfinished", path=path, what="an unfinished input", root=root, names=OF_UNFINISHED_INPUT)
    told = collected(directory, collector)
    if told is not None and told.is_file():
        yield Leftover(kind="unfinished", path=told, what="metrics of a driver that was killed", root=told.parent)
    if not directory.is_complete:
        what = "committed shards that no result holds: the only copy"
        yield Leftover(kind="unpublished", path=directory.parts, what=what, root=root, names=PARTS)
    elif directory.summary.is_file() and not damage(directory):  # else the parts are the last whole copy
        yield from _of_a_finished_run(directory)


def _of_a_finished_run(directory: RunDirectory) -> Iterator[Leftover]:
    root, what = directory.root, "parts that are in the published result"
    yield Leftover(kind="parts", path=directory.parts, what=what, root=root, names=PARTS)
    for folder, what in ((directory.workers, "heartbeats of workers"), (directory.deaths, "deaths of engines")):
        yield Leftover(kind="ledger", path=folder, what=what, root=root, names=BEATS, stays=True)
    yield Leftover(kind="logs", path=directory.log, what="the log of a finished run", root=root)


def _named(folder: Path, names: re.Pattern[str]) -> list[Path]:
    if folder.is_symlink() or not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if names.fullmatch(path.name))


def _is_removable(one: Leftover, *, days: float, now: float) -> bool:
    """Whether it is old, this user's, no link and behind none, and of a folder, holds something, and nothing else."""
    with contextlib.suppress(OSError):
        if one.path.is_symlink() or one.path.is_dir() != (one.names is not None) or _is_behind_a_link(one):
            return False
        if any(path.lstat().st_uid != os.geteuid() or path.is_symlink() for path in (one.path, *one.files)):
            return False
        if one.names is not None and any(not one.names.fullmatch(path.name) for path in one.files):
            return False
        if one.kind == "ledger" and not all(map(_is_of_glane, one.files)):
            return False
        return not (one.stays and not one.files) and one.age_days(now) > days
    return False


def _is_of_glane(path: Path) -> bool:
    """Whether a file of the ledger is a record, or one that was not finished: names as theirs anybody may give."""
    if UNFINISHED.fullmatch(path.name):
        return True
    try:
        told = json_values(content_of(path))
    except (OSError, ValueError):
        return False
    return isinstance(told, dict) and str(told.get("kind")).startswith("glane ")


def _is_behind_a_link(one: Leftover) -> bool:
    between = [folder for folder in one.path.parents if folder.is_relative_to(one.root)]
    return any(folder.is_symlink() for folder in between)
