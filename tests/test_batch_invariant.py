"""`model.batch_invariant`: refused where it cannot be had, told in a run's papers, and given to vLLM before it is imported."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conftest import DEMO_MODEL, extract_here, job_here, make_settings, write_documents
from glane.engine import batch_invariant
from glane.engine.batch_invariant import VARIABLE, set_invariant
from glane.engine.vllm_set_up import set_up
from glane.errors import ConfigError, EngineError
from glane.job.batch_invariant import refuse_invariant_without_gpus, why_not_invariant
from glane.run.description import read_description
from glane.run.directory import RunDirectory
from glane.run.head import read_head
from glane.settings import ModelSettings

ASKED = DEMO_MODEL.model_copy(update={"batch_invariant": True})


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "0")


@pytest.mark.parametrize(("capability", "is_possible"), [(None, False), (7.5, False), (8.0, True), (9.0, True)])
def test_vllm_is_told_where_its_kernels_can_and_else_the_engine_does_not_start(
    monkeypatch: pytest.MonkeyPatch, capability: float | None, is_possible: bool
) -> None:
    monkeypatch.setattr(batch_invariant, "least_capability", lambda: capability)
    assert (why_not_invariant("vllm") == "") is is_possible
    if is_possible:
        set_invariant(ASKED, device="gpu")
        assert os.environ[VARIABLE] == "1"
    else:
        with pytest.raises(EngineError, match=r"model\.batch_invariant: .*GPU"):
            set_invariant(ASKED, device="gpu")
        assert os.environ[VARIABLE] == "0"


def test_what_a_shell_says_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the answers would be of other kernels than the papers of the run say."""
    monkeypatch.setenv(VARIABLE, "1")
    set_invariant(DEMO_MODEL, device="gpu")
    assert VARIABLE not in os.environ


def test_an_engine_on_a_cpu_refuses_it_in_a_sentence() -> None:
    with pytest.raises(EngineError, match=r"model\.batch_invariant: the engine works on a CPU"):
        set_up(ASKED, device="cpu", cpus=1)


def test_it_is_refused_before_anything_is_started_or_queued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_invariant_without_gpus(ASKED, num_gpus=1)
    refuse_invariant_without_gpus(DEMO_MODEL, num_gpus=0)
    with pytest.raises(ConfigError, match="to work on CPUs"):
        refuse_invariant_without_gpus(ASKED, num_gpus=0)
    data = write_documents(tmp_path / "d.parquet", ["text"])
    told = (f"data.path={data}", f"run.dir={tmp_path}/run", "model.batch_invariant=true")
    for words in (("model=scripted",), ("model=scripted", "cluster=slurm")):
        assert "the engine scripted has no weights" in job_here(*told, *words, check=2).stderr
    monkeypatch.setenv("GLANE_LANG", "fr")
    assert "le moteur scripted n'a pas de poids" in job_here(*told, "model=scripted", check=2).stderr
    assert not (tmp_path / "run").exists()


def test_it_is_of_the_fingerprint_and_runs_of_before_are_as_they_were(tmp_path: Path) -> None:
    """Other kernels may answer otherwise; without it nothing is told, so that earlier runs go on."""
    assert ASKED.model_dump()["batch_invariant"] is True
    assert "batch_invariant" not in DEMO_MODEL.model_dump()
    assert ModelSettings.model_validate(ASKED.model_dump()) == ASKED
    data = write_documents(tmp_path / "d.parquet", ["text"])
    extract_here(make_settings(data, tmp_path / "run"))
    directory = RunDirectory(root=tmp_path / "run")
    assert "batch_invariant" not in directory.description.read_text()
    assert not read_head(directory).batch_invariant
    text = directory.description.read_text()
    directory.description.write_text(
        text.replace("    async_scheduling:", "    batch_invariant: true\n    async_scheduling:")
    )
    assert read_description(directory).settings["model"]["batch_invariant"] is True
    assert "(model.batch_invariant)" in job_here(f"run.dir={tmp_path}/run", name="status").stdout
