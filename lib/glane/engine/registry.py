"""The registry of kinds of engines, by their name in `model.engine`. A new kind is added here, and nowhere else."""

from __future__ import annotations

from glane.engine import scripted, vllm
from glane.engine.protocol import Engine, EngineKind
from glane.engine.staged import staged_weights
from glane.errors import ConfigError
from glane.settings import ModelSettings
from glane.types import Toy

KINDS = {kind.name: kind for kind in (vllm.KIND, scripted.KIND)}


def engine_kind(name: str) -> EngineKind:
    """Return the kind of this name.

    Raises:
        ConfigError: if there is none.
    """
    if name not in KINDS:
        raise ConfigError(f"model.engine: there is no engine {name!r}. Valid: {', '.join(sorted(KINDS))}.")
    return KINDS[name]


def toy_of(settings: ModelSettings) -> Toy | None:
    """What is said of this model's answers: that they are random, or a demonstration. None for a real model."""
    if engine_kind(settings.engine).is_random or settings.toy_for == ():  # trained for no task
        return Toy.RANDOM
    return None if settings.toy_for is None else Toy.DEMONSTRATION


def start_engine(settings: ModelSettings, *, device: str, cpus: int, num_nodes: int = 1) -> Engine:
    """Start the engine that `settings` asks for, on `device` ("cpu" or "gpu") with `cpus` threads.

    Over several nodes, it is started in an actor of a placement group that holds their GPUs.

    Raises:
        EngineError: if it does not start.
    """
    if num_nodes == 1:  # of several, each would have to have a copy
        settings = staged_weights(settings)
    return engine_kind(settings.engine).start(settings, device=device, cpus=cpus, num_nodes=num_nodes)
