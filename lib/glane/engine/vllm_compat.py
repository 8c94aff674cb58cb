"""All private names of vLLM that glane uses. They may change with any version.

Shared grammars (grammars.py) need the names below. They also depend on this:
- `SchedulerConfig.scheduler_cls` may name a function, which is called with the arguments of a scheduler;
- `StructuredOutputManager.backend` is made at the first request unless it is there;
- `GuidanceBackend` has the fields `tokenizer`, `ll_tokenizer`, `vocab_size`, `disable_any_whitespace` and
  `disable_additional_properties`, and `GuidanceGrammar` has `ll_matcher`, `ll_tokenizer` and `vocab_size`;
- `SamplingParams.verify` takes four arguments, and sets `structured_outputs._backend`.

With model.shared_grammars=false none of this is imported. To see that the process of an engine's core has ended,
`engine_core.resources.engine_manager.processes` of an `LLMEngine` is read, and an error is put into
`engine_core.outputs_queue`, from which `step` raises it. Where a version has them not, nothing is told.

To try a new version, run the tests marked `engine`, and add it to TRIED.
"""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Sequence
from multiprocessing import connection
from typing import Any

from glane.errors import EngineError
from glane.versions import vllm_version

TRIED = ("0.32",)  # major and minor
_EXIT_CODE_S = 2.0  # for vLLM's own watch to note how a process ended

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


def core_exit_code(engine: Any) -> int | None:
    """The exit code of the process with an engine's core, once it has ended; None if it has not, or cannot be known."""
    return next((process.exitcode for process in _cores(engine) if process.exitcode is not None), None)


def raise_when_core_ends(engine: Any) -> None:
    """Have `step` raise an error once the process with an engine's core has ended.

    vLLM itself would wait for ever for the answers of a core that was killed. Where its inside is not as expected,
    nothing changes, and the watch over workers ends the engine after `run.hang_after_s`.
    """
    sentinels = [process.sentinel for process in _cores(engine)]
    answers: Any = getattr(getattr(engine, "engine_core", None), "outputs_queue", None)

    def watch() -> None:
        connection.wait(sentinels)
        deadline = time.monotonic() + _EXIT_CODE_S
        while core_exit_code(engine) is None and time.monotonic() < deadline:
            time.sleep(0.02)  # vLLM's own watch has read it and not yet noted it
        answers.put_nowait(RuntimeError("the core of the engine has ended"))

    if sentinels and answers is not None:
        threading.Thread(target=watch, name="core", daemon=True).start()


def _cores(engine: Any) -> Sequence[Any]:
    """The processes with an engine's core; none where it runs in this process."""
    resources = getattr(getattr(engine, "engine_core", None), "resources", None)
    return getattr(getattr(resources, "engine_manager", None), "processes", ())
