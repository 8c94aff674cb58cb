"""What the clean job is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.settings.shapes import one_or_many
from glane.validation import Strict, validated


class CleanSettings(Strict):
    """What `jobs/clean.py` is told."""

    class _Run(Strict):
        dir: str | None = None

    run: _Run = _Run()
    runs: tuple[str, ...] = ()  # directories and glob patterns
    keep_days: float = Key(default=30.0, ge=1)  # what was changed since is kept
    remove: bool = False  # else it is told only

    _listed = field_validator("runs", mode="before")(one_or_many)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.run.dir is None) == (not self.runs):
            raise ValueError("give run.dir=… or runs='folder/*'")
        return self

    @property
    def places(self) -> tuple[str, ...]:
        """The directories and glob patterns to look at."""
        return self.runs or (str(self.run.dir),)


def clean_settings(values: Mapping[str, Any]) -> CleanSettings:
    """Read the composed configuration of the clean job; raises `ConfigError` as `extract_settings` does."""
    return validated(CleanSettings, values, place="")
