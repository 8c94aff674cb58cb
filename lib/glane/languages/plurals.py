"""The number of a word after a count: messages write "3 file(s)", and readers see "3 files" and "1 file"."""

from __future__ import annotations

import re

from glane.languages.values import QUOTED
from glane.types import Language

_COUNT = re.compile(r"\(?(?:\d+/)?(?:\d{1,3}(?:[,\u202f]\d{3})+|\d+)")
_EITHER = re.compile(r"(\(?[^\W\d_]+(?:['’-][^\W\d_]+)*)\((s|x|es|nt|aux)\)(\W*)")
_ENDS = re.compile(r".*[.;:,!?)\]]")  # of a word with which the count no longer holds
_WORDS = re.compile(r"[^\S\u202f\u00a0]+|\u00a0(?=\D)")
_OF_ONE = {  # what stands for a verb of several
    "are": "is", "were": "was", "have": "has", "do": "does", "hold": "holds",
    "look": "looks", "repeat": "repeats", "show": "shows", "stand": "stands", "stay": "stays",
    "sont": "est", "ont": "a", "n'ont": "n'a", "étaient": "était", "seront": "sera", "seraient": "serait", "vont": "va",
    "peuvent": "peut", "contiennent": "contient",
}  # fmt: skip
_BEFORE_VERBS = ("en", "le", "ne", "n'en", "n'y", "y")
_NOT = re.compile(r"\bne (?=(?:a|est|était)\b)")  # in French, before a verb that was put into the singular
_FAR = ("are", "were", "have")  # also some words on: "1 id of the right answers is"
_RELATIVE = ("that", "which", "who", "where")  # what follows is said of another word
# Nouns that English messages write as of several, whatever the count.
_NOUNS = re.compile(
    "attacks|bytes|cases|cells|characters|clusters|columns|combinations|dates|days|documents|engines|entities|entries|events|"
    "fields|figures|files|groups|ids|images|items|jobs|lines|lists|nodes|pages|pairs|parts|passages|periods|persons|"
    "places|points|records|rows|sheets|shards|signs|statements|tables|tasks|texts|times|tokens|values|variables|words|"
    "workers"
)
_QUALITIES = re.compile("judged|more|other|reviewed|selected|synthetic|usable|wrong")


def plurals_in(text: str, language: Language) -> str:
    """A text with the words after its counts in singular or plural, as `language` has them.

    A count, also one of so many (3/19), holds for the words after it up to the next sign of punctuation. French has
    the plural from two on, English for all but one. A French verb after "1 ligne sur 8" is of the first count. Quoted
    texts, paths, and what follows no count stay as they are.
    """
    if "(" not in text and (language != "en" or "1 " not in text):
        return text
    parts = re.split(f"({QUOTED})", text)
    return "".join(part if at % 2 else _numbered_in(part, language) for at, part in enumerate(parts))


def _numbered_in(text: str, language: Language) -> str:
    """A text without quotations."""
    parts = re.split(f"({_WORDS.pattern})", text)
    count: int | None = None
    whole: int | None = None  # of which the count is a part: the nouns after it are of this one
    before = ""  # the word before: a count, a whole, a quality, a word whose number was chosen, or one after it
    for at in range(0, len(parts), 2):
        word = parts[at]
        if _COUNT.fullmatch(word):
            found = int(re.sub(r"\D", "", word.rpartition("/")[2]))
            if count is not None and language == "fr" and parts[at - 2] == "sur":
                whole, before = found, "whole"
            else:
                count, whole, before = found, None, "count"
        elif count is not None:
            if whole is not None and word.rstrip(",.;:)") in _OF_ONE:
                whole = None  # with the verb, what is said of the part begins
            of = count if whole is None else whole
            is_one = of == 1 if language == "en" else of < 2
            parts[at], before = _numbered(word, before, is_one=is_one, language=language)
            if _ENDS.fullmatch(parts[at]):
                count = whole = None
        if "\n" in "".join(parts[at + 1 : at + 2]):
            count = whole = None
    return _NOT.sub("n'", "".join(parts))


def _numbered(word: str, before: str, *, is_one: bool, language: Language) -> tuple[str, str]:
    """A word in the number of its count, and what it is for the word after it."""
    if found := _EITHER.fullmatch(word):
        stem, ending, rest = found.groups()
        several = stem.removesuffix("al") if ending == "aux" else stem  # code(s) postal(aux)
        return (stem if is_one else several + ending) + rest, "chosen"
    bare = word.rstrip(",.;:)")
    rest = word[len(bare) :]
    if (before in ("chosen", "whole") and bare in _OF_ONE) or (before == "far" and bare in _FAR):
        return (_OF_ONE[bare] if is_one else bare) + rest, ""
    if language == "fr" and before in ("chosen", "whole") and word in _BEFORE_VERBS:
        return word, before
    if language == "en" and before in ("count", "quality"):
        if _QUALITIES.fullmatch(bare):
            return word, "quality"
        if _NOUNS.fullmatch(bare):
            return (_singular(bare) if is_one else bare) + rest, "chosen"
    is_far = language == "en" and before in ("chosen", "far") and bare not in _RELATIVE
    return word, "far" if is_far else ""


def _singular(noun: str) -> str:
    return f"{noun[:-3]}y" if noun.endswith("ies") else noun[:-1]
