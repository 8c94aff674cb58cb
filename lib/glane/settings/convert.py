"""What the converting of a table is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glane.settings.shapes import HomePath
from glane.tables.options import TableOptions
from glane.validation import Strict, validated


class _Target(TableOptions):
    path: HomePath  # the new Parquet file


class ConvertSettings(Strict):
    """What `jobs/convert.py` is told."""

    source: HomePath
    data: _Target


def convert_settings(values: Mapping[str, Any]) -> ConvertSettings:
    """Read the composed configuration of the job; raises `ConfigError` as `extract_settings` does."""
    return validated(ConvertSettings, values, place="")
