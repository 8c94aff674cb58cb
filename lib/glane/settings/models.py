"""What the jobs that stage models, and list them, are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field as Key
from pydantic import field_validator

from glane.settings.shapes import HomePath, one_or_many
from glane.validation import Strict, validated


class Catalogue(Strict):
    """The folder of staged models."""

    dir: HomePath | None = None  # None: what the site's file says


class StageModelSettings(Strict):
    """What `jobs/stage_model.py` is told."""

    source: HomePath
    models: Catalogue = Catalogue()
    name: str | None = None  # None: that of the folder
    form: Literal["auto", "mistral", "transformers", "both"] = "auto"  # where a folder has the weights twice
    leave_out: tuple[str, ...] = ()  # patterns of paths in the folder
    remote_code: Literal["refuse", "leave_out"] = "refuse"  # of a model that names code of its own
    licence: str | None = None  # None: as the card says it

    _listed = field_validator("leave_out", mode="before")(one_or_many)


class ModelsSettings(Strict):
    """What `jobs/models.py` is told."""

    models: Catalogue = Catalogue()
    gpu_gib: tuple[float, ...] = Key(default=(24, 48, 80, 141), min_length=1)  # memory of GPUs
    verify: bool = False  # every file is read
    json_output: bool = Key(default=False, alias="json")

    @field_validator("gpu_gib", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, int | float) else value

    @field_validator("gpu_gib")
    @classmethod
    def _positive(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if min(value) <= 0:
            raise ValueError(f"memory in GiB is above 0, as gpu_gib=[24,80]; here is {min(value):g}")
        return value


def stage_model_settings(values: Mapping[str, Any]) -> StageModelSettings:
    """Read the composed configuration of the job; raises `ConfigError` as `extract_settings` does."""
    return validated(StageModelSettings, values, place="")


def models_settings(values: Mapping[str, Any]) -> ModelsSettings:
    """Read the composed configuration of the job; raises `ConfigError` as `extract_settings` does."""
    return validated(ModelsSettings, values, place="")
