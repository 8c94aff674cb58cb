"""The version of the engine, for the fingerprint."""

from __future__ import annotations

from glane.engine.registry import engine_kind
from glane.settings import ModelSettings


def engine_version(model: ModelSettings) -> str:
    """The version of the engine that these settings name."""
    return engine_kind(model.engine).version()
