"""The registry of kinds of engines, by their name in `model.engine`. A new kind is added here, and nowhere else."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from glane.engine import scripted, vllm
from glane.engine.first_start import first_start
from glane.engine.protocol import Embedder, Engine, EngineKind, StartEmbedder
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


def start_engine(
    settings: ModelSettings, *, device: str, cpus: int, num_nodes: int = 1, within_s: float = 0.0
) -> Engine:
    """Start the engine that `settings` asks for, on `device` ("cpu" or "gpu") with `cpus` threads.

    Over several nodes, it is started in an actor of a placement group that holds their GPUs. On GPUs, the first on a
    node starts alone, and the others wait for that, at most a quarter of the `within_s` seconds that a start may take.

    Raises:
        EngineError: if it does not start.
    """
    with _alone(settings, device=device, num_nodes=num_nodes, within_s=within_s) as staged:
        return engine_kind(staged.engine).start(staged, device=device, cpus=cpus, num_nodes=num_nodes)


def start_embedder(
    settings: ModelSettings, *, device: str, cpus: int, num_nodes: int = 1, within_s: float = 0.0
) -> Embedder:
    """Start the engine that `settings` asks for as one that makes vectors of texts; as `start_engine` does."""
    start = embedder_of(settings)
    with _alone(settings, device=device, num_nodes=num_nodes, within_s=within_s) as staged:
        return start(staged, device=device, cpus=cpus, num_nodes=num_nodes)


def embedder_of(settings: ModelSettings) -> StartEmbedder:
    """What starts an engine of this kind as one that makes vectors.

    Raises:
        ConfigError: if it makes none.
    """
    kind = engine_kind(settings.engine)
    if kind.start_embedder is None:
        valid = sorted(name for name, one in KINDS.items() if one.start_embedder is not None)
        raise ConfigError(f"model.engine: {kind.name!r} makes no vectors. Valid: {', '.join(valid)}.")
    return kind.start_embedder


@contextlib.contextmanager
def _alone(settings: ModelSettings, *, device: str, num_nodes: int, within_s: float) -> Iterator[ModelSettings]:
    """The settings of an engine with weights that are at hand. While it lasts, no other one starts on this node."""
    if num_nodes == 1:  # of several, each would have to have a copy
        settings = staged_weights(settings)
    compiles = device == "gpu" and num_nodes == 1 and engine_kind(settings.engine).has_weights
    with first_start(settings, wait_s=within_s / 4) if compiles and within_s else contextlib.nullcontext():
        yield settings
