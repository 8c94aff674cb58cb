"""What the screening is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.settings.shapes import AskedYes, Folder, one_or_many
from glane.validation import validated


class ScreenSettings(AskedYes):
    """What `jobs/screen.py` is told."""

    run: Folder
    out: Folder
    recall: float = Key(default=0.95, gt=0, lt=1)
    certainty: float = Key(default=0.95, ge=0.5, lt=1)
    rows: int = Key(default=100, ge=1)  # documents of a batch
    seed: int = Key(default=0, ge=0)
    corrections: tuple[str, ...] = ()
    adjudicate: tuple[str, ...] = ()
    adjudicated: str | None = None

    _listed = field_validator("corrections", "adjudicate", mode="before")(one_or_many)

    @model_validator(mode="after")
    def _readers(self) -> Self:
        if len(set(self.corrections)) < len(self.corrections):
            raise ValueError("corrections: a file is named twice")
        if self.adjudicate and (self.corrections or len(set(self.adjudicate)) < 2):
            raise ValueError("adjudicate: needs the files of two readers or more, and stands without corrections")
        if self.adjudicated is not None and len(self.corrections) < 2:
            raise ValueError("adjudicated: goes with corrections=[a.json,b.json], the files of the readers")
        return self


def screen_settings(values: Mapping[str, Any]) -> ScreenSettings:
    """Read the composed configuration of the screening; raises `ConfigError` as `extract_settings` does."""
    return validated(ScreenSettings, values, place="")
