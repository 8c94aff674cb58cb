"""Remove what killed processes and old submissions of runs left behind: first told, then done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from glane.cluster.schedulers import find_jobs, old_folders
from glane.errors import GlaneError, RunError
from glane.run.directory import RunDirectory
from glane.run.find import find_all_runs
from glane.run.head import read_head
from glane.run.heartbeat import dated_heartbeats
from glane.run.leftovers import leftovers, remove_leftover
from glane.run.metrics_file import collector_folder
from glane.run.overview import overview
from glane.run.publisher import publishers_directory
from glane.run.starts import submissions
from glane.settings import CleanSettings, RunSettings
from glane.storage import exists

_MAY_LIVE_S = 600.0  # since the last heartbeat of a process that publishes: longer than any lease by default


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Something that can be removed. `remove` looks again before, and returns whether it is gone."""

    path: Path
    run: Path  # whose it is
    what: str
    num_bytes: int
    remove: Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Something that stays, and why."""

    path: Path
    why: str


def clean(settings: CleanSettings, *, say: Callable[[str], None]) -> list[Path]:
    """Tell what can be removed, or remove it if the settings say so. Return the paths that are gone.

    Raises:
        RunError: if a pattern matches no run, or a directory that is named holds none.
    """
    places = [Path(path).expanduser().absolute() for path in find_all_runs(settings.places)]
    for place in places:
        if not exists(RunDirectory(root=place).marker):
            raise RunError(f"run.dir: {place} holds no run. Give the run.dir of a run.")
    found = list(look(places, days=settings.keep_days))
    for one in found:
        if isinstance(one, Kept):
            say(f"kept          {one.path}: {one.why}")
    removals = [one for one in found if isinstance(one, Removal)]
    if settings.remove:
        return _remove(removals, num_runs=len(places), say=say)
    for one in removals:
        say(f"would remove  {one.path}: {one.what}, {_size(one.num_bytes)}")
    hint = "; the same command with remove=true does it" if removals else ""
    say(f"{len(places)} run(s): {len(removals)} to remove, {_size(sum(one.num_bytes for one in removals))}{hint}")
    return []


def _remove(removals: Sequence[Removal], *, num_runs: int, say: Callable[[str], None]) -> list[Path]:
    """Remove, except of runs that a job or a worker has begun to work on since they were looked at."""
    busy = busy_runs(list(dict.fromkeys(one.run for one in removals)))
    gone = []
    for one in removals:
        if why := busy.get(one.run):
            say(f"kept          {one.path}: {why}")
        elif one.remove():
            gone.append(one)
            say(f"removed       {one.path}: {one.what}, {_size(one.num_bytes)}")
        else:
            say(f"kept          {one.path}: it was changed meanwhile, or cannot be removed")
    say(f"{num_runs} run(s): {len(gone)} removed, {_size(sum(one.num_bytes for one in gone))}")
    return [one.path for one in gone]


def look(places: Sequence[Path], *, days: float) -> Iterator[Removal | Kept]:
    """Everything of these runs that can be removed, or that looks so and is kept."""
    busy = busy_runs(places)
    yield from (Kept(path=place, why=why) for place, why in busy.items())
    free = [RunDirectory(root=place) for place in places if place not in busy]
    for directory in free:
        for left in leftovers(directory, days=days, collector=_collector(directory)):
            yield Removal(
                path=left.path, run=directory.root, what=left.what, num_bytes=left.num_bytes,
                remove=lambda left=left: remove_leftover(left, days=days),  # type: ignore[misc]
            )  # fmt: skip
    yield from _old_submissions(free, days=days)


def busy_runs(places: Sequence[Path]) -> dict[Path, str]:
    """The runs to leave alone, and why: a worker is on them, or a job of them runs or waits. One question for all."""
    names = {place: _job_names(place) for place in places}
    found = {place: said for place, said in names.items() if isinstance(said, str)}
    asked = list(dict.fromkeys(name for said in names.values() if not isinstance(said, str) for name in said))
    jobs = {job.name: job for job in (find_jobs(asked) if asked else ())}
    for place, said in names.items():
        live = [jobs[name] for name in said if name in jobs] if not isinstance(said, str) else []
        live = [job for job in live if job.is_live]
        if live:
            found[place] = f"job {live[0].name} is {live[0].shown_state}"
    return found


def _job_names(place: Path) -> list[str] | str:
    """The jobs of a run that nobody works on as far as its files tell; else why it is left alone."""
    try:
        seen = overview(place)
    except GlaneError as error:
        return str(error) if exists(RunDirectory(root=place).description) else []
    publishers = dated_heartbeats(publishers_directory(RunDirectory(root=place)))
    if any(beat.state != "ended" and time.time() - at < _MAY_LIVE_S for at, beat in publishers):
        return "its result is being published"
    return f"{len(seen.workers)} worker(s) are on it" if seen.workers else seen.job_names


def _old_submissions(runs: Sequence[RunDirectory], *, days: float) -> Iterator[Removal | Kept]:
    folders = {Path(entry.log).parent: run.root for run in runs for entry in submissions(run)}
    for scheduler, one in old_folders([folder for folder in folders if folder.is_dir()], days=days):
        if one.kept_because:
            yield Kept(path=one.path, why=one.kept_because)
        else:
            size = sum(path.lstat().st_size for path in one.path.iterdir())
            yield Removal(
                path=one.path, run=folders[one.path], what="script and logs of jobs that are over", num_bytes=size,
                remove=lambda scheduler=scheduler, path=one.path: scheduler.remove_folder(path, days=days),  # type: ignore[misc]
            )  # fmt: skip


def _collector(directory: RunDirectory) -> Path | None:
    try:
        told = read_head(directory).run.get("metrics_dir")
    except (GlaneError, OSError):
        told = None
    return collector_folder(RunSettings(dir=str(directory.root), metrics_dir=told))


def _size(num_bytes: int) -> str:
    return f"{num_bytes / 2**20:.1f} MiB" if num_bytes >= 2**20 else f"{num_bytes} bytes"
