"""The form of an answer: what an engine must know to constrain it, the same for all prompts of a task.

A form is made from a task and used by an engine, so that neither needs to know the other. It is plain text: the JSON
Schema of an answer and, if quotes are copied, a grammar in the Lark dialect of llguidance. In this dialect a terminal
can be "any substring of" a text.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass

QUOTE_MAX_LENGTH = 300
# Between texts that no quote may span, as the documents of a group. Unicode assigns no character to it, ever, so a text
# that has one loses nothing but a quote across it.
WALL = "\ufdd0"

_OPENER = "// a quote opens with "  # a comment by which `free_quotes` recognises and splits the grammar
_PASSAGE = "\nPASSAGE: %regex "
_BETWEEN_MARKS = 'quote: "\\"" QUOTE "\\""\nQUOTE: '
_COPIED = f"{_BETWEEN_MARKS}/(.|\\n){{1,{QUOTE_MAX_LENGTH}}}/ & PASSAGE"
_COPIED_WITHIN = f"{_BETWEEN_MARKS}/[^{WALL}]{{1,{QUOTE_MAX_LENGTH}}}/ & PASSAGE"  # of texts with walls
# Quotation marks and all, for llguidance then computes masks within it in a quarter of the time, and they are the same.
_FREE = f'quote: QUOTE\nQUOTE: /"([^"\\\\\\x00-\\x1f]|\\\\(["\\\\\\/bfnrt]|u[0-9a-f]{{4}})){{1,{QUOTE_MAX_LENGTH}}}"/'


@dataclass(frozen=True, slots=True)
class QuoteGrammar:
    """A grammar of answers whose quotes are copied from the document, without the document's text.

    `rules` use the rule `quote`, which stands for a quote with its quotation marks.
    """

    rules: str
    opener: str | None  # the string before each quote, and nowhere else in an answer; None if there is none

    @property
    def holds_any_text(self) -> bool:
        """Whether the text may have any length. llguidance has a limit if it restricts the quotes itself."""
        return self.opener is not None

    def about(self, text: str) -> str:
        """Return the grammar of an answer about `text`."""
        # The text as a JSON string spells it, because the terminal is matched against the answer's JSON.
        spelled = json.dumps(text, ensure_ascii=False)[1:-1]
        head = "" if self.opener is None else f"{_OPENER}{_json(self.opener)}\n"
        copied = _COPIED_WITHIN if WALL in text else _COPIED
        return f"{head}{self.rules}\n{copied}{_PASSAGE}{_json({'substring_chars': spelled})}"


@dataclass(frozen=True, slots=True)
class FreeQuotes:
    """A grammar of copied quotes in two parts: a grammar with free quotes, and the text that restricts them."""

    grammar: str  # the same for all texts
    opener: str  # see `QuoteGrammar.opener`
    spelled: str  # the text as a JSON string spells it


def free_quotes(grammar: str) -> FreeQuotes | None:
    """Split what `QuoteGrammar.about` returns; None if the grammar has no opener."""
    first, _, shared = grammar.partition("\n")
    shared, _, passage = shared.rpartition(_PASSAGE)
    if not first.startswith(_OPENER) or not (_COPIED in shared or _COPIED_WITHIN in shared):
        return None
    return FreeQuotes(
        grammar=_freed(shared),
        opener=json.loads(first.removeprefix(_OPENER)),
        spelled=json.loads(passage)["substring_chars"],
    )


@functools.lru_cache(maxsize=64)  # a task has one, and this is asked with each document
def _freed(grammar: str) -> str:
    return grammar.replace(_COPIED, _FREE).replace(_COPIED_WITHIN, _FREE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The form of the answers to a prompt. It is compared by value, so that engines can use it as a key of a cache."""

    schema: str  # JSON Schema of an answer, as compact JSON
    quote_key: str | None  # the key under which an answer quotes the text; None if it quotes nothing
    quotes: QuoteGrammar | None  # used in place of the schema if quotes must be copied
    wants_scores: bool  # whether the log-probabilities of the tokens are asked for


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
