"""Many runs at once: who needs somebody, jobs of arrays together, one question to the scheduler, 500 runs in seconds."""

from __future__ import annotations

import io
import json
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from conftest import extract_here, job_here, make_settings, work, write_documents
from glane.cluster.job_groups import job_groups
from glane.cluster.paced import PacedJobs
from glane.cluster.scheduler import Job
from glane.cluster.slurm import queue
from glane.errors import RecordError, RunError
from glane.ingestion.summary import WORK
from glane.job import status
from glane.job.status_table import RunState, attention, by_attention, runs_view
from glane.job.status_view import run_view
from glane.run.description import read_description
from glane.run.directory import RunDirectory
from glane.run.head import read_head
from glane.run.overview import Overview, overview
from glane.run.starts import SubmissionEntry, record_submission

FIELDS = ("work", "created", "task", "model", "toy", "fingerprint_digest", "lease_s")


def jobs_of(array: str, **counts: int) -> list[Job]:
    """Jobs of an array: so many of each state, in this order."""
    states = [state for state, count in counts.items() for _ in range(count)]
    over = {"COMPLETED", "FAILED"}
    return [Job(name=f"{array}_{at}", state=state, is_over=state in over) for at, state in enumerate(states)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete run and one that was stopped, in a folder with something that is no run."""
    folder = tmp_path_factory.mktemp("scratch")
    (folder / "notes").mkdir()
    data = write_documents(tmp_path_factory.mktemp("data") / "d.parquet", [f"note {at}" for at in range(40)])
    extract_here(make_settings(data, folder / "whole"))
    run, _ = work(make_settings(data, folder / "part"))
    run.directory.part(1).unlink()
    return folder


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The questions to the scheduler, which knows of jobs that run."""
    questions: list[list[str]] = []

    def find(names: Any) -> list[Job]:
        questions.append(list(names))
        return [
            Job(name=name, state="RUNNING" if name.endswith("0") else "PENDING", reason="Priority") for name in names
        ]

    monkeypatch.setattr(status, "find_jobs", find)
    return questions


@pytest.mark.parametrize(
    ("jobs", "told"),
    [
        (jobs_of("812", COMPLETED=4, RUNNING=4, PENDING=12), "job 812: 4 running (4-7), 12 waiting (8-19), 4 done (0-3)"),
        (jobs_of("9", RUNNING=1, PENDING=1, RUNNING_=0), "job 9: 1 running (0), 1 waiting (1)"),
        (jobs_of("9", FAILED=2, COMPLETED=1), "job 9: 1 done (2), 2 FAILED (0-1)"),
        ([Job(name="12", state="RUNNING")], "job 12: running"),
        ([Job(name="7_3", state="PENDING"), Job(name="7_1", state="PENDING")], "job 7: 2 waiting (1, 3)"),
        ([Job(name="a_b", state="UNKNOWN")], "job a_b: UNKNOWN"),
    ],
)  # fmt: skip
def test_jobs_of_an_array_are_one_line(jobs: list[Job], told: str) -> None:
    (group,) = job_groups(jobs)
    assert group.text == told


def test_arrays_stay_apart() -> None:
    jobs = [*jobs_of("1", RUNNING=2), Job(name="2", state="PENDING"), *jobs_of("3", PENDING=2)]
    assert [group.name for group in job_groups(jobs)] == ["1", "2", "3"]
    assert sum(len(group.jobs) for group in job_groups(jobs)) == len(jobs)


def test_an_array_is_asked_for_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[tuple[str, ...]] = []

    def run(*command: str) -> tuple[int, str, str]:
        commands.append(command)
        lines = [f"812_{at}|RUNNING|None|N/A|0:10|1:00:00|n1" for at in range(3)]
        return (0, "\n".join(lines), "") if command[0] == "squeue" else (0, "", "")

    monkeypatch.setattr(queue, "run", run)
    found = queue.jobs(["812_0", "812_2", "813"])
    assert [job.state for job in found] == ["RUNNING", "RUNNING", "UNKNOWN"]
    assert [word for command in commands for word in command if word.startswith("--jobs")] == ["--jobs=812,813"] * 2


def test_the_head_of_a_description_is_what_the_whole_says(made: Path, tmp_path: Path) -> None:
    directory = RunDirectory(root=made / "whole")
    whole = read_description(directory)
    assert {name: getattr(read_head(directory), name) for name in FIELDS} == {
        name: getattr(whole, name) for name in FIELDS
    }
    assert read_head(directory).run == whole.settings["run"]
    values = yaml.safe_load(directory.description.read_text())
    # Texts over several lines that look like keys, in the parts that are passed over.
    values["task_notes"] = ["model: wrong\ntask: wrong\n\nwork: wrong", "lease_s: 1"]
    values["settings"]["task"]["instructions"] = "run:\n  dir: wrong\nlease_s: 7\n" * 3
    other = RunDirectory(root=tmp_path)
    for style in (None, "|", '"'):
        other.description.write_text(yaml.safe_dump(values, sort_keys=False, default_style=style, allow_unicode=True))
        if style is None:  # as glane writes it
            assert read_head(other) == read_head(directory)
    for damaged in ("{", "kind: glane run\nversion: 2\nwork: extraction\n", "x: 1\n"):
        other.description.write_text(damaged)
        with pytest.raises((RunError, RecordError)):
            read_head(other)


def seen(state: str = "working", **changes: Any) -> Overview:
    values: dict[str, Any] = {
        "planned": 10, "done": 5, "shards_planned": 2, "shards_done": 1, "shards_in_flight": 1, "stale_claims": 0,
        "statuses": {}, "rejected": 0, "rows_per_s": 1.0, "tokens_per_s": 1.0, "eta_s": 5, "engine_deaths": 0,
    }  # fmt: skip
    return Overview(state=state, **values | changes)


def test_runs_that_need_somebody_come_first() -> None:
    waiting, running = Job(name="1", state="PENDING", reason="Priority"), Job(name="2", state="RUNNING")
    failed = Job(name="3", state="FAILED", exit_code="1:0", is_over=True)
    states = [
        RunState(path="complete", run=seen("complete", work="words")),
        RunState(path="waits", run=seen("waiting"), jobs=(waiting,)),
        RunState(path="starts", run=seen("planning"), jobs=(running,)),
        RunState(path="deaths", run=seen("waiting", engine_deaths=2), jobs=(running,)),
        RunState(path="stopped", run=seen("waiting", errors=["2026 error: the disk is full"]), jobs=(failed,)),
        RunState(path="alone", run=seen("waiting")),
        RunState(path="damaged", run=None, error="damaged/run.yaml: damaged"),
    ]
    shown = [state.path for state in by_attention(states)]
    assert shown == ["alone", "damaged", "stopped", "deaths", "starts", "waits", "complete"]
    notes = {state.path: attention(state).note for state in states}
    assert notes["stopped"] == "nothing works on it: job 3 FAILED (exit 1:0); error: the disk is full"
    assert notes["deaths"] == "2 engine(s) died"
    assert notes["waits"] == "PENDING (Priority)"
    assert notes["complete"] == ""


def test_runs_are_told_a_line_each(made: Path, asked: list[list[str]]) -> None:
    told = job_here(f"runs={made}/*", name="status").stdout.splitlines()
    assert [line.split()[0].rpartition("/")[2] for line in told[1:-1]] == ["part", "whole"]
    assert "! waiting" in told[1]
    assert "24/40" in told[1]
    assert "nothing works on it" in told[1]
    assert told[-1] == "2 runs: 1 need attention, 1 complete"
    assert asked == []  # no job was ever submitted
    values = json.loads(job_here(f"runs={made}/*", "json=true", name="status").stdout)
    assert [one["state"] for one in values] == ["waiting", "complete"]
    assert values[0]["attention"].startswith("nothing works on it")
    assert values[1]["attention"] is None
    assert "no run is called" in job_here(f"runs={made}/none*", name="status", check=2).stderr
    whole = job_here(f"run.dir={made}/whole", name="status").stdout
    assert "shards     3 of 3 done" in whole


def test_500_runs_are_read_in_seconds_with_one_question(made: Path, tmp_path: Path, asked: list[list[str]]) -> None:
    for number in range(500):
        path = tmp_path / "scratch" / f"run{number:03}"
        shutil.copytree(made / ("part" if number % 5 == 0 else "whole"), path, symlinks=True)
        if number % 5 == 0:
            jobs = tuple(f"{1000 + number}_{at}" for at in range(20))
            record_submission(RunDirectory(root=path), SubmissionEntry(time=1.0, jobs=jobs, log="x"))
    began = time.process_time()
    told = job_here(f"runs={tmp_path}/scratch/*", name="status").stdout.splitlines()
    assert time.process_time() - began < 12  # 4 s
    assert told[-1] == "500 runs: 100 waiting, 400 complete"
    assert "1000: 2 running (0, 10), 18 waiting (1-9, 11-19)" in told[1]
    assert len(asked) == 1
    assert len(asked[0]) == 2000


def test_a_run_that_cannot_be_read_is_a_line_of_its_own(made: Path, tmp_path: Path, asked: list[list[str]]) -> None:
    shutil.copytree(made / "whole", tmp_path / "s" / "good")
    shutil.copytree(made / "whole", tmp_path / "s" / "bad")
    (tmp_path / "s" / "bad" / "run.yaml").write_text("{")
    (first, second) = json.loads(job_here(f"runs={tmp_path}/s/*", "json=true", name="status").stdout)
    assert (first["state"], second["state"]) == ("unreadable", "complete")
    assert "bad/run.yaml: no record of glane" in first["attention"]
    assert asked == []


def test_what_is_said_of_one_run_is_the_same_as_before(made: Path) -> None:
    run = overview(made / "part")
    assert (run.task, run.model, run.work) == ("small", "scripted", "extraction")
    assert (run.state, run.done, run.planned) == ("waiting", 24, 40)


def test_of_many_runs_the_scheduler_is_asked_every_30_seconds_however_much_changes() -> None:
    now, asked = [0.0], []

    def ask(names: Any) -> list[Job]:
        asked.append(now[0])
        return [Job(name=name, state="RUNNING" if now[0] % 2 else "PENDING") for name in names]

    paced = PacedJobs(ask, clock=lambda: now[0], are_many=True)
    for second in range(301):
        now[0] = float(second)
        paced([str(second // 7), "always"])
    assert asked == [30.0 * at for at in range(11)]


@pytest.mark.parametrize("state", ["planning", "working", "waiting", "complete", "damaged"])
@pytest.mark.parametrize("work", ["words", WORK])
def test_what_is_left_of_a_run_reads_as_a_sentence_in_both_languages(
    state: Any, work: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = seen(state, run="runs/complete done", task="done", model="model", work="words", eta_s=None, errors=["t x"])
    run = replace(run, work=work) if state != "complete" else run
    for language, unknown, left in (("en", "ETA unknown", "ETA"), ("fr", "temps restant inconnu", "temps restant")):
        monkeypatch.setenv("GLANE_LANG", language)
        [line] = [one for one in shown(run_view(run, [], None)) if one.startswith(("speed", "vitesse"))]
        assert (left in line) == (state != "complete")
        assert (unknown in line) == (state != "complete")
        assert "done" not in line
        assert "fait" not in line
        title = shown(run_view(run, [], None))[0]
        assert title.startswith(
            "runs/complete done (done, model)" if work == "words" or state == "complete" else "runs/"
        )
        [row] = [one for one in shown(runs_view([RunState(path="runs/complete done", run=run)])) if "runs/" in one]
        assert ("inconnu" in row or "unknown" in row) == (state != "complete")


def test_lines_of_the_log_and_what_is_unusable_are_french_with_the_names_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GLANE_LANG", "fr")
    run = seen(
        "complete", run="runs/model", task="state", model="yes", work="words", done=1,
        errors=["2026-01-02T03:04:05Z error: the disk is full"],
        extends={"path": "runs/done", "reused": ["rows"], "asked": []},
    )  # fmt: skip
    lines = shown(run_view(run, [], "nothing is usable, none of 1 rows: INVALID 1"))
    assert lines[0] == "runs/model (state, yes)\u00a0: complète"
    assert "prolonge   runs/done\u00a0: 1 champ gardé, demandés\u00a0: aucun champ" in lines
    assert any(one.startswith("INUTILISABLE rien n'est utilisable") for one in lines)
    assert lines[-1] == "2026-01-02T03:04:05Z erreur\u00a0: le disque est plein"


def shown(view: Any) -> list[str]:
    """The lines of a view on a wide terminal."""
    console = Console(width=300, file=io.StringIO())
    console.print(view)
    return [line.rstrip() for line in console.file.getvalue().splitlines() if line.strip()]
