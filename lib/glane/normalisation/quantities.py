"""Reads a quantity as it is written: "38°5", "1 200", "une vingtaine", "3 à 5 jours", "2 h 30", "0,5 g x3/j".

Strict: all figures of a text must belong to one quantity. What is not understood has no value, and a reason.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from glane.normalisation.figures import with_degrees, with_plain_numbers
from glane.task.units import UNITS, Unit, converted
from glane.types import Language, NormalQuantity, Unread

_ABOUT = {
    "dizaine": 10, "douzaine": 12, "quinzaine": 15, "vingtaine": 20, "trentaine": 30, "quarantaine": 40,
    "cinquantaine": 50, "soixantaine": 60, "centaine": 100, "millier": 1000, "dozen": 12,
}  # fmt: skip
_COLLECTIVE = re.compile(rf"\b(?:(?:1|une?|a) )?({'|'.join(_ABOUT)})\b")
_UNIT = "|".join(sorted((re.escape(one) for one in UNITS), key=len, reverse=True))
_N = r"-?\d+(?:\.\d+)?"
_OF_UNIT = rf"(?: ?(?P<{{0}}>{_UNIT})(?![^\W_]))?"
_RANGE = re.compile(
    rf"(?P<before>\b(?:entre|between|de|from) )?(?P<low>{_N}){_OF_UNIT.format('low_unit')}"
    rf"(?: ?(?:a|au|et|ou|to|and|or|-|–) ?(?P<high>{_N}){_OF_UNIT.format('high_unit')})?"
    rf"(?P<half> (?:et|and) (?:a |1 )?(?:demie?|half))?"
)
_COMPOUND = re.compile(
    rf"(?P<big>\d+) ?(?P<big_unit>{_UNIT}) ?(?:et |and )?(?P<small>\d+)(?: ?(?P<small_unit>{_UNIT}))?(?![^\W_])"
)
_ONE = re.compile(rf"\b(?:une?|an?) (?=(?:{_UNIT})(?![^\W_]))")
_HALVES = {"demiheure": 30.0, "demi heure": 30.0, "half hour": 30.0, "half an hour": 30.0, "quart d'heure": 15.0,
           "quarter of an hour": 15.0, "demijournee": 720.0, "demi journee": 720.0}  # fmt: skip
_HALF = re.compile(rf"\b(?:1 |une? |a )?({'|'.join(_HALVES)})\b")  # minutes
_TIMES = re.compile(
    r" ?(?:(?:x|\*|fois|times) ?(?P<times>\d+) ?(?:fois |times )?(?:/|par|per|a) ?(?:j|jour|d|day)\b"
    r"|(?P<first>\d+) ?(?:fois|x|times) ?(?:/|par|per|a) ?(?:j|jour|d|day)\b"
    r"|(?:toutes les|every|/) ?(?P<every>\d+) ?(?:h|heures|hours)\b)"
)
_TIMES_BEFORE = re.compile(r"(?P<times>\d+) ?(?:x|\*|fois|times) (?=\d)")
_AT_LEAST = r"(?:plus de|plus d'|au moins|more than|over|at least|>=?|≥|superieure? a)"
_AT_MOST = r"(?:moins de|moins d'|au plus|less than|under|at most|up to|jusqu'a|<=?|≤|inferieure? a)"
_BOUND = re.compile(rf"(?P<least>{_AT_LEAST})|(?P<most>{_AT_MOST})")
_ROUGHLY = re.compile(
    r"\b(?:environ|env\.?|a peu pres|approximativement|about|around|approximately|approx\.?|circa)(?![^\W_])|[~≈±]"
)
_REFUSED = re.compile(
    r"\b(?:quelques|plusieurs|several|few|pas|non|sans|no|not|without|aucune?|peu|little|some)\b|1/2|½"
)
_UNTOLD = re.compile(rf"\d|\b(?:{'|'.join([*_ABOUT, 'demie?', 'half', 'quart', 'quarter'])})\b")


@dataclass(frozen=True, slots=True)
class _Part:
    low: float
    high: float
    unit: Unit | None
    is_rough: bool = False


def read_quantity(text: str, language: Language, *, unit: Unit | None) -> NormalQuantity:
    """Read the only quantity of a text, in `unit` if one is wanted."""
    if re.search(r"G ?/ ?L", text):  # 10⁹ per litre, and no grams
        return NormalQuantity(reason=Unread.AMBIGUOUS)
    plain = with_plain_numbers(with_degrees(text), language)
    if plain is None:
        return NormalQuantity(reason=Unread.AMBIGUOUS)
    plain = re.sub(r"°(?!\s?[cf]\b)", "°c" if language == "fr" else "° ", plain)
    if _REFUSED.search(plain):
        return NormalQuantity(reason=Unread.NOT_UNDERSTOOD)
    is_rough, plain = bool(_ROUGHLY.search(plain)), _ROUGHLY.sub(" ", plain)
    bound, plain = _BOUND.search(plain), _BOUND.sub(" ", plain, count=1)
    plain, times = _a_day(_ONE.sub("1 ", " ".join(plain.split())))
    found, rest = _part(plain)
    if found is None:
        return NormalQuantity(reason=Unread.NOT_UNDERSTOOD)
    if _UNTOLD.search(rest) or _BOUND.search(rest) or (times is not None and found.unit is None):
        return NormalQuantity(reason=Unread.SEVERAL if _part(rest)[0] is not None else Unread.NOT_UNDERSTOOD)
    if times is not None:
        assert found.unit is not None
        daily = UNITS.get(f"{found.unit.name.casefold()}/d")
        if daily is None:
            return NormalQuantity(reason=Unread.UNIT)
        found = _Part(found.low * times, found.high * times, daily, found.is_rough)
    return _given(found, unit, bound, is_rough)


def _a_day(plain: str) -> tuple[str, float | None]:
    """The text without how often a dose is given, and how often a day that is."""
    after = _TIMES.search(plain)
    if after is not None:
        told = after["times"] or after["first"]
        times = float(told) if told else 24 / max(int(after["every"]), 1)
        return (plain[: after.start()] + " " + plain[after.end() :]).strip(), times
    before = _TIMES_BEFORE.match(plain)
    if before is not None and re.search(r"/ ?(?:j|jour|d|day)\b", plain):
        return re.sub(r"/ ?(?:j|jour|d|day)\b", "", plain[before.end() :]), float(before["times"])
    return plain, None


def _part(plain: str) -> tuple[_Part | None, str]:
    """The first quantity of a text, and the text around it."""
    if (half := _HALF.search(plain)) is not None:
        minutes = UNITS["min"]
        return _Part(_HALVES[half[1]], _HALVES[half[1]], minutes), plain[: half.start()] + " " + plain[half.end() :]
    if (about := _COLLECTIVE.search(plain)) is not None:
        after = re.match(rf" (?:de |d'|of )?(?P<unit>{_UNIT})(?![^\W_])", plain[about.end() :])
        value = float(_ABOUT[about[1]])
        end = about.end() + (after.end() if after else 0)
        return _Part(value, value, UNITS[after["unit"]] if after else None, True), plain[: about.start()] + plain[end:]
    for match in _COMPOUND.finditer(plain):
        if (whole := _compound(match)) is not None:
            return whole, plain[: match.start()] + " " + plain[match.end() :]
    for match in _RANGE.finditer(plain):
        if match.start() and plain[match.start() - 1].isalnum() and match["before"] is None:
            continue  # "b12", "covid19"
        low, high = float(match["low"]), float(match["high"] or match["low"])
        units = {UNITS[name] for name in (match["low_unit"], match["high_unit"]) if name}
        if len(units) > 1:
            return None, plain
        more = 0.5 if match["half"] else 0.0
        return _Part(low + more, high + more, next(iter(units), None)), plain[: match.start()] + plain[match.end() :]
    return None, plain


def _compound(match: re.Match[str]) -> _Part | None:
    """ "2 h 30", "1 j 12 h": parts of one time, the larger first."""
    big = UNITS[match["big_unit"]]
    small = UNITS[match["small_unit"]] if match["small_unit"] else UNITS["min"] if big.name == "h" else None
    if (
        small is None
        or big.dimension not in ("time", "calendar")
        or small.dimension != big.dimension
        or small.factor >= big.factor
    ):
        return None
    if float(match["small"]) * small.factor >= big.factor:
        return None
    value = float(match["big"]) + float(match["small"]) * small.factor / big.factor
    return _Part(value, value, big)


def _given(found: _Part, unit: Unit | None, bound: re.Match[str] | None, is_rough: bool) -> NormalQuantity:
    """The quantity in the wanted unit."""
    low, high, rough = found.low, found.high, found.is_rough or is_rough
    if low > high or (low < 0 and (found.unit is None or found.unit.dimension not in ("celsius", "fahrenheit"))):
        return NormalQuantity(reason=Unread.IMPOSSIBLE)
    if bound is not None and low != high:
        return NormalQuantity(reason=Unread.NOT_UNDERSTOOD)
    if unit is not None:
        both = None if found.unit is None else (converted(low, found.unit, unit), converted(high, found.unit, unit))
        if both is None or both[0] is None or both[1] is None:
            return NormalQuantity(reason=Unread.UNIT)
        (low, is_exact), (high, _) = both[0], both[1]
        rough = rough or not is_exact
    if not math.isfinite(high):  # hundreds of digits, as models may repeat themselves
        return NormalQuantity(reason=Unread.IMPOSSIBLE)
    name = unit.name if unit is not None else found.unit.name if found.unit is not None else None
    least, most = bound is not None and bound["least"] is not None, bound is not None and bound["most"] is not None
    return NormalQuantity(
        low=None if most else round(low, 9), high=None if least else round(high, 9), unit=name, approximate=rough
    )
