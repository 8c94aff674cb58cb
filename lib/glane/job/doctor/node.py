"""A node's part of the check: `python -m glane.job.doctor.node`, with what to check as JSON on standard input.

Each node writes its report to the shared folder. The first waits for all, prints them together, and gives the exit
code.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from glane.cluster import processes
from glane.cluster.address import own_address
from glane.cluster.findings import Finding, Findings, failed, ok, within
from glane.cluster.kernel_cache import cache_variables
from glane.cluster.scheduler import Allocation
from glane.cluster.schedulers import scheduler_of
from glane.errors import ConfigError, GlaneError, hide_messages, visible
from glane.job.doctor import machine_checks as machine
from glane.job.doctor import network_checks as network
from glane.job.doctor.exchange import Exchange, NodeTask
from glane.job.doctor.report import NodeReport, has_failed, last_line, lines_of_nodes
from glane.job.doctor.storage_checks import check_clock
from glane.job.job_node import FAILED, USER_ERROR
from glane.job.launcher import tell_script
from glane.languages import complain, say
from glane.settings import BatchSettings, DoctorSettings

_AFTER_S = 10.0  # for the last reports, if some nodes did not even come
_BIND = "in a container, add its folder to GLANE_BIND, under environment in slurm/site.yaml."


def main() -> int:
    """Check this node. Return 0 if nothing failed on any node that the first one knows of, 1 otherwise."""
    hide_messages()
    try:
        task = _task(sys.stdin.buffer.read())
        assert isinstance(task.settings.cluster, BatchSettings)
        allocation = scheduler_of(task.settings.cluster).allocation()
    except GlaneError as error:
        complain(f"error: {error}")
        return USER_ERROR
    processes.adopt_orphans()
    limit_s = _longest_s(task.settings)
    watch = threading.Timer(limit_s, _give_up, [allocation, limit_s])
    watch.daemon = True
    watch.start()
    code = _check(task, allocation)
    processes.end_all()
    tell_script(allocation, str(code))
    return code


def _task(given: bytes) -> NodeTask:
    if not given.strip():
        raise ConfigError(
            "cluster.python: what to check did not arrive on standard input. Let the command pass it on, as docker "
            "does with run --interactive."
        )
    return NodeTask.model_validate_json(given)


def _longest_s(settings: DoctorSettings) -> float:
    return 25 * settings.step_s + _AFTER_S


def _give_up(allocation: Allocation, limit_s: float) -> None:
    say(f"[{allocation.host}] error: not done after {limit_s:.0f} s: something hangs", to=sys.stderr)
    os._exit(FAILED)


def _check(task: NodeTask, allocation: Allocation) -> int:
    settings, folder = task.settings, Path(task.folder)
    found = [*_of_this_node(settings, allocation)]
    seen = within("shared folder", settings.step_s, lambda: _shared(folder))
    found.extend(seen)
    report = NodeReport(host=allocation.host, rank=allocation.rank, findings=tuple(found))
    if has_failed(seen):  # nothing can be told to the others
        _say(report)
        return FAILED
    exchange = Exchange(folder, num_nodes=allocation.num_nodes)
    found.extend(_together(settings, allocation, exchange))
    report = NodeReport(host=allocation.host, rank=allocation.rank, findings=tuple(found))
    exchange.report(report)
    if allocation.rank:
        _say(report)
        return FAILED if has_failed(found) else 0
    have_come = len(exchange.told("hello", limit_s=0)) == allocation.num_nodes
    code = _conclude(exchange, 4 * settings.step_s if have_come else _AFTER_S)
    exchange.tell("conclusion", 0, code=code)
    return code


def _say(report: NodeReport) -> None:
    for line in lines_of_nodes([report]):
        print(visible(line), flush=True)


def _conclude(exchange: Exchange, limit_s: float) -> int:
    reports = exchange.reports(limit_s=limit_s)
    absent = [str(rank) for rank in range(exchange.num_nodes) if rank not in reports]
    for line in lines_of_nodes(list(reports.values())):
        print(visible(line), flush=True)
    everything = [finding for report in reports.values() for finding in report.findings]
    say(f"{len(reports)} of {exchange.num_nodes} node(s): {last_line(everything)}")
    if absent:
        say(f"FAILED   no report of task(s) {', '.join(absent)}: see their logs")
    return FAILED if absent or has_failed(everything) else 0


def _of_this_node(settings: DoctorSettings, allocation: Allocation) -> Findings:
    cluster = settings.cluster
    assert isinstance(cluster, BatchSettings)
    checks: list[tuple[str, Callable[[], Findings]]] = [
        ("python", machine.check_python),
        ("GPUs", lambda: [machine.check_gpus(allocation.granted_gpus)]),
        ("cores", lambda: [machine.check_cores(allocation.cpus, allocation.gpus)]),
        ("compiler", lambda: machine.check_compiler(allocation.gpus)),
        ("limits", lambda: machine.check_limits(allocation.gpus)),
        ("temporary files", machine.check_temporary),
        ("caches", lambda: machine.check_caches(_with_caches(cluster, allocation))),
        ("scheduler", lambda: scheduler_of(cluster).findings_on_node() if allocation.num_nodes > 1 else []),
        ("paths", lambda: _paths(settings)),
        ("interface", lambda: [_interface(cluster, allocation)]),
    ]
    found: list[Finding] = []
    for name, check in checks:
        found.extend(within(name, settings.step_s, check))
    return found


def _with_caches(cluster: BatchSettings, allocation: Allocation) -> dict[str, str]:
    """The environment as engines get it."""
    environment = dict(os.environ)
    told = cluster.kernel_cache_dir
    return environment | (cache_variables(environment, told=told) if allocation.gpus else {})


def _interface(cluster: BatchSettings, allocation: Allocation) -> Finding:
    if allocation.num_nodes == 1 and cluster.interface is None:
        return ok("interface", "loopback: there is one node")
    return network.check_interface(own_address(allocation, cluster.interface), cluster.interface)


def _paths(settings: DoctorSettings) -> Findings:
    """Whether this node, or its container, sees what the login node sees."""
    told = {"data.path": settings.data.path}
    if settings.model is not None and Path(settings.model.path).is_absolute():
        told["model.path"] = settings.model.path
    remedy = f"Put it on a file system that all nodes share; {_BIND}"
    return [
        ok(f"sees {name}", path) if _is_there(path) else failed(f"sees {name}", f"{path} is not there", remedy)
        for name, path in told.items()
        if path
    ]


def _is_there(path: str) -> bool:
    pattern = Path(path)
    return pattern.exists() or any(pattern.parent.glob(pattern.name))


def _shared(folder: Path) -> Findings:
    if not folder.is_dir():
        remedy = f"run.dir must be on a file system that all nodes share; {_BIND}"
        return [failed("shared folder", f"{folder} is not there", remedy)]
    trial = folder / f"trial-{os.uname().nodename}-{os.getpid()}"
    trial.mkdir(mode=0o700)
    try:
        return [ok("shared folder", str(folder.parent)), check_clock(trial)]
    finally:
        shutil.rmtree(trial, ignore_errors=True)


def _together(settings: DoctorSettings, allocation: Allocation, exchange: Exchange) -> Findings:
    cluster = settings.cluster
    assert isinstance(cluster, BatchSettings)
    rank, host = allocation.rank, os.uname().nodename
    try:
        address = "127.0.0.1" if allocation.num_nodes == 1 else own_address(allocation, cluster.interface)
    except ConfigError:
        address = allocation.launch_address  # it was told above
    port = network.free_port(address) if rank == 0 else 0
    nccl_port = network.free_port(address) if rank == 0 else 0
    exchange.tell("hello", rank, host=host, address=address, port=port, nccl_port=nccl_port, gpus=allocation.gpus)
    others = exchange.told("hello", limit_s=2 * settings.step_s)
    hosts = {str(one["host"]): str(one["address"]) for one in others.values()}
    found = [*within("host names", settings.step_s, lambda: network.check_names(hosts, host))]
    if len(others) < allocation.num_nodes:
        return [*found, *network.no_collectives(f"{len(others)} of {allocation.num_nodes} nodes came")]
    first, num_nodes = others[0], allocation.num_nodes
    found.extend(
        network.check_collectives(
            "gloo", address=str(first["address"]), port=int(first["port"]), ranks=[rank], world_size=num_nodes,
            limit_s=settings.step_s, own_address=address,
        )
    )  # fmt: skip
    if gpus := min(int(one["gpus"]) for one in others.values()):  # the same number of ranks on each node
        found.extend(
            network.check_collectives(
                "nccl", address=str(first["address"]), port=int(first["nccl_port"]), world_size=num_nodes * gpus,
                ranks=range(rank * gpus, (rank + 1) * gpus), limit_s=settings.step_s, own_address=address,
            )
        )  # fmt: skip
    return found


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # a check that hangs is left behind in a thread
