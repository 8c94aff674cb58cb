"""Requests that Slurm refuses, or would never start: which settings cause it, and what the cluster has."""

from __future__ import annotations

import getpass
import re
from collections.abc import Sequence

from glane.cluster.slurm.commands import run
from glane.errors import did_you_mean
from glane.settings import SlurmSettings


def complaint(cluster: SlurmSettings) -> str | None:
    """Return why Slurm would never start this, such as more nodes than the partition has; None if it could."""
    partitions = _partitions()
    if not partitions:
        return None  # unknown here; sbatch gives a better error
    if cluster.partition is not None and cluster.partition not in partitions:
        return f"cluster.partition: {cluster.partition!r} is not here. {did_you_mean(cluster.partition, partitions)}"
    named = cluster.partition or next((name for name, facts in partitions.items() if facts.get("Default") == "YES"), "")
    facts = partitions.get(named, {})
    limit = facts.get("MaxTime", "UNLIMITED")
    if cluster.time is not None and limit != "UNLIMITED" and seconds(cluster.time) > seconds(limit):
        return (
            f"cluster.time: {cluster.time} is over the limit of partition {named!r}, {limit}. Set it to that or less."
        )
    total = facts.get("TotalNodes", "")
    if total.isdigit() and cluster.nodes > int(total):
        return f"cluster.nodes: {cluster.nodes}; partition {named!r} has {total}."
    return None


def seconds(time: str) -> int:
    """Slurm's [days-]hours:minutes:seconds (or minutes[:seconds]) in seconds."""
    days, _, clock = time.rpartition("-")
    parts = [int(part) for part in clock.split(":")]
    if days:
        parts += [0] * (3 - len(parts))
    elif len(parts) < 3:
        parts = [0, *parts] + ([0] if len(parts) == 1 else [])
    hours, minutes, rest = parts
    return ((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + rest


def _partitions() -> dict[str, dict[str, str]]:
    code, output, _ = run("scontrol", "show", "partition", "--oneliner")
    found = {}
    for line in output.splitlines() if code == 0 else ():
        facts = dict(word.split("=", 1) for word in line.split() if "=" in word)
        if "PartitionName" in facts:
            found[facts["PartitionName"]] = facts
    return found


# Patterns of sbatch's errors, and the settings that they are about.
_REFUSALS = (
    (r"invalid partition|partition name", ("partition",)),
    (r"account or account/partition|invalid account", ("account", "partition")),
    (r"qos", ("qos",)),
    (r"invalid feature", ("constraint",)),
    (r"generic resource|gres", ("gpus_per_node",)),
    (r"memory specification", ("memory",)),
    (r"time limit|time specification", ("time",)),
    (r"node count|nodes? requested|more nodes", ("nodes",)),
    (r"node configuration", ("gpus_per_node", "cpus_per_node", "memory", "constraint", "nodes")),
    (r"cpu count|processors", ("cpus_per_node",)),
    (r"reservation|unrecognized option|invalid option", ("sbatch",)),
)


def explained(message: str, cluster: SlurmSettings) -> str:
    """A message with Slurm's reason for a refusal, the settings to change, and what the cluster has."""
    lines = [line.strip() for line in message.splitlines() if re.search(r"(sbatch|srun|slurm)\w*: ", line)]
    reason = " ".join(re.sub(r"^.*?sbatch: (error: )?", "", line) for line in lines) or message.strip().splitlines()[-1]
    keys = next((keys for pattern, keys in _REFUSALS if re.search(pattern, reason, re.IGNORECASE)), ())
    asked = [f"cluster.{key}={getattr(cluster, key)}" for key in keys if getattr(cluster, key) not in (None, {})]
    which = ", ".join(asked) or ", ".join(f"cluster.{key} (not set)" for key in keys) or "the keys under cluster"
    return f"Slurm refuses the job: {reason.rstrip('.')}.\nChange {which}.{_what_there_is(keys)}"


def _what_there_is(keys: Sequence[str]) -> str:
    lines = []
    if "gpus_per_node" in keys or "partition" in keys or "constraint" in keys:
        code, output, _ = run("sinfo", "--noheader", "--format=%P|%D|%c|%m|%G|%f|%l")
        for line in output.splitlines() if code == 0 else ():
            name, nodes, cpus, memory, gpus, features, limit = line.split("|", 6)
            lines.append(
                f"  partition {name}: {nodes} node(s) of {cpus} cpus, {memory} MB, gpus {gpus}, "
                f"features {features}, time up to {limit}"
            )
    if "account" in keys or "qos" in keys:
        options = ["--noheader", "--parsable2", "show", "associations", f"user={getpass.getuser()}"]
        code, output, _ = run("sacctmgr", *options, "format=account,partition,qos")
        for line in dict.fromkeys(output.splitlines() if code == 0 else ()):
            account, partition, qos = line.split("|", 2)
            lines.append(f"  account {account}, partition {partition or 'any'}, qos {qos or 'none'}")
    return "\nThere is:\n" + "\n".join(lines) if lines else ""
