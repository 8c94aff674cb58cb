"""`glane.extract`: an extraction started from a notebook or a program, composed as the command line composes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, overload

import polars as pl

from glane.api.given import given_documents, given_values, is_name
from glane.composition import joined
from glane.errors import ConfigError
from glane.extraction.results import Run, open_run
from glane.extraction.summary import check_all_usable
from glane.job.here import extract_here
from glane.job.leading import led
from glane.run.written import refuse_inside_run
from glane.settings import extract_settings

Source = str | Path | Mapping[str, Any]
Sources = list[Any] | tuple[Source, ...]


@overload
def extract(
    documents: pl.DataFrame | str | Path,
    *,
    task: Source | None = None,
    model: Source | None = None,
    run_dir: str | Path,
    config_dir: str | Path | None = None,
    **overrides: Any,
) -> Run: ...


@overload
def extract(
    documents: pl.DataFrame | str | Path,
    *,
    task: Sources,
    model: Source | None = None,
    run_dir: str | Path,
    config_dir: str | Path | None = None,
    **overrides: Any,
) -> tuple[Run, ...]: ...


def extract(
    documents: pl.DataFrame | str | Path,
    *,
    task: Source | Sources | None = None,
    model: Source | None = None,
    run_dir: str | Path,
    config_dir: str | Path | None = None,
    **overrides: Any,
) -> Run | tuple[Run, ...]:
    """Ask a task of every document, on this machine, and return the complete run; of several tasks, that of each.

    The same call on the same `run_dir` goes on where it stopped, and does nothing where all is done.

    Args:
        documents: A Parquet file, a folder or a glob of them; a table of another format, as CSV or XLSX; or a frame,
            which is kept beside the run as `<run_dir>.documents.parquet`, readable by its owner only.
        task: The name of a task, the path of a YAML file, or the values of one. Not given, the error lists the names.
            A list of these asks all of them of each document in turn, as `task=[a,b]` of the command does.
        model: Likewise the name of a model, the path of a YAML file or its values, or a folder with weights,
            which is served with the settings of `model=base/default`.
        run_dir: Where the run lives. Of several tasks, each has its run in a folder in there, of the task's name.
        config_dir: A folder of your own with tasks and models, as `--config-dir` names it.
        overrides: Further keys of the configuration, with two underscores for each dot: `data__id_column="visit"`,
            `task__confidence=False`, `model__max_tokens=512`. `reading="thorough"` chooses of a group.

    Raises:
        GlaneError: for what can be mended, as the command line says it.
        UnusableError: if the run is complete, and nothing of it is usable, or less than `run__min_usable_share`. Its
            records are kept: `glane.open_run` opens it.
    """
    run = Path(run_dir).expanduser()
    refuse_inside_run(run, setting="run_dir", itself=False)
    is_one, tasks = (False, list(task)) if isinstance(task, list | tuple) else (True, [task])
    if not tasks:
        raise ConfigError("task: an empty list names no task. Give the name of one, or of several.")
    found = [
        given_values("extract", {"task": one, "model": model}, run=run, config_dir=config_dir, overrides=overrides)
        for one in tasks
    ]
    settings = extract_settings(found[0] if is_one else joined(list(zip(_names(tasks, found), found, strict=True))))
    if settings.cluster.kind != "local":
        raise ConfigError(
            f"cluster: glane.extract works on this machine, and cannot submit to {settings.cluster.kind}. "
            f"On the command line: glane extract … cluster={settings.cluster.kind}"
        )
    with given_documents(documents, run) as path:
        data = settings.data.model_copy(update={"path": path})
        extract_here(led(settings.model_copy(update={"data": data})))
    check_all_usable(settings)
    runs = tuple(open_run(one.run.dir) for one in settings.each())
    return runs[0] if is_one else runs


def _names(tasks: Sequence[Source | None], found: Sequence[Mapping[str, Any]]) -> list[str]:
    """The name of each task, as the command names the folder of its run."""
    return [one if is_name(one) else str(values["task"].get("name")) for one, values in zip(tasks, found, strict=True)]
