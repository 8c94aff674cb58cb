"""The first node of a batch job: it runs Ray's head and the driver, and waits for the other nodes."""

from __future__ import annotations

import secrets
import signal
import subprocess
import sys
import time
from typing import Any

from glane.cluster import processes, raynode
from glane.cluster.code import code_warning
from glane.cluster.rendezvous import RendezvousServer
from glane.errors import EngineError
from glane.guard.hold import held
from glane.job.job_node import CANCELLED, FAILED, POLL_S, STOPPED, JobNode
from glane.job.requeue import requeue
from glane.job.time_limit import TimeLimit
from glane.run.metrics_file import remove_collected
from glane.run.oom import oom_kills

_SECRET_BYTES = 32


class FirstNode(JobNode):
    """The first node: it runs Ray's head and the driver."""

    rendezvous: RendezvousServer | None = None
    driver: subprocess.Popen[bytes] | None = None
    code = FAILED
    parts_at_start = 0
    lacked_memory = False

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
            self._open_rendezvous()
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
            if not drop_at and (self.warned or limit.is_near()):
                self.say("the end of this job is near: no new shard is begun")
                (self.folder / "stop").touch()
                drop_at = time.monotonic() + limit.patience_s()
            is_late = drop_at and time.monotonic() > drop_at
            if is_late and not self.directory.is_complete:  # of a complete run, the driver only says so
                self.say("the shards in work take too long to finish: they are dropped and will be redone")
                self.code = STOPPED
                return self.code
            if self.rendezvous is not None and self.rendezvous.doubt:
                raise EngineError(
                    f"{self.rendezvous.doubt}: one that is not of this job knows its secret, and may know what Ray "
                    "asks for (cluster.tls). The job ends; tell who runs the cluster."
                )
            if self.is_ray_dead():
                raise EngineError(f"Ray's head on this node ended.{self._log_tail()}")
            if not is_ready:
                is_ready = self._all_joined()
                if not is_ready and time.monotonic() > deadline:
                    self._begin_without()
                    is_ready = True
            time.sleep(POLL_S)

    def close(self) -> None:
        """End the driver, tell the other nodes the exit code, and end all else."""
        processes.end(self.driver, patience_s=0 if self.cancelled else 3)
        if self.rendezvous is not None:
            self.rendezvous.close(self.code)
        super().close()
        remove_collected(self.directory, self.settings.run)

    def may_go_on(self, code: int) -> bool:
        """Whether the job is to be requeued: this start made progress, and the limit permits it."""
        if self.lacked_memory:
            return False  # the next start would lack it, too
        decided = requeue(
            code,
            restarts=self.allocation.restarts,
            most=self.cluster.max_requeues,
            num_committed=len(self.directory.committed_shards()) - self.parts_at_start,
        )
        if decided.is_wanted and self.allocation.is_interactive:
            self.say("an interactive job is not requeued: the same command goes on, here or in another job")
            return False
        if decided.line:
            self.say(decided.line)
        return decided.is_wanted

    def _open_rendezvous(self) -> None:
        shared = None
        if self.has_tls:
            shared = secrets.token_bytes(_SECRET_BYTES)
            self.take_secret(shared)
        self.rendezvous = RendezvousServer(
            self.allocation.launch_address, self.allocation.secret, host=self.allocation.host, shared=shared,
            num_nodes=self.allocation.num_nodes,
        )  # fmt: skip

    def _start_driver(self) -> None:
        settings = self.folder / "settings.json"
        settings.write_text(self.settings.model_dump_json())
        command = [sys.executable, "-m", "glane.job.driver", str(self.folder), str(self.allocation.array_share)]
        self.driver = processes.start(held(command, self.environment), self.environment)

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
            num_nodes += len(self.rendezvous.joined().keys() - self.left_out)
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
            num_nodes += len(self.rendezvous.joined().keys() - self.left_out)
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
                self.lacked_memory = True
                self.say("this job had too little memory: ask for more (cluster.memory, or sbatch --mem)")
            return FAILED
        return code
