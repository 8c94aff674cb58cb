"""The pilot: what it draws, what it predicts, and that it leaves nothing but its report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from conftest import SMALL_TASK, job, job_here, make_settings, work, write_documents
from glane.corpus.files import inspect_files
from glane.corpus.select import Selection, select_rows
from glane.errors import ConfigError, DataError, GlaneError, RunError
from glane.extraction.forecast import EngineFigures, Interval, PilotReport, read_pilot
from glane.extraction.prediction import compare
from glane.extraction.summary import ExtractionSummary, extraction_summary
from glane.pilot.frame import Frame, draw, read_frame, strata_of
from glane.pilot.job import run_pilot
from glane.pilot.pace import Commits, pace_of
from glane.pilot.predict import Assumptions, Observed, Population, Power, predict
from glane.pilot.report import FILE, report_lines, write_report
from glane.pilot.suggest import suggest, time_limit
from glane.run.energy_total import EnergyTotal
from glane.run.heartbeat import Heartbeat, most_at_once
from glane.run.publish import finish_run
from glane.run.summary import Flow, Summary, Tokens
from glane.settings import PilotSettings, PlanSettings
from glane.validation import validated

MODEL = {
    "name": "scripted", "engine": "scripted", "path": "none", "max_model_len": 20000, "max_tokens": 512,
    "max_num_seqs": 8, "script": {"seconds_per_step": 0.01},
}  # fmt: skip
OWN = {"plan", f"plan/{FILE}", "plan/.glane-files"}  # all that a pilot leaves: its report, and that glane wrote it


@pytest.fixture(autouse=True)
def _without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glane.pilot.trial.extract_here", run_here)


def run_here(settings: Any) -> ExtractionSummary:
    run, report = work(settings)
    if report.outcome != "done":
        raise GlaneError(report.message)
    finish_run(run, record_mib=128)
    return extraction_summary(run.directory)


def plan(data: Path, out: Path, *, task: Mapping[str, Any] = SMALL_TASK, **changes: Any) -> PlanSettings:
    values: dict[str, Any] = {
        "task": {**task, "repairs": 0}, "data": {"path": str(data)}, "model": MODEL, "progress": "none",
        "run": {"dir": str(out / "run"), "heartbeat_s": 0.2, "lease_s": 5.0, "allow_toy": True},
        "out": {"dir": str(out / "plan")}, "pilot": {"rows": 60, "engines": [1, 2]},
    }  # fmt: skip
    for key, value in changes.items():
        part, _, name = key.partition("__")
        values[part] = {**values[part], name: value}
    return validated(PlanSettings, values, place="")


def notes(path: Path, num: int = 400, seed: int = 0, **columns: Any) -> Path:
    rng = np.random.default_rng(seed)
    texts = ["mot " * int(length) + str(i) for i, length in enumerate(rng.lognormal(3, 0.8, num))]
    return write_documents(path, texts, row_group_size=64, **columns)


def tree(folder: Path) -> dict[str, bytes | None]:
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def quiet(_: str) -> None:
    pass


def frame_of(data: Path, **selection: Any) -> Frame:
    files = inspect_files(str(data), id_column="id", text_column="text", carry_columns=[])
    selected = select_rows(files, id_column="id", selection=Selection(**selection))
    return read_frame(files, selected, text_column="text", inputs=[])


# What is drawn.


def test_the_frame_tells_length_blanks_and_repetitions(tmp_path: Path) -> None:
    texts = ["été", "abc", None, "  \n", "abc", b"\xff\xfe", "abc", ""]
    encoded = [text.encode() if isinstance(text, str) else text for text in texts]
    frame = frame_of(write_documents(tmp_path / "d.parquet", encoded, row_group_size=3))
    assert frame.chars.tolist() == [3, 3, 0, 3, 3, 2, 3, 0]  # characters; bytes of what is not UTF-8
    assert frame.is_blank.tolist() == [False, False, True, True, False, False, False, True]
    assert frame.lag.tolist()[:7] == [0, 0, 0, 0, 3, 0, 2]
    assert frame.is_asked(2).tolist() == [True, True, False, False, True, True, False, False]
    assert frame.is_asked(100).sum() == 3


def test_the_frame_holds_what_is_selected_only(tmp_path: Path) -> None:
    data = notes(tmp_path / "d.parquet", 200, n=list(range(200)))
    frame = frame_of(data, where="n >= 150")
    assert frame.num_rows == 50
    assert frame.chars.tolist() == pl.read_parquet(data)["text"].str.len_chars().to_list()[150:]


def test_every_stratum_gives_its_share() -> None:
    chars = np.sort(np.random.default_rng(1).lognormal(6, 1.5, 10_000)).astype(np.int64)
    frame = Frame(chars=chars, lag=np.zeros(10_000, np.int64), is_blank=np.arange(10_000) < 100, read_s=0)
    places = draw(frame, rows=200, seed=3)
    assert len(set(places)) == len(places)
    assert 190 <= len(places) <= 210
    assert places.min() >= 100, "a blank row is no document to try"
    tenths = np.bincount((places - 100) * 10 // 9900, minlength=10)
    assert tenths.min() >= 15, tenths
    assert tenths.max() <= 25, tenths
    assert not np.array_equal(places, np.sort(places)), "they are tried in no order of the input"
    assert np.array_equal(draw(frame, rows=200, seed=3), places)
    assert not np.array_equal(draw(frame, rows=200, seed=4), places)


def test_of_a_small_selection_all_are_drawn_and_of_a_blank_one_none() -> None:
    zeros = np.zeros(30, np.int64)
    frame = Frame(chars=zeros + 5, lag=zeros, is_blank=np.zeros(30, np.bool_), read_s=0)
    assert sorted(draw(frame, rows=200, seed=0)) == list(range(30))
    blank = Frame(chars=zeros, lag=zeros, is_blank=np.ones(30, np.bool_), read_s=0)
    with pytest.raises(DataError, match="30 selected rows is blank"):
        draw(blank, rows=20, seed=0)


def test_documents_of_one_length_make_one_stratum() -> None:
    assert strata_of(np.full(500, 7)).count == 1
    assert strata_of(np.arange(500)).count == 10
    assert strata_of(np.arange(25)).count == 2


# What is predicted of it.


def test_totals_use_the_known_lengths() -> None:
    """Tokens follow length: the sample's mean length is not the population's, and the estimate makes up for it."""
    rng = np.random.default_rng(0)
    chars = rng.integers(100, 200, 50)
    seen = Observed(
        stratum=np.zeros(50, np.int64), chars=chars, prompt_tokens=2.0 * chars + 10, output_tokens=np.full(50, 7.0),
        is_failed=np.zeros(50, np.bool_), is_repeated=np.zeros(50, np.bool_),
    )  # fmt: skip
    population = Population(num_rows=1000, num_blank=0, asked=np.array([1000]), mean_chars=np.array([170.0]))
    found = predict(population, seen, slow(), assumed(), engines=[1], size=None, power=None).figures
    assert found.prompt_tokens.predicted == pytest.approx(1000 * (2 * 170 + 10))
    assert found.output_tokens == Interval(predicted=7000, low=7000, high=7000)


def test_blank_rows_are_failures_for_sure_and_none_seen_is_not_none() -> None:
    n = 50
    seen = Observed(
        stratum=np.zeros(n, np.int64), chars=np.full(n, 9), prompt_tokens=np.ones(n), output_tokens=np.ones(n),
        is_failed=np.zeros(n, np.bool_), is_repeated=np.zeros(n, np.bool_),
    )  # fmt: skip
    population = Population(num_rows=1000, num_blank=100, asked=np.array([900]), mean_chars=np.array([9.0]))
    rate = predict(population, seen, slow(), assumed(), engines=[1], size=None, power=None).figures.failure_rate
    assert rate.low >= 0.1
    assert 0.11 < rate.high < 0.16  # 50 without a failure leave some 4 % possible


def beat(*, began: float = 0.0, ended: float = 1.0, gpus: int = 0) -> Heartbeat:
    return Heartbeat(worker="w", host="h", identity="h", pid=1, process_start="1", started=began, time=ended, gpus=gpus)


def slow(**changes: Any) -> Any:
    beats = [beat(ended=10.0, gpus=changes.pop("gpus", 0))]
    times = np.arange(1.0, 101.0)
    worker = Commits(began=0.0, times=times, rows=np.full(100, 2.0), work=np.full(100, 20.0))
    return pace_of([worker], [3.0], beats, window=10)


def assumed() -> Assumptions:
    return Assumptions(level=0.9, run_to_run=0.05, shard_rows=16, startup_s=60.0)


def test_the_pace_is_that_of_the_full_window() -> None:
    """A slow start and a slow end belong to the ends; the rate is what lies between."""
    times = np.concatenate([10 + np.arange(1.0, 101.0), 120 + np.arange(5) * 4.0])
    worker = Commits(began=0.0, times=times, rows=np.full(105, 2.0), work=np.full(105, 20.0))
    pace = pace_of([worker], [0.0], [beat(gpus=2)], window=10)
    assert pace.is_steady
    assert pace.work_per_s == pytest.approx(20.0)
    assert pace.relative_error < 1e-6
    assert pace.ends_s == pytest.approx(136 - 105 * 20 / 20)
    assert pace.gpus_per_engine == 2


def test_an_uneven_pace_has_an_error_and_a_short_one_says_so() -> None:
    rng = np.random.default_rng(0)
    times = np.cumsum(rng.gamma(4, 0.25, 200))
    uneven = pace_of(
        [Commits(began=0.0, times=times, rows=np.ones(200), work=np.full(200, 5.0))],
        [0.0], [beat()], window=10,
    )  # fmt: skip
    # 180 steps of standard deviation 0.5 around a mean of 1
    assert 0.3 * 0.5 / np.sqrt(180) < uneven.relative_error < 3 * 0.5 / np.sqrt(180)
    short = pace_of(
        [Commits(began=0.0, times=np.arange(1.0, 11.0), rows=np.ones(10), work=np.ones(10))],
        [0.0], [beat()], window=10,
    )  # fmt: skip
    assert not short.is_steady
    assert short.ends_s == 0
    assert short.work_per_s == pytest.approx(1.0)


def test_more_engines_take_less_time_and_no_less_work() -> None:
    n = 100
    seen = Observed(
        stratum=np.zeros(n, np.int64), chars=np.full(n, 9), prompt_tokens=np.full(n, 40.0), output_tokens=np.zeros(n),
        is_failed=np.zeros(n, np.bool_), is_repeated=np.zeros(n, np.bool_),
    )  # fmt: skip
    population = Population(num_rows=8000, num_blank=0, asked=np.array([8000]), mean_chars=np.array([9.0]))
    found = predict(population, seen, slow(gpus=2), assumed(), engines=[1, 4], size=None, power=None).by_engines
    one, four = found[1], found[4]
    assert one.working_s.predicted == pytest.approx(8000 * 10 / 20, rel=0.03)  # 10 units a document, 20 a second
    assert four.working_s.predicted == pytest.approx(one.working_s.predicted / 4, rel=0.03)
    assert one.wall_clock_s.predicted == pytest.approx(one.working_s.predicted + 60, rel=0.01)
    assert four.gpu_hours.predicted == pytest.approx(4 * 2 * (four.working_s.predicted + 3) / 3600, rel=0.01)
    assert four.gpu_hours.predicted >= one.gpu_hours.predicted
    assert one.energy_kwh is None


@pytest.mark.parametrize(("delay_s", "known"), [(0.0, {1, 4}), (500.0, {1, 4}), (1500.0, {1}), (9000.0, set())])
def test_energy_that_no_meter_would_see_is_unknown_and_not_nothing(delay_s: float, known: set[int]) -> None:
    """One engine works 4000 s, four work 1000 s."""
    n = 100
    seen = Observed(
        stratum=np.zeros(n, np.int64), chars=np.full(n, 9), prompt_tokens=np.full(n, 40.0), output_tokens=np.zeros(n),
        is_failed=np.zeros(n, np.bool_), is_repeated=np.zeros(n, np.bool_),
    )  # fmt: skip
    population = Population(num_rows=8000, num_blank=0, asked=np.array([8000]), mean_chars=np.array([9.0]))
    power = Power(kwh_at_ready=0.0, kilowatts=0.3, delay_s=delay_s, grams_per_kwh=50.0, source="measured")
    found = predict(population, seen, slow(), assumed(), engines=[1, 4], size=None, power=power).by_engines
    assert {count for count, one in found.items() if one.energy_kwh is not None} == known
    assert all(found[count].energy_kwh.low > 0 for count in known)
    nothing = Power(kwh_at_ready=0.0, kilowatts=0.0, delay_s=0.0, grams_per_kwh=None, source="measured")
    found = predict(population, seen, slow(), assumed(), engines=[1], size=None, power=nothing).by_engines
    assert found[1].energy_kwh is None


def test_engines_at_once_counts_no_one_twice() -> None:
    lives = [(0, 10), (0, 4), (4, 10), (12, 13)]
    assert most_at_once([beat(began=a, ended=b) for a, b in lives]) == 2
    assert most_at_once([]) == 0


# The suggestion.


def suggestion(by_nodes: Mapping[int, float], tmp_path: Path, **changes: Any) -> Any:
    wall = {
        n: EngineFigures(wall_clock_s=Interval(predicted=1.0, low=1.0, high=by_nodes.get(n, 100.0)))
        for n in range(1, 65)
    }
    extraction = make_settings(tmp_path, tmp_path, **changes)
    return suggest(wall, extraction, slow(), finish_within_s=3600, report_path="p.json")


def test_the_fewest_nodes_that_keep_to_the_time_are_suggested(tmp_path: Path) -> None:
    found = suggestion({1: 9000.0, 2: 4000.0, 3: 3500.0}, tmp_path)
    assert (found.nodes, found.keeps) == (3, True)
    assert found.time_limit_s >= 3500 * 1.1
    assert "cluster.array=3" in found.overrides
    assert "run.pilot=p.json" in found.overrides
    alone = suggestion({}, tmp_path)
    assert "cluster.nodes=1" in alone.overrides
    never = suggestion(dict.fromkeys(range(1, 65), 1e6), tmp_path)
    assert (never.nodes, never.keeps) == (64, False)


def test_what_is_suggested_can_be_pasted(tmp_path: Path) -> None:
    found = suggestion({1: 90000.0, 2: 3000.0}, tmp_path)
    import shlex

    overrides = shlex.split(found.overrides)
    done = job_here("task=ed_visit", "model=scripted", "data.path=x", *overrides, "--cfg", "job")
    assert "array: 2" in done.stdout
    assert f"time: {time_limit(found.time_limit_s)}" in done.stdout.replace("'", "").replace('"', "")


def test_a_time_limit_is_written_as_its_key_wants_it() -> None:
    assert [time_limit(s) for s in (59.2, 3600, 90061)] == ["0:01:00", "1:00:00", "1-01:01:01"]


def test_finish_within_is_read() -> None:
    assert PilotSettings(finish_within="2-01:30:00").finish_within_s == ((2 * 24 + 1) * 60 + 30) * 60


# The whole.


@pytest.mark.slow
def test_it_leaves_nothing_but_its_report_and_the_run_shows_both(tmp_path: Path) -> None:
    texts = ["mot " * (5 + i % 40) + (" [[invalid]]" if i % 10 == 0 else str(i)) for i in range(600)]
    texts[30:50] = [None] * 20
    data = write_documents(tmp_path / "d.parquet", texts, row_group_size=100, hospital=["H"] * 600)
    before = tree(tmp_path)
    settings = plan(
        data, tmp_path, data__carry_columns=["hospital"], pilot__rows=150, model__script={"seconds_per_step": 0.1}
    )
    said: list[str] = []
    report = run_pilot(settings, say=said.append)
    path = write_report(settings.out.dir, report)
    after = tree(tmp_path)
    assert set(after) - set(before) == OWN
    assert all(after[name] == before[name] for name in before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert "mot mot" not in path.read_text() + "".join(said) + "".join(report_lines(report))
    assert report.rows.selected == 600
    assert report.rows.blank == 20

    summary = run_here(settings.extraction())
    found = compare(read_pilot(str(path)), summary)
    assert found.why == {} or set(found.why) == {"energy"}
    for name in ("prompt_tokens", "output_tokens", "failure_rate", "record_bytes"):
        one = found.figures[name]
        # An interval of 95 % misses one run in twenty; twice its width hardly ever does.
        assert 2 * one.low - one.predicted <= one.actual <= 2 * one.high - one.predicted, (name, one)
        assert one.low <= one.predicted <= one.high
    assert found.figures["failure_rate"].actual == pytest.approx((20 + 58) / 600, abs=0.002)
    assert found.figures["documents_per_s"].actual == summary.rows_per_s
    # Another machine's load decides how fast this is; the order of size is the pilot's business.
    speed = found.figures["documents_per_s"]
    assert speed.predicted / 3 < speed.actual < speed.predicted * 3


def test_an_earlier_run_will_do(tmp_path: Path) -> None:
    data = notes(tmp_path / "d.parquet", 300)
    first = make_settings(data, tmp_path / "first", {**SMALL_TASK, "repairs": 0}, data__limit=150)
    run_here(first)
    before = tree(tmp_path)
    settings = plan(data, tmp_path, pilot__from_run=str(tmp_path / "first"))
    report = run_pilot(settings, say=quiet)
    assert tree(tmp_path) == before, "reading an earlier run writes nothing"
    assert report.pilot.rows == 150
    assert report.rows.selected == 300
    summary = run_here(settings.extraction())
    one = report.figures.prompt_tokens
    assert one.low <= summary.tokens.prompt <= one.high


def test_an_earlier_run_of_another_task_is_refused(tmp_path: Path) -> None:
    data = notes(tmp_path / "d.parquet", 60)
    run_here(make_settings(data, tmp_path / "first", {**SMALL_TASK, "repairs": 0, "instructions": "Autre chose."}))
    with pytest.raises(ConfigError, match=r"pilot.from_run.*answer differently(.|\n)*prompt"):
        run_pilot(plan(data, tmp_path, pilot__from_run=str(tmp_path / "first")), say=quiet)
    with pytest.raises(RunError, match=r"pilot.from_run: .*no run here"):
        run_pilot(plan(data, tmp_path, pilot__from_run=str(tmp_path / "nothing")), say=quiet)


def test_bad_input_is_refused_and_leaves_no_folder(tmp_path: Path) -> None:
    data = notes(tmp_path / "d.parquet", 60)
    before = tree(tmp_path)
    with pytest.raises(DataError, match="none of the 60 rows is selected"):
        run_pilot(plan(data, tmp_path, data__where="id = 'nobody'"), say=quiet)
    with pytest.raises(ConfigError, match=r"pilot.gpus: the pilot ran without a GPU"):
        run_pilot(plan(data, tmp_path, pilot__gpus=[4]), say=quiet)
    with pytest.raises(GlaneError):
        run_pilot(plan(data, tmp_path, model__script={"nonsense": 1}), say=quiet)
    assert tree(tmp_path) == before
    with pytest.raises(ConfigError, match="fewer than 20"):
        plan(data, tmp_path, pilot__rows=5)


def test_fewer_rows_than_asked_are_all_tried(tmp_path: Path) -> None:
    said: list[str] = []
    report = run_pilot(plan(notes(tmp_path / "d.parquet", 35), tmp_path, pilot__rows=500), say=said.append)
    assert report.pilot.rows == 35
    assert any("35 rows have text" in line for line in said)
    assert not report.pace.is_steady or report.pace.relative_error >= 0
    tokens = report.figures.prompt_tokens
    assert tokens.low == tokens.high, "of a census, nothing is unknown"


def test_a_pilot_whose_documents_all_fail_says_so(tmp_path: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", [f"{i} [[refuse]]" for i in range(200)])
    report = run_pilot(plan(data, tmp_path), say=quiet)
    assert report.figures.failure_rate.low > 0.9
    assert all(one is None for figures in report.by_engines.values() for _, one in figures)
    assert report.suggestion is None
    text = "\n".join(report_lines(report))
    assert "none of the documents was answered" in text
    assert "REJECTED: scripted refusal" in text
    assert PilotReport.model_validate_json(report.as_json()) == report


def test_repeated_documents_cost_nothing(tmp_path: Path) -> None:
    texts = [f"note {i % 50} " + "mot " * 20 for i in range(200)]
    settings = plan(write_documents(tmp_path / "d.parquet", texts), tmp_path)
    report = run_pilot(settings, say=quiet)
    assert report.rows.model_dump() == {"selected": 200, "blank": 0, "repeated": 150, "asked": 50}
    summary = run_here(settings.extraction())
    assert summary.flow.asked == 50
    assert report.figures.prompt_tokens.predicted == pytest.approx(summary.tokens.prompt, rel=0.02)


def test_a_killed_pilots_folder_is_cleared_by_the_next(tmp_path: Path) -> None:
    from glane.pilot.trial import private_folder

    with private_folder(tmp_path / "plan") as folder:
        name = folder.name
        left = folder.with_name(name.rpartition("-")[0] + "-1")  # this process's number, of another start
        left.mkdir()
        foreign = folder.with_name(".pilot-elsewhere-1-1")
        foreign.mkdir()
        with private_folder(tmp_path / "plan2"):
            pass
        assert folder.is_dir()
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()
    with private_folder(tmp_path / "plan"):
        assert not left.exists()
        assert foreign.exists(), "whether a pilot of another host lives cannot be known here"


def test_what_cannot_be_compared_says_why(tmp_path: Path) -> None:
    report = run_pilot(plan(notes(tmp_path / "d.parquet", 200), tmp_path), say=quiet)
    summary = Summary(
        finished="2026-01-01T00:00:00Z", flow=Flow(read=100, selected=100, OK=100),
        energy=EnergyTotal(kwh=1.0, co2_g=1.0, source="measured", workers_unknown=0, reason=None), engines=3,
        rows_per_s=1.0, seconds_working=100.0, engine_hours=1.0, gpu_hours=0.0, record_bytes=1,
        tokens=Tokens(prompt=1, output=1), shards=1, hosts=("h",), engine_deaths=0,
    )  # fmt: skip
    found = compare(report, summary)
    assert set(found.why) == {"rows", "engines", "energy"}
    assert found.figures["documents_per_s"] is None
    assert found.figures["prompt_tokens"].inside is False


def test_a_wrong_report_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"kind": "other"}')
    with pytest.raises(ConfigError, match=r"run.pilot: .*'glane pilot' is expected here"):
        read_pilot(str(tmp_path / "x.json"))
    with pytest.raises(ConfigError, match=r"run.pilot: .*is not there"):
        read_pilot(str(tmp_path / "none.json"))


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    import subprocess
    import sys

    from conftest import ROOT

    code = (
        "import sys; sys.argv = ['plan.py', '--cfg', 'job']\n"
        "import runpy; runpy.run_path('jobs/plan.py', run_name='__main__')\n"
        "heavy = {'ray', 'vllm', 'torch', 'polars', 'pyarrow', 'scipy', 'codecarbon', 'pandas'} & set(sys.modules)\n"
        "print('HEAVY', sorted(heavy))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=ROOT, check=True
    )
    assert "HEAVY []" in done.stdout
    assert "run_to_run: 0.05" in done.stdout


@pytest.mark.ray
def test_as_a_user_would(tmp_path: Path) -> None:
    data = notes(tmp_path / "d.parquet", 300)
    common = ["task=ed_visit", "model=scripted", f"data.path={data}", "model.max_num_seqs=8"]
    before = set(tree(tmp_path))
    done = job("pilot.rows=60", *common, f"out.dir={tmp_path}/plan", name="plan", cwd=tmp_path)
    assert set(tree(tmp_path)) - before == OWN
    assert "documents/s" in done.stdout
    assert "submit     cluster=slurm" in done.stdout
    ran = job(*common, f"run.dir={tmp_path}/run", f"run.pilot={tmp_path}/plan/{FILE}", "progress=plain", cwd=tmp_path)
    predicted = json.loads((tmp_path / "run" / "summary.json").read_text())["predicted"]
    assert predicted["figures"]["prompt_tokens"]["inside"]
    assert "pilot    documents_per_s" in ran.stderr
    other = job(
        "task=outbreak_report", *common[1:], f"run.dir={tmp_path}/other", f"run.pilot={tmp_path}/plan/{FILE}",
        cwd=tmp_path, check=2,
    )  # fmt: skip
    assert "answer differently" in other.stderr


@pytest.mark.slurm
@pytest.mark.ray
def test_on_slurm_the_pilot_is_a_job(site: Any) -> None:
    before = set(tree(site.folder))
    overrides = [word for word in site.overrides() if not word.startswith("run.dir=")]
    done = job(
        "cluster=slurm", "cluster.cpus_per_node=1", "pilot.rows=40", f"out.dir={site.folder}/plan", *overrides,
        name="plan", cwd=site.folder, env=site.environment,
    )  # fmt: skip
    left = set(tree(site.folder)) - before
    # What the job ran, and its log, stay in the submitter's own folder, as of any job.
    assert {name for name in left if not name.startswith("state")} == OWN
    report = read_pilot(str(site.folder / "plan" / FILE))
    assert report.pilot.rows >= 40
    assert "cluster=slurm" in done.stdout
