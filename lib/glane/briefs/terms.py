"""Terms of a run: the words of its own short quotes, as diseases, signs and places. One put for another is an error.

There is no dictionary: what a run has found in its documents is what its statements are likely to confuse.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from glane.briefs.figures import units_in
from glane.briefs.said_words import OPENINGS
from glane.reading.sense_words import FUNCTION_WORDS
from glane.task.fold import fold

_WORD = re.compile(r"[^\W\d_][\w'-]*")
_SHORTEST, _MOST_WORDS = 4, 3
_STEM = 2  # letters that an ending may have


def terms_of(quotes: Iterable[str]) -> frozenset[str]:
    """The words of quotes of at most three words, folded, without those that carry no meaning of their own."""
    short = (found for one in quotes if len(found := _WORD.findall(fold(one))) <= _MOST_WORDS)
    return frozenset(word for words in short for word in words if _is_term(word))


def other_terms(sentence: str, passage: str, terms: frozenset[str]) -> frozenset[str]:
    """The terms of a sentence that its passage does not have, whatever their endings."""
    stems = {_stem(word) for word in _WORD.findall(fold(passage))}
    words = (word for word in _WORD.findall(fold(sentence)) if word in terms)
    return frozenset(word for word in words if _stem(word) not in stems)


def _is_term(word: str) -> bool:
    return len(word) >= _SHORTEST and word not in OPENINGS and word not in FUNCTION_WORDS and not units_in(word)


def _stem(word: str) -> str:
    return word[: max(_SHORTEST, len(word) - _STEM)]
