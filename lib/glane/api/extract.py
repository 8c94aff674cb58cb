"""`glane.extract`: an extraction started from a notebook or a program, composed as the command line composes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard, overload

import polars as pl
import yaml

from glane.api.overrides import set_key
from glane.cluster.scratch import text_folder
from glane.composition import as_told, composed, joined, read_mapping, read_text
from glane.errors import ConfigError, GlaneError
from glane.extraction.results import Run, open_run
from glane.extraction.summary import check_all_usable
from glane.job.here import extract_here
from glane.job.leading import led
from glane.run.written import refuse_inside_run
from glane.settings import extract_settings
from glane.settings.words import key_types
from glane.storage import replace_file, storage_errors

Source = str | Path | Mapping[str, Any]
Sources = list[Any] | tuple[Source, ...]

_GIVEN = "given-by-the-caller"  # a name in a folder of our own, where glane has none
_GROUPS = ("reading", "data", "cluster")


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
    with text_folder() as given:  # examples of a task are texts of documents
        found = [
            _composed({"task": one, "model": model}, run, given / str(number), config_dir, overrides)
            for number, one in enumerate(tasks)
        ]
    settings = extract_settings(found[0] if is_one else joined(list(zip(_names(tasks, found), found, strict=True))))
    if settings.cluster.kind != "local":
        raise ConfigError(
            f"cluster: glane.extract works on this machine, and cannot submit to {settings.cluster.kind}. "
            f"On the command line: glane extract … cluster={settings.cluster.kind}"
        )
    kept = run.with_name(f"{run.name}.documents.parquet")
    is_new = isinstance(documents, pl.DataFrame) and not kept.exists()
    path = _kept(documents, run, kept) if isinstance(documents, pl.DataFrame) else documents
    data = settings.data.model_copy(update={"path": str(path)})
    try:
        extract_here(led(settings.model_copy(update={"data": data})))
    except GlaneError:
        if is_new and not run.exists():  # refused: no copy of documents stays behind
            kept.unlink(missing_ok=True)
        raise
    check_all_usable(settings)
    runs = tuple(open_run(one.run.dir) for one in settings.each())
    return runs[0] if is_one else runs


def _composed(
    sources: Mapping[str, Source | None],
    run: Path,
    given: Path,
    config_dir: str | Path | None,
    overrides: Mapping[str, Any],
) -> dict[str, Any]:
    """The values of the command with one task. What is no name is copied into the folder `given`."""
    chosen = {name: value for name, value in overrides.items() if name in _GROUPS and isinstance(value, str)}
    given.mkdir()
    folders = [given] if config_dir is None else [given, Path(config_dir).expanduser()]
    words = [f"{group}={_name(one, given / group, folders)}" for group, one in sources.items() if one is not None]
    words += [f"{name}={value}" for name, value in chosen.items()]
    values = composed(
        "extract",
        [*words, "data.path=x", f"run.dir={run}", "progress=plain"],
        types=key_types("extract"),
        config_dirs=folders,
    )
    for name, value in overrides.items():
        if name not in chosen:
            set_key(values, name.split("__"), value)
    return as_told(values, [name.replace("__", ".") for name in overrides])


def _names(tasks: Sequence[Source | None], found: Sequence[Mapping[str, Any]]) -> list[str]:
    """The name of each task, as the command names the folder of its run."""
    return [one if _is_name(one) else str(values["task"].get("name")) for one, values in zip(tasks, found, strict=True)]


def _is_name(source: Source | None) -> TypeGuard[str]:
    return isinstance(source, str) and not source.endswith((".yaml", ".yml")) and "/" not in source


def _name(source: Source, group: Path, folders: list[Path]) -> str:
    """The name by which Hydra finds a task or a model: its own, or that of a copy in the folder `group`."""
    if _is_name(source):
        return source
    if isinstance(source, Mapping):
        values = dict(source)
    else:
        path = Path(source).expanduser()
        if group.name == "model" and path.is_dir():
            values = {"defaults": ["base/default@_here_", "_self_"], "name": path.name, "path": str(path.absolute())}
        else:
            values = _read(path, group.name)
            if path.absolute().parent.name == group.name:  # the files that it inherits from lie beside it
                folders.append(path.absolute().parents[1])
    try:
        text = yaml.safe_dump(values, allow_unicode=True, sort_keys=False)
    except yaml.YAMLError as error:
        raise ConfigError(f"{group.name}: holds what YAML cannot ({error.args[0]}). Give plain values.") from None
    group.mkdir()
    (group / f"{_GIVEN}.yaml").write_text(text, encoding="utf-8")
    return _GIVEN


def _read(path: Path, what: str) -> dict[str, Any]:
    try:
        return read_mapping(read_text(path), place=str(path))
    except ConfigError as error:
        raise ConfigError(f"{what}: {error}") from None


def _kept(documents: pl.DataFrame, run: Path, path: Path) -> Path:
    """Write a frame beside its run. A file that is there is kept: it may be needed to review a run, or be the user's.

    Raises:
        ConfigError: if a file is there that holds other documents.
    """
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        if not _holds(path, documents):
            raise ConfigError(
                f"run_dir: {run} was begun with other documents, those of {path}. Choose another run_dir."
            )
        return path
    replace_file(path, lambda stream: documents.write_parquet(stream), mode=0o600)
    return path


def _holds(path: Path, documents: pl.DataFrame) -> bool:
    try:
        return pl.read_parquet(path, glob=False).equals(documents)
    except (OSError, pl.exceptions.PolarsError):
        return False
