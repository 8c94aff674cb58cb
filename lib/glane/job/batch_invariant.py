"""Whether an engine can be asked for answers that do not depend on the batch, before anything is started or queued."""

from __future__ import annotations

from glane.engine.batch_invariant import why_not_here
from glane.engine.device import has_gpu
from glane.engine.registry import engine_kind
from glane.errors import ConfigError
from glane.settings import ModelSettings


def why_not_invariant(engine: str) -> str:
    """Why an engine on this machine cannot compute so; empty if it can."""
    return why_not_here() if engine_kind(engine).has_weights else "the engine has no weights"


def refuse_invariant_without_gpus(model: ModelSettings, *, num_gpus: int | None = None) -> None:
    """Refuse `model.batch_invariant` where it cannot be had.

    Args:
        model: What is told of the model.
        num_gpus: That a node of the job is asked for; None: those of this machine.

    Raises:
        ConfigError: if the engine has no weights, or there will be no GPU.
    """
    if not model.batch_invariant:
        return
    if not engine_kind(model.engine).has_weights:
        raise ConfigError(f"model.batch_invariant: the engine {model.engine} has no weights. Leave it out.")
    if not (has_gpu() if num_gpus is None else num_gpus):
        raise ConfigError(
            "model.batch_invariant: vLLM can on NVIDIA GPUs alone, and the engines are to work on CPUs. Leave it out, "
            "or ask for GPUs."
        )
