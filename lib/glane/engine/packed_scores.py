"""The log-probabilities of an answer of vLLM, packed until they are asked for."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from glane.engine.vocabulary import Vocabulary
from glane.types import TokenScores

# The number of likeliest tokens that are returned at each place: enough for the values of a category, and cheap.
NUM_ALTERNATIVES = 4
# With the mass that the mask left, one more is asked for. Its column is the last, after the chosen token and others.
MASS_COLUMNS = NUM_ALTERNATIVES + 2
MASS_ID = -1  # in place of the id of a token
FORCED_ID = -2  # in place of the alternatives of a token that the grammar left no choice about


class PackedScores:
    """The log-probabilities of an answer in flat arrays: a hundredth of the memory that Python objects take."""

    def __init__(self, vocabulary: Vocabulary, tokens: Sequence[int], flat: Any) -> None:
        self._vocabulary = vocabulary
        self._tokens = array("i", tokens)
        self._starts = array("i", flat.start_indices)
        self._other_tokens = array("i", flat.token_ids)
        self._logprobs = array("f", flat.logprobs)

    @property
    def num_forced(self) -> int:
        """How many of the tokens were appended without asking the model."""
        places = (start + 1 for start in self._starts)
        return sum(place < len(self._other_tokens) and self._other_tokens[place] == FORCED_ID for place in places)

    def __call__(self) -> TokenScores:
        """The tokens, their log-probabilities and the likeliest others."""
        piece, ends = self._vocabulary.piece, [*self._starts[1:], len(self._logprobs)]
        places = [range(start, end) for start, end in zip(self._starts, ends, strict=True)]
        has_mass = all(self._other_tokens[place.stop - 1] == MASS_ID for place in places)
        return TokenScores(
            pieces=[piece(token) for token in self._tokens],
            logprobs=[self._logprobs[place.start] for place in places],  # the token that was chosen comes first
            others=[self._others(place) for place in places],
            allowed=[self._logprobs[place.stop - 1] for place in places] if has_mass else None,
        )

    def _others(self, place: range) -> list[tuple[bytes, float]]:
        """The likeliest tokens at a place. Of tokens with the same bytes, such as special ones, the first counts."""
        found: dict[bytes, float] = {}
        for i in place:
            # Without the tokens that the grammar forbids, and without what is no token.
            if self._logprobs[i] > float("-inf") and self._other_tokens[i] >= 0:
                found.setdefault(self._vocabulary.piece(self._other_tokens[i]), self._logprobs[i])
        return list(found.items())
