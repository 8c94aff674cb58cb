"""What the cascade is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.settings.shapes import Folder, HomePath, one_or_many
from glane.validation import Strict, validated


class LargeRun(Strict):
    """The run of the large model, once there is one."""

    dir: HomePath | None = None


class CascadeSettings(Strict):
    """What `jobs/cascade.py` is told."""

    small: Folder
    calibration: HomePath  # the folder that glane calibrate wrote of the small run
    out: Folder
    fields: tuple[str, ...] = Key(default=())  # that decide
    large: LargeRun = LargeRun()
    large_calibration: HomePath | None = None

    _listed = field_validator("fields", mode="before")(one_or_many)

    @model_validator(mode="after")
    def _calibrated_run(self) -> Self:
        if self.large_calibration is not None and self.large.dir is None:
            raise ValueError("large_calibration: is of the large run; give large.dir=…, too")
        return self


def cascade_settings(values: Mapping[str, Any]) -> CascadeSettings:
    """Read the composed configuration of the cascade; raises `ConfigError` as `extract_settings` does."""
    return validated(CascadeSettings, values, place="")
