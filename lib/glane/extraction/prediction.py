"""Compares the figures that a pilot predicted with those of the run."""

from __future__ import annotations

from collections.abc import Mapping

from glane.extraction.forecast import EngineFigures, Interval, PilotReport
from glane.run.summary import Summary
from glane.types import Status
from glane.validation import Strict

_BY_ENGINES = ("documents_per_s", "working_s", "engine_hours", "gpu_hours", "energy_kwh", "co2_g")
_ALWAYS = ("prompt_tokens", "output_tokens", "failure_rate", "record_bytes")


class ComparedFigure(Strict):
    """A predicted figure and the actual one."""

    predicted: float
    low: float
    high: float
    actual: float
    inside: bool


class Predicted(Strict):
    """Predicted and actual values by figure. A figure that cannot be compared is null; `why` gives the reason."""

    level: float
    engines: int
    figures: Mapping[str, ComparedFigure | None]
    why: Mapping[str, str]


def compare(report: PilotReport, summary: Summary) -> Predicted:
    """Compare the figures of a complete run with those of its pilot."""
    flow, energy = summary.flow, summary.energy
    why: dict[str, str] = {}
    if flow.selected != report.rows.selected:
        why["rows"] = f"the pilot was of {report.rows.selected} selected rows, the run of {flow.selected}"
    speeds = report.by_engines.get(summary.engines)
    if speeds is None:
        told = ", ".join(map(str, report.by_engines))
        why["engines"] = (
            f"the run had {summary.engines} engine(s) at once; the pilot predicted for {told} (pilot.engines)"
        )
    actual = {
        "documents_per_s": summary.rows_per_s,
        "working_s": summary.seconds_working,
        "engine_hours": summary.engine_hours,
        "gpu_hours": summary.gpu_hours or None,  # without a GPU there is nothing to compare
        "energy_kwh": energy.kwh,
        "co2_g": energy.co2_g,
        "prompt_tokens": summary.tokens.prompt,
        "output_tokens": summary.tokens.output,
        "failure_rate": 1 - flow.of(Status.OK) / flow.selected,
        "record_bytes": summary.record_bytes,
    }
    if energy.source != report.energy.source:
        why["energy"] = f"{report.energy.source} in the pilot, {energy.source} in the run"
        actual |= {"energy_kwh": None, "co2_g": None}
    predicted: dict[str, Interval | None] = {name: getattr(report.figures, name) for name in _ALWAYS}
    predicted |= {name: getattr(speeds or EngineFigures(), name) for name in _BY_ENGINES}
    return Predicted(
        level=report.level,
        engines=summary.engines,
        figures={name: _one(predicted[name], actual[name]) for name in (*_BY_ENGINES, *_ALWAYS)},
        why=why,
    )


def _one(predicted: Interval | None, actual: float | None) -> ComparedFigure | None:
    if predicted is None or actual is None:
        return None
    slack = 1e-9 * abs(actual)  # a pilot of all rows gives a point: allow for rounding
    is_inside = predicted.low - slack <= actual <= predicted.high + slack
    return ComparedFigure(**predicted.model_dump(), actual=actual, inside=is_inside)


def comparison_lines(found: Predicted) -> list[str]:
    """The comparison as text, one line per figure."""
    lines = [
        f"pilot    {name} {one.actual:.6g}; predicted {one.predicted:.6g} ({one.low:.6g} to "
        f"{one.high:.6g}), {'inside' if one.inside else 'OUTSIDE'}"
        for name, one in found.figures.items()
        if one is not None
    ]
    return lines + [f"pilot    not compared: {reason}" for reason in found.why.values()]
