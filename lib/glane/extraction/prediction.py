"""What a pilot predicted of a run, against what it came to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glane.errors import ConfigError
from glane.extraction.fingerprint import changes
from glane.types import Status

KIND = "glane pilot 1"  # what a report says that it is
_BY_ENGINES = ("documents_per_s", "working_s", "engine_hours", "gpu_hours", "energy_kwh", "co2_g")
_ALWAYS = ("prompt_tokens", "output_tokens", "failure_rate", "record_bytes")


def read_pilot(path: str) -> dict[str, Any]:
    """Read the report of `jobs/plan.py`.

    Raises:
        ConfigError: if there is none.
    """
    try:
        report = json.loads(Path(path).expanduser().read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "no JSON"
        raise ConfigError(f"run.pilot: {path} cannot be read ({why}). Give the pilot.json of jobs/plan.py.") from None
    if not isinstance(report, dict) or report.get("kind") != KIND:
        raise ConfigError(f"run.pilot: {path} is no report of a pilot. Give the pilot.json of jobs/plan.py.")
    return report


def check_same(report: Mapping[str, Any], fingerprint: Mapping[str, Any], *, place: str) -> None:
    """Refuse to set a report against a run that asks something else, or asks another model.

    Raises:
        ConfigError: saying what differs.
    """
    if found := changes(report["fingerprint"], fingerprint):
        lines = "\n".join(f"  {kind}: {line}" for kind, lines in found.items() for line in lines[:3])
        raise ConfigError(
            f"{place}: made for a run that would answer differently (there -> here):\n{lines}\n"
            "Run jobs/plan.py again with these settings, or leave it out."
        )


def compare(report: Mapping[str, Any], summary: Mapping[str, Any]) -> dict[str, Any]:
    """Per figure `predicted`, `low`, `high`, `actual`, `inside`. What cannot be compared is null, and `why` says it."""
    flow, energy = summary["flow"], summary["energy"]
    why: dict[str, str] = {}
    if flow["selected"] != report["rows"]["selected"]:
        why["rows"] = f"the pilot was of {report['rows']['selected']} selected rows, the run of {flow['selected']}"
    engines = str(summary["engines"])
    speeds = report["by_engines"].get(engines)
    if speeds is None:
        told = ", ".join(report["by_engines"])
        why["engines"] = f"the run had {engines} engine(s) at once; the pilot predicted for {told} (pilot.engines)"
    actual = {
        "documents_per_s": summary["rows_per_s"],
        "working_s": summary["seconds_working"],
        "engine_hours": summary["engine_hours"],
        "gpu_hours": summary["gpu_hours"] or None,  # without a GPU there is nothing to compare
        "energy_kwh": energy["kwh"],
        "co2_g": energy["co2_g"],
        "prompt_tokens": summary["tokens"]["prompt"],
        "output_tokens": summary["tokens"]["output"],
        "failure_rate": 1 - flow[str(Status.OK)] / flow["selected"],
        "record_bytes": summary["record_bytes"],
    }
    if energy["source"] != report["energy"]["source"]:
        why["energy"] = f"{report['energy']['source']} in the pilot, {energy['source']} in the run"
        actual |= {"energy_kwh": None, "co2_g": None}
    predicted = {name: report["figures"][name] for name in _ALWAYS}
    predicted |= {name: (speeds or {}).get(name) for name in _BY_ENGINES}
    return {
        "level": report["level"],
        "engines": summary["engines"],
        "figures": {name: _one(predicted[name], actual[name]) for name in (*_BY_ENGINES, *_ALWAYS)},
        "why": why,
    }


def _one(predicted: Mapping[str, float] | None, actual: float | None) -> dict[str, Any] | None:
    if predicted is None or actual is None:
        return None
    slack = 1e-9 * abs(actual)  # of a whole census the interval is a point, and rounding is no error
    is_inside = predicted["low"] - slack <= actual <= predicted["high"] + slack
    return {**predicted, "actual": actual, "inside": is_inside}


def comparison_lines(found: Mapping[str, Any]) -> list[str]:
    """The comparison in words, a line per figure."""
    lines = [
        f"pilot    {name} {one['actual']:.6g}; predicted {one['predicted']:.6g} ({one['low']:.6g} to "
        f"{one['high']:.6g}), {'inside' if one['inside'] else 'OUTSIDE'}"
        for name, one in found["figures"].items()
        if one is not None
    ]
    return lines + [f"pilot    not compared: {reason}" for reason in found["why"].values()]
