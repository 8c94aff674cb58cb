"""The embedded default with the real engine under Ray: it must read, survive kills, and open in the notebook."""

import os
import signal
import time
from pathlib import Path

import nbformat
import polars as pl
import pytest
from nbclient import NotebookClient
from sklearn.metrics import roc_auc_score

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
    assert f1 >= 0.94


def test_evidence_stands_in_the_notes_and_where_it_should(corpus, demo_run):
    """Of all values found: is the quote in the note, and is it the passage that tells the value?"""
    run = glane.open_run(demo_run)
    found = run.evidence().collect()
    aligned = found["alignment"].is_in(["exact", "normalised"]).mean()
    spans = pl.read_parquet(corpus / "gold_spans.parquet").select("id", "field", gold_start="start", gold_end="end")
    overlaps = (pl.col("start") < pl.col("gold_end")) & (pl.col("gold_start") < pl.col("end"))
    hits = found.with_row_index().join(spans, on=["id", "field"]).filter(overlaps)["index"].n_unique()
    print(
        f"evidence: {aligned:.4f} exact or normalised, {hits / found.height:.4f} overlap the gold span, {found.height}"
    )
    assert aligned >= 0.95
    assert hits / found.height >= 0.90
    texts = dict(pl.read_parquet(corpus / "documents.parquet").select("id", "text").iter_rows())
    for row in found.filter(pl.col("start").is_not_null()).iter_rows(named=True):
        assert texts[row["id"]][row["start"] : row["end"]] == row["quote"]


def test_no_null_without_a_reason_and_most_reasons_are_right(corpus, demo_run):
    rows = glane.open_run(demo_run).usable().collect()
    gold = pl.read_parquet(corpus / "gold.parquet")
    names = [name for name in FIELDS if f"{name}__missing" in rows.columns]
    assert len(names) == len(FIELDS) - 1
    right = number = 0
    for name in names:
        assert rows.filter(pl.col(name).is_null() != pl.col(f"{name}__missing").is_not_null()).is_empty()
        pairs = rows.select("id", ours=pl.col(f"{name}__missing").cast(pl.String)).join(
            gold.select("id", truth=f"{name}__missing").drop_nulls(), on="id"
        )
        right += pairs.filter(pl.col("ours") == pl.col("truth")).height
        number += pairs.height
    print(f"reasons: {right / number:.4f} right of {number} gold nulls")
    assert right / number >= 0.95


def test_confidence_tells_right_values_from_wrong_ones(corpus, demo_run):
    found = glane.open_run(demo_run).evidence().collect()
    gold = pl.read_parquet(corpus / "gold.parquet")
    true = pl.concat(
        gold.select("id", field=pl.lit(name), value=pl.col(name)).explode("value")
        if isinstance(gold.schema[name], pl.List)
        else gold.select("id", field=pl.lit(name), value=pl.col(name).cast(pl.String))
        for name in FIELDS
    ).drop_nulls()
    judged = found.join(true.unique().with_columns(right=True), on=["id", "field", "value"], how="left")
    right = judged["right"].fill_null(False)
    assert judged["confidence"].null_count() == 0
    auroc = roc_auc_score(right, judged["confidence"])
    print(f"confidence: AUROC {auroc:.4f}, {right.mean():.4f} of {judged.height} values right")
    assert auroc >= 0.80


def test_probabilities_of_categories_are_probabilities(demo_run):
    rows = glane.open_run(demo_run).usable().collect()
    for name in ("sex", "fever", "syndrome", "disposition"):
        told = rows.filter(pl.col(name).is_not_null())
        total = told.select(pl.sum_horizontal(pl.col(f"{name}__probabilities").struct.unnest())).to_series()
        assert total.max() <= 1 + 1e-6
        assert total.mean() > 0.9


def test_killed_engine_and_driver_lost_nothing(demo_run):
    rows = glane.open_run(demo_run).all().collect()
    assert rows["id"].to_list() == [f"ed-{i:07}" for i in range(400)]
    assert "REJECTED" not in set(rows["status"])
    assert rows.schema["visit_date"] == pl.Date


@pytest.mark.parametrize("name", ["01_read_results", "05_evidence_and_confidence"])
def test_the_notebooks_read_the_run(corpus, demo_run, name, monkeypatch):
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    client = NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(Path(ROOT) / "notebooks")}}, kernel_name="python3"
    )
    monkeypatch.setenv("GLANE_RUN", str(demo_run))
    monkeypatch.setenv("GLANE_GOLD", str(corpus / "gold.parquet"))
    client.execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)
