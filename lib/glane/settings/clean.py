"""What the clean job is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field as Key

from glane.settings.shapes import ChosenRuns
from glane.validation import validated


class CleanSettings(ChosenRuns):
    """What `jobs/clean.py` is told."""

    keep_days: float = Key(default=30.0, ge=1)  # what was changed since is kept
    remove: bool = False  # else it is told only

    @property
    def places(self) -> tuple[str, ...]:
        """The directories and glob patterns to look at."""
        return self.runs or (str(self.run.dir),)


def clean_settings(values: Mapping[str, Any]) -> CleanSettings:
    """Read the composed configuration of the clean job; raises `ConfigError` as `extract_settings` does."""
    return validated(CleanSettings, values, place="")
