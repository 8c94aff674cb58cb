"""Tells whether a quote and a passage that differ by a few letters say the same.

A quote is compared with a passage word by word, in their order:

- Each word has its counterpart on the other side, in both directions: a passage with "rarement" says something else
  than a quote without it.
- What turns a statement into another must be the same: negations, sides, signs and directions, numbers and units,
  persons, certainty, time. Their grammatical forms are equal. No such word is a slip of another one.
- In other words, slips of spelling are allowed: a letter too many or too few, two letters exchanged, another vowel in a
  long word, or what is often confused ("ph" and "f", double letters). Any other letter makes another word: "infection",
  "injection".
- Words like "le" and "of" need no counterpart. But those on which direction and tense depend stand in the same order on
  both sides, as far as both have them: "from Lyon to Paris" is not "to Lyon from Paris".

Both languages are known at once, as texts mix them. There is no dictionary: two words that differ by one letter too
many ("arthrite", "artérite") are told apart where `sense_words` lists them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import OSA

from glane.boundaries import NUMBER, plain_numbers
from glane.reading.sense_words import AFTER_NUMBERS, FUNCTION_WORDS, NEGATIONS, ORDINALS, RELATIONS, SENSES, STRICT
from glane.task.fold import fold

_SENSE_OF = {word: line.split()[0] for line in SENSES.splitlines() for word in line.split()}
_DENIALS = frozenset(line.split()[0] for line in NEGATIONS.split("\n") if line)
_NUMBER_WORD = re.compile(
    "zero|onze|une?|deux|trois|quatre|cinquante|cinq|sixty|six|septante|seventy|seven|sept|huitante|huit|neuf|dix|douze"
    "|treize|quatorze|quinze|seize|vingt|trente|quarante|soixante|nonante|cent|mille|one|two|three|four|five|eighty|eight"
    "|ninety|nine|ten|twenty|thirty|forty|fifty|hundred|thousand"
)
_COMPOUND = re.compile(f"(?:{_NUMBER_WORD.pattern})(?:s?(?:et|and)?(?:{_NUMBER_WORD.pattern}))+")
_COUNTED = re.compile("[a-z]+(?:ieme|teen|teenth|tieth)")
# Two words with different prefixes are two words, however few letters differ.
_PREFIX = re.compile(
    "hyper|hypo|peri|per|pre|pro|post|intra|inter|extra|sub|supra|infra|macro|micro|mono|poly|anti|ante|tachy|brady|abd|add"
)
# What is often confused in writing becomes the same.
_CONFUSED = (
    (re.compile("[oa]e"), "e"),
    (re.compile("ph"), "f"),
    (re.compile("qu|c"), "k"),
    (re.compile("(?<!^)h"), ""),
    (re.compile("y"), "i"),
    (re.compile("z"), "s"),
    (re.compile(r"(.)\1+"), r"\1"),
    (re.compile("x$"), "s"),
)
_ENDING = re.compile("(?:es|s|e)$")
_MIN_SLIP_LENGTH = 5  # letters; in shorter words another letter is another word
_MIN_VOWEL_LENGTH = 10  # letters; "vomissemants" for "vomissements"
_VOWELS = frozenset("aeiou")
_MIN_SPELLING_LENGTH = 4  # letters; shorter words have no other spelling
_MIN_SENSE_DROP = 7  # letters; "postive" for "positive"
_MIN_DROP_LENGTH = 9  # letters; in shorter words a letter more is another word: "contact", "contract"
_IDEOGRAMS = "\u2e80"  # of these and later characters, each can be a word
_MIN_SENSE_LENGTH = 6  # letters; "fever" is no slip of "never"
_LONG = 15  # words; a longer quote may begin or end with a word too many
_INNER_HYPHEN = re.compile(r"(?<=[^\W\d_]{2})[-‐‑–](?=[^\W\d_])")
_TOKEN = re.compile(
    rf"(?P<number>{NUMBER})"
    # A minus stands before a figure, or after a word and before no other: "O-", "AgHBs -".
    r"|(?P<sign>[<>≤≥≠]=?|[+?±%‰↑↓↗↘→←⬆⬇☐☑☒□■✓✔✗✘]|(?<!\w)-(?=\d)|-(?=\s*(?:[,;.)]|$)))"
    r"|(?P<not>[^\W\d_]*n't\b|cannot\b)|'s\b"
    r"|(?P<word>aujourd'hui|[^\W\d_]+(?:'(?!s\b)(?=[^\W\d_]))?)"
)
# A line may end within a sentence: "Pas de\ntoux". A list's next item, or an empty line, begins another.
_SENTENCE_END = re.compile(r"[.;!?](?=\s)|\n(?=\s*[\n•*–-])")


class Word(NamedTuple):
    """A word, number or sign of a text, folded."""

    text: str
    sense: str | None  # what it stands for, if it turns a statement into another
    elided: str = ""  # what stands before its apostrophe: "l" of "l'hôpital"


class Statement(NamedTuple):
    """What a quote or a passage says, as far as the two are compared."""

    words: list[Word]  # in their order, without function words
    relations: list[str]  # what its function words say about direction and tense, in their order
    tokens: list[str]  # its words, function words included, "l'" with its apostrophe


def statement_in(text: str) -> Statement:
    """Return what a text says."""
    folded = fold(_INNER_HYPHEN.sub(" ", text))
    words: list[Word] = []
    tokens: list[str] = []
    is_after_number = False
    for match in _TOKEN.finditer(plain_numbers(folded)):
        token, kind = folded[match.start() : match.end()], match.lastgroup
        if kind == "word":
            elided = tokens[-1].rstrip("'") if tokens and tokens[-1].endswith("'") else ""
            tokens.append(token)
            words += _meanings(token, is_after_number, elided)
        elif kind is not None:
            words.append(Word(token, {"number": re.sub("[ ']", "", token), "not": "not"}.get(kind, token)))
        is_after_number = kind == "number"
    return Statement(words, [RELATIONS[token] for token in tokens if token in RELATIONS], tokens)


def senses_in(text: str) -> list[str]:
    """Return what turns the statements of a text into others: its negations, numbers and the like, in their order."""
    return _senses(statement_in(text).words)


def says(passage: Statement, quote: Statement) -> bool:
    """Whether a passage says what a quote says, except for slips of spelling.

    A long quote may begin or end with a word that the passage does not have.
    """
    if [one for one in passage.relations if one in STRICT] != [one for one in quote.relations if one in STRICT]:
        return False
    if not (_is_within(passage.relations, quote.relations) or _is_within(quote.relations, passage.relations)):
        return False
    words = quote.words
    trimmed = [words]
    if len(words) >= _LONG:
        trimmed += [cut for cut in (words[1:], words[:-1], words[1:-1]) if _senses(cut) == _senses(words)]
    return any(_are_same(passage.words, cut) for cut in trimmed)


def _senses(words: list[Word]) -> list[str]:
    return [word.sense for word in words if word.sense]


def _is_within(one: list[str], other: list[str]) -> bool:
    """Whether one list is the other, with some of its items left out."""
    rest = iter(other)
    return all(item in rest for item in one)


def _are_same(passage: list[Word], quote: list[Word]) -> bool:
    """Whether each word is the one at the same place on the other side. Two may be written as one ("Sainte-Anne")."""
    one, other = 0, 0
    while one < len(passage) and other < len(quote):
        if _is_same(passage[one], quote[other]):
            one, other = one + 1, other + 1
        elif _is_joined(quote[other], passage[one : one + 2]):
            one, other = one + 2, other + 1
        elif _is_joined(passage[one], quote[other : other + 2]):
            one, other = one + 1, other + 2
        else:
            return False
    return one == len(passage) and other == len(quote)


def _is_same(one: Word, other: Word) -> bool:
    if one.sense and other.sense:
        return one.sense == other.sense
    if one.sense or other.sense:  # a slip in such a word: "postive"
        known = one if one.sense else other
        return (
            len(known.text) >= _MIN_SENSE_LENGTH
            and one.text[0] == other.text[0]
            and _is_slip(one.text, other.text, min_drop=_MIN_SENSE_DROP)
        )
    is_elided = one.elided + one.text == other.text or other.elided + other.text == one.text
    return is_elided or _is_slip(one.text, other.text)


def _is_joined(word: Word, pair: list[Word]) -> bool:
    """Whether one word is two, as "sainteanne" is "Sainte-Anne". "A typical" is not "atypical"."""
    return len(pair) == 2 and min(len(one.text) for one in pair) > 1 and word.text == "".join(one.text for one in pair)


def replaced(passage: Statement, quote: Statement) -> tuple[bool, bool]:
    """Whether the text may have another word in place of the first word of a quote, and of the last.

    Function words are not looked for. But the text before a passage may have "sans" where the quote has "avec".
    """
    first, last = (_is_replaced(passage.tokens[place:][:1], quote.tokens[place:][:1]) for place in (0, -1))
    return first, last


def _is_replaced(passage: list[str], quote: list[str]) -> bool:
    return quote != passage and not FUNCTION_WORDS.isdisjoint(quote)


def denies(skipped: str) -> bool:
    """Whether text that a quote skips between two of its parts denies what the quote says.

    A negation in a sentence between those of the parts is about something else.
    """
    sentences = _SENTENCE_END.split(skipped)
    return any(not _DENIALS.isdisjoint(senses_in(one)) for one in (sentences[0], sentences[-1]))


def _meanings(token: str, is_after_number: bool, elided: str) -> list[Word]:
    """The word that a token is, without its apostrophe; none if it is a function word, several for a written number."""
    word = token.rstrip("'")
    if senses := _senses_of(token, is_after_number):
        return [Word(word, sense) for sense in senses]
    is_ordinal = is_after_number and token in ORDINALS
    return [] if is_ordinal or token in FUNCTION_WORDS else [Word(word, None, elided)]


def _senses_of(word: str, is_after_number: bool) -> list[str]:
    single = word.removesuffix("s") if len(word) > 4 else word
    if sense := _SENSE_OF.get(word) or _SENSE_OF.get(single):
        return [sense]
    if is_after_number and word in AFTER_NUMBERS:
        return [AFTER_NUMBERS[word]]
    if (
        len(word) == 1 and word not in ("a", "y") and not (is_after_number and word in ORDINALS)
    ):  # the type of a virus, a unit, an initial
        return [word]
    if _COUNTED.fullmatch(single):
        return [single]
    return [_SENSE_OF[number] for number in _NUMBER_WORD.findall(word)] if _COMPOUND.fullmatch(single) else []


def _is_slip(word: str, other: str, *, min_drop: int = _MIN_DROP_LENGTH) -> bool:
    """Whether two words are one, spelled otherwise or by mistake."""
    if word == other:
        return True
    prefixes = {match[0] for one in (word, other) if (match := _PREFIX.match(one))}
    if len(prefixes) == 2:
        return False
    shorter, longer = sorted((word, other), key=len)
    if len(shorter) < _MIN_SPELLING_LENGTH:  # "TSH" is not "THS"
        return len(shorter) > 1 and longer == f"{shorter}s"
    one, two = _skeleton(word), _skeleton(other)
    if one == two or _is_ending(one, two):
        return True
    # A letter too many in front negates: "symptomatique" and "asymptomatique", "régulier" and "irrégulier".
    is_short = len(shorter) < _MIN_SLIP_LENGTH or max(word + other) >= _IDEOGRAMS
    if is_short or one.endswith(two) or two.endswith(one):
        return False
    may_drop = len(longer) >= min_drop
    return _is_near(one, two, may_drop) or _is_near(_ENDING.sub("", one), _ENDING.sub("", two), may_drop)


def _is_near(one: str, two: str, may_drop: bool) -> bool:
    """Whether two spellings differ by a slip. If they are equal without their endings, the endings are two."""
    if one == two or OSA.distance(one, two, score_cutoff=1) > 1:
        return False
    if len(one) != len(two):
        return may_drop
    # Two letters exchanged are two places. Else another letter is another word, but for a vowel in a long word.
    replaced = [pair for pair in zip(one, two) if pair[0] != pair[1]]
    return len(replaced) != 1 or (len(one) >= _MIN_VOWEL_LENGTH and set(replaced[0]) <= _VOWELS)


def _is_ending(one: str, other: str) -> bool:
    """Whether one word is the other with an ending of number or gender."""
    shorter, longer = sorted((one, other), key=len)
    return longer.startswith(shorter) and longer[len(shorter) :] in ("s", "e", "es")


@lru_cache(maxsize=4096)
def _skeleton(word: str) -> str:
    for pattern, plain in _CONFUSED:
        word = pattern.sub(plain, word)
    return word
