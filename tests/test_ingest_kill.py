"""Reading files into a data set, killed at every operation on files and at random moments: each document is there once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from conftest import ROOT, wait_for
from fork_server import killed_at_random, kills_survived, start
from glane.run.directory import RunDirectory
from glane.run.heartbeat import heartbeats
from glane.run.summary import Summary, read_summary
from glane.settings import IngestSettings
from ingest_runs import ingest_told, killed_at, process_alone, read_alone


def write_source(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:04}.txt").write_text(f"note {number % (count - 2)}", encoding="utf-8")
    return folder


def assert_read_once(settings: IngestSettings, count: int) -> pl.DataFrame:
    folder, run = Path(settings.data.path), Path(settings.run.dir)
    rows = pl.read_parquet(folder / "*.parquet")
    assert rows["path"].to_list() == [f"{number:04}.txt" for number in range(count)]
    assert rows["text"].to_list() == [f"note {number % (count - 2)}" for number in range(count)]
    assert rows["id"].n_unique() == count
    assert rows["duplicate_of"].to_list() == [None] * (count - 2) + rows["id"].to_list()[:2]
    flow = read_summary(RunDirectory(root=run), Summary).flow
    assert (flow.selected, flow.OK) == (count, count)
    assert not (run / "parts").exists()
    assert [path.name for path in folder.parent.iterdir() if path.name.startswith(".")] == []
    assert "documents" not in pl.read_parquet(run / "records" / "*.parquet").columns
    return rows


@pytest.mark.slow
def test_a_kill_before_every_third_file_operation_is_survived(tmp_path: Path) -> None:
    """Of a durable run, every single one is tried in test_durable_run.py."""
    source = write_source(tmp_path / "in", 4)
    survived = kills_survived(
        lambda limit: ingest_told(source, tmp_path / f"{limit}" / "out", run__shard_rows=4), killed_at, process_alone,
        lambda settings: assert_read_once(settings, 4),
    )  # fmt: skip
    assert survived > 16


@pytest.mark.slow
def test_processes_killed_at_random_moments_read_every_file_once_and_alike(tmp_path: Path) -> None:
    source, count = write_source(tmp_path / "in", 300), 300
    alone = ingest_told(source, tmp_path / "alone", run__shard_rows=2)
    read_alone(alone)
    settings = ingest_told(source, tmp_path / "out", run__shard_rows=2)
    kills = killed_at_random(
        lambda attempt: [start(process_alone, settings, f"w{attempt}-{i}") for i in range(3)],
        random.Random(5), longest_s=0.5, more_s=0.02, within_s=240,
    )  # fmt: skip
    start(process_alone, settings, "last").join(60)
    assert_frame_equal(assert_read_once(settings, count), assert_read_once(alone, count))
    assert kills > 5


@pytest.mark.ray
def test_two_jobs_at_once_of_which_workers_and_a_driver_are_killed(tmp_path: Path) -> None:
    """As users start them. The second job goes on alone when the first is killed."""
    source = write_source(tmp_path / "in", 600)
    words = [
        f"source={source}", f"data.path={tmp_path / 'out'}", "run.shard_rows=1", "run.lease_s=3", "run.heartbeat_s=0.5",
        "run.energy=none", "progress=plain", "cluster.cpus=2",
    ]  # fmt: skip
    command = [sys.executable, str(ROOT / "jobs" / "ingest.py"), *words]
    directory = RunDirectory(root=tmp_path / "out.run")
    jobs = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        wait_for(lambda: directory.parts.is_dir() and len(directory.committed_shards()) > 10, 120)
        for beat in [one for one in heartbeats(directory) if one.state == "working"][:1]:
            os.kill(beat.pid, signal.SIGKILL)
        jobs[0].kill()
        _, said = jobs[1].communicate(timeout=240)
        assert jobs[1].returncode == 0, said
    finally:
        for job in jobs:
            job.kill()
            job.communicate()
    settings = ingest_told(source, tmp_path / "out")
    assert_read_once(settings, 600)
    assert "note 7" not in directory.log.read_text()
    again = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (again.returncode, "complete already, nothing to do" in again.stderr) == (0, True)
