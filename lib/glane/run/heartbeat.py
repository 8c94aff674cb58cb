"""Heartbeats: which workers there are, what they have done, and which of them are gone."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from glane.errors import RecordError
from glane.host import host_identity, process_start
from glane.records import Record, read_dated, read_record
from glane.run.directory import RunDirectory
from glane.run.energy import EnergyReading
from glane.run.usage import GpuUse
from glane.storage import is_unknown, listed, patiently
from glane.validation import Strict

State = Literal["starting", "working", "ended"]


class Progress(Strict):
    """What a worker has done so far. Counts are of rows unless they say otherwise."""

    rows: Mapping[str, int] = {}  # that have a result, by status
    open_rows: int = 0  # of these, in shards that are not committed yet
    committed: Mapping[str, int] = {}  # in shards that this worker committed, by status
    shards: int = 0  # that this worker committed
    duplicates: int = 0
    prompt_tokens: int = 0
    cached_tokens: int | None = None  # of these, found in the engine's prefix cache; None where that is not told
    output_tokens: int = 0
    forced_tokens: int | None = None  # of these, appended without asking the model; None where that is not told
    in_window: int = 0  # prompts in the engine
    window_size: int = 0
    rows_per_s: float = 0.0
    tokens_per_s: float = 0.0
    steps: int = 0  # grows while the work goes on
    is_busy: bool = False  # there is work, so that steps are expected


class Heartbeat(Record):
    """The state of a worker, written every few seconds. Times are in seconds since 1970, by the clock of its node."""

    kind: Literal["glane heartbeat"] = "glane heartbeat"
    version: Literal[2] = 2
    worker: str
    host: str
    identity: str  # see `host_identity`
    pid: int
    process_start: str | None
    started: float
    time: float
    device: Literal["cpu", "gpu"] = "cpu"
    cpus: int = 1
    gpus: int = 0
    devices: str = ""  # which GPUs of the node, as CUDA names them
    job: str | None = None
    state: State = "starting"
    progress: Progress = Progress()
    memory_mib: int = 0
    gpu_use: tuple[GpuUse, ...] = ()
    energy: EnergyReading | None = None


JOB_NAME = "GLANE_JOB_NAME"
"""The environment variable that tells workers the name of the batch job that they belong to."""


def job_name() -> str | None:
    """The batch job that this process belongs to, as its scheduler shows it; None outside of one."""
    return os.environ.get(JOB_NAME) or None


def heartbeat_path(directory: RunDirectory, worker: str) -> Path:
    """The file of a worker's heartbeat."""
    return directory.workers / f"{worker}.json"


def read_heartbeat(directory: RunDirectory, worker: str) -> Heartbeat | None:
    """The last heartbeat of a worker; None where there is none that can be read."""
    try:
        return read_record(Heartbeat, heartbeat_path(directory, worker))
    except (FileNotFoundError, RecordError):
        return None


def heartbeats(directory: RunDirectory) -> list[Heartbeat]:
    """The last heartbeat of every worker, those that ended included, in the order of their names."""
    return [beat for _, beat in dated_heartbeats(directory)]


def dated_heartbeats(directory: RunDirectory) -> Iterator[tuple[float, Heartbeat]]:
    """Heartbeats, each with the time at which it was written, in seconds since 1970 by the file system's clock."""
    for path in listed(directory.workers, "*.json"):
        with contextlib.suppress(OSError, RecordError):
            yield read_dated(Heartbeat, path)


def place_of(beat: Heartbeat) -> str:
    """Where a worker runs: its node, and its GPUs if it has any. Two engines on one CPU are at the same place."""
    return f"{beat.host}:{beat.devices}" if beat.gpus else beat.host


def file_clock(directory: RunDirectory, name: str) -> float:
    """The time in seconds since 1970 by the file system's clock, as the clocks of nodes differ.

    `name` is part of the name of a file that exists for a moment.
    """
    probe = directory.claims / f".clock-{name}"

    def touched() -> float:
        probe.touch(mode=directory.file_mode)
        return probe.stat().st_mtime

    now = patiently(touched)
    with contextlib.suppress(OSError):  # publication removes what is left
        probe.unlink()
    return now


def is_gone(
    directory: RunDirectory, worker: str, *, now: float, lease_s: float, claim_age_s: float = float("inf")
) -> bool:
    """Whether a worker has ended, died, or been silent for a whole lease.

    `now` is in seconds since 1970 by the file system's clock. A worker without a heartbeat is gone once its claim,
    `claim_age_s` seconds old, has outlasted the lease.
    """
    path = heartbeat_path(directory, worker)
    beat: Heartbeat | None = None  # damaged, or of another version of glane
    try:
        with contextlib.suppress(RecordError):
            beat = read_record(Heartbeat, path)
        # Only now: to open a file has a client of NFS ask the server, where its age alone may be remembered.
        age_s = now - patiently(path.stat).st_mtime
    except FileNotFoundError:
        return claim_age_s > lease_s
    except OSError as error:
        if is_unknown(error):  # it may live: the shard stays with it until this is known
            return False
        raise
    if age_s > lease_s:
        return True
    if beat is None:
        return False
    if beat.state == "ended":
        return True
    if beat.identity != host_identity():
        return False
    return process_start(beat.pid) != beat.process_start


def mark_host_ended(directory: RunDirectory, *, job: str) -> None:
    """Free the shards that workers of `job` on this host still hold. The caller must have ended all these workers.

    The prompts in their engines do not become suspects: the workers were ended from outside.
    """
    for beat in heartbeats(directory):
        if beat.job == job and beat.identity == host_identity() and beat.state != "ended":
            with contextlib.suppress(OSError):
                ended = beat.model_copy(update={"state": "ended"})
                directory.write_record(heartbeat_path(directory, beat.worker), ended, durable=False)


def most_at_once(beats: Sequence[Heartbeat]) -> int:
    """The largest number of workers at one time, from their last heartbeats. A replacement does not add to it."""
    # Of two events at the same time, an end (-1) sorts before a start (1).
    events = sorted([(beat.started, 1) for beat in beats] + [(beat.time, -1) for beat in beats])
    alive = most = 0
    for _, change in events:
        alive += change
        most = max(most, alive)
    return most
