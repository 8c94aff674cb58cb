"""A dependency that calls home is caught in every process of a run. It is planted there, as an import of theirs."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from closed_network import CLOSED_NETWORK, OUTSIDE, OUTSIDE6, run_there
from conftest import ROOT, write_documents
from glane.guard import calls
from glane.job.status_view import run_view
from glane.run.directory import run_directory
from glane.run.overview import overview
from glane.run.refused import refusals
from glane.settings import RunSettings

# Imported by each process before its work, as Python does with a module of this name: an innocent part of it waits for
# the imports of those that have texts.
_PLANTED = """
import json, os, subprocess, sys
PLACES = {"glane.cluster.actor": "actor", "glane.run.worker": "engine", "glane.run.readback": "driver",
          "glane.documents.walk": "reader"}
class Innocent:
    def find_spec(self, name, path=None, target=None):
        place = PLACES.get(name)
        file = f"__FOLDER__/{place}-{os.getpid()}"
        is_command = sys.argv and sys.argv[0].endswith(("extract.py", "ingest.py"))
        if place and is_command == (place == "driver") and not os.path.exists(file):
            open(file, "w").close()
            done = subprocess.run([sys.executable, "-S", "__HOME__", "__OUTSIDE__", "__OUTSIDE6__"], capture_output=True, text=True)
            import socket
            try: socket.create_connection(("__OUTSIDE__", 99), timeout=0.1)
            except OSError as error: said = f"{type(error).__name__}: {error}"
            heard = [line.split() for kind in ("tcp", "tcp6", "udp", "udp6") for line in open("/proc/net/" + kind)]
            listening = sorted({words[1].split(":")[0] for words in heard if words[3] in ("0A", "07")})
            open(file, "w").write(json.dumps({"other": done.stdout, "own": said, "listening": listening}))
sys.meta_path.insert(0, Innocent())
"""


# Of /proc/net: 127.0.0.1, ::1, and 127.0.0.1 written as IPv6.
_HERE = {"0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"}


def planted(folder: Path, *words: str, name: str) -> tuple[dict[str, list[dict[str, Any]]], int]:
    """Run a job with it; what it told in each kind of process, and how many packets left."""
    code, told = folder / "code", folder / "told"
    code.mkdir()
    told.mkdir()
    text = _PLANTED.replace("__FOLDER__", str(told)).replace("__HOME__", str(ROOT / "tests" / "call_home.py"))
    (code / "sitecustomize.py").write_text(text.replace("__OUTSIDE__", OUTSIDE).replace("__OUTSIDE6__", OUTSIDE6))
    environment = {**os.environ, "PYTHONPATH": f"{code}{os.pathsep}{ROOT / 'lib'}"}
    command = [sys.executable, str(ROOT / "jobs" / f"{name}.py"), *words, "progress=plain"]
    done = run_there(
        ["sh", "-c", '"$@"; code=$?; cat /proc/net/dev; exit $code', "sh", *command], environment, timeout=280
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[dict[str, Any]]] = {}
    for path in told.iterdir():
        found.setdefault(path.name.split("-")[0], []).append(json.loads(path.read_text()))
    ends = [line.partition(":") for line in done.stdout.splitlines() if line.strip().startswith("home")]
    return found, sum(int(counts.split()[9]) for _, _, counts in ends)


@pytest.mark.ray
@CLOSED_NETWORK
@pytest.mark.skipif(not calls.is_supported(), reason="this kernel asks no process about calls of another")
def test_what_calls_home_from_any_process_of_an_extraction_is_refused_and_told(tmp_path):
    data = write_documents(tmp_path / "d.parquet", ["Vu le 3 mars.", "Fièvre."])
    run = tmp_path / "run"
    words = (
        "task=ed_visit",
        "model=scripted",
        "run.allow_toy=true",
        f"data.path={data}",
        f"run.dir={run}",
        "run.energy=none",
    )
    found, sent = planted(tmp_path, *words, name="extract")
    assert set(found) == {"actor", "engine", "driver"}
    for place, told in found.items():
        for one in told:
            left = {name for name, said in json.loads(one["other"]).items() if not said.endswith(" 0 packets")}
            assert left == set(), place
            is_early = place == "actor"  # before its first line; the kernel knows no sentences
            assert one["own"].startswith("PermissionError: " if is_early else "EgressRefused: "), place
    assert sent == 0
    assert {
        one for told in found.values() for each in told for one in each["listening"]
    } <= _HERE  # in all this network
    directory = run_directory(RunSettings(dir=str(run)))
    assert {one.by for one in refusals(directory)} == {"kernel", "Python"}
    state = overview(run)
    assert state.guard == "kernel"
    shown = [str(part) for part in run_view(state, [], None).renderables]
    assert any("the kernel refuses" in line for line in shown)
    assert any(f"connection {OUTSIDE}:4443" in line for line in shown)


@pytest.mark.ray
@CLOSED_NETWORK
@pytest.mark.skipif(not calls.is_supported(), reason="this kernel asks no process about calls of another")
def test_what_calls_home_from_a_reader_of_files_is_refused(tmp_path):
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.txt").write_text("Vu le 3 mars.")
    words = (f"source={tmp_path}/files", f"data.path={tmp_path}/set", "run.energy=none")
    found, sent = planted(tmp_path, *words, name="ingest")
    assert "reader" in found
    for one in found["reader"]:
        left = {name for name, said in json.loads(one["other"]).items() if not said.endswith(" 0 packets")}
        assert left == set()
    assert sent == 0
