"""Telephone numbers: French ones in any grouping, foreign ones by their country's code, extensions, spelled ones."""

from __future__ import annotations

import re
from collections.abc import Iterator

from glane.pseudonyms.kinds import Found
from glane.pseudonyms.words import is_before

_B = r"[ .·\-/_\u00a0\u202f\u2010-\u2014]"  # between groups of digits
_PHONE = re.compile(
    r"(?:(?<![\d.,/-])|(?<=\d{8}[/-])|(?<=\d\d[ .-]\d\d[/-]))"  # or behind another one
    r"(?:(?:\+|\b00) ?33[ .-]?(?:\(0\)|0)?[ .-]?[1-9]|0 ?[1-9])"
    rf"(?:(?P<sep>{_B}{{0,3}})\d{{2}}(?:(?:(?P=sep)|\n)\d{{2}}){{3}}|(?:{_B}?\d{{3}}){{2}}{_B}?\d{{2}})(?![\d])"
)
_GROUPED = re.compile(rf"(?<![\w.,/+-])0\)? ?[1-9]\)?(?:{_B}{{0,3}}\d){{8}}(?!\d)")
_DATE_FIRST = re.compile(
    r"[0-3]\d(?P<sep>[ ./-])(?:0[1-9]|1[0-2])(?P=sep)(?:(?:19|20)\d\d|\d\d(?!(?P=sep)))(?:\D+\d{1,2}){1,2}$"
)
_LABEL = re.compile(
    r"\b(?:t[ée]l(?:[ée]phone|\.)?s?|portables?|port\.?|mobiles?|gsm|fax|fixes?|num[ée]ros?|n°|joindre|joignable"
    r"|rappeler|appeler|contacts?|phone|call|cell)\b[^\n\d]{0,25}$",
    re.IGNORECASE,
)
_WITHOUT_PLUS = re.compile(rf"33(?<![\w.,/+-]33){_B}?[1-9](?:{_B}?\d{{2}}){{4}}(?!\d)")  # only behind a word for it
# Digits behind the code of a country, at least and at most. Source: ITU-T E.164 and its national numbering plans.
_LENGTHS = {
    "1": (10, 10), "7": (10, 10), "20": (8, 10), "27": (9, 9), "30": (10, 10), "31": (9, 9), "32": (8, 9),
    "33": (9, 9), "34": (9, 9), "36": (8, 9), "39": (8, 11), "40": (9, 9), "41": (9, 9), "43": (7, 12),
    "44": (9, 10), "45": (8, 8), "46": (7, 10), "47": (8, 8), "48": (9, 9), "49": (7, 11), "55": (10, 11),
    "86": (10, 11), "90": (10, 10), "91": (10, 10), "212": (9, 9), "213": (8, 9), "216": (8, 8), "221": (9, 9),
    "223": (8, 8), "225": (8, 10), "226": (8, 8), "227": (8, 8), "228": (8, 8), "229": (8, 10), "237": (8, 9),
    "241": (7, 8), "242": (9, 9), "243": (9, 9), "261": (9, 9), "262": (9, 9), "269": (7, 7), "351": (9, 9),
    "352": (5, 9), "353": (8, 9), "376": (6, 6), "377": (8, 9), "590": (9, 9), "594": (9, 9), "596": (9, 9),
    "687": (6, 6), "689": (6, 8),
}  # fmt: skip
_COUNTRY = (
    r"(?:1|7|2[07]|2[1-69]\d|3[0-469]|3[578]\d|4[013-9]|42\d|5[1-8]|5[09]\d|6[0-6]|6[789]\d|8[1246]|85\d|9[0-58]"
    r"|9[679]\d)"
)
_FOREIGN = re.compile(
    rf"(?:\+(?<![\w+]\+)|00(?<![\w.,:/+-]00)(?<!\d 00)) ?(?P<code>{_COUNTRY})\)?(?:{_B}{{0,2}}\(0\))?"
    rf"(?P<rest>(?:{_B}{{0,2}}\(?\d\)?){{5,13}})"
)
_OTHERS = (7, 11)
_EXTENSION = re.compile(
    r"\b(?:postes?(?: t[eé]l[eé]phonique| interne| direct)?|bip|dect|t[eé]l(?:[eé]phone|\.)?|fax"
    r"|ligne(?: directe| interne)?"
    r"|interne|int\.|astreinte|standard|(?:num[eé]ro|n°) (?:interne|direct|court))\b"
    r"[ .:=]{0,3}(?:n°|num[eé]ro|au|le|du)?[ .:]{0,2}(?P<number>\*?#?\d(?:[ .-]?\d){2,5})(?!\d|[ .,/]\d"
    r"|[ ]?(?:%|mg|ml|min|h\b|ans|/))",
    re.IGNORECASE,
)
_TENS = (
    r"(?:z[ée]ro|une?|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|seize|vingts?|trente"
    r"|quarante|cinquante|soixante|et)"
)
_DIGIT = "(?:un|deux|trois|quatre|cinq|six|sept|huit|neuf)"
_SPELLED = re.compile(
    rf"\bz[ée]ro(?!,? un,? deux)[ ,-]{{1,2}}{_DIGIT}(?:[ ,-]{{1,2}}{_TENS}\b){{4,20}}",
    re.IGNORECASE,
)


def phones(text: str) -> Iterator[Found]:
    """The telephone numbers of a text."""
    yield from (Found(*one.span(), "phone") for one in _PHONE.finditer(text))
    yield from (Found(*one.span("number"), "phone") for one in _EXTENSION.finditer(text))
    yield from (Found(*one.span(), "phone") for one in _WITHOUT_PLUS.finditer(text) if _is_labelled(text, one.start()))
    yield from (Found(*one.span(), "phone") for one in _GROUPED.finditer(text) if _is_grouped(text, one))
    yield from (Found(*one.span(), "phone") for one in _SPELLED.finditer(text))
    for one in _FOREIGN.finditer(text):
        if (end := _end_of_foreign(text, one)) is not None:
            yield Found(one.start(), end, "phone")


def _is_labelled(text: str, start: int) -> bool:
    return is_before(_LABEL, text, start, within=40)


def _is_grouped(text: str, found: re.Match[str]) -> bool:
    """Whether ten digits are one number: in groups of the same sort, no date, and in no row of numbers."""
    if _DATE_FIRST.match(found[0]):
        return False
    if _is_labelled(text, found.start()):
        return True
    if re.match(r"[ .,/]\d", text[found.end() : found.end() + 2]) or re.search(r"\d ?$", text[: found.start()][-2:]):
        return False
    groups = re.findall(r"\d+", found[0])
    seps = {sep.strip(" ()") for sep in re.findall(r"\D+", found[0])}
    are_pairs = all(len(group) == 2 for group in groups)
    return are_pairs or (len(seps) <= 1 and all(len(group) > 1 for group in groups[1:]))


def _end_of_foreign(text: str, found: re.Match[str]) -> int | None:
    """Where a number ends that has as many digits as its country gives, at the end of a group."""
    least, most = _LENGTHS.get(found["code"], _OTHERS)
    ends = [one.end() for one in re.finditer(r"\d", found["rest"])]
    if found["rest"][ends[0] - 1] == "0" and found["code"] != "39":
        least, most = least + 1, most + 1  # the nought that is dialled within the country
    for size in range(min(most, len(ends)), least - 1, -1):
        end = found.start("rest") + ends[size - 1]
        if not text[end : end + 1].isdigit():
            return end
    return None


def is_spelled(told: str) -> bool:
    """Whether a telephone number is written in words."""
    return _SPELLED.fullmatch(told) is not None


def country_of(told: str) -> str:
    """The code of the country of a foreign number; nothing of a French one."""
    found = _FOREIGN.match(told)
    return "" if found is None or found["code"] == "33" else found["code"]
