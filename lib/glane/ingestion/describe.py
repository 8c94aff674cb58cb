"""What is found out about a text while it is at hand: its language, and a signature by which near ones are found."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

NUM_HASHES = 125  # of a signature: 25 bands of 5, see `glane.ingestion.near`
_SEED = 20261130
_SHINGLE_WORDS = 5
_LEAST_WORDS = 25  # of a text that is compared: two short texts are alike by what all such texts begin with
_LEAST_LETTERS = 40  # of a text whose language is told
_LANGUAGE_CHARACTERS = 20_000
_LEAST_CONFIDENCE = 0.9
_WORD = re.compile(r"\w+")


def language_of(text: str) -> str | None:
    """The language of a text as ISO 639-1, by py3langid (Lui and Baldwin 2012); None if that is not sure enough."""
    beginning = text[:_LANGUAGE_CHARACTERS]
    if sum(map(str.isalpha, beginning)) < _LEAST_LETTERS:
        return None
    language, confidence = _identifier().classify(beginning)
    return str(language) if confidence >= _LEAST_CONFIDENCE else None


def signature_of(text: str) -> bytes | None:
    """The MinHash signature of a text's sequences of five words (Broder 1997), by rensa; None if it is short.

    Case, punctuation and white space make no difference.
    """
    words = _WORD.findall(text.casefold())
    if len(words) < _LEAST_WORDS:
        return None
    from rensa import RMinHash

    signature = RMinHash(num_perm=NUM_HASHES, seed=_SEED)
    signature.update([" ".join(words[i : i + _SHINGLE_WORDS]) for i in range(len(words) - _SHINGLE_WORDS + 1)])
    return np.array(signature.digest(), "<u4").tobytes()


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
