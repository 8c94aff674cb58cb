"""The settings of the pilot: those of the extraction that it is about, and its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.settings.extract import ExtractSettings
from glane.settings.shapes import Count, Folder
from glane.validation import Strict, validated


class PilotSettings(Strict):
    """How many documents are tried, and what is asked of them."""

    rows: int | Literal["auto"] = "auto"  # documents; auto: 200, or as many as fill the engines' windows eight times
    engines: tuple[Count, ...] = (1, 2, 4, 8)
    gpus: tuple[Count, ...] = ()  # in place of `engines`: numbers of GPUs
    from_run: str | None = None  # an earlier run in place of a new one
    level: float = Key(default=0.9, gt=0.5, lt=1)
    run_to_run: float = Key(default=0.05, ge=0, lt=1)  # relative standard deviation of speed from run to run
    finish_within: str = Key(default="8:00:00", pattern=r"^(\d+-)?\d+:\d{2}:\d{2}$")  # what nodes are suggested for
    wait_s: float = Key(default=86400.0, ge=0)  # for the pilot's job on a cluster; the same command goes on later
    seed: int = Key(default=0, ge=0)

    @field_validator("engines", "gpus", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return () if value is None else (value,) if isinstance(value, int) else value

    @field_validator("rows")
    @classmethod
    def _enough(cls, value: int | str) -> int | str:
        if isinstance(value, int) and value < 20:
            raise ValueError("fewer than 20 documents tell nothing; at least 20, or auto")
        return value

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.engines and not self.gpus:
            raise ValueError("give engines=[1,4,8] or gpus=[8,16]")
        return self

    @property
    def finish_within_s(self) -> int:
        """As seconds."""
        days, _, rest = self.finish_within.rpartition("-")
        hours, minutes, seconds = map(int, rest.split(":"))
        return ((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + seconds


class PlanSettings(ExtractSettings):
    """Everything that `jobs/plan.py` is told."""

    pilot: PilotSettings = PilotSettings()
    out: Folder

    @model_validator(mode="after")
    def _whole_questions_are_tried(self) -> Self:
        if self.data.extend is not None:
            raise ValueError("a pilot tries whole questions, and data.extend asks a part; leave data.extend out")
        return self

    def extraction(self) -> ExtractSettings:
        """What the extraction itself would be told."""
        return ExtractSettings(**{name: getattr(self, name) for name in ExtractSettings.model_fields})


def plan_settings(values: Mapping[str, Any]) -> PlanSettings:
    """Read the composed configuration of the pilot; raises `ConfigError` as `extract_settings` does."""
    return validated(PlanSettings, values, place="")
