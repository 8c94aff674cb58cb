"""The allocation of this task, read from the environment that `srun` sets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from glane.cluster.scheduler import Allocation
from glane.errors import ConfigError

SECRET = "GLANE_JOB_SECRET"  # made by the batch script for this job; a process that knows it belongs to the job
OWNER = "GLANE_JOB"  # the job id that the batch script saw
GPU_PARTITIONS = "GLANE_GPU_PARTITIONS"  # with commas between them
ENDS_AT = "GLANE_ENDS_AT"
FIRST_ADDRESS = "GLANE_FIRST_ADDRESS"  # of the first node, where that is not where the script runs
NODES = "GLANE_NODES"  # names and addresses of the nodes, with commas between them
IS_INTERACTIVE = "GLANE_IS_INTERACTIVE"  # not empty if so
EXIT_CODE_FILE = "GLANE_EXIT_CODE_FILE"  # on the first node: where the exit code of the batch script is written


def is_inside_own_job(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this process is a task of a job that was submitted to run glane.

    From within any other job of the user, for example an interactive one, jobs are submitted.
    """
    job = environment.get("SLURM_JOB_ID")
    return job is not None and environment.get(OWNER) == job and "SLURM_PROCID" in environment


def job_name(environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the job that this process belongs to, as `squeue` shows it: 12, or 12_3 in an array."""
    array = environment.get("SLURM_ARRAY_JOB_ID")
    return f"{array}_{environment.get('SLURM_ARRAY_TASK_ID', 0)}" if array else environment.get("SLURM_JOB_ID")


def read_allocation(environment: Mapping[str, str] = os.environ) -> Allocation:
    """Return what Slurm gave to this task.

    Raises:
        ConfigError: if there is not one task per node, or the batch script has set no secret.
    """
    num_nodes = int(environment.get("SLURM_STEP_NUM_NODES") or environment.get("SLURM_NNODES") or 1)
    num_tasks = int(environment.get("SLURM_STEP_NUM_TASKS") or environment.get("SLURM_NTASKS") or num_nodes)
    if num_tasks != num_nodes:
        raise ConfigError(
            f"{num_tasks} tasks on {num_nodes} node(s): glane wants one task per node (--ntasks-per-node=1)."
        )
    if not environment.get(SECRET):
        raise ConfigError(f"{SECRET} is not set: start this through slurm/extract.sbatch or cluster=slurm.")
    job_id, array = environment["SLURM_JOB_ID"], environment.get("SLURM_ARRAY_JOB_ID")
    index = int(environment.get("SLURM_ARRAY_TASK_ID", 0))
    first, count = int(environment.get("SLURM_ARRAY_TASK_MIN", 0)), int(environment.get("SLURM_ARRAY_TASK_COUNT", 1))
    return Allocation(
        job_id=job_id,
        name=job_name(environment) or job_id,
        restarts=int(environment.get("SLURM_RESTART_COUNT", 0)),
        rank=int(environment.get("SLURM_PROCID", 0)),
        num_nodes=num_nodes,
        host=environment.get("SLURMD_NODENAME", os.uname().nodename),
        nodes=tuple(filter(None, environment.get(NODES, "").split(","))),
        launch_address=environment.get(FIRST_ADDRESS) or environment.get("SLURM_LAUNCH_NODE_IPADDR", "127.0.0.1"),
        cpus=_num_cpus(environment),
        gpus=_num_granted(environment) if _sees_gpus() else 0,
        granted_gpus=_num_granted(environment),
        array_share=((index - first) / count) % 1 if array else 0.0,
        secret=bytes.fromhex(environment[SECRET]),
        exit_code_file=Path(environment[EXIT_CODE_FILE]) if environment.get(EXIT_CODE_FILE) else None,
        account=environment.get("SLURM_JOB_ACCOUNT", ""),
        gpu_partitions=tuple(filter(None, environment.get(GPU_PARTITIONS, "").split(","))),
        is_interactive=bool(environment.get(IS_INTERACTIVE)),
        ends_at=float(environment[ENDS_AT]) if environment.get(ENDS_AT) else None,
    )


def _num_cpus(environment: Mapping[str, str]) -> int:
    """The number of cores by Slurm, but no more than this task is bound to."""
    bound = len(os.sched_getaffinity(0))
    given = environment.get("SLURM_CPUS_ON_NODE")
    return max(1, min(int(given), bound)) if given else bound


def _sees_gpus() -> bool:
    """Whether there is a real NVIDIA device: a test cluster may have stand-ins."""
    return any(Path(f"/dev/nvidia{number}").exists() for number in range(32))


def _num_granted(environment: Mapping[str, str]) -> int:
    """The number of GPUs by Slurm."""
    if given := environment.get("SLURM_GPUS_ON_NODE"):
        return int(given)
    visible = environment.get("CUDA_VISIBLE_DEVICES", "")
    return len([device for device in visible.split(",") if device and device != "NoDevFiles"])
