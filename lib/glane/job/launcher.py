"""The launcher: one task of a batch job on one node. It starts Ray, on the first node also the driver, and ends both.

Every wait has a time limit with a message. Only processes of our own are ended. The exit code says what happened.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from pathlib import Path

from glane.cluster import processes
from glane.cluster.address import interface_at, interfaces_named, own_address
from glane.cluster.forkserver import fork_server
from glane.cluster.guarding import are_nodes_known, guarded_run, network_of
from glane.cluster.rendezvous import RendezvousServer, refuse
from glane.cluster.scheduler import Allocation
from glane.cluster.schedulers import scheduler_of
from glane.cluster.scratch import scratch_folder
from glane.engine.device import build, gpu_complaint
from glane.engine.registry import engine_kind
from glane.errors import ConfigError, GlaneError, hide_messages
from glane.job.accounting import begin_account
from glane.job.first_node import FirstNode
from glane.job.job_node import FAILED, POLL_S, USER_ERROR
from glane.job.other_node import OtherNode
from glane.languages import complain, say
from glane.run.directory import run_directory
from glane.run.heartbeat import JOB_NAME
from glane.run.keys import keys_complaint
from glane.run.node_faults import bad_nodes, record_fault
from glane.run.site_log import SITE_LOG
from glane.settings import BatchSettings, IngestSettings, JobSettings

_END_OTHERS_S = 60.0


def launch(settings: JobSettings) -> int:
    """Do this node's part of the job. Return the exit code, which is 0 only if the run is complete, or left complete
    to another job that publishes it.

    Raises:
        ConfigError: if this process is no task of a job with one task per node.
    """
    assert isinstance(settings.cluster, BatchSettings)
    scheduler = scheduler_of(settings.cluster)
    allocation = scheduler.allocation()
    os.environ[JOB_NAME] = allocation.name
    os.umask(0o077)
    hide_messages()
    processes.adopt_orphans()
    processes.raise_open_files()
    if allocation.rank:
        return _launched(settings, settings.cluster, allocation)
    if (log := scheduler.site_log()) is not None:
        os.environ.setdefault(SITE_LOG, str(log))
    account, code = begin_account(settings, allocation), FAILED
    try:
        code = _launched(settings, settings.cluster, allocation)
    finally:
        account.end(code, warn=lambda line: say(f"warning: {line}", to=sys.stderr))
    return code


def _launched(settings: JobSettings, cluster: BatchSettings, allocation: Allocation) -> int:
    if complaint := keys_complaint(run_directory(settings.run)):  # before the guard, which a store of keys is behind
        _refuse(allocation, complaint, timeout_s=cluster.start_timeout_s)
        code = _cannot_begin(allocation, complaint)
        tell_script(allocation, str(code))
        return code
    engine = None if allocation.gpus or settings.model is None else settings.model.engine
    nodes = () if settings.run.guard == "off" else _nodes(cluster, allocation)
    with (
        processes.core_dumps(allowed=settings.run.core_dumps),
        guarded_run(settings.run, nodes=nodes, hosts=_hosts(settings)),
        scratch_folder() as folder,
        fork_server(folder, engine=engine) as variables,
    ):
        os.environ.update(variables)
        code, may_go_on = _do(settings, cluster, allocation, folder)
    # Jobs of an array that was submitted as one work on one run. What `sbatch --array` starts may be several runs.
    # A job that leaves the publication to another one does not say that nothing is left to do.
    is_whole_array = code == 0 and cluster.array is not None and run_directory(settings.run).is_complete
    word = "requeue" if may_go_on else "complete" if is_whole_array else ""
    tell_script(
        allocation, " ".join(filter(None, [str(code), *_for_waiting_jobs(settings, cluster, allocation, word)]))
    )
    return code


def _nodes(cluster: BatchSettings, allocation: Allocation) -> tuple[str, ...]:
    """How the nodes of the job reach each other. Addresses on another interface are known by its network alone."""
    if allocation.num_nodes == 1:
        return ()
    told = allocation.launch_address, *allocation.nodes
    interfaces = *interfaces_named(), *filter(None, [cluster.interface])
    networks = tuple(network for interface in interfaces for network in network_of(interface))
    own = own_address(allocation, None) if cluster.interface is None else ""
    met_at = network_of(interface_at(own)) if own else ()
    if set(met_at) <= set(networks) or are_nodes_known(told, own=own, num_nodes=allocation.num_nodes):
        return *told, *networks
    say(
        f"[{allocation.host}] the names of the job's nodes do not lead to the addresses at which they meet: its "
        f"processes may connect to all of {', '.join(met_at)} (run.guard)",
        to=sys.stderr,
    )
    return *told, *networks, *met_at


def _hosts(settings: JobSettings) -> tuple[str, ...]:
    return settings.ocr.reached_at if isinstance(settings, IngestSettings) else ()


def _for_waiting_jobs(
    settings: JobSettings, cluster: BatchSettings, allocation: Allocation, word: str
) -> tuple[str, ...]:
    """What the batch script does about jobs that wait: `word`, and the nodes to keep them off; see slurm/end.sh."""
    if allocation.rank or word == "complete" or not cluster.exclude_bad_nodes:
        return (word,)
    found = bad_nodes(run_directory(settings.run))
    for node, why in sorted(found.items()):
        say(f"[{allocation.host}] node {node} was found bad by this run: {why}", to=sys.stderr)
    return (word or "-", ",".join(sorted(found))) if found else (word,)


def tell_script(allocation: Allocation, message: str) -> None:
    """Have the first node tell the batch script how the job ended; see `Allocation.exit_code_file`."""
    path = allocation.exit_code_file
    if allocation.rank or path is None:
        return
    try:
        _rewrite(path, f"{message}\n")
    except OSError as error:
        say(
            f"warning: the batch script is not told how this ended ({path}: {os.strerror(error.errno or 0)}). A "
            "container must see the folder that the job was submitted from.",
            to=sys.stderr,
        )


def _rewrite(path: Path, text: str) -> None:
    """Replace what a file of our own holds: others may have put a link to another of our files in its place."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "w") as stream:
        status = os.fstat(descriptor)
        if status.st_uid != os.getuid() or status.st_nlink > 1:
            raise PermissionError(errno.EPERM, "is not the batch script's")
        stream.truncate(0)
        stream.write(text)


def _do(settings: JobSettings, cluster: BatchSettings, allocation: Allocation, folder: Path) -> tuple[int, bool]:
    """This node's part of the job: its exit code, and whether the job is to be requeued."""
    try:
        needs_gpus = settings.model is not None and engine_kind(settings.model.engine).needs_hardware
        if needs_gpus and (complaint := gpu_complaint(allocation.granted_gpus, allocation.gpu_partitions)):
            if allocation.granted_gpus and build() == "gpu":  # else it is the environment's fault
                record_fault(run_directory(settings.run), node=allocation.host, cause="gpu", detail=complaint)
            _refuse(allocation, complaint, timeout_s=cluster.start_timeout_s)
            raise ConfigError(complaint)
        node = (FirstNode if allocation.rank == 0 else OtherNode)(settings, cluster, allocation, folder)
    except GlaneError as error:  # a setting that can be checked only on the node
        return _cannot_begin(allocation, str(error)), False
    try:
        code = node.run()
    except GlaneError as error:
        node.say(f"error: {error}")
        code = FAILED
    finally:
        node.close()
    return code, node.may_go_on(code)


def _cannot_begin(allocation: Allocation, why: str) -> int:
    """Say why this node cannot begin; the first one ends the others. Return the exit code."""
    complain(f"[{allocation.host}] error: {why}")
    if allocation.rank == 0 and allocation.num_nodes > 1:
        _end_others(allocation)
    return USER_ERROR


def _refuse(allocation: Allocation, complaint: str, *, timeout_s: float) -> None:
    """Tell the first node that this one cannot work, so that it does not wait for it."""
    if allocation.rank:
        refuse(
            allocation.launch_address, allocation.secret, rank=allocation.rank, host=allocation.host,
            reason=complaint, timeout_s=timeout_s,
        )  # fmt: skip


def _end_others(allocation: Allocation) -> None:
    """Have the other nodes end, too, instead of waiting for this one."""
    rendezvous = RendezvousServer(allocation.launch_address, allocation.secret, host=allocation.host)
    deadline = time.monotonic() + _END_OTHERS_S
    while time.monotonic() < deadline:
        if len(rendezvous.joined()) + len(rendezvous.refused()) >= allocation.num_nodes - 1:
            break
        time.sleep(POLL_S)
    rendezvous.close(USER_ERROR)
