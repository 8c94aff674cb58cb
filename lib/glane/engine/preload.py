"""What an engine of vLLM imports, and in which environment. Nothing here imports the rest of glane."""

from __future__ import annotations

import importlib
import os

# Nothing is fetched, nothing is reported.
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_DO_NOT_TRACK": "1",
    "DO_NOT_TRACK": "1",
    "TOKENIZERS_PARALLELISM": "false",  # one feeder thread a worker; a pool of its own would take the engine's cores
}


# What an engine comes to import while it starts, and what `VllmEngine` names: most of the seconds it takes.
_IMPORTED = (
    "vllm",
    "vllm.engine.arg_utils",
    "vllm.inputs",
    "vllm.sampling_params",
    "vllm.v1.engine.llm_engine",
    "vllm.v1.core.sched.scheduler",
    "vllm.renderers.hf",
    "vllm.lora.resolver",
    "vllm.model_executor.models.mistral",
    "vllm.model_executor.layers.quantization.compressed_tensors.utils",
    "vllm.v1.worker.cpu_worker",
    "vllm.v1.attention.backends.cpu_attn",
    "llguidance.hf",
)


def preload() -> None:
    """Import what an engine on CPU needs, and start nothing: for a process that forks engines."""
    set_environment()
    for name in _IMPORTED:
        importlib.import_module(name)


def set_environment() -> None:
    """Tell vLLM, and what it is made of, to stay offline and quiet. Some of it is read when they are imported."""
    os.environ.update(OFFLINE)
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
