"""Workers prove that they live: to their own job by answers of their actors, to other jobs by seldom heartbeats."""

import os
import pickle
import signal
import threading
import time
from types import SimpleNamespace

import polars as pl
import pytest

from conftest import make_settings, prepare_run, wait_for, write_documents
from glane.cluster.signs import DEAF_S, Signs
from glane.cluster.slot import Slot
from glane.cluster.watch import Silence
from glane.run.directory import RunDirectory
from glane.run.heartbeat import Heartbeat, Progress, heartbeat_path, is_gone, read_heartbeat
from glane.run.heartbeat_writer import HeartbeatWriter
from glane.settings import RunSettings
from glane.task.task import load_task
from test_kill import assert_exactly_once, start, whole_run

# What a job asks its own actors.


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


class Ray:
    """As much of Ray as asking takes. A reference is what the call returns; None never becomes ready."""

    def __init__(self):
        self.waits = 0

    def wait(self, references, *, num_returns, timeout):
        assert timeout == 0, "the supervisor may not wait for an actor"
        assert num_returns == len(references)
        self.waits += 1
        return [one for one in references if one.answer is not None], []

    def get(self, reference):
        if isinstance(reference.answer, Exception):
            raise reference.answer
        return reference.answer


class Reference:
    def __init__(self, answer):
        self.answer = answer


def beat(steps, *, is_busy=True, seconds=0.0):
    return Heartbeat(
        worker="w", host="n1", identity="n1|", pid=1, process_start="1", started=0, time=seconds, state="working",
        progress=Progress(steps=steps, is_busy=is_busy),
    )  # fmt: skip


def slot_of(answer, clock):
    """A slot whose actor answers with what `answer` returns."""
    calls = []

    def remote():
        calls.append(clock())
        return Reference(answer())

    actor = SimpleNamespace(sign=SimpleNamespace(remote=remote), calls=calls)
    worker = SimpleNamespace(worker="w")
    return Slot(place=None, spec=worker, actor=actor, future=None, silence=Silence(clock), heard_at=clock())


def watched(slots, seconds, *, clock, on_disk=None, every_s=0.5):
    """Look at the slots for some time. Returns how often a heartbeat file was read."""
    reads = []

    def read(worker):
        reads.append(clock())
        return on_disk() if on_disk is not None else None

    signs = Signs(Ray(), read=read, clock=clock)
    until = clock.now + seconds
    while clock.now < until:
        signs.ask(slots)
        found = [signs.of(slot) for slot in slots]
        clock.now += every_s
    return reads, found


def test_of_workers_whose_actors_answer_no_file_is_read():
    clock, steps = Clock(), iter(range(1, 10_000))
    slots = [slot_of(lambda: pickle.dumps(beat(next(steps))), clock) for _ in range(4)]
    reads, found = watched(slots, 60, clock=clock)
    assert reads == []
    assert [one.progress.steps for one in found] == sorted(one.progress.steps for one in found)
    assert min(one.progress.steps for one in found) > 300, "the signs are new ones"


def test_an_actor_that_does_not_answer_is_asked_once_and_judged_by_its_file():
    clock = Clock()
    deaf = slot_of(lambda: None, clock)
    reads, (found,) = watched([deaf], DEAF_S, clock=clock)
    assert found is None
    assert not reads, "it may still be starting"
    reads, (found,) = watched([deaf], 60, clock=clock, on_disk=lambda: beat(7))
    assert found.progress.steps == 7
    assert len(deaf.actor.calls) == 1, "calls do not pile up"
    assert 100 < len(reads) <= 121


def test_an_actor_that_is_gone_raises_and_costs_nothing():
    clock = Clock()
    gone = slot_of(lambda: RuntimeError("the actor died"), clock)
    watched([gone], 5, clock=clock)
    assert gone.asked is None
    assert gone.heard is None


@pytest.mark.parametrize("count", [1, 8, 512])
def test_the_calls_of_one_driver_are_bounded(count):
    clock = Clock()
    slots = [slot_of(lambda: pickle.dumps(beat(1)), clock) for _ in range(count)]
    watched(slots, 60, clock=clock)
    assert sum(len(slot.actor.calls) for slot in slots) <= 60 * 129
    assert all(len(slot.actor.calls) >= 13 for slot in slots), "each is asked every four seconds at least"


# What a worker writes and tells.


def writer(directory, *, every_s, tell=None):
    return HeartbeatWriter(directory, worker="w", every_s=every_s, device="cpu", cpus=1, gpus=0, tell=tell)


def test_a_worker_tells_its_actor_often_and_writes_seldom(tmp_path):
    directory = RunDirectory(root=tmp_path / "run")
    directory.create()
    told, written = [], []
    one = writer(directory, every_s=60, tell=told.append)
    one.start()
    one.report(lambda: Progress(steps=len(told)))
    written.append(read_heartbeat(directory, "w").time)
    wait_for(lambda: len(told) >= 3, 20)
    assert read_heartbeat(directory, "w").time == written[0], "nothing was written meanwhile"
    assert [sign.state for sign in told] == ["working"] * len(told)
    one.stop()
    assert read_heartbeat(directory, "w").state == "ended"


def test_an_actor_that_is_suspended_does_not_keep_the_heartbeats_of_its_worker_from_being_written(tmp_path):
    directory = RunDirectory(root=tmp_path / "run")
    directory.create()
    forever = threading.Event()
    one = writer(directory, every_s=0.1, tell=lambda _: forever.wait(60))
    one.start()
    first = read_heartbeat(directory, "w").time
    wait_for(lambda: read_heartbeat(directory, "w").time > first + 1, 20)
    began = time.monotonic()
    one.stop()
    assert time.monotonic() - began < 10
    forever.set()


def test_a_heartbeat_that_could_not_be_written_is_tried_again_soon(tmp_path, monkeypatch):
    directory = RunDirectory(root=tmp_path / "run")
    directory.create()
    monkeypatch.setattr("glane.run.heartbeat_writer._AGAIN_S", 0.1)
    one = writer(directory, every_s=1.0)
    write, tried = one.write, []

    def failing():
        tried.append(time.monotonic())
        if len(tried) < 4:
            raise OSError(5, "Input/output error")
        write()

    monkeypatch.setattr(one, "write", failing)
    one._thread.start()
    wait_for(lambda: len(tried) >= 4, 20)
    one.stop()
    assert tried[3] - tried[0] < 2.5, "and not a whole heartbeat later each time"


# What other jobs conclude.


@pytest.mark.parametrize("lease_s", [6.0, 20.0, 60.0, 120.0, 3600.0])
def test_in_batch_jobs_heartbeats_are_seldom_and_a_lease_is_several_of_them(lease_s):
    run = RunSettings(dir="run", lease_s=lease_s)
    assert run.beats_every_s() == 2.0
    every_s = run.beats_every_s(in_batch_job=True)
    assert every_s <= 10.0
    assert lease_s / every_s >= 6, "five may be missed before a shard is taken from a worker that lives"
    assert RunSettings(dir="run", heartbeat_s=1.5, lease_s=lease_s).beats_every_s(in_batch_job=True) == 1.5


def test_by_default_a_batch_job_writes_a_fifth_as_often_and_takeover_takes_as_long():
    run = RunSettings(dir="run")
    assert (run.lease_s, run.beats_every_s(in_batch_job=True)) == (60.0, 10.0)


@pytest.mark.parametrize("clock_ahead_s", [-7200.0, 0.0, 7200.0])
@pytest.mark.parametrize(("age_s", "gone"), [(0, False), (10, False), (51, False), (59, False), (61, True)])
def test_a_worker_elsewhere_is_judged_by_the_clock_of_the_file_system_alone(tmp_path, age_s, gone, clock_ahead_s):
    directory = RunDirectory(root=tmp_path / "run")
    directory.create()
    now = time.time()
    directory.write_record(heartbeat_path(directory, "w"), beat(3, seconds=now + clock_ahead_s))
    os.utime(heartbeat_path(directory, "w"), (now - age_s, now - age_s))
    assert is_gone(directory, "w", now=now, lease_s=60) is gone


@pytest.mark.slow
def test_a_worker_that_lives_keeps_its_shard_for_many_leases(tmp_path):
    """Its one shard takes several leases, with heartbeats as seldom as batch jobs have them: six to a lease."""
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(8)])
    settings = make_settings(
        data, tmp_path / "run", run__shard_rows=8, run__heartbeat_s=1.0, run__lease_s=6.0, model__max_num_seqs=1,
        model__script={"seconds_per_step": 2.0},
    )  # fmt: skip
    slow = start(whole_run, settings, "slow")
    claims = tmp_path / "run" / "ledger" / "claims"
    wait_for(lambda: (claims / "0").is_symlink(), 60)
    other = start(whole_run, settings, "other")
    for one in (slow, other):
        one.join(120)
        assert one.exitcode == 0
    shards = pl.read_parquet(tmp_path / "run" / "ledger" / "shards.parquet")
    assert shards["worker"].to_list() == ["slow"]
    assert shards["committed"][0] - shards["started"][0] > 12
    assert_exactly_once(tmp_path / "run", 8)


@pytest.mark.slow
def test_a_job_that_is_suspended_for_longer_than_a_lease_loses_its_shards_and_doubles_nothing(tmp_path):
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(48)])
    settings = make_settings(
        data, tmp_path / "run", run__shard_rows=4, run__heartbeat_s=0.6, run__lease_s=2.0, model__max_num_seqs=1,
        model__script={"seconds_per_step": 0.1},
    )  # fmt: skip
    run = prepare_run(settings, load_task(settings.task))
    asleep = start(whole_run, settings, "asleep")
    wait_for(lambda: len(run.directory.committed_shards()) >= 2, 60)
    os.kill(asleep.pid, signal.SIGSTOP)
    began = time.monotonic()
    awake = start(whole_run, settings, "awake")
    try:
        wait_for(lambda: len(run.directory.committed_shards()) >= 11 or run.directory.is_complete, 90)
        assert time.monotonic() - began > 1.5
    finally:
        os.kill(asleep.pid, signal.SIGCONT)
    for one in (asleep, awake):
        one.join(90)
        assert one.exitcode == 0
    assert set(pl.read_parquet(run.directory.ledger / "shards.parquet")["worker"]) == {"asleep", "awake"}
    assert_exactly_once(tmp_path / "run", 48)
