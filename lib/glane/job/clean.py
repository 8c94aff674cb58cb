"""Remove old files of runs, and what killed processes and old submissions left: first told, then done."""

from __future__ import annotations

import contextlib
import math
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from glane.cluster.schedulers import all_answer, find_jobs, keep, old_folders
from glane.errors import GlaneError, RunError
from glane.job.old_pilots import old_pilots, remove_pilot
from glane.run.directory import RunDirectory
from glane.run.find import find_all_runs, find_folders
from glane.run.head import read_head
from glane.run.heartbeat import dated_heartbeats
from glane.run.known import unknown_in
from glane.run.leftovers import is_ours, leftovers, remove_leftover
from glane.run.metrics_file import collector_folder
from glane.run.overview import overview
from glane.run.publisher import publishers_directory
from glane.run.starts import submissions
from glane.settings import CleanSettings, RunSettings
from glane.settings.keep import Kind
from glane.storage import exists

_MAY_LIVE_S = 600.0  # since the last heartbeat of a process that publishes: longer than any lease by default


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Something that can be removed. `remove` looks again before, and returns whether it is gone."""

    path: Path
    run: Path  # whose it is
    what: str
    num_files: int
    num_bytes: int
    remove: Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Something that stays, and why."""

    path: Path
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Something in a run that glane did not make. It stays."""

    path: Path
    num_files: int
    num_bytes: int


Found = Removal | Kept | Unknown


def clean(settings: CleanSettings, *, say: Callable[[str], None]) -> list[Path]:
    """Tell what can be removed, or remove it if the settings say so. Return the paths that are gone.

    Raises:
        RunError: if a pattern matches no run, or a directory that is named holds none.
    """
    places = [Path(path).expanduser().absolute() for path in find_all_runs(settings.places)]
    for place in places:
        if not exists(RunDirectory(root=place).marker):
            raise RunError(f"run.dir: {place} holds no run. Give the run.dir of a run.")
    site = keep()
    found = list(
        look(places, ages=settings.ages(site), days=settings.days_of_submissions(site), is_dry=not settings.remove)
    )
    found += _pilots(find_folders(settings.places), days=settings.ages(site)["pilots"])
    for one in found:
        if isinstance(one, Kept):
            say(f"kept          {one.path}: {one.why}")
        elif isinstance(one, Unknown):
            say(f"kept          {one.path}: not of glane, {_amount([one])}")
    removals = [one for one in found if isinstance(one, Removal)]
    if settings.remove:
        return _remove(removals, num_runs=len(places), say=say)
    for one in removals:
        say(f"would remove  {one.path}: {one.what}, {_amount([one])}")
    if removals:
        say(
            f"{len(places)} run(s): {len(removals)} to remove, {_amount(removals)}; the same command with remove=true "
            "does it"
        )
    else:
        say(f"{len(places)} run(s): nothing to remove")
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
            say(f"removed       {one.path}: {one.what}, {_amount([one])}")
        else:
            say(f"kept          {one.path}: it was changed meanwhile, or cannot be removed")
    say(f"{num_runs} run(s): {len(gone)} removed, {_amount(gone)}" if gone else f"{num_runs} run(s): nothing removed")
    return [one.path for one in gone]


def look(places: Sequence[Path], *, ages: Mapping[Kind, float], days: float, is_dry: bool = True) -> Iterator[Found]:
    """Everything of these runs that can be removed, or that looks so and is kept, and what glane did not make.

    `days` is the age of submissions. Unless it `is_dry`, the clock of each run's file system is asked, by a file.
    """
    busy = busy_runs(places)
    yield from (Kept(path=place, why=why) for place, why in busy.items())
    yield from (Kept(path=place, why="it is a link, or not yours") for place in places if not _is_ours(place))
    free = [RunDirectory(root=place) for place in places if place not in busy and _is_ours(place)]
    for directory in free:
        yield from (_unknown(path) for path in unknown_in(directory))
        now = time.time() if is_dry else _clock(directory.root)
        for left in leftovers(directory, ages=ages, now=now, collector=_collector(directory)):
            yield Removal(
                path=left.path, run=directory.root, what=left.what, num_files=len(left.files), num_bytes=left.num_bytes,
                remove=lambda left=left, now=now: remove_leftover(left, days=ages[left.kind], now=now),  # type: ignore[misc]
            )  # fmt: skip
    yield from _old_submissions(free, days=days)


def _is_ours(place: Path) -> bool:
    return is_ours(RunDirectory(root=place))


def _clock(folder: Path) -> float:
    """The time by the clock of a file system, or by ours if that is behind: what is young by either is kept."""
    probe = folder / f".clock.{uuid.uuid4().hex}.tmp"
    with contextlib.suppress(OSError):
        probe.touch(mode=0o600)
        told = probe.stat().st_mtime
        probe.unlink()
        return min(told, time.time())
    return time.time()


def _unknown(path: Path) -> Unknown:
    files = (
        [one for one in (path, *path.rglob("*")) if one.is_symlink() or not one.is_dir()]
        if _is_folder(path)
        else [path]
    )
    return Unknown(path=path, num_files=len(files), num_bytes=sum(one.lstat().st_size for one in files))


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _pilots(places: Sequence[Path], *, days: float) -> Iterator[Found]:
    if math.isinf(days):
        return
    for place in places:
        for one in old_pilots([place], days=days, now=time.time(), busy=busy_runs):
            if one.kept_because:
                yield Kept(path=one.path, why=one.kept_because)
            else:
                yield Removal(
                    path=one.path, run=one.path / "run", what="sample and trial of a pilot", num_files=len(one.files),
                    num_bytes=sum(path.lstat().st_size for path in one.files),
                    remove=lambda path=one.path, place=place: remove_pilot(  # type: ignore[misc]
                        path, days=days, now=_clock(place), busy=busy_runs
                    ),
                )  # fmt: skip


def busy_runs(places: Sequence[Path]) -> dict[Path, str]:
    """The runs to leave alone, and why: a worker is on them, or a job of them runs or waits. One question for all."""
    names = {place: _job_names(place) for place in places}
    found = {place: said for place, said in names.items() if isinstance(said, str)}
    asked = list(dict.fromkeys(name for said in names.values() if not isinstance(said, str) for name in said))
    jobs = {job.name: job for job in (find_jobs(asked) if asked else ())}
    is_answered = not asked or all(job.is_known for job in jobs.values()) or all_answer()
    for place, said in names.items():
        its = [jobs[name] for name in said if name in jobs] if not isinstance(said, str) else []
        live = [job for job in its if job.is_live]
        unknown = [job for job in its if not job.is_known]
        if live:
            found[place] = f"job {live[0].name} is {live[0].shown_state}"
        elif unknown and not is_answered and not RunDirectory(root=place).is_finished:
            found[place] = f"the queue does not answer, and job {unknown[0].name} may wait in it"
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


def _old_submissions(runs: Sequence[RunDirectory], *, days: float) -> Iterator[Found]:
    folders = {Path(entry.log).parent: run.root for run in runs for entry in submissions(run)}
    for scheduler, one in old_folders([folder for folder in folders if folder.is_dir()], days=days):
        if one.kept_because:
            yield Kept(path=one.path, why=one.kept_because)
        else:
            files = list(one.path.iterdir())
            yield Removal(
                path=one.path, run=folders[one.path], what="script and logs of jobs that are over",
                num_files=len(files), num_bytes=sum(path.lstat().st_size for path in files),
                remove=lambda scheduler=scheduler, path=one.path: scheduler.remove_folder(path, days=days),  # type: ignore[misc]
            )  # fmt: skip


def _collector(directory: RunDirectory) -> Path | None:
    try:
        told = read_head(directory).run.get("metrics_dir")
    except (GlaneError, OSError):
        told = None
    return collector_folder(RunSettings(dir=str(directory.root), metrics_dir=told))


def _amount(found: Sequence[Removal | Unknown]) -> str:
    size = sum(one.num_bytes for one in found)
    told = f"{size / 2**20:.1f} MiB" if size >= 2**20 else f"{size} bytes"
    return f"{sum(one.num_files for one in found)} file(s), {told}"
