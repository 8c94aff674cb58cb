"""`glane.extract`: an extraction started from a notebook or a program, composed as the command line composes it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from glane.composition import composed
from glane.errors import ConfigError
from glane.extraction.results import Run, open_run
from glane.job.here import extract_here
from glane.settings import extract_settings
from glane.storage import replace_file, storage_errors


def extract(
    documents: pl.DataFrame | str | Path,
    *,
    task: str | Path | Mapping[str, Any],
    model: str,
    run_dir: str | Path,
    **overrides: Any,
) -> Run:
    """Ask a task of every document, on this machine, and return the complete run.

    The same call on the same `run_dir` goes on where it stopped, and does nothing where all is done.

    Args:
        documents: A Parquet file, a folder or a glob of them; or a frame, which is kept beside the run as
            `<run_dir>.documents.parquet`, readable by its owner only.
        task: The name of a task that comes with glane, the path of a YAML file, or its values.
        model: The name of a model's configuration, as on the command line.
        run_dir: Where the run lives.
        overrides: Further keys of the configuration, with two underscores for each dot: `data__id_column="visit"`,
            `task__confidence=False`, `model__path="/weights/small"`.

    Raises:
        GlaneError: for what can be mended, as the command line says it.
    """
    words = [f"model={model}", f"task={task}"] if isinstance(task, str) and not _is_file(task) else [f"model={model}"]
    values = composed("extract", [*words, "data.path=x", "run.dir=x"])
    if isinstance(task, Mapping):
        values["task"] = dict(task)
    elif _is_file(task):
        values["task"] = _read_task(Path(task))
    run = Path(run_dir).expanduser()
    values["run"]["dir"], values["progress"] = str(run), "plain"
    for name, value in overrides.items():
        _set(values, name.split("__"), value)
    path = _kept(documents, run) if isinstance(documents, pl.DataFrame) else documents
    values["data"]["path"] = str(path)
    settings = extract_settings(values)
    extract_here(settings)
    return open_run(run)


def _is_file(task: str | Path) -> bool:
    return isinstance(task, Path) or task.endswith((".yaml", ".yml"))


def _read_task(path: Path) -> dict[str, Any]:
    import yaml

    try:
        values = yaml.safe_load(path.expanduser().read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"task: {path} cannot be read as YAML ({type(error).__name__}).") from None
    if not isinstance(values, dict):
        raise ConfigError(f"task: {path} holds no mapping of keys.")
    return values


def _set(values: dict[str, Any], path: list[str], value: Any) -> None:
    here = values
    for name in path[:-1]:
        here = here.setdefault(name, {})
        if not isinstance(here, dict):
            raise ConfigError(f"{'.'.join(path)}: {name} holds no further keys.")
    here[path[-1]] = value


def _kept(documents: pl.DataFrame, run: Path) -> Path:
    """Write a frame beside its run, once: the run is resumed with the same documents only."""
    path = run.with_name(f"{run.name}.documents.parquet")
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and pl.read_parquet(path).equals(documents):
        return path
    replace_file(path, lambda stream: documents.write_parquet(stream), mode=0o600)
    return path
