"""How often the drivers of a run look at its files: seldom where they are many, and never too seldom for who follows."""

import dataclasses
import itertools
import math
import os
import time

import pytest

from conftest import left_alone
from glane.corpus.plan import read_plan
from glane.run import progress
from glane.run.heartbeat import JOB_NAME, Progress, dated_heartbeats
from glane.run.heartbeat_writer import HeartbeatWriter
from glane.run.metrics_file import MetricsFile
from glane.run.pace import LONGEST_S, Pace
from glane.run.progress import ProgressReporter
from glane.settings import RunSettings


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set."""
    hands = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: hands[0])
    return hands


def pause_s(clock, every_s, *, num_jobs, took_s=0.0):
    pace, began = Pace(every_s), clock[0]
    assert pace.is_due
    clock[0] += took_s
    pace.looked(began=began, num_jobs=num_jobs)
    ended = clock[0]
    while not pace.is_due:
        clock[0] += 0.25
    return clock[0] - ended


@pytest.mark.parametrize(
    ("every_s", "num_jobs", "expected_s"),
    [(10, 0, 10), (10, 1, 10), (10, 4, 20), (10, 16, 40), (10, 36, 60), (10, 64, 60), (10, 5000, 60), (0.5, 64, 4), (90, 64, 90)],
)  # fmt: skip
def test_more_jobs_look_more_seldom_up_to_a_minute(clock, every_s, num_jobs, expected_s):
    assert pause_s(clock, every_s, num_jobs=num_jobs) == expected_s


def test_what_all_jobs_ask_grows_far_more_slowly_than_with_the_square_of_their_number(clock):
    """Each look reads the heartbeats of all engines, eight a job."""
    asked = {n: n * 8 * n / pause_s(clock, 10, num_jobs=n) for n in (1, 36, 64)}
    assert asked[36] / asked[1] == pytest.approx(36**1.5, rel=0.01)
    assert asked[64] <= 64 * 8 * 64 / LONGEST_S


def test_a_slow_file_system_is_looked_at_for_a_small_part_of_the_time(clock):
    assert pause_s(clock, 10, num_jobs=1, took_s=5) == pytest.approx(100, abs=0.25)


@pytest.fixture
def run(tmp_path):
    return left_alone(tmp_path)


def begin_jobs(run, numbers, monkeypatch, *, engines=2, ends=False):
    for job, engine in itertools.product(numbers, range(engines)):
        monkeypatch.setenv(JOB_NAME, f"7_{job}")
        writer = HeartbeatWriter(
            run.directory, worker=f"w{job}-{engine}", every_s=10, device="cpu", cpus=1, gpus=0
        )  # fmt: skip
        writer.report(Progress)
        writer.write()
        if ends:
            writer.stop()


def looks(reporter, clock, seconds):
    """After how many seconds each look was."""
    start, found = clock[0], []
    while clock[0] <= start + seconds:
        if reporter.update() is not None:
            found.append(clock[0] - start)
        clock[0] += 0.5
    return found


def test_a_driver_hears_of_the_other_jobs_by_their_heartbeats(run, clock, monkeypatch):
    begin_jobs(run, range(9), monkeypatch)
    begin_jobs(run, range(100, 140), monkeypatch, ends=True)  # they look no more
    with ProgressReporter(run.directory, run.plan, style="none") as reporter:
        assert looks(reporter, clock, 95) == [0, 30, 60, 90]


def test_a_job_alone_tells_every_ten_seconds_as_ever(run, clock, monkeypatch):
    begin_jobs(run, [1], monkeypatch, engines=8)
    with ProgressReporter(run.directory, run.plan, style="none") as reporter:
        assert looks(reporter, clock, 31) == [0, 10, 20, 30]
    lines = run.directory.log.read_text().splitlines()
    assert sum("engine(s) at work" in line for line in lines) == 4


def test_rows_per_second_and_the_time_left_leave_out_the_start_of_engines(run, clock, monkeypatch):
    """A minute of loading before the first rows would make one row a second of ten."""
    done, real = iter([0] * 7 + [100, 200]), progress.snapshot

    def at_work(*told):
        return dataclasses.replace(real(*told), rows_done=next(done), rows_total=400)

    monkeypatch.setattr(progress, "snapshot", at_work)
    with ProgressReporter(run.directory, run.plan, style="none") as reporter:
        assert len(looks(reporter, clock, 80)) == 9
    *starting, first, second = run.directory.log.read_text().splitlines()
    assert all("0.0 rows/s" in line and "ETA unknown" in line for line in starting[-7:])
    assert "10.0 rows/s" in first
    assert "10.0 rows/s" in second
    assert "ETA 0:00:20" in second


def test_a_published_run_is_not_looked_at(run, clock, monkeypatch):
    run.directory.records.mkdir()
    with ProgressReporter(run.directory, run.plan, style="none") as reporter:
        assert looks(reporter, clock, 20) == []


def test_one_look_serves_the_log_and_the_metrics(run, clock, monkeypatch):
    begin_jobs(run, range(4), monkeypatch)
    seen = []
    monkeypatch.setattr(progress, "dated_heartbeats", lambda directory: seen.append(1) or dated_heartbeats(directory))
    metrics = MetricsFile(
        run.directory, read_plan(run.directory.plan), RunSettings(dir=str(run.directory.root)), warn=print
    )
    with ProgressReporter(run.directory, run.plan, style="none") as reporter:
        for _ in range(100):
            metrics.update(reporter.update())
            clock[0] += 0.5
    assert len(seen) == math.ceil(50 / 20)
    assert (run.directory.root / "metrics.prom").exists()


def test_a_heartbeat_is_asked_for_once(run, monkeypatch):
    begin_jobs(run, range(3), monkeypatch)
    asked = []
    real = os.stat
    monkeypatch.setattr(os, "stat", lambda path, *rest, **more: asked.append(str(path)) or real(path, *rest, **more))
    beats = list(dated_heartbeats(run.directory))
    assert len(beats) == 6
    assert all(abs(written - time.time()) < 600 for written, _ in beats)
    assert not [path for path in asked if path.endswith(".json")]
