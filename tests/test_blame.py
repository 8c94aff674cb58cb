"""Who is to blame when engines die: causes told apart, controls, deaths that nobody saw, and what is given up."""

import errno
import os
import pickle
import signal
import time
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from conftest import SMALL_TASK, extract_here, make_settings, prepare_run, spec, write_documents
from glane.cluster.endings import ForkDied
from glane.cluster.forkserver import Child
from glane.cluster.layout import Place
from glane.cluster.patience import Patience
from glane.cluster.watch import AwakeClock, Silence
from glane.engine.protocol import EngineProcessDied
from glane.errors import RunError
from glane.extraction import prompts
from glane.extraction import work as extraction_work
from glane.extraction.rejections import rejection_lines
from glane.host import host_identity
from glane.run import deaths
from glane.run.causes import cause_of_exit
from glane.run.deaths import Window, bury_windows, record_death
from glane.run.directory import RunDirectory
from glane.run.heartbeat import Heartbeat, heartbeat_path, is_gone
from glane.run.ledger import Ledger
from glane.run.oom import oom_kills
from glane.run.publish import finish_run
from glane.run.suspects import Suspects
from glane.run.worker import run_worker
from glane.task.task import load_task
from test_kill import start, whole_run

ONE = bytes([1] * 16)
TWO = bytes([2] * 16)


# Causes.


@pytest.mark.parametrize(
    ("code", "oom", "cause"),
    [
        (-signal.SIGKILL, 0, "killed"), (-signal.SIGKILL, 1, "memory"), (-signal.SIGTERM, 1, "killed"),
        (-signal.SIGINT, 0, "killed"), (128 + signal.SIGINT, 0, "killed"), (128 + signal.SIGTERM, 0, "killed"),
        (-signal.SIGHUP, 0, "killed"), (-signal.SIGXCPU, 0, "killed"), (-signal.SIGSEGV, 0, "crash"),
        (-signal.SIGABRT, 0, "crash"), (-signal.SIGBUS, 0, "crash"), (-signal.SIGFPE, 0, "crash"),
        (-signal.SIGILL, 0, "crash"), (128 + signal.SIGSEGV, 0, "crash"), (1, 0, "error"), (0, 0, "error"),
        (1, 1, "error"), (255, 0, "error"), (None, 0, "unknown"),
    ],
)  # fmt: skip
def test_the_cause_of_a_death_is_told_by_signal_and_memory(code, oom, cause):
    assert cause_of_exit(code, oom_kills=oom) == cause


def tree(root, files):
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


@pytest.mark.parametrize(
    ("files", "count"),
    [
        ({}, 0),
        ({"proc/vmstat": "pgfault 3\noom_kill 4\n"}, 4),
        (
            {
                "proc/self/cgroup": "0::/job/step\n",
                "sys/fs/cgroup/job/step/memory.events": "oom 9\noom_kill 2\noom_group_kill 1\n",
                "proc/vmstat": "oom_kill 7",
            },
            2,
        ),
        ({"proc/self/cgroup": "0::/of/the/host\n", "sys/fs/cgroup/memory.events": "oom_kill 5\n"}, 5),
        (
            {
                "proc/self/cgroup": "5:memory:/job\n1:cpu,cpuacct:/x\n0::/\n",
                "sys/fs/cgroup/memory/job/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 6\n",
            },
            6,
        ),
        (
            {
                "proc/self/cgroup": "0::/job\n",
                "sys/fs/cgroup/job/memory.events": "oom 1\n",
                "proc/vmstat": "oom_kill 8",
            },
            8,
        ),
    ],
)
def test_kills_for_want_of_memory_are_counted_where_the_kernel_tells_them(tmp_path, files, count):
    assert oom_kills(tree(tmp_path, files)) == count


def died(settings, run, *, by=None):
    """How a worker's process ended, that was sent a signal, or of itself."""
    child = Child()
    if by is not None:
        os.kill(child._process.pid, by)
    with pytest.raises(ForkDied) as ended:
        child.run(pickle.dumps(spec(settings, run, "w0")))
    return ended.value


def test_an_actor_sees_how_its_worker_ended(tmp_path):
    data = write_documents(tmp_path / "d.parquet", ["a", "[[crash]]"])
    settings = make_settings(data, tmp_path / "run")
    run = prepare_run(settings, load_task(SMALL_TASK))
    assert died(settings, run).cause == "crash"
    killed = died(settings, run, by=signal.SIGKILL)
    assert (killed.cause, str(killed)) == ("killed", "its process ended by signal 9")
    assert died(settings, run, by=signal.SIGTERM).cause == "killed"
    copy = pickle.loads(pickle.dumps(killed))  # as Ray sends it
    assert (copy.cause, copy.code) == (killed.cause, killed.code)


# What a death says.


@pytest.fixture
def directory(tmp_path):
    directory = RunDirectory(root=tmp_path / "run")
    directory.create()
    return directory


def beat(directory, worker, **changes):
    values = {
        "worker": worker, "host": "n1", "identity": host_identity(), "pid": os.getpid(), "process_start": "never",
        "started": 0.0, "time": 0.0, "state": "working",
    }  # fmt: skip
    directory.write_record(heartbeat_path(directory, worker), Heartbeat.model_validate(values | changes))


def death(directory, worker, cause, *digests, alone=True, **changes):
    beat(directory, worker, **changes)
    window = Window(directory, worker, num_slots=4)
    for i, digest in enumerate(digests):
        window.enter(str(i), digest, alone=alone)
    return record_death(directory, worker, cause=cause)


def suspects_of(directory):
    suspects = Suspects(directory)
    suspects.refresh()
    return suspects


@pytest.mark.parametrize(
    ("causes", "is_suspect", "is_rejected"),
    [
        (["killed"] * 9, False, False),
        (["crash"], True, False),
        (["crash", "killed", "killed"], True, False),
        (["crash", "crash"], True, True),
        (["memory", "error"], True, True),
        (["hang", "hang"], True, True),
        (["unknown"], False, False),
        (["unknown"] * 2, True, False),
        (["unknown"] * 3, True, False),
        (["unknown"] * 4, True, True),
        (["crash", "unknown"], True, False),
        (["crash", "unknown", "unknown"], True, True),
    ],
)
def test_a_kill_from_outside_counts_for_nobody_and_an_unseen_death_counts_half(
    directory, causes, is_suspect, is_rejected
):
    for i, cause in enumerate(causes):
        death(directory, f"w{i}", cause, ONE)
    suspects = suspects_of(directory)
    assert suspects.is_suspect(ONE) == is_suspect
    assert (suspects.verdict(ONE) is not None) == is_rejected
    assert not suspects.is_suspect(TWO)


def test_deaths_together_with_others_never_reject(directory):
    for i in range(9):
        death(directory, f"w{i}", "crash", ONE, TWO)
        death(directory, f"v{i}", "crash", ONE, alone=False)
    suspects = suspects_of(directory)
    assert suspects.is_suspect(ONE)
    assert suspects.verdict(ONE) is None
    assert suspects.progress == 0


def test_two_places_must_agree_where_there_are_two(directory):
    for i in range(3):
        death(directory, f"w{i}", "crash", ONE, gpus=1, devices="0")
    beat(directory, "other", gpus=1, devices="1")
    assert suspects_of(directory).verdict(ONE) is None
    beat(directory, "other", gpus=1, devices="1", state="ended")
    assert suspects_of(directory).verdict(ONE).deaths == 3
    beat(directory, "other", gpus=1, devices="1")
    death(directory, "other", "crash", ONE, gpus=1, devices="1")
    assert suspects_of(directory).verdict(ONE).deaths == 4


def test_the_shards_of_a_worker_that_died_with_one_document_go_to_another_place(directory):
    death(directory, "dead", "crash", ONE, gpus=1, devices="0")
    (directory.claims / "0").symlink_to("dead")
    here = Ledger(directory, num_shards=1, worker="here", lease_s=60, place="n1:0")
    there = Ledger(directory, num_shards=1, worker="there", lease_s=60, place="n1:1")
    beat(directory, "there", gpus=1, devices="1")
    assert here.claim() is None
    assert there.claim() == 0
    there.release_all()
    (directory.claims / "0").symlink_to("dead")
    beat(directory, "there", gpus=1, devices="1", state="ended")
    here = Ledger(directory, num_shards=1, worker="here", lease_s=60, place="n1:0")
    assert here.claim() == 0  # there is nobody else


def test_an_engine_that_dies_with_the_harmless_prompt_blames_nobody(directory):
    beat(directory, "w")
    window = Window(directory, "w", num_slots=4)
    window.enter_control("control")
    found = record_death(directory, "w", cause="crash")
    assert (found.is_control, found.alone, found.suspects) == (True, False, ())
    assert not suspects_of(directory).are_there


def controlled(settings, worker, text):
    prompts._CONTROL_TEXT = text
    run = prepare_run(settings, load_task(settings.task))
    report = run_worker(spec(settings, run, worker))
    finish_run(run, record_mib=1)
    os._exit(0 if report.outcome == "done" else 3)


@pytest.mark.slow
def test_a_suspect_is_asked_only_after_the_engine_has_survived_another_prompt(tmp_path):
    data = write_documents(tmp_path / "d.parquet", ["note [[crash]]"])
    settings = make_settings(data, tmp_path / "run")
    directory = prepare_run(settings, load_task(SMALL_TASK)).directory
    ends = []
    for i, text in enumerate(["-", "[[crash]]", "[[crash]]", "[[crash]]", "-"]):
        process = start(controlled, settings, f"w{i}", text)
        process.join(60)
        assert process.exitcode == -signal.SIGSEGV
        found = record_death(directory, f"w{i}", cause="crash")
        ends.append((found.alone, found.is_control))
    assert ends == [(False, False), (False, True), (False, True), (False, True), (True, False)]


# Deaths that nobody saw.


def starts_until_done(settings, limit=30):
    """The same command again and again, where each worker takes its driver along."""
    for number in range(limit):
        process = start(whole_run, settings, f"start{number}")
        process.join(60)
        assert process.exitcode is not None
        if process.exitcode == 0:
            return number
    raise AssertionError("never finished")


@pytest.mark.slow
def test_a_document_that_takes_its_driver_along_is_found_after_some_starts(tmp_path):
    texts = [f"note {i}" for i in range(60)]
    texts[17] = "[[crash]]"
    data = write_documents(tmp_path / "d.parquet", texts)
    assert starts_until_done(make_settings(data, tmp_path / "run")) <= 8
    rows = pl.read_parquet(tmp_path / "run" / "records" / "*.parquet")
    assert rows.filter(pl.col("status") != "OK")["id"].to_list() == ["d17"]


def test_a_window_is_buried_once_and_only_if_its_worker_is_gone(directory):
    for worker, changes in {
        "dead": {}, "alive": {"process_start": _own_start()}, "elsewhere": {"identity": "another host"},
        "ended": {"state": "ended"},
    }.items():  # fmt: skip
        beat(directory, worker, **changes)
        Window(directory, worker, num_slots=4).enter("1", ONE, alone=False)
    Window(directory, "without a heartbeat", num_slots=4).enter("1", ONE, alone=False)
    assert [death.worker for death in bury_windows(directory, lease_s=60)] == ["dead"]
    assert bury_windows(directory, lease_s=60) == []
    left = {path.name for path in directory.windows.iterdir()}
    assert left == {"alive", "elsewhere", "without a heartbeat"}
    _make_old(heartbeat_path(directory, "elsewhere"))
    assert [death.worker for death in bury_windows(directory, lease_s=60)] == ["elsewhere"]


def _own_start():
    return Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]


def _make_old(path):
    os.utime(path, (time.time() - 3600,) * 2)


def bury_killed_at(directory, limit):
    import killer

    killer.arm(limit)
    bury_windows(directory, lease_s=60)


@pytest.mark.slow
def test_a_burial_that_is_killed_at_any_operation_is_finished_by_the_next(tmp_path):
    for limit in range(1, 40):
        directory = RunDirectory(root=tmp_path / str(limit))
        directory.create()
        beat(directory, "w")
        Window(directory, "w", num_slots=4).enter("1", ONE, alone=True)
        process = start(bury_killed_at, directory, limit)
        process.join(60)
        bury_windows(directory, lease_s=60)
        (path,) = directory.deaths.glob("*.json")
        assert '"alone": true' in path.read_text()
        assert list(directory.windows.iterdir()) == []
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
    assert limit > 5


def test_the_driver_that_saw_a_death_corrects_one_that_was_buried(directory):
    beat(directory, "w")
    Window(directory, "w", num_slots=4).enter("1", ONE, alone=True)
    assert bury_windows(directory, lease_s=60)[0].cause == "unknown"
    found = record_death(directory, "w", cause="crash")
    assert (found.cause, found.suspects, found.alone) == ("crash", (ONE.hex(),), True)
    assert suspects_of(directory).is_suspect(ONE)


def test_a_death_that_another_version_recorded_counts_for_nobody(directory):
    (directory.deaths / "old.json").write_text('{"kind": "glane death", "version": 1, "suspects": []}')
    assert not suspects_of(directory).are_there


def test_a_damaged_heartbeat_does_not_hold_its_shards_for_ever(directory):
    path = heartbeat_path(directory, "w")
    path.write_text("{")
    assert not is_gone(directory, "w", now=time.time(), lease_s=60)
    assert is_gone(directory, "w", now=time.time() + 61, lease_s=60)


def test_a_full_disk_is_told_before_an_engine_is_asked(directory, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(deaths.os, "posix_fallocate", full)
    with pytest.raises(RunError, match="The disk is full"):
        Window(directory, "w", num_slots=4)


# What is given up, and when.


def test_each_place_has_its_own_count_of_deaths():
    patience = Patience(limit=3)
    for place in [Place(nodes=("n1",)), Place(nodes=("n1",), index=1), Place(nodes=("n2",))]:
        for _ in range(2):
            assert patience.lost(place, has_progress=False, dies_with_anything=False) is None
    assert patience.lost(Place(nodes=("n1",)), has_progress=True, dies_with_anything=False) is None
    assert patience.lost(Place(nodes=("n1",)), has_progress=False, dies_with_anything=False) is None
    assert "3 times in a row" in patience.lost(Place(nodes=("n2",)), has_progress=False, dies_with_anything=False)


def test_an_engine_that_dies_with_anything_is_given_up_soon():
    patience = Patience(limit=9)
    assert patience.lost(Place(nodes=("n",)), has_progress=False, dies_with_anything=True) is None
    assert patience.lost(Place(nodes=("n",)), has_progress=True, dies_with_anything=False) is None
    assert patience.lost(Place(nodes=("n",)), has_progress=False, dies_with_anything=True) is None
    assert "no document is to blame" in patience.lost(Place(nodes=("n",)), has_progress=False, dies_with_anything=True)


def test_time_in_which_the_watcher_was_suspended_does_not_count():
    now = [100.0]
    clock = AwakeClock(lambda: now[0])
    silence = Silence(clock)
    assert silence.lasts("a") == 0
    for _ in range(10):
        now[0] += 0.5
        clock()
    assert silence.lasts("a") == pytest.approx(5)
    now[0] += 3600  # SIGSTOP, a suspended job, a paused machine
    assert silence.lasts("a") <= 6
    assert silence.lasts("b") == 0
    now[0] += 0.5
    assert silence.lasts("b") == pytest.approx(0.5)
    silence.excuse()
    assert silence.lasts("b") == 0


# What is told, and how it is revoked.


def rejected_run(tmp_path, ids):
    texts = [f"note {i}" for i in range(len(ids))]
    texts[1] = texts[2] = "secret [[crash]]"
    data = tmp_path / "d.parquet"
    pl.DataFrame({"id": ids, "text": texts}).write_parquet(data)
    settings = make_settings(data, tmp_path / "one")
    directory = prepare_run(settings, load_task(SMALL_TASK)).directory
    for attempt in range(9):
        process = start(whole_run, settings, f"w{attempt}")
        process.join(60)
        if process.exitcode == 0:
            return data, directory
        record_death(directory, f"w{attempt}", cause="crash")
    raise AssertionError("never finished")


def test_rejections_by_death_are_listed_without_text_and_can_be_asked_again(tmp_path):
    ids = ["a", "b" * 500, "c\x1b[31m\nd", "e"]
    data, directory = rejected_run(tmp_path, ids)
    lines = rejection_lines(directory, id_column="id", run_dir="one")
    assert "2 document(s)" in lines[0]
    assert "2 engines did (crash)" in lines[1]
    assert all(line.isprintable() and "secret" not in line and len(line) < 200 for line in lines)
    assert lines[1].startswith(f"  {'b' * 40}…: ")
    assert lines[-1] == "  data.only_rejected_of=one asks what was rejected again, in a new run.dir"

    mended = pl.read_parquet(data).with_columns(pl.col("text").str.replace("[[crash]]", "", literal=True))
    mended.write_parquet(data)
    again = extract_here(make_settings(data, tmp_path / "two", data__only_rejected_of=str(directory.root)))
    assert again["id"].to_list() == ids[1:3]
    assert Counter(again["status"]) == {"OK": 2}


def test_a_run_without_rejections_by_death_tells_none(tmp_path, documents):
    extract_here(make_settings(documents, tmp_path / "run"))
    assert rejection_lines(RunDirectory(root=tmp_path / "run"), id_column="id", run_dir="run") == []


class _DyingEngine:
    """An engine whose own process ends at the first step."""

    max_prompt_tokens = 1000

    def __init__(self, error):
        self._error = error

    def encode(self, messages):
        return [ord(letter) for message in messages for letter in message["content"]]

    def count_tokens(self, text):
        return len(text)

    def add(self, *_, **__):
        pass

    def step(self):
        raise self._error

    def close(self):
        pass


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (EngineProcessDied(-signal.SIGKILL), "killed"),
        (EngineProcessDied(-signal.SIGABRT), "crash"),
        (EngineProcessDied(1), "error"),
        (ValueError("secret"), "error"),
    ],
)
def test_how_the_engines_own_process_ended_is_told(tmp_path, documents, monkeypatch, error, cause):
    monkeypatch.setattr(extraction_work, "start_engine", lambda *_, **__: _DyingEngine(error))
    settings = make_settings(documents, tmp_path / "run")
    report = run_worker(spec(settings, prepare_run(settings, load_task(SMALL_TASK)), "w0"))
    assert (report.outcome, report.cause) == ("died", cause)
    assert "secret" not in report.message
