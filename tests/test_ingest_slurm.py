"""Files are read on the nodes of jobs: of a real Slurm of two nodes, started for these tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from conftest import job, job_here, wait_for
from glane.run.directory import RunDirectory

pytestmark = [pytest.mark.slurm, pytest.mark.ray]
NUM_FILES = 240


@pytest.fixture
def source(site: Any) -> Path:
    folder = Path(site.folder) / "in"
    folder.mkdir()
    for number in range(NUM_FILES):
        (folder / f"{number:04}.txt").write_text(f"note {number}", encoding="utf-8")
    return folder


def ingest(site: Any, source: Path, *words: str, **options: Any) -> Any:
    return job(
        "cluster=slurm", "cluster.cpus_per_node=1", 'cluster.time="0:10:00"', f"source={source}",
        f"data.path={site.folder}/out", "run.shard_rows=2", *words, name="ingest", cwd=site.folder,
        env=site.environment, **options,
    )  # fmt: skip


def assert_read_once(folder: Path) -> None:
    rows = pl.read_parquet(folder / "out" / "*.parquet")
    assert rows["path"].to_list() == [f"{number:04}.txt" for number in range(NUM_FILES)]
    assert rows["text"].to_list() == [f"note {number}" for number in range(NUM_FILES)]
    assert rows["id"].n_unique() == NUM_FILES


def test_a_job_over_two_nodes_reads_all_files_and_tells_what_became_of_them(site: Any, source: Path) -> None:
    done = ingest(site, source, "cluster.nodes=2", "cluster.wait=true", "progress=plain")
    assert f"read     {NUM_FILES} files > {NUM_FILES} documents: OK {NUM_FILES}" in done.stderr
    assert_read_once(site.folder)
    shards = pl.read_parquet(site.folder / "out.run" / "ledger" / "shards.parquet")
    assert set(shards["host"]) == {"n1", "n2"}
    (source / "new.txt").write_text("new")
    again = ingest(site, source, "cluster.dry_run=true")
    assert "note: new files since: 1" in again.stderr


def test_jobs_of_an_array_of_which_one_is_requeued_read_each_file_once(site: Any, source: Path) -> None:
    job_id = ingest(site, source, "cluster.array=2", "cluster.parsable=true").stdout.strip()
    directory = RunDirectory(root=Path(site.folder) / "out.run")
    wait_for(lambda: directory.parts.is_dir() and len(directory.committed_shards()) > 3, 120)
    site.slurm("scancel", "--signal=USR2", f"{job_id}_0", check=False)
    wait_for(lambda: directory.is_finished, 240)
    assert_read_once(site.folder)


def test_what_no_node_is_needed_for_is_refused_before_one_is_asked_for(
    site: Any, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.enter(monkeypatch)
    words = ["cluster=slurm", f"data.path={site.folder}/out"]
    done = job_here(*words, f"source={site.folder}/absent", name="ingest", check=2)
    assert "source: there is no" in done.stderr
    done = job_here(*words, f"source={source}", "cluster.partition=none", name="ingest", check=2)
    assert "cluster.partition" in done.stderr
    assert sorted(path.name for path in Path(site.folder).iterdir() if path.name.startswith("out")) == []
