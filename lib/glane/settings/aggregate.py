"""What the surveillance tables are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import model_validator

from glane.settings.estimate import RunFolders
from glane.settings.shapes import Folder, HomePath
from glane.settings.table import TableDefinition
from glane.validation import Strict, validated


class AggregateSettings(Strict):
    """What `jobs/aggregate.py` is told."""

    table: TableDefinition
    run: RunFolders
    gold: str | None = None
    error_rates: HomePath | None = None
    weight: str | None = None
    inclusion_probability: str | None = None
    linelist: bool = False  # a row for each document or person, too: personal data
    out: Folder

    @model_validator(mode="after")
    def _one_review(self) -> Self:
        if self.gold is not None and self.error_rates is not None:
            raise ValueError("give gold=… or error_rates=…, or none of both: the model's counts alone")
        if self.weight is not None and self.inclusion_probability is not None:
            raise ValueError("give weight=… or inclusion_probability=…, not both")
        return self


def aggregate_settings(values: Mapping[str, Any]) -> AggregateSettings:
    """Read the composed configuration of the tables; raises `ConfigError` as `extract_settings` does."""
    return validated(AggregateSettings, values, place="")
