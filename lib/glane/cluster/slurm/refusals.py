"""Requests that Slurm refuses, or would never start: which settings cause it, and what the cluster has."""

from __future__ import annotations

import getpass
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from glane.cluster.slurm.commands import has_submit_plugins, run, seconds, site
from glane.cluster.slurm.site_file import read_site
from glane.cluster.slurm.variables import same_group, taken
from glane.errors import did_you_mean
from glane.settings import SBATCH_KEYS, SlurmSettings


def complaint(cluster: SlurmSettings, is_refused: Callable[[], bool]) -> str | None:
    """Return why Slurm would never start this, such as more nodes than the partition has; None if it could.

    What is not known for certain is left to Slurm: partitions that do not exist or are not shown, other clusters, sites
    that route jobs by a plugin, and qualities of service that overrule the limits of partitions.

    Args:
        cluster: The request.
        is_refused: Whether `sbatch --test-only` refuses it, too. It does not tell of times that are too long, and
            refuses what only waits for a node that is down: neither is enough alone.
    """
    most = read_site().max_array
    if most is not None and cluster.array is not None and cluster.array > most:
        return f"cluster.array: {cluster.array}; the site takes arrays of at most {most} jobs. Set it to that or less."
    named = named_partitions(cluster)
    if not named:
        return None
    why = _too_long(cluster, named)
    if why is None:
        why = _too_many_nodes(cluster, named) or _too_many_cpus(cluster, named)
        if why is None or not is_refused():
            return None
    return None if _may_be_overruled() else why


def named_partitions(cluster: SlurmSettings) -> dict[str, dict[str, str]]:
    """The partitions that may take the job, with their facts; none if not all of them are known."""
    if taken(cluster, "clusters"):
        return {}
    known = _partitions()
    _, names = taken(cluster, "partition") or ("", "")
    asked = names.split(",") if names else [name for name, facts in known.items() if facts.get("Default") == "YES"]
    return {name: known[name] for name in asked} if set(asked) <= set(known) else {}


def _too_long(cluster: SlurmSettings, partitions: Mapping[str, Mapping[str, str]]) -> str | None:
    limits = {name: facts.get("MaxTime", "UNLIMITED") for name, facts in partitions.items()}
    source, time = taken(cluster, "time") or ("", "")
    try:
        if not time or any(seconds(time) <= seconds(limit) for limit in limits.values()):
            return None
    except ValueError:  # UNLIMITED, or a time that sbatch refuses better
        return None
    return f"{source}: {time} is over the limit of {_shown(limits)}. Set it to that or less."


def _too_many_nodes(cluster: SlurmSettings, partitions: Mapping[str, Mapping[str, str]]) -> str | None:
    totals = {name: facts.get("TotalNodes", "") for name, facts in partitions.items()}
    if all(total.isdigit() and cluster.nodes > int(total) for total in totals.values()):
        has = "; ".join(f"partition {name!r} has {total}" for name, total in totals.items())
        return f"cluster.nodes: {cluster.nodes}; {has}."
    return None


def _too_many_cpus(cluster: SlurmSettings, partitions: Iterable[str]) -> str | None:
    source, wanted = taken(cluster, "cpus-per-task") or ("", "")
    most = _most_cpus(partitions) if wanted.isdigit() else {}
    if not most or any(int(wanted) <= cpus for cpus in most.values()):
        return None
    has = "; ".join(f"a node of partition {name!r} has at most {cpus}" for name, cpus in most.items())
    return f"{source}: {wanted}; {has}."


def _most_cpus(partitions: Iterable[str]) -> dict[str, int]:
    """The cores of the largest node of each partition; empty if Slurm does not tell all of them."""
    names = set(partitions)
    code, output, _ = run("sinfo", "--all", "--noheader", "--exact", "--format=%R|%c")
    found: dict[str, int] = {}
    for line in output.splitlines() if code == 0 else ():
        name, _, cpus = line.strip().partition("|")
        if name not in names:
            continue
        if not cpus.isdigit():
            return {}
        found[name] = max(int(cpus), found.get(name, 0))
    return found if set(found) == names else {}


def _shown(limits: Mapping[str, str]) -> str:
    return " and of ".join(f"partition {name!r}, {limit}" for name, limit in limits.items())


def _may_be_overruled() -> bool:
    """Whether the site may send the job elsewhere, or lift the limits of partitions."""
    if has_submit_plugins():
        return True
    code, flags, _ = run("sacctmgr", "--noheader", "--parsable2", "show", "qos", "format=flags")
    return code == 0 and re.search("PartitionTimeLimit|PartitionMaxNodes", flags) is not None


def _partitions() -> dict[str, dict[str, str]]:
    code, output, _ = run("scontrol", "--all", "show", "partition", "--oneliner")
    found = {}
    for line in output.splitlines() if code == 0 else ():
        facts = dict(word.split("=", 1) for word in line.split() if "=" in word)
        if "PartitionName" in facts:
            found[facts["PartitionName"]] = facts
    return found


# Patterns of sbatch's errors, and the options of sbatch that they are about. Where an error names options, it is those.
_NODE = ("gpus-per-node", "gres", "cpus-per-task", "mem", "mem-per-cpu", "constraint", "nodes", "nodelist", "exclude")
_REFUSALS: Sequence[tuple[str, Sequence[str]]] = (
    (r"max_?wall", ("time", "qos", "account")),
    (r"(max|grp)submit", ("array", "qos", "account")),
    (r"(qos|assoc)(max|grp|min)node", ("nodes", "qos", "account")),
    (r"(qos|assoc)(max|grp|min)cpu", ("cpus-per-task", "nodes", "qos", "account")),
    (r"(qos|assoc)(max|grp|min)mem", ("mem", "nodes", "qos", "account")),
    (r"(qos|assoc)(max|grp|min)(gres|tres|gpu)", ("gpus-per-node", "nodes", "qos", "account")),
    (r"partition name|group not permitted|inactive or drain|nodes not in this partition", ("partition",)),
    (r"invalid partition|partition configuration", ("partition",)),
    (r"account or account/partition|invalid account", ("account", "partition")),
    (r"submit ?job|submit limit|accounting/qos policy", ("qos", "account", "array", "time")),
    (r"qos", ("qos",)),
    (r"preferred feature", ("prefer",)),
    (r"feature", ("constraint",)),
    (r"generic resource|gres|trackable resource", ("gpus-per-node", "gres", "gpus")),
    (r"memory specification|memory required|mem_per", ("mem", "mem-per-cpu", "mem-per-gpu")),
    (r"array", ("array",)),
    (r"reservation", ("reservation",)),
    (r"licen[sc]e", ("licenses",)),
    (r"dependency", ("dependency",)),
    (r"wckey", ("wckey",)),
    (r"burst buffer", ("bb", "bbf")),
    (r"switch", ("switches",)),
    (r"time-min", ("time-min", "time")),
    (r"time limit", ("time", "deadline")),
    (r"temporary disk", ("tmp",)),
    (r"socket, core", ("sockets-per-node", "cores-per-socket", "threads-per-core")),
    (r"node name|required node", ("nodelist", "exclude")),
    (r"node count|number of nodes|nodes? requested|more nodes", ("nodes", "nodelist")),
    (r"cpu count|processors", ("cpus-per-task", "cpus-per-gpu", "mincpus", "nodes")),
    (r"task count|more tasks|tasks", ("nodes", "cpus-per-task")),
    (r"node configuration|nodes are busy", _NODE),
)
_OTHER_KEYS = {"nodes": "nodes", "array": "array", "job-name": "job_name", "signal": "warning_s"}


def explained(message: str, cluster: SlurmSettings) -> str:
    """A message with Slurm's reason for a refusal, the settings to change, and what the cluster has."""
    lines = [line.strip() for line in message.splitlines() if re.search(r"(sbatch|srun|slurm)\w*: ", line)]
    reason = " ".join(re.sub(r"^.*?sbatch: (error: |fatal: )?", "", line) for line in lines)
    reason = reason or message.strip().splitlines()[-1]
    options = _options_of(reason)
    told = ["=".join(found) for option in options if (found := _told(cluster, option))]
    which = ", ".join(told or [f"{_name(option)} (not set)" for option in options]) or "the keys under cluster"
    there_is = _unknown_partitions(cluster, options) + _what_there_is(options)
    return f"Slurm refuses the job: {reason.rstrip('.')}.\nChange {which}.{there_is}"


def _options_of(reason: str) -> list[str]:
    """The options of sbatch that a refusal is about, as far as its words tell."""
    named = [option for option in re.findall(r"--([a-z][a-z-]+[a-z])", reason) if option != "help"]
    meant = [options for pattern, options in _REFUSALS if re.search(pattern, reason, re.IGNORECASE)]
    found = named or (meant[0] if meant else ())
    return list(dict.fromkeys(other for option in found for other in (option, *same_group(option))))


def _told(cluster: SlurmSettings, option: str) -> tuple[str, str] | None:
    key = _OTHER_KEYS.get(option)
    value = getattr(cluster, key) if key else None
    return (f"cluster.{key}", str(value)) if value is not None else taken(cluster, option)


def _name(option: str) -> str:
    return f"cluster.{SBATCH_KEYS.get(option) or _OTHER_KEYS.get(option) or f'sbatch.{option}'}"


def _unknown_partitions(cluster: SlurmSettings, options: Sequence[str]) -> str:
    source, names = taken(cluster, "partition") or ("", "")
    known = _partitions() if "partition" in options and names else {}
    missing = [name for name in names.split(",") if known and name not in known]
    return "".join(f"\n{source}: {name!r} is not here. {did_you_mean(name, known)}" for name in missing)


def _what_there_is(options: Sequence[str]) -> str:
    lines = []
    if {"gpus-per-node", "partition", "constraint", "mem", "nodes"} & set(options):
        code, output, _ = run("sinfo", "--noheader", "--format=%P|%D|%c|%m|%G|%f|%l")
        for line in output.splitlines() if code == 0 else ():
            name, nodes, cpus, memory, gpus, features, limit = line.split("|", 6)
            lines.append(
                f"  partition {name}: {nodes} node(s) of {cpus} cpus, {memory} MB, gpus {gpus}, "
                f"features {features}, time up to {limit}"
            )
    if "array" in options and (most := site().get("MaxArraySize", "")).isdigit():
        lines.append(f"  arrays of at most {most} jobs (MaxArraySize)")
    if {"account", "qos"} & set(options):
        lines += _limits_of_accounts()
    return "\nThere is:\n" + "\n".join(lines) if lines else ""


_LIMITS = {"maxsubmit": "jobs submitted", "maxjobs": "jobs at work", "maxwall": "of time", "maxtres": "for a job"}


def _limits_of_accounts() -> list[str]:
    """What this user may use, a line each, with the limits of it."""
    lines = []
    query = ["--noheader", "--parsable2", "show", "associations", f"user={getpass.getuser()}"]
    code, output, _ = run("sacctmgr", *query, f"format=account,partition,qos,{','.join(_LIMITS)}")
    for line in dict.fromkeys(output.splitlines() if code == 0 else ()):
        account, partition, qos, *limits = line.split("|")
        lines.append(f"  account {account}, partition {partition or 'any'}, qos {qos or 'none'}{_limited(limits)}")
    options = ["--noheader", "--parsable2", "show", "qos"]
    code, output, _ = run("sacctmgr", *options, "format=name,maxsubmitpu,maxjobspu,maxwall,maxtres")
    for line in output.splitlines() if code == 0 else ():
        name, *limits = line.split("|")
        if told := _limited(limits):
            lines.append(f"  qos {name}{told}")
    return lines


def _limited(limits: Sequence[str]) -> str:
    told = [f"{limit} {what}" for limit, what in zip(limits, _LIMITS.values(), strict=False) if limit]
    return f": at most {', '.join(told)}" if told else ""
