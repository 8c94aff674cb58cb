"""Runs in one table: how they were asked, how good they are, and what they cost."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from glane.assess.compare.record import ComparisonSummary, Cost, OverallDifference
from glane.assess.evaluate.scores import Ends, Overall
from glane.run.summary import Summary

_NOT_ASKED = ("run", "cluster", "preview", "show", "progress")  # settings that change no answer
_SHORT = 60  # letters of a setting that is told


def cost_of(summary: Summary) -> Cost:
    """What a whole run took, and that for a thousand documents read."""
    tokens, num_documents = summary.tokens, summary.flow.selected
    thousands = max(num_documents, 1) / 1000
    return Cost(
        selected=num_documents,
        prompt_tokens=tokens.prompt,
        output_tokens=tokens.output,
        seconds=summary.seconds_working,
        engine_hours=summary.engine_hours,
        gpu_hours=summary.gpu_hours,
        tokens_per_1000=round((tokens.prompt + tokens.output) / thousands, 1),
        seconds_per_1000=round(summary.seconds_working / thousands, 3),
        gpu_hours_per_1000=round(summary.gpu_hours / thousands, 5),
    )


def differing_settings(settings: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Of each run, the settings that are not the same in all of them, by dotted key.

    Where it ran, and under which name, is left out. Long texts and lists are told by a digest: they may be examples.
    """
    flat = [dict(_flat(one, "")) for one in settings]
    differing = _differing(flat)
    return [{key: _short(one.get(key)) for key in differing} for one in flat]


def differing_texts(settings: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Of each run, what its task says that not all of them say, in full, by dotted key.

    Examples are left out: they may be documents.
    """
    flat = [
        {key: value for key, value in _flat(one.get("task", {}), "task.") if "examples" not in key.split(".")}
        for one in settings
    ]
    differing = _differing(flat)
    return [{key: _full(one[key]) for key in differing if one.get(key) is not None} for one in flat]


def _differing(flat: Sequence[Mapping[str, Any]]) -> list[str]:
    """The keys whose values are not the same in all."""
    keys = dict.fromkeys(key for one in flat for key in one)
    return [key for key in keys if len({json.dumps(one.get(key)) for one in flat}) > 1]


def _flat(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if not prefix and key in _NOT_ASKED:
            continue
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _short(value: Any) -> str:
    text = _full(value)
    if len(text) <= _SHORT and not isinstance(value, list):
        return text
    return f"{len(text)} characters, {hashlib.sha256(text.encode()).hexdigest()[:6]}"


def _full(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def runs_table(summary: ComparisonSummary) -> pl.DataFrame:
    """One row per run of a comparison: quality, distance from the first run, and cost.

    Measures are null without right answers; distances are null for the first run.
    """
    against = {entry.run: entry for entry in summary.comparisons}
    rows = []
    for one in summary.runs:
        row: dict[str, Any] = {"run": one.run, "task": one.task, "model": one.model}
        row["settings"] = ", ".join(f"{key}={value}" for key, value in one.settings.items())
        row |= {"documents": summary.documents.compared, "not_usable": one.not_usable}
        row |= _quality(one.overall)
        entry = against.get(one.run)
        row |= _distance(None if entry is None else entry.overall)
        row |= _with_ends("equal_share", *((entry.equal_share, entry.equal_ci95) if entry else (None, None)))
        rows.append(row | {name: getattr(one.cost, name, None) for name in Cost.model_fields})
    schema: dict[str, Any] = dict.fromkeys(rows[0], pl.Float64)
    schema |= dict.fromkeys(("run", "task", "model", "settings"), pl.String)
    schema |= dict.fromkeys(("documents", "not_usable", "selected", "prompt_tokens", "output_tokens"), pl.Int64)
    return pl.DataFrame(rows, schema=schema)


def _quality(overall: Overall | None) -> dict[str, float | None]:
    micro = None if overall is None else overall.micro
    return {
        "precision": None if micro is None else micro.precision,
        "recall": None if micro is None else micro.recall,
        **_with_ends("f1", *((None, None) if micro is None else (micro.f1, micro.f1_ci95))),
        "macro_f1": None if overall is None else overall.macro.f1,
        **_with_ends("exact", *((None, None) if overall is None else (overall.exact, overall.exact_ci95))),
    }


def _distance(overall: OverallDifference | None) -> dict[str, float | None]:
    if overall is None:
        return {**_with_ends("f1_difference", None, None), "p": None, "p_holm": None}
    micro, test = overall.micro, overall.exact
    gain = _with_ends("f1_difference", micro.f1_difference, micro.f1_difference_ci95)
    return {**gain, "p": test.p, "p_holm": test.p_holm}


def _with_ends(name: str, value: float | None, ends: Ends) -> dict[str, float | None]:
    low, high = ends or (None, None)
    return {name: value, f"{name}_low": low, f"{name}_high": high}
