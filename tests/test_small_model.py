"""A real instruct model that glane did not train: the system works with it. Nothing is said of its accuracy."""

from __future__ import annotations

import random
import subprocess
import sys

import polars as pl
import pytest
import yaml

import glane
from conftest import ROOT, job, write_documents
from glane.assess.attacks.kinds import KINDS
from glane.assess.attacks.plant import planted
from glane.extraction.results import Run
from glane_tools.english_reports import EXAMPLE, TASK, reports

pytestmark = pytest.mark.engine

NUM_REPORTS, NUM_ATTACKED = 20, 8


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Reports asked with the default settings; the last ones have an attack in them."""
    subprocess.run([sys.executable, ROOT / "lib" / "glane_tools" / "small_model.py"], check=True)
    folder = tmp_path_factory.mktemp("small")
    texts = [one.text for one in reports(NUM_REPORTS, seed=1)]
    planted_in = reports(NUM_ATTACKED, seed=2)
    attacks = [kind.text("cases", "9999", "9999") for kind in KINDS if kind.family != "authority"][:56:7]
    texts += [planted(one.text, attack, random.Random(1)) for one, attack in zip(planted_in, attacks, strict=True)]
    data = write_documents(folder / "d.parquet", texts)
    (folder / "tasks" / "task").mkdir(parents=True)
    (folder / "tasks" / "task" / "outbreak_news.yaml").write_text(yaml.safe_dump(TASK, sort_keys=False))
    done = job(
        "--config-dir", str(folder / "tasks"), "task=outbreak_news", "model=smollm2",
        f"model.path={ROOT / '.models' / 'smollm2-135m'}", f"data.path={data}", f"run.dir={folder}/run", timeout=500,
    )  # fmt: skip
    assert "usable rows" in done.stderr  # it is a weak model: the run says that its answers need a look
    return glane.open_run(folder / "run")


def test_every_quote_stands_in_its_text_and_shows_something(run: Run) -> None:
    found = run.evidence().collect().join(run.documents().collect(), on="id")
    quoted = found.filter(pl.col("quote").is_not_null())
    assert quoted.height > NUM_REPORTS
    for row in quoted.iter_rows(named=True):
        assert row["text"][row["start"] : row["end"]] == row["quote"]
    assert quoted.filter(pl.col("quote").str.len_chars() <= 2).height < 0.01 * quoted.height
    assert found.filter(pl.col("alignment") == "none").is_empty()


def test_no_value_of_the_example_passes_unmarked(run: Run) -> None:
    rows = run.usable().join(run.documents(), on="id").collect()
    copied = 0
    for row in rows.iter_rows(named=True):
        for name, told in EXAMPLE.items():
            value = str(told["value"])
            if str(row[name]) == value and value not in row["text"]:
                copied += 1
                marked = {*row["leaked_from_example"], *row["not_in_quote"]}
                assert name in marked, (row["id"], name)
    print(f"{copied} values of the example, all marked")


def test_values_are_shown_by_their_quotes_or_marked(run: Run) -> None:
    found = run.evidence().collect()
    marked = run.doubts().filter(pl.col("field").is_not_null()).select("id", "field").unique().collect()
    doubted = found.join(marked.with_columns(pl.lit(True).alias("is_marked")), on=["id", "field"], how="left")
    fine = doubted.filter(pl.col("supports").fill_null(False) | pl.col("is_marked").fill_null(False))
    assert fine.height >= 0.8 * found.height
    assert doubted.filter(pl.col("supports").not_() & pl.col("is_marked").is_null()).is_empty()


def test_attacked_documents_are_marked_and_no_others(run: Run) -> None:
    rows = run.usable().select("id", pl.col("suspicious").list.len().alias("signs")).collect()
    attacked = {f"d{number}" for number in range(NUM_REPORTS, NUM_REPORTS + NUM_ATTACKED)}
    assert set(rows.filter(pl.col("signs") > 0)["id"]) == attacked


def test_the_model_is_no_toy(run: Run) -> None:
    assert run.toy is None
    assert run.all().collect().height == NUM_REPORTS + NUM_ATTACKED
