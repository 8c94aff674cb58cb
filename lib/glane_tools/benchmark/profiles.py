"""Profiles of a step, one for each way in which glane asks with all its defaults."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from glane.errors import EngineError
from glane_tools.benchmark.measure import last_line, wait
from glane_tools.benchmark.settings import BenchmarkSettings
from glane_tools.benchmark.step_profile import METHOD, Profile, write_profile
from glane_tools.benchmark.work import Work

_WAYS: Mapping[str, Mapping[str, Any]] = {
    "glane_default": {}, "glane_asked": {"forced_tokens": False}, "glane_drafted": {"quote_drafts": True},
}  # fmt: skip


def profiles(settings: BenchmarkSettings, task: Mapping[str, Any], work: Work, folder: Path) -> dict[str, Any]:
    """Profile the contenders that were chosen, each in a process of its own; empty if `settings.profile` is 0.

    Raises:
        EngineError: if glane's engine fails, with the last line that it said.
    """
    found: dict[str, Any] = {}
    for name, changes in _WAYS.items():
        if settings.profile and name in settings.contenders:
            found[name] = _profiled(settings, {**settings.model.model_dump(), **changes}, task, work, folder / name)
    return {"method": METHOD, **found} if found else {}


def _profiled(
    settings: BenchmarkSettings, model: Mapping[str, Any], task: Mapping[str, Any], work: Work, folder: Path
) -> dict[str, Any]:
    folder.mkdir(parents=True)
    told, log = folder / "found.json", folder / "log.txt"
    profile = Profile(
        documents=work.documents, text_column=work.text_column, num_documents=settings.profile, task=dict(task),
        model=dict(model), device=work.device, cpus=work.cpus, found=str(told),
    )  # fmt: skip
    write_profile(profile, folder / "profile.json")
    command = [sys.executable, "-m", "glane_tools.benchmark.step_profile", str(folder / "profile.json")]
    code, _ = wait(command, dict(os.environ), log, settings.timeout_s)
    if code != 0:
        why = f"not done after {settings.timeout_s:.0f} s" if code is None else last_line(log)
        raise EngineError(f"the profile of a step failed: {why}")
    found: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))
    return found


def profile_lines(found: Mapping[str, Any]) -> Sequence[str]:
    """The profiles as tables in Markdown; none without profiles."""
    ways = {name: one for name, one in found.items() if name != "method"}
    if not ways:
        return []
    lines = [
        "", "Tokens of answers (shares of the output), and tokens for each document.", "",
        "| asked as | documents | valid | in quotes | forced | other | prompt tokens | output tokens |",
        "| --- | --: | --: | --: | --: | --: | --: | --: |",
    ]  # fmt: skip
    for name, one in ways.items():
        mix = one["tokens"]
        shown = [f"{100 * mix[part]:.0f} %" for part in ("in_quotes", "forced", "other")]
        shown += [f"{mix[f'{kind}_tokens_per_document']:.0f}" for kind in ("prompt", "output")]
        lines.append(f"| `{name}` | {one['documents']} | {one['valid']} | {' | '.join(shown)} |")
    timed = {name: one for name, one in ways.items() if one.get("share_of_step")}
    if timed:
        parts = list(dict.fromkeys(part for one in timed.values() for part in one["share_of_step"]))
        shown_parts = " | ".join(part.replace("_", " ") for part in parts)
        lines += [
            "", f"Shares of a step. Measured by {found['method']}.", "",
            f"| asked as | steps | steps of a document | ms a step | {shown_parts} | mean TPOT, ms |",
            f"| --- | --: | --: | --: | {'--: | ' * len(parts)}--: |",
        ]  # fmt: skip
        for name, one in timed.items():
            cells = [f"{100 * one['share_of_step'].get(part, 0):.0f} %" for part in parts]
            tpot = f"{one['mean_tpot_ms']:.1f}" if "mean_tpot_ms" in one else "-"
            steps = f"{one['steps_of_engine']} | {one['steps_per_document']:.1f}"
            lines.append(f"| `{name}` | {steps} | {one['ms_per_step']:.1f} | {' | '.join(cells)} | {tpot} |")
    return lines
