"""vLLM behind the Engine protocol.

`LLMEngine.add_request` and `step` serve both layouts. On CPU the engine's core runs in this process, so that all cores
serve the model and nothing is imported twice. On GPU it runs in a process of its own, so that the GPU does not wait
while Python parses and writes.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from glane.engine.chat_tokenizer import ChatTokenizer
from glane.engine.checks import check_vllm
from glane.engine.own_code import (
    DRAFTING_SCHEDULER,
    FORCING_SCHEDULER,
    SCHEDULER,
    arguments_with_own_code,
    forces_tokens,
    tells_mass,
    warnings_of,
)
from glane.engine.packed_scores import NUM_ALTERNATIVES, PackedScores
from glane.engine.preload import NEEDLESS, preload
from glane.engine.protocol import EngineKind, RequestRefused, Sampling
from glane.engine.reasoning import Thought, thought_tokens
from glane.engine.tokenizers import load_tokenizer
from glane.engine.vllm_core import raise_when_core_ends, shut_down, stepped
from glane.engine.vllm_embedder import VllmEmbedder
from glane.engine.vllm_set_up import engine_args, set_up
from glane.engine.vocabulary import Vocabulary
from glane.errors import EngineError
from glane.form import Form, QuoteGrammar
from glane.settings import ModelSettings
from glane.types import Completion, Message
from glane.versions import looking_absent, vllm_version

# Characters. Where llguidance itself restricts quotes to a text, the grammar grows with the text. llguidance refuses it
# from some 200,000 on. A text longer than this is checked before the engine takes it, so that its row has a reason.
_LONGEST_UNCHECKED = 100_000

_THINKING = "/thinking"  # ends the id of the request that comes before the one for the answer


class VllmEngine:
    """An engine of vLLM that answers under a JSON Schema, or a grammar of copied quotes."""

    def __init__(self, settings: ModelSettings, *, device: str, cpus: int, num_nodes: int = 1) -> None:
        set_up(settings, device=device, cpus=cpus)
        self._forces = forces_tokens(settings, device)
        if self._forces:
            os.environ["VLLM_USE_V2_MODEL_RUNNER"] = "0"  # forced tokens are told to the first one only
        # Imported here, because it takes seconds that jobs without an engine must not spend.
        with looking_absent(*NEEDLESS):
            from vllm import LLMEngine, SamplingParams
            from vllm.inputs import tokens_input
            from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

        self._tokens_input = tokens_input
        self._lora: Any = None
        if settings.adapter is not None:
            from vllm.lora.request import LoRARequest

            self._lora = LoRARequest("adapter", 1, settings.adapter)
        arguments = arguments_with_own_code(settings, device, num_nodes=num_nodes)
        has_mass = tells_mass(settings)

        def params(form: Form, sampling: Sampling, grammar: str | None, *, is_checked: bool) -> SamplingParams:
            kind = self._checked_params if is_checked else SamplingParams
            shape = {"json": form.schema} if grammar is None else {"grammar": grammar}
            return kind(
                temperature=sampling.temperature,
                top_p=settings.sampling.top_p,
                seed=sampling.seed if sampling.temperature > 0 else None,
                max_tokens=sampling.max_tokens,
                output_kind=RequestOutputKind.FINAL_ONLY,
                structured_outputs=StructuredOutputsParams(**shape),
                # Text is decoded here, from bytes, once an answer is complete. vLLM would do it at every token, and for
                # the alternatives of each token.
                detokenize=False,
                # One more for the mass that the mask left, which tells something of copied quotes only.
                logprobs=NUM_ALTERNATIVES + (has_mass and form.quotes is not None) if form.wants_scores else None,
                flat_logprobs=True,
            )

        def thinking(sampling: Sampling, end: int) -> SamplingParams:
            return SamplingParams(
                temperature=sampling.temperature,
                top_p=settings.sampling.top_p,
                seed=sampling.seed if sampling.temperature > 0 else None,
                max_tokens=settings.reasoning_tokens,
                stop_token_ids=[end],
                output_kind=RequestOutputKind.FINAL_ONLY,
                detokenize=False,
            )

        self._new_params, self._thinking_params = params, thinking
        self._checked_params: Any = None
        self._prepared: dict[Form, _Prepared] = {}
        self._thoughts: dict[str, Thought] = {}  # what is thought about, by the id of that request
        self._reasoning_tokens: dict[str, int] = {}  # of the thinking that is done, by the id of the answer's request
        self.max_prompt_tokens = settings.max_model_len - settings.max_tokens - settings.thinking_room
        try:
            wants_shared = arguments.get("scheduler_cls") in (SCHEDULER, FORCING_SCHEDULER, DRAFTING_SCHEDULER)
            self._checked_params = _checked_params() if wants_shared else SamplingParams
            self._engine = LLMEngine.from_engine_args(engine_args(arguments))
            raise_when_core_ends(self._engine)
            backend = self._engine.vllm_config.structured_outputs_config.backend
            self.shares_grammars = wants_shared and backend == "guidance"  # the user may choose another
            self._tokenizer = ChatTokenizer(settings)
            self._marks = self._tokenizer.marks
            self._vocabulary = Vocabulary(self._tokenizer.plain)
        except (ValueError, RuntimeError, OSError) as error:
            # No document has been read yet, so vLLM's own message is safe to show, and helps most.
            raise EngineError(f"model {settings.name!r} at {settings.path}: vLLM does not start ({error}).") from None

    def encode(self, messages: Sequence[Message]) -> list[int]:
        """See `Engine.encode`. Special tokens that a document spells out stay plain text."""
        return self._tokenizer.encode(messages)

    def decode(self, tokens: Sequence[int]) -> str:
        """See `Engine.decode`."""
        return self._tokenizer.decode(tokens)

    def count_tokens(self, text: str) -> int:
        """See `Engine.count_tokens`."""
        return self._tokenizer.count(text)

    def add(self, request_id: str, prompt: list[int], *, form: Form, text: str, sampling: Sampling) -> None:
        """See `Engine.add`."""
        if self._marks is None:
            self._ask(request_id, prompt, form, text, sampling)
            return
        thought = request_id + _THINKING
        self._request(thought, prompt, self._thinking_params(sampling, self._marks.end))
        self._thoughts[thought] = Thought(prompt=prompt, form=form, text=text, sampling=sampling)

    def _ask(self, request_id: str, prompt: list[int], form: Form, text: str, sampling: Sampling) -> None:
        """Ask for the answer, under its grammar."""
        prepared = self._prepare(form)
        holds_text = form.quotes is None or form.quotes.holds_any_text or len(text) <= _LONGEST_UNCHECKED
        is_checked = prepared.is_checked and holds_text
        if form.quotes is not None:
            params = self._new_params(form, sampling, form.quotes.about(text), is_checked=is_checked)
        else:
            if sampling not in prepared.params:
                prepared.params[sampling] = self._new_params(form, sampling, None, is_checked=is_checked)
            params = prepared.params[sampling]
        self._request(request_id, prompt, params)
        if self.shares_grammars and not prepared.is_checked:
            prepared.is_checked = True
            prepared.params.clear()  # these would have vLLM check the grammar again

    def _request(self, request_id: str, prompt: list[int], params: Any) -> None:
        from vllm.exceptions import VLLMValidationError

        try:
            self._engine.add_request(request_id, self._tokens_input(prompt), params, lora_request=self._lora)
        except (VLLMValidationError, ValueError) as error:
            raise RequestRefused(f"vLLM refuses the request ({type(error).__name__})") from None

    def _prepare(self, form: Form) -> _Prepared:
        if form not in self._prepared:
            is_valid = form.quotes is not None and self.shares_grammars and _is_valid(form.quotes)
            self._prepared[form] = _Prepared(is_checked=is_valid)
        return self._prepared[form]

    def step(self) -> list[tuple[str, Completion]]:
        """See `Engine.step`."""
        finished = []
        for output in stepped(self._engine):
            answer = output.outputs[0]
            ids = list(answer.token_ids)
            if (thought := self._thoughts.pop(output.request_id, None)) is not None:
                finished += self._thought(output.request_id.removesuffix(_THINKING), thought, ids, answer.finish_reason)
                continue
            num_thought = self._reasoning_tokens.pop(output.request_id, 0)
            scores = None if answer.logprobs is None else PackedScores(self._vocabulary, ids, answer.logprobs)
            completion = Completion(
                text=self._vocabulary.text(ids),
                finish_reason=str(answer.finish_reason),
                num_prompt_tokens=len(output.prompt_token_ids or ()) - num_thought,
                num_reasoning_tokens=num_thought,
                num_output_tokens=len(ids),
                # After thinking, the prompt of the answer is another request, which finds nearly all of it.
                num_cached_tokens=None if num_thought else output.num_cached_tokens,
                num_forced_tokens=None if scores is None else scores.num_forced if self._forces else 0,
                scores=scores,
            )
            finished.append((output.request_id, completion))
        return finished

    def _thought(
        self, request_id: str, thought: Thought, ids: list[int], finish_reason: str
    ) -> list[tuple[str, Completion]]:
        """Ask for the answer that follows thinking. If there will be none, return that."""
        assert self._marks is not None
        ended = str(finish_reason)
        more = [*thought_tokens(ids, ended), self._marks.end]
        if ended in ("stop", "length"):
            try:
                self._ask(request_id, [*thought.prompt, *more], thought.form, thought.text, thought.sampling)
            except RequestRefused as refusal:
                ended = str(refusal)
            else:
                self._reasoning_tokens[request_id] = len(more)
                return []
        none = Completion(
            text="",
            finish_reason=ended,
            num_prompt_tokens=len(thought.prompt),
            num_output_tokens=0,
            num_reasoning_tokens=len(ids),
        )
        return [(request_id, none)]

    def close(self) -> None:
        """End the engine's own processes, where it has any."""
        shut_down(self._engine)


@dataclass(slots=True)
class _Prepared:
    """What an engine keeps for a form."""

    is_checked: bool  # whether its grammar was found to be valid
    params: dict[Sampling, Any] = field(default_factory=dict)  # vLLM's parameters, if they are the same for all texts


def _is_valid(grammar: QuoteGrammar) -> bool:
    """Whether llguidance accepts the grammar. That does not depend on the text."""
    from llguidance import LLMatcher

    return not LLMatcher.validate_grammar(LLMatcher.grammar_from_lark(grammar.about(".")))


def _checked_params() -> Any:
    from glane.engine.grammars import CheckedParams  # here, because it imports private names of vLLM

    return CheckedParams


def _conversations(settings: ModelSettings) -> ChatTokenizer | None:
    """The tokenizer, loaded without vLLM, which takes ten times as long to import."""
    plain = load_tokenizer(Path(settings.tokenizer or settings.path), mode=settings.tokenizer_mode)
    return None if plain is None else ChatTokenizer(settings, plain)


KIND = EngineKind(
    name="vllm",
    start=VllmEngine,
    start_embedder=VllmEmbedder,
    version=vllm_version,
    has_weights=True,
    needs_hardware=True,
    preload=preload,
    warnings=warnings_of,
    check=check_vllm,
    conversations=_conversations,
)
