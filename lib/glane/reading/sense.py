"""Tells whether a quote and a passage that differ by a few letters say the same.

A quote is compared with a passage word by word:

- What turns a statement into another must be the same on both sides, in the same order: negations, sides, signs and
  directions, numbers and units, persons, certainty, time. Their grammatical forms are equal. No such word is a slip of
  another one.
- Each other word of the quote has its counterpart in the passage. Slips of spelling are allowed in longer words: one
  letter, or what is often confused ("ph" and "f", double letters). Words like "le" and "of" need no counterpart.

Both languages are known at once, as texts mix them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from rapidfuzz.distance import OSA

from glane.boundaries import NUMBER, plain_numbers
from glane.reading.sense_words import AFTER_NUMBERS, FUNCTION_WORDS, NEGATIONS, ORDINALS, SENSES
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
    "hyper|hypo|peri|per|pre|post|intra|inter|extra|sub|supra|infra|macro|micro|mono|poly|anti|ante|tachy|brady|abd|add"
)
# What is often confused in writing becomes the same, and endings of number and gender are left out.
_CONFUSED = (
    (re.compile("[oa]e"), "e"),
    (re.compile("ph"), "f"),
    (re.compile("qu|c"), "k"),
    (re.compile("(?<!^)h"), ""),
    (re.compile("y"), "i"),
    (re.compile("z"), "s"),
    (re.compile(r"(.)\1+"), r"\1"),
    (re.compile("(?:es|s|x|e)$"), ""),
)
_MIN_SLIP_LENGTH = 5  # letters; in shorter words another letter is another word
_IDEOGRAMS = "\u2e80"  # of these and later characters, each can be a word
_MIN_SENSE_LENGTH = 6  # letters; "fever" is no slip of "never"
_LONG = 15  # words; a longer quote may begin or end with a word too many
_INNER_HYPHEN = re.compile(r"(?<=[^\W\d_]{2})[-‐‑–](?=[^\W\d_])")
_TOKEN = re.compile(
    rf"(?P<number>{NUMBER})"
    # A minus stands before a figure, or after a word and before no other: "O-", "AgHBs -".
    r"|(?P<sign>[<>≤≥≠]=?|[+?±%‰]|(?<!\w)-(?=\d)|-(?=\s*(?:[,;.)]|$)))"
    r"|(?P<not>[^\W\d_]*n't\b|cannot\b)|'s\b"
    r"|(?P<word>aujourd'hui|[^\W\d_]+(?:'(?!s\b)(?=[^\W\d_]))?)"
)
_SENTENCE_END = re.compile(r"[.;!?](?=\s)|\n")


class Word(NamedTuple):
    """A word, number or sign of a text, folded."""

    text: str
    sense: str | None  # what it stands for, if it turns a statement into another


class Statement(NamedTuple):
    """What a quote or a passage says, as far as the two are compared."""

    words: list[Word]  # in their order, without function words
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
            tokens.append(token)
            words += _meanings(token, is_after_number)
        elif kind is not None:
            words.append(Word(token, {"number": re.sub("[ ']", "", token), "not": "not"}.get(kind, token)))
        is_after_number = kind == "number"
    return Statement(words, tokens)


def senses_in(text: str) -> list[str]:
    """Return what turns the statements of a text into others: its negations, numbers and the like, in their order."""
    return _senses(statement_in(text))


def says(passage: Statement, quote: Statement) -> bool:
    """Whether a passage says what a quote says, except for slips of spelling and words that the quote leaves out."""
    same = _senses(quote) == _senses(passage)
    return (same or _senses(quote, passage) == _senses(passage, quote)) and _has_words(passage, quote)


def _senses(statement: Statement, other: Statement | None = None) -> list[str]:
    """The senses in their order; with `other`, also those of words that are a slip of a word in the other statement."""
    known = (
        [] if other is None else [word for word in other.words if word.sense and len(word.text) >= _MIN_SENSE_LENGTH]
    )
    return [sense for word in statement.words if (sense := word.sense or _sense_by_slip(word.text, known))]


def _sense_by_slip(text: str, known: list[Word]) -> str | None:
    return next((one.sense for one in known if text[0] == one.text[0] and _is_slip(text, one.text)), None)


def _has_words(passage: Statement, quote: Statement) -> bool:
    single = {word.text for word in passage.words}
    known = single.union(_joined(passage))
    words = [word.text for word in quote.words if not word.sense]
    if len(words) >= _LONG:
        words = words[1:-1]
    return all(
        word in known
        or any(_is_slip(word, other) for other in known)
        or any(word in pair and pair in single for pair in _joined(quote))
        for word in words
    )


def _joined(statement: Statement) -> list[str]:
    """Each two words that follow each other, as one: "sainteanne" for "Sainte-Anne". "A typical" is not "atypical"."""
    pairs = (pair for pair in pairwise(statement.tokens) if min(map(len, pair)) > 1)
    return [f"{one}{other}".replace("'", "") for one, other in pairs]


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


def _meanings(token: str, is_after_number: bool) -> list[Word]:
    """The word that a token is, without its apostrophe; none if it is a function word, several for a written number."""
    word = token.rstrip("'")
    if senses := _senses_of(token, is_after_number):
        return [Word(word, sense) for sense in senses]
    is_ordinal = is_after_number and token in ORDINALS
    return [] if is_ordinal or token in FUNCTION_WORDS else [Word(word, None)]


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


def _is_slip(word: str, other: str) -> bool:
    """Whether two words are one, spelled otherwise or by mistake."""
    if word == other:
        return True
    prefixes = {match[0] for one in (word, other) if (match := _PREFIX.match(one))}
    if min(len(word), len(other)) < 3 or len(prefixes) == 2:
        return False
    one, two = _skeleton(word), _skeleton(other)
    if one == two:
        return True
    # A letter too many in front negates: "symptomatique" and "asymptomatique", "régulier" and "irrégulier".
    is_short = min(len(word), len(other)) < _MIN_SLIP_LENGTH or max(word + other) >= _IDEOGRAMS
    if is_short or one.endswith(two) or two.endswith(one):
        return False
    return OSA.distance(one, two, score_cutoff=1) <= 1


@lru_cache(maxsize=4096)
def _skeleton(word: str) -> str:
    for pattern, plain in _CONFUSED:
        word = pattern.sub(plain, word)
    return word
