"""The report of a pilot, as JSON and as text for a terminal."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from glane.assess.files import write_folder
from glane.corpus.plan import read_plan, shard_size
from glane.errors import ConfigError
from glane.extraction import forecast
from glane.extraction.fingerprint import answering
from glane.extraction.forecast import Assumed, EnergySource, Interval, PaceFigures, PilotReport, PilotRows
from glane.extraction.results import open_run
from glane.extraction.worker import REMEMBERED_TOKENS
from glane.parquet import read_parquet
from glane.pilot.frame import Frame, strata_of
from glane.pilot.pace import Pace, read_pace
from glane.pilot.predict import Assumptions, Population, predict
from glane.pilot.records import failures, observed, power_of_engines, size_of_records
from glane.pilot.suggest import engines_of_nodes, suggest, time_limit
from glane.pilot.trial import Trial
from glane.run.directory import RunDirectory
from glane.run.summary import Summary, read_summary
from glane.settings import ExtractSettings, PilotSettings, PlanSettings
from glane.storage import listed

FILE = "pilot.json"
_MOST_ROWS_USED = 20_000  # rows of an earlier run that are used at most


def make_report(settings: PlanSettings, extraction: ExtractSettings, frame: Frame, trial: Trial) -> PilotReport:
    """Make the report: predict the run over all rows of `frame` from a trial.

    Raises:
        ConfigError: if predictions are wanted for a number of GPUs that no number of engines uses.
    """
    pilot, run = settings.pilot, open_run(trial.run.root)
    rows, chars = run.all().collect(), trial.chars
    if trial.model.ask_duplicates:
        rows = rows.with_columns(duplicate=pl.lit(False))  # each cost its own answer
    pace = read_pace(trial.run, rows, read_plan(trial.run.plan).shard_rows.tolist(), window=trial.model.window_size)
    counts = _engine_counts(pilot, pace)
    if len(rows) > _MOST_ROWS_USED:
        places = np.sort(np.random.default_rng(pilot.seed).permutation(len(rows))[:_MOST_ROWS_USED])
        rows, chars = rows[places], chars[places]
    strata = strata_of(chars)
    seen = observed(rows, chars, strata)
    own = seen.output_tokens[~seen.is_repeated]
    remembered = REMEMBERED_TOKENS / max(float(own.mean()) if len(own) else 0.0, 1.0)
    is_asked = frame.is_asked(0.0 if trial.model.ask_duplicates else remembered)
    stratum = strata.of(frame.chars[is_asked])
    asked = np.bincount(stratum, minlength=strata.count)
    sums = np.bincount(stratum, weights=frame.chars[is_asked], minlength=strata.count)
    population = Population(
        num_rows=frame.num_rows, num_blank=int(frame.is_blank.sum()), asked=asked,
        mean_chars=np.divide(sums, asked, out=np.zeros(strata.count), where=asked > 0),
    )  # fmt: skip
    power, energy = power_of_engines(trial.run)
    startup_s = pace.engine_start_s if trial.startup_s is None else trial.startup_s
    assumed = Assumptions(
        level=pilot.level, run_to_run=pilot.run_to_run, startup_s=startup_s + frame.read_s,
        shard_rows=shard_size(frame.num_rows, extraction.run.shard_rows),
    )  # fmt: skip
    found = predict(
        population, seen, pace, assumed, power=power, seed=pilot.seed,
        engines=sorted({*counts, *engines_of_nodes(extraction, pace).values()}),
        size=size_of_records(_records(trial.run).slice(0, _MOST_ROWS_USED), seed=pilot.seed),
    )  # fmt: skip
    summary = read_summary(trial.run, Summary)
    path = Path(settings.out.dir) / FILE
    suggestion = suggest(
        found.by_engines, extraction, pace, finish_within_s=pilot.finish_within_s, report_path=str(path)
    )
    shown = sorted({*counts, *([suggestion.engines] if suggestion else [])})
    return PilotReport(
        made=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        host=socket.gethostname(),
        level=pilot.level,
        fingerprint=answering(run.description().fingerprint),
        rows=PilotRows(
            selected=frame.num_rows,
            blank=population.num_blank,
            repeated=frame.num_rows - population.num_blank - population.num_asked,
            asked=population.num_asked,
        ),
        pilot=forecast.Trial(
            from_run=pilot.from_run,
            rows=len(rows),
            working_s=summary.seconds_working,
            documents_per_s=summary.rows_per_s,
            failures=failures(rows),
            energy=energy,
        ),
        assumed=Assumed(run_to_run=pilot.run_to_run, shard_rows=assumed.shard_rows, startup_s=assumed.startup_s),
        pace=PaceFigures(**{name: getattr(pace, name) for name in Pace.__slots__}),
        energy=EnergySource(source=power.source if power else None, reason=energy.reason),
        figures=found.figures,
        by_engines={count: found.by_engines[count] for count in shown},
        suggestion=suggestion,
    )


def _records(run: RunDirectory) -> pa.Table:
    return pa.concat_tables([read_parquet(path) for path in listed(run.records, "*.parquet")])


def _engine_counts(pilot: PilotSettings, pace: Pace) -> list[int]:
    """The numbers of engines in the settings, and the pilot's own."""
    counts = set(pilot.engines)
    if pilot.gpus:
        per_engine = pace.gpus_per_engine
        if not per_engine:
            raise ConfigError("pilot.gpus: the pilot ran without a GPU. Give pilot.engines, or pilot on a GPU node.")
        for gpus in pilot.gpus:
            if gpus % per_engine:
                raise ConfigError(f"pilot.gpus: {gpus} is no multiple of the {per_engine} GPU(s) that one engine has.")
        counts = {gpus // per_engine for gpus in pilot.gpus}
    return sorted(counts | {pace.num_engines})


def write_report(folder: str, report: PilotReport) -> Path:
    """Write the report into `folder`, readable by its owner only; return its path.

    Raises:
        RunError: if the file system refuses.
    """
    write_folder(folder, {FILE: report.as_json()})
    return Path(folder) / FILE


_NAMES = {
    "documents_per_s": ("documents/s", "{:.4g}"),
    "wall_clock_s": ("wall clock", "time"),
    "gpu_hours": ("GPU-hours", "{:.4g}"),
    "engine_hours": ("engine-hours", "{:.4g}"),
    "energy_kwh": ("energy, kWh", "{:.3g}"),
    "co2_g": ("CO2, g", "{:.3g}"),
    "prompt_tokens": ("prompt tokens", "{:,.0f}"),
    "output_tokens": ("output tokens", "{:,.0f}"),
    "failure_rate": ("rows without values", "{:.2%}"),
    "record_bytes": ("records, MB", "MB"),
}


def report_lines(report: PilotReport) -> list[str]:
    """The report as text: the trial, the forecast, and the overrides to paste."""
    rows, tried, pace = report.rows, report.pilot, report.pace
    lines = [
        f"tried      {tried.rows} documents in {tried.working_s} s with {pace.num_engines} engine(s)"
        + (f", the run {tried.from_run}" if tried.from_run else ""),
        f"expected   of {rows.selected} rows, {rows.blank} of them blank and {rows.repeated} repeated; "
        f"with {report.level:.0%} intervals",
    ]
    lines += [_line(name, one) for name, one in report.figures if one is not None]
    for count, figures in report.by_engines.items():
        gpus = count * pace.gpus_per_engine
        nodes = -(-count // pace.engines_per_host)
        lines.append(f"  {count} engine(s)" + (f", {gpus} GPU(s)" if gpus else "") + f", on {nodes} node(s) like this")
        left_out = "engine_hours" if gpus else "gpu_hours"
        lines += [
            _line(name, one, indent=4)
            for name, one in figures
            if one is not None and name not in ("working_s", left_out)
        ]
        if report.energy.source and figures.working_s is not None and figures.energy_kwh is None:
            lines.append(f"    {_NAMES['energy_kwh'][0]:<20}{'unknown':>14}   (over before its meter begins)")
    return lines + _remarks(report)


def _remarks(report: PilotReport) -> list[str]:
    lines = [
        f"failed     {entry.documents} {entry.status}" + (f": {entry.reason}" if entry.reason else "")
        for entry in report.pilot.failures
    ]
    pace, energy, suggestion = report.pace, report.energy, report.suggestion
    if not pace.work_per_s:
        lines.append("no speed   none of the documents was answered: mend that first")
    elif not pace.is_steady:
        lines.append("careful    the engines' windows were not full for long: a larger pilot.rows tells speed better")
    lines.append(f"energy     {energy.source or 'unknown'}" + (f" ({energy.reason})" if energy.reason else ""))
    if suggestion is not None:
        if not suggestion.keeps:
            lines.append(f"too slow   {suggestion.nodes} nodes do not keep to pilot.finish_within either")
        lines.append(f"submit     {suggestion.overrides}")
    return lines


def _line(name: str, one: Interval, *, indent: int = 2) -> str:
    title, form = _NAMES[name]
    predicted, low, high = (_shown(value, form) for value in (one.predicted, one.low, one.high))
    return f"{' ' * indent}{title:<{24 - indent}}{predicted:>14}   ({low} to {high})"


def _shown(value: float, form: str) -> str:
    if form == "time":
        return time_limit(value)
    return f"{value / 1e6:.3g}" if form == "MB" else form.format(value)
