"""Answers that do not depend on which other documents are in a batch: vLLM's own kernels for it, and where it has them.

vLLM is told by an environment variable, before it is imported, as its kernels read it then.
"""

from __future__ import annotations

import os

from glane.engine.device import least_capability
from glane.errors import EngineError
from glane.settings.model import ModelSettings

VARIABLE = "VLLM_BATCH_INVARIANT"
_LEAST_CAPABILITY = 8.0  # of NVIDIA's GPUs: what the kernels of vLLM 0.32 are written for


def why_not_here() -> str:
    """Why vLLM cannot compute so on this machine; empty if it can."""
    capability = least_capability()
    if capability is None:
        return "vLLM can on NVIDIA GPUs alone, and there is none here"
    if capability < _LEAST_CAPABILITY:
        return f"vLLM needs a GPU of compute capability {_LEAST_CAPABILITY}, and here it is {capability}"
    return ""


def set_invariant(model: ModelSettings, *, device: str) -> None:
    """Tell vLLM, in this process, before it is imported, whether to compute so; what the shell says does not count.

    Raises:
        EngineError: if it is to, and cannot here.
    """
    if not model.batch_invariant:
        os.environ.pop(VARIABLE, None)
        return
    why_not = "the engine works on a CPU" if device == "cpu" else why_not_here()
    if why_not:
        raise EngineError(f"model.batch_invariant: {why_not}. Leave it out, or choose other nodes.")
    os.environ[VARIABLE] = "1"
