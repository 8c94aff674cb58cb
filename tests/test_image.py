"""The recipe of the container, its steps taken in a root file system of this machine's Debian with small packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT
from test_setup import _environment, _make, here  # noqa: F401 - a fixture

sys.path.insert(0, str(ROOT / "lib" / "glane_tools"))
import rootfs

RECIPE = (ROOT / "slurm" / "glane.def").read_text(encoding="utf-8")


def test_the_recipe_is_of_a_debian_that_has_the_python_of_the_pins():
    header, sections = rootfs.parse(RECIPE)
    assert header == {"Bootstrap": "docker", "From": "debian:bookworm-slim"}  # which has Python 3.11
    assert list(sections) == ["files", "post", "environment", "runscript", "test"]
    copied = dict(line.split() for line in sections["files"].splitlines() if line.strip())
    assert all((ROOT / source).exists() and target == f"/opt/glane/{source}" for source, target in copied.items())
    links = [path for path in (ROOT / "lib" / "glane").iterdir() if path.is_symlink()]
    assert {path.resolve().relative_to(ROOT).parts[0] for path in links} <= set(copied)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a root file system over this one")
@pytest.mark.skipif(not Path("/etc/debian_version").exists(), reason="the recipe is of a Debian")
def test_the_steps_of_the_recipe_work_on_a_debian(here, tmp_path):  # noqa: F811
    """All but Debian's own packages, which are here already, and the size of the real ones."""
    recipe = tmp_path / "glane.def"
    recipe.write_text(RECIPE.replace("apt-get", "true").replace("import glane, ray, vllm", "import glane, tiny"))
    repo = tmp_path / "repo"
    shutil.copytree(here / "repo", repo)
    for name in ("jobs", "conf", "slurm"):
        shutil.copytree(ROOT / name, repo / name)
    for name in ("README.md", "LICENSE"):
        shutil.copy(ROOT / name, repo)
    shutil.copy(ROOT / "lib" / "glane_tools" / "rootfs.py", repo / "lib" / "glane_tools")
    # The wheelhouse is for the Python that the steps find, Debian's.
    python = subprocess.run(
        ["/usr/bin/python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True,
        check=False,
    ).stdout.strip()  # fmt: skip
    if python != "3.11":
        pytest.skip(f"Debian's Python is not here, or is {python}")
    assert _make(here, tmp_path / "wheels", "cpu", "--python", python).returncode == 0
    done = subprocess.run(
        [sys.executable, str(repo / "lib" / "glane_tools" / "rootfs.py"), str(tmp_path / "root"), "--base", "/",
         "--recipe", str(recipe), "--wheelhouse", str(tmp_path / "wheels")],
        capture_output=True, text=True, timeout=200, check=False,
        env=_environment(here) | {"PATH": os.environ["PATH"]},
    )  # fmt: skip
    if "mount" in done.stderr:
        pytest.skip("a file system cannot be laid over that of this machine")
    assert done.returncode == 0, done.stdout + done.stderr
    above = tmp_path / "root.over" / "up"
    assert (above / "opt" / "glane" / ".venv" / "bin" / "python3").is_symlink()
    assert (above / "usr" / "local" / "bin" / "glane").is_symlink()
    assert (above / "opt" / "glane" / "conf" / "cluster" / "slurm.yaml").is_file()
    assert not Path("/opt/glane").exists()  # of this machine itself, nothing changed
