"""What a caller gives a job that asks a model: names, files or values of its task and model, keys, and frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeGuard

import polars as pl
import yaml

from glane.api.overrides import set_key
from glane.cluster.scratch import text_folder
from glane.composition import as_told, composed, read_mapping, read_text
from glane.errors import ConfigError, GlaneError
from glane.parquet import read_parquet_frame, write_parquet_frame
from glane.run.names import FRAME
from glane.settings.words import key_types
from glane.storage import replace_file, storage_errors

_GIVEN = "given-by-the-caller"  # a name in a folder of our own, where glane has none
_GROUPS = ("reading", "data", "cluster")
Source = str | Path | Mapping[str, Any] | None


def given_values(
    job: str,
    sources: Mapping[str, Source],
    *,
    run: Path,
    config_dir: str | Path | None,
    overrides: Mapping[str, Any],
) -> Mapping[str, Any]:
    """The configuration of a job, composed as the command line composes it, with `data.path` left to the caller.

    `sources` are its task and model, as `glane.extract` takes them.

    Raises:
        ConfigError: for what is no name, file or key.
    """
    chosen = {name: value for name, value in overrides.items() if name in _GROUPS and isinstance(value, str)}
    with text_folder() as given:  # examples of a task are texts of documents
        folders = [given] if config_dir is None else [given, Path(config_dir).expanduser()]
        words = [f"{group}={_name(one, given / group, folders)}" for group, one in sources.items() if one is not None]
        words += [f"{name}={value}" for name, value in chosen.items()]
        values = composed(
            job,
            [*words, "data.path=x", f"run.dir={run}", "progress=plain"],
            types=key_types(job),
            config_dirs=folders,
        )
    for name, value in overrides.items():
        if name not in chosen:
            set_key(values, name.split("__"), value)
    return as_told(values, [name.replace("__", ".") for name in overrides])


def is_name(source: Source) -> TypeGuard[str]:
    """Whether a caller gave the name of a task or a model, and neither a path nor values."""
    return isinstance(source, str) and not source.endswith((".yaml", ".yml")) and "/" not in source


def _name(source: str | Path | Mapping[str, Any], group: Path, folders: list[Path]) -> str:
    """The name by which Hydra finds a task or a model: its own, or that of a copy in the folder `group`."""
    if is_name(source):
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


@contextmanager
def given_documents(documents: pl.DataFrame | str | Path, run: Path) -> Iterator[str]:
    """The path of documents. A frame is kept beside the run; if the run is refused within, no copy stays behind.

    Raises:
        ConfigError: if the run was begun with another frame.
    """
    if not isinstance(documents, pl.DataFrame):
        yield str(documents)
        return
    kept = run.with_name(f"{run.name}{FRAME}")
    is_new = not kept.exists()
    path = _kept(documents, run, kept)
    try:
        yield str(path)
    except GlaneError:
        if is_new and not run.exists():
            kept.unlink(missing_ok=True)
        raise


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
    replace_file(path, lambda stream: write_parquet_frame(documents, stream), mode=0o600)
    return path


def _holds(path: Path, documents: pl.DataFrame) -> bool:
    try:
        return read_parquet_frame(path).equals(documents)
    except (OSError, pl.exceptions.PolarsError):
        return False
