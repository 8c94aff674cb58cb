"""All private names of vLLM that glane uses. They may change with any version.

Shared grammars (grammars.py) need the names below. They also depend on this:
- `SchedulerConfig.scheduler_cls` may name a function, which is called with the arguments of a scheduler;
- `StructuredOutputManager.backend` is made at the first request unless it is there;
- `GuidanceBackend` has the fields `tokenizer`, `ll_tokenizer`, `vocab_size`, `disable_any_whitespace` and
  `disable_additional_properties`, and `GuidanceGrammar` has `ll_matcher`, `ll_tokenizer` and `vocab_size`;
- `SamplingParams.verify` takes four arguments, and sets `structured_outputs._backend`.

With model.shared_grammars=false none of this is imported. To try a new version, run the tests marked `engine`, and
add it to TRIED.
"""

from __future__ import annotations

import importlib
from typing import Any

from glane.errors import EngineError
from glane.versions import vllm_version

TRIED = ("0.32",)  # major and minor

_MODULES = {
    "AsyncScheduler": "vllm.v1.core.sched.async_scheduler",
    "Scheduler": "vllm.v1.core.sched.scheduler",
    "GuidanceBackend": "vllm.v1.structured_output.backend_guidance",
    "GuidanceGrammar": "vllm.v1.structured_output.backend_guidance",
    "serialize_guidance_grammar": "vllm.v1.structured_output.backend_guidance",
    "StructuredOutputGrammar": "vllm.v1.structured_output.backend_types",
    "StructuredOutputOptions": "vllm.v1.structured_output.backend_types",
}

# Modules that an engine on CPU imports while it starts. A process that forks engines imports them before: preload.py.
# A module that is missing here costs time, and nothing else.
PRELOADED = (
    "vllm.v1.engine.llm_engine",
    "vllm.v1.core.sched.scheduler",
    "vllm.renderers.hf",
    "vllm.lora.resolver",
    "vllm.model_executor.models.mistral",
    "vllm.model_executor.layers.quantization.compressed_tensors.utils",
    "vllm.v1.worker.cpu_worker",
    "vllm.v1.attention.backends.cpu_attn",
)


def is_tried(version: str) -> bool:
    """Whether glane's tests passed with a version of vLLM that has the same major and minor number."""
    return ".".join(version.split(".")[:2]) in TRIED


def tried_versions() -> str:
    """The versions that were tried, for a message."""
    return ", ".join(f"{version}.x" for version in TRIED)


def __getattr__(name: str) -> Any:
    """Import one of vLLM's private names that are listed above.

    Raises:
        EngineError: if this vLLM does not have it.
    """
    if name not in _MODULES:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    try:
        return getattr(importlib.import_module(_MODULES[name]), name)
    except (ImportError, AttributeError):
        raise EngineError(
            f"shared grammars need {_MODULES[name]}.{name}, and vLLM {vllm_version()} does not have "
            f"it. Set model.shared_grammars=false: answers stay the same, and take longer. Or install a version that "
            f"was tried: {tried_versions()}."
        ) from None
