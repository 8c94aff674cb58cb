"""Names that no list and no title tells: beside a name, by what somebody does, and in lines without any capital."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from glane.pseudonyms.name_words import ARTICLES, ROLES, TITLES
from glane.pseudonyms.tokens import Token
from glane.pseudonyms.words import is_disease, listed, names_a_disease, several

_MOST_STEPS = 4  # words that a name grows by, either way
_LEAST_LETTERS, _LEAST_UPPER = 3, 4
_VOWEL = re.compile(r"[aeiouy]")
# What only somebody does: no drug, sign or disease.
_DOES = frozenset(
    several(
        "refuse souhaite demande raconte appelle accepte habite vit dit explique declare signale veut pleure dort "
        "mange parle marche accompagne previent previendra passera viendra rappelle rappellera repond repondra arrive "
        "arrivera rentre rentrera repart consulte affirme rapporte decrit pense espere craint aimerait desire insiste "
        "travaille connait sait comprend reconnait s'inquiete s'oppose regagne"
    )
)
_BORN = re.compile(r"(?<!\w)n[ée]e?(?:\(e\))? (?:le|en|à|vers)\b")
_BY = re.compile(
    r"(?<!\w)(?:je soussignee?(?:\(e\))?,? |(?:\w+e|\w+i|\w+u|\w+s|\w+t)e?s?(?:\(e\))? par |de la part d[e'] ?"
    r"|telephone a |remis a |confie a |chez |nommee? |famille |bonjour |salut |merci |merci a |avis |dixit )(?=\w)"
)
_NOT_BY = re.compile(
    r"(?:traite|relais|relaye|remplace|substitue|couvert|confirme|complique|cause|provoque|soulage|calme|stabilise|equilibre"
    r"|induit|favorise|explique|evoque|defini|mesure|documente|objective|elimine|controle|majore|marque|suivi"
    r"|precede|declenche|du|entraine|mis|commence|poursuivi|complete|associe|caracterise)e?s? par $"
)
_SIGNED = re.compile(r"(?:^|\n)[ \t]*(?=(?:[A-ZÀ-Ý]\.-?)+ ?[^\n.:,;]{2,40}[ \t]*(?:\n|$))")
_BEFORE = re.compile(r" ?,? ?(?:\(?(?:ipp|nip|ddn|secu|nir)\b|nee?\b (?:le|en))")
_LOWER_CUES = frozenset(
    several(
        "vu vue voir avec fils fille soeur frere mere pere mari epouse conjoint conjointe compagne compagnon ami amie "
        "voisin voisine chez famille avis rappelle rappeler appelle appeler prevenir joindre contacter salut bonjour "
        "merci stp cdt patient patiente interne externe ide infirmier infirmiere enfant bebe cousin cousine niece "
        "neveu oncle tante tuteur tutrice"
    )
)


def grow(words: Sequence[Token], plain: str, marked: list[bool]) -> None:
    """Mark what stands beside a name and belongs to it: initials, particles with what follows, unknown capitals."""
    for _ in range(_MOST_STEPS):
        found = [place for place in range(len(words)) if marked[place]]
        more = {new for place in found for new in (*_right(words, place, plain), *_left(words, place, plain))}
        more = {new for new in more if not marked[new]}
        if not more:
            return
        for new in more:
            marked[new] = True


def told_by_others(text: str, words: Sequence[Token], plain: str, marked: list[bool]) -> None:
    """Mark names by what stands beside them: a birth, who did something, what somebody does."""
    at = {token.start: place for place, token in enumerate(words)}
    for found in _BORN.finditer(plain):
        place = at.get(found.start())
        back = 1
        while place is not None and back < _MOST_STEPS and place - back >= 0 and is_unknown(words, place - back, plain):
            marked[place - back] = True
            if words[place - back].gap not in (" ", "\u00a0"):
                break
            back += 1
    for found in _BY.finditer(plain):
        place = at.get(found.end())
        if place is None or _NOT_BY.search(found[0]):
            continue
        led = (*with_particles(words, place),) if words[place].word.is_particle else ()
        for one in led or ((place,) if is_unknown(words, place, plain) else ()):
            marked[one] = True
    for found in _SIGNED.finditer(text):
        place = at.get(found.end())
        led = () if place is None or place + 1 >= len(words) else (*with_particles(words, place + 1), place + 1)
        if led and place is not None and (len(led) > 1 or is_unknown(words, place + 1, plain)):
            for one in (place, *led):
                marked[one] = True
    for place, token in enumerate(words[1:], 1):
        if words[place - 1].word.plain in TITLES and token.gap == " " and is_lower_initial(token, plain):
            marked[place] = True
    for place in range(len(words) - 1):
        does = words[place + 1]
        if (
            does.gap == " "
            and does.word.plain in _DOES
            and (does.in_capitals or not does.word.is_capital)
            and is_unknown(words, place, plain)
        ):
            marked[place] = True


def in_lower_lines(words: Sequence[Token], plain: str, marked: list[bool]) -> None:
    """Mark names in lines that have no capital at all, behind words that announce somebody."""
    for start, end in _lower_lines(words):
        for place in range(start, end):
            before = words[place - 1] if place > start else None
            is_told = (
                before is not None
                and re.fullmatch(r"\.?,? ", words[place].gap) is not None
                and (before.word.plain in _LOWER_CUES or before.word.plain in TITLES)
            )
            if is_told and _may_be_lower(words[place], plain):
                _mark_lower(words, place, end, plain, marked)
            elif words[place].word.is_first_name and not words[place].word.is_common:
                marked[place] = True
            if _BEFORE.match(plain, words[place].end) and _may_be_lower(words[place], plain):
                for back in range(place, max(start - 1, place - _MOST_STEPS), -1):
                    word = words[back].word
                    is_short = len(word.letters) == _LEAST_LETTERS - 1 and not word.is_common
                    if not (word.is_particle or is_short or _may_be_lower(words[back], plain)):
                        break
                    marked[back] = True


def _mark_lower(words: Sequence[Token], place: int, end: int, plain: str, marked: list[bool]) -> None:
    first = place
    while place < end and place - first < _MOST_STEPS:
        token = words[place]
        is_next = place == first or token.gap in (" ", "\u00a0", "'")
        leads = token.word.is_particle and place + 1 < end and _may_be_lower(words[place + 1], plain)
        if not is_next or not (leads or _may_be_lower(token, plain)):
            return
        marked[place] = True
        place += 1


def _may_be_lower(token: Token, plain: str) -> bool:
    word = token.word
    return (
        len(word.letters) >= _LEAST_LETTERS
        and (not word.is_common or word.is_first_name)
        and not word.is_eponym
        and not word.is_particle
        and not names_a_disease(plain, token.start)
    )


def _lower_lines(words: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """The places of the words of each run of lines that have none with a capital."""
    for is_lower, run in groupby(range(len(words)), key=lambda place: words[place].in_lower):
        if is_lower:
            places = list(run)
            yield places[0], places[-1] + 1


def is_unknown(words: Sequence[Token], place: int, plain: str) -> bool:
    """Whether a word may be a name by its form: neither ordinary nor what a disease is called by, and with a capital.

    Where a line has no capital at all, without one.
    """
    token = words[place]
    word = token.word
    if token.in_lower:
        return _may_be_lower(token, plain)
    if not word.is_capital or word.is_particle or word.is_initial or word.is_eponym or word.plain in TITLES:
        return False
    if word.is_common and (token.is_first or not (word.is_first_name or word.is_surname)):
        return False
    if word.is_upper and (len(token.text) < _LEAST_UPPER or not _VOWEL.search(word.plain)):
        return False
    return not names_a_disease(plain, token.start)


def is_lower_initial(token: Token, plain: str) -> bool:
    """Whether it is the "d." of "Mme d."."""
    return len(token.text) == 1 and token.text.islower() and plain[token.end : token.end + 1] == "."


def _right(words: Sequence[Token], place: int, plain: str) -> Iterator[int]:
    after = place + 1
    if after >= len(words) or words[after].gap not in (" ", "\u00a0", "'", "’"):
        return
    token = words[after]
    is_beside_first = words[place].word.is_first_name and token.word.is_upper and not words[place].word.is_upper
    if token.word.is_initial and "." in token.text:
        is_title = token.text == "M." and after + 1 < len(words) and words[after + 1].gap == " "
        if not is_title or not words[after + 1].word.is_capital:
            yield after
    elif is_lower_initial(token, plain) or (is_beside_first and not token.in_capitals and not token.word.is_common):
        yield after
    elif _are_short(words, after):
        yield from (after, after + 1)
    elif token.word.is_particle and "." not in token.text:
        led = list(with_particles(words, after))
        is_last = token.word.plain not in ARTICLES and (token.word.is_capital or token.in_lower)
        yield from led or ((after,) if is_last else ())  # "Pham Van"
    elif not token.is_first and (is_unknown(words, after, plain) or _is_capital_beside(words, after, plain)):
        yield after


def _is_capital_beside(words: Sequence[Token], place: int, plain: str) -> bool:
    """Whether an ordinary word has a capital behind a name for no other reason: "Oriana Cheval", "Oriana CHEVAL"."""
    token, before = words[place], words[place - 1]
    word = token.word
    if not word.is_capital or token.in_capitals or word.is_eponym or word.plain in listed("clinical"):
        return False
    if (
        word.plain in TITLES
        or word.plain in ROLES
        or names_a_disease(plain, token.start)
        or before.word.plain in TITLES
    ):
        return False
    return before.word.is_capital and (len(token.text) > 3 or not word.is_upper) and not is_disease(word.plain)


def _are_short(words: Sequence[Token], first: int) -> bool:
    """Whether two words in capitals that are no abbreviations follow each other, as "HÔ THI"."""
    pair = words[first : first + 2]
    return (
        len(pair) > 1
        and pair[1].gap == " "
        and all(one.word.is_upper and not one.in_capitals and not one.word.is_common for one in pair)
        and all(_VOWEL.search(one.word.plain) for one in pair)
    )


def with_particles(words: Sequence[Token], first: int) -> Iterator[int]:
    """The particles and the surname that they lead to, if they do."""
    last = first
    while last < len(words) and last - first < 3 and words[last].word.is_particle:
        if last > first and words[last].gap not in (" ", "'", "’"):
            return
        last += 1
    if last >= len(words) or words[last].gap not in (" ", "'", "’"):
        return
    name = words[last]
    is_strong = any(one.word.is_capital and not one.in_capitals for one in words[first:last])  # "La Tour"
    is_named = name.word.is_capital and (not name.word.is_common or name.word.is_surname or is_strong)
    if name.in_lower:
        is_named = _may_be_lower(name, "")
    is_all_upper = words[first].word.is_upper and not words[first - 1].word.is_upper
    is_foreign = not all(one.word.plain in ARTICLES for one in words[first:last])
    is_long = not name.word.is_upper or len(name.text) >= _LEAST_UPPER or is_foreign or is_all_upper
    if is_named and is_long and not name.word.is_eponym and name.word.plain not in TITLES:
        yield from range(first, last + 1)


def _left(words: Sequence[Token], place: int, plain: str) -> Iterator[int]:
    before = words[place - 1]
    if (
        place
        and before.in_lower
        and words[place].gap == ". "
        and is_lower_initial(before, plain)
        and before.text != "m"
    ):
        yield place - 1
    if place == 0 or words[place].gap not in (" ", "\u00a0"):
        return
    if _is_led_by(before, words[place]):
        yield place - 1
    if before.word.is_upper and not before.in_capitals and not before.word.is_common and place > 1:
        led = words[place - 2]  # "VON ARX" before a first name
        if (led.word.is_particle and led.word.is_upper and before.gap in (" ", "'", "’")) or _are_short(
            words, place - 2
        ):
            yield from (place - 2, place - 1)
    is_initial = before.word.is_initial and "." in before.text and before.text not in ("M.", "P.")
    if is_initial or (not before.is_first and is_unknown(words, place - 1, plain)):
        yield place - 1


def _is_led_by(particle: Token, name: Token) -> bool:
    """Whether a particle before a name belongs to it, as in "Le Bihannic": French has no article before a name."""
    if not particle.word.is_particle or "." in particle.text or name.word.is_common or name.word.is_first_name:
        return False
    is_one_case = particle.in_lower or particle.in_capitals
    if particle.word.plain not in ARTICLES or (is_one_case and particle.word.plain in ("le", "la")):
        return True
    return particle.word.is_capital and not is_one_case
