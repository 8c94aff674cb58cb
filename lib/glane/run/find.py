"""Find run directories by path or by glob pattern, for example those of a sweep."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from glane.errors import RunError
from glane.run.directory import RunDirectory


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRuns:
    """The runs that were named or matched, in order and each once, and the incomplete runs among the matches."""

    paths: tuple[str, ...]
    incomplete: tuple[str, ...]


def find_runs(places: Sequence[str]) -> FoundRuns:
    """Return the runs that directories and glob patterns stand for. Matches of a pattern are sorted by name.

    A match that is no run is skipped. A directory that is named is returned unchecked: whoever reads it checks it.

    Raises:
        RunError: if a pattern matches no complete run.
    """
    paths: dict[str, None] = {}
    incomplete: dict[str, None] = {}
    for place in places:
        matches = _matches(place)
        if matches is None:
            paths[_plain(place)] = None
            continue
        runs = [RunDirectory(root=Path(one).absolute()) for one in matches]
        there = [(one, run.is_complete) for one, run in zip(matches, runs, strict=True) if run.description.is_file()]
        incomplete |= dict.fromkeys(one for one, is_complete in there if not is_complete)
        complete = [one for one, is_complete in there if is_complete]
        if not complete:
            beside = f"; {len(incomplete)} there are not complete" if incomplete else ""
            raise RunError(
                f"runs: no complete run is called {place}{beside}. Give run directories, or a glob in quotes."
            )
        paths |= dict.fromkeys(complete)
    return FoundRuns(paths=tuple(paths), incomplete=tuple(one for one in incomplete if one not in paths))


def find_all_runs(places: Sequence[str]) -> tuple[str, ...]:
    """Return the runs that directories and glob patterns stand for, complete or not, each once and sorted by name.

    A match of a pattern that glane did not make is skipped. A directory that is named is returned unchecked.

    Raises:
        RunError: if a pattern matches no run.
    """
    paths: dict[str, None] = {}
    for place in places:
        matches = _matches(place)
        if matches is None:
            paths[_plain(place)] = None
            continue
        runs = [one for one in matches if RunDirectory(root=Path(one)).marker.is_file()]
        if not runs:
            raise RunError(f"runs: no run is called {place}. Give run directories, or a glob in quotes.")
        paths |= dict.fromkeys(runs)
    return tuple(paths)


def find_folders(places: Sequence[str]) -> tuple[Path, ...]:
    """Return the folders that directories and glob patterns stand for, runs or not, each once and in order."""
    found = [one for place in places for one in (_matches(place) or [_plain(place)])]
    return tuple(dict.fromkeys(path for one in found if (path := Path(one).expanduser().absolute()).is_dir()))


def _matches(place: str) -> list[str] | None:
    """What a pattern matches, sorted by name; None for a directory that is named."""
    if not glob.has_magic(place) or Path(place).expanduser().is_dir():
        return None
    return [_plain(one) for one in sorted(glob.glob(str(Path(place).expanduser()), recursive=True))]


def _plain(place: str) -> str:
    return place.rstrip("/") or place
