"""What the job that makes a key is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glane.settings.shapes import HomePath
from glane.validation import Strict, validated


class KeysSettings(Strict):
    """What `jobs/keys.py` is told."""

    file: HomePath
    name: str


def keys_settings(values: Mapping[str, Any]) -> KeysSettings:
    """Read the composed configuration of the job; raises `ConfigError` as `extract_settings` does."""
    return validated(KeysSettings, values, place="")
