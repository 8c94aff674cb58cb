"""A reference table in memory, and the match of a value with it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from glane.normalisation.names import as_written, far_key, marks, near_key
from glane.normalisation.similar import Similar
from glane.normalisation.tables import TableRows
from glane.task.lookups import Lookup
from glane.types import Found, Match

MOST_CANDIDATES = 10
_REMEMBERED = 100_000  # matches; the same values come again and again
_LONGEST = 200  # letters and digits of a value; a longer one is a sentence, and no name


class Reference:
    """The names of a table, indexed. It is made once in each worker, and read by one thread."""

    def __init__(self, lookup: Lookup, table: TableRows) -> None:
        self._lookup, self._rows = lookup, table.rows
        self._names, rows = table.names["name"], table.names["row"].to_numpy()
        by_key: dict[str, list[int]] = {}  # places in `names`
        for place, name in enumerate(self._names):
            if key := far_key(name):
                by_key.setdefault(key, []).append(place)
        keys = sorted(by_key, key=lambda key: (len(key), key))
        self._row_of = rows.astype(np.int32)
        self._places = np.fromiter((place for key in keys for place in by_key[key]), np.int32)
        self._starts = np.concatenate([[0], np.cumsum([len(by_key[key]) for key in keys], dtype=np.int64)])
        self._at = {key: at for at, key in enumerate(keys)}
        self._keys = keys
        self._similar = None if lookup.similarity is None else Similar(keys)
        self._within = {column: self._rows[column] for column in lookup.within}
        self._known: OrderedDict[tuple[str, tuple[str | None, ...]], Match] = OrderedDict()

    def match(self, value: str, within: Mapping[str, str | None] | None = None) -> Match:
        """Find the code of a value.

        A name that is equal comes first, then one that is equal except for spelling, then one that is similar. The
        first of these with an entry decides. `within` is what the record says for columns of the table: only entries
        with the same there are taken; None is not compared. Several codes that are as near give none.
        """
        wanted = tuple((within or {}).get(column) for column in self._lookup.within)
        known = self._known.get((value, wanted))
        if known is None:
            known = self._known[value, wanted] = self._matched(value, wanted)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return known

    def _matched(self, value: str, wanted: Sequence[str | None]) -> Match:
        key = far_key(value)
        if not key or len(key) > _LONGEST:
            return Match(how=Found.NONE)
        there = {column: near_key(text) for column, text in zip(self._lookup.within, wanted, strict=True) if text}
        if (at := self._at.get(key)) is not None:
            places = self._entries(at)
            inside = [place for place in places if self._is_there(place, there)]
            # A name that is known elsewhere is not taken for a similar one here.
            return self._nearest(value, inside) if inside else Match(how=Found.NONE, candidates=self._told(places))
        return self._fuzzy(key, there) or Match(how=Found.NONE)

    def _nearest(self, value: str, places: Sequence[int]) -> Match:
        """The match with entries whose keys are the value's: those that are nearest in spelling decide."""
        written, near = as_written(value), near_key(value)
        exact = [place for place in places if as_written(self._names[place]) == written]
        if exact:
            return self._decided(exact, Found.EXACT)
        alike = [place for place in places if near_key(self._names[place]) == near]
        return self._decided(alike or places, Found.FOLDED)

    def _fuzzy(self, key: str, there: Mapping[str, str]) -> Match | None:
        least, margin = self._lookup.similarity, self._lookup.margin
        if least is None or not (scored := self._similar_entries(key, least, there)):
            return None
        best = scored[0][1]
        if margin and best - margin < least:  # rivals may be below what would be a match
            scored = self._similar_entries(key, best - margin, there)
        rivals = [place for place, score in scored if score == best or score > best - margin]
        return self._decided(rivals, Found.FUZZY, round(best, 1))

    def _similar_entries(self, key: str, least: float, there: Mapping[str, str]) -> list[tuple[int, float]]:
        """Entries with a similarity of at least `least`, the best first, with the same `marks`."""
        assert self._similar is not None
        own = marks(key)
        return [
            (place, score)
            for at, score in self._similar.near(key, least)
            if marks(self._keys[at]) == own
            for place in self._entries(at)
            if self._is_there(place, there)
        ]

    def _decided(self, places: Sequence[int], how: Found, similarity: float | None = None) -> Match:
        rows = [int(self._row_of[place]) for place in places]
        codes = {self._rows[self._lookup.code][row] for row in rows}
        if len(codes) > 1:
            return Match(how=Found.AMBIGUOUS, candidates=self._told(places), similarity=similarity)
        row = rows[0]
        return Match(
            how=how,
            code=self._rows[self._lookup.code][row],
            label=self._rows[self._lookup.label_column][row],
            similarity=similarity,
            also={column: self._rows[column][row] for column in self._lookup.also},
        )

    def _entries(self, at: int) -> list[int]:
        return [int(place) for place in self._places[self._starts[at] : self._starts[at + 1]]]

    def _is_there(self, place: int, there: Mapping[str, str]) -> bool:
        row = int(self._row_of[place])
        return all((cell := self._within[column][row]) is not None and near_key(cell) == wanted
                   for column, wanted in there.items())  # fmt: skip

    def _told(self, places: Iterable[int]) -> tuple[str, ...]:
        """Codes with their labels, each once, at most ten; the last says how many more there are."""
        rows = [int(self._row_of[place]) for place in places]
        code, label = self._rows[self._lookup.code], self._rows[self._lookup.label_column]
        every = list({code[row]: f"{code[row]} {label[row] or ''}".strip() for row in rows}.values())
        more = len(every) - MOST_CANDIDATES
        return (*every[:MOST_CANDIDATES], f"… {more} more") if more > 0 else tuple(every)
