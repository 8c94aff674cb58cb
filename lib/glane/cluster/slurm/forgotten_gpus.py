"""A request without GPUs in partitions whose nodes have some: its job would wait in the queue, and end at its start."""

from __future__ import annotations

import os

from glane.cluster.slurm.commands import has_submit_plugins
from glane.cluster.slurm.refusals import named_partitions
from glane.cluster.slurm.site_checks import gpus_by_partition
from glane.cluster.slurm.site_file import read_site
from glane.cluster.slurm.variables import same_group, taken
from glane.engine.device import DEVICE
from glane.settings import SlurmSettings

_EXCLUSIVE = "exclusive"  # whole nodes, with their GPUs


def forgotten_gpus(cluster: SlurmSettings) -> str | None:
    """Return that GPUs are to be asked for, and how; None if they are, if a job gets them anyway, or works on CPUs.

    What is not known for certain is left to the job itself: partitions that are not shown, and plugins of a site that
    may add GPUs to a request.
    """
    if _are_asked(cluster) or _is_for_cpus(cluster):
        return None
    partitions = named_partitions(cluster)
    if any(facts.get("OverSubscribe", "").upper() == "EXCLUSIVE" for facts in partitions.values()):
        return None
    gpus = gpus_by_partition(partitions)
    if not partitions or not all(gpus.get(name) for name in partitions) or has_submit_plugins():
        return None
    has = "; ".join(f"a node of partition {name!r} has up to {gpus[name]}" for name in partitions)
    return (
        f"cluster.gpus_per_node: no GPU is asked for, and the model works on GPUs; {has}. Set cluster.gpus_per_node=1, "
        f"or as many as the model needs. To work on CPUs on purpose, set {DEVICE}=cpu, here or in slurm/site.yaml."
    )


def _are_asked(cluster: SlurmSettings) -> bool:
    """Whether the request, or a variable that sbatch reads, asks for GPUs or for whole nodes."""
    if cluster.num_gpus_per_node or any(taken(cluster, option) for option in (*same_group("gpus"), _EXCLUSIVE)):
        return True
    return any("gpu" in f"{name}={told}" for name, told in cluster.sbatch.items())


def _is_for_cpus(cluster: SlurmSettings) -> bool:
    said = [f"{DEVICE}={os.environ.get(DEVICE)}", read_site().environment, *cluster.setup]
    return any(f"{DEVICE}=cpu" in line for line in said)
