"""The launcher: one task of a batch job on one node. It starts Ray, on the first node also the driver, and ends both.

Every wait has a time limit with a message. Only processes of our own are ended. The exit code says what happened.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from glane.cluster import processes, raynode
from glane.cluster.address import network_variables, own_address
from glane.cluster.code import code_warning
from glane.cluster.forkserver import fork_server
from glane.cluster.kernel_cache import cache_variables
from glane.cluster.local import FOREIGN, ray_environment
from glane.cluster.rendezvous import RendezvousClient, RendezvousServer, refuse
from glane.cluster.scheduler import Allocation
from glane.cluster.schedulers import scheduler_of
from glane.cluster.scratch import scratch_folder, write_token
from glane.cluster.staging import stage_weights
from glane.engine.device import gpu_complaint
from glane.engine.preload import OFFLINE
from glane.engine.registry import engine_kind
from glane.errors import ConfigError, EngineError, GlaneError, hide_messages
from glane.job.accounting import begin_account
from glane.job.time_limit import TimeLimit
from glane.run.deaths import bury_windows
from glane.run.directory import run_directory
from glane.run.heartbeat import JOB_NAME, mark_host_ended
from glane.run.metrics_file import remove_collected
from glane.run.nested import with_nested
from glane.run.oom import oom_kills
from glane.run.site_log import SITE_LOG
from glane.settings import BatchSettings, ExtractSettings

FAILED, USER_ERROR, STOPPED, CANCELLED = 1, 2, 75, 143
_POLL_S = 0.2
_RAY_RESTARTS = 3
_END_OTHERS_S = 60.0
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy", "grpc_proxy")


def launch(settings: ExtractSettings) -> int:
    """Do this node's part of the job. Return the exit code, which is 0 only if the run is complete.

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
    if (log := scheduler.site_log()) is not None:
        os.environ.setdefault(SITE_LOG, str(log))
    account, code = begin_account(settings, allocation), FAILED
    try:
        code = _launched(settings, settings.cluster, allocation)
    finally:
        if allocation.rank == 0:
            account.end(code, warn=lambda line: print(f"warning: {line}", file=sys.stderr, flush=True))
    return code


def _launched(settings: ExtractSettings, cluster: BatchSettings, allocation: Allocation) -> int:
    engine = None if allocation.gpus else settings.model.engine
    with (
        processes.core_dumps(allowed=settings.run.core_dumps),
        scratch_folder() as folder,
        fork_server(folder, engine=engine) as variables,
    ):
        os.environ.update(variables)
        code, may_go_on = _do(settings, cluster, allocation, folder)
    # Jobs of an array that was submitted as one work on one run. What `sbatch --array` starts may be several runs.
    is_whole_array = code == 0 and cluster.array is not None
    word = " requeue" if may_go_on else " complete" if is_whole_array else ""
    tell_script(allocation, f"{code}{word}")
    return code


def tell_script(allocation: Allocation, message: str) -> None:
    """Have the first node tell the batch script how the job ended; see `Allocation.exit_code_file`."""
    path = allocation.exit_code_file
    if allocation.rank or path is None:
        return
    try:
        _rewrite(path, f"{message}\n")
    except OSError as error:
        print(
            f"warning: the batch script is not told how this ended ({path}: {os.strerror(error.errno or 0)}). A "
            "container must see the folder that the job was submitted from.",
            file=sys.stderr, flush=True,
        )  # fmt: skip


def _rewrite(path: Path, text: str) -> None:
    """Replace what a file of our own holds: others may have put a link to another of our files in its place."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "w") as stream:
        status = os.fstat(descriptor)
        if status.st_uid != os.getuid() or status.st_nlink > 1:
            raise PermissionError(errno.EPERM, "is not the batch script's")
        stream.truncate(0)
        stream.write(text)


def _do(settings: ExtractSettings, cluster: BatchSettings, allocation: Allocation, folder: Path) -> tuple[int, bool]:
    """This node's part of the job: its exit code, and whether the job is to be requeued."""
    try:
        needs_gpus = engine_kind(settings.model.engine).needs_hardware
        if needs_gpus and (complaint := gpu_complaint(allocation.granted_gpus, allocation.gpu_partitions)):
            _refuse(allocation, complaint, timeout_s=cluster.start_timeout_s)
            raise ConfigError(complaint)
        node = (_LeadNode if allocation.rank == 0 else _WorkerNode)(settings, cluster, allocation, folder)
    except GlaneError as error:  # a setting that can be checked only on the node
        print(f"[{allocation.host}] error: {error}", file=sys.stderr, flush=True)
        if allocation.rank == 0 and allocation.num_nodes > 1:
            _end_others(allocation)
        return USER_ERROR, False
    try:
        code = node.run()
    except GlaneError as error:
        node.say(f"error: {error}")
        code = FAILED
    finally:
        node.close()
    return code, code == STOPPED and node.may_go_on()


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
        time.sleep(_POLL_S)
    rendezvous.close(USER_ERROR)


class _Node:
    """What all nodes do."""

    def __init__(self, settings: ExtractSettings, cluster: BatchSettings, allocation: Allocation, folder: Path) -> None:
        self.settings, self.cluster, self.allocation, self.folder = settings, cluster, allocation, folder
        self.scheduler = scheduler_of(cluster)
        run = settings.run
        self.directory = run_directory(run)
        self.warned = self.cancelled = self.driver_was_killed = False
        self.killed_before = oom_kills()
        self.ray: subprocess.Popen[bytes] | None = None
        self.is_alone = allocation.num_nodes == 1
        self.address = "127.0.0.1" if self.is_alone else own_address(allocation, cluster.interface)
        # Ray's token is the job's secret: only processes that the batch script started know it.
        self.environment = self._environment(write_token(folder, allocation.secret.hex()))
        signal.signal(signal.SIGUSR2, self._warn)
        signal.signal(signal.SIGTERM, self._cancel)

    def say(self, line: str) -> None:
        print(f"[{self.allocation.host}] {line}", file=sys.stderr, flush=True)

    def start_ray(self, head: str | None) -> None:
        """Start Ray on this node, in a new folder: it must not find the files of a Ray that was killed."""
        place = self.folder / secrets.token_hex(2)
        place.mkdir()
        self.place = place
        command = raynode.command(
            address=self.address, folder=place, cpus=self.allocation.cpus, gpus=self.allocation.gpus, head=head
        )
        with open(place / "ray.log", "wb") as log:
            self.ray = processes.start(command, self.environment, stdout=log.fileno())

    def is_ray_dead(self) -> bool:
        return self.ray is not None and self.ray.poll() is not None

    def close(self) -> None:
        """End all our processes on this node."""
        processes.end(self.ray, patience_s=0 if self.cancelled else 5)
        if left := processes.end_all():
            self.say(f"{left} process(es) would not end")
        if self.driver_was_killed:
            self._record_deaths()
        mark_host_ended(self.directory, job=self.allocation.name)

    def _record_deaths(self) -> None:
        """Record what was in the engines of workers that are gone: a document may have taken the driver along."""
        for place in with_nested(self.directory):
            with contextlib.suppress(GlaneError, OSError):
                bury_windows(place, lease_s=self.settings.run.lease_s)

    def may_go_on(self) -> bool:
        """Whether the job is to be requeued, by this node. Only the first one says that."""
        return False

    def _environment(self, token: Path) -> dict[str, str]:
        environment = {
            name: value for name, value in os.environ.items() if name not in FOREIGN and name.lower() not in _PROXIES
        }
        is_loopback = self.address.startswith("127.")
        # A site may have named interfaces in slurm/env.sh. All else that engines read must reach those of other nodes.
        network = network_variables(self.address) | {
            name: value for name, value in environment.items() if name.endswith("_SOCKET_IFNAME")
        }
        caches = cache_variables(environment) if self.allocation.gpus else {}
        ours = ray_environment(token, is_loopback=is_loopback) | OFFLINE | {"no_proxy": "*"}
        staged = stage_weights(self.settings.model, self.cluster, self.folder, say=self.say)
        return environment | network | caches | ours | staged

    def _warn(self, *_: Any) -> None:
        self.warned = True

    def _cancel(self, *_: Any) -> None:
        self.cancelled = True


class _LeadNode(_Node):
    """The first node: it runs Ray's head and the driver."""

    rendezvous: RendezvousServer | None = None
    driver: subprocess.Popen[bytes] | None = None
    code = FAILED
    parts_at_start = 0

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.left_out: set[int] = set()  # ranks of nodes that cannot work

    def run(self) -> int:
        """Start Ray, wait for the other nodes, and run the driver to its end. Return the exit code."""
        self.code = FAILED
        if warning := code_warning():
            self.say(f"warning: {warning}")
        self.parts_at_start = len(self.directory.committed_shards())
        if not self.is_alone:
            self.rendezvous = RendezvousServer(
                self.allocation.launch_address, self.allocation.secret, host=self.allocation.host
            )
        if self.allocation.gpus and self.allocation.cpus < 2 * self.allocation.gpus:
            self.say(
                f"{self.allocation.cpus} core(s) for {self.allocation.gpus} GPU(s) will keep them waiting: "
                "ask for more (cluster.cpus_per_node, or sbatch --cpus-per-task)"
            )
        self.start_ray(head=None)
        self._start_driver()
        deadline = time.monotonic() + self.cluster.start_timeout_s
        limit = TimeLimit(self.allocation, self.scheduler, warning_s=self.cluster.warning_s)
        is_ready, drop_at = False, 0.0
        while True:
            assert self.driver is not None
            if (code := self.driver.poll()) is not None:
                self.code = self._driver_code(code)
                return self.code
            if self.cancelled:
                who = self.scheduler.title
                self.say(f"{who} ends this job (cancelled, preempted or out of time); what is committed stays")
                self.code = CANCELLED
                return self.code
            if (self.warned or limit.is_near()) and not drop_at:
                self.say("the end of this job is near: no new shard is begun")
                (self.folder / "stop").touch()
                drop_at = time.monotonic() + limit.patience_s()
            is_late = drop_at and time.monotonic() > drop_at
            if is_late and not self.directory.is_complete:  # of a complete run, the driver only says so
                self.say("the shards in work take too long to finish: they are dropped and will be redone")
                self.code = STOPPED
                return self.code
            if self.is_ray_dead():
                raise EngineError(f"Ray's head on this node ended.{self._log_tail()}")
            if not is_ready:
                is_ready = self._all_joined()
                if not is_ready and time.monotonic() > deadline:
                    self._begin_without()
                    is_ready = True
            time.sleep(_POLL_S)

    def close(self) -> None:
        processes.end(self.driver, patience_s=0 if self.cancelled else 3)
        if self.rendezvous is not None:
            self.rendezvous.close(self.code)
        super().close()
        remove_collected(self.directory, self.settings.run)

    def may_go_on(self) -> bool:
        """Whether the job is to be requeued: this start made progress, and the limit permits it."""
        restarts, most = self.allocation.restarts, self.cluster.max_requeues
        if self.allocation.is_interactive:
            self.say("an interactive job is not requeued: the same command goes on, here or in another job")
            return False
        if restarts >= most:
            self.say(f"started {restarts + 1} times (cluster.max_requeues={most}); submit again to go on")
            return False
        if len(self.directory.committed_shards()) <= self.parts_at_start:
            self.say(
                "not one shard was committed before the time limit: not requeued. Raise cluster.time, or lower "
                "run.shard_rows in a new run"
            )
            return False
        self.say(f"to be requeued (start {restarts + 2} of at most {most + 1})")
        return True

    def _start_driver(self) -> None:
        settings = self.folder / "settings.json"
        settings.write_text(self.settings.model_dump_json())
        command = [sys.executable, "-m", "glane.job.driver", str(self.folder), str(self.allocation.array_share)]
        self.driver = processes.start(command, self.environment)

    def _all_joined(self) -> bool:
        """Whether all nodes have joined that can work. If so, the driver learns Ray's address.

        Raises:
            EngineError: if too few can.
        """
        address = raynode.ready_address(self.place)
        if address is None:
            return False
        num_nodes = 1
        if self.rendezvous is not None:
            self.rendezvous.announce(address)
            for rank, why in self.rendezvous.refused().items():
                if rank not in self.left_out:
                    self.left_out.add(rank)
                    self.say(f"a node is left out: {why}")
            num_nodes += len(self.rendezvous.joined())
            if num_nodes + len(self.left_out) < self.allocation.num_nodes:
                return False
            if num_nodes < self.cluster.min_nodes:
                raise EngineError(
                    f"{num_nodes} of {self.allocation.num_nodes} nodes can work, and cluster.min_nodes asks for "
                    f"{self.cluster.min_nodes}. Their part of this log says why the others cannot."
                )
        self._ready(address, num_nodes)
        return True

    def _ready(self, address: str, num_nodes: int) -> None:
        """Write Ray's address to the file that the driver waits for."""
        ready = self.folder / "ray.json.tmp"
        ready.write_text(f'{{"address": "{address}", "num_nodes": {num_nodes}}}')
        ready.replace(self.folder / "ray.json")

    def _begin_without(self) -> None:
        """Begin with the nodes that came.

        Raises:
            EngineError: if Ray did not start here, or fewer nodes came than are enough.
        """
        address, num_nodes = raynode.ready_address(self.place), 1
        if self.rendezvous is not None:
            num_nodes += len(self.rendezvous.joined())
        if address is None or num_nodes < self.cluster.min_nodes:
            raise EngineError(self._who_is_missing())
        self.say(f"{self._who_is_missing()} The work begins without them; late nodes join")
        self._ready(address, num_nodes)

    def _who_is_missing(self) -> str:
        limit = self.cluster.start_timeout_s
        if raynode.ready_address(self.place) is None:
            return f"Ray did not start on this node within {limit:.0f} s.{self._log_tail()}"
        assert self.rendezvous is not None
        joined = self.rendezvous.joined()
        missing = [str(rank) for rank in range(1, self.allocation.num_nodes) if rank not in joined]
        return (
            f"after {limit:.0f} s (cluster.start_timeout_s), {len(missing)} of {self.allocation.num_nodes} nodes have "
            f"not joined: task(s) {', '.join(missing)}; joined: {', '.join(sorted(joined.values())) or 'none'}. "
            "Their part of this log says why."
        )

    def _log_tail(self) -> str:
        lines = (self.place / "ray.log").read_text(errors="replace").splitlines()[-5:]
        return "".join(f"\n  {line}" for line in lines)

    def _driver_code(self, code: int) -> int:
        if code < 0:
            self.driver_was_killed = not self.cancelled
            self.say(f"the driver was killed by signal {-code} ({signal.Signals(-code).name}); what is committed stays")
            if -code == signal.SIGKILL and oom_kills() > self.killed_before:
                self.say("this job had too little memory: ask for more (cluster.memory, or sbatch --mem)")
            return FAILED
        return code


class _WorkerNode(_Node):
    """Any other node: it joins Ray, and runs until the first node ends the job."""

    def run(self) -> int:
        """Join the first node's Ray, and join again if this node's Ray dies. Return the job's exit code."""
        allocation, limit = self.allocation, self.cluster.start_timeout_s
        rendezvous = RendezvousClient(
            allocation.launch_address,
            allocation.secret,
            rank=allocation.rank,
            host=allocation.host,
            timeout_s=limit,
        )
        head, starts = "", 0
        deadline = time.monotonic() + limit
        while not self.cancelled:
            message = rendezvous.receive(_POLL_S)
            if message == "lost":
                self._end_job_without_script(rendezvous.first_host)
                raise EngineError("the first node of the job is gone; what is committed stays.")
            if message is not None and message.startswith("end "):
                return int(message.split()[1])
            if message is not None and message.startswith("ray "):
                head = message.split()[1]
                self.start_ray(head)
            if not head and time.monotonic() > deadline:
                raise EngineError(f"the first node of the job had no Ray within {limit:.0f} s.")
            if self.is_ray_dead():
                starts += 1
                if starts > _RAY_RESTARTS:
                    raise EngineError(f"Ray ended {starts} times on this node.")
                self.say("Ray ended on this node; starting it again")
                self.start_ray(head)
        return CANCELLED

    def _end_job_without_script(self, first_host: str) -> None:
        """Requeue or cancel the job if the node with its batch script is lost.

        The scheduler itself would keep the job's other nodes idle until its time limit.
        """
        job, restarts = self.allocation.job_id, self.allocation.restarts
        if self.scheduler.is_node_up(first_host):
            return  # its batch script ends the job as soon as this task is gone
        if restarts < self.cluster.max_requeues and self.scheduler.requeue(job) is None:
            self.say(f"node {first_host} is lost and the batch script with it: the job is requeued")
        else:
            self.say(f"node {first_host} is lost and the batch script with it: the job is cancelled, submit it again")
            self.scheduler.cancel(job)
