"""What every node of a batch job does: its Ray, its environment, its signals, and the end of all its processes."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from glane.cluster import processes, raynode
from glane.cluster.address import NAMING, network_variables, own_address
from glane.cluster.kernel_cache import cache_variables
from glane.cluster.local import FOREIGN, ray_environment
from glane.cluster.scheduler import Allocation
from glane.cluster.schedulers import scheduler_of
from glane.cluster.scratch import token_path, write_token
from glane.cluster.staging import stage_weights
from glane.cluster.tls import plain_variables, ray_token, tls_variables, write_certificates
from glane.engine.preload import OFFLINE
from glane.errors import GlaneError
from glane.guard.hold import held
from glane.languages import say
from glane.run.deaths import bury_windows
from glane.run.directory import run_directory
from glane.run.heartbeat import mark_host_ended
from glane.run.nested import with_nested
from glane.run.oom import oom_kills
from glane.run.publisher import publishers_directory
from glane.settings import BatchSettings, JobSettings

FAILED, USER_ERROR, STOPPED, CANCELLED = 1, 2, 75, 143
POLL_S = 0.2
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy", "grpc_proxy")


class JobNode:
    """One task of a batch job, with its Ray: what all nodes do."""

    def __init__(self, settings: JobSettings, cluster: BatchSettings, allocation: Allocation, folder: Path) -> None:
        self.settings, self.cluster, self.allocation, self.folder = settings, cluster, allocation, folder
        self.scheduler = scheduler_of(cluster)
        self.directory, *self.others = [run_directory(one.run) for one in settings.each()]
        self.warned = self.cancelled = self.driver_was_killed = False
        self.killed_before = oom_kills()
        self.ray: subprocess.Popen[bytes] | None = None
        self.is_alone = allocation.num_nodes == 1
        self.address = "127.0.0.1" if self.is_alone else own_address(allocation, cluster.interface)
        # Ray's token is the job's secret: only processes that the batch script started know it. With TLS, it is one
        # that was never on the network.
        self.has_tls = cluster.tls and not self.is_alone
        self.environment = self._environment(token_path(folder))
        if not self.has_tls:
            write_token(folder, allocation.secret.hex())
        signal.signal(signal.SIGUSR2, self._warn)
        signal.signal(signal.SIGTERM, self._cancel)

    def say(self, line: str) -> None:
        """Write a line to the job's log."""
        say(f"[{self.allocation.host}] {line}", to=sys.stderr)

    def start_ray(self, head: str | None) -> None:
        """Start Ray on this node, in a new folder: it must not find the files of a Ray that was killed."""
        place = self.folder / secrets.token_hex(2)
        place.mkdir()
        self.place = place
        command = raynode.command(
            address=self.address, folder=place, cpus=self.allocation.cpus, gpus=self.allocation.gpus, head=head
        )
        with open(place / "ray.log", "wb") as log:
            self.ray = processes.start(held(command, self.environment), self.environment, stdout=log.fileno())

    def is_ray_dead(self) -> bool:
        """Whether one of Ray's processes on this node has ended."""
        return self.ray is not None and self.ray.poll() is not None

    def close(self) -> None:
        """End all our processes on this node."""
        processes.end(self.ray, patience_s=0 if self.cancelled else 5)
        if left := processes.end_all():
            self.say(f"{left} process(es) would not end")
        if self.driver_was_killed:
            self._record_deaths()
        for place in (self.directory, publishers_directory(self.directory), *self.others):
            mark_host_ended(place, job=self.allocation.name)

    def _record_deaths(self) -> None:
        """Record what was in the engines of workers that are gone: a document may have taken the driver along."""
        for place in [found for one in (self.directory, *self.others) for found in with_nested(one)]:
            with contextlib.suppress(GlaneError, OSError):
                bury_windows(place, lease_s=self.settings.run.lease_s)

    def may_go_on(self, code: int) -> bool:  # noqa: ARG002
        """Whether the job is to be requeued, by this node. Only the first one says that."""
        return False

    def _environment(self, token: Path) -> dict[str, str]:
        environment = {
            name: value for name, value in os.environ.items() if name not in FOREIGN and name.lower() not in _PROXIES
        }
        is_loopback = self.address.startswith("127.")
        # A site may have named interfaces in its file. All else that engines read must reach those of other nodes.
        network = network_variables(self.address) | {
            name: value for name, value in environment.items() if name.endswith(NAMING)
        }
        told = self.cluster.kernel_cache_dir
        caches = cache_variables(environment, told=told, say=self.say) if self.allocation.gpus else {}
        ours = ray_environment(token, is_loopback=is_loopback) | OFFLINE | {"no_proxy": "*"}
        model = self.settings.model
        staged = {} if model is None else stage_weights(model, self.cluster, self.folder, say=self.say)
        return environment | network | caches | ours | self._between_nodes() | staged

    def _between_nodes(self) -> dict[str, str]:
        """How Ray's processes on the nodes of the job speak to each other."""
        if self.is_alone:
            return {}
        return tls_variables(self.folder) if self.has_tls else plain_variables()

    def take_secret(self, secret: bytes) -> None:
        """Write what Ray needs to show that this node is of the job: its token, and this node's certificate."""
        write_token(self.folder, ray_token(secret).hex())
        write_certificates(self.folder, secret, names=(self.address, self.allocation.host))

    def _warn(self, *_: Any) -> None:
        self.warned = True

    def _cancel(self, *_: Any) -> None:
        self.cancelled = True
