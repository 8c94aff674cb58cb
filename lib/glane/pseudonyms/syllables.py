"""Made-up names that sound French: of no list of real names, towns or words, and of no text that is told."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from glane.pseudonyms.words import is_common, is_first_name, is_surname, listed, several

_ONSETS = several("B Bl Br C Cl Cr D Dr F Fl Fr G Gl Gr J L M N P Pl Pr R S T Tr V")
_CORES = several("al an ar as el en er il in on or our")
_CONSONANTS, _VOWELS = several("b c d f g l m n p r s t v"), several("a é i o u")
_SURNAME_ENDS = several(
    "baudin blier chard chenet chon court daille dier dreau drault drier fey gnard gnet gnières guel lande let "
    "lier llard llec lmont maire mbert mblin mont nand nchard neau nier nnard nnec nsart ntet quelin quenet "
    "rande rdier reau rmont rnier rond rtin rvallin ssandier sset ssier tellier tard teau tteville ttier "
    "vaudin vert vier zac zerand zier"
)
_FIRST_ENDS = several(
    "bine brine cie drine dric lian lix line lise lle mbry mine ndéo nelle nette nzéa phane quel rane rcy "
    "relle rette rsel ssandre ssia ssy styn thiane tine vane vine xane zélin zie"
)
_TOWN_ENDS = several(
    "bécourt bourg brac chanville chères court dreville fontaine gnac gnoles lancourt ligny llères lmont "
    "mpierre ncourgy ngis nzac ré rgues rignac rmont rsignac rville ssac ssevières ssières tteroy vernoux "
    "vignes ville zanges"
)
MOST_TRIES = 100
Number = Callable[[int, str], int]  # a number below a bound, for a purpose


def surname(number: Number) -> str:
    """One of some 77 million surnames."""
    return _one(number, _SURNAME_ENDS)


def first_name(number: Number) -> str:
    """One of some 45 million first names, which tell no sex."""
    return _one(number, _FIRST_ENDS)


def town(number: Number) -> str:
    """One of some 42 million towns."""
    return _one(number, _TOWN_ENDS)


def is_real(name: str) -> bool:
    """Whether a plain name is in one of the lists."""
    return is_first_name(name) or is_surname(name) or is_common(name) or name in listed("towns")


def _one(number: Number, ends: list[str]) -> str:
    """A head, two syllables and an end: letters tell them apart, so that each number gives a name of its own."""
    parts = [_ONSETS, _CORES, *[_CONSONANTS, _VOWELS] * 2, ends]
    left = number(prod(map(len, parts)), "name")
    made = ""
    for among in parts:
        left, place = divmod(left, len(among))
        made += among[place]
    return made
