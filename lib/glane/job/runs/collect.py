"""Find the runs below folders, and what was made of them. Writes nothing, and reads no document."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict

from glane.assess.evaluate.scores import Ends
from glane.assess.right_answers import RightAnswers
from glane.errors import DataError, GlaneError, RunError
from glane.extraction.summary import WORK, extraction_summary
from glane.job.runs.records import Assessment, Kind, Quality, RunEntry
from glane.languages import say
from glane.plain_values import json_values
from glane.records import Record, parse_record
from glane.regular import content_of
from glane.run.directory import RunDirectory
from glane.run.energy_total import total_energy
from glane.run.head import RunHead, read_head
from glane.run.heartbeat import heartbeats
from glane.run.links import run_at
from glane.run.names import MARKER
from glane.run.overview import Overview, overview
from glane.run.summary import Summary, read_summary
from glane.run.whole import read_together
from glane.run.written import WRITTEN, WrittenFiles, read_written
from glane.storage import exists
from glane.validation import Strict, validated

_KINDS: Mapping[str, Kind] = {  # by a file that only this kind has
    "evaluation.json": "evaluation",
    "attacks.json": "attacks",
    "calibration.json": "calibration",
    "estimates.json": "estimates",
    "comparison.json": "comparison",
    "multiverse.json": "multiverse",
    "sample.parquet": "review",
}

_HELD = {"folder": "your runs", "made": "evaluations, estimates and reviews"}  # by the setting that names folders
_DATA = {"sample.parquet": ("gold.parquet", "agreement.json")}  # what a program reads of a kind, if it is not its mark


class _Micro(Strict):
    model_config = ConfigDict(extra="ignore")

    f1: float | None = None
    f1_ci95: Ends = None


class _Overall(Strict):
    model_config = ConfigDict(extra="ignore")

    documents: int | None = None
    micro: _Micro = _Micro()


class _EvaluationHead(Record):
    """What the list reads of `evaluation.json`."""

    model_config = ConfigDict(extra="ignore")

    kind: Literal["glane evaluation"] = "glane evaluation"
    version: Literal[1] = 1
    run: str = ""
    fingerprint: str = ""
    gold: str | None = None
    right_answers: RightAnswers | None = None
    overall: _Overall


class _Told(Strict):
    """What a record says of its run by itself."""

    model_config = ConfigDict(extra="ignore")

    run: str | None = None
    fingerprint: str = ""


def collect(folders: Sequence[str | Path]) -> list[RunEntry]:
    """The runs below these folders, the latest first, each with what was made of it below any of them.

    Raises:
        RunError: if a folder is not there.
    """
    runs, made = _found(_places(folders, setting="folder"))
    assessments = sorted(_assessments(made), key=lambda one: -one.written)
    entries = [_entry(path) for path in runs]
    return sorted((_with_made(one, assessments) for one in entries), key=lambda one: one.created, reverse=True)


def made_of(directory: RunDirectory, folders: Sequence[str | Path]) -> list[Assessment]:
    """What was made of one run, below some folders, the latest first.

    Raises:
        RunError: if a folder is not there, or the directory is no run.
    """
    identity = directory.identity()
    _, made = _found(_places(folders, setting="made"))
    of = [one for one in _assessments(made) if _is_of(one, identity, directory)]
    return sorted(of, key=lambda one: -one.written)


def _places(folders: Sequence[str | Path], *, setting: str) -> list[Path]:
    places = [Path(one).expanduser() for one in folders]
    for folder, root in zip(folders, places, strict=True):
        if not root.is_dir():
            raise RunError(f"{setting}: {folder} is no directory. Give the folder that {_HELD[setting]} are in.")
    return places


def _found(places: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """The run directories, and the folders that glane wrote of them. Neither links nor hidden folders are followed."""
    runs: dict[Path, None] = {}
    made: dict[Path, None] = {}
    for place in places:
        for root, names, files in os.walk(place):
            names[:] = sorted(name for name in names if not name.startswith("."))
            if MARKER in files:
                if names or len(files) > 1:  # a command that was refused leaves the marker alone: no run began
                    runs[Path(root)] = None
                names.clear()  # what is inside is a part of this run, such as its sentinels
            elif WRITTEN in files:
                made[Path(root)] = None
    return list(runs), list(made)


def _entry(path: Path) -> RunEntry:
    directory = RunDirectory(root=path.absolute())
    try:
        identity = directory.identity()
        seen, head = overview(path), read_head(directory) if exists(directory.description) else None
        return _known(path, identity, seen, head)
    except GlaneError as error:
        told = str(error)
    except OSError as error:
        told = f"{path}: cannot be read ({error.strerror})"
    return RunEntry(path=path, state="unreadable", error=told)


def _known(path: Path, identity: str, seen: Overview, head: RunHead | None) -> RunEntry:
    directory = RunDirectory(root=path.absolute())
    leaks = None
    if seen.state == "complete":
        summary = read_summary(directory, Summary)
        hours, energy = summary.gpu_hours, summary.energy.kwh
        if seen.work == WORK:
            leaks = extraction_summary(directory).reading.rows_with_leaks
    else:
        beats = heartbeats(directory)
        hours, energy = sum((beat.time - beat.started) * beat.gpus for beat in beats) / 3600, total_energy(beats).kwh
    return RunEntry(
        path=path, run_id=identity, created="" if head is None else head.created, work=seen.work, task=seen.task,
        model=seen.model, toy=None if head is None else head.toy, state=seen.state, rows=seen.planned, done=seen.done,
        ok=seen.statuses.get("OK", 0), leaks=leaks, gpu_hours=hours, energy_kwh=energy,
    )  # fmt: skip


def _assessments(folders: Sequence[Path]) -> Iterator[Assessment]:
    for folder in folders:
        with contextlib.suppress(GlaneError, OSError, ValueError):
            written = read_written(folder)
            there = [name for name in written.names if (folder / name).is_file()]
            for mark in [name for name in there if name in _KINDS]:
                try:
                    yield _assessment(folder, mark, there, written)
                except DataError as error:  # files of two calls: what they say is of no run
                    say(f"note: {error} It is left out here.", to=sys.stderr)


def _assessment(folder: Path, mark: str, there: Sequence[str], written: WrittenFiles) -> Assessment:
    """What was made of a run, as the call of a command wrote it.

    Raises:
        DataError: if files of it are of another call, or were changed.
    """
    of = {name: _runs_of(folder, name, written) for name in there if name in (mark, *_DATA.get(mark, (mark,)))}
    ids, fingerprint, quality = of[mark], "", None
    if mark.endswith(".json"):
        told = validated(_Told, json_values(content_of(folder / mark)), place=str(folder / mark))
        fingerprint = told.fingerprint if len(ids) <= 1 else ""
        if written.mark_of(mark) is None and not fingerprint and _is_other(run_at(told.run), ids):
            ids = frozenset()  # of before folders told which files are of which run
    if _KINDS[mark] == "evaluation":
        head = _evaluation(folder / mark)
        quality, ids = _quality(head), ids or _ids_by_path(head)
    pages = [name for name in there if name.endswith(".html") and _is_page_of(name, mark)]
    return Assessment(
        kind=_KINDS[mark], folder=folder,
        pages=tuple(folder / name for name in pages if written.mark_of(name) in (written.mark_of(mark), name)),
        data=tuple(folder / name for name in of if name in _DATA.get(mark, (mark,)) and of[name] == of[mark]),
        written=(folder / mark).stat().st_mtime, run_ids=ids, fingerprint=fingerprint, quality=quality,
    )  # fmt: skip


def _is_other(found: str | None, ids: frozenset[str]) -> bool:
    return found is not None and bool(ids) and found not in ids


def _runs_of(folder: Path, name: str, written: WrittenFiles) -> frozenset[str]:
    with read_together(folder, [name], place="folder") as runs:
        return frozenset(link.id for link in (written.runs if runs is None else runs))


def _quality(head: _EvaluationHead) -> Quality:
    micro = head.overall.micro
    return Quality(
        f1=micro.f1, ci95=micro.f1_ci95, documents=head.overall.documents, gold=head.gold,
        right_answers=head.right_answers,
    )  # fmt: skip


def _is_page_of(name: str, mark: str) -> bool:
    """Whether a page tells what the file `mark` holds: a folder may have the files of two kinds."""
    own = {"attacks.json": ("attacks.html",), "sample.parquet": ("review.html", "adjudication.html")}
    return name in own.get(mark, ("report.html",))


def _evaluation(path: Path) -> _EvaluationHead:
    return parse_record(_EvaluationHead, json_values(content_of(path)), place=path)


def _ids_by_path(head: _EvaluationHead) -> frozenset[str]:
    """The run of an evaluation that was made before folders told it by id: by its path, if that run answers alike."""
    directory = RunDirectory(root=Path(head.run).absolute())
    with contextlib.suppress(GlaneError, OSError):
        if read_head(directory).fingerprint_digest == head.fingerprint:
            return frozenset([directory.identity()])
    return frozenset()


def _with_made(entry: RunEntry, assessments: Sequence[Assessment]) -> RunEntry:
    directory = RunDirectory(root=entry.path.absolute())
    return replace(entry, assessments=tuple(one for one in assessments if _is_of(one, entry.run_id, directory)))


def _is_of(one: Assessment, identity: str, directory: RunDirectory) -> bool:
    """Whether something was made of a run: by the id that the folder tells, and by what its record says itself."""
    if identity not in one.run_ids:
        return False
    with contextlib.suppress(GlaneError, OSError):
        return one.fingerprint in ("", read_head(directory).fingerprint_digest)
    return False
