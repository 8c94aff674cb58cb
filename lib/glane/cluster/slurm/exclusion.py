"""Requests that keep off nodes: never off so many that a partition would have too few left."""

from __future__ import annotations

from collections.abc import Collection

from glane.cluster.slurm.commands import run
from glane.cluster.slurm.variables import taken
from glane.settings import SlurmSettings


def excluding(cluster: SlurmSettings, nodes: Collection[str]) -> SlurmSettings:
    """The request with `nodes` among those that it excludes; unchanged if it names its nodes, or too few would be left.

    At least half of the nodes that may take the job are left, and as many as it asks for. slurm/end.sh keeps the same
    rule for jobs that wait.
    """
    if not nodes or "nodelist" in cluster.sbatch or "nodefile" in cluster.sbatch:
        return cluster
    there, told = _nodes_there(cluster), str(cluster.sbatch.get("exclude", ""))
    new = sorted(set(nodes) & there)
    excluded = (_expanded(told) | set(new)) & there
    if not new or 2 * len(excluded) > len(there) or len(there) - len(excluded) < cluster.nodes:
        return cluster
    merged = ",".join(filter(None, [told, *new]))
    return cluster.model_copy(update={"sbatch": {**cluster.sbatch, "exclude": merged}})


def _nodes_there(cluster: SlurmSettings) -> set[str]:
    _, names = taken(cluster, "partition") or ("", "")
    chosen = [f"--partition={names}"] if names else []
    code, output, _ = run("sinfo", "--noheader", "--Node", "--format=%N", *chosen)
    return set(output.split()) if code == 0 else set()


def _expanded(nodes: str) -> set[str]:
    """`n[1-2],n5` as its names."""
    if not nodes:
        return set()
    code, output, _ = run("scontrol", "show", "hostnames", nodes)
    return set(output.split()) if code == 0 else set(nodes.split(","))
