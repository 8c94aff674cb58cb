"""A real instruct model that glane did not train: the system works with it. Nothing is said of its accuracy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import glane
from conftest import ROOT, job, write_documents

pytestmark = pytest.mark.engine

TASK = """
name: outbreak_en
language: en
instructions: Read the report of an outbreak. Answer from the text alone.
fields:
  place: {type: string, max_length: 40, nullable: true, evidence: true, description: Town of the outbreak.}
  cases: {type: integer, minimum: 0, maximum: 100000, nullable: true, evidence: true, description: Number of cases.}
  confirmed: {type: boolean, nullable: true, description: Whether a laboratory confirmed the cause.}
"""
PLACES = ("Norburg", "Saltmere", "Ashwick", "Tarnford", "Elmstead", "Kirkdale")


@pytest.fixture(scope="module")
def model() -> str:
    subprocess.run([sys.executable, ROOT / "lib" / "glane_tools" / "small_model.py"], check=True)
    return str(ROOT / ".models" / "smollm2-135m")


def test_a_model_of_others_is_asked_and_every_quote_is_in_the_text(tmp_path: Path, model: str) -> None:
    texts = [
        f"Bulletin {number}. {place} health office reports {number + 7} cases of gastroenteritis after a school meal. "
        "Samples were sent to the laboratory; norovirus was found in two of them. No death was reported."
        for number, place in enumerate(PLACES)
    ]
    data = write_documents(tmp_path / "d.parquet", texts)
    (tmp_path / "tasks" / "task").mkdir(parents=True)
    (tmp_path / "tasks" / "task" / "outbreak_en.yaml").write_text(TASK)
    job(
        "--config-dir", str(tmp_path / "tasks"), "task=outbreak_en", "model=smollm2", f"model.path={model}",
        f"data.path={data}", f"run.dir={tmp_path}/run", timeout=400,
    )  # fmt: skip
    run = glane.open_run(tmp_path / "run")
    rows = run.all().collect()
    assert rows["id"].to_list() == [f"d{number}" for number in range(len(texts))]
    assert run.toy is None
    found = run.evidence().collect().join(run.documents().collect(), on="id")
    quoted = found.filter(pl.col("quote").is_not_null())
    assert quoted.height > 0
    for row in quoted.iter_rows(named=True):
        assert row["text"][row["start"] : row["end"]] == row["quote"]
