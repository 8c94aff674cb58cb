"""Faults of nodes that a run met, and which nodes its next jobs are kept off for them.

A fault that meets the work wherever it goes is not a node's: nodes are left alone then.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Set
from typing import Literal

from glane.errors import GlaneError
from glane.records import Record
from glane.run.causes import DeathCause
from glane.run.directory import RunDirectory
from glane.run.heartbeat import heartbeats, job_name
from glane.run.starts import record_lines

FaultCause = Literal["gpu", "start"]
_ENOUGH: dict[FaultCause, int] = {"gpu": 1, "start": 2}  # faults of a node; a start may fail for a moment's reason
_NOT_OF_A_NODE: frozenset[DeathCause] = frozenset({"killed", "memory"})  # from outside, or asked for too little


class NodeFault(Record):
    """A fault of a node: a GPU that was granted cannot be used, or an engine died while it started."""

    kind: Literal["glane node fault"] = "glane node fault"
    version: Literal[1] = 1
    node: str
    job: str
    time: float  # in seconds since 1970
    cause: FaultCause
    detail: str  # in words that name no text of a document


def record_fault(directory: RunDirectory, *, node: str, cause: FaultCause, detail: str) -> None:
    """Append a fault that a batch job met: who works without a scheduler chooses no node.

    A run directory that is not there, or cannot be written, is no reason to fail in another way.
    """
    if (job := job_name()) is None:
        return
    fault = NodeFault(node=_short(node), job=job, time=time.time(), cause=cause, detail=detail)
    try:
        if directory.ledger.is_dir():
            directory.append_record(directory.ledger / "node_faults.jsonl", fault)
    except (GlaneError, OSError):
        return


def record_failed_start(directory: RunDirectory, *, node: str, cause: DeathCause, detail: str) -> None:
    """Append the death of an engine that started on a node, if it may be the node's."""
    if cause not in _NOT_OF_A_NODE:
        record_fault(directory, node=node, cause="start", detail=f"an engine died while it started ({detail})")


def bad_nodes(directory: RunDirectory) -> dict[str, str]:
    """The nodes that the next jobs of a run should be kept off, each with what was found there."""
    faults = list(record_lines(NodeFault, directory.ledger / "node_faults.jsonl"))
    return judged(faults, worked=_worked(directory)) if faults else {}


def judged(faults: Iterable[NodeFault], *, worked: Set[str]) -> dict[str, str]:
    """The bad nodes among those with faults. `worked` are the nodes where an engine has done some work.

    One fault of a GPU is enough, of starts there must be two. If several nodes have the same kind of fault, and no
    other node has worked, it follows the work.
    """
    found: dict[str, str] = {}
    listed = list(faults)
    for cause, enough in _ENOUGH.items():
        counts = Counter(fault.node for fault in listed if fault.cause == cause)
        if len(counts) > 1 and not worked - set(counts):
            continue
        details = {fault.node: fault.detail for fault in listed if fault.cause == cause}
        found |= {node: details[node] for node, count in counts.items() if count >= enough and node not in found}
    return found


def _worked(directory: RunDirectory) -> set[str]:
    return {_short(beat.host) for beat in heartbeats(directory) if beat.progress.steps or beat.progress.shards}


def _short(host: str) -> str:
    """The name of a host without its domain: a scheduler names nodes so."""
    return host.partition(".")[0]
