"""The scheduler protocol: another scheduler in Slurm's place."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import glane
from conftest import make_settings, wait_for, write_documents
from glane.cluster import schedulers
from glane.cluster.scheduler import Job
from glane.cluster.schedulers import current_job_name, find_jobs
from glane.errors import RunError
from glane.pilot import on_cluster
from glane.pilot.on_cluster import kept_folder, mark_of
from glane.run.starts import SubmissionEntry
from local_queue import LocalQueue

COMMAND = [sys.executable, str(Path(__file__).parent / "local_queue.py")]


def queue_job(queue, name, *arguments):
    return [*COMMAND, str(queue.folder), name, *arguments]


@pytest.fixture
def queue(tmp_path):
    (tmp_path / "queue").mkdir()
    return LocalQueue(tmp_path / "queue")


def overrides(tmp_path):
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(48)])
    return [
        "cluster=slurm", "task=ed_visit", "model=scripted", f"data.path={data}", f"run.dir={tmp_path}/run",
        "run.allow_toy=true", "+model.script.seconds_per_step=0.5", "model.max_num_seqs=4", "run.heartbeat_s=0.5", "run.shard_rows=4",
        "progress=plain",
    ]  # fmt: skip


@pytest.mark.ray
def test_a_run_is_submitted_stopped_at_its_limit_requeued_and_completed_without_slurm(tmp_path, queue):
    accounts, collector = tmp_path / "jobs.jsonl", tmp_path / "collector"
    accounts.touch()
    collector.mkdir()
    told_to = [f"run.site_log={accounts}", f"run.metrics_dir={collector}"]
    command = queue_job(queue, "extract", *overrides(tmp_path), *told_to, "cluster.wait=true", "show=2")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as waiting:
        parts = tmp_path / "run" / "parts"
        wait_for(lambda: parts.is_dir() and list(parts.glob("part-*")), 120)
        queue.reach_limit("run.0")
        told, progress = waiting.communicate(timeout=240)
    log = (queue.folder / "run.0" / "log").read_text()
    assert waiting.returncode == 0, progress + log
    assert f"submitted  job run.0, this machine\nrun        {tmp_path}/run" in told
    assert f"log        tail -F {queue.folder}/run.0/log" in told
    assert "job run.0: COMPLETED" in progress
    assert "the end of this job is near" in log
    assert "requeued (start 2 of at most 21)" in log
    assert "resuming" in log
    assert glane.open_run(tmp_path / "run").all().collect()["id"].to_list() == [f"d{i}" for i in range(48)]
    starts = [json.loads(line) for line in (tmp_path / "run" / "ledger" / "starts.jsonl").read_text().splitlines()]
    assert [start["job"] for start in starts] == ["run.0", "run.0"]
    assert pl.read_parquet(tmp_path / "run" / "ledger" / "shards.parquet")["worker"].n_unique() == 2
    ends = [json.loads(line) for line in accounts.read_text().splitlines()]
    assert [(one["job"], one["start_number"], one["state"]) for one in ends] == [
        ("run.0", 1, "stopped"), ("run.0", 2, "complete"),
    ]  # fmt: skip
    assert sum(one["documents"] for one in ends) == 48
    assert list(collector.iterdir()) == []
    status = queue_job(queue, "status", f"run.dir={tmp_path}/run", "json=true")
    seen = json.loads(subprocess.run(status, capture_output=True, text=True, check=True).stdout)
    (job,) = seen["jobs"]
    assert (job["name"], job["state"], job["requeues"], job["is_over"]) == ("run.0", "COMPLETED", 1, True)


@pytest.mark.slow
def test_a_complaint_and_a_dry_run_submit_nothing(tmp_path, queue):
    command = queue_job(queue, "extract", *overrides(tmp_path), "cluster.nodes=2")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "cluster.nodes: 2; this queue has 1." in done.stderr) == (2, True), done.stderr
    done = subprocess.run([*command, "cluster.dry_run=true"], capture_output=True, text=True, check=True)
    assert done.stdout == "start run\n"
    assert list(queue.folder.iterdir()) == []
    assert not (tmp_path / "run").exists()


def test_a_job_is_told_by_the_scheduler_that_knows_it(monkeypatch, tmp_path, queue):
    other = LocalQueue(tmp_path / "queue" / "other")
    for place, name in ((queue, "7"), (other, "8")):
        (place.folder / name).mkdir(parents=True)
        place._tell(name, state="RUNNING")
    monkeypatch.setattr(schedulers, "SCHEDULERS", {"one": queue, "two": other})
    assert find_jobs(["8", "9", "7"]) == [
        Job(name="8", state="RUNNING"), Job(name="9", state="UNKNOWN"), Job(name="7", state="RUNNING")
    ]  # fmt: skip
    assert find_jobs([]) == []


def test_a_run_here_belongs_to_the_interactive_job_that_it_is_started_in(monkeypatch):
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "11")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")
    assert current_job_name() == "11_3"
    monkeypatch.setattr(schedulers, "SCHEDULERS", {})
    assert current_job_name() is None


# The pilot as a job.


@pytest.mark.ray
def test_a_pilot_is_a_job_that_outlives_the_command(tmp_path, queue):
    words = [word for word in overrides(tmp_path) if not word.startswith(("run.dir", "+model.script", "run.shard"))]
    command = queue_job(queue, "plan", *words, "pilot.rows=30", f"out.dir={tmp_path}/plan", "pilot.wait_s=0")
    first = subprocess.run(command, capture_output=True, text=True, check=False)
    assert first.returncode == 2
    assert "is not over" in first.stderr
    assert "The same command waits for it again" in first.stderr
    (kept,) = (tmp_path / "plan").glob(".pilot-job-*")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700
    again = subprocess.run([*command, "pilot.wait_s=300"], capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert len(list(queue.folder.iterdir())) == 1  # one job
    told = json.loads((next(queue.folder.iterdir()) / "settings").read_text())["cluster"]
    assert (told["time"], told["nodes"], told["max_requeues"]) == ("1:00:00", 1, 1)
    assert "documents/s" in again.stdout
    assert {path.name for path in (tmp_path / "plan").iterdir()} == {".glane-files", "pilot.json"}


def interrupted(out):
    with kept_folder(out, "new") as folder:
        (folder / "sample.parquet").write_text("x")
        raise KeyboardInterrupt


def test_a_pilot_of_other_settings_is_not_disturbed_and_not_left(tmp_path, monkeypatch):
    for name in ("gone", "going"):
        entry = SubmissionEntry(time=0.0, jobs=(name,), log="-")
        (tmp_path / f".pilot-job-{name}" / "run" / "ledger").mkdir(parents=True)
        line = entry.model_dump_json() + "\n"
        (tmp_path / f".pilot-job-{name}" / "run" / "ledger" / "submissions.jsonl").write_text(line)
    states = {"gone": Job(name="gone", state="FAILED", is_over=True), "going": Job(name="going", state="PENDING")}
    monkeypatch.setattr(on_cluster, "find_jobs", lambda names: [states[name] for name in names])
    with pytest.raises(RunError, match=r"other settings under way, job going \(PENDING"), kept_folder(tmp_path, "new"):
        pass
    states["going"] = Job(name="going", state="COMPLETED", is_over=True)
    with pytest.raises(KeyboardInterrupt):
        interrupted(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".pilot-job-new"]
    with kept_folder(tmp_path, "new") as folder:
        assert (folder / "sample.parquet").exists()
    assert list(tmp_path.iterdir()) == []


def test_a_trial_is_known_by_what_is_asked_and_of_which_rows(tmp_path):
    settings = make_settings(tmp_path / "d.parquet", tmp_path / "run", cluster={"kind": "slurm"})
    places, chars = np.arange(5), np.arange(5) + 100
    mark = mark_of(settings, places, chars)
    elsewhere = settings.model_copy(update={"cluster": settings.cluster.model_copy(update={"partition": "x"})})
    assert mark_of(elsewhere, places, chars) == mark
    asked = settings.model_copy(update={"data": settings.data.model_copy(update={"text_column": "x"})})
    others = [(asked, places, chars), (settings, places[::-1].copy(), chars), (settings, places, chars + 1)]
    assert len({mark, *(mark_of(*other) for other in others)}) == 4
