"""What the job that erases documents is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import field_validator

from glane.settings.shapes import ChosenRuns, HomePath, one_or_many
from glane.validation import validated


class EraseSettings(ChosenRuns):
    """What `jobs/erase.py` is told."""

    ids: tuple[str, ...] = ()  # as they are written: to YAML, +7 and 007 are the number 7, and null is nothing
    ids_in: HomePath | None = None  # a table with more, in the column that has the ids of the run
    folder: tuple[str, ...] = ()  # where to look for what was made of the runs; none: beside them
    inputs: bool = False  # rows of the documents are emptied in Parquet of the user that the runs read, too
    signed: bool = False  # signed briefs that hold the documents are removed, too
    remove: bool = False  # else it is told only

    _listed = field_validator("folder", mode="before")(one_or_many)

    @field_validator("ids", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, int | float) else one_or_many(value)  # which is refused as no text

    @property
    def places(self) -> tuple[str, ...]:
        """The directories and glob patterns of the runs."""
        return self.runs or (str(self.run.dir),)


def erase_settings(values: Mapping[str, Any]) -> EraseSettings:
    """Read the composed configuration of the job; raises `ConfigError` as `extract_settings` does."""
    return validated(EraseSettings, values, place="")
