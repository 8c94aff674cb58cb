"""What the job that drafts a task is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import ConfigDict, model_validator
from pydantic import Field as Key

from glane.settings.model import ModelSettings
from glane.settings.shapes import HomePath
from glane.types import Language
from glane.validation import Strict, validated


class NewTaskSettings(Strict):
    """What `jobs/new_task.py` is told."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=(), populate_by_name=False)

    source: HomePath = Key(alias="from")  # a word of Python
    about: str
    model: ModelSettings
    out: HomePath
    language: Language = "fr"
    text_column: str = "text"
    documents: int = Key(default=3, ge=1, le=20)
    examples: int = Key(default=1, ge=0, le=5)
    most_fields: int = Key(default=12, ge=1, le=40)
    longest: int = Key(default=4000, ge=100)
    allow_toy: bool = False

    @model_validator(mode="after")
    def _examples_are_shown(self) -> Self:
        if self.examples > self.documents:
            raise ValueError(f"examples={self.examples} are more than documents={self.documents}, of which they are")
        return self


def new_task_settings(values: Mapping[str, Any]) -> NewTaskSettings:
    """Read the composed configuration of the job; raises `ConfigError` as `extract_settings` does."""
    return validated(NewTaskSettings, values, place="")
