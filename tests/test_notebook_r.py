"""The notebook in R: base R runs its chunks on an export, and it says what to run first where there is none."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import polars as pl
import pytest
import yaml

import glane
from conftest import ROOT, extract_here, job_here, make_settings
from markdown_pages import Page
from page_checks import problems
from test_export_r import rscript  # noqa: F401 - a fixture

NOTEBOOK = ROOT / "notebooks" / "06_lire_un_export.Rmd"
CHUNKS = re.findall(r"^```\{r[^}]*\}\n(.*?)^```$", NOTEBOOK.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def run_chunks(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the chunks in a folder beside `runs`, as a notebook is."""
    folder.mkdir(exist_ok=True)
    (folder / "chunks.R").write_text("\n".join(CHUNKS), encoding="utf-8")
    return subprocess.run(
        ["Rscript", "--vanilla", "--encoding=UTF-8", "chunks.R"], cwd=folder, capture_output=True, text=True, timeout=120,
        check=False, env={**os.environ, "LC_ALL": "C.UTF-8", **variables},
    )  # fmt: skip


@pytest.mark.slow
def test_it_runs_on_an_export_of_the_demonstration(tmp_path: Path, rscript: str) -> None:  # noqa: F811
    job_here("path=runs/demo-corpus", "documents=60", "seed=1", name="demo_corpus", cwd=tmp_path)
    task = yaml.safe_load((ROOT / "conf" / "task" / "ed_visit.yaml").read_text())
    data, run = tmp_path / "runs" / "demo-corpus" / "documents.parquet", tmp_path / "runs" / "demo"
    extract_here(make_settings(data, run, task, data__carry_columns=["visit_date", "hospital"]))
    (words,) = re.findall(r"^\.venv/bin/glane export (.*)$", NOTEBOOK.read_text(), re.MULTILINE)
    job_here(*words.split(), name="export", cwd=tmp_path)
    done = run_chunks(tmp_path / "notebooks")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(CHUNKS) == 7
    rows = glane.open_run(run).usable().collect()
    counts = rows["syndrome"].cast(pl.String).value_counts()
    told = dict(zip(*(re.findall(r"\w+", " ".join(part)) for part in labelled(done.stdout))))
    assert {name: int(count) for name, count in told.items() if count != "0"} == dict(counts.iter_rows())
    assert (tmp_path / "notebooks" / "Rplots.pdf").stat().st_size > 1000


def labelled(text: str) -> tuple[list[str], list[str]]:
    """The names and the numbers of the table of syndromes, which R breaks into lines."""
    table = text.partition("(Other)")[2].partition("\n")[2].partition("fever")[0].strip("\n").splitlines()
    return table[::2], table[1::2]


@pytest.mark.slow
def test_without_an_export_it_says_what_to_run(tmp_path: Path, rscript: str) -> None:  # noqa: F811
    done = run_chunks(tmp_path / "notebooks")
    french, english, *commands = done.stderr.splitlines()
    assert done.returncode == 1
    assert "Il manque ../runs/demo-r" in french
    assert english.startswith("Not there: ../runs/demo-r")
    assert commands[:2] == ["  make demo", "  .venv/bin/glane export run.dir=runs/demo to=r out.dir=runs/demo-r"]


def test_its_commands_are_such_as_glane_has_and_it_needs_no_package(tmp_path: Path) -> None:
    text = re.sub(r"\A---\n.*?^---$", "", NOTEBOOK.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    page = Page(path=NOTEBOOK, text=re.sub(r"^```\{r.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))
    assert page.blocks
    assert list(problems(page, tmp_path)) == []
    assert not re.search(r"\blibrary\(|\brequire\(|::", "\n".join(CHUNKS))
