"""What the status job is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field as Key

from glane.settings.shapes import ChosenRuns
from glane.validation import validated


class StatusSettings(ChosenRuns):
    """What `jobs/status.py` is told."""

    watch: bool = False
    every_s: float = Key(default=2.0, gt=0)
    json_output: bool = Key(default=False, alias="json")


def status_settings(values: Mapping[str, Any]) -> StatusSettings:
    """Read the composed configuration of the status job; raises `ConfigError` as `extract_settings` does."""
    return validated(StatusSettings, values, place="")
