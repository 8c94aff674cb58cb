"""Which batch jobs go back into the queue."""

import pytest

from glane.errors import ConfigError, EngineError, LostError
from glane.job.job_node import CANCELLED, FAILED, STOPPED, USER_ERROR
from glane.job.requeue import requeue


@pytest.mark.parametrize("code", [STOPPED, FAILED])
@pytest.mark.parametrize(
    ("restarts", "most", "num_committed", "is_wanted", "said"),
    [
        (0, 20, 1, True, "start 2 of at most 21"),
        (19, 20, 3, True, "start 21 of at most 21"),
        (20, 20, 3, False, "started 21 times (cluster.max_requeues=20)"),
        (0, 0, 3, False, "cluster.max_requeues=0"),
        (0, 20, 0, False, "not one shard was committed"),
        (0, 20, -7, False, "not one shard was committed"),  # published since: the parts are gone
    ],
)
def test_a_job_goes_on_while_each_start_gets_something_done(code, restarts, most, num_committed, is_wanted, said):
    decided = requeue(code, restarts=restarts, most=most, num_committed=num_committed)
    assert decided.is_wanted is is_wanted
    assert said in decided.line


@pytest.mark.parametrize("code", [0, 4, USER_ERROR, CANCELLED])
def test_what_is_done_cancelled_or_to_be_mended_is_not_tried_again(code):
    decided = requeue(code, restarts=0, most=20, num_committed=5)
    assert not decided.is_wanted
    assert not decided.line


def test_only_the_time_limit_asks_for_more_time():
    stopped, failed = (requeue(code, restarts=0, most=20, num_committed=0).line for code in (STOPPED, FAILED))
    assert "cluster.time" in stopped
    assert "cluster.time" not in failed


def test_lost_nodes_are_no_mistake_of_the_user():
    assert LostError.exit_code == FAILED
    assert ConfigError.exit_code == EngineError.exit_code == USER_ERROR
