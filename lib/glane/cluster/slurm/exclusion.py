"""Requests that keep off nodes: never off so many that a partition would have too few left."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from glane.cluster.slurm.ask_sbatch import is_refused
from glane.cluster.slurm.commands import run
from glane.cluster.slurm.refusals import named_partitions
from glane.settings import SlurmSettings

# States of nodes that take jobs now or soon, without the sign "*" of one that does not respond; see sinfo's manual.
_USABLE = re.compile(r"(allocated|completing|idle|mixed|planned|power[a-z_]*|reboot[a-z_]*)[-+~#!%@^]?")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """A node as one of its partitions has it."""

    partition: str
    name: str
    is_usable: bool


def excluding(cluster: SlurmSettings, nodes: Collection[str]) -> SlurmSettings:
    """The request with `nodes` among those that it excludes; unchanged if it names its nodes, or too few would be left.

    Of the usable nodes that may take the job at least half are left, and in one of its partitions as many as it asks
    for. slurm/end.sh keeps the same rule for jobs that wait. Whether those that are left have what the job asks of each
    node, such as GPUs, sbatch is asked.
    """
    if not nodes or "nodelist" in cluster.sbatch or "nodefile" in cluster.sbatch:
        return cluster
    there, told = _nodes_of(named_partitions(cluster)), str(cluster.sbatch.get("exclude", ""))
    new = sorted(set(nodes) & {node.name for node in there})
    if not new or not _are_enough_left(there, _expanded(told) | set(new), num_nodes=cluster.nodes):
        return cluster
    merged = ",".join(filter(None, [told, *new]))
    changed = cluster.model_copy(update={"sbatch": {**cluster.sbatch, "exclude": merged}})
    return cluster if is_refused(changed) and not is_refused(cluster) else changed


def _are_enough_left(there: Collection[_Node], excluded: Collection[str], *, num_nodes: int) -> bool:
    usable = [node for node in there if node.is_usable]
    left = [node for node in usable if node.name not in excluded]
    most = max(Counter(node.partition for node in left).values(), default=0)  # a job has the nodes of one partition
    return 2 * len({node.name for node in left}) >= len({node.name for node in usable}) and most >= num_nodes


def _nodes_of(partitions: Collection[str]) -> list[_Node]:
    """The nodes of each partition; none if the partitions are not known."""
    if not partitions:
        return []
    chosen = f"--partition={','.join(partitions)}"
    code, output, _ = run("sinfo", "--noheader", "--Node", chosen, "--format=%R %N %T")
    lines = [line.split() for line in output.splitlines()] if code == 0 else []
    return [
        _Node(partition=words[0], name=words[1], is_usable=_USABLE.fullmatch(words[2]) is not None)
        for words in lines
        if len(words) == 3
    ]


def _expanded(nodes: str) -> set[str]:
    """`n[1-2],n5` as its names."""
    if not nodes:
        return set()
    code, output, _ = run("scontrol", "show", "hostnames", nodes)
    return set(output.split()) if code == 0 else set(nodes.split(","))
