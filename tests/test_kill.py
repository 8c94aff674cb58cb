"""SIGKILL at every file operation and at random moments: nothing is lost, nothing is doubled."""

import itertools
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from conftest import SMALL_TASK, make_settings, prepare_each, prepare_run, several, spec, write_documents
from fork_server import forks, killed_at_random
from glane.job.leading import led
from glane.job.several import refuse_apart
from glane.run.deaths import Window, record_death
from glane.run.heartbeat import Heartbeat
from glane.run.publish import finish_run
from glane.run.publisher import sole_publisher
from glane.run.suspects import Suspects
from glane.run.worker import run_worker
from glane.task.task import load_task

FORK = forks()


def start(target, *args):
    process = FORK.Process(target=target, args=args)
    process.start()
    return process


def killed_at(settings_file, limit, worker, names=()):
    import killer

    sys.argv = ["killer", settings_file, str(limit), worker, *names]
    killer.main()


def whole_run(settings, worker):
    settings = led(settings)
    first, *others = prepare_each(settings)
    refuse_apart([first, *others])
    if not first.directory.is_complete:
        report = run_worker(spec(settings, first, worker, start=random.Random(worker).random()))
        if report.outcome != "done":
            os._exit(3)
    with sole_publisher(first.directory, heartbeat_s=60, lease_s=180):
        for run in (*others, first):
            finish_run(run, record_mib=1)


def assert_exactly_once(run, count):
    rows = pl.read_parquet(run / "records" / "*.parquet")
    assert rows["id"].to_list() == [f"d{i}" for i in range(count)]
    assert set(rows["status"]) == {"OK"}
    assert json.loads((run / "summary.json").read_text())["flow"]["OK"] == count
    assert not (run / "parts").exists()
    assert not list(run.glob(".records*"))


OTHER_TASK = SMALL_TASK | {"name": "other", "instructions": "Relis le texte.", "fields": {"place": {"type": "string"}}}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("others", "names", "least"),
    [
        pytest.param((), (), 60, id="one task"),
        # Of two tasks, before each commit, publication and first file of either run.
        pytest.param((OTHER_TASK,), ("link", "rename"), 10, id="two tasks"),
    ],
)
def test_a_kill_before_every_single_file_operation_is_survived(tmp_path, others, names, least):
    """Each run is killed at its n-th operation, then finished: n from 1 until nothing is left to kill."""
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(12)])
    survived = 0
    for limit in itertools.count(1):
        run = tmp_path / f"run{limit}"
        settings = make_settings(data, run, run__shard_rows=4, run__heartbeat_s=60, run__lease_s=180)
        settings = several(settings, *others) if others else settings
        file = tmp_path / f"{limit}.json"
        file.write_text(settings.model_dump_json())
        first = start(killed_at, str(file), limit, "first", names)
        first.join(60)
        if first.exitcode == 0:
            break
        assert first.exitcode == -signal.SIGKILL
        second = start(whole_run, settings, "second")
        second.join(60)
        assert second.exitcode == 0, f"not resumed after a kill at operation {limit}"
        for one in settings.each():
            assert_exactly_once(Path(one.run.dir), 12)
        survived += 1
    assert survived >= least


@pytest.mark.slow
def test_hundreds_of_kills_at_random_moments_of_two_workers_at_once(tmp_path):
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(400)])
    rng = random.Random(7)
    kills = 0
    for round_number in range(4):
        run = tmp_path / f"run{round_number}"
        settings = make_settings(
            data,
            run,
            run__shard_rows=8,
            model__script={"seconds_per_step": 0.01},
            model__max_num_seqs=2,
            model__window=1.0,
        )
        kills += killed_at_random(
            lambda attempt: [start(whole_run, settings, f"w{round_number}-{attempt}-{i}") for i in range(2)],  # noqa: B023
            rng, longest_s=0.5, more_s=0.01, within_s=300,
        )  # fmt: skip
        start(whole_run, settings, f"last{round_number}").join(60)
        assert_exactly_once(run, 400)
    print(f"{kills} kills")
    assert kills > 30


def crash_until_done(settings, limit=60):
    """The supervisor's part without Ray: start a worker, record its death, start another."""
    task = load_task(settings.task)
    run = prepare_run(settings, task)
    for attempt in range(limit):
        worker = start(whole_run, settings, f"again{attempt}")
        worker.join(60)
        assert worker.exitcode is not None, "it neither ends nor dies"
        if worker.exitcode == 0:
            return attempt
        record_death(run.directory, f"again{attempt}", cause="crash")
    raise AssertionError("never finished")


@pytest.mark.slow
def test_a_document_that_kills_the_engine_is_found_and_the_others_are_extracted(tmp_path):
    texts = [f"note {i}" for i in range(60)]
    texts[17] = texts[44] = "poison [[crash]]"
    texts[30] = "other poison [[crash]]"
    data = write_documents(tmp_path / "d.parquet", texts)
    deaths = crash_until_done(make_settings(data, tmp_path / "run"))
    rows = pl.read_parquet(tmp_path / "run" / "records" / "*.parquet")
    assert rows.filter(pl.col("status") == "REJECTED")["id"].to_list() == ["d17", "d30", "d44"]
    assert rows.filter(pl.col("status") == "OK").height == 57
    assert "dies" in rows.filter(pl.col("status") == "REJECTED")["reason"][0]
    assert deaths <= 9


@pytest.mark.slow
def test_deaths_by_other_causes_blame_nobody(tmp_path):
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(60)])
    settings = make_settings(data, tmp_path / "run", model__script={"seconds_per_step": 0.03})
    task = load_task(SMALL_TASK)
    run = prepare_run(settings, task)
    for attempt in range(5):
        worker = start(whole_run, settings, f"w{attempt}")
        worker.join(0.4)
        if worker.exitcode is None:
            os.kill(worker.pid, signal.SIGKILL)
        worker.join()
        record_death(run.directory, f"w{attempt}", cause="killed")
    crash_until_done(settings)
    assert_exactly_once(tmp_path / "run", 60)


def fill_window(directory):
    window = Window(directory, "w", num_slots=4)
    for i in range(4):
        window.enter(str(i), bytes([i + 1] * 16), alone=False)
    window.leave("2")
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_window_survives_its_process_and_names_the_suspects(tmp_path, documents):
    run = prepare_run(make_settings(documents, tmp_path / "run"), load_task(SMALL_TASK))

    start(fill_window, run.directory).join()
    assert len(record_death(run.directory, "w", cause="crash").suspects) == 3
    suspects = Suspects(run.directory)
    suspects.refresh()
    assert [suspects.is_suspect(bytes([i + 1] * 16)) for i in range(4)] == [True, True, False, True]
    assert suspects.verdict(bytes([1] * 16)) is None


@pytest.mark.slow
def test_a_claim_of_a_silent_worker_elsewhere_is_taken_over_after_its_lease(tmp_path, documents):
    settings = make_settings(documents, tmp_path / "run")
    run = prepare_run(settings, load_task(SMALL_TASK))
    (run.directory.claims / "3").symlink_to("gone")
    beat = Heartbeat(
        worker="gone",
        host="elsewhere",
        identity="another host",
        pid=1,
        process_start="1",
        started=time.time(),
        time=time.time(),
        state="working",
    )
    (run.directory.workers / "gone.json").write_text(beat.model_dump_json())
    began = time.monotonic()
    assert run_worker(spec(settings, run, "w0")).outcome == "done"
    assert time.monotonic() - began > 1.5
    assert Path(run.directory.part(3)).exists()


def test_a_claim_of_a_former_life_of_the_same_name_is_taken_over_at_once(tmp_path, documents):
    settings = make_settings(documents, tmp_path / "run", run__lease_s=60.0)
    run = prepare_run(settings, load_task(SMALL_TASK))
    (run.directory.claims / "2").symlink_to("w0")  # of a process that was killed; the next one has its name
    report = run_worker(spec(settings, run, "w0"))
    assert report.outcome == "done"
    assert len(run.directory.committed_shards()) == run.plan.num_shards
