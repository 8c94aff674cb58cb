"""The embedded default with the real engine under Ray: it must read, survive kills, and open in the notebook."""

import os
import signal
import time
from pathlib import Path

import nbformat
import polars as pl
import pytest
from nbclient import NotebookClient

import glane
from conftest import ROOT, job
from glane.demo.corpus import write_corpus
from glane.demo.marks import FIELDS
from test_extract import launch, wait_for, worker_pids

pytestmark = [pytest.mark.engine, pytest.mark.ray]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Notes of a seed, and of places, that training never saw."""
    folder = tmp_path_factory.mktemp("corpus")
    write_corpus(folder, documents=400, seed=20_261)
    return folder


@pytest.fixture(scope="module")
def demo_run(corpus, tmp_path_factory):
    """A run whose driver and engine were killed while they worked."""
    folder = tmp_path_factory.mktemp("run")
    run = folder / "run"
    arguments = [
        "task=ed_visit", "model=demo", f"data.path={corpus}/documents.parquet", "data.carry_columns=[visit_date,hospital]",
        f"run.dir={run}", "run.shard_rows=40", "progress=plain", "run.heartbeat_s=0.5",
    ]  # fmt: skip
    driver = launch(*arguments, cwd=folder)
    pids = wait_for(lambda: worker_pids(run), 240)
    wait_for(lambda: any((run / "parts").glob("part-*.parquet")), 120)
    os.kill(pids[0], signal.SIGKILL)  # the engine's own process
    wait_for(lambda: [pid for pid in worker_pids(run) if pid not in pids], 240)
    time.sleep(1)
    driver.kill()
    driver.communicate()
    job(*arguments, cwd=folder, timeout=400)
    return run


def told(value):
    if value is None:
        return set()
    return {repr(item) for item in value} if isinstance(value, list) else {repr(value)}


def test_the_demo_model_reads_unseen_notes(corpus, demo_run):
    """Micro-F1 over the told values of all fields: the figure that the README states."""
    found = glane.open_run(demo_run).all().collect().with_columns(pl.col(pl.Categorical).cast(pl.String))
    gold = pl.read_parquet(corpus / "gold.parquet")
    assert found["id"].to_list() == gold["id"].to_list()
    hits = predicted = expected = 0
    for name in FIELDS:
        for ours, truth in zip(found[name].to_list(), gold[name].to_list(), strict=True):
            hits += len(told(ours) & told(truth))
            predicted += len(told(ours))
            expected += len(told(truth))
    f1 = 2 * hits / (predicted + expected)
    print(f"micro-F1 {f1:.4f} over {expected} told values, {found.filter(pl.col('status') != 'OK').height} not usable")
    assert f1 >= 0.90


def test_killed_engine_and_driver_lost_nothing(demo_run):
    rows = glane.open_run(demo_run).all().collect()
    assert rows["id"].to_list() == [f"ed-{i:07}" for i in range(400)]
    assert "REJECTED" not in set(rows["status"])
    assert rows.schema["visit_date"] == pl.Date


def test_the_notebook_reads_the_run(demo_run):
    notebook = nbformat.read(ROOT / "notebooks" / "01_read_results.ipynb", as_version=4)
    client = NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(Path(ROOT) / "notebooks")}}, kernel_name="python3"
    )
    before = os.environ.get("GLANE_RUN")
    os.environ["GLANE_RUN"] = str(demo_run)
    try:
        client.execute()
    finally:
        if before is None:
            del os.environ["GLANE_RUN"]
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)
