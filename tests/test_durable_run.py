"""The durable run with another kind of work than extraction: kills, several processes, status, publication, refusals."""

from __future__ import annotations

import os
import random
import signal
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from conftest import extract_here, make_settings, wait_for, write_documents
from fork_server import forks, killed_at_random, kills_survived
from glane.errors import RunError
from glane.run.directory import RunDirectory
from glane.run.heartbeat import Heartbeat, heartbeats
from glane.run.overview import overview
from glane.run.prepare import PreparedRun, prepare_run
from glane.run.publish import finish_run
from glane.run.summary import Summary, read_summary
from glane.run.worker import WorkerSpec, run_worker
from glane.settings import LocalSettings, RunSettings
from words_work import CountWords

FORK = forks()
NUM_DOCUMENTS = 60


@pytest.fixture
def words(tmp_path: Path) -> CountWords:
    texts = [None if i % 10 == 9 else "mot " * i for i in range(NUM_DOCUMENTS)]
    return CountWords(path=str(write_documents(tmp_path / "d.parquet", texts)), shard_rows=8)


def settings_of(run: Path) -> RunSettings:
    return RunSettings(dir=str(run), heartbeat_s=0.2, lease_s=1.0, energy="none")


def prepared(work: CountWords, run: Path) -> PreparedRun:
    return prepare_run(RunDirectory(root=run), work, cluster={})


def whole_run(work: CountWords, run: Path, worker: str) -> None:
    """What one process does: prepare, work, publish."""
    ready = prepared(work, run)
    if not ready.directory.is_complete:
        spec = WorkerSpec(
            worker=worker, work=work, run=settings_of(run), key=ready.key, start=random.Random(worker).random(),
            device="cpu", cpus=1, gpus=0,
        )  # fmt: skip
        report = run_worker(spec)
        if report.outcome != "done":
            os._exit(3)
    finish_run(ready, record_mib=1)


def killed_at(work: CountWords, run: Path, limit: int) -> None:
    import killer

    killer.arm(limit)
    whole_run(work, run, "first")


def under_ray(work: CountWords, run: Path) -> None:
    from glane.job.durable import run_here

    os.environ["PYTHONPATH"] = str(Path(__file__).parent)  # the actors import the work from here
    run_here(work, settings_of(run), cluster=LocalSettings(cpus=2), style="none")


def start(target: Any, *arguments: Any) -> Any:
    process = FORK.Process(target=target, args=arguments)
    process.start()
    return process


def assert_counted_once(run: Path) -> None:
    rows = pl.read_parquet(run / "records" / "*.parquet")
    assert rows["id"].to_list() == [f"d{i}" for i in range(NUM_DOCUMENTS)]
    assert rows["words"].to_list() == [None if i % 10 == 9 else i for i in range(NUM_DOCUMENTS)]
    flow = read_summary(RunDirectory(root=run), Summary).flow
    assert (flow.selected, flow.OK, flow.EMPTY) == (NUM_DOCUMENTS, 54, 6)
    assert not (run / "parts").exists()
    assert not list(run.glob(".records*"))


def test_it_is_published_and_its_state_is_seen_from_outside(words: CountWords, tmp_path: Path) -> None:
    run = tmp_path / "run"
    whole_run(words, run, "w0")
    assert_counted_once(run)
    seen = overview(run)
    assert (seen.state, seen.planned, seen.done, seen.statuses) == ("complete", 60, 60, {"OK": 54, "EMPTY": 6})
    assert (seen.task, seen.model) == ("", "")


@pytest.mark.slow
def test_a_run_under_way_tells_its_workers_and_its_rows(words: CountWords, tmp_path: Path) -> None:
    run = tmp_path / "run"
    slow = CountWords(path=words.path, shard_rows=8, seconds_per_shard=0.3)
    worker = start(whole_run, slow, run, "w0")
    seen = wait_for(lambda: (run / "plan.parquet").exists() and (now := overview(run)).shards_done >= 2 and now)
    assert seen.state == "working"
    assert [one.worker for one in seen.workers] == ["w0"]
    assert 16 <= seen.done < NUM_DOCUMENTS
    assert sum(seen.statuses.values()) >= 8
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    wait_for(lambda: overview(run).state == "waiting")


@pytest.mark.slow
def test_a_kill_before_every_third_file_operation_is_survived(words: CountWords, tmp_path: Path) -> None:
    """Before every single one: test_kill.py, with an extraction, which is as durable by the same code."""
    words = replace(words, shard_rows=30)
    survived = kills_survived(
        lambda limit: tmp_path / f"run{limit}",
        partial(killed_at, words),
        partial(whole_run, words),
        assert_counted_once,
    )
    assert survived > 20


@pytest.mark.slow
def test_several_processes_killed_at_random_moments_count_every_document_once(
    tmp_path: Path, words: CountWords
) -> None:
    slow = CountWords(path=words.path, shard_rows=2, seconds_per_shard=0.1)
    run = tmp_path / "run"
    kills = killed_at_random(
        lambda attempt: [start(whole_run, slow, run, f"w{attempt}-{i}") for i in range(3)],
        random.Random(3), longest_s=0.4, more_s=0.01, within_s=120,
    )  # fmt: skip
    start(whole_run, slow, run, "last").join(60)
    assert_counted_once(run)
    assert kills > 5


def working_beats(directory: RunDirectory) -> list[Heartbeat]:
    return [beat for beat in heartbeats(directory) if beat.state == "working"]


@pytest.mark.ray
def test_under_ray_a_killed_worker_is_replaced_and_the_result_is_whole(words: CountWords, tmp_path: Path) -> None:
    run = tmp_path / "run"
    slow = CountWords(path=words.path, shard_rows=4, seconds_per_shard=0.3)
    driver = start(under_ray, slow, run)
    directory = RunDirectory(root=run)
    wait_for(lambda: run.is_dir() and len(directory.committed_shards()) >= 2, 120)
    working = wait_for(lambda: len(beats := working_beats(directory)) == 2 and beats)
    os.kill(working[0].pid, signal.SIGKILL)
    driver.join(120)
    assert driver.exitcode == 0
    assert_counted_once(run)
    assert len(heartbeats(directory)) == 3
    assert read_summary(directory, Summary).engine_deaths == 1


def test_other_settings_are_not_resumed(words: CountWords, tmp_path: Path) -> None:
    prepared(words, tmp_path / "run")
    other = CountWords(path=words.path, shard_rows=8, least_letters=4)
    with pytest.raises(RunError, match="least_letters: 1 -> 4"):
        prepared(other, tmp_path / "run")


def test_another_kind_of_work_is_refused(words: CountWords, tmp_path: Path) -> None:
    extract_here(make_settings(Path(words.path), tmp_path / "run"))
    with pytest.raises(RunError, match=r"another kind \(extraction, and this is words\)"):
        prepared(words, tmp_path / "run")


def test_a_run_of_another_format_is_refused_in_a_sentence(words: CountWords, tmp_path: Path) -> None:
    ready = prepared(words, tmp_path / "run")
    path = ready.directory.description
    path.write_text(path.read_text().replace("version: 2", "version: 7", 1))
    with pytest.raises(RunError, match="in version 7; this glane reads version 2"):
        prepared(words, tmp_path / "run")
    path.write_text("task: former\nfingerprint_digest: x\n")
    with pytest.raises(RunError, match=r"no record of glane"):
        prepared(words, tmp_path / "run")
