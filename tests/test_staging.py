"""Weights on the disk of a node: copied once, verified, gone on with after a kill, and never at the cost of others."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from conftest import DEMO_MODEL, ROOT
from glane.cluster import staged_space, staging
from glane.cluster.staged_space import NotStaged, in_memory, make_room
from glane.cluster.staging import stage_root, stage_weights, staged_copy
from glane.engine import registry
from glane.engine.staged import STAGED, Staged, staged_weights
from glane.records import read_record
from glane.settings import SlurmSettings

MIB = 2**20


@pytest.fixture
def weights(tmp_path) -> Path:
    folder = tmp_path / "shared" / "model"
    folder.mkdir(parents=True)
    for number in range(3):
        (folder / f"model-{number}.safetensors").write_bytes(os.urandom(4 * MIB + number))
    (folder / "config.json").write_text("{}")
    (folder / "empty.txt").touch()
    return folder


@pytest.fixture
def node(tmp_path, monkeypatch) -> Path:
    """The folder of copies of a node, where a few bytes are room enough."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(staged_space, "_RESERVE", 0)
    monkeypatch.setattr(staging, "_POLL_S", 0.02)
    root = tmp_path / "node"
    root.mkdir(mode=0o700)
    return root


@pytest.fixture(autouse=True)
def _release():
    """A test stands for a job: what it holds is released at its end."""
    yield
    _end_of_job()


def _end_of_job():
    while staging._held:
        os.close(staging._held.pop())


def _stage(weights, node, *, within_s=30.0):
    told = []
    place = staged_copy(weights, node, deadline=time.monotonic() + within_s, say=told.append)
    return place, told


def _same(weights, place):
    return {f.name: f.read_bytes() for f in weights.iterdir()} == {
        f.name: f.read_bytes() for f in place.iterdir() if f.name != "lock"
    }


def test_a_copy_is_the_same_and_is_made_once(weights, node):
    place, told = _stage(weights, node)
    assert _same(weights, place)
    assert (place.stat().st_mode & 0o777, [line.split(":")[0] for line in told]) == (0o700, ["cluster.stage"] * 2)
    _end_of_job()
    before = {f.name: f.stat().st_ino for f in place.iterdir()}
    again, told = _stage(weights, node)
    assert (again, told) == (place, [])
    assert {f.name: f.stat().st_ino for f in place.iterdir()} == before
    elsewhere = weights.with_name("the-same")
    weights.rename(elsewhere)
    (elsewhere / "config.json").write_text("{ }")  # other weights are another copy
    assert _stage(elsewhere, node)[0] != place


def test_of_weights_that_lie_there_twice_the_form_that_is_read_is_copied(weights, node):
    (weights / "consolidated.safetensors").write_bytes(b"x")
    (weights / "model.safetensors.index.json").write_text("{}")
    (weights / ".glane-model.json").write_text("{}")
    place, _ = _stage(weights, node)
    assert sorted(f.name for f in place.iterdir()) == ["config.json", "consolidated.safetensors", "empty.txt", "lock"]
    other = staged_copy(
        weights, node, deadline=time.monotonic() + 30, say=lambda _: None, load_format="safetensors"
    )  # fmt: skip
    assert not (other / "consolidated.safetensors").exists()
    assert len(list(other.glob("model-*"))) == 3


def test_a_model_with_its_configuration_in_folders_is_read_where_it_is(weights, node):
    (weights / "modules.json").write_text("[]")
    with pytest.raises(NotStaged, match="in several folders"):
        _stage(weights, node)
    assert list(node.iterdir()) == []


SCRIPT = """
import sys, time
from pathlib import Path
from glane.cluster import staged_space, staging
staged_space._RESERVE, staging._CHUNK, pause = 0, 64 * 1024, float(sys.argv[3])
write = staging._opened
if pause:
    import contextlib
    @contextlib.contextmanager
    def slow(part):
        with write(part) as opened:
            class Slow:
                def __getattr__(self, name): return getattr(opened, name)
                def write(self, chunk): time.sleep(pause); return opened.write(chunk)
            yield Slow()
    staging._opened = slow
say = lambda line: print(line, flush=True)
try:
    print(staging.staged_copy(Path(sys.argv[1]), Path(sys.argv[2]), deadline=time.monotonic() + 60, say=say), flush=True)
except staged_space.NotStaged as error:
    print("not staged:", error, flush=True)
sys.stdin.read()
"""


def _job(weights, node, *, pause=0.0, before=()):
    return subprocess.Popen(
        [*before, sys.executable, "-c", SCRIPT, str(weights), str(node), str(pause)], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT / "lib")},
    )  # fmt: skip


def test_of_several_jobs_one_copies_and_all_get_the_copy(weights, node):
    jobs = [_job(weights, node, pause=0.002) for _ in range(4)]
    told = [job.communicate("", timeout=60)[0].splitlines() for job in jobs]
    assert sum("copying" in line for lines in told for line in lines) == 1
    (place,) = {lines[-1] for lines in told}
    assert _same(weights, Path(place))


def test_a_killed_copy_is_gone_on_with_and_verified(weights, node):
    job = _job(weights, node, pause=0.05)
    parts = []
    while not parts or any(part.stat().st_size < MIB for part in parts):
        time.sleep(0.05)
        parts = list(node.glob("*/*.safetensors.part"))
    job.send_signal(signal.SIGKILL)
    job.communicate(timeout=10)
    sizes = {part: part.stat().st_size for part in parts}
    assert len(parts) == 3
    with open(parts[0], "r+b") as damaged:  # what was copied before stays: so it is seen if it is wrong
        damaged.write(b"x" * 1000)
    inodes = {part.name: part.stat().st_ino for part in parts}
    place, told = _stage(weights, node)
    assert _same(weights, place)
    assert sum("copying" in line for line in told) == 2
    kept = [part for part in parts[1:] if (place / part.stem).stat().st_ino == inodes[part.name]]
    assert kept == parts[1:]
    assert all(size >= MIB for size in sizes.values())


@pytest.mark.parametrize("spoil", ["truncated", "altered", "lost"])
def test_a_copy_that_is_not_whole_is_mended_and_not_used(weights, node, spoil):
    place, _ = _stage(weights, node)
    _end_of_job()
    file = place / "model-1.safetensors"
    others = {f.name: f.stat().st_ino for f in place.iterdir() if f != file}
    if spoil == "lost":
        file.unlink()
    else:
        with open(file, "r+b") as opened:
            opened.truncate(MIB) if spoil == "truncated" else opened.write(b"other bytes")
    place, told = _stage(weights, node)
    assert _same(weights, place)
    assert "copying" in told[0]
    assert {f.name: f.stat().st_ino for f in place.iterdir() if f != file} == others


def test_a_disk_that_damages_what_is_written_is_told(weights, node, monkeypatch):
    real = staging._copy

    def damaging(source, target, check):
        real(source, target, check)
        if target.name == "model-2.safetensors":
            with open(target, "r+b") as opened:
                opened.write(b"damaged")

    monkeypatch.setattr(staging, "_copy", damaging)
    with pytest.raises(NotStaged, match="differed from the weights 2 times"):
        _stage(weights, node)


def test_no_time_leaves_a_part_for_the_next_job(weights, node):
    with pytest.raises(NotStaged, match="no time was left"):
        _stage(weights, node, within_s=-1)
    assert _same(weights, _stage(weights, node)[0])


def test_a_job_that_still_copies_is_waited_for_no_longer_than_told(weights, node):
    job = _job(weights, node, pause=0.2)
    while not list(node.glob("*/*.part")):
        time.sleep(0.05)
    began = time.monotonic()
    with pytest.raises(NotStaged, match="was still copying"):
        _stage(weights, node, within_s=0.5)
    assert time.monotonic() - began < 5
    job.kill()
    job.communicate()


# Room.


def _copies(node, *ages_days):
    """Copies by glane, the oldest last used so many days ago."""
    found = []
    for number, days in enumerate(ages_days):
        copy = node / f"old-{number:032x}"
        copy.mkdir()
        (copy / "model.safetensors").write_bytes(b"x" * MIB)
        (copy / "lock").touch()
        os.utime(copy / "lock", (time.time() - days * 86400,) * 2)
        found.append(copy)
    return found


def _room(monkeypatch, node, *, least):
    """A disk on which every copy that is removed frees one."""
    monkeypatch.setattr(staged_space, "_free", lambda root: least + 1 - len(list(root.glob("old-*"))))


def test_copies_are_removed_for_room_the_oldest_first_and_never_those_in_use(node, monkeypatch):
    in_use, oldest, older, newest = _copies(node, 9, 5, 3, 1)
    foreign = [node / "my results", node / ("mine-" + "0" * 32)]
    for folder in foreign:  # no lock, or another name: not ours
        folder.mkdir()
        (folder / "file").touch()
    (node / "my results" / "lock").touch()
    (node / ("link-" + "1" * 32)).symlink_to(foreign[0])
    with open(in_use / "lock") as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        _room(monkeypatch, node, least=3)
        make_room(node, keep=newest, needed=1)
    assert [copy.exists() for copy in (in_use, oldest, older, newest)] == [True, False, True, True]
    assert all((folder / "file").exists() for folder in foreign)
    assert (node / ("link-" + "1" * 32)).is_symlink()
    with pytest.raises(NotStaged, match="to spare"):
        make_room(node, keep=newest, needed=100)
    assert newest.exists()


def test_copies_that_no_job_used_for_two_weeks_are_removed(node):
    old, recent = _copies(node, 15, 13)
    (node / ".gone-of-a-killed-removal").mkdir()
    make_room(node, keep=node / "none", needed=0)
    assert (old.exists(), recent.exists(), len(list(node.iterdir()))) == (False, True, 1)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk")
@pytest.mark.parametrize(("seen", "words"), [(True, "GB to spare"), (False, "the disk is full")])
def test_a_full_disk_is_told_and_left_as_it_was(weights, node, seen, words):
    """With the check of free space, and where somebody else takes it meanwhile."""
    lines = SCRIPT if seen else SCRIPT.replace("write = ", "staging.make_room = lambda *a, **b: None\nwrite = ")
    mount = 'mount -t tmpfs -o size=6m,mode=700 none "$1" && "$0" -c "$2" "$3" "$1" 0 < /dev/null && ls "$1"'
    done = subprocess.run(
        ["unshare", "--mount", "bash", "-c", mount, sys.executable, str(node), lines, str(weights)],
        capture_output=True, text=True, timeout=60, env=os.environ | {"PYTHONPATH": str(ROOT / "lib")}, check=False,
    )  # fmt: skip
    if "mount" in done.stderr:
        pytest.skip("no mount here")
    assert words in done.stdout, done.stderr
    if not seen:
        assert "model-" not in done.stdout.splitlines()[-1]


# The place.


def test_a_place_that_is_not_ours_or_gains_nothing_is_not_used(weights, tmp_path, monkeypatch):
    base = tmp_path / "local"
    base.mkdir()
    with pytest.raises(NotStaged, match="same disk"):
        stage_root(weights, str(base))
    with pytest.raises(NotStaged, match="no folder"):
        stage_root(weights, str(tmp_path / "nowhere"))
    real = os.stat(weights)
    monkeypatch.setattr(type(weights), "stat", lambda self, **more: _other_disk(os.stat(self, **more), self == base))
    assert real.st_dev != base.stat().st_dev
    root = stage_root(weights, str(base))
    assert (root.name, os.stat(root).st_mode & 0o777) == (f"glane-weights-{os.getuid()}", 0o700)
    root.chmod(0o770)
    with pytest.raises(NotStaged, match="not yours alone"):
        stage_root(weights, str(base))
    root.rmdir()
    root.symlink_to(tmp_path)
    with pytest.raises(NotStaged, match="not yours alone"):
        stage_root(weights, str(base))


def _other_disk(found, is_other):
    if not is_other:
        return found
    values = list(found)
    values[2] += 1  # st_dev
    return os.stat_result(values)


def test_memory_is_no_disk(tmp_path):
    assert in_memory(Path("/dev/shm")) or not os.path.ismount("/dev/shm")
    assert not in_memory(Path("/proc"))


def test_what_is_not_ours_within_a_copy_ends_it(weights, node):
    place, _ = _stage(weights, node)
    _end_of_job()
    (place / "config.json").unlink()
    (place / "model-9.safetensors").write_bytes(b"somebody's")
    with pytest.raises(NotStaged, match=r"holds model-9.safetensors, which does not belong there"):
        _stage(weights, node)
    assert (place / "model-9.safetensors").read_bytes() == b"somebody's"


# What engines read.


def _settings(**changes):
    return SlurmSettings(kind="slurm", **changes)


@pytest.fixture
def on_another_disk(node, monkeypatch):
    monkeypatch.setattr(staging, "stage_root", lambda *_: node)
    return node


def _begin(tmp_path, model=DEMO_MODEL, **changes):
    told: list[str] = []
    (tmp_path / "job").mkdir(exist_ok=True)
    return stage_weights(model, _settings(**changes), tmp_path / "job", say=told.append), told


def test_engines_wait_for_the_copy_and_read_it(tmp_path, on_another_disk, monkeypatch):
    variables, _ = _begin(tmp_path, stage=True)
    monkeypatch.setenv(STAGED, variables[STAGED])
    model = DEMO_MODEL.model_copy(update={"path": str(Path(DEMO_MODEL.path).resolve())})
    staged = staged_weights(model)  # waits
    assert Path(staged.path).parent == on_another_disk
    assert staged == model.model_copy(update={"path": staged.path})
    assert (Path(staged.path) / "config.json").read_bytes() == (Path(model.path) / "config.json").read_bytes()
    other = model.model_copy(update={"path": "/elsewhere"})
    assert staged_weights(other) == other
    started = []
    monkeypatch.setattr(
        registry, "engine_kind", lambda _: SimpleNamespace(start=lambda *a, **_: started.append(a[0].path))
    )
    registry.start_engine(model, device="cpu", cpus=1)
    registry.start_engine(model, device="gpu", cpus=1, num_nodes=2)  # each of its nodes would have to have a copy
    assert started == [staged.path, model.path]
    monkeypatch.delenv(STAGED)
    assert staged_weights(model) == model


def test_nothing_is_copied_unless_asked_for_and_where_it_would_not_serve(tmp_path, on_another_disk):
    assert _begin(tmp_path) == ({}, [])
    assert _begin(tmp_path, DEMO_MODEL.model_copy(update={"engine": "scripted"}), stage=True)[0] == {}
    spanning, told = _begin(tmp_path, DEMO_MODEL.model_copy(update={"pipeline_parallel_size": 2}), stage=True)
    assert (spanning, "may span nodes" in told[0]) == ({}, True)


def test_whatever_fails_the_weights_are_read_where_they_are(tmp_path, on_another_disk, monkeypatch):
    def no_room(*_, **__):
        raise NotStaged("no room")

    monkeypatch.setattr(staging, "make_room", no_room)
    variables, told = _begin(tmp_path, stage=True)
    monkeypatch.setenv(STAGED, variables[STAGED])
    model = DEMO_MODEL.model_copy(update={"path": str(Path(DEMO_MODEL.path).resolve())})
    assert staged_weights(model) == model
    assert told[-1] == "cluster.stage: the weights are read where they are: no room"
    assert read_record(Staged, Path(variables[STAGED])).place is None
    # A launcher that says nothing more is waited for until the time it told, and no longer.
    hung = Staged(until=time.time() + 0.3)
    Path(variables[STAGED]).write_bytes(hung.as_json())
    assert staged_weights(model) == model
