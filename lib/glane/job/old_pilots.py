"""Folders that pilots left: a sample with texts of documents, and the run of a trial."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from glane.host import host_name, process_start
from glane.run.directory import RunDirectory
from glane.run.known import unknown_in
from glane.run.names import MARKER, PILOT, PILOT_FILES, PILOTS

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OldPilot:
    """A folder of a pilot, and why it is kept; empty if it can be removed."""

    path: Path
    kept_because: str
    files: tuple[Path, ...] = ()


Busy = Callable[[Sequence[Path]], Mapping[Path, str]]


def old_pilots(places: Sequence[Path], *, days: float, now: float, busy: Busy) -> Iterator[OldPilot]:
    """Say of each folder of a pilot in `places` whether it can be removed. `busy` says which runs are worked on."""
    for place in places:
        for path in sorted(place.glob(f"{PILOT}*")):
            if PILOTS.fullmatch(path.name):
                yield _looked_at(path, days=days, now=now, busy=busy)


def remove_pilot(path: Path, *, days: float, now: float, busy: Busy) -> bool:
    """Remove a folder that was found to be old, unless somebody works in it now. Return whether it is gone."""
    if not _looked_at(path, days=days, now=now, busy=busy).kept_because:
        shutil.rmtree(path, ignore_errors=True)  # follows no link
    return not os.path.lexists(path)


def _looked_at(path: Path, *, days: float, now: float, busy: Busy) -> OldPilot:
    try:
        why, files = _reason(path, days=days, now=now, busy=busy)
    except OSError:
        why, files = "it cannot be read", []
    return OldPilot(path=path, kept_because=why, files=tuple(files))


def _reason(path: Path, *, days: float, now: float, busy: Busy) -> tuple[str, list[Path]]:
    if path.is_symlink() or not path.is_dir():
        return "it is no folder, but a link or a file", []
    run = RunDirectory(root=path / PILOT_FILES[-1])
    if any(one.name not in PILOT_FILES or one.is_symlink() for one in path.iterdir()):
        return "it holds files that are none of a pilot", []
    if next(unknown_in(run), None) is not None or (run.description.exists() and not _is_marked(run)):
        return "its run holds files that are none of a run", []
    everything = [path, *path.rglob("*")]  # does not go into links
    if any(one.lstat().st_uid != os.geteuid() for one in everything):
        return "some of it is not yours", []
    if _is_at_work(path.name):
        return "its command is at work", []
    if now - max(one.lstat().st_mtime for one in everything) <= days * _DAY_S:
        return f"it was changed within {days:g} days", []
    return busy([run.root]).get(run.root, ""), [one for one in everything if one.is_symlink() or one.is_file()]


def _is_marked(run: RunDirectory) -> bool:
    with contextlib.suppress(OSError):
        return (run.root / MARKER).is_file()
    return False


def _is_at_work(name: str) -> bool:
    found = PILOTS.fullmatch(name)
    if found is None or found["host"] not in (host_name(), socket.gethostname()):
        return False
    return process_start(int(found["pid"])) == found["start"]
