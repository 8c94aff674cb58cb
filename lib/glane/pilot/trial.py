"""The trial of a pilot: an extraction of some documents, run as any other, or an earlier run instead."""

from __future__ import annotations

import contextlib
import datetime
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from glane.cluster.layout import Node, plan_layout
from glane.corpus.files import InputFile
from glane.corpus.select import Selected
from glane.engine.device import gpu_bytes, num_gpus
from glane.engine.weights import weights_bytes
from glane.errors import ConfigError, GlaneError, RunError
from glane.extraction.results import open_run
from glane.host import host_name, process_start
from glane.job.here import extract_here
from glane.parquet import read_parquet_frame
from glane.pilot.frame import Frame, Integers, decode, draw, rows_of, write_rows
from glane.pilot.on_cluster import batch_of_a_pilot, run_as_job
from glane.run.directory import RunDirectory
from glane.run.names import PILOT, PILOTS
from glane.run.starts import starts
from glane.run.written import refuse_inside_run
from glane.settings import BatchSettings, DataSettings, ExtractSettings, ModelSettings
from glane.storage import storage_errors
from glane.task.task import Task

_LEAST_ROWS, _WINDOWS = 200, 8
_SHARDS_PER_WINDOW = 4  # so that there are enough commits to estimate the pace
_LEAST_SHARDS, _MOST_SHARD_ROWS = 40, 256
_HEARTBEAT_S = 0.5
_FOLDER = PILOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A complete run of some documents, with the length of each text. `startup_s` is None for an earlier run."""

    run: RunDirectory
    model: ModelSettings
    chars: Integers
    startup_s: float | None


def draw_sample(frame: Frame, extraction: ExtractSettings, *, rows: int | Literal["auto"], seed: int) -> Integers:
    """The indices of the rows to try. `auto` takes eight times the engines' windows, and at least 200."""
    window = extraction.model.window_size
    wanted = max(_LEAST_ROWS, _WINDOWS * window * engines_here(extraction)) if rows == "auto" else rows
    return draw(frame, rows=wanted, seed=seed)


def try_rows(
    extraction: ExtractSettings,
    task: Task,
    files: Sequence[InputFile],
    selected: Selected,
    frame: Frame,
    places: Integers,
    folder: Path,
    *,
    wait_s: float,
) -> Trial:
    """Run the extraction on the selected rows at the indices `places`. All files are written below `folder`.

    A job is waited for `wait_s` seconds; see `glane.pilot.on_cluster.run_as_job`.

    Raises:
        GlaneError: as the extraction does.
    """
    data, window = extraction.data, extraction.model.window_size
    ids = [] if data.number_rows else [data.id_column]
    grouped = [name for name in (data.group_by, data.order_by) if name is not None]
    columns = list(dict.fromkeys([*ids, *grouped, data.text_column, *task.input_columns, *data.carry_columns]))
    sample = folder / "sample.parquet"
    rows = places if selected.groups is None else rows_of(selected.groups, places)
    if not sample.exists():  # it does where a job goes on
        unfinished = folder / "sample.tmp"
        write_rows(files, selected, rows, unfinished, columns=columns, mode=0o600)
        unfinished.replace(sample)
    cluster = extraction.cluster
    if isinstance(cluster, BatchSettings):
        cluster = batch_of_a_pilot(cluster)
    tried = extraction.model_copy(
        update={
            "data": DataSettings(
                path=str(sample), id_column=data.id_column, text_column=data.text_column,
                carry_columns=data.carry_columns, number_rows=data.number_rows,
                group_by=data.group_by, order_by=data.order_by,
            ),
            "cluster": cluster,
            "run": extraction.run.model_copy(
                update={
                    "dir": str(folder / "run"), "group_access": False, "pilot": None,
                    "shard_rows": int(
                        np.clip(
                            min(window // _SHARDS_PER_WINDOW, len(places) // _LEAST_SHARDS), 1, _MOST_SHARD_ROWS
                        )
                    ),
                    "heartbeat_s": min(_HEARTBEAT_S, extraction.run.beats_every_s()),
                }
            ),
            "preview": 0, "show": 0, "progress": "none",
        }
    )  # fmt: skip
    began = time.time()
    if isinstance(cluster, BatchSettings):
        run_as_job(tried, wait_s=wait_s)
        began = _began(folder / "run")  # time in the queue is not start-up time
    else:
        extract_here(tried)
    run = RunDirectory(root=folder / "run")
    first = read_parquet_frame(run.ledger / "shards.parquet")["started"].min()
    assert isinstance(first, float)
    return Trial(run=run, model=tried.model, chars=frame.chars[places], startup_s=max(0.0, first - began))


def _began(run: Path) -> float:
    """When the first job of a run began to work on it, in seconds since the epoch."""
    return datetime.datetime.fromisoformat(starts(RunDirectory(root=run))[0].time).timestamp()


def engines_here(extraction: ExtractSettings) -> int:
    """The number of engines that the pilot will have, as far as it can be known before the start."""
    cluster, model = extraction.cluster, extraction.model
    if isinstance(cluster, BatchSettings):
        node = Node(node_id="", host="", cpus=cluster.cpus_per_node or 1, gpus=cluster.num_gpus_per_node)
    else:
        cpus = len(os.sched_getaffinity(0)) if cluster.cpus == "auto" else cluster.cpus
        node = Node(node_id="", host="", cpus=cpus, gpus=num_gpus() if cluster.gpus == "auto" else cluster.gpus)
    try:
        return plan_layout(model, [node], weights_bytes=weights_bytes(model), gpu_bytes=gpu_bytes()).engines_per_node
    except ConfigError:
        if isinstance(cluster, BatchSettings):  # the site may decide what a job gets
            return 1
        raise


def earlier(path: str) -> Trial:
    """Use an earlier run as the trial.

    Raises:
        RunError: if there is no run, it is not complete, or its documents are missing.
    """
    try:
        run = open_run(path)
    except GlaneError as error:
        raise RunError(f"pilot.from_run: {error}") from None
    data, model = run.settings.data, run.settings.model
    ids = run.all().select(pl.col(run.id_column)).collect()
    try:
        texts = run.documents().select(run.id_column, pl.col(data.text_column).cast(pl.Binary)).collect()
        lengths = texts.select(
            run.id_column, decode(texts[data.text_column]).str.len_chars().fill_null(0).alias("__chars")
        )
        if data.group_by is not None:
            lengths = lengths.group_by(run.id_column).agg(pl.col("__chars").sum())
        joined = ids.join(lengths, on=run.id_column, how="left", maintain_order="left")
    except (OSError, pl.exceptions.PolarsError):
        raise RunError(
            f"pilot.from_run: the documents of {path} cannot be read any more; their lengths are needed. Leave "
            "pilot.from_run out."
        ) from None
    return Trial(
        run=run.directory, model=model, chars=joined["__chars"].fill_null(0).to_numpy().astype(np.int64),
        startup_s=None,
    )  # fmt: skip


@contextlib.contextmanager
def private_folder(out: Path) -> Iterator[Path]:
    """A folder for the pilot below `out`, removed at the end. Also removes folders of killed pilots of this host."""
    refuse_inside_run(out, setting="out.dir")
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    host = host_name()  # not that of another node, or container, whose processes have other numbers
    with storage_errors(out, setting="out.dir"):
        out.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in out.glob(f"{_FOLDER}{host}-*"):
            found = PILOTS.fullmatch(left.name)
            if found and found["host"] == host and process_start(int(found["pid"])) != found["start"]:
                shutil.rmtree(left, ignore_errors=True)
        folder = out / f"{_FOLDER}{host}-{os.getpid()}-{process_start(os.getpid())}"
        folder.mkdir(mode=0o700)
    try:
        yield folder.absolute()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for empty in made:  # a pilot that failed leaves no empty folders
            with contextlib.suppress(OSError):
                empty.rmdir()
