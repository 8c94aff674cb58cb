"""What the job that follows a sentence of a brief back is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glane.settings.shapes import Folder, HomePath
from glane.validation import Strict, validated


class TraceSettings(Strict):
    """What `jobs/trace.py` is told."""

    brief: Folder
    id: str
    out: HomePath | None = None  # a JSON file


def trace_settings(values: Mapping[str, Any]) -> TraceSettings:
    """Read the composed configuration of the job; raises `ConfigError` as `extract_settings` does."""
    return validated(TraceSettings, values, place="")
