"""Documents are embedded on the nodes of jobs: of a real Slurm of two nodes, started for these tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from conftest import job, job_here, wait_for
from embed_runs import embed_alone, embed_told
from glane.run.directory import RunDirectory
from test_embed import records, write_documents

pytestmark = [pytest.mark.slurm, pytest.mark.ray]
NUM_DOCUMENTS = 240


def embed(site: Any, *words: str, **options: Any) -> Any:
    write_documents(Path(site.folder) / "in.parquet", NUM_DOCUMENTS)
    return job(
        "cluster=slurm", "cluster.cpus_per_node=1", 'cluster.time="0:10:00"', "model=scripted",
        f"data.path={site.folder}/in.parquet", f"run.dir={site.folder}/run", "run.shard_rows=2",
        "model.script={seconds_per_step: 0.05}", *words, name="embed", cwd=site.folder, env=site.environment, **options,
    )  # fmt: skip


def assert_embedded_once(site: Any, tmp_path: Path) -> None:
    embed_alone(embed_told(Path(site.folder) / "in.parquet", tmp_path / "alone"))
    assert records(Path(site.folder) / "run").equals(records(tmp_path / "alone"))


def test_a_job_over_two_nodes_embeds_every_document_and_tells_what_became_of_them(site: Any, tmp_path: Path) -> None:
    done = embed(site, "cluster.nodes=2", "cluster.wait=true", "progress=plain")
    assert f"vectors  {NUM_DOCUMENTS} chunks, 32 dimensions" in done.stderr
    assert_embedded_once(site, tmp_path)
    shards = pl.read_parquet(Path(site.folder) / "run" / "ledger" / "shards.parquet")
    assert set(shards["host"]) == {"n1", "n2"}


def test_jobs_of_an_array_of_which_one_is_requeued_embed_each_document_once(site: Any, tmp_path: Path) -> None:
    job_id = embed(site, "cluster.array=2", "cluster.parsable=true").stdout.strip()
    directory = RunDirectory(root=Path(site.folder) / "run")
    wait_for(lambda: directory.parts.is_dir() and len(directory.committed_shards()) > 3, 120)
    site.slurm("scancel", "--signal=USR2", f"{job_id}_0", check=False)
    wait_for(lambda: directory.is_finished, 240)
    assert_embedded_once(site, tmp_path)


def test_what_no_node_is_needed_for_is_refused_before_one_is_asked_for(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.enter(monkeypatch)
    path = write_documents(Path(site.folder) / "in.parquet", 5)
    words = ["cluster=slurm", "model=scripted", f"run.dir={site.folder}/run"]
    refusals = {
        f"data.path={site.folder}/absent.parquet": "absent.parquet",
        f"data.path={path} data.where=wards=2": "no column 'wards'",
        f"data.path={path} data.carry_columns=[status]": "no column 'status'|beside a result column",
    }
    for told, said in refusals.items():
        done = job_here(*words, *told.split(), name="embed", check=2)
        assert any(one in done.stderr for one in said.split("|")), done.stderr
    assert not (Path(site.folder) / "run").exists()
