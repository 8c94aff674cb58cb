"""What the job that extracts documents of a run again is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field as Key
from pydantic import field_validator

from glane.settings.shapes import Folder, HomePath
from glane.validation import Strict, validated


class ReplaySettings(Strict):
    """What `jobs/replay.py` is told."""

    run: Folder
    rows: int = Key(default=50, ge=1)  # documents, or groups, of the sample
    seed: int = Key(default=0, ge=0)
    batch_invariant: Literal["auto", "off"] = "auto"
    out: HomePath | None = None  # a JSON file

    @field_validator("batch_invariant", mode="before")
    @classmethod
    def _yaml_reads_off_as_a_boolean(cls, value: Any) -> Any:
        return "off" if value is False else value


def replay_settings(values: Mapping[str, Any]) -> ReplaySettings:
    """Read the composed configuration of the job; raises `ConfigError` as `extract_settings` does."""
    return validated(ReplaySettings, values, place="")
