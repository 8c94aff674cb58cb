"""Where ids stand by themselves: PAT12 does not in PAT123, nor in PAT12-2 where that is the id of another document."""

from __future__ import annotations

import html
import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import cast

import polars as pl

_LETTER = re.compile("[0-9A-Za-zÀ-ÖØ-öø-ʯͰ-ԯ]")  # no CJK: there, words stand without blanks
_BYTE = re.compile("[0-9A-Za-z]")
_PART = 1 << 24  # bytes that are searched at once


class Glued(str):
    """A text in which other things may stand right behind a word: out of marks, or of bytes."""

    __slots__ = ()


class Standing:
    """Ids to be found in texts, and the longer ids of documents that stay, in which one of them is a part."""

    def __init__(self, ids: Collection[str], longer: Collection[str] = ()) -> None:
        held_by: dict[str, list[str]] = {one: [] for one in ids}
        for one, held in zip(longer, occurring([*ids], [*longer]), strict=True):
            for name in held:
                held_by[name].append(one)
        self._parts = {one: _parts(one, held_by[one]) for one in ids}
        self._by_bytes = {one.encode().decode("latin-1"): one for one in ids}

    def in_each(self, texts: Sequence[str]) -> Iterator[set[str]]:
        """The ids that stand in each of some texts by themselves."""
        for text, held in zip(texts, occurring([*self._parts], texts), strict=True):
            yield {one for one in held if any(self._spans(one, text))}

    def in_text(self, text: str) -> set[str]:
        """The ids that stand in a text by themselves."""
        return next(self.in_each([text]))

    def in_bytes(self, content: bytes) -> set[str]:
        """The ids that stand in some bytes as they are."""
        held, beyond = set[str](), max(map(len, self._by_bytes), default=1) - 1
        for start in range(0, len(content), _PART):
            part = content[start : start + _PART + beyond].decode("latin-1")
            held.update(*occurring([*self._by_bytes], [part]))
        if not held:
            return set()
        text = Glued(content.decode("latin-1"))
        named = {told: self._by_bytes[told] for told in held}
        return {one for told, one in named.items() if any(self._spans(one, text, told, _BYTE))}

    def replaced(self, texts: Sequence[str], by: str) -> Iterator[str]:
        """Texts with something in the place of the ids."""
        for text, held in zip(texts, occurring([*self._parts], texts), strict=True):
            told, end = [], 0
            for start, stop in sorted({span for one in held for span in self._spans(one, text)}):
                if stop > end:
                    told += [text[end:start], by] if start >= end else []
                    end = stop
            yield "".join([*told, text[end:]])

    def _spans(
        self, name: str, text: str, told: str = "", letter: re.Pattern[str] = _LETTER
    ) -> Iterator[tuple[int, int]]:
        """Where an id stands in a text, in which it is written as `told`, and is no part of another document's."""
        parts, told = self._parts[name], told or name
        beside = None if isinstance(text, Glued) else letter
        at = text.find(told)
        while at >= 0:
            end = at + len(told)
            is_alone = letter.search(_around(text, at, end)) is None
            if is_alone and not any(_is_at(text, at - before, names, beside) for before, names in parts.items()):
                yield at, end
            at = text.find(told, end if is_alone else at + 1)


def occurring(names: Sequence[str], texts: Sequence[str]) -> list[list[str]]:
    """Those of the names that occur in each text, found by one automaton for all (Aho and Corasick, 1975)."""
    if not names:
        return [[] for _ in texts]
    told = pl.Series([_whole(text) for text in texts], dtype=pl.String)
    found = told.str.extract_many(list(names), overlapping=True).list.unique()
    return cast(list[list[str]], found.to_list())


def _whole(text: str) -> str:
    """A text in which no half of a character is left, as an escape can be one."""
    return text.encode(errors="replace").decode()


def longer_ids(columns: Iterable[pl.Series], ids: Collection[str]) -> set[str]:
    """The ids in some columns in which one of these is a part that stands by itself, except these themselves."""
    found: set[str] = set()
    for column in columns:
        if ids and not column.dtype.is_integer():
            told = column.cast(pl.String, strict=False).drop_nulls().unique()
            found |= {*told.filter(told.str.contains_any(list(ids)))}
    longer = list(found.difference(ids))
    return {one for one, held in zip(longer, Standing(ids).in_each(longer), strict=True) if held}


def _parts(name: str, longer: Collection[str]) -> Mapping[int, Mapping[int, frozenset[str]]]:
    """The longer ids, which hold an id, by the signs before it, and by their length."""
    found: dict[int, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    told = {name, name.encode().decode("latin-1")}
    for form in {form for one in longer for form in _forms(one)}:
        for part in told:
            at = form.find(part)
            while at >= 0:
                found[at][len(form)].add(form)
                at = form.find(part, at + 1)
    return {at: {size: frozenset(names) for size, names in sizes.items()} for at, sizes in found.items()}


def _forms(name: str) -> set[str]:
    """An id as it is written in texts, CSV, JSON, HTML, addresses, and where bytes are taken for signs of one each."""
    plain = {name, html.escape(name), html.escape(name, quote=False), _in_address(name)}
    plain |= {json.dumps(name)[1:-1], json.dumps(name, ensure_ascii=False)[1:-1]}
    plain |= {name.replace("/", "\\/"), name.replace('"', '""')}
    return plain | {one.encode().decode("latin-1") for one in plain}


def _in_address(name: str) -> str:
    return re.sub(rb"[^A-Za-z0-9_.~/-]", lambda sign: b"%%%02X" % ord(sign[0]), name.encode()).decode()


def _is_at(text: str, start: int, names: Mapping[int, Collection[str]], letter: re.Pattern[str] | None) -> bool:
    """Whether one of these ids begins at a place, and stands there by itself."""
    if start < 0:
        return False
    around = [_around(text, start, start + size) for size, told in names.items() if text[start : start + size] in told]
    return any(letter is None or letter.search(signs) is None for signs in around)


def _around(text: str, start: int, end: int) -> str:
    """The signs before and behind a span of a text."""
    return text[max(0, start - 1) : start] + text[end : end + 1]
