"""Whether Slurm is there, answers, and would take a job with these settings. Nothing is submitted."""

from __future__ import annotations

import os
import re
from collections.abc import Collection

from glane.cluster.findings import Finding, Findings, failed, ok, skipped, warning
from glane.cluster.slurm import refusals
from glane.cluster.slurm.ask_sbatch import says_no, test_only
from glane.cluster.slurm.commands import run
from glane.settings import SlurmSettings

_QUESTIONS = (
    ("sbatch", ("--version",)),
    ("srun", ("--version",)),
    ("scontrol", ("ping",)),
    ("squeue", ("--noheader", "--me", "--format=%i")),
    ("sacct", ("--noheader", "--allocations", "--format=JobID")),
)
_NOT_NEEDED = ("sacct",)  # it tells how jobs ended that the queue forgot


def findings(cluster: SlurmSettings) -> Findings:
    """The commands, then whether the request could ever start, then what sbatch itself says of it."""
    found = [_command(name, *options) for name, options in _QUESTIONS]
    if any(one.state == "failed" for one in found):
        return [*found, skipped("request", "not asked, as Slurm's commands fail")]
    return [*found, _request(cluster)]


def findings_on_node() -> Findings:
    """Whether a job, or the container that it runs in, has scontrol, and whether that answers."""
    code, _, error = run("scontrol", "show", "job", os.environ.get("SLURM_JOB_ID", "0"), "--oneliner")
    if code == 0:
        return [ok("scontrol on the node", "answers")]
    remedy = (
        "If the first node of a job is lost, the others cannot put it back into the queue, and wait until its time "
        "limit. In a container, bind Slurm's commands, slurm.conf and munge's socket (GLANE_BIND, in slurm/site.yaml)."
    )
    return [warning("scontrol on the node", error or f"exit code {code}", remedy)]


def most_gpus(cluster: SlurmSettings) -> int | None:
    """The most GPUs that a node has in the partitions that may take the job; None if that is not known."""
    return max(gpus_by_partition(refusals.named_partitions(cluster)).values(), default=None)


def gpus_by_partition(partitions: Collection[str]) -> dict[str, int]:
    """The most GPUs that a node of each of these partitions has; without those that sinfo does not tell."""
    if not partitions:
        return {}
    code, output, _ = run("sinfo", "--noheader", f"--partition={','.join(partitions)}", "--format=%R|%G")
    found: dict[str, int] = {}
    for line in output.splitlines() if code == 0 else ():
        name, _, gres = line.strip().partition("|")
        if name in partitions:
            found[name] = max(_num_gpus(gres), found.get(name, 0))
    return found


def _num_gpus(gres: str) -> int:
    """`gpu:2(S:0),tmpdisk:900` and `gpu:h100:4` are 2 and 4; `(null)` is 0."""
    resources = [one.split(":") for one in re.sub(r"\([^)]*\)", "", gres.strip()).split(",")]
    counts = [words[-1] for words in resources if words[0] == "gpu"]
    return sum(int(count) if count.isdecimal() else 1 for count in counts)


def _command(name: str, *options: str) -> Finding:
    code, output, error = run(name, *options)
    if code == 0:
        first = output.strip().splitlines()[:1] if options in (("--version",), ("ping",)) else []
        return ok(name, "".join(first) or "answers")
    seen = (error or output.strip()).splitlines()
    told = seen[-1] if seen else f"exit code {code}"
    if code == 127:
        remedy = (
            "Work on a login node of the cluster, or load Slurm's module; without a cluster, leave cluster=slurm out."
        )
    else:
        remedy = "Ask the site: Slurm's controller, its database or munge does not answer here."
    return (warning if name in _NOT_NEEDED else failed)(name, told, remedy)


def _request(cluster: SlurmSettings) -> Finding:
    code, said = test_only(cluster)
    if complaint := refusals.complaint(cluster, lambda: says_no(code)):
        told, _, remedy = complaint.partition(". ")
        return failed("request", f"{told.rstrip('.')}.", remedy or "Change that.")
    if code == 0:
        return ok("request", said)
    told, _, remedy = refusals.explained(said, cluster).partition("\n")
    return failed("request", told, remedy)
