"""Shared grammars: each is compiled once for all answers under it, where vLLM compiles two for each answer.

Compiling a JSON Schema takes milliseconds of a core, and the first masks of a new grammar take more. With a small model
that is a third of all work; with a large one it delays the requests that wait. A copy of a compiled grammar takes a
microsecond, and shares the masks that were computed. The masks are the same.

Copies also share a lock. So where several threads compute masks (`glane.engine.parallel_masks`), a grammar is compiled
once for each of them, and answers are dealt to these lanes in turn.

vLLM imports this module in the process of the engine's core, by the name in its argument `scheduler_cls`. The scheduler
is vLLM's own; only the backend that compiles grammars is ours.
"""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from llguidance import LLMatcher
from vllm import SamplingParams

from glane.engine.copying import Passage, Pieces, Where, Words
from glane.engine.parallel_masks import ParallelMasks, num_threads
from glane.engine.quote_drafts import Spelling
from glane.engine.vllm_compat import (
    AsyncScheduler,
    GuidanceBackend,
    GuidanceGrammar,
    Scheduler,
    StructuredOutputGrammar,
    StructuredOutputOptions,
    serialize_guidance_grammar,
)
from glane.engine.vocabulary import Vocabulary
from glane.form import free_quotes

# Grammars that are kept. A task has one, except where copied quotes have no opener: then each document has its own.
_KEPT = 64
_COPIES = 10_000  # of one grammar, before it is compiled again: the masks that it keeps grow a little with each answer


def scheduler(*, vllm_config: Any, structured_output_manager: Any, **rest: Any) -> Any:
    """Return the scheduler that vLLM would have made, with shared grammars."""
    kind = AsyncScheduler if vllm_config.scheduler_config.async_scheduling else Scheduler
    return _with_shared_grammars(kind, vllm_config, structured_output_manager, rest)


def forcing_scheduler(*, vllm_config: Any, structured_output_manager: Any, **rest: Any) -> Any:
    """Return the synchronous scheduler of vLLM, with shared grammars and the tokens that they force."""
    from glane.engine.forced_tokens import ForcingScheduler  # here, because it takes more private names of vLLM

    return _with_shared_grammars(ForcingScheduler, vllm_config, structured_output_manager, rest)


def drafting_scheduler(*, vllm_config: Any, structured_output_manager: Any, **rest: Any) -> Any:
    """Return the same with drafts within quotes."""
    from glane.engine.drafting import DraftingScheduler  # here, as above

    return _with_shared_grammars(DraftingScheduler, vllm_config, structured_output_manager, rest, drafts=True)


def _with_shared_grammars(
    kind: Any, vllm_config: Any, structured_output_manager: Any, rest: dict[str, Any], *, drafts: bool = False
) -> Any:
    if vllm_config.structured_outputs_config.backend == "guidance":
        manager = structured_output_manager
        manager.backend = SharedGrammars(
            vllm_config, tokenizer=manager.tokenizer, vocab_size=vllm_config.model_config.get_vocab_size()
        )
        if drafts:
            *_, (_, _, most) = vllm_config.speculative_config.num_speculative_tokens_per_batch_size
            manager.backend.drafts, manager.backend.drafts_always = True, most > 0
        if (threads := num_threads()) > 1:
            manager.backend.lanes = threads
            manager.grammar_bitmask = ParallelMasks(manager, SharedGrammar, threads=threads)
    return kind(vllm_config=vllm_config, structured_output_manager=structured_output_manager, **rest)


class CheckedParams(SamplingParams):
    """Parameters whose grammar is known to be valid. vLLM would compile it again with every request to check it."""

    def verify(
        self, model_config: Any, speculative_config: Any, structured_outputs_config: Any, tokenizer: Any
    ) -> None:
        """Check everything except the grammar."""
        me: Any = self  # mypy sees no type of an inherited struct's field
        form, me.structured_outputs = me.structured_outputs, None
        try:
            super().verify(model_config, speculative_config, structured_outputs_config, tokenizer)
        finally:
            me.structured_outputs = form
        form._backend = structured_outputs_config.backend


class SharedGrammars(GuidanceBackend):
    """vLLM's guidance backend, with a cache of compiled grammars."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._made: OrderedDict[tuple[StructuredOutputOptions, str, int], tuple[LLMatcher, int]] = OrderedDict()
        self._pieces: dict[str, Pieces] = {}  # by opener
        self._lock = threading.Lock()  # vLLM calls from a pool of threads
        self._asked = itertools.count()
        self.lanes = 1  # how often a shared grammar is compiled: copies of one wait for each other's masks
        self.drafts = False  # whether the grammars of quotes tell what a quote may go on with
        self.drafts_always = False  # if so, in batches of any size: then each text is spelled before it is asked

    def compile_grammar(
        self,
        request_type: StructuredOutputOptions,
        grammar_spec: str,
        stop_token_ids: set[int] | None = None,  # noqa: ARG002
    ) -> StructuredOutputGrammar:
        """Return a grammar in its initial state, for one answer.

        Raises:
            ValueError: if llguidance refuses it. vLLM then ends this one request. llguidance's message is left out: it
                quotes the grammar, and a grammar of copied quotes holds the document.
        """
        free = free_quotes(grammar_spec) if request_type == StructuredOutputOptions.GRAMMAR else None
        holds_text = free is None and request_type == StructuredOutputOptions.GRAMMAR  # of one document, not shared
        lane = 0 if holds_text else next(self._asked) % self.lanes
        if free is None:
            matcher = self._matcher(request_type, grammar_spec, lane)
            return SharedGrammar(
                ll_matcher=matcher, ll_tokenizer=self.ll_tokenizer, vocab_size=self.vocab_size, lane=lane
            )
        pieces = self._pieces_for(free.opener)
        spelling = cache(partial(self._spelling, free.spelled, pieces)) if self.drafts else None
        if spelling is not None and self.drafts_always:
            spelling()  # here, outside of the thread that drives the engine
        return CopiedQuotes(
            ll_matcher=self._matcher(request_type, free.grammar, lane),
            ll_tokenizer=self.ll_tokenizer,
            vocab_size=self.vocab_size,
            lane=lane,
            pieces=pieces,
            passage=Passage(free.spelled, pieces),
            spelling=spelling,
        )

    def _spelling(self, spelled: str, pieces: Pieces) -> Spelling:
        return Spelling(spelled, tokenize=self.ll_tokenizer.tokenize_str, piece=pieces.piece)

    def _matcher(self, request_type: StructuredOutputOptions, grammar_spec: str, lane: int) -> LLMatcher:
        key = (request_type, grammar_spec, lane)
        with self._lock:
            matcher, copies = self._made.pop(key, (None, 0))
            if matcher is not None and copies < _COPIES:
                self._made[key] = (matcher, copies + 1)
                return matcher.deep_copy()
        serialized = serialize_guidance_grammar(
            request_type, grammar_spec, self.disable_any_whitespace, self.disable_additional_properties
        )
        matcher = LLMatcher(self.ll_tokenizer, serialized, log_level=0)
        if matcher.is_error():
            raise ValueError("llguidance refuses the grammar of an answer")
        with self._lock:
            self._made[key] = (matcher, 0)
            while len(self._made) > _KEPT:
                self._made.popitem(last=False)
        return matcher.deep_copy()

    def _pieces_for(self, opener: str) -> Pieces:
        with self._lock:
            if opener not in self._pieces:
                self._pieces[opener] = Pieces(
                    Vocabulary(self.tokenizer).piece,
                    num_tokens=self.ll_tokenizer.vocab_size,
                    num_words=self.allocate_token_bitmask(1).shape[1],
                    opener=opener,
                )
            return self._pieces[opener]


@dataclass
class SharedGrammar(GuidanceGrammar):
    """A grammar that tells the tokens it forces, and whose mask may be computed before vLLM asks for it."""

    lane: int = field(default=0, kw_only=True)
    filled_row: int | None = field(default=None, kw_only=True)

    def fill_bitmask(self, bitmask: Any, idx: int) -> None:
        """Write the mask of the tokens that may follow, unless it stands there already."""
        if self.filled_row != idx:
            super().fill_bitmask(bitmask, idx)
        self.check_error()

    def narrow(self, mask: Words) -> None:
        """Remove nothing: the mask is the same for all documents."""

    def forced_tokens(self) -> list[int]:
        """The tokens that must follow, spelled as the tokenizer would spell them; none where there is a choice.

        A last token that could be another one together with what follows it is left out.
        """
        if self.terminated or self.ll_matcher.is_stopped():
            return []
        tokens: list[int] = self.ll_matcher.compute_ff_tokens()
        return tokens


@dataclass
class CopiedQuotes(SharedGrammar):
    """A grammar with free quotes, and the text that the quotes are restricted to."""

    pieces: Pieces = field(kw_only=True)
    passage: Passage = field(kw_only=True)
    spelling: Callable[[], Spelling] | None = field(default=None, kw_only=True)
    _past: list[Where] = field(default_factory=lambda: [Where()])  # after each token, for rollbacks

    def accept_tokens(self, request_id: str, tokens: list[int]) -> bool:
        """Advance by these tokens. Return False if one is not allowed."""
        return super().accept_tokens(request_id, tokens) and self._advance(tokens) == len(tokens)

    def validate_tokens(self, tokens: list[int]) -> list[int]:
        """Return the tokens before the first that is not allowed."""
        tokens = super().validate_tokens(tokens)
        taken = self._advance(tokens)
        self._go_back(taken)
        return tokens[:taken]

    def forced_tokens(self) -> list[int]:
        """The tokens that must follow. Within a quote there are none: it may end, or go on in another place."""
        if self._past[-1].quoted is not None:
            return []
        tokens = super().forced_tokens()
        taken = self._advance(tokens)
        self._go_back(taken)
        return tokens[:taken]

    def drafted_tokens(self, most: int) -> list[int]:
        """What the text goes on with within a begun quote that stands in one place only; none anywhere else."""
        where = self._past[-1]
        if self.spelling is None or not where.quoted or len(where.ends) != 1:
            return []
        return self.validate_tokens(self.spelling().after(where.ends[0], most))

    def rollback(self, num_tokens: int) -> None:
        """Roll back this number of tokens."""
        super().rollback(num_tokens)
        self._go_back(num_tokens)

    def fill_bitmask(self, bitmask: Any, idx: int) -> None:
        """Write the mask of the tokens that may follow."""
        super().fill_bitmask(bitmask, idx)
        if not self.ll_matcher.is_stopped():
            self.narrow(bitmask.numpy()[idx])

    def narrow(self, mask: Words) -> None:
        """Remove the tokens that would quote what is not in the text."""
        self.passage.narrow(self._past[-1], mask)

    def reset(self) -> None:
        """Return to the initial state."""
        super().reset()
        self._past = [Where()]

    def _advance(self, tokens: list[int]) -> int:
        for count, token in enumerate(tokens):
            where = self.passage.after(self._past[-1], self.pieces.piece(token))
            if where is None:
                return count
            self._past.append(where)
        return len(tokens)

    def _go_back(self, num_tokens: int) -> None:
        del self._past[max(1, len(self._past) - num_tokens) :]
