"""Run directories by name and by pattern, as a sweep leaves them."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from glane.errors import RunError
from glane.run.directory import RunDirectory


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRuns:
    """The runs that were named or matched, in order, each once; and those matched that are not complete."""

    paths: tuple[str, ...]
    incomplete: tuple[str, ...]


def find_runs(places: Sequence[str]) -> FoundRuns:
    """Return the runs of directories and glob patterns; what matches a pattern is taken in the order of its name.

    What matches and is no run is passed over. A directory that is named is returned as it is, for its reader to judge.

    Raises:
        RunError: if a pattern matches no complete run.
    """
    paths: dict[str, None] = {}
    incomplete: dict[str, None] = {}
    for place in places:
        if not glob.has_magic(place) or Path(place).expanduser().is_dir():
            paths[_plain(place)] = None
            continue
        matches = [_plain(one) for one in sorted(glob.glob(str(Path(place).expanduser()), recursive=True))]
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


def _plain(place: str) -> str:
    return place.rstrip("/") or place
