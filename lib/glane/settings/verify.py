"""What the job that takes every digest of a run again is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import field_validator

from glane.settings.shapes import Folder, HomePath, one_or_many
from glane.validation import Strict, validated


class VerifySettings(Strict):
    """What `jobs/verify.py` is told."""

    run: Folder
    folder: tuple[str, ...] = ()  # where to look for what was made of it; none: beside the run
    out: HomePath | None = None  # a JSON file

    _listed = field_validator("folder", mode="before")(one_or_many)


def verify_settings(values: Mapping[str, Any]) -> VerifySettings:
    """Read the composed configuration of the job; raises `ConfigError` as `extract_settings` does."""
    return validated(VerifySettings, values, place="")
