"""The state of jobs and nodes, from Slurm's queue, accounting and daemons."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from dataclasses import replace

from glane.cluster.scheduler import PENDING, UNKNOWN, Job
from glane.cluster.slurm.commands import run, seconds

_OVER = frozenset(
    {"BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "TIMEOUT"}
)


def requeue(job_id: str) -> str | None:
    """Put a running batch job back into the queue. Return Slurm's error; None if there is none."""
    code, _, error = run("scontrol", "requeue", job_id)
    return None if code == 0 else error or f"exit code {code}"


def cancel(job_id: str) -> None:
    """End a job."""
    run("scancel", job_id)


def seconds_left(job_id: str) -> float | None:
    """What is left of a running job's time limit."""
    code, output, _ = run("squeue", "--noheader", f"--jobs={job_id}", "--states=running", "--format=%L")
    left = output.strip()
    try:
        return float(seconds(left)) if code == 0 and left else None
    except ValueError:  # UNLIMITED, or INVALID
        return None


def is_node_up(host: str) -> bool:
    """Whether the node's own daemon accepts connections. Slurm itself notices a lost node only minutes later."""
    code, output, _ = run("scontrol", "show", "node", host, "--oneliner")
    facts = dict(word.split("=", 1) for word in output.split() if "=" in word)
    if code != 0 or not facts.get("NodeAddr"):
        return True  # unknown: treating the node as up is the safe answer
    for _ in range(3):
        try:
            socket.create_connection((facts["NodeAddr"], int(facts.get("Port", 6818))), timeout=5).close()
        except OSError:
            time.sleep(2)
        else:
            return True
    return False


def jobs(ids: Sequence[str]) -> list[Job]:
    """The jobs, from the queue, or from the accounting if they left it. A job that neither knows is UNKNOWN."""
    if not ids:
        return []
    queued = _queued(ids)
    # Accounting is asked of jobs that started before, or left the queue: it is a database that all users share.
    accounted = _accounted([name for name in ids if name not in queued or queued[name].state != PENDING])
    found = []
    for name in ids:
        here, past = queued.get(name), accounted.get(name)
        if here is not None and (past is None or not here.is_over):
            requeues = past.requeues if past is not None else 0
            found.append(replace(here, requeues=requeues))
        else:
            found.append(past or Job(name=name, state=UNKNOWN, reason="neither squeue nor sacct knows it"))
    return found


def names_in_queue() -> set[str] | None:
    """The names of this user's jobs that the queue knows, finished ones, too; None if it does not answer."""
    options = ["--noheader", "--array", "--states=all", f"--user={os.geteuid()}", "--format=%i"]
    code, output, _ = run("squeue", *options)
    return set(output.split()) if code == 0 else None


def _queued(ids: Sequence[str]) -> dict[str, Job]:
    layout = "%i|%T|%r|%S|%M|%l|%N"
    code, output, _ = run(
        "squeue", "--noheader", "--array", "--states=all", f"--jobs={_asked(ids)}", f"--format={layout}"
    )
    found = {}
    for line in output.splitlines() if code == 0 else ():
        name, state, reason, start, elapsed, limit, nodes = line.split("|", 7)
        found[name] = Job(
            name=name,
            state=state,
            reason="" if reason == "None" else reason,
            expected_start="" if start == "N/A" or state != PENDING else start,
            elapsed=elapsed,
            time_limit=limit,
            nodes=nodes,
            is_over=state in _OVER,
        )
    return found


def _accounted(ids: Sequence[str]) -> dict[str, Job]:
    if not ids:
        return {}
    options = ["--noheader", "--parsable2", "--allocations", "--duplicates"]
    names = "JobID,State,ExitCode,Elapsed,Timelimit,NodeList"
    code, output, _ = run("sacct", *options, f"--jobs={_asked(ids)}", f"--format={names}")
    found: dict[str, Job] = {}
    for line in output.splitlines() if code == 0 else ():
        name, state, exit_code, elapsed, limit, nodes = line.split("|", 5)
        before, word = found.get(name), state.split()[0]  # "CANCELLED by 1000"
        found[name] = Job(
            name=name,
            state=word,
            exit_code=exit_code,
            elapsed=elapsed,
            time_limit=limit,
            nodes="" if nodes == "None assigned" else nodes,
            requeues=before.requeues + 1 if before else 0,
            is_over=word in _OVER,
        )
    return found


def _asked(ids: Sequence[str]) -> str:
    """The jobs as an option's value. An array is asked for as one: a word of a command has a limited length."""
    return ",".join(dict.fromkeys(name.partition("_")[0] for name in ids))
