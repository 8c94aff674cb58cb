"""Number plates of French vehicles: of today (AB-123-CD), and of before 2009 (123 ABC 75)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from glane.pseudonyms.kinds import Found
from glane.pseudonyms.words import folded, is_before, is_common, several

_GIVEN = "ABCDEFGHJKLMNPQRSTVWXYZ"  # I, O and U are not
_L = rf"[{_GIVEN}]"
_TODAY = re.compile(
    rf"(?<![\w/.-])(?!SS){_L}{{2}}(?P<sep>[ \u00a0.·–-]?)(?!000)\d{{3}}(?P=sep)(?!SS){_L}{{2}}(?![\w/-])", re.IGNORECASE
)
_DEPARTMENT = r"(?:0[1-9]|[1-8]\d|9[0-5]|2[AB]|97[1-6]|98\d)"
_BEFORE = re.compile(
    rf"(?<![\w/.,-])[1-9]\d{{0,3}}(?P<sep>[ \u00a0.-]?){_L}{{2,3}}(?P=sep){_DEPARTMENT}(?![\w/%-]|[.,]\d)",
    re.IGNORECASE,
)
_NEAR = 60  # code points before a plate, in which a word says what it is
_LABEL = re.compile(
    r"\b(?:immat(?:ricul\w*)?|carte grise|registration (?:number|plate)|licen[cs]e plate|number plate)\b"
    r"[^\n\d.;]{0,30}$",
    re.IGNORECASE,
)
_VEHICLE = re.compile(
    r"\b(?:plaques?|v[ée]hicules?|voitures?|auto(?:mobile)?|moto|scooter|camion(?:nette)?|fourgon|utilitaire|ambulance|vsl|taxi"
    r"|4x4|renault|peugeot|citro[eë]n|dacia|volkswagen|toyota|clio|twingo|m[ée]gane|sc[ée]nic|kangoo|golf|polo|yaris|vehicle"
    r"|(?:the|his|her|their|my) car)\b[^\n\d;]{0,40}$",
    re.IGNORECASE,
)
_BATCH = re.compile(
    r"\b(?:lots?|batch|r[ée]f(?:[ée]rence)?s?|kit|s[ée]rie|mod[èe]le|code)\b[^\n,;]{0,20}$", re.IGNORECASE
)
_BEFORE_DEPARTMENT = re.compile(r"^\d*\W*[^\W\d_]*")
_NO_PLATES = frozenset(["cd"])  # antigens: CD-138-PE
_MONTHS = frozenset(several("jan fev feb mar avr apr mai may jun jul sep sept nov dec"))


def plates(text: str) -> Iterator[Found]:
    """The number plates of a text: what other codes and measures look like needs a word for a vehicle before it."""
    for one in _TODAY.finditer(text):
        if _is_of_today(text, one):
            yield Found(*one.span(), "plate")
    for one in _BEFORE.finditer(text):
        if _is_of_before(text, one):
            yield Found(*one.span(), "plate")


def _is_of_today(text: str, found: re.Match[str]) -> bool:
    if is_before(_LABEL, text, found.start(), within=_NEAR):
        return True
    if is_before(_BATCH, text, found.start(), within=_NEAR):
        return False
    if found["sep"] in ("-", "–", "·"):
        return folded(found[0][:2]) not in _NO_PLATES
    if is_before(_VEHICLE, text, found.start(), within=_NEAR):
        are_words = [is_common(folded(one)) for one in re.findall(r"[^\W\d_]+", found[0])]
        return not (all(are_words) if found[0].isupper() else any(are_words))
    return found[0].isupper() and not found["sep"]


def _is_of_before(text: str, found: re.Match[str]) -> bool:
    letters = "".join(re.findall(r"[^\W\d_]{2,}", found[0]))
    if is_common(folded(letters)) or folded(letters) in _MONTHS:
        return False
    if is_before(_LABEL, text, found.start(), within=_NEAR) or is_before(_VEHICLE, text, found.start(), within=_NEAR):
        return True
    if is_before(_BATCH, text, found.start(), within=_NEAR):
        return False
    return found[0].isupper() and found["sep"] == "-" and re.match(r"\d{3}", found[0]) is not None


def made_plate(told: str, drawn: str) -> str:
    """A plate that is never given: its first letter is I, O or U; of before 2009, its department is 00.

    `drawn` are 20 digits.
    """
    values, is_today = iter(drawn), told[0].isalpha()
    end = len(told) if is_today else len(_BEFORE_DEPARTMENT.findall(told)[0])
    pairs = (int(f"{one}{other}") for one, other in zip(drawn[::2], drawn[1::2]))
    made = "".join(
        sign if not sign.isalnum() else next(values) if sign.isdigit() else _GIVEN[next(pairs) % len(_GIVEN)]
        for sign in told[:end].upper()
    )
    made = "IOU"[int(drawn[0]) % 3] + made[1:] if is_today else made + re.sub(r"[^\W_]", "0", told[end:])
    return made.lower() if told.islower() else made
