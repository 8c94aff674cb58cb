"""What the sentinels' job is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field as Key

from glane.settings.shapes import Folder
from glane.validation import Strict, validated


class SentinelsSettings(Strict):
    """What `jobs/sentinels.py` is told."""

    run: Folder
    out: Folder
    rows: int = Key(default=200, ge=10)  # of fewer, one document more or less would be drift
    positives: float = Key(default=0.5, ge=0, le=1)
    by: str | None = None
    allocation: Literal["proportional", "equal"] = "proportional"
    seed: int = Key(default=0, ge=0)
    gold: str | None = None
    tolerance: float = Key(default=0.02, ge=0, lt=1)
    alpha: float = Key(default=0.05, gt=0, lt=1)
    planned_runs: int = Key(default=260, ge=1)


def sentinels_settings(values: Mapping[str, Any]) -> SentinelsSettings:
    """Read the composed configuration of the sentinels' job; raises `ConfigError` as `extract_settings` does."""
    return validated(SentinelsSettings, values, place="")
