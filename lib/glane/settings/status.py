"""What the status job is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.settings.shapes import one_or_many
from glane.validation import Strict, validated


class StatusSettings(Strict):
    """What `jobs/status.py` is told."""

    class _Run(Strict):
        dir: str | None = None

    run: _Run = _Run()
    runs: tuple[str, ...] = ()  # directories and glob patterns
    watch: bool = False
    every_s: float = Key(default=2.0, gt=0)
    json_output: bool = Key(default=False, alias="json")

    _listed = field_validator("runs", mode="before")(one_or_many)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.run.dir is None) == (not self.runs):
            raise ValueError("give run.dir=… or runs='folder/*'")
        return self


def status_settings(values: Mapping[str, Any]) -> StatusSettings:
    """Read the composed configuration of the status job; raises `ConfigError` as `extract_settings` does."""
    return validated(StatusSettings, values, place="")
