"""What an evaluation and a comparison are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.settings.shapes import Folder, each_once, one_or_many
from glane.validation import Strict, validated


class BootstrapSettings(Strict):
    """How intervals are made."""

    samples: int = Key(default=1000, ge=0, le=100_000)  # 0: no intervals
    method: Literal["bca", "percentile"] = "bca"

    @field_validator("samples")
    @classmethod
    def _enough(cls, value: int) -> int:
        if 0 < value < 100:
            raise ValueError("fewer than 100 resamples make no interval; 0 leaves intervals out")
        return value


class _MeasuredSettings(Strict):
    """What an evaluation and a comparison have in common."""

    out: Folder
    fields: tuple[str, ...] = ()
    compare: Mapping[str, Any] = {}  # rules in place of the task's own
    weighted: bool = True
    bootstrap: BootstrapSettings = BootstrapSettings()
    seed: int = Key(default=0, ge=0)

    _listed = field_validator("fields", "by", "clusters", "runs", mode="before", check_fields=False)(one_or_many)


class EvaluateSettings(_MeasuredSettings):
    """What `jobs/evaluate.py` is told."""

    run: Folder
    gold: str | None = None
    attacks: str | None = None  # documents that `jobs/plant.py` wrote
    spans: str | None = None
    by: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.gold is None and self.attacks is None:
            raise ValueError(
                "gold: missing. Give gold=… (right answers), attacks=… (the documents of glane plant), or both"
            )
        if self.gold is None and (given := [name for name in ("spans", "by", "fields") if getattr(self, name)]):
            raise ValueError(f"{given[0]}: is of the comparison with right answers; give gold=…, or leave it out")
        return self


def evaluate_settings(values: Mapping[str, Any]) -> EvaluateSettings:
    """Read the composed configuration of the evaluation; raises `ConfigError` as `extract_settings` does."""
    return validated(EvaluateSettings, values, place="")


class CompareSettings(_MeasuredSettings):
    """What `jobs/compare.py` is told."""

    runs: tuple[str, ...] = Key(min_length=1)  # directories and glob patterns
    gold: str | None = None
    clusters: tuple[str, ...] = ()

    _once = field_validator("runs")(each_once)


def compare_settings(values: Mapping[str, Any]) -> CompareSettings:
    """Read the composed configuration of the comparison; raises `ConfigError` as `extract_settings` does."""
    return validated(CompareSettings, values, place="")
