"""What engines use of electricity: measured, modelled, or unknown with a reason; never at the cost of a run."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conftest import ROOT, extract_here, make_settings, wait_for, write_documents
from glane.run import energy
from glane.run.directory import RunDirectory
from glane.run.energy import EnergyMeter, EnergyPart, EnergyReading
from glane.run.energy_total import total_energy
from glane.run.summary import Summary, read_summary


def meter(**changes: Any) -> EnergyMeter:
    return EnergyMeter(**{"country": "FRA", "num_gpus": 0, "every_s": 0.2, "patience_s": 0.0, **changes})


@pytest.mark.slow
def test_codecarbon_models_offline_writes_nothing_and_says_nothing(tmp_path: Path) -> None:
    """In a process of its own, with uploads wished for by a user's own configuration: none happens."""
    (tmp_path / ".codecarbon.config").write_text(
        "[codecarbon]\nsave_to_api = true\nsave_to_file = true\nemissions_endpoint = http://127.0.0.1:9/\n"
        "electricitymaps_api_token = x\nco2_signal_api_token = y\nlog_level = debug\noutput_dir = .\n"
    )
    code = """
import json, os, socket, subprocess, sys, time
def refuse(*arguments, **_): print("CONNECT", arguments, flush=True); os._exit(3)
socket.socket.connect = socket.socket.connect_ex = socket.create_connection = socket.getaddrinfo = refuse
before = subprocess.Popen.__init__
def watched(self, args, *more, **named):
    command = [args] if isinstance(args, str) else [str(word) for word in args]
    if "sudo" in " ".join(command) or "powermetrics" in " ".join(command): print("SUDO", command); os._exit(4)
    return before(self, args, *more, **named)
subprocess.Popen.__init__ = watched
from glane.run.energy import EnergyMeter
meter = EnergyMeter(country="FRA", num_gpus=0, every_s=0.2, patience_s=0.0)
meter.engine_is_ready()
deadline = time.monotonic() + 60
while not meter.reading().parts and time.monotonic() < deadline: time.sleep(0.05)
end = time.monotonic() + 1.0
while time.monotonic() < end: pass
meter.stop()
print(meter.reading().model_dump_json())
"""
    lock = Path("/tmp/.codecarbon.lock")
    before, was_locked = set(tmp_path.rglob("*")), lock.exists()
    environment = {**os.environ, "HOME": str(tmp_path), "CODECARBON_SAVE_TO_API": "true"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=tmp_path, env=environment,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    [line] = done.stdout.splitlines()
    assert set(tmp_path.rglob("*")) == before
    assert lock.exists() == was_locked
    told = EnergyReading.model_validate_json(line)
    assert {part.source for part in told.parts.values()} <= {"modelled", "measured"}
    assert told.parts["memory"].source == "modelled"
    assert told.parts["cpu"].kwh > 0
    assert 20 < told.grams_per_kwh < 100  # France's, by codecarbon's table
    assert told.to_s > told.from_s >= told.ready_s
    assert 0 < told.kwh < 0.001


@pytest.mark.slow
def test_a_run_tells_its_energy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(energy, "_PATIENCE_S", 0.0)
    monkeypatch.setattr(EnergyMeter.__init__, "__kwdefaults__", {"every_s": 0.2, "patience_s": 0.0})
    settings = make_settings(
        write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(60)]), tmp_path / "run",
        model__script={"seconds_per_step": 0.3}, model__max_num_seqs=2,
    )  # fmt: skip
    extract_here(settings)
    told = read_summary(RunDirectory(root=tmp_path / "run"), Summary).energy
    assert told.source in ("modelled", "partly measured"), told
    assert told.kwh > 0
    assert told.co2_g == pytest.approx(told.kwh * told.grams_per_kwh)
    assert told.country == "FRA"
    assert told.workers_unknown == 0
    assert told.kwh == pytest.approx(sum(part.kwh for part in told.parts.values()))


def test_not_tracked_is_null_with_a_reason(tmp_path: Path) -> None:
    settings = make_settings(
        write_documents(tmp_path / "d.parquet", ["a", "b"]), tmp_path / "run", run__energy="none"
    )  # fmt: skip
    extract_here(settings)
    told = read_summary(RunDirectory(root=tmp_path / "run"), Summary).energy
    assert (told.kwh, told.source, told.workers_unknown) == (None, None, 1)
    assert "run.energy=none" in told.reason


@pytest.mark.slow
def test_a_moments_run_is_not_made_longer(tmp_path: Path) -> None:
    """codecarbon is not even imported: the run ends before its turn comes."""
    code = f"""
import sys; sys.path.insert(0, {str(ROOT / "tests")!r})
from pathlib import Path
from conftest import extract_here, make_settings, write_documents
folder = Path({str(tmp_path)!r})
extract_here(make_settings(write_documents(folder / "d.parquet", ["a", "b"]), folder / "run"))
print("codecarbon" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "False"


class Nvml:
    """A stand-in for NVML: two GPUs that use 300 W and 200 W, by a clock that the test moves."""

    def __init__(self) -> None:
        self.seconds, self.fails = 0.0, False

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: int) -> int:  # noqa: N802
        if self.fails:
            raise RuntimeError("Not Supported")
        return 5_000_000 + int(1000 * self.seconds * (300, 200)[handle])


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> Nvml:
    stand_in = Nvml()
    monkeypatch.setitem(sys.modules, "pynvml", stand_in)
    monkeypatch.setattr(energy, "gpu_handles", lambda: [0, 1])
    return stand_in


def test_gpus_are_measured_from_the_workers_beginning(nvml: Nvml, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(energy, "_tracker", lambda *_: pytest.fail("codecarbon tracks, too"))
    watched = meter(num_gpus=2)
    nvml.seconds = 36  # 500 W for 36 s: 5 Wh
    watched.engine_is_ready()
    wait_for(lambda: watched.reading().grams_per_kwh)
    nvml.seconds = 7236
    told = watched.reading()
    watched.stop()
    assert told.kwh_at_ready == pytest.approx(0.005)
    assert told.parts.keys() == {"gpu"}
    assert told.parts["gpu"].kwh == pytest.approx(1.005)
    assert (told.parts["gpu"].source, told.parts["gpu"].scope) == ("measured", "worker")
    assert told.reason is None
    assert told.grams_per_kwh > 0


def test_gpus_that_tell_nothing_are_modelled_and_it_is_said(nvml: Nvml) -> None:
    nvml.fails = True
    watched = meter(num_gpus=2)
    watched.engine_is_ready()
    told = wait_for(lambda: (now := watched.reading()).parts and now)
    watched.stop()
    assert told.parts["cpu"].source in ("modelled", "measured")
    assert "NVML tells no energy" in told.reason


@pytest.mark.parametrize("broken", ["import", "start", "silence"])
def test_where_both_fail_energy_is_null_with_a_reason(broken: str, nvml: Nvml, monkeypatch: pytest.MonkeyPatch) -> None:
    nvml.fails = True
    monkeypatch.setattr(energy, "grams_per_kwh", lambda _: 50.0)
    if broken == "import":
        monkeypatch.setitem(sys.modules, "codecarbon", None)
    elif broken == "start":
        monkeypatch.setattr(energy, "_tracker", lambda *_: 1 / 0)
    else:
        idle = SimpleNamespace(start=lambda: None, stop=lambda: None)
        monkeypatch.setattr(energy, "_tracker", lambda *_: idle)
    watched = meter(num_gpus=1)
    watched.engine_is_ready()
    told = wait_for(lambda: ";" in (watched.reading().reason or "") and watched.reading())
    watched.stop()
    assert told.kwh is None
    assert told.parts == {}
    assert "NVML" in told.reason
    assert "codecarbon" in told.reason


def test_an_unknown_country_has_energy_and_no_emissions(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = meter(country="XYZ")
    watched.engine_is_ready()
    told = wait_for(lambda: (now := watched.reading()).parts and now)
    watched.stop()
    assert told.grams_per_kwh is None
    assert "'XYZ'" in told.reason


def test_a_tracker_that_hangs_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(energy, "_STOP_WAIT_S", 0.3)
    monkeypatch.setattr(energy, "grams_per_kwh", lambda _: time.sleep(30))
    watched = meter()
    watched.engine_is_ready()
    time.sleep(0.1)
    began = time.monotonic()
    watched.stop()
    assert time.monotonic() - began < 5


def life(parts: dict[str, Any], *, began: float = 0, ended: float = 3600, host: str = "n1", grams: float = 50) -> Any:
    told = EnergyReading(
        kwh=None, kwh_at_ready=0.0, ready_s=0.0, from_s=0.0, to_s=0.0, parts=parts, grams_per_kwh=grams, country="FRA",
        reason=None,
    )  # fmt: skip
    return SimpleNamespace(identity=host, started=began, time=ended, energy=told)


def part(kwh: float, source: str = "measured", scope: str = "worker") -> EnergyPart:
    return EnergyPart(kwh=kwh, source=source, scope=scope)


def test_the_sum_over_workers_and_its_label() -> None:
    found = total_energy(
        [life({"gpu": part(1.0)}), life({"gpu": part(2.0)}), SimpleNamespace(identity="n1", energy=None)]
    )
    assert (found.kwh, found.co2_g, found.source, found.workers_unknown) == (3.0, 150.0, "measured", 1)
    mixed = total_energy([life({"cpu": part(1.0), "memory": part(1.0, "modelled")})])
    assert mixed.source == "partly measured"
    assert total_energy([life({"cpu": part(1.0, "modelled")})]).source == "modelled"
    assert total_energy([]).kwh is None


def test_what_a_machines_counter_says_counts_once() -> None:
    """Four workers of one node each read all of its processors; a fifth is on another node."""
    whole = {"cpu": part(2.0, "measured", "machine")}
    lives = [life(whole) for _ in range(4)] + [life(whole, host="n2")]
    assert total_energy(lives).kwh == pytest.approx(4.0)
    # One ends half-way, when another, that replaces it, begins.
    half = {"cpu": part(1.0, "measured", "machine")}
    assert total_energy([life(half, ended=1800), life(half, began=1800)]).kwh == pytest.approx(2.0)
    assert total_energy([life(whole), life(half, began=1800)]).kwh == pytest.approx(2.0)
