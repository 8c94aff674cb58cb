"""Words: their plain form, and the lists of what is a name, a place, a disease or an ordinary word."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.resources import files
from typing import Literal

_LIST = Literal["first_names", "surnames", "eponyms", "towns", "words", "verbs", "clinical"]
# How substances are named, by the international list of their stems (WHO, "The use of stems").
_SUBSTANCE = re.compile(
    r"\w{3,}(?:cilline|mycine|micine|oxacine|azole|sartan|olol|statine|dipine|parine|xaban|gliptine|gliflozine|oxetine"
    r"|azepam|azolam|triptan|setron|caine|phylline|thiazide|semide|azepine|dronate|solone|ximab|zumab|tinib|platine)"
)
# How diseases, signs, operations and germs end.
_DISEASE = re.compile(
    r"\w{3,}(?:ite|ose|emie|pathie|algie|ectomie|otomie|plastie|scopie|graphie|urie|plegie|phasie|rragie|rrhee|penie"
    r"|megalie|virus|virose|coque|bacter|iase|ologie|etique|ologique)s?"
)
# How forms of regular verbs end, in the plain form, and what their infinitive ends with.
_VERB_FORMS = (
    ("er", re.compile(
        r"(?:er)?(?:ai|as|a|ons|ez|ont|ais|ait|ions|iez|aient)|e|es|ons|ez|ent|ant|ees?|is|erent|e-[tm]oi"
    )),
    ("ir", re.compile(r"ir(?:ai|as|a|ons|ez|ont|ais|ait|aient)|is|it|i|ie|ies|issent|issait|issant|issaient|irent")),
    ("re", re.compile(r"r(?:ai|as|a|ons|ez|ont|ais|ait|aient)|s|d|ons|ent|ait|aient|ant|u|ue|us|ues|it")),
)  # fmt: skip
_OUT = re.compile(r"[\s\u00ad-]+|[‐‑'’]")
_EPONYM = re.compile(
    r"\b(?:maladie|syndrome|sd|signe|score|test|echelle|classification|triade|manoeuvre|operation|fracture"
    r"|sonde|canule|catheter|attelle|valve|prothese|collier|ventouse|loge|indice|index|critere|criteres|stade|grade|"
    r"reflexe|tumeur|lymphome|sarcome|oedeme|phenomene|purpura|thyroidite|anemie|chirurgie|intervention"
    r"|procedure|formule|canal|trompe|"
    r"ligament|ganglion|point|pince|drain|aiguille|holter|atteinte|encephalopathie|cirrhose|nodules?|cellules?"
    r"|corps|virus|bacille|neuropathie|paralysie|hernie|"
    r"contracture|diverticule|ampoule|sphincter|veine|artere|loi|angor|choree|crise|ulcere|tetralogie|plan"
    r"|ecart|respiration|dyspnee|arthrite|"
    r"mal|nephropathie|cardiopathie|demence|aphasie|aire|regle|methode|protocole|appareil|coxalgie"
    r"|type)[s]?(?: [a-z]+)? (?:de|d'|du|des|selon)? ?(?:von )?$"
)


def several(text: str) -> list[str]:
    """The words of a list that is written as a text."""
    return text.split()


class _Plain(dict[int, str]):
    """Maps a code point to its letter without accent and capital, of the same length, for `str.translate`."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        base = unicodedata.normalize("NFD", character)[0].casefold()
        self[code] = {"’": "'", "‐": "-", "‑": "-", "\u00a0": " ", "\u202f": " "}.get(
            character, base if len(base) == 1 else character
        )
        return self[code]


_PLAIN = _Plain()


def folded(text: str) -> str:
    """A text of the same length without capitals and accents."""
    return text.translate(_PLAIN)


def letters(text: str) -> str:
    """What makes two spellings of a name the same: its letters, without case, accents, hyphens and line breaks."""
    return "".join(
        one for one in unicodedata.normalize("NFD", _OUT.sub("", text).casefold()) if not unicodedata.combining(one)
    )


@cache
def listed(name: _LIST) -> frozenset[str]:
    """The entries of a list, in their plain form (hyphens kept)."""
    text = (files("glane.pseudonyms") / "lists" / f"{name}.txt").read_text(encoding="utf-8")
    return frozenset(text.split())


def is_common(word: str) -> bool:
    """Whether a plain word is an ordinary one, also where it is a name, too ("petit", "rose").

    The list has one form of many: their feminine and plural ones count, unless they are names.
    """
    words, word = listed("words"), word.replace("œ", "oe")
    if len(word) < 2 or word in words or word in listed("clinical"):
        return True
    if is_first_name(word) or is_surname(word):
        return False
    if is_disease(word):
        return True
    return len(word) > 4 and (
        any(
            word.endswith(ending) and word.removesuffix(ending) in words
            for ending in ("e", "s", "x", "es", "ment", "r", "nt")
        )
        or is_verb(word)
    )


def is_disease(word: str) -> bool:
    """Whether a plain word ends as names of substances, diseases, operations and germs do."""
    return bool(_SUBSTANCE.fullmatch(word) or _DISEASE.fullmatch(word))


def is_verb(word: str) -> bool:
    """Whether a plain word is a verb of the list, or a regular form of one ("passera", "raconté")."""
    verbs = listed("verbs")
    if word in verbs:
        return True
    return any(
        f"{word[:cut]}{ending}" in verbs and forms.fullmatch(word, cut) is not None
        for ending, forms in _VERB_FORMS
        for cut in range(len(word) - 1, max(1, len(word) - 8), -1)
    )


def is_first_name(word: str) -> bool:
    """Whether a plain word is in the list of first names."""
    return word in listed("first_names")


def is_surname(word: str) -> bool:
    """Whether a plain word is in the list of surnames."""
    return word in listed("surnames")


def is_before(pattern: re.Pattern[str], text: str, start: int, *, within: int) -> bool:
    """Whether a pattern is found in the code points before a place, `within` so many of them."""
    return pattern.search(text, max(0, start - within), start) is not None


def names_a_disease(plain: str, start: int) -> bool:
    """Whether a plain text says before a word that it names a disease, a sign or an instrument: "maladie de"."""
    if plain[max(0, start - 1) : start] not in (" ", "'"):
        return False
    return _EPONYM.search(plain[max(0, start - 40) : start]) is not None
