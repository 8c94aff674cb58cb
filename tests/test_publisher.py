"""Several jobs that finish one run together: one publishes, the others leave or wait, and a dead one is replaced."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from conftest import make_settings, wait_for, work, write_documents
from fork_server import forks
from glane.cluster.local import local_ray
from glane.cluster.scratch import scratch_folder
from glane.cluster.tasks import ray_map
from glane.errors import RunError
from glane.host import host_identity, process_start
from glane.run import merge, publish
from glane.run.directory import RunDirectory
from glane.run.heartbeat import Heartbeat
from glane.run.prepare import PreparedRun
from glane.run.publish import finish_run
from glane.run.publisher import publishers_directory, sole_publisher
from glane.settings import LocalSettings, SlurmSettings

FORK = forks()
PUBLISHED, LEFT = 0, 7


def answered(tmp_path: Path, **changes) -> PreparedRun:
    """A run whose 120 documents are answered and not published."""
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(120)])
    run, report = work(make_settings(data, tmp_path / "run", **changes))
    assert report.outcome == "done", report.message
    return run


def slow_merge(folder: Path, *, dies: bool) -> None:
    """Have this process note that it merges, and take its time, or die in the middle."""
    merge = publish._merge

    def noted(directory, *rest):
        with open(folder / "merges", "a") as stream:
            stream.write(f"{os.getpid()}\n")
        if dies:
            merge(directory, *rest)
            (folder / "deaths").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(1.5)
        half_done = (folder / "deaths").exists()
        assert len(list(directory.root.glob(".records-*"))) == 1 + half_done, "two at once"
        return merge(directory, *rest)

    publish._merge = noted


def finishing_job(run: PreparedRun, folder: Path, barrier, *, waits: bool, dies: bool = False) -> None:
    slow_merge(folder, dies=dies)
    if barrier is not None:
        barrier.wait(60)
    with sole_publisher(run.directory, heartbeat_s=0.2, lease_s=60, waits=waits) as is_ours:
        if not is_ours:
            os._exit(LEFT)
        finish_run(run, record_mib=1)
    os._exit(PUBLISHED)


def jobs(run, folder, count, **how):
    barrier = FORK.Barrier(count) if count > 1 else None
    started = [FORK.Process(target=finishing_job, args=(run, folder, barrier), kwargs=how) for _ in range(count)]
    for one in started:
        one.start()
    started[0].barrier = barrier  # which would be gone before they have it, otherwise
    return started


def codes(started):
    for one in started:
        one.join(90)
    return sorted(one.exitcode for one in started)


def assert_published(directory: RunDirectory) -> None:
    rows = pl.read_parquet(directory.records / "*.parquet")
    assert rows["id"].to_list() == [f"d{i}" for i in range(120)], "complete, and in order"
    assert json.loads(directory.summary.read_text())["flow"]["OK"] == 120
    assert not list(directory.root.glob(".records*"))
    assert not publishers_directory(directory).workers.exists(), "nothing is left of the claim"


def num_merges(folder: Path) -> int:
    return len((folder / "merges").read_text().split())


@pytest.mark.parametrize(("waits", "expected"), [(False, [PUBLISHED, LEFT, LEFT, LEFT]), (True, [PUBLISHED] * 4)])
def test_of_four_jobs_that_finish_together_one_publishes(tmp_path, waits, expected):
    run = answered(tmp_path)
    assert codes(jobs(run, tmp_path, 4, waits=waits)) == expected
    assert num_merges(tmp_path) == 1
    assert_published(run.directory)


def test_a_publisher_that_is_killed_is_replaced_by_one_that_waits(tmp_path):
    run = answered(tmp_path)
    (first,) = jobs(run, tmp_path, 1, waits=True, dies=True)
    wait_for(lambda: (tmp_path / "merges").exists(), 60)
    waiting = jobs(run, tmp_path, 2, waits=True)
    assert codes([first]) == [-signal.SIGKILL]
    assert codes(waiting) == [PUBLISHED, PUBLISHED]
    assert num_merges(tmp_path) == 2, "the one that died, and one of the two that waited"
    assert_published(run.directory)


def test_a_publisher_that_is_killed_after_the_others_left_is_replaced_by_the_next_start(tmp_path):
    run = answered(tmp_path)
    assert codes(jobs(run, tmp_path, 1, waits=False, dies=True)) == [-signal.SIGKILL]
    assert list(run.directory.root.glob(".records-*")), "half a copy is left"
    assert codes(jobs(run, tmp_path, 1, waits=False)) == [PUBLISHED]
    assert_published(run.directory)


def publisher_elsewhere(directory: RunDirectory, *, silent_s: float, clock_ahead_s: float = 0.0) -> None:
    """A publisher on another node, last heard of `silent_s` ago by the file system's clock, with a clock of its own."""
    place = publishers_directory(directory)
    place.workers.mkdir()
    now = time.time()
    beat = Heartbeat(
        worker="theirs", host="n9", identity="n9|boot", pid=1, process_start="1", started=now + clock_ahead_s,
        time=now + clock_ahead_s, state="starting",
    )  # fmt: skip
    file = place.workers / "theirs.json"
    file.write_text(beat.model_dump_json())
    os.utime(file, (now - silent_s, now - silent_s))
    place.publication.symlink_to("theirs")


@contextlib.contextmanager
def beating(directory: RunDirectory):
    """The publisher on the other node gives a sign of life now and then."""
    file, ended = publishers_directory(directory).workers / "theirs.json", threading.Event()

    def beat() -> None:
        while not ended.wait(0.2):
            file.touch()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    yield
    ended.set()
    thread.join()


@pytest.mark.parametrize("clock_ahead_s", [-86_400.0, 0.0, 86_400.0])
@pytest.mark.parametrize("silent_s", [0.0, 2.0, 70.0])
def test_a_publisher_that_was_killed_on_another_node_is_replaced_by_who_would_have_left(
    tmp_path, silent_s, clock_ahead_s
):
    """It looks alive until its lease ends: if whoever comes meanwhile left, nobody would publish the run."""
    run = answered(tmp_path)
    publisher_elsewhere(run.directory, silent_s=silent_s, clock_ahead_s=clock_ahead_s)
    with sole_publisher(run.directory, heartbeat_s=10, lease_s=3, waits=False) as is_ours:
        assert is_ours


@pytest.mark.parametrize("clock_ahead_s", [-86_400.0, 0.0, 86_400.0])
def test_a_publisher_that_lives_on_another_node_is_left_to_publish(tmp_path, clock_ahead_s):
    run = answered(tmp_path)
    publisher_elsewhere(run.directory, silent_s=50.0, clock_ahead_s=clock_ahead_s)
    with (
        beating(run.directory),
        sole_publisher(run.directory, heartbeat_s=10, lease_s=60, waits=False) as is_ours,
    ):
        assert not is_ours


def test_a_publisher_that_is_suspended_for_longer_than_its_lease_harms_nothing(tmp_path):
    run = answered(tmp_path)
    with sole_publisher(run.directory, heartbeat_s=0.2, lease_s=60) as is_ours:
        assert is_ours
        # Another node takes it for dead, takes over and publishes, while this one is asleep in its block.
        place = publishers_directory(run.directory)
        place.publication.unlink()
        with sole_publisher(run.directory, heartbeat_s=0.2, lease_s=60, waits=False) as is_theirs:
            assert is_theirs
            finish_run(run, record_mib=1)
        finish_run(run, record_mib=1)
    assert_published(run.directory)


def test_a_run_that_is_finished_is_not_written_to(tmp_path):
    run = answered(tmp_path)
    finish_run(run, record_mib=1)
    before = sorted(path.name for path in run.directory.ledger.iterdir())
    with sole_publisher(run.directory, heartbeat_s=1, lease_s=60, waits=False) as is_ours:
        assert is_ours
        assert sorted(path.name for path in run.directory.ledger.iterdir()) == before


@pytest.mark.parametrize("is_alive", [True, False])
def test_the_driver_of_a_batch_job_leaves_with_0_and_says_so(tmp_path, is_alive):
    run = answered(tmp_path, cluster=SlurmSettings(kind="slurm").model_dump(), run__lease_s=60.0)
    place = publishers_directory(run.directory)
    place.workers.mkdir()
    beat = Heartbeat(
        worker="theirs", host="here", identity=host_identity(), pid=os.getpid(), started=0, time=0,
        process_start=process_start(os.getpid()) if is_alive else "another",
    )  # fmt: skip
    (place.workers / "theirs.json").write_text(beat.model_dump_json())
    place.publication.symlink_to("theirs")
    folder = tmp_path / "node"
    folder.mkdir()
    (folder / "settings.json").write_text(run.work.settings.model_copy(update={"progress": "plain"}).model_dump_json())
    done = subprocess.run(
        [sys.executable, "-m", "glane.job.driver", str(folder), "0"], capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + (folder / "driver.log").read_text()
    assert ("another job publishes the result; this one leaves" in done.stderr) is is_alive
    assert run.directory.is_complete is not is_alive


# Merged by several at once.


def merged(run: PreparedRun, how) -> dict[str, bytes]:
    """The files of the result by name, if its tasks are done as `how` does them. Nothing is published."""
    staging = run.directory.root / ".records-trial"
    staging.mkdir()
    tasks = merge.plan_files(run.directory, run.plan, staging, file_bytes=3000, metadata="{}")
    files = list(how(merge.merge_file, tasks))
    assert sum(file.num_rows for file in files) == 120
    assert [one.shard for file in files for one in file.shards] == list(range(run.plan.num_shards))
    found = {path.name: path.read_bytes() for path in sorted(staging.iterdir())}
    shutil.rmtree(staging)
    return found


def in_threads(do, tasks):
    with ThreadPoolExecutor(max_workers=4) as pool:
        return list(pool.map(do, tasks))


def backwards_and_twice(do, tasks):
    for task in tasks:
        do(task)  # as on a node that was taken for lost
    return list(reversed([do(task) for task in reversed(tasks)]))


@pytest.mark.parametrize("how", [in_threads, backwards_and_twice])
def test_the_result_is_the_same_byte_for_byte_however_it_is_merged(tmp_path, how):
    run = answered(tmp_path)
    alone = merged(run, map)
    assert len(alone) > 2
    assert merged(run, how) == alone
    rows = pl.concat([pl.read_parquet(content) for content in alone.values()])
    assert rows["id"].to_list() == [f"d{i}" for i in range(120)]


def test_what_an_abandoned_attempt_left_is_not_published(tmp_path):
    run = answered(tmp_path)

    def untidy(do, tasks):
        for task in tasks:
            (task.path.parent / f".{task.path.name}.{'0' * 32}.tmp").write_bytes(b"half")
        return map(do, tasks)

    finish_run(run, record_mib=1, run_all=untidy)
    assert [path.name for path in run.directory.records.iterdir()] == ["records-00000.parquet"]


@pytest.mark.parametrize("shard", [0, 5])
def test_a_damaged_part_is_named_and_nothing_is_published(tmp_path, shard):
    run = answered(tmp_path)
    run.directory.part(shard).write_bytes(b"PAR1 damaged \xff\xff\xff\xff PAR1")
    with pytest.raises(RunError, match=rf"part-000000{shard}.parquet: damaged"):
        finish_run(run, record_mib=1, run_all=in_threads)
    assert not run.directory.is_complete
    assert not list(run.directory.root.glob(".records-*"))


@pytest.mark.ray
def test_ray_tasks_merge_the_same_result_and_tell_what_is_wrong_in_a_sentence(tmp_path, monkeypatch):
    run = answered(tmp_path)
    alone = merged(run, map)
    with scratch_folder() as folder, local_ray(LocalSettings(cpus=2, gpus=0), folder) as ray:
        seen = []

        def by_ray(do, tasks):
            seen.append(len(tasks))
            return ray_map(ray)(do, tasks)

        monkeypatch.setattr(merge, "read_plan", lambda _: pytest.fail("the driver merges by itself"))
        assert merged(run, by_ray) == alone
        assert seen[0] >= 4, "enough for Ray"
        run.directory.part(3).write_bytes(b"damaged")
        with pytest.raises(RunError) as raised:
            merged(run, by_ray)
    assert str(raised.value).endswith(
        "part-0000003.parquet: damaged. Remove it and run the same command again: its shard is redone."
    )


def test_where_ray_is_lost_the_driver_merges_itself(tmp_path):
    run = answered(tmp_path)

    class Lost:
        """A Ray that takes tasks and loses them."""

        def nodes(self):
            return []

        def remote(self, _):
            return SimpleNamespace(options=lambda **_: SimpleNamespace(remote=lambda _: None))

        def get(self, _):
            raise ConnectionError("GCS is gone")

    assert merged(run, ray_map(Lost())) == merged(run, map)
