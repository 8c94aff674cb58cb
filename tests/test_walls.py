"""The import contracts refuse what they are there to refuse: each violation is planted in a copy of the library."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import ROOT

LINTER = Path(sys.executable).with_name("lint-imports")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library and its contracts, without the data it carries."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copy(ROOT / "pyproject.toml", folder)
    leave_out = shutil.ignore_patterns("*.safetensors", "__pycache__", "conf")
    for package in ("glane", "glane_tools"):
        shutil.copytree(ROOT / "lib" / package, folder / "lib" / package, ignore=leave_out)
    return folder


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder / "lib")}
    return subprocess.run([LINTER], cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def planted(copy: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Path, str]]:
    module, line = request.param
    file = copy / "lib" / Path(*module.split(".")).with_suffix(".py")
    before = file.read_text() if file.exists() else None
    made = file.parent if not file.parent.exists() else None
    if made is not None:
        made.mkdir()
        (made / "__init__.py").touch()
    file.write_text(f"{before or ''}\n{line}\n")
    yield copy, module
    if made is not None:
        shutil.rmtree(made)
    elif before is None:
        file.unlink()
    else:
        file.write_text(before)


def test_the_copy_as_it_is_keeps_all_contracts(copy: Path) -> None:
    done = lint(copy)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "planted",
    [
        ("glane.extraction.worker", "import vllm"),
        ("glane.extraction.feeder", "def late():\n    from torch import nn"),  # in a function, too
        ("glane.run.session", "import vllm"),
        ("glane.pilot.predict", "import ray"),
        ("glane.assess.files", "import submitit"),
        ("glane.extraction.prepare", "from omegaconf import OmegaConf"),
        ("glane.corpus.read", "import requests"),
        ("glane.corpus.read", "import urllib.request"),
        ("glane.ingestion.work", "import http.client"),  # one module beside it may
        ("glane.ingestion.ocr.pages", "from PIL import Image"),
        ("glane.extraction.results", "import huggingface_hub"),
        ("glane.pilot.frame", "import codecarbon"),
        ("glane.run.prepare", "from glane.task.task import Task"),  # the durable run stays free of tasks
        ("glane.run.publish", "from glane.extraction import results"),
        ("glane.reading.align", "import glane.corpus.read"),  # siblings do not see each other
        ("glane.storage", "import glane.records"),
        ("glane.run.ledger", "import glane_tools.install"),
        ("glane.job.status", "import glane.cluster.supervisor"),  # a login node has no ray
        ("glane.ingest.pages", "import glane.cluster.supervisor"),  # a room that has no place yet
        ("glane.ingest.harmless", ""),
        ("glane.loose", ""),  # a file beside the rooms
    ],
    indirect=True,
    ids=lambda one: f"{one[0]}-{one[1].split(chr(10))[-1].strip()}",
)
def test_a_planted_violation_is_refused(planted: tuple[Path, str]) -> None:
    folder, module = planted
    done = lint(folder)
    assert done.returncode != 0, f"{module}: {done.stdout}"
    assert "BROKEN" in done.stdout
