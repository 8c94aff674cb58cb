"""What the job that plants attacks is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field as Key
from pydantic import field_validator

from glane.settings.shapes import Folder, one_or_many
from glane.validation import Strict, validated


class PlantSettings(Strict):
    """What `jobs/plant.py` is told."""

    run: Folder
    out: Folder
    rows: int = Key(default=100, ge=1)
    each: int = Key(default=2, ge=1, le=100)
    fields: tuple[str, ...] = ()
    gold: str | None = None
    seed: int = Key(default=0, ge=0)

    _listed = field_validator("fields", mode="before")(one_or_many)


def plant_settings(values: Mapping[str, Any]) -> PlantSettings:
    """Read the composed configuration of the job; raises `ConfigError` as `extract_settings` does."""
    return validated(PlantSettings, values, place="")
