"""What is installed from a wheel, away from the checkout: the command, its configuration, the demo."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import polars as pl
import pytest

from conftest import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def run(*command: str | Path, cwd: Path, check: int = 0, timeout: int = 300) -> str:
    """Run a command without anything of the checkout in its environment; return what it printed."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True, timeout=timeout, check=False
    )
    assert done.returncode == check, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a package is built of: building writes beside it."""
    folder = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("lib", "conf", "slurm", "jobs"):
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=ignored)
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(source, tmp_path_factory.mktemp("wheel"))


def build_wheel(source: Path, folder: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    run(*pip, "--wheel-dir", folder, source, cwd=folder)
    (found,) = folder.glob("glane-*.whl")
    return found


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


@pytest.mark.slow
def test_a_wheel_holds_the_package_with_its_configuration_and_nothing_else(wheel: Path) -> None:
    held = names(wheel)
    assert all(name.startswith("glane/") for name in held)
    kept = [path for path in (ROOT / "conf").rglob("*.yaml") if path.name != "benchmark.yaml"]
    kept += (ROOT / "conf").rglob("*.csv")
    expected = {f"glane/conf/{path.relative_to(ROOT / 'conf')}" for path in kept}
    expected |= {f"glane/slurm/{path.name}" for path in (ROOT / "slurm").glob("*.sh")}
    expected.add("glane/slurm/site_example.yaml")  # and no site.yaml, which is a site's own
    for kind in ("py", "po", "csv", "js", "css", "html", "json", "safetensors", "jinja"):
        modules = [path for path in (ROOT / "lib" / "glane").rglob(f"*.{kind}") if "__pycache__" not in path.parts]
        expected |= {f"glane/{path.relative_to(ROOT / 'lib' / 'glane')}" for path in modules}
    expected |= {f"glane/reporting/{path.name}" for path in (ROOT / "lib" / "glane" / "reporting").glob("*.yaml")}
    for kind in ("synthesis/*.R", "pseudonyms/lists/*.txt"):
        expected |= {
            f"glane/{path.relative_to(ROOT / 'lib' / 'glane')}" for path in (ROOT / "lib" / "glane").glob(kind)
        }
    assert held == expected | {"glane/py.typed"}


@pytest.mark.slow
def test_a_wheel_of_the_source_distribution_is_the_same(source: Path, wheel: Path, tmp_path: Path) -> None:
    code = f"import setuptools.build_meta as build; build.build_sdist({str(tmp_path)!r})"
    run(sys.executable, "-c", code, cwd=source)
    (archive,) = tmp_path.glob("glane-*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    again = build_wheel(tmp_path / archive.name.removesuffix(".tar.gz"), tmp_path)
    assert names(again) == names(wheel)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that has the wheel, and the packages of this one, without its link to glane.

    A folder that a .pth file names is searched; .pth files that lie in it, as that of the checkout, are not read.
    """
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    others = [path for path in sys.path if path.endswith("site-packages")]
    (site / "others.pth").write_text("\n".join(others) + "\n")
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "install", "--quiet"]
    run(*pip, "--no-deps", "--no-index", "--ignore-installed", wheel, cwd=folder)
    return folder / "bin"


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


@pytest.mark.slow
def test_the_command_of_a_wheel_works_from_any_folder(installed: Path, empty: Path) -> None:
    place = run(installed / "python", "-c", "import glane; print(glane.__file__)", cwd=empty).strip()
    assert Path(place).is_relative_to(installed.parent), "the wheel is not what was tried"
    glane = installed / "glane"
    version = re.search(r'__version__ = "(.*)"', (ROOT / "lib" / "glane" / "__init__.py").read_text())
    assert version is not None
    assert run(glane, "--version", cwd=empty) == f"glane {version[1]}\n"
    assert "evaluate" in run(glane, "--help", cwd=empty)
    assert "task=death_certificate, ed_visit" in run(glane, "extract", "--help", cwd=empty)
    shown = run(glane, "extract", "task=ed_visit", "model=demo", "data.path=x", "--cfg", "job", "--resolve", cwd=empty)
    assert f"path: {Path(place).parent}/demo/model" in shown
    assert "holds no run" in run(glane, "status", "run.dir=nothing", cwd=empty, check=2)
    assert list(empty.iterdir()) == []


@pytest.mark.slow
def test_a_wheel_submits_with_its_own_scripts(installed: Path, empty: Path) -> None:
    run(installed / "glane", "demo-corpus", "path=corpus", "documents=5", cwd=empty)
    words = ["task=ed_visit", "model=demo", "data.path=corpus/documents.parquet", "run.dir=run", "cluster=slurm"]
    place = [f"cluster.submission_dir={empty}/submissions", "cluster.dry_run=true"]
    script = run(installed / "glane", "extract", *words, *place, cwd=empty)
    root = re.search(r"GLANE_ROOT=(\S+)", script)
    assert root is not None
    assert (Path(root[1]) / "slurm" / "begin.sh").is_file()
    assert Path(root[1]).is_relative_to(installed.parent.resolve())
    assert f"GLANE_VENV:-{installed.parent}" in script


@pytest.mark.engine
@pytest.mark.ray
@pytest.mark.slow
def test_the_demo_of_a_wheel_runs_from_an_empty_folder(installed: Path, empty: Path) -> None:
    glane = installed / "glane"
    run(glane, "demo-corpus", "path=corpus", "documents=40", "seed=1", cwd=empty)
    words = ["task=ed_visit", "model=demo", "data.path=corpus/documents.parquet", "run.dir=run", "progress=none"]
    run(glane, "extract", *words, cwd=empty, timeout=550)
    rows = pl.read_parquet(empty / "run" / "records" / "*.parquet")
    gold = pl.read_parquet(empty / "corpus" / "gold.parquet")
    assert rows["id"].sort().equals(gold["id"].sort())
    assert (rows["status"] == "OK").all()
    both = rows.select("id", "syndrome").join(gold.select("id", right="syndrome"), on="id")
    assert both.filter(pl.col("syndrome").cast(pl.String) == pl.col("right").cast(pl.String)).height >= 30
    status = json.loads(run(glane, "status", "run.dir=run", "json=true", cwd=empty))
    assert status["state"] == "complete"


def test_every_library_that_is_imported_is_declared() -> None:
    project = PYPROJECT["project"]
    always = [*project["dependencies"], *project["optional-dependencies"]["ingest"]]
    engines = {name: [*always, *project["optional-dependencies"][name]] for name in ("cpu", "gpu")}
    declared = {name: {normal(re.split(r"[^\w.-]", one)[0]) for one in listed} for name, listed in engines.items()}
    known = metadata.packages_distributions()
    for name, where in imported().items():
        for extra, distributions in declared.items():
            found = {normal(one) for one in known.get(name, [name])} | {normal(name)}
            assert found & distributions, f"{where} imports {name}, which glane[{extra}] does not declare"


def imported() -> dict[str, Path]:
    """Each library that a module of the package imports, wherever in it, with one such module."""
    found: dict[str, Path] = {}
    for path in (ROOT / "lib" / "glane").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                modules = [node.module]
            tops = {module.partition(".")[0] for module in modules}
            found |= dict.fromkeys(tops - sys.stdlib_module_names - {"glane"}, path)
    return found


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
