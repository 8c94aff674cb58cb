"""The site's file of jobs: one line for each job, whole among those of others, and never at the cost of a job."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from conftest import ROOT, extract_here, make_settings, prepare_run, spec, work, write_documents
from glane.cluster.scheduler import Allocation
from glane.cluster.slurm.allocation import SECRET, read_allocation
from glane.errors import RunError
from glane.job.accounting import accounted, begin_account
from glane.run import site_log
from glane.run.heartbeat import JOB_NAME
from glane.run.site_log import SITE_LOG, JobEntry, append_entry
from glane.run.worker import run_worker
from glane.settings import ExtractSettings
from glane.task.task import load_task

SECRET_TEXT = "Mme Zzyzx tousse"


def entry(**changes: Any) -> JobEntry:
    values: dict[str, Any] = {
        "user": "anne", "account": "epi", "job": "12_3", "start_number": 1, "host": "n1", "nodes": 1, "run": "/r",
        "run_id": "ab", "task": "t", "model": "m", "started": "2026-01-01T00:00:00+00:00",
        "ended": "2026-01-01T01:00:00+00:00", "seconds": 3600.0, "state": "complete", "exit_code": 0, "documents": 10,
        "usable": 9, "prompt_tokens": 5, "output_tokens": 6, "engine_hours": 1.0, "gpu_hours": 4.0,
        "allocated_gpu_hours": 4.0, "energy_kwh": 1.5, "energy_source": "measured", "glane": "0",
    }  # fmt: skip
    return JobEntry(**{**values, **changes})


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "jobs.jsonl"
    path.touch()
    monkeypatch.setenv(SITE_LOG, str(path))
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_lines_of_many_processes_stay_whole(log: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from test_site_log import entry; from glane.run.site_log import append_entry\n"
        "for number in range(60): append_entry(Path(sys.argv[1]), entry(user=sys.argv[2], run='/r' * 3000,"
        " seconds=number), warn=print)"
    )
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'lib'}:{Path(__file__).parent}"}
    users = [
        subprocess.Popen([sys.executable, "-c", code, str(log), user], env=environment, stdout=subprocess.PIPE)
        for user in "abc"
    ]
    assert [user.communicate()[0] for user in users] == [b""] * 3
    found = lines(log)
    assert len(found) == 180
    for user in "abc":
        assert [one["seconds"] for one in found if one["user"] == user] == list(range(60))


@pytest.mark.parametrize("what", ["nothing", "a folder", "a pipe", "no right"])
def test_a_file_that_cannot_be_written_is_told_once_and_at_once(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    if what == "a folder":
        path.mkdir()
    elif what == "a pipe":
        os.mkfifo(path)
    elif what == "no right":  # root may all
        monkeypatch.setattr(
            site_log.os, "open", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied"))
        )
    warnings: list[str] = []
    began = time.monotonic()
    assert not append_entry(path, entry(), warn=warnings.append)
    assert time.monotonic() - began < 2
    assert len(warnings) == 1
    assert str(path) in warnings[0]
    assert "nothing else is lost" in warnings[0]


def test_who_keeps_the_lock_keeps_nobody(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_log, "_LOCK_S", 0.3)
    code = "import fcntl, sys, time; f = open(sys.argv[1], 'a'); fcntl.lockf(f, fcntl.LOCK_EX); print('.', flush=True); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", code, str(log)], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        with open(log, "a") as stream, pytest.raises(BlockingIOError):
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        began = time.monotonic()
        assert append_entry(log, entry(), warn=print)
        assert 0.3 <= time.monotonic() - began < 3
    finally:
        holder.kill()
        holder.wait()
    assert lines(log)[0]["user"] == "anne"


def test_a_file_system_that_hangs_keeps_no_job(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_log, "_PATIENCE_S", 0.2)
    monkeypatch.setattr(site_log, "_append", lambda *_: time.sleep(3) or "")
    warnings: list[str] = []
    began = time.monotonic()
    assert not append_entry(log, entry(), warn=warnings.append)
    assert time.monotonic() - began < 2
    assert "did not answer" in warnings[0]


@pytest.mark.parametrize("may_truncate", [True, False])
def test_after_a_full_disk_the_next_line_stands_alone(
    may_truncate: bool, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert append_entry(log, entry(user="bob"), warn=print)
    before, whole = log.read_bytes(), os.write
    monkeypatch.setattr(site_log.os, "write", lambda to, content: whole(to, content[:20]))
    if not may_truncate:  # a file to which can only be appended
        monkeypatch.setattr(site_log.os, "ftruncate", lambda *_: (_ for _ in ()).throw(PermissionError(1, "no")))
    warnings: list[str] = []
    assert not append_entry(log, entry(), warn=warnings.append)
    assert "the disk is full" in warnings[0]
    monkeypatch.undo()
    assert (log.read_bytes() == before) == may_truncate
    assert append_entry(log, entry(), warn=print)
    told = log.read_text().splitlines()
    assert [json.loads(line)["user"] for line in (told[0], told[-1])] == ["bob", "anne"]


def test_a_run_on_this_machine_is_a_line_without_text(tmp_path: Path, log: Path) -> None:
    texts = [f"{SECRET_TEXT} {at}" for at in range(20)] + [""]
    settings = make_settings(write_documents(tmp_path / "d.parquet", texts), tmp_path / "run")
    with accounted(settings):
        extract_here(settings)
    (told,) = lines(log)
    assert (told["documents"], told["usable"], told["state"], told["exit_code"]) == (21, 20, "complete", 0)
    assert (told["task"], told["model"], told["run"]) == ("small", "scripted", str(tmp_path / "run"))
    assert told["prompt_tokens"] > told["output_tokens"] > 0
    assert told["engine_hours"] >= 0
    assert (told["gpu_hours"], told["allocated_gpu_hours"], told["account"]) == (0, None, None)
    assert told["started"] <= told["ended"]
    assert "Zzyzx" not in log.read_text()
    with accounted(settings):
        pass  # it is complete: nothing is done
    assert len(lines(log)) == 1


@pytest.mark.parametrize(
    ("error", "state", "code"),
    [(RunError("the disk is full"), "failed", 1), (KeyboardInterrupt(), "cancelled", 130), (ValueError(), "failed", 1)],
)
def test_an_end_by_an_error_is_a_line_too(
    tmp_path: Path, log: Path, error: BaseException, state: str, code: int
) -> None:
    settings = make_settings(write_documents(tmp_path / "d.parquet", ["a", "b"]), tmp_path / "run")
    with pytest.raises(type(error)), accounted(settings):
        _work_and_raise(settings, error)
    assert [(one["state"], one["exit_code"], one["documents"]) for one in lines(log)] == [(state, code, 2)]


def _work_and_raise(settings: ExtractSettings, error: BaseException) -> None:
    work(settings)
    raise error


def test_a_run_without_usable_rows_is_said_so(tmp_path: Path, log: Path) -> None:
    settings = make_settings(write_documents(tmp_path / "d.parquet", ["", " "]), tmp_path / "run")
    with accounted(settings):
        extract_here(settings)
    assert [(one["state"], one["exit_code"], one["usable"]) for one in lines(log)] == [("unusable", 4, 0)]


def test_each_job_of_an_array_counts_its_own_and_each_start_once(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(write_documents(tmp_path / "d.parquet", ["a"] * 48), tmp_path / "run")
    run = prepare_run(settings, load_task(settings.task))

    def job(name: str, restarts: int, code: int, worker: str | None) -> None:
        given = Allocation(
            job_id=name, name=name, restarts=restarts, rank=0, num_nodes=2, host="n1", launch_address="", cpus=1, gpus=4,
            granted_gpus=4, array_share=0.0, secret=b"", account="surveillance",
        )  # fmt: skip
        monkeypatch.setenv(JOB_NAME, name)
        account = begin_account(settings, given)
        account.started -= 1800
        if worker is not None:
            stop = iter([False, True])
            run_worker(spec(settings, run, worker), should_stop=lambda: next(stop, True))
        account.end(code, warn=print)

    job("7_0", 0, 75, "w0")
    job("7_0", 1, 143, None)  # put back, and cancelled before an engine was there
    run_worker(spec(settings, run, "another"))
    job("7_1", 0, 0, "w1")
    first, second, third = lines(log)
    assert (first["state"], first["start_number"], first["job"]) == ("stopped", 1, "7_0")
    assert 0 < first["documents"] < 48
    assert (second["state"], second["start_number"], second["documents"]) == ("cancelled", 2, 0)
    assert (third["state"], third["documents"]) == ("complete", 0)
    assert [one["allocated_gpu_hours"] for one in (first, second, third)] == pytest.approx([4.0] * 3, abs=0.1)
    assert {one["account"] for one in (first, second, third)} == {"surveillance"}


def test_the_account_is_the_one_that_slurm_tells() -> None:
    told = {"SLURM_JOB_ID": "12", SECRET: "ab", "SLURM_JOB_ACCOUNT": "epi"}
    assert read_allocation(told).account == "epi"
    del told["SLURM_JOB_ACCOUNT"]
    assert read_allocation(told).account == ""


def test_without_such_a_file_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SITE_LOG, raising=False)
    settings = make_settings(write_documents(tmp_path / "d.parquet", ["a"]), tmp_path / "run")
    with accounted(settings):
        extract_here(settings)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d.parquet", "run"]


def test_the_settings_name_it_before_the_environment(tmp_path: Path, log: Path) -> None:
    own = tmp_path / "own.jsonl"
    own.touch()
    settings = make_settings(write_documents(tmp_path / "d.parquet", ["a"]), tmp_path / "run", run__site_log=str(own))
    with accounted(settings):
        extract_here(settings)
    assert (len(lines(own)), len(lines(log))) == (1, 0)


def test_the_two_lines_of_the_documentation(log: Path) -> None:
    for user, account, hours in (("anne", "epi", 4.0), ("bob", "epi", 2.0), ("anne", "lab", 1.0)):
        append_entry(log, entry(user=user, account=account, gpu_hours=hours, energy_kwh=None), warn=print)
    jobs = pl.read_ndjson(log, infer_schema_length=None)
    shown = jobs.group_by("account", "user").agg(pl.sum("gpu_hours", "documents"), pl.len().alias("jobs"))
    assert shown.sort("account", "user")["gpu_hours"].to_list() == [4.0, 2.0, 1.0]
