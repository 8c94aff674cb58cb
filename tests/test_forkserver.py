"""Workers forked from a process that has vLLM imported: each ends with its actor, its server, or its work."""

import os
import pickle
import signal
import threading
import time

import psutil
import pytest

from conftest import make_settings, prepare_run, spec, wait_for, worker_pids, write_documents
from glane.cluster import forkserver
from glane.cluster.forkserver import ForkDied, connect, fork_server
from glane.cluster.layout import Node, plan_layout
from glane.cluster.scratch import scratch_folder
from glane.settings import ModelSettings
from glane.task.task import load_task

pytestmark = pytest.mark.engine
START_S = 120  # vLLM's import on a busy machine


@pytest.fixture(scope="module")
def server():
    with scratch_folder() as folder, fork_server(folder, wanted=True) as variables:
        before = {name: os.environ.get(name) for name in variables}
        os.environ.update(variables)
        yield folder
        for name in before:
            os.environ.pop(name)


def prepared(tmp_path, *, documents=40, **changes):
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(documents)])
    settings = make_settings(data, tmp_path / "run", **changes)
    task = load_task(settings.task)
    run = prepare_run(settings, task)
    return run, pickle.dumps(spec(settings, run, "w0"))


def begin(fork, work):
    """Run in a thread, as Ray's actor does; return where the outcome comes to stand."""
    outcome = {}

    def run():
        try:
            outcome["report"] = pickle.loads(fork.run(work))
        except ForkDied as error:
            outcome["death"] = str(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome


def working_pid(run):
    """The process of the worker, once it works."""
    return wait_for(lambda: worker_pids(run.directory.root), START_S)[0]


def gone(pid, within_s=20):
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def test_a_fork_does_the_work_with_vllm_already_imported(server, tmp_path):
    run, work = prepared(tmp_path)
    report = pickle.loads(connect().run(work))
    assert report.outcome == "done", report.message
    assert len(run.directory.committed_shards()) == run.plan.num_shards


def test_a_killed_fork_is_told_and_others_go_on(server, tmp_path):
    slow = {"model__script": {"seconds_per_step": 0.2}, "model__max_num_seqs": 1}
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, work = prepared(tmp_path / "a", documents=400, **slow)
    thread, outcome = begin(connect(), work)
    pid = working_pid(one)
    other, more = prepared(tmp_path / "b")
    assert pickle.loads(connect().run(more)).outcome == "done"  # forked later: it must not hold the first one's line
    os.kill(pid, signal.SIGKILL)
    thread.join(20)
    assert outcome == {"death": "its process ended by signal 9"}
    assert len(other.directory.committed_shards()) == other.plan.num_shards


def test_a_fork_ends_with_its_actor(server, tmp_path):
    run, work = prepared(tmp_path, documents=400, model__script={"seconds_per_step": 0.2}, model__max_num_seqs=1)
    actor = os.fork()
    if actor == 0:
        connect().run(work)
        os._exit(0)
    pid = working_pid(run)
    os.kill(actor, signal.SIGKILL)
    os.waitpid(actor, 0)
    assert gone(pid)


def test_a_fork_stops_when_asked(server, tmp_path):
    run, work = prepared(tmp_path, documents=400, model__script={"seconds_per_step": 0.05}, model__max_num_seqs=1)
    fork = connect()
    thread, outcome = begin(fork, work)
    working_pid(run)
    wait_for(run.directory.committed_shards, START_S)
    fork.stop()
    thread.join(60)
    assert outcome["report"].outcome == "done"
    assert 0 < len(run.directory.committed_shards()) < run.plan.num_shards


def test_forks_end_with_their_server_and_no_fork_is_no_error(tmp_path, monkeypatch):
    run, work = prepared(tmp_path, documents=400, model__script={"seconds_per_step": 0.2}, model__max_num_seqs=1)
    monkeypatch.delenv(forkserver.VARIABLE, raising=False)
    assert connect() is None
    with scratch_folder() as folder:
        with fork_server(folder, wanted=True) as variables:
            monkeypatch.setenv(forkserver.VARIABLE, variables[forkserver.VARIABLE])
            thread, outcome = begin(connect(), work)
            pid = working_pid(run)
        thread.join(20)
        assert gone(pid)
        assert outcome["death"].startswith("its process ended")
        monkeypatch.setattr(forkserver, "_PATIENCE_S", 0.1)
        assert connect() is None


# How many engines a node without GPU gets.

SMALL, LARGE = 50 * 2**20, 2 * 2**30


def one_node(cpus=8, memory_gib=64):
    return [Node(node_id="id", host="n", cpus=cpus, gpus=0, memory_bytes=memory_gib * 2**30)]


def model(**changes):
    return ModelSettings(name="m", path="/m", **changes)


@pytest.mark.parametrize(
    ("changes", "node", "shards", "weights", "engines", "threads"),
    [
        ({}, {}, 100, SMALL, 8, 1),  # as many as cores
        ({}, {}, 3, SMALL, 3, 2),  # no engine without a shard
        ({}, {"memory_gib": 7}, 100, SMALL, 3, 2),
        ({"cpus_per_engine": 4}, {}, 100, SMALL, 2, 4),
        ({}, {}, 100, LARGE, 1, 8),  # its matrices are worth sharing out
        ({}, {}, 100, None, 1, 8),
        ({"engines": 2}, {}, 100, LARGE, 2, 4),  # what the user says
        ({}, {"cpus": 1, "memory_gib": 1}, 1, SMALL, 1, 1),
    ],
)
def test_a_small_model_gets_an_engine_on_each_core(changes, node, shards, weights, engines, threads):
    layout = plan_layout(model(**changes), one_node(**node), num_shards=shards, weights_bytes=weights)
    assert (layout.engines_per_node, layout.cpus) == (engines, threads)
