"""The notebooks: each says what to run first, and what it says leads to a notebook that runs."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from nbclient.exceptions import CellExecutionError

import glane
from conftest import ROOT, execute_notebook, extract_here, job_here, make_settings, plots_of
from glane.errors import RunError
from markdown_pages import Page
from page_checks import problems

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FEW = {"evaluate": ("bootstrap.samples=100",)}  # which is enough to see a notebook run
COLOR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make demo` leaves, beside copies of the notebooks; an engine that answers at random stands for the model."""
    root = tmp_path_factory.mktemp("notebooks")
    shutil.copytree(ROOT / "notebooks", root / "notebooks")
    job_here("path=runs/demo-corpus", "documents=100", "seed=1", name="demo_corpus", cwd=root)
    task = yaml.safe_load((ROOT / "conf" / "task" / "ed_visit.yaml").read_text())
    data = root / "runs" / "demo-corpus" / "documents.parquet"
    extract_here(make_settings(data, root / "runs" / "demo", task, data__carry_columns=["visit_date", "hospital"]))
    return root


def told_by(name: str, folder: Path) -> str:
    """What a notebook shows that cannot run."""
    with pytest.raises(CellExecutionError) as stopped:
        execute_notebook(name, folder)
    return shown(stopped.value)


def shown(stopped: CellExecutionError) -> str:
    """What stands below the cell that stopped."""
    return COLOR.sub("", stopped.traceback).rpartition("------------------\n")[2].strip("\n")


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_without_its_inputs_says_in_both_languages_what_to_run(path: Path, tmp_path: Path) -> None:
    shutil.copy(path, tmp_path)
    told = told_by(path.stem, tmp_path)
    french, english, *commands = told.splitlines()
    assert french.startswith("Il manque ../runs/demo")
    assert english.startswith("Not there: ../runs/demo")
    assert commands[0] == "  make demo"
    assert all(line.startswith("  .venv/bin/glane ") for line in commands[1:])


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_who_does_what_a_notebook_says_sees_it_run(path: Path, demo: Path) -> None:
    for _ in range(4):
        try:
            assert plots_of(execute_notebook(path.stem, demo / "notebooks"))
            return
        except CellExecutionError as stopped:
            commands = re.findall(r"^  \.venv/bin/glane (\w+) (.*)$", shown(stopped), re.MULTILINE)
            if not commands:
                raise
            for name, words in commands:
                job_here(*words.split(), *FEW.get(name, ()), name=name, cwd=demo)
    pytest.fail("the notebook asks for what is there")


@pytest.mark.slow
def test_an_evaluation_without_hospitals_is_told_in_place_of_an_empty_plot(demo: Path) -> None:
    job_here("run.dir=runs/demo", "gold=runs/demo-corpus/gold.parquet", "out.dir=runs/plain", *FEW["evaluate"],
             name="evaluate", cwd=demo)  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLANE_EVALUATION", "../runs/plain")
        found = execute_notebook("02_evaluate", demo / "notebooks")
    (cell,) = [cell for cell in found.cells if "axvline" in cell.source and "hospital" in cell.source]
    (output,) = cell.outputs
    assert output["text"].startswith("Évaluée sans by=[hospital]")
    assert "by=[hospital] out.dir=" in output["text"]


def text_of(path: Path) -> Iterator[str]:
    """The Markdown of a notebook, and the commands of its code as blocks."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            yield source
        else:
            yield from (f"```sh\n{line}\n```" for line in re.findall(r'"(\.venv/bin/glane [^"]*|make \w+)"', source))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_commands_of_a_notebook_are_such_as_glane_has(path: Path, tmp_path: Path) -> None:
    page = Page(path=path, text="\n\n".join(text_of(path)) + "\n")
    assert page.blocks
    assert list(problems(page, tmp_path)) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_what_it_showed(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert notebook["metadata"]["kernelspec"]["name"] == "glane"
    assert not [cell for cell in notebook["cells"] if cell.get("outputs") or cell.get("execution_count")]


def test_what_is_needed_is_named_once_and_in_order(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.touch()
    glane.needs({there: "make demo"})
    with pytest.raises(RunError) as stopped:
        glane.needs({there: "a", tmp_path / "x": "b", tmp_path / "y": "c", tmp_path / "z": "b"})
    assert str(stopped.value).splitlines()[2:] == ["  b", "  c"]
    assert str(there) not in str(stopped.value)


def test_an_error_of_the_users_is_a_sentence_in_a_notebook(tmp_path: Path) -> None:
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    shown: list[str] = []
    shell._showtraceback = lambda *told: shown.extend(told[-1])  # type: ignore[method-assign]
    shell.run_cell(f"import glane\nglane.open_run({str(tmp_path / 'nothing')!r})")
    assert "no run here" in "".join(shown)
    assert not any("Traceback" in line or "---->" in line for line in shown)
