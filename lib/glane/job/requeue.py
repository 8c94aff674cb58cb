"""Whether a batch job that did not complete its run goes back into the queue."""

from __future__ import annotations

from dataclasses import dataclass

from glane.job.job_node import FAILED, STOPPED


@dataclass(frozen=True, slots=True, kw_only=True)
class Requeue:
    """What becomes of a job, and a line that says so; none where nothing is to be said."""

    is_wanted: bool
    line: str = ""


def requeue(code: int, *, restarts: int, most: int, num_committed: int) -> Requeue:
    """Decide for a job that ended with `code`.

    The time limit, a lost node, a dead Ray or a killed driver say nothing against the work: the job goes on as long as
    each start commits something. What a user can mend, and what was cancelled, is not tried again.

    Args:
        code: The exit code of the job.
        restarts: How often the scheduler has started it before.
        most: How often it may put itself back.
        num_committed: How many shards were committed since this start.
    """
    if code not in (STOPPED, FAILED):
        return Requeue(is_wanted=False)
    if num_committed <= 0:
        if code == FAILED:
            return Requeue(is_wanted=False, line="not one shard was committed since the start: not requeued")
        return Requeue(
            is_wanted=False,
            line="not one shard was committed before the time limit: not requeued. Raise cluster.time, or lower "
            "run.shard_rows in a new run",
        )
    if restarts >= most:
        said = f"started {restarts + 1} times (cluster.max_requeues={most}); submit again to go on"
        return Requeue(is_wanted=False, line=said)
    return Requeue(is_wanted=True, line=f"to be requeued (start {restarts + 2} of at most {most + 1})")
