"""What the calibration is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field as Key

from glane.settings.shapes import Folder
from glane.validation import Strict, validated


class CalibrateSettings(Strict):
    """What `jobs/calibrate.py` is told."""

    run: Folder
    values: str  # the evaluation's values.parquet
    out: Folder
    alpha: float = Key(default=0.05, gt=0, lt=1)
    delta: float = Key(default=0.05, gt=0, lt=1)
    missed: float | None = Key(default=None, gt=0, lt=1)
    clusters: tuple[str, ...] = ()
    pooled: tuple[str, ...] = ()
    seed: int = Key(default=0, ge=0)


def calibrate_settings(values: Mapping[str, Any]) -> CalibrateSettings:
    """Read the composed configuration of the calibration; raises `ConfigError` as `extract_settings` does."""
    return validated(CalibrateSettings, values, place="")
