"""What the screening is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field as Key

from glane.settings.shapes import AskedYes, Folder, ReadersFiles
from glane.validation import validated


class ScreenSettings(AskedYes, ReadersFiles):
    """What `jobs/screen.py` is told."""

    run: Folder
    out: Folder
    recall: float = Key(default=0.95, gt=0, lt=1)
    certainty: float = Key(default=0.95, ge=0.5, lt=1)
    rows: int = Key(default=100, ge=1)  # documents of a batch
    seed: int = Key(default=0, ge=0)


def screen_settings(values: Mapping[str, Any]) -> ScreenSettings:
    """Read the composed configuration of the screening; raises `ConfigError` as `extract_settings` does."""
    return validated(ScreenSettings, values, place="")
