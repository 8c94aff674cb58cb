"""Sets up .venv from the pinned requirements: `python3 lib/glane_tools/install.py [--wheelhouse FOLDER]`.

`--dev` and `--notebook` add what the tests and `make notebook` need. Needs Python and pip only.
Safe to repeat: what is there already is not touched, and what was cut short goes on.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

if sys.version_info < (3, 11):  # before what older versions cannot even read
    version = sys.version.split()[0]
    sys.exit(f"glane set-up: glane needs Python 3.11 or newer; this is {version}. Try: make setup PYTHON=python3.12.")

import wheelhouse
from builds import UnclearBuild, build_in, chosen_build, marker, pinned, pins_of, told_build

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
DEV = Path(__file__).resolve().parent / "dev.txt"
NOTEBOOK = wheelhouse.NOTEBOOK
FREE_GB_NEEDED = {"cpu": 6, "gpu": 16}
NETWORK_CHECK_S = 300


def main() -> None:
    """Install, or print the reason for a failure in one sentence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also what the tests and checks need")
    parser.add_argument("--notebook", action="store_true", help="also what make notebook needs")
    parser.add_argument("--wheelhouse", type=Path, help="take all packages from this folder, see make wheelhouse")
    told = parser.parse_args()
    try:
        set_up(told.wheelhouse, with_dev=told.dev, with_notebook=told.notebook)
    except (UnclearBuild, wheelhouse.WheelhouseError) as error:
        fail(str(error))


def set_up(folder: Path | None, *, with_dev: bool, with_notebook: bool) -> None:
    """Make the environment, unless it is there."""
    build = wheelhouse.build_of(folder, told_build()) if folder else chosen_build(VENV, for_tests=with_dev)
    pins = [pins_of(build), *([DEV] if with_dev else []), *([NOTEBOOK] if with_dev or with_notebook else [])]
    if all(marker(VENV, pin).exists() for pin in pins):
        if build != "gpu" and shutil.which("sbatch") and not with_dev:
            say("the build for CPUs is here already; GLANE_DEVICE=gpu make setup replaces it with that for GPUs")
        return
    say(f"the build for {'NVIDIA GPUs' if build == 'gpu' else 'CPUs'}")
    if build_in(VENV) not in (None, build):
        say(f"{VENV.name} has the build for {'CPUs' if build == 'gpu' else 'GPUs'}: it is made anew")
        shutil.rmtree(VENV)
    if not (VENV / "bin" / "python").exists():
        say(f"creating {VENV.name} with Python {sys.version.split()[0]}")
        if subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False).returncode != 0:
            shutil.rmtree(VENV, ignore_errors=True)
            fail("Python's venv module does not work here; install it (on Debian: apt install python3-venv)")
    for pin in pins:
        if not marker(VENV, pin).exists():
            install(pin, _part(folder, pin))
    offline = ["--no-index"] if folder else []
    run_pip(
        [*offline, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)], "glane itself could not be installed"
    )
    say("ready")


def _part(folder: Path | None, pin: Path) -> Path | None:
    """Where the packages of a file of pins are: in a folder of their own for notebooks, nowhere for tests."""
    if folder is None or pin == DEV:
        return None
    return folder / NOTEBOOK.stem if pin == NOTEBOOK else folder


def install(pin: Path, folder: Path | None) -> None:
    """Install one file of pinned requirements, after quick checks; from a wheelhouse if there is one."""
    free_gb = shutil.disk_usage(ROOT).free / 1e9
    needed = FREE_GB_NEEDED.get(pin.stem, 1)
    if free_gb < needed:
        fail(f"{free_gb:.1f} GB free under {ROOT}; the packages need about {needed} GB")
    say(f"installing {pin.name} ({len(pinned(pin))} packages)")
    if folder:
        say(f"checking {folder}")
        requirements = VENV / "wheelhouse.txt"
        requirements.write_text(wheelhouse.checked_requirements(folder, pin), encoding="utf-8")
        options = ["--no-index", "--find-links", str(folder), "--require-hashes"]
        run_pip([*options, "--no-deps", "-r", str(requirements)], "the wheelhouse could not be installed")
    else:
        check_network(pin)
        index, torch = os.environ.get("GLANE_TORCH_INDEX"), pinned(pin).get("torch")
        if index and torch:
            run_pip(
                ["--no-deps", "--index-url", index, f"torch=={torch}"], f"torch could not be installed from {index}"
            )
        run_pip(["--no-deps", "-r", str(pin)], "some packages could not be installed: see pip's words above")
    marker(VENV, pin).touch()


def check_network(pin: Path) -> None:
    """Ask for the package that is missing most often, before gigabytes of others are downloaded."""
    version = pinned(pin).get("torch")
    if os.environ.get("GLANE_TORCH_INDEX") or version is None:
        return
    torch = f"torch=={version}"
    say(f"checking that {torch} can be had")
    options = ["--dry-run", "--quiet", "--no-deps", "--retries", "1"]
    command = [str(VENV / "bin" / "python"), "-m", "pip", "install", *options, torch]
    try:
        found = subprocess.run(command, check=False, capture_output=True, text=True, timeout=NETWORK_CHECK_S)
    except subprocess.TimeoutExpired:
        fail(f"no answer from the package index within {NETWORK_CHECK_S} s; is there a network, or a proxy to set?")
    if found.returncode == 0:
        return
    if "No matching distribution" in found.stderr and "connection" not in found.stderr.lower():
        which = "CPU index" if pin.stem == "cpu" else "index for CUDA 13"
        fail(
            f"{torch} is not in your package index. Set GLANE_TORCH_INDEX to the address of PyTorch's {which} "
            "(PyTorch's installation page names it) and run make again"
        )
    fail(
        "the package index cannot be reached; is there a network, or a proxy to set? Where there is none: make "
        "wheelhouse on another machine, and make setup WHEELHOUSE=… here. pip says:\n" + found.stderr.strip()
    )


def run_pip(arguments: list[str], complaint: str) -> None:
    """Run pip install in .venv."""
    command = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*command, *arguments], check=False).returncode != 0:
        fail(complaint)


def say(line: str) -> None:
    """Print one line of progress."""
    print(f"glane set-up: {line}", flush=True)


def fail(sentence: str) -> None:
    """Stop with an error message."""
    print(f"glane set-up: {sentence}.", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main()
