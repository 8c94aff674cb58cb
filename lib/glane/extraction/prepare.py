"""From settings to a run directory that is ready to be worked on: new, resumed, or refused."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from glane.corpus.files import InputFile, content_digest, content_digests, find_files, inspect_files
from glane.corpus.plan import Plan, make_plan, read_plan, shard_size, write_plan
from glane.corpus.select import Selection, select_rows
from glane.engine.weights import model_digests
from glane.errors import ConfigError, DataError, RunError
from glane.extraction.codebook import codebook
from glane.extraction.environment import engine_version, environment
from glane.extraction.fingerprint import differences, fingerprint_digest, make_fingerprint
from glane.extraction.results import open_run
from glane.run.directory import RunDirectory
from glane.run.heartbeat import job_name
from glane.settings import DataSettings, ExtractSettings
from glane.storage import storage_errors, write_once
from glane.task.arrow import columns
from glane.task.result import reserved_names
from glane.task.task import Task
from glane.types import Status

_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # libyaml's, where PyYAML has it


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRun:
    """A run that workers can join."""

    directory: RunDirectory
    plan: Plan
    key: str  # the fingerprint's digest
    is_new: bool


def prepare_run(settings: ExtractSettings, task: Task) -> PreparedRun:
    """Check input and run directory, plan the shards if nobody has, and record this start.

    Raises:
        DataError: if the input cannot be used.
        RunError: if the directory cannot be written, or belongs to a run with other answers.
    """
    directory = RunDirectory(root=Path(settings.run.dir).absolute(), group_access=settings.run.group_access)
    directory.set_umask()
    files = _checked_files(settings.data, task)
    known = _known_run(directory)
    fingerprint = make_fingerprint(
        data=settings.data,
        task=task,
        model=settings.model,
        inputs=_input_digests(files, known),
        model_digests=model_digests(settings.model, content_digest),
        engine_version=engine_version(settings.model),
    )
    if known is not None:
        _refuse_other(directory, known["fingerprint"], fingerprint)
    key = fingerprint_digest(fingerprint)
    directory.create()
    # The plan is made before the run is declared, so that a wrong `where` or a duplicate id leaves no run behind.
    plan = read_plan(directory.plan) if known is not None and directory.plan.exists() else _plan(settings, files)
    if known is None:
        description = _description(settings, task, fingerprint, key, files)
        if not directory.write_once(
            directory.description,
            yaml.dump(description, Dumper=_Dumper, allow_unicode=True, sort_keys=False).encode(),
        ):
            other = _known_run(directory)
            assert other is not None
            _refuse_other(directory, other["fingerprint"], fingerprint)
    if not directory.plan.exists():
        made = plan
        write_once(directory.plan, lambda stream: write_plan(made, stream), mode=directory.file_mode)
    plan = read_plan(directory.plan)  # another process may have been faster; and the spans need not stay in memory
    _record_start(directory, settings)
    return PreparedRun(directory=directory, plan=plan, key=key, is_new=known is None)


def open_directory(directory: RunDirectory) -> RunDirectory:
    """Return a directory that holds a run, or may hold one.

    Raises:
        RunError: if it is a file, is damaged, or holds other things.
    """
    _known_run(directory)
    return directory


def _checked_files(data: DataSettings, task: Task) -> list[InputFile]:
    result = {column.name for column in columns(task)} | reserved_names()
    for name in (data.id_column, *data.carry_columns):
        if name in result:
            raise ConfigError(
                f"data: column {name!r} would stand beside a result column of that name. Rename it in the input, "
                "or leave it out of data.carry_columns."
            )
    return inspect_files(
        data.path,
        id_column=data.id_column,
        text_column=data.text_column,
        other_columns=[*data.carry_columns, *task.input_columns],
    )


def _known_run(directory: RunDirectory) -> dict[str, Any] | None:
    """What `run.yaml` says, or None for a directory that holds no run yet."""
    root = directory.root
    try:
        with storage_errors(root):
            if root.exists() and not root.is_dir():
                raise RunError(f"run.dir: {root} is a file. Choose another directory.")
            if directory.description.exists():
                return directory.described()
            if root.is_dir() and not directory.is_ours():
                raise RunError(f"run.dir: {root} holds other things and no run. Choose a new or empty directory.")
    except yaml.YAMLError:
        raise RunError(f"{directory.description}: damaged. Choose another run.dir.") from None
    return None


def _input_digests(files: list[InputFile], known: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Name, rows and content digest of each file. Files that did not change since `run.yaml` are not read again."""
    recorded = {
        (entry["path"], entry["bytes"], entry["mtime_ns"]): entry["digest"] for entry in (known or {}).get("files", [])
    }
    found = [recorded.get((str(Path(f.path).resolve()), f.num_bytes, f.mtime_ns)) for f in files]
    unknown = iter(content_digests(f.path for f, digest in zip(files, found, strict=True) if digest is None))
    return [
        {"name": Path(file.path).name, "rows": file.num_rows, "digest": digest or next(unknown)}
        for file, digest in zip(files, found, strict=True)
    ]


def _refuse_other(directory: RunDirectory, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    if lines := differences(before, now):
        listed = "\n".join(f"  {line}" for line in lines[:20])
        more = f"\n  … and {len(lines) - 20} more" if len(lines) > 20 else ""
        raise RunError(
            f"run.dir: {directory.root} holds a run that would answer differently. What differs (there -> now):\n"
            f"{listed}{more}\nChoose another run.dir, or give the former settings back to resume."
        )


def _plan(settings: ExtractSettings, files: list[InputFile]) -> Plan:
    data = settings.data
    selected = select_rows(
        files,
        id_column=data.id_column,
        selection=selection_of(data),
    )
    wanted = settings.run.shard_rows
    rows = shard_size(selected.num_selected, wanted)
    return make_plan(files, selected, shard_rows=rows, shard_bytes=settings.run.shard_bytes, tapers=wanted == "auto")


def selection_of(data: DataSettings) -> Selection:
    """Which rows the settings mean.

    Raises:
        GlaneError: if a run that they name cannot be read.
    """
    return Selection(
        where=data.where,
        only_ids=_ids(data, data.only_rejected_of, rejected_only=True),
        skip_ids=_ids(data, data.skip_done_in, rejected_only=False),
        sample=data.sample,
        sample_seed=data.sample_seed,
        limit=data.limit,
    )


def _ids(data: DataSettings, runs: tuple[str, ...], *, rejected_only: bool) -> pl.Series | None:
    """The ids that earlier runs hold: what they rejected, or all (a run that is under way counts what it has)."""
    if not runs:
        return None
    setting = "data.only_rejected_of" if rejected_only else "data.skip_done_in"
    found = []
    for path in runs:
        rows = open_run(path, partial=True).all()
        if data.id_column not in rows.collect_schema():
            raise DataError(f"{setting}: the run {path} has no column {data.id_column!r}; it was made with another id.")
        if rejected_only:
            rows = rows.filter(pl.col("status") != Status.OK)
        found.append(rows.select(data.id_column).collect().to_series())
    if len({series.dtype for series in found}) > 1:
        raise DataError(f"{setting}: the ids of these runs have different types.")
    return pl.concat(found)


def _description(
    settings: ExtractSettings, task: Task, fingerprint: dict[str, Any], key: str, files: list[InputFile]
) -> dict[str, Any]:
    return {
        "created": _now(),
        "task": task.name,
        "task_notes": list(task.notes),  # what of an imported schema is not kept as it stands there
        "model": settings.model.name,
        "fingerprint_digest": key,
        "fingerprint": fingerprint,
        "files": [
            {
                "path": str(Path(file.path).resolve()),
                "bytes": file.num_bytes,
                "mtime_ns": file.mtime_ns,
                "digest": entry["digest"],
            }
            for file, entry in zip(files, fingerprint["inputs"], strict=True)
        ],
        "settings": settings.model_dump(mode="json"),
        "codebook": codebook(task, id_column=settings.data.id_column, carry_columns=settings.data.carry_columns),
        **environment(),
    }


def _record_start(directory: RunDirectory, settings: ExtractSettings) -> None:
    """Append one line per start: what does not change answers may change between them, and is kept."""
    entry = {
        "time": _now(),
        "pid": os.getpid(),
        "job": job_name(),
        "cluster": settings.cluster.model_dump(mode="json"),
        **environment(),
    }
    directory.append_line(directory.ledger / "starts.jsonl", json.dumps(entry))


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def input_pattern_exists(data: DataSettings) -> None:
    """Fail early, before anything heavy is imported, if no file matches.

    Raises:
        DataError: if there is none.
    """
    find_files(data.path)
