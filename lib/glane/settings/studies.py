"""What the job of evidence tables is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import field_validator

from glane.settings.shapes import Folder, HomePath, one_or_many
from glane.types import Language
from glane.validation import Strict, validated

CountsAs = Literal["RR", "OR", "RD"]


class StudiesSettings(Strict):
    """What `jobs/studies.py` is told."""

    run: Folder
    out: Folder
    list: str = "effects"
    counts_as: CountsAs = "RR"
    links: HomePath | None = None
    decisions: HomePath | None = None
    bias: tuple[HomePath, ...] = ()
    language: Language = "fr"

    _listed = field_validator("bias", mode="before")(one_or_many)


def studies_settings(values: Mapping[str, Any]) -> StudiesSettings:
    """Read the configuration of the job of evidence tables; raises `ConfigError` as `extract_settings` does."""
    return validated(StudiesSettings, values, place="")
