"""The state of a run, from its directory alone: how far it is, which workers are on it, what went wrong."""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from glane.corpus.plan import Plan, read_plan
from glane.errors import RecordError, RunError
from glane.run.change import changing_told
from glane.run.directory import RunDirectory
from glane.run.environment import BetweenNodes, Guard
from glane.run.erased import read_erased
from glane.run.head import read_head
from glane.run.heartbeat import is_gone
from glane.run.intact import damage
from glane.run.node_faults import bad_nodes
from glane.run.progress import Snapshot, WorkerState, snapshot
from glane.run.refused import refused_lines
from glane.run.starts import job_names, last_start
from glane.run.summary import Summary, read_summary
from glane.run.usage import GpuUse
from glane.storage import exists, listed, patiently
from glane.types import Status

_NUM_ERRORS = 5
SILENT_S = 30.0
"""A worker without a heartbeat for longer is called silent."""
_LOG_TAIL_BYTES = 64 * 1024

State = Literal["planning", "working", "waiting", "complete", "damaged"]
"""Of a run. Waiting: no worker is on it. Damaged: rows of the result were lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerView:
    """One living worker."""

    worker: str
    host: str
    job: str | None
    state: str
    shards_in_flight: int
    in_window: int
    window_size: int
    rows_per_s: float
    tokens_per_s: float
    memory_mib: int
    gpu_use: tuple[GpuUse, ...]
    silent_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The state of a run at one moment. Counts are of rows unless they say shards."""

    run: str = ""
    work: str = ""
    task: str = ""  # empty where the work has none
    model: str = ""
    state: State
    planned: int
    documents: int | None = None  # those that are grouped; then the counts of rows are of groups
    done: int
    shards_planned: int
    shards_done: int
    shards_in_flight: int
    stale_claims: int
    statuses: dict[str, int]  # of committed rows
    rejected: int  # committed rows without values
    rows_per_s: float
    tokens_per_s: float
    eta_s: int | None
    engine_deaths: int
    workers: list[WorkerView] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    job_names: list[str] = field(default_factory=list)
    bad_nodes: list[str] = field(default_factory=list)  # and why; further jobs are kept off them
    batch_invariant: bool = False  # other documents of a batch change no answer
    guard: Guard = ""  # of connections to other machines, at the last start: kernel, python or off
    refused: list[str] = field(default_factory=list)  # connections that it refused
    between_nodes: BetweenNodes = ""  # how Ray spoke from node to node, at the last start: tls or plain
    trusted_network: bool = False  # engines over several nodes might send what they read, unencrypted
    extends: dict[str, Any] | None = None  # the earlier run whose values are kept, and for which fields
    erased: int = 0  # documents that were erased of the run, and are not counted any more
    least_usable: float = 0.0  # share of rows with values under which the run counts as unusable

    def as_json(self) -> dict[str, Any]:
        """The overview as plain values."""
        values = asdict(self)
        if self.documents is None:
            del values["documents"]
        if self.extends is None:
            del values["extends"]
        if not self.erased:
            del values["erased"]
        for worker, view in zip(values["workers"], self.workers, strict=True):
            worker["gpu_use"] = [gpu.model_dump() for gpu in view.gpu_use]
        return values


def overview(path: str | Path) -> Overview:
    """Read the state of the run in `path`. Writes nothing.

    Raises:
        RunError: if there is none.
    """
    directory = RunDirectory(root=Path(path).absolute())
    names = job_names(directory)
    if not exists(directory.description):
        if not names:
            raise RunError(f"run.dir: {path} holds no run. Give the run.dir of a run.")
        return _not_begun(directory, str(path), names)
    head = read_head(directory)
    if directory.is_complete and exists(directory.summary):
        found = _complete(directory, head.fingerprint_digest)
    elif exists(directory.plan):
        found = _under_way(directory, read_plan(directory.plan), lease_s=head.lease_s)
    else:
        return _not_begun(directory, str(path), names)
    least = float(head.run.get("min_usable_share", 0.0))  # a run of an earlier glane has none
    extends = None if head.extends is None else head.extends.model_dump(mode="json")
    last = last_start(directory)
    if last is not None:
        found = replace(
            found, guard=last.environment.guard, between_nodes=last.environment.between_nodes,
            trusted_network=bool(last.cluster.get("trusted_network")),
        )  # fmt: skip
    return replace(
        found, run=str(path), work=head.work, task=head.task, model=head.model, job_names=names, least_usable=least,
        batch_invariant=head.batch_invariant,
        extends=extends, refused=refused_lines(directory), erased=_num_erased(directory),
    )  # fmt: skip


def _num_erased(directory: RunDirectory) -> int:
    try:
        return read_erased(directory).documents
    except RecordError:  # who opens or verifies the run says so
        return 0


def _bad_nodes(directory: RunDirectory) -> list[str]:
    return [f"{node}: {why}" for node, why in sorted(bad_nodes(directory).items())]


def _not_begun(directory: RunDirectory, path: str, names: list[str]) -> Overview:
    return Overview(
        run=path, state="planning", planned=0, done=0, shards_planned=0, shards_done=0,
        shards_in_flight=0, stale_claims=0, statuses={}, rejected=0, rows_per_s=0, tokens_per_s=0, eta_s=None,
        engine_deaths=0, job_names=names, bad_nodes=_bad_nodes(directory),
    )  # fmt: skip


def _complete(directory: RunDirectory, fingerprint_digest: str) -> Overview:
    summary = read_summary(directory, Summary)
    flow = summary.flow
    statuses = flow.statuses()
    problem = damage(directory, fingerprint_digest=fingerprint_digest)
    return Overview(
        state="damaged" if problem else "complete",
        planned=flow.selected,
        documents=flow.documents,
        done=flow.selected,
        shards_planned=summary.shards,
        shards_done=summary.shards,
        shards_in_flight=0,
        stale_claims=0,
        statuses=statuses,
        rejected=sum(count for status, count in statuses.items() if status != Status.OK),
        rows_per_s=summary.rows_per_s,
        tokens_per_s=round((summary.tokens.prompt + summary.tokens.output) / max(summary.seconds_working, 1e-3), 1),
        eta_s=0,
        engine_deaths=summary.engine_deaths,
        errors=[*_errors(directory), *([problem] if problem else [])],
    )


def _under_way(directory: RunDirectory, plan: Plan, *, lease_s: float) -> Overview:
    state = snapshot(directory, plan)
    held = Counter(_claims(directory).values())
    now = _file_clock(directory)
    gone = {worker for worker in held if is_gone(directory, worker, now=now, lease_s=lease_s)}
    workers = [
        _worker(one, held[one.heartbeat.worker], now=now)
        for one in state.workers
        if one.state != "ended" and not is_gone(directory, one.heartbeat.worker, now=now, lease_s=lease_s)
    ]
    committed: Counter[str] = Counter()
    for one in state.workers:
        committed.update(one.heartbeat.progress.committed)
    rows_per_s = sum(worker.rows_per_s for worker in workers)
    return Overview(
        state="working" if workers else "waiting",
        planned=state.rows_total,
        documents=plan.num_documents,
        done=state.rows_done,
        shards_planned=state.shards_total,
        shards_done=state.shards_done,
        shards_in_flight=sum(count for worker, count in held.items() if worker not in gone),
        stale_claims=sum(held[worker] for worker in gone),
        statuses=dict(committed),
        rejected=sum(count for status, count in committed.items() if status != Status.OK),
        rows_per_s=round(rows_per_s, 3),
        tokens_per_s=round(sum(worker.tokens_per_s for worker in workers), 1),
        eta_s=_eta_s(state, rows_per_s),
        engine_deaths=len(listed(directory.deaths, "*.json")),
        workers=workers,
        errors=[*_errors(directory), *([f"{directory.root}: {told}"] if (told := changing_told(directory)) else [])],
        bad_nodes=_bad_nodes(directory),
    )


def _eta_s(state: Snapshot, rows_per_s: float) -> int | None:
    return int((state.rows_total - state.rows_done) / rows_per_s) if rows_per_s > 0 else None


def _worker(one: WorkerState, num_shards: int, *, now: float) -> WorkerView:
    beat, progress = one.heartbeat, one.heartbeat.progress
    return WorkerView(
        worker=beat.worker,
        host=beat.host,
        job=beat.job,
        state=one.state,
        shards_in_flight=num_shards,
        in_window=progress.in_window,
        window_size=progress.window_size,
        rows_per_s=progress.rows_per_s,
        tokens_per_s=progress.tokens_per_s,
        memory_mib=beat.memory_mib,
        gpu_use=beat.gpu_use,
        silent_s=round(max(0.0, now - one.written), 1),
    )


def _claims(directory: RunDirectory) -> dict[int, str]:
    """Shard and worker of every claim."""
    found = {}
    with contextlib.suppress(FileNotFoundError), os.scandir(directory.claims) as entries:
        for entry in entries:
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    found[int(entry.name)] = os.readlink(entry.path)
    return found


def _file_clock(directory: RunDirectory) -> float:
    """An estimate of the file system's clock: the newest heartbeat, or our clock. Asking for it would need a write."""
    written = [patiently(path.stat).st_mtime for path in listed(directory.workers, "*.json") if exists(path)]
    return max([time.time(), *written])


def _errors(directory: RunDirectory) -> list[str]:
    """The last warnings and errors of the run's log, which never holds text of a document."""
    try:
        with open(directory.log, "rb") as stream:
            stream.seek(max(0, directory.log.stat().st_size - _LOG_TAIL_BYTES))
            lines = stream.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []
    return [line for line in lines if " warning: " in line or " error: " in line][-_NUM_ERRORS:]
