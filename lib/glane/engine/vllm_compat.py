"""All private names of vLLM that glane uses. They may change with any version.

Shared grammars (grammars.py) need the names below. They also depend on this:
- `SchedulerConfig.scheduler_cls` may name a function, which is called with the arguments of a scheduler;
- `StructuredOutputManager.backend` is made at the first request unless it is there;
- its `grammar_bitmask` takes the requests, the ids of those that need a mask, and their drafts; the masks are rows of
  `_grammar_bitmask`, in this order, and the drafts of a request have rows of their own; where its `reasoner_cls` is
  None and nothing is drafted, each has one, which is filled by the grammar alone unless that has ended;
- `GuidanceBackend` has the fields `tokenizer`, `ll_tokenizer`, `vocab_size`, `disable_any_whitespace` and
  `disable_additional_properties`, and `GuidanceGrammar` has `ll_matcher`, `ll_tokenizer` and `vocab_size`;
- `SamplingParams.verify` takes four arguments, and sets `structured_outputs._backend`.

The mass that the mask left (allowed_mass.py) needs the functions of `ModelRunner`, and this:
- vLLM imports what `worker_extension_cls` names in each worker process before it makes the worker, and adds its class;
- a model runner masks its logits in place, then gives the same tensor to its sampler;
- where drafts are checked, a rejection sampler is given the masked logits of all drafted tokens and one more for each
  request, and returns a row for each of `max_spec_len + 1` tokens of each request, from `cu_num_sampled_tokens` on;
- a sampler with `logprobs_mode` "raw_logprobs" returns `logprobs_tensors` of these logits: a column of the chosen
  token, then one for each alternative that was asked for, whose ids vLLM passes on unread while detokenize=False.

Forced tokens (forced_tokens.py, known_tokens.py) need `UPDATE`, and this:
- the scheduler plans a step after it has taken the tokens of the last one (`schedule`, `update_from_output`);
- it computes all tokens of a request that are not computed yet, and samples after the last of them;
- a plan keeps further attributes on its way to the workers;
- a model runner keeps the tokens of a request in `requests[id].output_token_ids`, and where the request is in the
  batch, in the row `input_batch.req_id_to_index[id]` of `token_ids_cpu`, up to `num_tokens_no_spec`.

Drafts within quotes (drafting.py, no_proposals.py) need all of that, and this:
- `speculative_config` may name a proposer (`custom_class`), which has `propose` and `load_model`;
- the engine's core gives a proposer's drafts to the scheduler by `update_draft_token_ids`;
- the scheduler plans the tokens of `spec_token_ids` of a request in `running`, and has each masked by the grammar; all
  requests are in `requests`;
- with a table of lengths by batch size, requests get no drafts that are none (-1), and the scheduler has the length of
  each batch size in `dynamic_sd_lookup`.

With model.shared_grammars=false and model.quote_mass=false none of this is imported. To try a new version, run the
tests marked `engine`, and add it to TRIED.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from glane.errors import EngineError
from glane.versions import vllm_version

TRIED = ("0.32",)  # major and minor

_MODULES = {
    "AsyncScheduler": "vllm.v1.core.sched.async_scheduler",
    "Scheduler": "vllm.v1.core.sched.scheduler",
    "GuidanceBackend": "vllm.v1.structured_output.backend_guidance",
    "GuidanceGrammar": "vllm.v1.structured_output.backend_guidance",
    "LogprobsLists": "vllm.v1.outputs",
    "serialize_guidance_grammar": "vllm.v1.structured_output.backend_guidance",
    "StructuredOutputGrammar": "vllm.v1.structured_output.backend_types",
    "StructuredOutputOptions": "vllm.v1.structured_output.backend_types",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRunner:
    """Where a model runner masks its logits, and where it samples from them: "module:name"."""

    mask: str
    place_of_logits: int  # among the arguments of the mask
    sample: str
    verify: str | None = None  # where it checks drafts; None where the sampler does


RUNNER_OF_CPU = ModelRunner(
    mask="vllm.v1.worker.gpu_model_runner:apply_grammar_bitmask",
    place_of_logits=3,
    sample="vllm.v1.sample.sampler:Sampler.forward",
    verify="vllm.v1.sample.rejection_sampler:RejectionSampler.forward",
)
RUNNERS_OF_GPU = (  # vLLM takes the second where it can
    RUNNER_OF_CPU,
    ModelRunner(
        mask="vllm.v1.worker.gpu.structured_outputs:StructuredOutputsWorker.apply_grammar_bitmask",
        place_of_logits=1,
        sample="vllm.v1.worker.gpu.sample.sampler:Sampler.__call__",
    ),
)

UPDATE = "vllm.v1.worker.gpu_model_runner:GPUModelRunner._update_states"  # where a model runner reads a plan

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
    return _attribute(
        _MODULES[name],
        name,
        "shared grammars need",
        "model.shared_grammars=false: answers stay the same, and take longer",
    )


def method(place: str, *, purpose: str, remedy: str) -> tuple[Any, str]:
    """The holder of a function at "module:name", a module or a class, and its name in there.

    `purpose` and `remedy` are for the message: what needs it, and how to do without.

    Raises:
        EngineError: if this vLLM does not have it.
    """
    module, _, path = place.partition(":")
    holder, _, name = path.rpartition(".")
    _attribute(module, path, purpose, remedy)
    return (_attribute(module, holder, purpose, remedy) if holder else importlib.import_module(module)), name


def _attribute(module: str, path: str, purpose: str, remedy: str) -> Any:
    try:
        return attrgetter(path)(importlib.import_module(module))
    except (ImportError, AttributeError):
        raise EngineError(
            f"{purpose} {module}.{path}, and vLLM {vllm_version()} does not have it. Set {remedy}. Or install a "
            f"version that was tried: {tried_versions()}."
        ) from None
