"""What killed processes and old submissions left is removed, provably ours, and nothing else; also while jobs start."""

from __future__ import annotations

import math
import os
import shutil
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from conftest import extract_here, job_here, make_settings, work, write_documents
from glane.cluster.scheduler import Job
from glane.cluster.slurm import folders
from glane.cluster.slurm.folders import SubmissionFolder, old_folders, remove_folder
from glane.errors import ConfigError
from glane.extraction.results import open_run
from glane.host import process_start
from glane.job import clean as cleaning
from glane.job.clean import clean
from glane.run.directory import RunDirectory
from glane.run.heartbeat import Progress
from glane.run.heartbeat_writer import HeartbeatWriter
from glane.run.known import unknown_in
from glane.run.leftovers import Leftover, leftovers, remove_leftover
from glane.run.overview import overview
from glane.run.publisher import sole_publisher
from glane.run.starts import SubmissionEntry, record_submission
from glane.settings import CleanSettings, clean_settings
from glane.settings.keep import KINDS, Keep

HEX = "0123456789abcdef" * 2
DAY_S = 86_400
AGES = CleanSettings.model_validate({"run": {"dir": "x"}}).ages(Keep())


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
    both = job_here(f"run.dir={tmp_path}", f"runs={tmp_path}/*", name="clean", check=2).stderr
    assert both == "error: give run.dir=… or runs='folder/*', not both.\n"
    assert leftovers(RunDirectory(root=tmp_path), ages=AGES) == []
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
    found = leftovers(RunDirectory(root=run), ages=AGES)
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


# Ages by kind.

EVERYTHING = {"parts": "1d", "unpublished": "1d", "ledger": "1d", "logs": "1d", "pilots": "1d", "unfinished": "1d"}
LASTING = {
    ".glane-run",
    "digests.json",
    "run.yaml",
    "plan.parquet",
    "summary.json",
    "records",
    "records/records-00000.parquet",
}


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """A finished run, with a death in its ledger, a log, and parts that a killed driver left; nothing changed for long."""
    run = tmp_path / "finished"
    settings = make_settings(write_documents(tmp_path / "f.parquet", ["a"] * 40), run)
    work(settings)
    shutil.copytree(run / "parts", tmp_path / "parts")
    extract_here(settings)
    shutil.move(tmp_path / "parts", run / "parts")
    (run / "ledger" / "deaths" / "w0.json").write_text('{"kind": "glane death"}')
    (run / "extract.log").write_text("2026 started\n")
    return aged(run, 100)


def test_by_itself_the_ledger_the_log_and_the_only_copy_stay(run: Path, finished: Path) -> None:
    gone = clean(CleanSettings(runs=(str(run), str(finished)), remove=True), say=lambda _: None)
    assert gone == [finished / "parts"]
    assert list((run / "parts").iterdir())


def test_with_every_age_all_goes_but_the_result_and_what_it_is_of(finished: Path) -> None:
    said: list[str] = []
    before = glane_rows(finished)
    settings_of_all = settings_of(finished, keep=EVERYTHING, remove=True)
    assert len(clean(settings_of_all, say=said.append)) == 4
    assert content(finished) >= LASTING
    left = content(finished) - LASTING
    assert left <= {
        "ledger",
        "ledger/workers",
        "ledger/deaths",
        "ledger/shards.parquet",
        "ledger/starts.jsonl",
        "ledger/cleaned.jsonl",
    }
    assert glane_rows(finished) == before
    assert said[-1].startswith("1 run(s): 4 removed, ")
    assert clean(settings_of_all, say=said.append) == []  # and again
    assert said[-1] == "1 run(s): nothing removed"


def glane_rows(run: Path) -> list[dict[str, Any]]:
    found = open_run(run)
    assert overview(run).state == "complete"
    return found.all().collect().to_dicts()


def test_the_only_copy_of_answers_goes_when_it_is_asked_for_by_name(run: Path) -> None:
    every_other = {**EVERYTHING, "unpublished": None}
    assert clean(settings_of(run, keep=every_other, keep_days=1, remove=True), say=lambda _: None) == []
    said: list[str] = []
    clean(settings_of(run, keep={"unpublished": "90d"}), say=said.append)
    assert "the only copy" in said[0]
    assert list((run / "parts").iterdir())
    assert clean(settings_of(run, keep={"unpublished": "101d"}, remove=True), say=lambda _: None) == []
    assert clean(settings_of(run, keep={"unpublished": "90d"}, remove=True), say=lambda _: None) == [run / "parts"]


@pytest.mark.parametrize(("age", "days"), [("36h", 1.5), ("30d", 30), ("8w", 56), ("never", math.inf), ("24h", 1)])
def test_an_age_has_its_unit(age: str, days: float) -> None:
    assert Keep.model_validate({"logs": age}).logs == days


@pytest.mark.parametrize("age", ["30", "30.0", 30, 0.0, -1.5, "0d", "23h", "1m", "d", "", "inf", "-30d", True])
def test_what_is_no_age_or_less_than_a_day_is_refused(age: Any) -> None:
    with pytest.raises(ConfigError, match=r"keep\.logs"):
        clean_settings({"run": {"dir": "x"}, "keep": {"logs": age}})


def test_the_command_line_overrules_the_site_and_the_site_what_glane_says() -> None:
    site = Keep.model_validate({"parts": "60d", "ledger": "90d", "logs": "never"})

    def told(**changes: Any) -> CleanSettings:
        return clean_settings({"run": {"dir": "x"}, **changes})

    assert told().ages(Keep()) == {
        "unfinished": 30,
        "parts": 30,
        **dict.fromkeys(("unpublished", "ledger", "logs", "pilots"), math.inf),
    }
    assert (told().ages(site)["parts"], told().ages(site)["ledger"]) == (60, 90)
    assert (told(keep_days=7).ages(site)["parts"], told(keep_days=7).ages(site)["ledger"]) == (7, 90)
    assert told(keep={"parts": "never", "ledger": "8w"}, keep_days=7).ages(site)["parts"] == math.inf
    assert (told().days_of_submissions(Keep()), told().days_of_submissions(site)) == (30, math.inf)
    assert told(keep={"logs": "5d"}).days_of_submissions(site) == 5


def test_a_site_says_ages_for_all(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site.yaml"
    site.write_text("keep: {parts: never, logs: 90d}\n")
    monkeypatch.setenv("GLANE_SITE", str(site))
    assert clean(settings_of(finished, remove=True), say=lambda _: None) == [finished / "extract.log"]
    site.write_text("keep: {part: 30d}\n")
    assert "keep.part" in job_here(f"run.dir={finished}", name="clean", check=2).stderr
    assert clean_settings({"run": {"dir": "x"}, "keep": {"parts": "30d"}}).keep.parts == 30


# What is not glane's, or not to be reached.


def test_what_glane_did_not_make_is_told_in_figures_and_stays(finished: Path) -> None:
    strange = [finished / "thesis.docx", finished / "ledger" / "mine.json", finished / "parts" / "part-1.parquet.bak"]
    for path in strange:
        path.write_text("the user's")
    (finished / "figures").mkdir()
    (finished / "figures" / "a.png").write_text("123")
    (finished / "figures" / "b.png").symlink_to(finished / "run.yaml")
    aged(finished, 100)
    said: list[str] = []
    gone = clean(settings_of(finished, keep=EVERYTHING, remove=True), say=said.append)
    assert all(path.exists() for path in (*strange, finished / "figures" / "a.png"))
    assert finished / "parts" not in gone  # of which one file is not known
    told = [line for line in said if "not of glane" in line]
    assert len(told) == 4
    assert f"kept          {finished / 'figures'}: not of glane, 2 file(s), " in "\n".join(told)
    assert f"kept          {strange[0]}: not of glane, 1 file(s), 10 bytes" in told


@pytest.mark.parametrize("where", ["parts", "ledger", "ledger/workers", "ledger/deaths"])
def test_a_folder_that_is_a_link_out_of_the_run_is_not_entered(finished: Path, tmp_path: Path, where: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.move(finished / where, elsewhere)
    (finished / where).symlink_to(elsewhere)
    aged(finished, 100)
    before = content(elsewhere)
    gone = clean(settings_of(finished, keep=EVERYTHING, remove=True), say=lambda _: None)
    assert content(elsewhere) == before
    assert not any(path.is_relative_to(finished / where) for path in gone)


def test_a_run_that_is_a_link_is_left_alone(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(finished)
    before, said = content(finished), list[str]()
    assert clean(settings_of(tmp_path / "link", keep=EVERYTHING, remove=True), say=said.append) == []
    assert content(finished) == before
    assert said[0].endswith("it is a link, or not yours")


def test_a_folder_with_a_mark_that_glane_did_not_make_is_left_alone(finished: Path) -> None:
    (finished / ".glane-run").write_text("hello")
    aged(finished, 100)
    before = content(finished)
    assert clean(settings_of(finished, keep=EVERYTHING, remove=True), say=lambda _: None) == []
    assert content(finished) == before


def test_a_file_with_another_name_elsewhere_frees_nothing_and_stays_there(finished: Path, tmp_path: Path) -> None:
    (part, *_) = sorted((finished / "parts").iterdir())
    os.link(part, tmp_path / "saved.parquet")
    kept = part.read_bytes()
    aged(finished, 100)
    (one,) = (left for left in leftovers(RunDirectory(root=finished), ages=AGES) if left.kind == "parts")
    assert one.num_bytes == sum(path.stat().st_size for path in one.files if path != part)
    assert clean(settings_of(finished, remove=True), say=lambda _: None) == [finished / "parts"]
    assert (tmp_path / "saved.parquet").read_bytes() == kept


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("what", ["a file", "the run"])
def test_files_of_another_user_stay(finished: Path, what: str) -> None:
    (part, *_) = sorted((finished / "parts").iterdir())
    os.chown(part if what == "a file" else finished, 12_345, -1)
    gone = clean(settings_of(finished, keep=EVERYTHING, remove=True), say=lambda _: None)
    assert part.exists()
    assert (gone == []) == (what == "the run")


@pytest.mark.parametrize("ahead_days", [200, -200])
def test_a_clock_that_is_wrong_removes_nothing_young(
    finished: Path, monkeypatch: pytest.MonkeyPatch, ahead_days: float
) -> None:
    aged(finished, 2)
    really = time.time
    monkeypatch.setattr(time, "time", lambda: really() + ahead_days * DAY_S)
    assert clean(settings_of(finished, keep={"parts": "90d", "ledger": "90d"}, remove=True), say=lambda _: None) == []
    assert content(finished) >= {"parts", "ledger/deaths/w0.json"}
    assert not list(finished.glob(".clock*"))


def test_a_killed_clean_is_done_by_the_next(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unlink, seen = Path.unlink, list[Path]()

    def then_killed(path: Path, missing_ok: bool = False) -> None:
        if path.parent.name == "parts":
            seen.append(path)
            if len(seen) > 1:
                raise KeyboardInterrupt
        unlink(path, missing_ok=missing_ok)

    asked = settings_of(finished, keep=EVERYTHING, remove=True)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", then_killed)
        with pytest.raises(KeyboardInterrupt):
            clean(asked, say=lambda _: None)
    assert not seen[0].exists()
    assert glane_rows(finished)
    aged(finished, 100)
    clean(asked, say=lambda _: None)
    assert not (finished / "parts").exists()


# Pilots.


@pytest.fixture
def pilot(tmp_path: Path) -> Path:
    """What a pilot whose job failed left beside a finished run's folder."""
    folder = tmp_path / "runs" / "plan" / ".pilot-job-0123456789ab"
    folder.mkdir(parents=True)
    data = write_documents(folder / "sample.parquet", ["a"] * 40)
    work(make_settings(data, folder / "run"))
    (folder.parent / "pilot.json").write_text("{}")
    extract_here(make_settings(data, tmp_path / "runs" / "a"))
    aged(tmp_path / "runs", 100)
    return folder


def pilots_of(pilot: Path, age: str | None = "30d", **changes: Any) -> CleanSettings:
    return CleanSettings.model_validate({"runs": (str(pilot.parents[1] / "*"),), "keep": {"pilots": age}, **changes})


def test_a_pilot_goes_whole_when_it_is_asked_for(pilot: Path) -> None:
    said: list[str] = []
    assert clean(pilots_of(pilot, None, remove=True), say=said.append) == []
    assert clean(pilots_of(pilot, "101d", remove=True), say=said.append) == []
    assert clean(pilots_of(pilot), say=said.append) == []
    assert "sample and trial of a pilot, " in said[-2]
    assert pilot.exists()
    assert clean(pilots_of(pilot, remove=True), say=said.append) == [pilot]
    assert content(pilot.parents[1]) >= {"plan/pilot.json", "a/run.yaml"}
    assert not pilot.exists()


@pytest.mark.parametrize(
    "what", ["a file", "a file in its run", "a link", "a live worker", "its command", "another name", "no mark"]
)
def test_a_pilot_of_which_something_is_not_known_or_alive_stays(pilot: Path, tmp_path: Path, what: str) -> None:
    match what:
        case "a file":
            (pilot / "thesis.docx").write_text("x")
        case "a file in its run":
            (pilot / "run" / "thesis.docx").write_text("x")
        case "a link":
            shutil.move(pilot / "run" / "parts", tmp_path / "parts")
            (pilot / "run" / "parts").symlink_to(tmp_path / "parts")
        case "a live worker":
            writer = HeartbeatWriter(
                RunDirectory(root=pilot / "run"), worker="live", every_s=60, device="cpu", cpus=1, gpus=0
            )
            writer.report(Progress)
            writer.write()
        case "its command":
            named = f".pilot-{socket.gethostname()}-{os.getpid()}-{process_start(os.getpid())}"
            pilot = pilot.rename(pilot.with_name(named))
        case "another name":
            pilot = pilot.rename(pilot.with_name(".pilot-mine"))
        case "no mark":
            (pilot / "run" / ".glane-run").unlink()
    if what != "a live worker":
        aged(pilot, 100)
    before = content(pilot)
    assert clean(pilots_of(pilot, remove=True), say=lambda _: None) == []
    assert content(pilot) == before


def test_what_glane_makes_in_a_run_is_known(run: Path, finished: Path) -> None:
    for path in (run, finished):
        assert list(unknown_in(RunDirectory(root=path))) == []


def test_what_somebody_keeps_under_a_name_as_glanes_stays(finished: Path) -> None:
    """A note of a user's among heartbeats; and what comes into a folder while it is removed."""
    note = finished / "ledger" / "workers" / "notes.json"
    note.write_text('{"what": "my own"}')
    aged(finished, 100)
    clean(settings_of(finished, keep=EVERYTHING, remove=True), say=lambda _: None)
    assert note.exists()
    note.unlink()
    (one,) = [
        one for one in leftovers(RunDirectory(root=finished), ages=dict.fromkeys(KINDS, 1.0), now=time.time() + 1e7)
        if one.path.name == "workers"
    ]  # fmt: skip
    real, calls = type(one).files.fget, 0  # type: ignore[attr-defined]

    def later(self: Leftover) -> list[Path]:
        nonlocal calls
        calls += 1
        (self.path / "mine.txt").write_text("x")
        return list(real(self))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("glane.run.leftovers._is_removable", lambda *_, **__: True)
        patched.setattr(type(one), "files", property(later))
        remove_leftover(one, days=1.0)
    assert calls
    assert [path.name for path in one.path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(("answers", "kept"), [(False, True), (True, False)])
def test_a_queue_that_does_not_answer_does_not_give_the_only_copy_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: bool, kept: bool
) -> None:
    """A job that was put back waits for days; squeue is down, or is not on this machine."""
    run = tmp_path / "begun"
    work(make_settings(write_documents(tmp_path / "d.parquet", ["a"] * 40), run))
    record_submission(RunDirectory(root=run), SubmissionEntry(time=1.0, jobs=("812",), log="/none/812_0_log.out"))
    aged(run, 40)
    monkeypatch.setattr(cleaning, "find_jobs", lambda names: [Job(name=name, state="UNKNOWN") for name in names])
    monkeypatch.setattr(cleaning, "all_answer", lambda: answers)
    said: list[str] = []
    gone = clean(settings_of(run, keep={"unpublished": "1d"}, remove=True), say=said.append)
    assert (run / "parts").exists() == kept
    assert (gone == []) == kept
    assert not kept or "the queue does not answer, and job 812 may wait in it" in said[0]


def test_a_finished_run_needs_no_answer_of_the_queue(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(finished / "parts")
    record_submission(RunDirectory(root=finished), SubmissionEntry(time=1.0, jobs=("812",), log="/none/812_0_log.out"))
    aged(finished, 40)
    monkeypatch.setattr(cleaning, "find_jobs", lambda names: [Job(name=name, state="UNKNOWN") for name in names])
    monkeypatch.setattr(cleaning, "all_answer", lambda: False)
    assert finished / "extract.log" in clean(settings_of(finished, keep=EVERYTHING, remove=True), say=lambda _: None)
