"""Asking Slurm: small, bounded calls of its own commands. Imports neither ray nor submitit."""

from __future__ import annotations

import getpass
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from glane.errors import did_you_mean
from glane.settings import SlurmSettings

TIMEOUT_S = 30.0
_OVER = frozenset(
    {"BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "TIMEOUT"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job as Slurm tells it. Times and nodes are in Slurm's own words."""

    name: str  # 12, or 12_3 in an array
    state: str
    reason: str = ""
    expected_start: str = ""
    elapsed: str = ""
    time_limit: str = ""
    nodes: str = ""
    exit_code: str = ""
    requeues: int = 0

    @property
    def is_over(self) -> bool:
        """Whether it will not run again."""
        return self.state in _OVER

    @property
    def shown_state(self) -> str:
        """The state, with what one wants to know beside it."""
        if self.state == "PENDING":
            start = f", expected to start {self.expected_start}" if self.expected_start else ""
            return f"PENDING ({self.reason}{start})"
        where = f" on {self.nodes}" if self.nodes and not self.is_over else ""
        code = f" (exit {self.exit_code})" if self.exit_code and self.is_over else ""
        return f"{self.state}{where}{code}"


def run(*command: str) -> tuple[int, str, str]:
    """Run one of Slurm's commands; a missing command or one that hangs is a failure like any other."""
    if shutil.which(command[0]) is None:
        return 127, "", f"{command[0]} is not on the PATH"
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return 124, "", f"{command[0]} did not answer within {TIMEOUT_S:.0f} s"
    return done.returncode, done.stdout, done.stderr.strip()


def missing() -> str | None:
    """What keeps us from submitting here, None if nothing does."""
    absent = [name for name in ("sbatch", "srun", "scontrol") if shutil.which(name) is None]
    if absent:
        return (
            f"{', '.join(absent)} not found: this machine has no Slurm. Submit from a login node, or run here with "
            "cluster=local."
        )
    return None


def requeue(job_id: str) -> str | None:
    """Put a running batch job back into the queue. Return Slurm's complaint, None if there is none."""
    code, _, error = run("scontrol", "requeue", job_id)
    return None if code == 0 else error or f"exit code {code}"


def cancel(job_id: str) -> None:
    """End a job."""
    run("scancel", job_id)


def is_node_up(host: str) -> bool:
    """Whether the node's own daemon takes calls. Slurm itself notices a lost node only minutes later."""
    code, output, _ = run("scontrol", "show", "node", host, "--oneliner")
    facts = dict(word.split("=", 1) for word in output.split() if "=" in word)
    if code != 0 or not facts.get("NodeAddr"):
        return True  # not to be known here: the careful answer
    for _ in range(3):
        try:
            socket.create_connection((facts["NodeAddr"], int(facts.get("Port", 6818))), timeout=5).close()
        except OSError:
            time.sleep(2)
        else:
            return True
    return False


def jobs(ids: Sequence[str]) -> list[Job]:
    """What the queue says, and the accounting of those that left it. A job that neither knows is UNKNOWN."""
    if not ids:
        return []
    queued = _queued(ids)
    accounted = _accounted(ids)
    found = []
    for name in ids:
        here, past = queued.get(name), accounted.get(name)
        if here is not None and (past is None or not here.is_over):
            requeues = past.requeues if past is not None else 0
            found.append(replace(here, requeues=requeues))
        else:
            found.append(past or Job(name=name, state="UNKNOWN", reason="neither squeue nor sacct knows it"))
    return found


def _queued(ids: Sequence[str]) -> dict[str, Job]:
    layout = "%i|%T|%r|%S|%M|%l|%N"
    code, output, _ = run(
        "squeue", "--noheader", "--array", "--states=all", f"--jobs={','.join(ids)}", f"--format={layout}"
    )
    found = {}
    for line in output.splitlines() if code == 0 else ():
        name, state, reason, start, elapsed, limit, nodes = line.split("|", 7)
        found[name] = Job(
            name=name,
            state=state,
            reason="" if reason == "None" else reason,
            expected_start="" if start == "N/A" or state != "PENDING" else start,
            elapsed=elapsed,
            time_limit=limit,
            nodes=nodes,
        )
    return found


def _accounted(ids: Sequence[str]) -> dict[str, Job]:
    options = ["--noheader", "--parsable2", "--allocations", "--duplicates"]
    names = "JobID,State,ExitCode,Elapsed,Timelimit,NodeList"
    code, output, _ = run("sacct", *options, f"--jobs={','.join(ids)}", f"--format={names}")
    found: dict[str, Job] = {}
    for line in output.splitlines() if code == 0 else ():
        name, state, exit_code, elapsed, limit, nodes = line.split("|", 5)
        before = found.get(name)
        found[name] = Job(
            name=name,
            state=state.split()[0],  # "CANCELLED by 1000"
            exit_code=exit_code,
            elapsed=elapsed,
            time_limit=limit,
            nodes="" if nodes == "None assigned" else nodes,
            requeues=before.requeues + 1 if before else 0,
        )
    return found


def complaint(cluster: SlurmSettings) -> str | None:
    """What Slurm would accept and then never start: a time over the partition's limit, more nodes than it has."""
    partitions = _partitions()
    if not partitions:
        return None  # sbatch will say more
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


# What sbatch says when it refuses, and the keys that it is about.
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
    """Slurm's own reason for a refusal, with the keys to change and what there is."""
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
