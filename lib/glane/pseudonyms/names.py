"""Names of persons: behind titles and labels, from lists, by their capitals, and wherever they are repeated."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from glane.pseudonyms.kinds import Found
from glane.pseudonyms.name_context import initials_of_names, told_by_context
from glane.pseudonyms.name_growth import grow, in_lower_lines, told_by_others
from glane.pseudonyms.name_repeats import is_eponym, misspelt, names_in_addresses, repeat
from glane.pseudonyms.name_words import ARTICLES, BY, HEADING, KIN, LABEL, ROLES, TITLES
from glane.pseudonyms.tokens import Token
from glane.pseudonyms.words import folded, is_surname, letters

_MOST = 5  # tokens of a name


def names(text: str, words: Sequence[Token], *, known: Iterable[str] = ()) -> Iterator[Found]:
    """The names of persons in a text, each of its words by itself, particles with the surname that they belong to.

    `known` names are looked for everywhere.
    """
    marked, plain = [False] * len(words), folded(text)
    for place, is_sure in _behind_words(plain, words):
        _grow(words, place, marked, is_sure=is_sure)
    _cells(text, words, marked)
    _runs(words, plain, marked)
    told_by_others(text, words, plain, marked)
    told_by_context(words, plain, marked)
    in_lower_lines(words, plain, marked)
    grow(words, plain, marked)
    wanted = {letters(part) for name in known for part in re.split(r"[\s,;/]+", name) if len(letters(part)) > 1}
    wanted |= misspelt(words, wanted) | names_in_addresses(plain)
    repeat(words, plain, marked, wanted)
    grow(words, plain, marked)
    start = None  # of the particles before a name, which are replaced with it
    for place, token in enumerate(words):
        if not marked[place]:
            start = None
            continue
        start = token.start if start is None or len(token.gap) > 1 else start
        if token.word.is_particle and place + 1 < len(words) and marked[place + 1] and len(words[place + 1].gap) < 2:
            continue
        yield Found(start, token.end, "name")
        start = None
    yield from (Found(*span, "name") for span in initials_of_names(text, words, marked))


def _behind_words(plain: str, words: Sequence[Token]) -> Iterator[tuple[int, bool]]:
    """The places of tokens that stand behind a title or a label, and whether it is a label of names."""
    at = {token.start: place for place, token in enumerate(words)}
    for place, token in enumerate(words[1:], 1):
        before = words[place - 1]
        is_called = before.word.plain in ROLES and token.gap in (" ", "\u00a0", ". ") and token.word.is_capital
        is_titled = _is_title(before) and re.fullmatch(r"\.?[ \t\u00a0]*\n?[ \t]*", token.gap)
        if is_titled or (is_called and not token.in_capitals):
            yield place, False
    for found in LABEL.finditer(plain):
        if found.end() in at:
            yield at[found.end()], found[0].startswith(("nom", "prenom"))
    for found in KIN.finditer(plain):
        kin = at.get(found.start())
        if kin is not None and words[kin].word.is_capital and not words[kin].is_first and not words[kin].in_capitals:
            yield kin, False
    for found in BY.finditer(plain):
        if found.end() in at and _may_follow(words[at[found.end()]]):
            yield at[found.end()], False


def _may_follow(token: Token) -> bool:
    """Whether a token behind "avec" or "voir" looks like a name, and not like an abbreviation."""
    is_short = token.word.is_upper and len(token.text) < 5 and not token.word.is_surname
    return token.word.is_capital and not is_short


def _is_title(token: Token) -> bool:
    return token.word.plain in TITLES or (token.text in ("M.", "M") and re.search(r"\d ?$", token.gap) is None)


def _grow(words: Sequence[Token], place: int, marked: list[bool], *, is_sure: bool = False) -> None:
    """Mark the name that begins at a token, if one does: at most five tokens, with titles passed over.

    It is sure that one does in a cell below "Nom", or behind that label.
    """
    begun = place
    while place < len(words) and _is_title(words[place]) and place - begun < 3:
        marked[place] = (
            place > begun - 1 and words[place].text in ("M.", "P.") and begun > 0 and _is_title(words[begun - 1])
        )
        place += 1
    count = 0
    while place < len(words) and count < _MOST:
        token = words[place]
        if count and not _goes_on(token.gap, words[place - 1]):
            return
        if not _is_name(words, place, is_first=count == 0, is_sure=is_sure):
            return
        marked[place] = True
        place, count = place + 1, count + 1


def _goes_on(gap: str, before: Token) -> bool:
    """Whether what stands between two tokens may stand within a name."""
    if gap in (".", ". "):
        return before.word.is_initial
    return re.fullmatch(r"[ \t\u00a0]*\n?[ \t]*|[ ]?\(|, ?|[ ]?/[ ]?|['’]|[ ]?-[ ]?", gap) is not None


def _is_name(words: Sequence[Token], place: int, *, is_first: bool, is_sure: bool) -> bool:
    """Whether a token goes on a name that a title or a label announced."""
    token = words[place]
    is_listed = token.word.is_first_name or token.word.is_surname
    if not is_first and _is_title(token):
        return False
    if not is_first and token.word.is_capital and words[place - 1].word.is_particle and token.gap in (" ", "'", "’"):
        return True  # the particle was taken for what comes behind it
    if token.word.is_particle and "." not in token.text:
        return _leads(words, place, is_first=is_first, is_sure=is_sure)
    if token.word.is_initial:
        return "." in token.text or is_first
    if token.in_capitals or token.in_lower:
        is_called = is_first and place > 0 and _is_title(words[place - 1]) and _ends_here(words, place)
        return not token.word.is_common or is_listed or is_called
    if token.word.is_capital:
        if is_first:
            is_behind_title = place > 0 and _is_title(words[place - 1]) and token.gap in (" ", "\u00a0")
            return not token.word.is_common or is_listed or (is_behind_title and token.word.plain not in ROLES)
        breaks = "\n" in token.gap or "," in token.gap or "." in token.gap
        return is_listed if breaks else not token.word.is_common or is_listed
    return not token.word.is_common and (is_first or is_listed)


def _ends_here(words: Sequence[Token], place: int) -> bool:
    """Whether a sign or the line's end stands behind a word, and so no ordinary sentence goes on with it."""
    return place + 1 == len(words) or words[place + 1].gap[:1] in tuple(",.;:)(\n")


def _leads(words: Sequence[Token], place: int, *, is_first: bool, is_sure: bool) -> bool:
    """Whether a particle goes on to a surname."""
    token, last = words[place], place + 1
    while (
        last < len(words)
        and last - place < 3
        and words[last].word.is_particle
        and re.fullmatch(r"[ '’]", words[last].gap)
    ):
        last += 1
    after = words[last] if last < len(words) else None
    if after is None or re.fullmatch(r"[ '’]", after.gap) is None or _is_title(after):
        return False
    is_behind_title = is_sure or (place > 0 and _is_title(words[place - 1]))
    if is_first and not token.word.is_capital and not is_behind_title:
        return token.word.plain not in ARTICLES and not after.word.is_common
    if after.in_capitals and last - place > 1 and is_first:  # "DE LA TOUR", where the words alone would say nothing
        return True
    return (after.word.is_capital and not after.in_capitals) or not after.word.is_common or after.word.is_surname


def _cells(text: str, words: Sequence[Token], marked: list[bool]) -> None:
    """Mark the cells of a table below the headings of names."""
    start, columns, width = 0, list[int](), 0
    at = {token.start: place for place, token in enumerate(words)}
    for line in text.splitlines(keepends=True):
        sign = "\t" if line.count("\t") else "|" if line.count("|") > 1 else ";" if line.count(";") > 2 else None
        cells = line.split(sign) if sign else []
        heads = [place for place, cell in enumerate(cells) if HEADING.fullmatch(folded(cell))]
        if len(heads) and len(cells) > 2 and len(heads) < len(cells):
            columns, width = heads, len(cells)
        elif cells and len(cells) == width:
            for column in columns:
                offset = start + sum(len(cell) + 1 for cell in cells[:column])
                offset += len(cells[column]) - len(cells[column].lstrip())
                if offset in at:
                    _grow(words, at[offset], marked, is_sure=True)
        else:
            columns, width = [], 0
        start += len(line)


def _runs(words: Sequence[Token], plain: str, marked: list[bool]) -> None:
    """Mark runs of capitalised words of which one is in a list, or that look like "KOUAXI Amenan"."""
    place = 0
    while place < len(words):
        end = place
        while (
            end < len(words)
            and end - place < _MOST
            and _may_be(words, end, plain, is_within=end > place)
            and (end == place or re.fullmatch(r"[ \u00a0]{1,2}|[ ]?,? ?\n?|['’]", words[end].gap) is not None)
        ):
            end += 1
        if end > place:
            _mark_run(words, place, end, marked)
        place = max(end, place + 1)


def _may_be(words: Sequence[Token], place: int, plain: str, *, is_within: bool) -> bool:
    token = words[place]
    is_listed = token.word.is_first_name or token.word.is_surname
    if not (token.word.is_capital or (is_within and token.word.is_particle)) or _is_title(token):
        return False
    if token.word.is_particle and "." not in token.text:
        after = next((one for one in words[place + 1 : place + 4] if not one.word.is_particle), None)
        return after is not None and after.gap in (" ", "'", "’") and not after.word.is_common and after.word.is_capital
    if token.word.is_initial:
        return "." in token.text
    if is_eponym(token, plain):
        before = words[place - 1] if place else None
        return before is not None and token.gap == " " and before.word.is_first_name and before.word.is_capital
    if token.word.is_common:
        return is_listed
    return is_listed or not (token.word.is_upper and len(token.text) <= 3)


def _mark_run(words: Sequence[Token], start: int, end: int, marked: list[bool]) -> None:
    run = range(start, end)
    listed = [place for place in run if words[place].word.is_first_name or words[place].word.is_surname]
    sure = [place for place in listed if not words[place].word.is_common]
    wide = [place for place in run if not words[place].word.is_initial and not words[place].word.is_particle]
    if sure and len(wide) > 1:
        low, high = min(sure), max(sure)
        for place in run:  # of unknown words, those beside a listed one
            if (
                low - 1 <= place <= high + 1
                or words[place].word.is_particle
                or words[place].word.is_initial
                or place in listed
            ):
                marked[place] = True
        return
    for place in sure:
        marked[place] = True
    if sure or (
        wide and len(wide) < len(run) and any("." in words[place].text for place in run) and _has_name(words, wide)
    ):
        for place in run:
            marked[place] = (
                marked[place] or words[place].word.is_initial or words[place].word.is_particle or place in wide
            )
        return
    _mark_behind_particles(words, run, marked)
    for one, other in pairwise(wide):  # one in capitals, the other not: a surname and a first name
        first, second = words[one], words[other]
        if (
            first.word.is_upper != second.word.is_upper
            and not first.in_capitals
            and not first.word.is_common
            and not second.word.is_common
        ):
            upper = first if first.word.is_upper else second
            if re.search(r"[AEIOUYÀÉÈ]", upper.text) and len(upper.text) > 3 and second.gap == " ":
                marked[one] = marked[other] = True


def _mark_behind_particles(words: Sequence[Token], run: range, marked: list[bool]) -> None:
    """Mark "Le Dantec" and "Aït Hamou" with the word before them, where capitals say something."""
    for place in run[:-1]:
        token = words[place]
        if not token.word.is_particle or not token.word.is_capital or token.in_capitals or "." in token.text:
            continue
        if token.word.plain in ARTICLES and token.is_first and place == run[0]:
            continue  # the article of a sentence
        for one in run:
            marked[one] = marked[one] or abs(one - place) < 3


def _has_name(words: Sequence[Token], wide: Sequence[int]) -> bool:
    return all(not words[place].word.is_common or is_surname(words[place].word.plain) for place in wide)
