"""Sentinels: frozen, asked beside each run by its own workers, killed and resumed, and what is told of drift."""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import random
import signal
import stat
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import binomtest
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

import glane
from conftest import SMALL_TASK, extract_here, job, job_here, make_settings, prepare_run, spec, write_documents
from fork_server import forks
from glane.assess.compare.alarm_budget import enough_known
from glane.assess.compare.candidates import Candidate
from glane.assess.compare.drift import drift_line, measure_drift
from glane.assess.compare.known_positives import Answers, draw_positives, known_positives, positives_of
from glane.drift import AlarmBudget, DriftBrief
from glane.engine import samples
from glane.errors import ConfigError, RunError
from glane.extraction import prepare
from glane.extraction.fingerprint import changes
from glane.extraction.frozen import freeze, read_frozen
from glane.extraction.places import drift_file
from glane.job.part import Part
from glane.job.resolve import absolute, resolve
from glane.job.sentinels import Sentinels, sentinels_of
from glane.job.submit import check_submission
from glane.run.heartbeat import Heartbeat, heartbeats, read_heartbeat
from glane.run.overview import overview
from glane.run.progress import ProgressReporter
from glane.run.publish import finish_run
from glane.run.worker import WorkerSpec, run_worker
from glane.settings import ExtractSettings
from glane.task.fields import fields_from
from glane.task.task import load_task

_SPEC = importlib.util.spec_from_file_location(
    "_sentinels_simulated", Path(__file__).parent / "simulations/sentinels.py"
)
assert _SPEC is not None
assert _SPEC.loader is not None
simulated = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = simulated
_SPEC.loader.exec_module(simulated)

FORK = forks()


def frozen_folder(tmp_path: Path, documents: Path, *, rows: int = 20, task: dict[str, Any] = SMALL_TASK) -> Path:
    """A run of the documents, and some of it frozen."""
    extract_here(make_settings(documents, tmp_path / "former", task=task))
    folder = tmp_path / "frozen"
    run = glane.open_run(tmp_path / "former")
    ids = run.usable().select("id").collect().to_series().sample(rows, seed=1)
    freeze(run, load_task(task), ids, folder=folder, sample={"rows": rows}, tolerance=0.02)
    return folder


def attached(documents: Path, run: Path, folder: Path | None, **changed: Any) -> ExtractSettings:
    """Settings of a run with sentinels."""
    task = {**SMALL_TASK, **changed.pop("task", {}), "sentinels": None if folder is None else str(folder)}
    return make_settings(documents, run, task=task, **changed)


def with_sentinels(worker: WorkerSpec, sentinels: Sentinels) -> WorkerSpec:
    """A worker that asks the sentinels, too."""
    return replace(worker, work=replace(worker.work, sentinels=sentinels.spec))


def whole_run(settings: ExtractSettings, worker: str = "w0") -> dict[str, Any]:
    """What the extraction job does, without Ray. The summary."""
    settings, task = resolve(settings)
    run = prepare_run(settings, task)
    sentinels = sentinels_of(settings, task, run)
    assert sentinels is not None
    report = run_worker(with_sentinels(spec(settings, run, worker), sentinels))
    assert report.outcome == "done", report.message
    assert sentinels.is_done
    with ProgressReporter(run.directory, run.plan, style="none") as progress:
        Part(settings=settings, task=task, run=run, sentinels=sentinels, place="").finish(None, progress)
    return json.loads(run.directory.summary.read_text())


def rows_of(run: Path) -> pl.DataFrame:
    return glane.open_run(run).all().collect()


# Freezing


def test_of_two_sets_frozen_at_once_one_is_left_and_the_other_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one finds the folder only when it renames its own."""
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(20)])
    extract_here(make_settings(data, tmp_path / "run"))
    rename = os.rename

    def late(source: Path, target: Path) -> None:
        monkeypatch.setattr("os.rename", rename)
        glane.freeze_sentinels(tmp_path / "run", str(tmp_path / "frozen"), rows=10)
        rename(source, target)

    monkeypatch.setattr("os.rename", late)
    with pytest.raises(RunError, match="holds a frozen set, which is never overwritten"):
        glane.freeze_sentinels(tmp_path / "run", str(tmp_path / "frozen"), rows=12)
    assert read_frozen(tmp_path / "frozen").manifest.documents == 10
    assert not list(tmp_path.glob(".frozen.*"))


def test_a_frozen_set_holds_the_documents_their_answers_and_how_they_were_answered(tmp_path: Path) -> None:
    task = {**SMALL_TASK, "inputs": ["text", "ward"]}
    data = write_documents(
        tmp_path / "d.parquet", [f"note {i}" for i in range(60)], ward=["A", "B"] * 30, other=[1] * 60
    )
    extract_here(make_settings(data, tmp_path / "run", task=task))
    done = job_here(
        f"run.dir={tmp_path}/run",
        f"out.dir={tmp_path}/frozen",
        "rows=12",
        "positives=0",
        "by=ward",
        "seed=3",
        name="sentinels",
    )
    assert "12 documents" in done.stdout
    assert "task.sentinels=" in done.stdout
    frozen = read_frozen(tmp_path / "frozen")
    documents = pl.read_parquet(frozen.documents)
    assert documents.columns == ["id", "text", "ward"]
    assert documents["ward"].value_counts().sort("ward")["count"].to_list() == [6, 6]
    expected = pl.read_parquet(data).select("id", "text", "ward").join(documents, on="id", how="semi")
    assert documents.equals(expected)
    answers = rows_of(tmp_path / "run").join(documents, on="id", how="semi").with_columns(pl.col("sex").cast(pl.String))
    assert frozen.reference.with_columns(pl.col("sex").cast(pl.String)).drop("status").equals(answers.drop("status"))
    described = glane.open_run(tmp_path / "run").description()
    assert frozen.manifest.fingerprint == {part: described.fingerprint[part] for part in ("task", "model", "engine")}
    assert frozen.manifest.fields == load_task(task).fields
    assert (frozen.manifest.source, frozen.manifest.model) == ("model", "scripted")
    assert stat.S_IMODE((tmp_path / "frozen").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "frozen").iterdir()} == {0o600}
    assert "note" not in json.loads((tmp_path / "frozen" / "sentinels.json").read_text()).values()
    job_here(
        f"run.dir={tmp_path}/run",
        f"out.dir={tmp_path}/again",
        "rows=12",
        "positives=0",
        "by=ward",
        "seed=3",
        name="sentinels",
    )
    assert pl.read_parquet(tmp_path / "again" / "documents.parquet").equals(documents)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "d.parquet", "frozen", "run"]


def test_half_of_the_documents_are_known_positives_of_each_kind(tmp_path: Path) -> None:
    size = 600
    said = pl.DataFrame({
        "id": [f"d{place:03}" for place in range(size)],
        "status": ["OK"] * size,
        "fever": [place % 60 == 0 for place in range(size)],
        "sign": ["c" if place % 100 == 1 else "b" if place % 50 == 2 else "a" for place in range(size)],
        "age": [1] * size, "place": ["p" if place % 75 == 3 else None for place in range(size)],
        "signs": [["x"] if place % 30 == 4 else [] for place in range(size)],
        "stay": [{"ward": place % 40 == 5} for place in range(size)],
    })  # fmt: skip
    kinds = positives_of(ASKED)
    assert [(kind.field, kind.what) for kind in kinds] == [
        ("fever", "true"), ("sign", "a"), ("sign", "b"), ("sign", "c"), ("age", "a value"), ("place", "a value"),
        ("signs", "any item"), ("stay.ward", "true"),
    ]  # fmt: skip
    for seed in range(5):
        drawn = draw_positives([Answers(ASKED, said.lazy())], id_column="id", num_rows=48, seed=seed)
        again = draw_positives(
            [Answers(ASKED, said.sample(fraction=1, shuffle=True, seed=seed).lazy())],
            id_column="id",
            num_rows=48,
            seed=seed,
        )
        assert drawn.to_list() == again.to_list()
        assert drawn.n_unique() == 48
        sample = Answers(ASKED, said.filter(pl.col("id").is_in(drawn.implode())).lazy())
        counts = known_positives(sample, None, drawn.to_frame(), id_column="id")
        # Six of a kind of which there are six, eight of others. Every document has an age.
        assert {kind.what: int(had.sum()) for kind, had in counts.items() if kind.field == "sign"}["c"] == 6
        assert min(int(had.sum()) for had in counts.values()) == 6
        assert max(int(had.sum()) for kind, had in counts.items() if kind.what not in ("a", "a value")) <= 10
    # By right answers where they have the field, by the model's for the others.
    right = said.select("id", fever=pl.col("id") == "d007", signs=pl.lit(None))
    gold = Answers({name: ASKED[name] for name in ("fever", "signs")}, right.lazy())
    drawn = draw_positives([gold, Answers(ASKED, said.lazy())], id_column="id", num_rows=30, seed=1)
    assert "d007" in drawn
    assert not set(drawn) & set(said.filter(pl.col("fever"))["id"])
    assert draw_positives([Answers(ASKED, said.lazy())], id_column="id", num_rows=0, seed=1).is_empty()
    few = Answers({"fever": ASKED["fever"]}, said.lazy())
    assert (
        sorted(draw_positives([few], id_column="id", num_rows=48, seed=1))
        == said.filter(pl.col("fever"))["id"].to_list()
    )


def test_freezing_takes_known_positives_and_says_how_many_there_are(tmp_path: Path, documents: Path) -> None:
    extract_here(make_settings(documents, tmp_path / "former"))
    rows = rows_of(tmp_path / "former")
    done = job_here(f"run.dir={tmp_path}/former", f"out.dir={tmp_path}/f", "rows=24", "positives=0.5", name="sentinels")
    frozen = read_frozen(tmp_path / "f")
    assert frozen.reference.height == 24
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("positives")]
    assert f"fever (true) {frozen.reference['fever'].sum()}" in line
    assert "fewer than 14 known" in line
    right = rows.select("id", fever=pl.int_range(pl.len()) % 12 == 0)
    right.write_parquet(tmp_path / "gold.parquet")
    given = glane.freeze_sentinels(
        tmp_path / "former", str(tmp_path / "g"), rows=100, gold=tmp_path / "gold.parquet", positives=0.8
    )
    assert given.gold is not None
    assert given.gold["fever"].sum() == right["fever"].sum()  # all ten, which chance alone would not draw
    assert "positives" in job_here("run.dir=x", "out.dir=y", "positives=1.5", name="sentinels", check=2).stderr


def test_freezing_refuses_what_it_cannot_do_and_never_overwrites(tmp_path: Path, documents: Path) -> None:
    folder = frozen_folder(tmp_path, documents)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    run = f"run.dir={tmp_path}/former"
    refused = job_here(run, f"out.dir={folder}", "rows=50", name="sentinels", check=2).stderr
    assert "a frozen set, which is never overwritten" in refused
    assert "Choose a new folder" in refused
    assert before == {path: path.read_bytes() for path in folder.iterdir()}
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.docx").touch()
    assert "other things" in job_here(run, f"out.dir={tmp_path}/other", "rows=50", name="sentinels", check=2).stderr
    assert (
        "121 asked, and the run has 120"
        in job_here(run, f"out.dir={tmp_path}/n", "rows=121", name="sentinels", check=2).stderr
    )
    assert "rows" in job_here(run, f"out.dir={tmp_path}/n", "rows=3", name="sentinels", check=2).stderr
    documents.rename(tmp_path / "moved.parquet")
    assert "Put it back" in job_here(run, f"out.dir={tmp_path}/n", "rows=50", name="sentinels", check=2).stderr
    write_documents(documents, [f"other {i}" for i in range(120)])
    assert "has changed since" in job_here(run, f"out.dir={tmp_path}/n", "rows=50", name="sentinels", check=2).stderr
    assert not (tmp_path / "n").exists()
    assert not list(tmp_path.glob(".*"))


def test_rows_are_found_by_the_plan_where_an_id_occurs_twice_in_the_input(tmp_path: Path) -> None:
    first = pl.DataFrame({"id": [f"d{i}" for i in range(40)], "text": [f"old {i}" for i in range(40)], "last": False})
    second = first.with_columns(pl.col("text").str.replace("old", "new"), pl.lit(True).alias("last"))
    pl.concat([first, second]).sample(fraction=1, shuffle=True, seed=2).write_parquet(
        tmp_path / "d.parquet", row_group_size=30
    )
    extract_here(make_settings(tmp_path / "d.parquet", tmp_path / "run", data__where="last"))
    run = glane.open_run(tmp_path / "run")
    ids = run.usable().select("id").collect().to_series().head(15)
    frozen = freeze(run, load_task(SMALL_TASK), ids, folder=tmp_path / "frozen", sample={}, tolerance=0)
    found = pl.read_parquet(frozen.documents)
    assert set(found["id"]) == set(ids)
    assert all(row["text"] == f"new {row['id'][1:]}" for row in found.iter_rows(named=True))


def test_freezing_that_is_killed_leaves_no_half_set(
    tmp_path: Path, documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extract_here(make_settings(documents, tmp_path / "former"))
    run = glane.open_run(tmp_path / "former")
    ids = run.usable().select("id").collect().to_series().head(12)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(RunError, match="The disk is full"):
        freeze(run, load_task(SMALL_TASK), ids, folder=tmp_path / "frozen", sample={}, tolerance=0)
    assert not (tmp_path / "frozen").exists()


# Runs with sentinels


def test_when_nothing_changed_every_answer_is_the_same(tmp_path: Path, documents: Path) -> None:
    folder = frozen_folder(tmp_path, documents)
    summary = whole_run(attached(documents, tmp_path / "run", folder, model__max_num_seqs=3))
    assert summary["sentinels"] == {"documents": 20, "equal": 20, "not_usable": 0, "drift": [], "changed": []}
    assert json.loads((tmp_path / "run" / "summary.json").read_text()) == summary
    drift = glane.open_run(tmp_path / "run").drift()
    assert drift["field"].to_list() == [*SMALL_TASK["fields"], "cases.place", "cases.when"]
    assert set(drift["verdict"]) == {"same"}
    assert set(drift["equal_share"]) == {1.0}
    assert "sentinels 20 documents, 20 same; no drift" in (tmp_path / "run" / "extract.log").read_text()
    # The run itself is what it would be without them.
    assert rows_of(tmp_path / "run").equals(rows_of(tmp_path / "former"))
    former, now = (glane.open_run(tmp_path / name).description() for name in ("former", "run"))
    assert former.fingerprint == now.fingerprint
    assert summary["flow"] == json.loads((tmp_path / "former" / "summary.json").read_text())["flow"]
    seen = overview(tmp_path / "run")
    assert (seen.state, seen.planned, seen.done) == ("complete", 120, 120)
    assert glane.open_run(tmp_path / "run" / "sentinels").all().collect().height == 20
    assert not (tmp_path / "run" / "sentinels" / "parts").exists()


def test_a_field_that_drifts_is_named_with_what_changed(
    tmp_path: Path, documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = frozen_folder(tmp_path, documents)
    real = samples._value

    def feverish(schema: Any, rng: random.Random, given: Any) -> Any:
        value = real(schema, rng, given)  # the same draws as before: nothing else changes
        return True if schema.get("type") == "boolean" else value

    monkeypatch.setattr(samples, "_value", feverish)
    monkeypatch.setattr(prepare, "model_digests", lambda *_: {"weights": "other"})
    summary = whole_run(attached(documents, tmp_path / "run", folder))
    assert summary["sentinels"]["drift"] == ["fever"]
    assert summary["sentinels"]["changed"] == ["model weights"]
    then = pl.read_parquet(folder / "reference.parquet")["fever"]
    drift = glane.open_run(tmp_path / "run").drift()
    (fever,) = drift.filter(pl.col("field") == "fever").to_dicts()
    assert (fever["what"], fever["verdict"]) == ("share of true", "drift")
    assert fever["then"] == pytest.approx(then.fill_null(False).mean())
    assert fever["now"] == pytest.approx(then.is_not_null().mean())
    assert fever["equal"] == 20 - (then == False).sum()  # noqa: E712
    assert set(drift.filter(pl.col("field") != "fever")["verdict"]) == {"same"}
    line = f"drift: fever {fever['then']:.2f} -> {fever['now']:.2f} (model weights changed)"
    (warning,) = [line for line in (tmp_path / "run" / "extract.log").read_text().splitlines() if "warning" in line]
    assert line in warning
    assert overview(tmp_path / "run").errors == [warning]  # `jobs/status.py` shows it
    found = json.loads((tmp_path / "run" / "sentinels" / "drift.json").read_text())
    assert found["changed"] == {"model weights": ['model.digests.weights: "scripted" -> "other"']}
    differing = then.to_frame().with_row_index().filter(pl.col("fever") == False)["index"]  # noqa: E712
    ids = pl.read_parquet(folder / "reference.parquet")["id"].gather(differing)
    assert {entry["id"] for entry in found["documents_that_differ"]} == set(ids)


def test_another_prompt_is_named_and_can_be_compared(tmp_path: Path, documents: Path) -> None:
    folder = frozen_folder(tmp_path, documents)
    summary = whole_run(attached(documents, tmp_path / "run", folder, task={"instructions": "Autrement."}))
    assert summary["sentinels"]["changed"] == ["prompt"]
    assert "fever" in summary["sentinels"]["drift"]


def test_each_kind_of_change_has_its_name() -> None:
    before: dict[str, Any] = {
        "task": {"name": "t", "version": "1", "prompt": "a", "schema": "a", "merge": "a", "passes": {"samples": 1}},
        "model": {"name": "m", "digests": {"weights": "a", "tokenizer": "a"}, "sampling": {"seed": 0}, "dtype": "auto"},
        "engine": "vllm 1",
        "inputs": [{"digest": "a"}],
        "data": {"limit": None},
    }
    changed = {
        "model weights": ("model", "digests", "weights"), "tokenizer": ("model", "digests", "tokenizer"),
        "sampling": ("model", "sampling", "seed"), "model settings": ("model", "dtype"), "model name": ("model", "name"),
        "prompt": ("task", "prompt"), "answer schema": ("task", "schema"), "fields": ("task", "merge"),
        "reading": ("task", "passes", "samples"), "task version": ("task", "version"), "task name": ("task", "name"),
        "engine version": ("engine",),
    }  # fmt: skip
    for kind, path in changed.items():
        now = json.loads(json.dumps(before))
        here = now
        for part in path[:-1]:
            here = here[part]
        here[path[-1]] = "other"
        found = changes(before, now)
        assert list(found) == [kind]
        assert found[kind][0].startswith(".".join(path))
    assert changes(before, {**before, "inputs": [], "data": {}}) == {}


def test_sentinels_are_attached_to_a_run_that_is_there_and_it_stays_the_same_run(
    tmp_path: Path, documents: Path
) -> None:
    folder = frozen_folder(tmp_path, documents)
    former = make_settings(documents, tmp_path / "former")
    records = {path: path.stat().st_mtime_ns for path in (tmp_path / "former" / "records").iterdir()}
    key = prepare_run(former, load_task(former.task)).key
    with pytest.raises(RunError, match="task.sentinels=FOLDER"):
        glane.open_run(tmp_path / "former").drift()
    settings = attached(documents, tmp_path / "former", folder)
    assert prepare_run(settings, load_task(settings.task)).key == key
    summary = whole_run(settings)
    assert summary["sentinels"]["equal"] == 20
    assert summary["flow"]["selected"] == 120
    assert json.loads((tmp_path / "former" / "summary.json").read_text()) == summary
    assert records == {path: path.stat().st_mtime_ns for path in (tmp_path / "former" / "records").iterdir()}
    assert glane.open_run(tmp_path / "former").drift().height == 10
    again = prepare_run(former, load_task(former.task))  # and without them it is still the same run
    assert (again.key, again.is_new) == (key, False)


def test_a_run_keeps_the_sentinels_that_it_was_begun_with(tmp_path: Path, documents: Path) -> None:
    folder = frozen_folder(tmp_path, documents)
    whole_run(attached(documents, tmp_path / "run", folder))
    run = glane.open_run(tmp_path / "former")
    ids = run.usable().select("id").collect().to_series().head(15)
    freeze(run, load_task(SMALL_TASK), ids, folder=tmp_path / "others", sample={}, tolerance=0.02)
    with pytest.raises(ConfigError, match=r"begun with other sentinels \(.*frozen\)") as raised:
        whole_run(attached(documents, tmp_path / "run", tmp_path / "others"))
    assert f"Give task.sentinels={folder}" in str(raised.value)


def test_what_cannot_be_used_is_refused_before_anything_is_started(tmp_path: Path, documents: Path) -> None:
    def refused(folder: Path, **task: Any) -> str:
        with pytest.raises(ConfigError) as raised:
            resolve(attached(documents, tmp_path / "run", folder, task=task))
        assert "task.sentinels" in str(raised.value)
        assert not (tmp_path / "run").exists()
        return str(raised.value)

    assert "holds no sentinels" in refused(tmp_path / "nowhere")
    assert "task.sentinels=null" in refused(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="holds no sentinels"):  # before a job is submitted, too
        check_submission(attached(documents, tmp_path / "run", tmp_path / "nowhere"))
    folder = frozen_folder(tmp_path, documents)
    other = {"weight": {"type": "number"}, "age": {"type": "string"}}
    told = refused(folder, fields=other, name="other")
    assert "frozen of another task" in told
    assert "this task asks weight, age" in told
    assert "no column 'place'" in refused(folder, inputs=["text", "place"])
    for name in ("documents.parquet", "reference.parquet"):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[:-1] + b"x")
        assert f"{name} is missing, damaged or was changed" in refused(folder)
        (folder / name).unlink()
        assert f"{name} is missing, damaged or was changed" in refused(folder)
        (folder / name).write_bytes(content)
    whole = json.loads((folder / "sentinels.json").read_bytes())
    for content, words in (
        (b"{}", "no record of glane"),
        (b"[1]", "no record of glane"),
        (b"{", "damaged; it is not JSON"),
        (b"\xff", "damaged; it is not JSON"),
        (json.dumps({**whole, "version": 2}).encode(), "'glane sentinels' in version 2; this glane reads version 1"),
        (json.dumps({**whole, "kind": "glane run"}).encode(), "holds 'glane run', and 'glane sentinels' is expected"),
        (json.dumps({**whole, "tolerance": "x"}).encode(), "damaged. tolerance"),
    ):
        (folder / "sentinels.json").write_bytes(content)
        assert f"sentinels.json: {words}" in refused(folder)


@pytest.mark.slow
def test_the_job_refuses_a_missing_folder_before_ray_is_started(tmp_path: Path, documents: Path) -> None:
    began = time.monotonic()
    done = job("model=scripted", f"data.path={documents}", f"run.dir={tmp_path}/run", "task.sentinels=nowhere", check=2)
    assert "task.sentinels: nowhere holds no sentinels" in done.stderr
    assert not (tmp_path / "run").exists()
    assert time.monotonic() - began < 30


def test_nodes_get_an_absolute_path(documents: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute(attached(documents, tmp_path / "run", Path("frozen"))).task["sentinels"] == str(tmp_path / "frozen")
    assert absolute(attached(documents, tmp_path / "run", None)).task["sentinels"] is None


def test_no_text_leaves_the_frozen_set_the_parts_and_the_records(tmp_path: Path) -> None:
    answer = json.dumps({"age": 3, "sex": "F", "onset": None, "seen": "2024-01-01", "note": "secretbeta", "temperature": None,
                         "fever": True, "cases": [{"place": "secretgamma", "when": "2024-01-01"}]})  # fmt: skip
    texts = [
        f"secretalpha {i} [[answer {answer}]][[answer {answer.replace('secret', 'secretother')}]]" for i in range(40)
    ]
    data = write_documents(tmp_path / "d.parquet", texts)
    folder = frozen_folder(tmp_path, data)
    assert b"secret" not in (folder / "sentinels.json").read_bytes()
    summary = whole_run(attached(data, tmp_path / "run", folder, task={"instructions": "Autrement."}))
    assert summary["sentinels"]["documents"] == 20
    looked = 0
    for path in (tmp_path / "run").rglob("*"):
        if path.is_file() and path.parent.name not in ("parts", "records"):
            looked += 1
            assert b"secret" not in path.read_bytes(), path
    assert looked >= 8
    assert (tmp_path / "run" / "sentinels" / "drift.json").exists()


@pytest.mark.parametrize(("group", "folder_mode", "file_mode"), [(False, 0o700, 0o600), (True, 0o750, 0o640)])
def test_sentinels_are_as_private_as_their_run(
    tmp_path: Path, documents: Path, group: bool, folder_mode: int, file_mode: int
) -> None:
    folder = frozen_folder(tmp_path, documents)
    whole_run(attached(documents, tmp_path / "run", folder, run__group_access=group))
    for path in [tmp_path / "run", *(tmp_path / "run").rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o777 == (folder_mode if path.is_dir() else file_mode), path


# Several workers, and kills


def test_a_worker_goes_on_with_the_plan_while_others_hold_the_sentinels_and_waits_for_them_at_the_end(
    tmp_path: Path, documents: Path
) -> None:
    folder = frozen_folder(tmp_path, documents)
    settings, task = resolve(attached(documents, tmp_path / "run", folder, run__lease_s=60.0))
    run = prepare_run(settings, task)
    sentinels = sentinels_of(settings, task, run)
    assert sentinels is not None
    inner = sentinels._inner
    for shard in range(inner.plan.num_shards):
        (inner.directory.claims / str(shard)).symlink_to("other")
    other = Heartbeat(
        worker="other", host="elsewhere", identity="another host", pid=1, process_start="1", started=0.0, time=0.0,
        state="working",
    )  # fmt: skip
    (run.directory.workers / "other.json").write_bytes(other.as_json())  # it lives: in the run's folder, not in theirs
    reports: list[Any] = []
    worker = with_sentinels(spec(settings, run, "w0"), sentinels)
    thread = threading.Thread(target=lambda: reports.append(run_worker(worker)))
    thread.start()
    deadline = time.monotonic() + 20
    while len(run.directory.committed_shards()) < run.plan.num_shards and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(run.directory.committed_shards()) == run.plan.num_shards
    time.sleep(0.5)
    assert not inner.directory.committed_shards()
    assert thread.is_alive()
    told = read_heartbeat(run.directory, "w0")
    assert told is not None
    assert told.state == "working"
    assert told.progress.rows == {"OK": 120}  # what the run's own plan came to
    ended = other.model_copy(update={"state": "ended"})
    (run.directory.workers / "other.json").write_bytes(ended.as_json())
    thread.join(timeout=20)
    assert [report.outcome for report in reports] == ["done"]
    assert sentinels.is_done


def test_two_workers_share_the_sentinels_and_count_no_row_of_them(tmp_path: Path, documents: Path) -> None:
    folder = frozen_folder(tmp_path, documents, rows=90)
    script = {"seconds_per_step": 0.02}
    settings, task = resolve(
        attached(documents, tmp_path / "run", folder, model__script=script, model__max_num_seqs=2, model__window=1.0)
    )
    run = prepare_run(settings, task)
    sentinels = sentinels_of(settings, task, run)
    assert sentinels is not None
    reports: list[Any] = []

    def work(place: int) -> None:
        worker = with_sentinels(spec(settings, run, f"w{place}", start=place / 2), sentinels)
        reports.append(run_worker(worker))

    threads = [threading.Thread(target=work, args=(place,)) for place in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [report.outcome for report in reports] == ["done", "done"]
    sentinels.finish()
    finish_run(run, record_mib=1)
    assert set(pl.read_parquet(tmp_path / "run/sentinels/ledger/shards.parquet")["worker"]) == {"w0", "w1"}
    assert rows_of(tmp_path / "run/sentinels").height == 90
    beats = heartbeats(run.directory)
    assert sum(sum(beat.progress.rows.values()) for beat in beats) == 120
    assert {beat.state for beat in beats} == {"ended"}


def test_drift_is_told_before_the_end_of_the_run(
    tmp_path: Path, documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from glane.job import sentinels as watched

    monkeypatch.setattr(watched, "_LOOK_EVERY_S", 0.0)
    folder = frozen_folder(tmp_path, documents)
    settings, task = resolve(attached(documents, tmp_path / "run", folder, task={"instructions": "Autrement."}))
    run = prepare_run(settings, task)
    sentinels = sentinels_of(settings, task, run)
    assert sentinels is not None
    with ProgressReporter(run.directory, run.plan, style="none") as progress:
        sentinels.look(progress)
        assert not drift_file(run.directory).exists()
        stopped = with_sentinels(spec(settings, run, "w0"), sentinels)
        run_worker(stopped, should_stop=lambda: sentinels.is_done)
        sentinels.look(progress)
        sentinels.look(progress)
    assert not run.directory.is_complete
    assert len(run.directory.committed_shards()) < run.plan.num_shards
    assert run.directory.log.read_text().count("warning: sentinels 20 documents") == 1
    assert glane.open_run(tmp_path / "former").is_complete
    assert json.loads(drift_file(run.directory).read_text())["drift"]


def test_a_worker_that_comes_when_all_is_published_has_nothing_to_do(tmp_path: Path, documents: Path) -> None:
    folder = frozen_folder(tmp_path, documents)
    settings, task = resolve(attached(documents, tmp_path / "run", folder))
    run = prepare_run(settings, task)
    sentinels = sentinels_of(settings, task, run)
    assert sentinels is not None
    late = with_sentinels(spec(settings, run, "late"), sentinels)
    slow = settings.model.model_copy(update={"script": {"seconds_to_start": 1.0}})
    late = replace(late, work=replace(late.work, settings=settings.model_copy(update={"model": slow})))
    reports: list[Any] = []
    thread = threading.Thread(target=lambda: reports.append(run_worker(late)))
    thread.start()
    whole_run(settings)
    thread.join(timeout=30)
    assert [(report.outcome, report.message) for report in reports] == [("done", "")]
    assert rows_of(tmp_path / "run").height == 120


def killed_at(settings: ExtractSettings, limit: int) -> None:
    import killer

    killer.arm(limit)
    whole_run(settings, "first")


@pytest.mark.slow
def test_a_kill_before_every_ninth_file_operation_is_survived(tmp_path: Path) -> None:
    """Each run is killed at its n-th operation, then finished: n = 1, 10, 19, … until nothing is left to kill."""
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(24)])
    folder = frozen_folder(tmp_path, data, rows=20)
    survived = 0
    for limit in itertools.count(1, 9):
        run = tmp_path / f"run{limit}"
        settings = attached(data, run, folder, run__shard_rows=12, run__heartbeat_s=60, run__lease_s=180)
        first = FORK.Process(target=killed_at, args=(settings, limit))
        first.start()
        first.join(60)
        if first.exitcode == 0:
            break
        assert first.exitcode == -signal.SIGKILL
        summary = whole_run(settings, "second")
        assert summary["sentinels"]["equal"] == 20, f"not resumed after a kill at operation {limit}"
        assert rows_of(run)["id"].to_list() == [f"d{i}" for i in range(24)]
        assert sorted(rows_of(run / "sentinels")["id"]) == sorted(pl.read_parquet(folder / "documents.parquet")["id"])
        assert not list(run.glob("**/parts")) + list(run.glob("**/.records*"))
        survived += 1
    assert survived > 11


# What is called drift


def as_values(found: Any) -> dict[str, Any]:
    return found.model_dump(mode="json")


ASKED = fields_from(
    {
        "fever": {"type": "boolean"}, "sign": {"type": "enum", "values": ["a", "b", "c"]}, "age": {"type": "integer"},
        "place": {"type": "string"}, "signs": {"type": "list", "items": {"type": "string"}},
        "stay": {"type": "object", "fields": {"ward": {"type": "boolean"}}},
    },
    place="task.fields",
)  # fmt: skip


def side(name: str, rows: list[dict[str, Any]], statuses: dict[int, str] | None = None) -> Candidate:
    full = [{"id": place, "status": (statuses or {}).get(place, "OK"), **row} for place, row in enumerate(rows)]
    return Candidate(name=name, fields=ASKED, rows=pl.LazyFrame(full, infer_schema_length=None), id_column="id")


def plain(place: int) -> dict[str, Any]:
    return {
        "fever": place % 4 == 0, "sign": "abc"[place % 3], "age": 30 + place, "place": f"p{place}", "signs": ["x"] * (place % 3),
        "stay": {"ward": place % 2 == 0},
    }  # fmt: skip


def flipped(rows: list[dict[str, Any]], num: int, **values: Any) -> list[dict[str, Any]]:
    """The rows, the last `num` with other values."""
    return [{**row, **values} if place >= len(rows) - num else row for place, row in enumerate(rows)]


@pytest.mark.parametrize("num", [50, 200, 1000])
def test_more_differences_than_the_tolerance_explains_are_drift_and_fewer_are_not(num: int) -> None:
    then = [plain(place) for place in range(num)]
    num_tests = 6 + 8  # fields, and kinds of yes: fever, three signs, age, place, any sign, ward
    level = 0.05 / 260 / num_tests  # five years of weekly runs
    fewest = next(d for d in range(num) if binomtest(d, num, 0.02, alternative="greater").pvalue <= level)
    for differing in (0, 1, fewest - 1, fewest, num // 2):
        found = measure_drift(
            side("then", then), side("now", flipped(then, differing, place="other")), tolerance=0.02, changes={}
        )
        entries = {entry["field"]: entry for entry in as_values(found)["fields"]}
        assert entries["place"]["equal"] == num - differing
        assert list(found.drift) == (["place"] if differing >= fewest else [])
        assert found.fewest_that_drift == fewest
        assert len(found.documents_that_differ) == min(differing, 100)
        told = entries["place"]["p"], entries["place"]["p_holm"], found.tests
        exact = float(binomtest(differing, num, 0.02, alternative="greater").pvalue)
        assert told == (pytest.approx(exact), pytest.approx(min(1.0, num_tests * exact)), num_tests)


def test_the_budget_of_false_alarms_is_that_of_the_frozen_set(tmp_path: Path, documents: Path) -> None:
    then = [plain(place) for place in range(50)]
    sides = side("then", then), side("now", flipped(then, 6, place="other"))
    for planned, drift in ((1, ("place",)), (260, ())):
        found = measure_drift(*sides, tolerance=0.02, changes={}, budget=AlarmBudget(planned_runs=planned))
        assert found.drift == drift
    extract_here(make_settings(documents, tmp_path / "run"))
    frozen = glane.freeze_sentinels(tmp_path / "run", str(tmp_path / "frozen"), rows=20, alpha=0.01, planned_runs=52)
    assert frozen.manifest.budget == AlarmBudget(alpha=0.01, planned_runs=52)
    whole_run(attached(documents, tmp_path / "now", tmp_path / "frozen"))
    told = json.loads((tmp_path / "now" / "sentinels" / "drift.json").read_text())
    assert told["budget"] == {"alpha": 0.01, "planned_runs": 52}
    values = json.loads((tmp_path / "frozen" / "sentinels.json").read_text())
    del values["budget"]  # as sets of before
    (tmp_path / "frozen" / "sentinels.json").write_text(json.dumps(values))
    assert read_frozen(tmp_path / "frozen").manifest.budget == AlarmBudget()


def test_the_loss_of_a_rare_yes_is_seen_where_few_documents_differ() -> None:
    then = [{**plain(place), "fever": place < 20, "sign": "c" if place < 4 else "a"} for place in range(200)]
    now = [{**row, "fever": row["fever"] and place % 2 == 0, "sign": "a"} for place, row in enumerate(then)]
    found = measure_drift(side("then", then), side("now", now), tolerance=0.02, changes={})
    (fever,) = [one for one in found.fields if one.field == "fever"]
    assert (fever.verdict, fever.equal) == ("drift", 190)
    (lost,) = fever.positives
    assert (lost.what, lost.known, lost.lost, lost.verdict) == ("true", 20, 10, "drift")
    exact = binomtest(10, 20, 0.02, alternative="greater").pvalue
    assert lost.p == pytest.approx(exact)
    assert found.tests == 6 + 6  # fields; fever, a, age, place, signs, ward: of c there are too few
    assert lost.p_holm == pytest.approx(12 * exact)
    assert fever.p_holm is not None
    assert fever.p_holm > 0.05 / 260  # all documents together do not show it
    assert "fever lost 10 of 20 known (true)" in drift_line(found)
    # What was a wrong yes is no loss.
    gold = pl.DataFrame({"id": range(200), "fever": [place < 20 and place % 2 == 0 for place in range(200)]})
    better = measure_drift(side("then", then), side("now", now), tolerance=0.02, changes={}, gold=gold)
    (fever,) = [one for one in better.fields if one.field == "fever"]
    assert [(one.known, one.lost) for one in fever.positives] == [(10, 0)]
    assert better.drift == ()
    none = gold.with_columns(fever=pl.lit(None, pl.Null), signs=pl.lit(None, pl.Null))
    found = measure_drift(side("then", then), side("now", now), tolerance=0.02, changes={}, gold=none)
    assert {one.field: one.positives for one in found.fields}["fever"] == ()


@pytest.mark.parametrize("tolerance", [0.0, 0.01, 0.02, 0.05])
@pytest.mark.parametrize("num_tests", [1, 40, 200])
def test_it_is_known_of_how_many_documents_a_loss_of_half_is_seen(tolerance: float, num_tests: int) -> None:
    def power(num: int) -> float:
        level = 0.05 / 260 / num_tests
        alarms = [d for d in range(1, num + 1) if binomtest(d, num, tolerance, alternative="greater").pvalue <= level]
        return float(binomtest(alarms[0], num, 0.5, alternative="greater").pvalue) if alarms else 0.0

    enough = enough_known(tolerance, num_tests, AlarmBudget())
    assert power(enough) >= 0.9
    assert all(power(num) < 0.9 for num in range(1, enough))


@pytest.mark.parametrize("by_gold", [False, True])
def test_a_halved_sensitivity_of_a_rare_finding_is_seen_with_known_positives(by_gold: bool) -> None:
    seen = simulated.detection(rare=4, positives=0.5, by_gold=by_gold, samples=10)
    assert seen >= 0.9
    assert simulated.detection(rare=4, positives=0.0, by_gold=by_gold, samples=10) == 0


@pytest.mark.parametrize("name", simulated.HISTORIES)
@pytest.mark.parametrize("documents", [50, 200])
def test_five_years_of_weekly_runs_alarm_without_cause_at_most_as_often_as_promised(name: str, documents: int) -> None:
    now, before = simulated.false_alarms(simulated.HISTORIES[name], documents=documents, samples=60)
    assert now <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 60)
    assert before > 0.5


def test_figures_are_what_a_trend_would_show() -> None:
    then = [plain(place) for place in range(60)]
    now = flipped(then, 30, fever=True, sign="b", age=None, signs=["x", "y", "z"], stay={"ward": False})
    found = measure_drift(
        side("then", then), side("now", now, {59: "INVALID"}), tolerance=0.02, changes={"prompt": ["p"]}
    )
    first = {entry["field"]: entry["figures"][0] for entry in as_values(found)["fields"]}
    assert first["fever"] == {"what": "share of true", "then": 0.25, "now": pytest.approx((8 + 30) / 60)}
    assert first["sign"] == {"what": "share of b", "then": pytest.approx(1 / 3), "now": pytest.approx((10 + 30) / 60)}
    assert first["age"] == {"what": "mean", "then": pytest.approx(59.5), "now": pytest.approx(44.5)}
    assert first["signs"] == {"what": "items per document", "then": 1.0, "now": pytest.approx(2.0)}
    assert first["stay.ward"] == {"what": "share of true", "then": 0.5, "now": 0.25}
    assert found.not_usable == 1
    line = drift_line(found)
    assert line.startswith(
        "60 documents, 30 same, 1 not usable; drift: fever 0.25 -> 0.63, sign 0.33 -> 0.67 (b), age 59.50"
    )
    assert line.endswith("(prompt changed)")
    assert "look at hardware" in drift_line(found.model_copy(update={"changed": {}}))
    assert set(DriftBrief.of(found).model_dump()) == {"documents", "equal", "not_usable", "drift", "changed"}
    none = measure_drift(side("then", then), side("now", flipped(then, 60, age=None)), tolerance=0.02, changes={})
    assert "age 59.50 -> none (mean)" in drift_line(none)


def test_with_right_answers_it_is_told_who_is_right() -> None:
    rng = np.random.default_rng(4)
    truth = [plain(place) for place in range(300)]
    gold = pl.DataFrame([{"id": place, "fever": row["fever"], "age": row["age"]} for place, row in enumerate(truth)])
    then = [{**row, "fever": row["fever"] ^ bool(rng.random() < 0.1)} for row in truth]
    now = [
        {**row, "fever": row["fever"] if place >= 24 else not truth[place]["fever"]} for place, row in enumerate(then)
    ]
    found = measure_drift(side("then", then), side("now", now), tolerance=0.1, changes={}, gold=gold)
    entries = {entry["field"]: entry for entry in as_values(found)["fields"]}
    assert entries["sign"]["gold"] is None  # no right answer, but compared all the same
    assert entries["sign"]["verdict"] == "same"
    right_then = np.array([a["fever"] == b["fever"] for a, b in zip(then, truth, strict=True)])
    right_now = np.array([a["fever"] == b["fever"] for a, b in zip(now, truth, strict=True)])
    table = [[(right_then & right_now).sum(), (right_then & ~right_now).sum()],
             [(~right_then & right_now).sum(), (~right_then & ~right_now).sum()]]  # fmt: skip
    raw = [float(mcnemar(table, exact=True).pvalue), 1.0]
    of_fields = [binomtest(300 - one["equal"], 300, 0.1, alternative="greater").pvalue for one in entries.values()]
    of_kinds = [kind["p"] for one in entries.values() for kind in one["positives"]]
    corrected = multipletests([*raw, *of_fields, *of_kinds], method="holm")[1][0]  # one family
    assert entries["fever"]["gold"]["p_holm"] == pytest.approx(corrected)
    assert entries["fever"]["gold"]["only_then_right"] == table[0][1]
    # Fewer documents differ than the tolerance allows, but all of them for the worse.
    assert corrected < 0.05 / 260
    assert 300 - entries["fever"]["equal"] < 0.1 * 300
    assert list(found.drift) == ["fever"]
    assert entries["fever"]["gold"]["f1_now"] < entries["fever"]["gold"]["f1_then"]


@pytest.mark.slow
def test_right_answers_are_frozen_and_told(tmp_path: Path, documents: Path) -> None:
    extract_here(make_settings(documents, tmp_path / "former"))
    rows = rows_of(tmp_path / "former").head(30)
    rows.select("id", "age", pl.col("sex").cast(pl.String), "fever").write_parquet(tmp_path / "gold.parquet")
    base = [f"run.dir={tmp_path}/former", f"gold={tmp_path}/gold.parquet"]
    few = job_here(*base, f"out.dir={tmp_path}/n", "rows=31", name="sentinels", check=2).stderr
    assert "31 asked" in few
    job(*base, f"out.dir={tmp_path}/frozen", "rows=25", name="sentinels")
    frozen = read_frozen(tmp_path / "frozen")
    assert frozen.manifest.source == "gold"
    assert frozen.gold is not None
    assert sorted(frozen.gold["id"]) == sorted(frozen.reference["id"])
    assert set(frozen.gold["id"]) <= set(rows["id"])
    summary = whole_run(attached(documents, tmp_path / "run", tmp_path / "frozen"))
    assert summary["sentinels"]["equal"] == 25
    drift = glane.open_run(tmp_path / "run").drift()
    assert drift.filter(pl.col("field") == "age").select("f1_then", "f1_now").row(0) == (1.0, 1.0)
    assert drift.filter(pl.col("field") == "note")["f1_now"].item() is None


# The job, with Ray and with a model


@pytest.mark.ray
def test_the_job_asks_the_sentinels_first_and_a_document_among_them_that_kills_the_engine_costs_only_itself(
    tmp_path: Path, documents: Path
) -> None:
    folder = frozen_folder(tmp_path, documents)
    poisoned = pl.read_parquet(folder / "documents.parquet")
    poisoned = poisoned.with_columns(
        pl.when(pl.int_range(pl.len()) == 3).then(pl.lit("[[crash]]")).otherwise("text").alias("text")
    )
    poisoned.write_parquet(folder / "documents.parquet")
    from glane.corpus.unchanged import content_digest

    manifest = json.loads((folder / "sentinels.json").read_text())
    manifest["files"]["documents.parquet"] = content_digest(str(folder / "documents.parquet"))
    (folder / "sentinels.json").write_text(json.dumps(manifest))
    task = tmp_path / "task" / "small.yaml"
    task.parent.mkdir()
    task.write_text("# @package task\n" + json.dumps({**SMALL_TASK, "sentinels": "nowhere"}))
    command = [
        "--config-dir", str(tmp_path), "task=small", "model=scripted", f"data.path={documents}", f"run.dir={tmp_path}/run",
        "run.heartbeat_s=0.2", "run.lease_s=2", "run.shard_rows=16", "progress=plain", "model.engines=1",
        "model.max_model_len=20000", "model.max_tokens=512", f"task.sentinels={folder}",
    ]  # fmt: skip
    done = job(*command, cwd=tmp_path)
    assert "died" in done.stderr
    assert rows_of(tmp_path / "run")["status"].to_list() == ["OK"] * 120
    statuses = rows_of(tmp_path / "run" / "sentinels")["status"].cast(pl.String)
    assert statuses.value_counts().sort("status")["count"].to_list() == [19, 1]
    line = next(line for line in done.stderr.splitlines()[::-1] if "sentinels" in line)
    assert line.startswith("sentinels 20 documents, 19 same, 1 not usable; no drift") or "drift: " in line
    again = job(*command, cwd=tmp_path)
    assert "complete already, nothing to do" in again.stderr
    assert "20 documents, 19 same" in again.stderr
    first = min(pl.read_parquet(tmp_path / "run/sentinels/ledger/shards.parquet")["committed"])
    assert first < min(pl.read_parquet(tmp_path / "run/ledger/shards.parquet")["committed"])


@pytest.mark.ray
@pytest.mark.engine
@pytest.mark.slow
def test_the_demo_model_says_the_same_again_in_other_batches(tmp_path: Path, demo_run: Path, demo_corpus: Path) -> None:
    job(
        f"run.dir={demo_run}",
        "out.dir=frozen",
        "rows=40",
        f"gold={demo_corpus}/gold.parquet",
        name="sentinels",
        cwd=tmp_path,
    )
    done = job(
        f"data.path={demo_corpus}/documents.parquet", "run.dir=now", "task.sentinels=frozen", "data.limit=10",
        "model.max_num_seqs=7", "model.engines=1", "progress=plain", cwd=tmp_path,
    )  # fmt: skip
    print(done.stderr)
    drift = glane.open_run(tmp_path / "now").drift()
    assert drift["equal_share"].min() >= 0.95
    assert set(drift["verdict"]) == {"same"}
    assert "; no drift" in done.stderr
    assert drift["f1_now"].drop_nulls().mean() > 0.8
