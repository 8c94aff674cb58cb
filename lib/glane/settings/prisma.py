"""What the job of the flow of a review is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import field_validator

from glane.settings.shapes import Folder, HomePath, one_or_many
from glane.types import Language
from glane.validation import Strict, validated


class PrismaSettings(Strict):
    """What `jobs/prisma.py` is told."""

    run: Folder
    out: Folder
    sources: tuple[HomePath, ...] = ()
    source_column: str = "source"
    screening: HomePath | None = None
    full_text: HomePath | None = None
    decision: str = "decision"
    include: str = "include"
    exclude: str = "exclude"
    reason: str = "exclusion_reason"
    reviewed: HomePath | None = None
    links: HomePath | None = None
    language: Language = "fr"

    _listed = field_validator("sources", mode="before")(one_or_many)


def prisma_settings(values: Mapping[str, Any]) -> PrismaSettings:
    """Read the configuration of the job of the flow of a review; raises `ConfigError` as `extract_settings` does."""
    return validated(PrismaSettings, values, place="")
