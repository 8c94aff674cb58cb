"""Made-up names that sound French: of no list of real names, towns or words, and of no text that is told."""

from __future__ import annotations

from collections.abc import Callable

from glane.pseudonyms.words import is_common, is_first_name, is_surname, listed, several

_HEADS = several(
    "Ber Bro Cal Cor Dal Dro Fer Flo Gal Gri Jar Lor Lur Mar Mer Mor Nor Pal Per Pri Ral Rou Sal Ser Sor Tal Tor "
    "Tré Val Var Ver Vil"
)
_MIDDLES = several("ba be bo da do ga lé li lo ma mé mi mo na no ra ri ro sa ta ti va vé vi vo")
_SURNAME_ENDS = several(
    "vaudin chenet drault gnières lmont mblin nchard ndreau nsart quenet rvallin ssandier tteville zerand"
)
_FIRST_ENDS = several("lix nzéa rsel vine mbry ndéo quel ssy thiane xane zélin")
_TOWN_ENDS = several("bécourt chanville dreville gnoles mpierre ncourgy rsignac ssevières tteroy vernoux zanges")
MOST_TRIES = 100
Number = Callable[[int, str], int]  # a number below a bound, for a purpose


def surname(number: Number) -> str:
    """One of some 280,000 surnames."""
    return _one(number, _SURNAME_ENDS)


def first_name(number: Number) -> str:
    """One of some 220,000 first names, which tell no sex."""
    return _one(number, _FIRST_ENDS)


def town(number: Number) -> str:
    """One of some 220,000 towns."""
    return _one(number, _TOWN_ENDS)


def is_real(name: str) -> bool:
    """Whether a plain name is in one of the lists."""
    return is_first_name(name) or is_surname(name) or is_common(name) or name in listed("towns")


def _one(number: Number, ends: list[str]) -> str:
    middles = [_MIDDLES[number(len(_MIDDLES), f"middle {place}")] for place in range(2)]
    return _HEADS[number(len(_HEADS), "head")] + "".join(middles) + ends[number(len(ends), "end")]
