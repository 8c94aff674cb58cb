"""What killed processes and old submissions left is removed, provably ours, and nothing else; also while jobs start."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from conftest import extract_here, job_here, make_settings, work, write_documents
from glane.cluster.scheduler import Job
from glane.cluster.slurm import folders
from glane.cluster.slurm.folders import SubmissionFolder, old_folders, remove_folder
from glane.job import clean as cleaning
from glane.job.clean import clean
from glane.run.directory import RunDirectory
from glane.run.heartbeat import Progress
from glane.run.heartbeat_writer import HeartbeatWriter
from glane.run.leftovers import leftovers, remove_leftover
from glane.run.publisher import sole_publisher
from glane.run.starts import SubmissionEntry, record_submission
from glane.settings import CleanSettings

HEX = "0123456789abcdef" * 2
DAY_S = 86_400


def aged(path: Path, days: float) -> Path:
    """Make a path, and all in it, look unchanged for so long."""
    then = time.time() - days * DAY_S
    for one in (*(path.rglob("*") if path.is_dir() else ()), path):
        os.utime(one, (then, then), follow_symlinks=False)
    return path


def planted(run: Path, days: float) -> list[Path]:
    """What killed processes leave in a run."""
    made = [
        run / f".summary.json.{HEX}.tmp",
        run / "ledger" / f".x.{HEX}.tmp",
        run / "ledger" / "workers" / f".w.{HEX}.tmp",
    ]
    for path in made:
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    staging = run / f".records-{HEX}"
    staging.mkdir()
    (staging / "records-00000.parquet").write_text("x" * 100)
    return [aged(path, days) for path in (*made, staging)]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run that was stopped; nobody works on it."""
    settings = make_settings(write_documents(tmp_path / "d.parquet", ["a"] * 40), tmp_path / "run")
    work(settings)
    aged(tmp_path / "run", 100)
    return tmp_path / "run"


def settings_of(run: Path, **changes: Any) -> CleanSettings:
    return CleanSettings.model_validate({"run": {"dir": str(run)}, **changes})


def content(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}


@pytest.mark.parametrize("how", ["cut", "absent"])
def test_parts_stay_while_they_are_the_last_whole_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    settings = make_settings(write_documents(tmp_path / "d.parquet", ["a"] * 40), tmp_path / "run")
    monkeypatch.setattr("glane.run.publish._clean", lambda _: None)  # killed before
    extract_here(settings)
    run = tmp_path / "run"
    (records,) = (run / "records").glob("*.parquet")
    if how == "cut":
        records.write_bytes(records.read_bytes()[:-100])
    else:
        records.unlink()
    aged(run, 100)
    clean(settings_of(run, remove=True), say=lambda _: None)
    assert list((run / "parts").iterdir())


def test_a_run_that_is_being_published_is_left_alone(run: Path) -> None:
    made = planted(run, 40)
    with sole_publisher(RunDirectory(root=run), heartbeat_s=1, lease_s=60):
        assert clean(settings_of(run, remove=True), say=lambda _: None) == []
    assert all(path.exists() for path in made)


def test_what_a_killed_merge_left_is_removed(run: Path) -> None:
    planted(run, 40)
    staging = run / f".records-{HEX}"
    (staging / f".records-00001.parquet.{HEX}.tmp").write_text("x")
    aged(staging, 40)
    assert staging in clean(settings_of(run, remove=True), say=lambda _: None)
    assert not staging.exists()


def test_it_is_told_first_and_done_when_asked_for(run: Path) -> None:
    before = content(run)
    made = planted(run, 40)
    whole, said = content(run), list[str]()
    assert clean(settings_of(run), say=said.append) == []
    assert content(run) == whole
    assert sum(line.startswith("would remove") for line in said) == len(made)
    assert "remove=true" in said[-1]
    said.clear()
    assert sorted(clean(settings_of(run, remove=True), say=said.append)) == sorted(made)
    assert content(run) == before
    assert said[-1].startswith("1 run(s): 4 removed")


@pytest.mark.parametrize(("keep", "age", "removed"), [(30, 29, 0), (30, 31, 4), (1, 1.1, 4), (60, 59, 0)])
def test_what_is_younger_stays(run: Path, keep: float, age: float, removed: int) -> None:
    planted(run, age)
    assert len(clean(settings_of(run, keep_days=keep, remove=True), say=lambda _: None)) == removed


def test_records_and_evidence_are_never_removed(tmp_path: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", ["a"] * 40)
    part, whole = tmp_path / "part", tmp_path / "whole"
    for path in (part, whole):
        settings = make_settings(data, path)
        work(settings) if path is part else extract_here(settings)
        (path / "notes.txt").write_text("the user's")
        (path / f".records-{HEX}").mkdir()
        (path / f".records-{HEX}" / "thesis.docx").write_text("the user's")
        (path / "ledger" / "deaths" / "1.json").write_text("{}")
        (path / ".own.tmp").write_text("the user's")
        aged(path, 1000)
    before = content(part), content(whole)
    for path in (part, whole):
        assert clean(settings_of(path, keep_days=1, remove=True), say=lambda _: None) == []
    assert (content(part), content(whole)) == before
    shutil.copytree(part / "parts", whole / "parts")  # of a driver that was killed after it published
    aged(whole / "parts", 1000)
    assert clean(settings_of(whole, keep_days=1, remove=True), say=lambda _: None) == [whole / "parts"]
    assert content(whole) == before[1]


def test_a_link_is_not_followed(run: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    other = tmp_path / "elsewhere" / "x"
    other.write_text("somebody's")
    (run / f".records-{HEX}").symlink_to(tmp_path / "elsewhere")
    (run / f".a.{HEX}.tmp").symlink_to(other)
    for path in (run / f".records-{HEX}", run / f".a.{HEX}.tmp"):
        aged(path, 100)
    assert clean(settings_of(run, remove=True), say=lambda _: None) == []
    assert other.read_text() == "somebody's"


def test_what_is_no_run_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / f".x.{HEX}.tmp").write_text("x")
    aged(tmp_path / f".x.{HEX}.tmp", 100)
    assert "holds no run" in job_here(f"run.dir={tmp_path}", "remove=true", name="clean", check=2).stderr
    assert leftovers(RunDirectory(root=tmp_path), days=1) == []
    assert (tmp_path / f".x.{HEX}.tmp").exists()


def test_a_run_that_a_worker_is_on_is_left_alone(run: Path) -> None:
    planted(run, 40)
    writer = HeartbeatWriter(RunDirectory(root=run), worker="live", every_s=60, device="cpu", cpus=1, gpus=0)
    writer.report(Progress)
    writer.write()
    said: list[str] = []
    assert clean(settings_of(run, remove=True), say=said.append) == []
    assert "1 worker(s) are on it" in said[0]


@pytest.mark.parametrize(("state", "kept"), [("PENDING", True), ("RUNNING", True), ("COMPLETED", False)])
def test_a_run_whose_job_waits_or_runs_is_left_alone(
    run: Path, state: str, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted(run, 40)
    record_submission(RunDirectory(root=run), SubmissionEntry(time=1.0, jobs=("812",), log="/none/812_0_log.out"))
    job = Job(name="812", state=state, reason="Priority", is_over=state == "COMPLETED")
    monkeypatch.setattr(cleaning, "find_jobs", lambda _: [job])
    said: list[str] = []
    assert (clean(settings_of(run, remove=True), say=said.append) == []) == kept
    assert not kept or f"job 812 is {state}" in said[0]


@pytest.mark.parametrize("moment", ["a file is written again", "a worker begins", "a job is submitted"])
def test_a_job_that_starts_between_the_look_and_the_removal_loses_nothing(
    run: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = planted(run, 40)
    directory, looked = RunDirectory(root=run), cleaning.look

    def then_starts(*arguments: Any, **named: Any) -> Any:
        found = list(looked(*arguments, **named))
        assert len(found) == len(made)
        if moment == "a file is written again":
            (run / f".records-{HEX}" / "records-00001.parquet").write_text("of a job that publishes now")
        elif moment == "a worker begins":
            writer = HeartbeatWriter(directory, worker="live", every_s=60, device="cpu", cpus=1, gpus=0)
            writer.report(Progress)
            writer.write()
        else:
            record_submission(directory, SubmissionEntry(time=1.0, jobs=("812",), log="/none/812_0_log.out"))
            monkeypatch.setattr(cleaning, "find_jobs", lambda _: [Job(name="812", state="PENDING")])
        return iter(found)

    monkeypatch.setattr(cleaning, "look", then_starts)
    gone = clean(settings_of(run, remove=True), say=lambda _: None)
    if moment == "a file is written again":
        assert sorted(gone) == sorted(made[:-1])
        assert len(list((run / f".records-{HEX}").iterdir())) == 2
    else:
        assert gone == []
        assert all(path.exists() for path in made)


def test_two_that_clean_at_once_do_not_trip(run: Path) -> None:
    planted(run, 40)
    found = leftovers(RunDirectory(root=run), days=30)
    assert [remove_leftover(one, days=30) for one in (*found, *found)] == [True] * 8


# Folders of submissions.


def submission(
    base: Path, name: str, *, jobs: tuple[str, ...] = ("12",), days: float = 40, cluster: str = "site"
) -> Path:
    folder = base / name
    folder.mkdir(parents=True)
    (folder / "submission.json").write_bytes(SubmissionFolder(cluster=cluster, jobs=jobs).as_json())
    (folder / "submission.sh").write_text("#!/bin/bash")
    (folder / f"{jobs[0]}_0_log.out").write_text("done")
    return aged(folder, days)


@pytest.fixture
def slurm(monkeypatch: pytest.MonkeyPatch) -> list[set[str] | None]:
    """The jobs in the queue of a Slurm called `site`, and how often it was asked."""
    asked: list[set[str] | None] = []

    def names() -> set[str] | None:
        asked.append({"7", "8_3"})
        return {"7", "8_3"}

    monkeypatch.setattr(folders.queue, "names_in_queue", names)
    monkeypatch.setattr(folders, "site", lambda: {"ClusterName": "site"})
    return asked


def test_only_submissions_that_are_over_ours_and_old_are_removed(tmp_path: Path, slurm: list[Any]) -> None:
    other = submission(tmp_path, "other file")
    (other / "thesis.docx").write_text("x")
    linked = submission(tmp_path, "link in it")
    (linked / "13_0_log.out").symlink_to(other / "thesis.docx")
    (tmp_path / "none").mkdir()
    places = {
        submission(tmp_path, "old"): "",
        submission(tmp_path, "old array", jobs=("6_0", "6_1")): "",
        submission(tmp_path, "young", days=29): "changed within 30 days",
        submission(tmp_path, "in the queue", jobs=("7",)): "job 7 is in the queue",
        submission(tmp_path, "one of it in the queue", jobs=("8_0", "8_3")): "job 8_3 is in the queue",
        submission(tmp_path, "of another", cluster="elsewhere"): "another Slurm (elsewhere)",
        aged(other, 40): "files that are none of a submission",
        aged(linked, 40): "files that are none of a submission",
        aged(tmp_path / "none", 40): "nothing in it says that glane made it",
    }
    for one in old_folders(list(places), days=30):
        assert bool(one.kept_because) == bool(places[one.path]), one
        assert places[one.path] in one.kept_because
        if not one.kept_because:
            assert remove_folder(one.path, days=30)
    assert {path for path in places if path.exists()} == {path for path, why in places.items() if why}
    assert len(slurm) == 1


def test_without_an_answer_of_the_queue_all_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders.queue, "names_in_queue", lambda: None)
    (one,) = old_folders([submission(tmp_path, "old")], days=30)
    assert one.kept_because == "the queue does not answer"


def test_a_log_that_is_written_meanwhile_saves_its_folder(tmp_path: Path, slurm: list[Any]) -> None:
    folder = submission(tmp_path, "old")
    (one,) = old_folders([folder], days=30)
    assert one.kept_because == ""
    with open(folder / "12_0_log.out", "a") as log:
        log.write("a job that starts now")
    assert not remove_folder(folder, days=30)
    assert (folder / "submission.json").exists()


def test_the_submissions_of_a_run_are_found_by_it(
    run: Path, tmp_path: Path, slurm: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, unrelated = submission(tmp_path / "s", "old"), submission(tmp_path / "s", "unrelated", jobs=("99",))
    record_submission(RunDirectory(root=run), SubmissionEntry(time=1.0, jobs=("12",), log=str(old / "12_0_log.out")))
    monkeypatch.setattr(cleaning, "find_jobs", lambda names: [Job(name=name, state="UNKNOWN") for name in names])
    assert clean(settings_of(run, remove=True), say=lambda _: None) == [old]
    assert not old.exists()
    assert unrelated.exists()
    assert (run / "ledger" / "submissions.jsonl").exists()


def test_the_command_says_what_it_would_do(run: Path) -> None:
    planted(run, 40)
    told = job_here(f"runs={run.parent}/*", name="clean").stdout.splitlines()
    assert told[-1].startswith("1 run: 4 to remove")
    assert "keep_days" in job_here(f"run.dir={run}", "keep_days=0", name="clean", check=2).stderr
    assert len(job_here(f"run.dir={run}", "remove=true", name="clean").stdout.splitlines()) == 5
