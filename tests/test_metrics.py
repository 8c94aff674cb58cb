"""Metrics for a site's monitoring: the right figures in the right format, no text or id of a document, gone at the end."""

from __future__ import annotations

import json
import math
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest

from conftest import extract_here, job, make_settings, wait_for, work, write_documents
from glane.corpus.plan import read_plan
from glane.run.directory import RunDirectory
from glane.run.exposition import Metric, Sample, exposition
from glane.run.metrics import AboutRun
from glane.run.metrics_file import METRICS_DIR, MetricsFile
from glane.run.progress import Snapshot, snapshot
from glane.run.site_log import SITE_LOG
from glane.run.summary import Summary, read_summary
from glane.settings import RunSettings

SECRET = "Mme Zzyzx tousse"
LINE = re.compile(r'([a-z_]+)(?:\{([a-z_]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z_]+="(?:[^"\\\n]|\\["\\n])*")*)\})? (\S+)')


def parsed(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """The samples, by an own strict reading of the format; Prometheus' own reads the same, where it is installed."""
    found: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
    kinds: dict[str, str] = {}
    assert text.endswith("\n")
    name = ""
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name = line.split(" ")[2]
            assert name not in kinds, "one block for each name"
        elif line.startswith("# TYPE "):
            _, _, of, kind = line.split(" ")
            assert of == name
            kinds[name] = kind
            assert kind in ("counter", "gauge")
            assert (kind == "counter") == name.endswith("_total")
        else:
            match = LINE.fullmatch(line)
            assert match, line
            assert match[1] == name, "samples follow their TYPE"
            labels = tuple(sorted(re.findall(r'([a-z_]+)="((?:[^"\\]|\\.)*)"', match[2] or "")))
            assert (name, labels) not in found, "a sample is told once"
            found[name, labels] = float(match[3])
    prometheus = pytest.importorskip("prometheus_client.parser")
    read = [one for family in prometheus.text_string_to_metric_families(text) for one in family.samples]
    assert sorted(one.value for one in read) == sorted(found.values())
    assert {one.name for one in read} == {of for of, _ in found}
    return found


def values(text: str) -> dict[str, float]:
    """The samples by name and the labels that differ within a run."""
    shown = {}
    for (name, labels), value in parsed(text).items():
        own = [f"{key}={told}" for key, told in labels if key not in ("run", "run_id")]
        assert len(own) == len(labels) - 2, "each sample names its run"
        shown["/".join([name.removeprefix("glane_"), *own])] = value
    return shown


def metrics_of(run: Path, warnings: list[str] | None = None, **changes: Any) -> MetricsFile:
    directory = RunDirectory(root=run)
    told: list[str] = [] if warnings is None else warnings
    settings = RunSettings(dir=str(run), **changes)
    return MetricsFile(directory, read_plan(directory.plan), settings, warn=told.append)


def seen_in(run: Path) -> Snapshot:
    directory = RunDirectory(root=run)
    return snapshot(directory, read_plan(directory.plan))


@pytest.mark.parametrize(
    "label", ["plain", 'with "quotes"', "back\\slash", "two\nlines", "é à ü", 'all "of\\it\n"', "a,b={c} 1", ""]
)
def test_labels_are_escaped(label: str) -> None:
    sample = Sample(value=1.5, labels={"run": label, "state": "x"})
    text = exposition([Metric(name="glane_x", kind="gauge", help=f"About {label}.", samples=[sample])])
    assert list(parsed(text).values()) == [1.5]
    prometheus = pytest.importorskip("prometheus_client.parser")
    (family,) = prometheus.text_string_to_metric_families(text)
    assert family.samples[0].labels["run"] == label


@pytest.mark.parametrize("value", [0, 1, 3.0, 2.5, 1e-9, 1e20, 2**60, 1234567890.25])
def test_numbers_are_read_back(value: float) -> None:
    text = exposition([Metric(name="glane_x", kind="gauge", help="x", samples=[Sample(value=value, labels={})])])
    assert list(parsed(text).values()) == [float(value)]


@pytest.mark.parametrize(
    ("name", "kind", "labels"),
    [("glane_x", "counter", {}), ("glane_x_total", "gauge", {}), ("1x", "gauge", {}), ("glane-x", "gauge", {}),
     ("glane_x", "gauge", {"__x": "1"}), ("glane_x", "gauge", {"a-b": "1"})],
)  # fmt: skip
def test_names_that_prometheus_refuses_are_refused(name: str, kind: Any, labels: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="no name"):
        exposition([Metric(name=name, kind=kind, help="x", samples=[Sample(value=1, labels=labels)])])


def test_the_figures_are_those_of_the_run(tmp_path: Path) -> None:
    texts = [f"{SECRET} {at}" for at in range(39)] + [""]
    settings = make_settings(write_documents(tmp_path / "d.parquet", texts), tmp_path / "run")
    run, _ = work(settings)
    run.directory.part(2).unlink()
    metrics = metrics_of(tmp_path / "run")
    metrics.update(seen_in(tmp_path / "run"))
    text = (tmp_path / "run" / "metrics.prom").read_text()
    seen = values(text)
    assert (seen["planned_documents"], seen["planned_shards"], seen["shards_total"]) == (40, 3, 2)
    assert (seen["documents_total/status=OK"], seen["documents_total/status=EMPTY"]) == (39, 1)
    assert seen["documents_total/status=REJECTED"] == 0
    assert seen["tokens_total/kind=prompt"] > seen["tokens_total/kind=output"] > 0
    assert (seen["run_state/state=working"], seen["run_state/state=complete"]) == (1, 0)
    assert seen["gpu_seconds_total"] == 0 < seen["engine_seconds_total"]
    assert "run_end_time_seconds" not in seen
    assert seen["run_info/model=scripted/task=small/work=extraction"] == 1
    assert "Zzyzx" not in text
    assert not re.search(r"\bd\d+\b", text)  # ids
    assert (tmp_path / "run" / "metrics.prom").stat().st_mode & 0o777 == 0o600


def test_a_complete_run_is_marked_and_says_what_its_summary_says(tmp_path: Path) -> None:
    settings = make_settings(write_documents(tmp_path / "d.parquet", ["a", "", "c"]), tmp_path / "run")
    extract_here(settings)
    collector = tmp_path / "collector"
    collector.mkdir()
    metrics = metrics_of(tmp_path / "run", metrics_dir=str(collector))
    metrics.update(seen_in(tmp_path / "run"))
    (collected,) = collector.iterdir()
    identity = RunDirectory(root=tmp_path / "run").identity()
    assert collected.name == f"glane_{identity[:16]}.prom"
    assert collected.stat().st_mode & 0o777 == 0o644  # the collector is another user
    metrics.close()
    seen = values((tmp_path / "run" / "metrics.prom").read_text())
    flow = read_summary(RunDirectory(root=tmp_path / "run"), Summary).flow
    assert (seen["documents_total/status=OK"], seen["documents_total/status=EMPTY"]) == (flow.OK, flow.EMPTY)
    assert (seen["run_state/state=working"], seen["run_state/state=complete"]) == (0, 1)
    assert seen["shards_total"] == seen["planned_shards"]
    assert math.isclose(seen["run_end_time_seconds"], seen["run_update_time_seconds"])
    assert list(collector.iterdir()) == []


def test_counters_never_fall(tmp_path: Path) -> None:
    settings = make_settings(write_documents(tmp_path / "d.parquet", ["a", "b"]), tmp_path / "run")
    run, _ = work(settings)
    metrics = metrics_of(tmp_path / "run")
    metrics.update(seen_in(tmp_path / "run"))
    before = values((tmp_path / "run" / "metrics.prom").read_text())
    for path in run.directory.workers.iterdir():
        path.unlink()  # its heartbeat cannot be read for a moment
    metrics.close()
    after = values((tmp_path / "run" / "metrics.prom").read_text())
    assert before["tokens_total/kind=prompt"] > 0
    for name in [name for name in before if "_total" in name]:
        assert after[name] >= before[name], name


def test_the_pace_is_that_of_looks_and_no_more_than_every_two_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(write_documents(tmp_path / "d.parquet", ["a", "b"]), tmp_path / "run")
    work(settings)
    metrics, state = metrics_of(tmp_path / "run"), seen_in(tmp_path / "run")
    written: list[str] = []
    monkeypatch.setattr(metrics, "_write", lambda **told: written.append(told["phase"]))
    for now in range(100, 110):
        monkeypatch.setattr(time, "monotonic", lambda now=now: float(now))
        metrics.update(None)  # the run was not looked at
        metrics.update(state)
    assert written == ["working"] * 5


@pytest.mark.parametrize("what", ["no folder", "a file", "full"])
def test_a_collector_that_cannot_be_written_costs_one_warning(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(write_documents(tmp_path / "d.parquet", ["a", "b"]), tmp_path / "run")
    work(settings)
    folder = tmp_path / "collector"
    if what == "a file":
        folder.write_text("")
    elif what == "full":
        folder.mkdir()
        monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    warnings: list[str] = []
    monkeypatch.setenv(METRICS_DIR, str(folder))
    metrics = metrics_of(tmp_path / "run", warnings)
    monkeypatch.setattr("glane.run.metrics_file._LEAST_S", 0)
    for _ in range(3):
        metrics.update(seen_in(tmp_path / "run"))
    metrics.close()
    assert len(warnings) == 1
    assert "the run goes on without" in warnings[0]
    assert not list(tmp_path.rglob("*.tmp"))


def test_two_runs_of_one_name_are_two() -> None:
    one, other = (AboutRun(run="notes", run_id=name, work="extraction", task="t", model="m") for name in ("a", "b"))
    assert one.labels != other.labels


@pytest.mark.slow
def test_a_run_of_a_user_is_seen_while_it_goes_on_and_not_after(tmp_path: Path) -> None:
    from conftest import launch

    data = write_documents(tmp_path / "d.parquet", [f"{SECRET} {at}" for at in range(60)])
    collector = tmp_path / "collector"
    collector.mkdir()
    accounts = tmp_path / "jobs.jsonl"
    accounts.touch()
    words = ["model=scripted", "+model.script.seconds_per_step=0.2", "model.max_num_seqs=4", "run.heartbeat_s=0.5"]
    words += [f"data.path={data}", f"run.dir={tmp_path}/run", "run.shard_rows=10", "run.lease_s=10"]
    driver = launch(*words, cwd=tmp_path, env={**os.environ, METRICS_DIR: str(collector), SITE_LOG: str(accounts)})
    (path,) = wait_for(lambda: list(collector.glob("*.prom")), 120)
    said, _ = driver.communicate(timeout=240)
    assert driver.returncode == 0, said
    assert list(collector.iterdir()) == []
    seen = values((tmp_path / "run" / "metrics.prom").read_text())
    assert seen["documents_total/status=OK"] == 60
    assert seen["run_state/state=complete"] == 1
    assert path.name.startswith("glane_")
    (account,) = map(json.loads, accounts.read_text().splitlines())
    assert (account["state"], account["documents"], account["job"]) == ("complete", 60, None)
    assert "Zzyzx" not in accounts.read_text()
    before = (tmp_path / "run" / "metrics.prom").stat().st_mtime_ns
    job(*words, cwd=tmp_path)  # nothing to do: nothing is written
    assert (tmp_path / "run" / "metrics.prom").stat().st_mtime_ns == before
