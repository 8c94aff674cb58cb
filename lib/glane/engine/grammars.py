"""Grammars that are made once and shared by all answers under them, where vLLM makes two for each answer.

To make one from a JSON Schema takes milliseconds of a core, and the first masks of a new one some more: with a small
model that is a third of all work, and with a large one it delays the requests behind it. A copy takes a microsecond and
shares what has been worked out. The masks are the same.

vLLM imports this module in the process of the engine's core, by the name in its argument `scheduler_cls`: the scheduler
is vLLM's own, and the hand that makes the grammars is ours.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from llguidance import LLMatcher
from vllm.config import VllmConfig
from vllm.sampling_params import SamplingParams
from vllm.v1.core.sched.async_scheduler import AsyncScheduler
from vllm.v1.core.sched.scheduler import Scheduler
from vllm.v1.structured_output import StructuredOutputManager
from vllm.v1.structured_output.backend_guidance import GuidanceBackend, GuidanceGrammar, serialize_guidance_grammar
from vllm.v1.structured_output.backend_types import StructuredOutputGrammar, StructuredOutputOptions

_KEPT = 64  # grammars; those of copied quotes are a document's own: only its repairs and samples want them again
_COPIES = 10_000  # of one grammar, before it is made anew: what it has worked out grows a little with each answer


def scheduler(*, vllm_config: VllmConfig, structured_output_manager: StructuredOutputManager, **rest: Any) -> Any:
    """Return the scheduler that vLLM would have made, its grammars shared."""
    kind = AsyncScheduler if vllm_config.scheduler_config.async_scheduling else Scheduler
    if vllm_config.structured_outputs_config.backend == "guidance":
        structured_output_manager.backend = SharedGrammars(
            vllm_config,
            tokenizer=structured_output_manager.tokenizer,
            vocab_size=vllm_config.model_config.get_vocab_size(),
        )
    return kind(vllm_config=vllm_config, structured_output_manager=structured_output_manager, **rest)


class CheckedParams(SamplingParams):
    """Parameters whose grammar is known to be good: vLLM would make it once more with every request, to see."""

    def verify(
        self, model_config: Any, speculative_config: Any, structured_outputs_config: Any, tokenizer: Any
    ) -> None:
        """Check all but the grammar."""
        me: Any = self  # mypy sees no type of an inherited struct's field
        form, me.structured_outputs = me.structured_outputs, None
        super().verify(model_config, speculative_config, structured_outputs_config, tokenizer)
        me.structured_outputs = form
        form._backend = structured_outputs_config.backend


class SharedGrammars(GuidanceBackend):
    """vLLM's guidance backend, with a memory of what it has made."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._made: OrderedDict[tuple[StructuredOutputOptions, str], tuple[LLMatcher, int]] = OrderedDict()
        self._lock = threading.Lock()  # vLLM calls from a pool of threads

    def compile_grammar(
        self,
        request_type: StructuredOutputOptions,
        grammar_spec: str,
        stop_token_ids: set[int] | None = None,  # noqa: ARG002
    ) -> StructuredOutputGrammar:
        """Return a grammar at its start, for one answer.

        Raises:
            ValueError: if llguidance refuses it; vLLM then ends this one request. Its words are left out: they quote
                the grammar, and a grammar of copied quotes holds the document.
        """
        key = (request_type, grammar_spec)
        with self._lock:
            matcher, copies = self._made.pop(key, (None, 0))
            if matcher is None or copies >= _COPIES:
                matcher, copies = None, 0
            else:
                self._made[key] = (matcher, copies + 1)
        if matcher is None:
            matcher = LLMatcher(self.ll_tokenizer, self._serialized(request_type, grammar_spec), log_level=0)
            if matcher.is_error():
                raise ValueError("llguidance refuses the grammar of an answer")
            with self._lock:
                self._made[key] = (matcher, copies)
                while len(self._made) > _KEPT:
                    self._made.popitem(last=False)
        return GuidanceGrammar(
            ll_matcher=matcher.deep_copy(), ll_tokenizer=self.ll_tokenizer, vocab_size=self.vocab_size
        )

    def _serialized(self, request_type: StructuredOutputOptions, grammar_spec: str) -> str:
        return serialize_guidance_grammar(
            request_type, grammar_spec, self.disable_any_whitespace, self.disable_additional_properties
        )
