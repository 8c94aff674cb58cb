"""The registry of kinds of engines, by their name in `model.engine`. A new kind is added here, and nowhere else."""

from __future__ import annotations

from glane.engine import scripted, vllm
from glane.engine.protocol import Engine, EngineKind
from glane.errors import ConfigError
from glane.settings import ModelSettings

KINDS = {kind.name: kind for kind in (vllm.KIND, scripted.KIND)}


def engine_kind(name: str) -> EngineKind:
    """Return the kind of this name.

    Raises:
        ConfigError: if there is none.
    """
    if name not in KINDS:
        raise ConfigError(f"model.engine: there is no engine {name!r}. Valid: {', '.join(sorted(KINDS))}.")
    return KINDS[name]


def start_engine(settings: ModelSettings, *, device: str, cpus: int) -> Engine:
    """Start the engine that `settings` asks for, on `device` ("cpu" or "gpu") with `cpus` threads.

    Raises:
        EngineError: if it does not start.
    """
    return engine_kind(settings.engine).start(settings, device=device, cpus=cpus)
