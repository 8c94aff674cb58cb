"""Any other node of a batch job: it joins the Ray of the first one, until that ends the job."""

from __future__ import annotations

import time

from glane.cluster.rendezvous import RendezvousClient, refuse
from glane.cluster.tls import refusal
from glane.errors import EngineError
from glane.job.job_node import CANCELLED, POLL_S, JobNode

_RAY_RESTARTS = 3


class OtherNode(JobNode):
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
            is_sharing=self.has_tls,
        )
        if self.has_tls:
            self.take_secret(rendezvous.shared)
        head, starts = "", 0
        deadline = time.monotonic() + limit
        while not self.cancelled:
            message = rendezvous.receive(POLL_S)
            if message == "lost":
                self._end_job_without_script(rendezvous.first_host)
                raise EngineError("the first node of the job is gone; what is committed stays.")
            if message is not None and message.startswith("end "):
                return int(message.split()[1])
            if message is not None and message.startswith("ray "):
                head = message.split()[1]
                self._check_certificates(head)
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

    def _check_certificates(self, head: str) -> None:
        """See that Ray on the first node and this node take each other's certificates, if they are to have some.

        Raises:
            EngineError: if they do not. The first node knows then that it need not wait.
        """
        if not self.has_tls or not (why := refusal(head, self.folder)):
            return
        complaint = (
            f"cluster.tls: this node and the first one ({head}) refuse each other's certificates: {why}. Do the clocks "
            "of the nodes agree? Only then can they show each other valid ones."
        )
        refuse(
            self.allocation.launch_address, self.allocation.secret, rank=self.allocation.rank,
            host=self.allocation.host, reason=complaint, timeout_s=self.cluster.start_timeout_s,
        )  # fmt: skip
        raise EngineError(complaint)

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
