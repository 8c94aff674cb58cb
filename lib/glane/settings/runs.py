"""What the runs job is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field as Key
from pydantic import field_validator

from glane.settings.shapes import HomePath, one_or_many
from glane.types import Language
from glane.validation import Strict, validated


class RunsSettings(Strict):
    """What `jobs/runs.py` is told."""

    class _Out(Strict):
        dir: HomePath | None = None

    folder: tuple[str, ...] = ("runs",)  # where runs, and what was made of them, are looked for
    out: _Out = _Out()
    language: Language = "fr"  # that the pages open in
    json_output: bool = Key(default=False, alias="json")

    _listed = field_validator("folder", mode="before")(one_or_many)


def runs_settings(values: Mapping[str, Any]) -> RunsSettings:
    """Read the composed configuration of the runs job; raises `ConfigError` as `extract_settings` does."""
    return validated(RunsSettings, values, place="")
