"""Embedding killed at every operation on files and at random moments: each document is there once, and alike."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import polars as pl
import pytest

from embed_runs import embed_alone, embed_told, killed_at, process_alone
from fork_server import killed_at_random, kills_survived, start
from glane.run.directory import RunDirectory
from glane.run.summary import Summary, read_summary
from glane.settings import EmbedSettings
from test_embed import records, write_documents


def assert_embedded_once(settings: EmbedSettings, alone: pl.DataFrame) -> None:
    run = Path(settings.run.dir)
    assert records(run).equals(alone)
    assert alone.height == read_summary(RunDirectory(root=run), Summary).flow.OK
    assert not (run / "parts").exists()


@pytest.mark.slow
def test_a_kill_before_every_third_file_operation_is_survived(tmp_path: Path) -> None:
    """Of a durable run, every single one is tried in test_durable_run.py."""
    path = write_documents(tmp_path / "in.parquet", 6)
    embed_alone(embed_told(path, tmp_path / "alone", run__shard_rows=4))
    alone = records(tmp_path / "alone")
    survived = kills_survived(
        lambda limit: embed_told(path, tmp_path / f"{limit}", run__shard_rows=4), killed_at, process_alone,
        lambda settings: assert_embedded_once(settings, alone),
    )  # fmt: skip
    assert survived > 10


@pytest.mark.slow
def test_workers_killed_at_random_moments_embed_every_document_once_and_alike(tmp_path: Path) -> None:
    path, count = write_documents(tmp_path / "in.parquet", 300, words=60), 300
    embed_alone(embed_told(path, tmp_path / "alone"))
    alone = records(tmp_path / "alone")
    assert alone.height == count
    settings = embed_told(path, tmp_path / "run", run__shard_rows=2)
    kills = killed_at_random(
        lambda attempt: [start(process_alone, settings, f"w{attempt}-{i}") for i in range(3)],
        random.Random(5), longest_s=0.2, more_s=0.01, within_s=240,
    )  # fmt: skip
    start(process_alone, settings, "last").join(60)
    assert_embedded_once(settings, alone)
    assert kills > 5


def test_two_workers_share_a_run(tmp_path: Path) -> None:
    path = write_documents(tmp_path / "in.parquet", 60)
    embed_alone(embed_told(path, tmp_path / "alone"))
    settings = embed_told(path, tmp_path / "run", run__shard_rows=1, model__script={"seconds_per_step": 0.02})
    workers = [start(process_alone, settings, f"w{number}") for number in range(2)]
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert_embedded_once(settings, records(tmp_path / "alone"))
    shards = pl.read_parquet(tmp_path / "run" / "ledger" / "shards.parquet")
    assert set(shards["worker"]) == {"w0", "w1"}


def test_a_document_that_kills_its_engine_is_rejected_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    texts = [f"note {number}" for number in range(20)]
    texts[7] = "[[crash]] now"
    pl.DataFrame({"id": list(range(20)), "text": texts}).write_parquet(path)
    settings = embed_told(path, tmp_path / "run", run__shard_rows=5)
    for attempt in range(20):
        worker = start(process_alone, settings, f"w{attempt}")
        worker.join(60)
        if worker.exitcode == 0:
            break
        assert worker.exitcode == -signal.SIGSEGV
        note_death(settings, f"w{attempt}")
    rows = records(tmp_path / "run")
    assert rows.filter(pl.col("status") != "OK")["id"].to_list() == [7]
    assert rows["reason"][7].startswith("the engine dies when it is given this document alone: 2 engines did")
    assert rows["chunks"].list.len().to_list() == [1] * 7 + [0] + [1] * 12


def note_death(settings: EmbedSettings, worker: str) -> None:
    """What the watch over workers does."""
    from glane.run.causes import cause_of_exit
    from glane.run.deaths import record_death
    from glane.run.directory import run_directory

    record_death(run_directory(settings.run), worker, cause=cause_of_exit(-signal.SIGSEGV, oom_kills=0))
