"""How names of places are written, and a text as it would be written if capitals told something in all of its lines."""

from __future__ import annotations

from collections.abc import Sequence

from glane.pseudonyms.tokens import Token
from glane.pseudonyms.words import is_disease, listed, several

UPPER = r"[^\W\d_a-zà-öø-ÿœ]"
_JOINED = r"(?:[-‐‑'’](?:[ \t]*\r?\n[ \t]*)?\w+){0,8}"
# A word with a capital, with what hyphens and apostrophes join.
_NAME = rf"(?:(?:St|Ste|Gal|Gén|Mal|Dr|Pr|Cdt|Col|Cap)\.|{UPPER}\w*{_JOINED})"
_LINK = (
    r"(?:(?:de|du|des|la|le|les|en|sur|sous|aux?|et|à|DE|DU|DES|LA|LE|LES|SUR|SOUS|AUX?|ET|EN|À)[ \u00a0]|[dlDL]['’])"
)
LINKS = frozenset(several("d l de du des la le les en sur sous au aux et a"))
# Each word is a link or a name, never both: else the ways to read "DE LA DE LA" would double with each word.
_PROPER = rf"(?:(?!{_LINK}){_NAME})"
NAMES = rf"(?:{_LINK})*{_PROPER}(?:[ \u00a0](?:{_LINK})*{_PROPER}){{0,5}}"
_LEAST = 4  # letters of a name of a place


def with_capitals(text: str, words: Sequence[Token]) -> str:
    """A text of the same length: in lines of one case, unknown words begin with a capital and ordinary ones do not.

    The text itself, where no line is of one case.
    """
    pieces, last = list[str](), 0
    for token in words:
        if not (token.in_lower or token.in_capitals):
            continue
        told = _as_in_a_sentence(token)
        if len(told) == len(token.text):
            pieces += [text[last : token.start], told]
            last = token.end
    return "".join([*pieces, text[last:]]) if pieces else text


def _as_in_a_sentence(token: Token) -> str:
    word, lower = token.word, token.text.lower()
    is_known = word.is_common and word.plain not in listed("towns")
    if is_known or word.is_particle or len(word.letters) < _LEAST or word.is_eponym or is_disease(word.plain):
        return lower
    return "-".join(part[:1].upper() + part[1:] for part in lower.split("-"))
