"""The forecast of a pilot for a run: the models of `pilot.json`, and how it is read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from glane.errors import ConfigError, RecordError
from glane.records import Record, read_record
from glane.run.energy_total import EnergyTotal
from glane.run.fingerprint import Fingerprint
from glane.validation import Strict


class Interval(Strict):
    """A predicted figure: the median of its draws, and an interval that holds the middle part of them."""

    predicted: float
    low: float
    high: float


class RunFigures(Strict):
    """Figures that do not depend on the number of engines."""

    prompt_tokens: Interval
    output_tokens: Interval
    failure_rate: Interval  # share of rows without values
    record_bytes: Interval | None


class EngineFigures(Strict):
    """Figures that depend on the number of engines. All are null if nothing was answered; energy also if unknown."""

    documents_per_s: Interval | None = None
    working_s: Interval | None = None
    wall_clock_s: Interval | None = None
    engine_hours: Interval | None = None
    gpu_hours: Interval | None = None
    energy_kwh: Interval | None = None
    co2_g: Interval | None = None


class Forecast(Strict):
    """The figures of a run: those for any number of engines, and those by number of engines."""

    figures: RunFigures
    by_engines: Mapping[int, EngineFigures]


class PilotRows(Strict):
    """The rows that the run will have."""

    selected: int
    blank: int
    repeated: int
    asked: int


class Failure(Strict):
    """The number of documents with one status other than OK, and their most frequent reason."""

    status: str
    documents: int
    reason: str | None


class Trial(Strict):
    """The run that the forecast is based on."""

    from_run: str | None
    rows: int
    working_s: float
    documents_per_s: float
    failures: tuple[Failure, ...]
    energy: EnergyTotal


class Assumed(Strict):
    """Assumptions about what the pilot cannot measure."""

    run_to_run: float
    shard_rows: int
    startup_s: float


class PaceFigures(Strict):
    """The throughput of one engine. Work is in tokens: output tokens, plus a quarter of the prompt tokens."""

    work_per_s: float
    relative_error: float
    degrees_of_freedom: int
    ends_s: float
    engine_start_s: float
    is_steady: bool
    num_engines: int
    gpus_per_engine: int
    engines_per_host: int


class EnergySource(Strict):
    """The source of the energy forecast; null, with the reason, if there is none."""

    source: str | None
    reason: str | None


class Suggestion(Strict):
    """The resources to ask Slurm for."""

    nodes: int
    engines: int
    wall_clock_s: Interval
    time_limit_s: int
    keeps: bool  # whether the wanted time is kept
    overrides: str


class PilotReport(Record):
    """The report of `glane plan`."""

    kind: Literal["glane pilot"] = "glane pilot"
    version: Literal[2] = 2
    made: str
    host: str
    level: float
    fingerprint: Fingerprint
    rows: PilotRows
    pilot: Trial
    assumed: Assumed
    pace: PaceFigures
    energy: EnergySource
    figures: RunFigures
    by_engines: Mapping[int, EngineFigures]
    suggestion: Suggestion | None


def read_pilot(path: str) -> PilotReport:
    """Read the report of `glane plan`.

    Raises:
        ConfigError: if there is no report, or it cannot be read.
    """
    remedy = "Give the pilot.json of glane plan."
    try:
        return read_record(PilotReport, Path(path).expanduser())
    except FileNotFoundError:
        raise ConfigError(f"run.pilot: {path} is not there. {remedy}") from None
    except RecordError as error:
        raise ConfigError(f"run.pilot: {error} {remedy}") from None


def check_same(before: Fingerprint, now: Fingerprint, *, place: str) -> None:
    """Refuse to compare a forecast with a run that has another task or model.

    Raises:
        ConfigError: naming the differences.
    """
    from glane.extraction.fingerprint import changes  # with Polars, which who only reads a forecast does not need

    if found := changes(before, now):
        lines = "\n".join(f"  {kind}: {line}" for kind, lines in found.items() for line in lines[:3])
        raise ConfigError(
            f"{place}: made for a run that would answer differently (there -> here):\n{lines}\n"
            "Run glane plan again with these settings, or leave it out."
        )
