"""Whether an engine can constrain its answers to a form: known before it is started, by llguidance alone."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from glane.engine.samples import sample_answer
from glane.form import Form, free_quotes

_SAMPLES = 3  # answers drawn at random; their masks are computed as for an engine's
_STAND_IN = Path(__file__).resolve().parents[1] / "demo" / "model" / "tokenizer.json"
_LONGEST_REASON = 160  # characters of llguidance's own words


def form_fault(form: Form, vocabulary: Path | None = None) -> str | None:
    """Why answers cannot be constrained to a form, in llguidance's words; None if they can, or it is not installed.

    The grammar is built as vLLM builds it. Some grammars fail only while an answer is written, for the masks of whole
    tokens grow too large: a few answers are written, in the tokens of `vocabulary`, a file `tokenizer.json`. Where the
    model has none that can be read, the demo model's stands in.
    """
    if find_spec("llguidance") is None:
        return None
    from llguidance import LLMatcher

    tokens = _tokens(vocabulary or _STAND_IN)
    matcher = LLMatcher(tokens, _grammar(form), log_level=0)
    for seed in range(_SAMPLES):
        if not matcher.is_error() and (answer := _drawn(form, seed)) is not None:
            _write(matcher, tokens.tokenize_bytes(answer))
    return _brief(matcher.get_error()) if matcher.is_error() else None


@lru_cache(maxsize=2)
def _tokens(vocabulary: Path) -> Any:
    from llguidance import LLTokenizer

    try:
        return LLTokenizer(vocabulary.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return _tokens(_STAND_IN) if vocabulary != _STAND_IN else LLTokenizer("byte")


def _grammar(form: Form) -> str:
    from llguidance import LLMatcher

    if form.quotes is None:
        return LLMatcher.grammar_from_json_schema(form.schema, overrides={"whitespace_flexible": False})
    about = form.quotes.about("a")
    free = free_quotes(about)
    return LLMatcher.grammar_from_lark(about if free is None else free.grammar)


def _drawn(form: Form, seed: int) -> bytes | None:
    try:
        return sample_answer(form, random.Random(seed), quote="a").encode()
    except ValueError:  # a pattern that none is drawn for
        return None


def _write(matcher: Any, answer: Sequence[int]) -> None:
    """Let a matcher take an answer token by token, as far as it fits, and return to its start."""
    taken = 0
    for token in answer:
        matcher.compute_bitmask()
        if matcher.is_error() or matcher.try_consume_tokens([token]) == 0:
            break
        taken += 1
    if not matcher.is_error():
        matcher.rollback(taken)


def _brief(reason: str) -> str:
    line = reason.strip().splitlines()[0]
    return line if len(line) <= _LONGEST_REASON else f"{line[:_LONGEST_REASON]}…"
