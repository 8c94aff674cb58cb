"""The steps of a brief that a model answers: each is an ordinary extraction in a folder of its own.

The folder is named by what is asked, so the same brief finds its answers again, and another one asks anew. Who starts
the extraction is open: this process, a command on another machine, or Slurm.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from glane.api.extract import extract
from glane.assess.files import as_parquet
from glane.briefs.edit_record import BriefLabels
from glane.briefs.ids import digest
from glane.composition.files import as_yaml
from glane.errors import DataError, UnusableError
from glane.extraction.results import Run, open_run
from glane.run.directory import RunDirectory
from glane.storage import replace_file, storage_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Where steps are kept, and who answers them; without a model, commands are told."""

    work: Path
    model: str | None = None
    checker: str | None = None
    allow_toy: bool = False
    calibration: str | None = None  # of the second reading
    labels: tuple[BriefLabels, ...] | None = None  # of earlier edits; None: types of statements are not tested
    alpha: float = 0.05  # of these tests
    delta: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is asked: a task of rows with an id and a text."""

    name: str
    task: Mapping[str, Any]
    rows: pl.DataFrame


def answered(step: Step, asker: Asker, *, is_check: bool = False) -> Run | str:
    """The complete run of a step, or the command that makes it.

    Raises:
        DataError: if a run is there that was asked something else.
        GlaneError: if the model cannot be asked.
    """
    text = as_yaml(dict(step.task))
    name = str(step.task["name"])
    folder = asker.work / f"{step.name}-{digest([text, step.rows.write_json()])}"
    questions, task, run = folder / "questions.parquet", folder / "task" / f"{name}.yaml", folder / "run"
    if not RunDirectory(root=run.absolute()).is_complete:
        _keep(questions, as_parquet(step.rows, there=questions))
        _keep(task, text.encode())
        model = (asker.checker if is_check else None) or asker.model
        if model is None:
            return (
                f"glane extract --config-dir={shlex.quote(str(folder))} task={name} "
                f"data.path={shlex.quote(str(questions))} run.dir={shlex.quote(str(run))} model=NAME"
            )
        _ask(questions, task, run, model, asker)
    found = open_run(run)
    _check(found, questions, step)
    return found


def _ask(questions: Path, task: Path, run: Path, model: str, asker: Asker) -> None:
    try:
        extract(
            str(questions), task=str(task), model=model, run_dir=run, progress="none",
            run__allow_toy=asker.allow_toy,
        )  # fmt: skip
    except UnusableError:
        if not RunDirectory(root=run.absolute()).is_complete:
            raise


def _keep(path: Path, content: bytes) -> None:
    """Write what is asked, if it is not there: a run that goes on needs it as it was."""
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.is_file() and path.read_bytes() == content:
            return

    replace_file(path, lambda stream: stream.write(content), mode=0o600)


def _check(run: Run, questions: Path, step: Step) -> None:
    """Check that a run answers this step: its task, and the ids and texts of its input."""
    asked = dict(run.settings.task)
    differs = [key for key in ("instructions", "fields") if asked.get(key) != step.task[key]]
    texts = run.documents().collect().sort(run.id_column)
    if differs or not texts.equals(step.rows.select(texts.columns).sort(run.id_column)):
        raise DataError(
            f"{run.directory.root}: answers something else than {questions} asks. Move that folder away, and run this "
            "command again."
        )
