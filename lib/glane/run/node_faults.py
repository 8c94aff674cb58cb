"""Faults of nodes that a run met, and which nodes its next jobs are kept off for them.

A fault that meets the work wherever it goes is not a node's: nodes are left alone then.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from glane.errors import GlaneError
from glane.records import Record
from glane.run.causes import DeathCause
from glane.run.directory import RunDirectory
from glane.run.heartbeat import heartbeats, job_name
from glane.run.starts import record_lines

FaultCause = Literal["gpu", "start"]
_ENOUGH: dict[FaultCause, int] = {"gpu": 1, "start": 2}  # faults of a node; a start may fail for a moment's reason
_ABOUT_S = 3600.0  # the nodes of a job, and the jobs of an array, come to work one after another
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """An engine that has done some work on a node, from the start of its process to its last sign of life."""

    node: str
    job: str | None
    begun: float  # both in seconds since 1970
    until: float


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


def judged(faults: Sequence[NodeFault], *, worked: Sequence[Worked]) -> dict[str, str]:
    """The bad nodes among those with faults: of a GPU one is enough, of starts there must be two.

    A node on which an engine came to work after its last fault is none of them. Nor is a fault counted that may be the
    work's; see `_is_of_the_node`.
    """
    lasting = [fault for fault in faults if not _any_begun(worked, after=fault.time, node=fault.node)]
    found: dict[str, str] = {}
    for cause, enough in _ENOUGH.items():
        same = [fault for fault in faults if fault.cause == cause]
        faulty = {fault.node for fault in lasting if fault.cause == cause}
        healthy = [one for one in worked if one.node not in faulty]
        counted = [fault for fault in same if fault in lasting and _is_of_the_node(fault, same, worked, healthy)]
        counts, details = Counter(fault.node for fault in counted), {fault.node: fault.detail for fault in counted}
        found |= {node: details[node] for node, count in counts.items() if count >= enough and node not in found}
    return found


def _is_of_the_node(
    fault: NodeFault, same: Sequence[NodeFault], worked: Sequence[Worked], healthy: Sequence[Worked]
) -> bool:
    """Whether a fault counts against its node, and not against the work, whose settings may be wrong or mended since.

    What tells them apart is another node, without such a fault, on which the same submission worked at about the same
    time. Without that, a fault that other nodes had too, with no start between that came to work, follows the work.
    One node alone is left out at once for its GPU, and for its starts until any engine comes to work: the next job
    tries another node.
    """
    if any(_is_same_work(one, fault) for one in healthy):
        return True
    for other in same:
        between = sorted((fault.time, other.time))
        if other.node != fault.node and not _any_begun(worked, after=between[0], before=between[1]):
            return False
    return fault.cause == "gpu" or not _any_begun(worked, after=fault.time)


def _is_same_work(one: Worked, fault: NodeFault) -> bool:
    """Whether an engine was started by the same settings as one that failed, at about the same time."""
    is_near = one.begun - _ABOUT_S < fault.time < one.until + _ABOUT_S
    return one.job is not None and _submission(one.job) == _submission(fault.job) and is_near


def _any_begun(worked: Sequence[Worked], *, after: float, before: float = math.inf, node: str | None = None) -> bool:
    """Whether an engine that came to work was begun in a span of time, on one node if it is given."""
    return any(after < one.begun < before and node in (None, one.node) for one in worked)


def _worked(directory: RunDirectory) -> list[Worked]:
    return [
        Worked(node=_short(beat.host), job=beat.job, begun=beat.started, until=beat.time)
        for beat in heartbeats(directory)
        if beat.progress.steps or beat.progress.shards
    ]


def _submission(job: str) -> str:
    """12 of 12_3: the jobs of an array have the same settings."""
    return job.partition("_")[0]


def _short(host: str) -> str:
    """The name of a host without its domain: a scheduler names nodes so."""
    return host.partition(".")[0]
