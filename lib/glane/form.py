"""The form of an answer: what an engine is told of it, once for all prompts of a task.

A form is made where a task is known and used where an engine is. Neither needs to know the other. It is plain text: the
JSON Schema of an answer and, where quotes are copied, a grammar in the Lark dialect of llguidance, whose terminals can
be "any substring of".
"""

from __future__ import annotations

import json
from dataclasses import dataclass

QUOTE_MAX_LENGTH = 300

_OPENER = "// a quote opens with "  # a comment that marks the grammar, so that `free_quotes` can take it apart
_PASSAGE = "\nPASSAGE: %regex "
_COPIED = f"QUOTE: /(.|\\n){{1,{QUOTE_MAX_LENGTH}}}/ & PASSAGE"
_FREE = f'QUOTE: /([^"\\\\\\x00-\\x1f]|\\\\(["\\\\\\/bfnrt]|u[0-9a-f]{{4}})){{1,{QUOTE_MAX_LENGTH}}}/'


@dataclass(frozen=True, slots=True)
class QuoteGrammar:
    """A grammar of answers whose quotes are copies of the text at hand, all of it except that text.

    `rules` use the rule `quote`, which stands for a quote with its quotation marks.
    """

    rules: str
    opener: str | None  # what stands before each quote, and nowhere else in an answer; None if there is no such thing

    @property
    def holds_any_text(self) -> bool:
        """Whether the text may be of any length; llguidance has a limit where it holds the quotes itself."""
        return self.opener is not None

    def about(self, text: str) -> str:
        """Return the grammar of an answer about `text`."""
        # The text as JSON spells it within quotes: the terminal is compared with that.
        spelled = json.dumps(text, ensure_ascii=False)[1:-1]
        head = "" if self.opener is None else f"{_OPENER}{_json(self.opener)}\n"
        quote = f'quote: "\\"" QUOTE "\\""\n{_COPIED}'
        return f"{head}{self.rules}\n{quote}{_PASSAGE}{_json({'substring_chars': spelled})}"


@dataclass(frozen=True, slots=True)
class FreeQuotes:
    """A grammar of copied quotes in two parts: the same with quotes free, and what holds them to the text."""

    grammar: str  # the same for all texts
    opener: str  # see `QuoteGrammar.opener`
    spelled: str  # the text as JSON spells it


def free_quotes(grammar: str) -> FreeQuotes | None:
    """Take apart what `QuoteGrammar.about` returns; None where it has no opener."""
    first, _, shared = grammar.partition("\n")
    shared, _, passage = shared.rpartition(_PASSAGE)
    if not first.startswith(_OPENER) or _COPIED not in shared:
        return None
    return FreeQuotes(
        grammar=shared.replace(_COPIED, _FREE),
        opener=json.loads(first.removeprefix(_OPENER)),
        spelled=json.loads(passage)["substring_chars"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How the answers to a prompt look. Compared by value, so that an engine can remember what it made of one."""

    schema: str  # JSON Schema of an answer, as compact JSON
    quote_key: str | None  # the key under which an answer quotes the text; None if it quotes nothing
    quotes: QuoteGrammar | None  # where quotes must be copied; in place of the schema
    wants_scores: bool  # whether the log-probabilities of the tokens are asked for


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
