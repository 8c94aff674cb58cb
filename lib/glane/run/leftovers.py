"""What killed processes left in a run directory, and nothing needs: never a record, a committed part or a heartbeat."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from glane.run.directory import RunDirectory
from glane.run.intact import damage
from glane.run.metrics_file import collected
from glane.run.names import PARTS, STAGED, STAGING, UNFINISHED

_DAY_S = 86_400.0
_CLOCK = re.compile(r"\.clock-[\w.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """A file, or a folder of files of known names, that can be removed."""

    path: Path
    what: str
    names: re.Pattern[str] | None = None  # of a folder: of the files in it

    @property
    def num_bytes(self) -> int:
        """What removing it frees."""
        return sum(one.lstat().st_size for one in _files(self))

    def age_days(self) -> float:
        """Days since anything of it was changed.

        Raises:
            OSError: if it is not there.
        """
        paths = [self.path] if self.names is None else [self.path, *self.path.iterdir()]
        return (time.time() - max(path.lstat().st_mtime for path in paths)) / _DAY_S


def leftovers(directory: RunDirectory, *, days: float, collector: Path | None = None) -> list[Leftover]:
    """What of a run was left behind, and not changed for `days`. `collector` is the folder of metrics, if there is one.

    A folder of no run, or one whose owner is another user, has none.
    """
    if not directory.marker.is_file() or directory.root.lstat().st_uid != os.geteuid():
        return []
    return [one for one in _candidates(directory, collector) if _is_removable(one, days=days)]


def remove_leftover(one: Leftover, *, days: float) -> bool:
    """Remove it, unless it was changed meanwhile, as by a job that starts. Return whether it is gone."""
    with contextlib.suppress(OSError):
        if _is_removable(one, days=days):
            for path in _files(one):
                path.unlink()
            if one.names is not None:
                one.path.rmdir()
    return not os.path.lexists(one.path)


def _candidates(directory: RunDirectory, collector: Path | None) -> Iterator[Leftover]:
    folders = (
        directory.root,
        directory.ledger,
        directory.workers,
        directory.deaths,
        directory.windows,
        directory.parts,
    )
    for folder in folders:
        yield from (Leftover(path=path, what="an unfinished file") for path in _named(folder, UNFINISHED))
    yield from (Leftover(path=path, what="a probe of the clock") for path in _named(directory.claims, _CLOCK))
    for path in _named(directory.root, STAGING):
        yield Leftover(path=path, what="an unfinished result", names=STAGED)
    is_published = directory.is_complete and directory.summary.is_file() and directory.parts.is_dir()
    if is_published and not damage(directory):  # else the parts are the last whole copy
        yield Leftover(path=directory.parts, what="parts that are in the published result", names=PARTS)
    told = collected(directory, collector)
    if told is not None and told.is_file():
        yield Leftover(path=told, what="metrics of a driver that was killed")


def _named(folder: Path, names: re.Pattern[str]) -> list[Path]:
    if folder.is_symlink() or not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if names.fullmatch(path.name))


def _is_removable(one: Leftover, *, days: float) -> bool:
    """Whether it is old, this user's, no link, and of a folder, holds nothing else."""
    with contextlib.suppress(OSError):
        if one.path.is_symlink() or one.path.is_dir() != (one.names is not None):
            return False
        if any(path.lstat().st_uid != os.geteuid() or path.is_symlink() for path in (one.path, *_files(one))):
            return False
        if one.names is not None and any(not one.names.fullmatch(path.name) for path in one.path.iterdir()):
            return False
        return one.age_days() > days
    return False


def _files(one: Leftover) -> list[Path]:
    return [one.path] if one.names is None else list(one.path.iterdir())
