"""The wheel: built, installed apart from the checkout, and used from an empty folder."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from conftest import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"  # a build leaves folders beside what it builds
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "lib", "conf", "slurm"):
        (source / name).symlink_to(ROOT / name) if name != "lib" else _copied(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", str(folder), str(source)], check=True, timeout=300)
    (built,) = folder.glob("*.whl")
    return built


def _copied(source: Path, target: Path) -> None:
    import shutil

    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, which finds the packages it needs where this one has them, and no checkout."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=120)
    (packages,) = folder.glob("lib/python*/site-packages")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
    python = ["--python", str(folder / "bin" / "python")]
    subprocess.run([*pip[:3], *python, *pip[3:], str(wheel)], check=True, timeout=300)
    # A path that a .pth file adds is not searched for .pth files: the checkout's own stays unseen.
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def run(installed: Path, folder: Path, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(installed / "bin" / words[0]), *words[1:]], cwd=folder, env=environment, capture_output=True, text=True,
        timeout=400, check=False, **options,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done


def test_every_package_that_is_imported_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["cpu"]]
    names = {re.match(r"[\w.-]+", one)[0].lower().replace("_", "-") for one in declared}  # type: ignore[index]
    known = {
        module: {one.lower().replace("_", "-") for one in found} for module, found in packages_distributions().items()
    }
    lacking = set()
    for path in (ROOT / "lib" / "glane").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            for module in {one.partition(".")[0] for one in modules} - set(sys.stdlib_module_names) - {"glane"}:
                if not known.get(module, {module}) & names:
                    lacking.add((module, path.name))
    assert lacking == set()


@pytest.mark.slow
def test_it_holds_the_product_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        scripts = archive.read(next(name for name in names if name.endswith("entry_points.txt"))).decode()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"glane"}
    assert "glane = glane.cli:main" in scripts
    for path in [*(ROOT / "conf").rglob("*.yaml"), *(ROOT / "slurm").glob("*.sh")]:
        assert f"glane/{path.relative_to(ROOT)}" in names
    for path in (ROOT / "lib" / "glane").rglob("*.py"):
        assert str(path.relative_to(ROOT / "lib")) in names
    assert "glane/demo/model/model.safetensors" in names
    assert "glane/assess/review/review.html" in names


@pytest.mark.slow
@pytest.mark.ray
def test_it_is_used_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    place = run(installed, tmp_path, "python", "-c", "import glane; print(glane.__file__)").stdout
    assert Path(place).is_relative_to(installed)
    assert "extract" in run(installed, tmp_path, "glane", "--help").stdout
    run(installed, tmp_path, "glane", "demo-corpus", "path=corpus", "documents=20", "seed=1")
    words = ["task=ed_visit", "data.path=corpus/documents.parquet", "progress=none"]
    run(installed, tmp_path, "glane", "extract", *words, "model=scripted", "run.dir=run")
    assert "complete" in run(installed, tmp_path, "glane", "status", "run.dir=run").stdout
    assert pl.read_parquet(tmp_path / "run" / "records" / "*.parquet").height == 20


@pytest.mark.engine
@pytest.mark.slow
def test_its_demo_model_answers(installed: Path, tmp_path: Path) -> None:
    run(installed, tmp_path, "glane", "demo-corpus", "path=corpus", "documents=20", "seed=1")
    words = ["task=ed_visit", "model=demo", "data.path=corpus/documents.parquet", "progress=none", "run.dir=run"]
    run(installed, tmp_path, "glane", "extract", *words)
    rows, gold = (pl.read_parquet(tmp_path / name) for name in ("run/records/*.parquet", "corpus/gold.parquet"))
    assert rows["status"].cast(str).to_list() == ["OK"] * 20
    both = rows.select("id", "age").join(gold.select("id", "age"), on="id", suffix="_gold")
    assert both.filter(pl.col("age").eq_missing(pl.col("age_gold"))).height >= 17
