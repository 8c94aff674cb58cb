"""Engines of one node that start for the first time: one compiles, the others take what it left, and nobody waits for ever."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import DEMO_MODEL, wait_for
from glane.cluster.kernel_cache import cache_variables
from glane.engine import registry
from glane.engine.first_start import _DOES_NOT_DECIDE, _mark, first_start
from glane.engine.preload import set_environment
from glane.settings import ModelSettings

# A process that starts an engine: it tells when it compiles, and how long that takes is told to it.
STARTER = """
import os, sys, time
from pathlib import Path
from conftest import DEMO_MODEL
from glane.engine.first_start import first_start

folder, name, wait_s, lasts_s, how = Path(sys.argv[1]), *sys.argv[2:]
with first_start(DEMO_MODEL, wait_s=float(wait_s)):
    (folder / f"{name}.began").touch()
    if how == "forks" and os.fork() == 0:
        time.sleep(60)
    time.sleep(float(lasts_s))
    (folder / f"{name}.ended").touch()
    if how == "fails":
        raise SystemExit(3)
"""


@pytest.fixture
def starters(tmp_path, monkeypatch):
    """Start processes that each start an engine; those that are left are ended."""
    monkeypatch.setenv("VLLM_CACHE_ROOT", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    processes = []

    def start(name, *, wait_s=60.0, lasts_s=0.0, how="well"):
        command = [sys.executable, "-c", STARTER, str(tmp_path), name, str(wait_s), str(lasts_s), how]
        processes.append(subprocess.Popen(command, start_new_session=True))
        return processes[-1]

    yield start
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def times(folder, name):
    return [(folder / f"{name}.{what}").stat().st_mtime_ns for what in ("began", "ended")]


def began(folder, name):
    return (folder / f"{name}.began").exists()


def test_one_starts_alone_and_the_others_after_it(tmp_path, starters):
    started = [starters(str(number), lasts_s=0.3) for number in range(4)]
    assert [process.wait(timeout=60) for process in started] == [0] * 4
    first, *others = sorted(times(tmp_path, str(number)) for number in range(4))
    assert all(first[1] <= other[0] for other in others)


def test_what_has_started_before_starts_at_once_though_somebody_holds_the_turn(tmp_path, starters):
    assert starters("first").wait(timeout=60) == 0
    _mark(DEMO_MODEL, os.environ).unlink()
    holder = starters("holder", lasts_s=60)
    wait_for(lambda: began(tmp_path, "holder"), 30)
    _mark(DEMO_MODEL, os.environ).touch()
    assert starters("later").wait(timeout=30) == 0
    assert holder.poll() is None


@pytest.mark.parametrize("how", ["well", "forks"])
def test_who_is_killed_with_the_turn_leaves_it(tmp_path, starters, how):
    holder = starters("holder", lasts_s=60, how=how)
    wait_for(lambda: began(tmp_path, "holder"), 30)
    following = starters("next")
    time.sleep(1)
    assert not began(tmp_path, "next")
    os.kill(holder.pid, signal.SIGKILL)  # a process that it forked lives on
    assert following.wait(timeout=30) == 0


def test_a_start_that_fails_leaves_the_turn_and_no_mark(tmp_path, starters):
    assert starters("fails", how="fails").wait(timeout=60) == 3
    assert not _mark(DEMO_MODEL, os.environ).exists()
    assert starters("next").wait(timeout=60) == 0
    assert _mark(DEMO_MODEL, os.environ).exists()


def test_the_wait_ends_and_the_start_goes_on_without_the_turn(tmp_path, starters):
    holder = starters("holder", lasts_s=60)
    wait_for(lambda: began(tmp_path, "holder"), 30)
    assert starters("next", wait_s=1).wait(timeout=30) == 0
    assert holder.poll() is None
    assert not _mark(DEMO_MODEL, os.environ).exists()  # who had no turn does not say that all is compiled


@pytest.mark.parametrize("place", ["a file", "nowhere"])
def test_without_a_place_for_the_lock_engines_start(tmp_path, monkeypatch, place):
    (tmp_path / "a file").touch()
    monkeypatch.setenv("VLLM_CACHE_ROOT", str(tmp_path / place) if place == "a file" else "/proc/nowhere")
    with first_start(DEMO_MODEL, wait_s=60):
        pass


def test_the_turn_is_for_what_vllm_compiles_for(monkeypatch):
    def mark(**changes):
        return _mark(DEMO_MODEL.model_copy(update=changes), os.environ)

    assert mark(sampling=DEMO_MODEL.sampling.model_copy(update={"seed": 7}), prompt_style="full") == mark()
    for changes in (
        {"max_model_len": 77}, {"tensor_parallel_size": 2}, {"engine_args": {"block_size": 64}}, {"quote_drafts": True},
        {"pipeline_parallel_size": 2}, {"shared_grammars": False},
    ):  # fmt: skip
        assert mark(**changes) != mark()
    here = mark()
    monkeypatch.setattr("socket.gethostname", lambda: "another-node")
    assert mark() != here


def test_a_setting_that_nobody_judged_decides_what_is_compiled():
    class Later(ModelSettings):
        new_kernels: bool = False

    told = DEMO_MODEL.model_dump()
    assert _mark(Later(**told, new_kernels=True), os.environ) != _mark(Later(**told), os.environ)
    assert set(ModelSettings.model_fields) >= _DOES_NOT_DECIDE  # or one was renamed


@pytest.mark.parametrize(
    ("device", "num_nodes", "takes"), [("gpu", 1, True), ("cpu", 1, False), ("gpu", 2, False)]
)  # fmt: skip
def test_engines_on_gpus_take_turns_for_a_quarter_of_their_time(monkeypatch, device, num_nodes, takes):
    waits = []

    class Kind:
        has_weights = True
        start = staticmethod(lambda *_, **__: "engine")

    monkeypatch.setattr(registry, "engine_kind", lambda _: Kind)
    real = registry.first_start
    monkeypatch.setattr(
        registry, "first_start", lambda settings, *, wait_s: waits.append(wait_s) or real(settings, wait_s=0)
    )
    told = {"device": device, "cpus": 1, "num_nodes": num_nodes}
    assert registry.start_engine(DEMO_MODEL, **told, within_s=1800) == "engine"
    assert registry.start_engine(DEMO_MODEL, **told) == "engine"  # a preview: nobody else starts
    assert waits == ([450] if takes else [])


# A process that starts an engine which compiles its model, and ends.
COMPILER = """
from conftest import DEMO_MODEL
from glane.engine.registry import start_engine
from glane.engine.weights import resolve_weights

settings = resolve_weights(DEMO_MODEL.model_copy(update={"engine_args": {"enforce_eager": False}}))
start_engine(settings, device="cpu", cpus=1).close()
"""


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a compiler")
def test_a_second_start_compiles_nothing_anew(tmp_path):
    """In the folders that jobs on nodes are given for it, of two jobs with a TMPDIR each."""
    kept = tmp_path / "kept"
    kept.mkdir(mode=0o700)

    def compiled():
        (tmp_path / "of the job").mkdir(exist_ok=True)
        caches = cache_variables({"TMPDIR": str(tmp_path / "of the job")}, told=str(kept))
        environment = os.environ | caches | {"PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", COMPILER], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return {path: path.stat().st_mtime_ns for path in kept.rglob("*.so")}

    first = compiled()
    assert first
    assert compiled() == first


@pytest.mark.parametrize("is_set", [False, True])
@pytest.mark.parametrize("how", ["ours", "of a group", "a link", "where all write", "no cache", "no folder"])
def test_what_torch_compiles_is_not_loaded_from_where_others_write(tmp_path, monkeypatch, how, is_set):
    temporary, kept = tmp_path / "tmp", tmp_path / "cache" / "glane" / "inductor"
    ours = temporary / f"glane-inductor-{os.getuid()}"
    temporary.mkdir(mode=0o700)
    temporary.chmod(0o777 if how == "where all write" else 0o1777)
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(os, "environ", os.environ.copy())  # which is written to
    os.environ.pop("TORCHINDUCTOR_CACHE_DIR", None)
    if is_set:  # by torch, in a process that has used it before
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(temporary / "torchinductor_somebody")
    if how == "a link":
        (tmp_path / "planted").mkdir(mode=0o700)
        ours.symlink_to(tmp_path / "planted")
    for folder in {"of a group": [ours], "no cache": [ours], "no folder": [ours, kept]}.get(how, []):
        folder.mkdir(parents=True)
        folder.chmod(0o770)
    if how == "no cache":
        (tmp_path / "cache").write_text("")
    set_environment()
    taken = Path(os.environ["TORCHINDUCTOR_CACHE_DIR"])
    assert (taken == ours) is (how == "ours")
    assert (taken == kept) is (how in ("of a group", "a link", "where all write"))
    assert taken.stat().st_mode & 0o777 == 0o700
    assert not taken.is_symlink()
    set_environment()
    assert os.environ["TORCHINDUCTOR_CACHE_DIR"] == str(
        taken
    )  # as what it starts finds it, and where a site has set it
