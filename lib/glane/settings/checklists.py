"""What the checklists job is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from pydantic import Field, field_validator

from glane.settings.shapes import HomePath, one_or_many
from glane.types import Language
from glane.validation import Strict, validated

ChecklistName = Literal["stard", "record", "tripod_llm", "aipd", "register", "flows", "model_card", "data_sheet"]


class ChecklistsSettings(Strict):
    """What `jobs/checklists.py` is told."""

    class _Run(Strict):
        dir: HomePath

    class _Out(Strict):
        dir: HomePath

    run: _Run
    out: _Out
    made: tuple[HomePath, ...] = ()  # where evaluations and reviews of the run are looked for; none: beside it
    which: tuple[ChecklistName, ...] = Field(default=get_args(ChecklistName), min_length=1)
    language: Language = "fr"  # that the page opens in, and of the tables

    _listed = field_validator("made", "which", mode="before")(one_or_many)


def checklists_settings(values: Mapping[str, Any]) -> ChecklistsSettings:
    """Read the composed configuration of the checklists job; raises `ConfigError` as `extract_settings` does."""
    return validated(ChecklistsSettings, values, place="")
