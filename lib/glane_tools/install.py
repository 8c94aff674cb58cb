"""Sets up .venv from the pinned requirements: `python3 lib/glane_tools/install.py [--dev]`. Needs Python and pip only.

Safe to repeat: what is there already is not touched, and a set-up that was cut short goes on.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PINS = Path(__file__).resolve().parent
FREE_GB_NEEDED = 6
NETWORK_CHECK_S = 300


def main() -> None:
    """Install, or print the reason for a failure in one sentence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also what the tests and checks need")
    with_dev = parser.parse_args().dev
    if sys.version_info < (3, 11):
        fail(f"glane needs Python 3.11 or newer; this is {sys.version.split()[0]}. Try: make PYTHON=python3.12 …")
    pins = [PINS / ("gpu.txt" if has_gpu() else "cpu.txt")]
    if with_dev:
        pins.append(PINS / "dev.txt")
    if all(marker(pin).exists() for pin in pins):
        return
    if not (VENV / "bin" / "python").exists():
        say(f"creating {VENV.name} with Python {sys.version.split()[0]}")
        if subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False).returncode != 0:
            shutil.rmtree(VENV, ignore_errors=True)
            fail("Python's venv module does not work here; install it (on Debian: apt install python3-venv)")
    for pin in pins:
        if not marker(pin).exists():
            install(pin)
    run_pip(["--no-deps", "--no-build-isolation", "--editable", str(ROOT)], "glane itself could not be installed")
    say("ready")


def install(pin: Path) -> None:
    """Install one file of pinned requirements, after quick checks."""
    free_gb = shutil.disk_usage(ROOT).free / 1e9
    if pin.name != "dev.txt":
        if free_gb < FREE_GB_NEEDED:
            fail(f"{free_gb:.1f} GB free under {ROOT}; the packages need about {FREE_GB_NEEDED} GB")
        check_network()
    say(f"installing {pin.name} ({sum('==' in line for line in pin.read_text().splitlines())} packages)")
    if pin.name == "gpu.txt":
        run_pip(
            ["-c", str(pin), "--editable", f"{ROOT}[gpu]"],
            "some packages could not be installed: see pip's words above",
        )
        marker(pin).touch()
        return
    options = ["--no-deps", "-r", str(pin)]
    if index := os.environ.get("GLANE_TORCH_INDEX"):
        torch = next(line for line in (PINS / "cpu.txt").read_text().splitlines() if line.startswith("torch=="))
        run_pip(["--no-deps", "--index-url", index, torch], f"torch could not be installed from {index}")
    run_pip(options, "some packages could not be installed: see pip's words above")
    marker(pin).touch()


def check_network() -> None:
    """Ask for the package that is missing most often, before gigabytes of others are downloaded."""
    if os.environ.get("GLANE_TORCH_INDEX"):
        return
    torch = (
        "torch"
        if has_gpu()
        else next(line for line in (PINS / "cpu.txt").read_text().splitlines() if line.startswith("torch=="))
    )
    say(f"checking that {torch} can be had")
    command = [
        str(VENV / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--dry-run",
        "--quiet",
        "--no-deps",
        "--retries",
        "1",
        torch,
    ]
    try:
        found = subprocess.run(command, check=False, capture_output=True, text=True, timeout=NETWORK_CHECK_S)
    except subprocess.TimeoutExpired:
        fail(f"no answer from the package index within {NETWORK_CHECK_S} s; is there a network, or a proxy to set?")
    if found.returncode == 0:
        return
    if "No matching distribution" in found.stderr and "connection" not in found.stderr.lower():
        fail(
            f"{torch} is not in your package index. Set GLANE_TORCH_INDEX to the address of PyTorch's CPU index "
            "(PyTorch's installation page names it) and run make again"
        )
    fail(
        "the package index cannot be reached; is there a network, or a proxy to set? pip says:\n" + found.stderr.strip()
    )


def has_gpu() -> bool:
    """Whether this machine has an NVIDIA GPU. GLANE_DEVICE=cpu or gpu overrides the detection."""
    if wanted := os.environ.get("GLANE_DEVICE"):
        return wanted == "gpu"
    return Path("/dev/nvidia0").exists() and shutil.which("nvidia-smi") is not None


def marker(pin: Path) -> Path:
    """The path of a file in .venv that shows that exactly these pins are installed."""
    digest = hashlib.blake2b(pin.read_bytes(), digest_size=8).hexdigest()
    return VENV / f".glane-{pin.stem}-{digest}"


def run_pip(arguments: list[str], complaint: str) -> None:
    """Run pip install in .venv."""
    command = [
        str(VENV / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        *arguments,
    ]
    if subprocess.run(command, check=False).returncode != 0:
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
