"""What the status job is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field as Key
from pydantic import model_validator

from glane.validation import Strict, validated


class StatusSettings(Strict):
    """What `jobs/status.py` is told."""

    class _Run(Strict):
        dir: str | None = None

    run: _Run = _Run()
    runs: tuple[str, ...] = ()
    watch: bool = False
    every_s: float = Key(default=2.0, gt=0)
    json_output: bool = Key(default=False, alias="json")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.run.dir is None) == (not self.runs):
            raise ValueError("give run.dir=… or runs=[…,…]")
        return self

    def all_runs(self) -> list[str]:
        """The directories to look at."""
        return list(self.runs) if self.runs else [str(self.run.dir)]


def status_settings(values: Mapping[str, Any]) -> StatusSettings:
    """Read the composed configuration of the status job; raises `ConfigError` as `extract_settings` does."""
    return validated(StatusSettings, values, place="")
