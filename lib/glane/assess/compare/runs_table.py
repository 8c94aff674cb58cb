"""Runs in one table: how they were asked, how good they are, and what they cost."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from glane.run.summary import Summary

COSTS = (
    "selected",
    "prompt_tokens",
    "output_tokens",
    "seconds",
    "engine_hours",
    "gpu_hours",
    "tokens_per_1000",
    "seconds_per_1000",
    "gpu_hours_per_1000",
)
_NOT_ASKED = ("run", "cluster", "preview", "show", "progress")  # settings that change no answer
_SHORT = 60  # letters of a setting that is told


def cost_of(summary: Summary) -> dict[str, float]:
    """What a whole run took, and that for a thousand documents read."""
    tokens, num_documents = summary.tokens, summary.flow.selected
    thousands = max(num_documents, 1) / 1000
    return {
        "selected": num_documents,
        "prompt_tokens": tokens.prompt,
        "output_tokens": tokens.output,
        "seconds": summary.seconds_working,
        "engine_hours": summary.engine_hours,
        "gpu_hours": summary.gpu_hours,
        "tokens_per_1000": round((tokens.prompt + tokens.output) / thousands, 1),
        "seconds_per_1000": round(summary.seconds_working / thousands, 3),
        "gpu_hours_per_1000": round(summary.gpu_hours / thousands, 5),
    }


def differing_settings(settings: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Of each run, the settings that are not the same in all of them, by dotted key.

    Where it ran, and under which name, is left out. Long texts and lists are told by a digest: they may be examples.
    """
    flat = [dict(_flat(one, "")) for one in settings]
    keys = dict.fromkeys(key for one in flat for key in one)
    differing = [key for key in keys if len({json.dumps(one.get(key)) for one in flat}) > 1]
    return [{key: _short(one.get(key)) for key in differing} for one in flat]


def _flat(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if not prefix and key in _NOT_ASKED:
            continue
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(text) <= _SHORT and not isinstance(value, list):
        return text
    return f"{len(text)} characters, {hashlib.sha256(text.encode()).hexdigest()[:6]}"


def runs_table(summary: Mapping[str, Any]) -> pl.DataFrame:
    """One row per run of a comparison (`comparison.json`): quality, distance from the first run, and cost.

    Measures are null without right answers; distances are null for the first run.
    """
    against: dict[str, Mapping[str, Any]] = {entry["run"]: entry for entry in summary["comparisons"]}
    rows = []
    for one in summary["runs"]:
        entry, overall = against.get(one["run"], {}), one.get("overall", {})
        gain = entry.get("overall", {})
        row: dict[str, Any] = {name: one[name] for name in ("run", "task", "model")}
        row["settings"] = ", ".join(f"{key}={value}" for key, value in one.get("settings", {}).items())
        row |= {"documents": summary["documents"]["compared"], "not_usable": one["not_usable"]}
        micro = overall.get("micro", {})
        row |= {"precision": micro.get("precision"), "recall": micro.get("recall")}
        row |= _with_ends("f1", micro.get("f1"), micro.get("f1_ci95"))
        row["macro_f1"] = overall.get("macro", {}).get("f1")
        row |= _with_ends("exact", overall.get("exact"), overall.get("exact_ci95"))
        difference = gain.get("micro", {})
        row |= _with_ends("f1_difference", difference.get("f1_difference"), difference.get("f1_difference_ci95"))
        row |= {name: gain.get("exact", {}).get(name) for name in ("p", "p_holm")}
        row |= _with_ends("equal_share", entry.get("equal_share"), entry.get("equal_ci95"))
        rows.append(row | {name: one["cost"].get(name) for name in COSTS})
    schema: dict[str, Any] = dict.fromkeys(rows[0], pl.Float64)
    schema |= dict.fromkeys(("run", "task", "model", "settings"), pl.String)
    schema |= dict.fromkeys(("documents", "not_usable", "selected", "prompt_tokens", "output_tokens"), pl.Int64)
    return pl.DataFrame(rows, schema=schema)


def _with_ends(name: str, value: float | None, ends: Sequence[float] | None) -> dict[str, float | None]:
    low, high = ends or (None, None)
    return {name: value, f"{name}_low": low, f"{name}_high": high}
