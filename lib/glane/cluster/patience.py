"""How often an engine may die before its place is given up."""

from __future__ import annotations

from collections import Counter

from glane.cluster.layout import Place

_DEATHS_WITH_ANYTHING = 2


class Patience:
    """Counts deaths for each place: what dies at one says nothing about the engines at the others."""

    def __init__(self, *, limit: int) -> None:
        """`limit` is how many deaths in a row, without progress in between, are too many."""
        self._limit = limit
        self._fruitless: Counter[Place] = Counter()
        self._with_anything: Counter[Place] = Counter()

    def lost(self, place: Place, *, has_progress: bool, dies_with_anything: bool) -> str | None:
        """Count a death. Return why the place is given up, None if it is not.

        `has_progress` is whether the engine committed a shard, or its death found a document that may be to blame.
        `dies_with_anything` is whether nothing was in it except the harmless prompt.
        """
        self._fruitless[place] = 0 if has_progress else self._fruitless[place] + 1
        self._with_anything[place] = self._with_anything[place] + 1 if dies_with_anything else 0
        if self._with_anything[place] >= _DEATHS_WITH_ANYTHING:
            return (
                f"an engine died {_DEATHS_WITH_ANYTHING} times in a row with nothing in it except a harmless prompt: "
                "it dies with anything, and no document is to blame"
            )
        if self._fruitless[place] >= self._limit:
            return f"an engine died {self._limit} times in a row without a committed shard in between"
        return None
