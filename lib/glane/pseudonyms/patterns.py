"""Identifiers that have a form or a label: numbers of persons, and what the modules beside this one find."""

from __future__ import annotations

import re
from collections.abc import Iterator

from glane.pseudonyms.checks import luhn, nir_key
from glane.pseudonyms.electronic import electronic
from glane.pseudonyms.kinds import Found
from glane.pseudonyms.money import money
from glane.pseudonyms.phones import phones
from glane.pseudonyms.plates import plates
from glane.settings.pseudonymise import Kind

_S = r"[ .\u00a0\u202f-]?"  # between groups of digits
_NIR = re.compile(
    rf"(?<![\d.,])[1-478]{_S}\d{{2}}{_S}(?P<month>\d{{2}}){_S}(?:\d{{2}}|2[AB]){_S}\d{{3}}{_S}\d{{3}}"
    rf"(?:{_S}(?:cl[eé]\s*:?\s*|/ ?)?(?P<key>\d{{2}}))?(?![\d])",
    re.IGNORECASE,
)
_NIR_LABEL = re.compile(
    r"(?:\bnir|\bins|s[eé]cu(?:rit[eé] sociale)?|\bn[o°]? ?ss|immatriculation|assur[eé]).{0,30}$",
    re.IGNORECASE,
)
_NUMBER = r"(?P<number>(?=[A-Z0-9/_.-]*\d{3})[A-Z]{0,3}\d[\dA-Z/_-]{2,}(?:[ \u00a0]\d{2,})*)"
_LABELLED = {
    "rpps": re.compile(
        r"\b(?:(?:rpps|adeli)\b[^\n\d;]{0,30}?|am\b[\s:=n°|-]{0,6})"
        r"(?P<number>\d[ \u00a0]?[\dAB](?:[ \u00a0.-]?\d){5,9})(?!\w)",
        re.IGNORECASE,
    ),
    "finess": re.compile(
        r"\bfiness\b[^\n\d;]{0,40}?(?P<number>\d[ \u00a0]?[\dAB](?:[ \u00a0.-]?\d){7})(?!\w)", re.IGNORECASE
    ),
    "identifier": re.compile(
        r"\b(?:ipp|nip|nda|iep|ins|ndos|nas|ipe|num[eé]ro|identifiant|dossier|s[eé]jour|venue|passage|matricule"
        r"|archives?|r[ée]f(?:[ée]rence)?s?|contrat|adh[ée]rente?|allocataire|soci[ée]taire|b[ée]n[ée]ficiaire"
        r"|mission|affaire|fiche"
        r"|pr[ée]l[èe]vement|[ée]chantillon|demande|enregistrement|admission|ine|mutuelle|dmp|ej|cas|bon"
        r"|immat(?:riculation)?"
        r"|agr[ée]ment|licence|carte|badge|permis|appel|intervention|id"
        r"|[eé]tiquette|chambre|code[ -]?barres?|hdj|rum|n[o°])\b(?:[ -]?(?:de|du|d'|d’|la|le|n[o°]|num[eé]ro"
        r"|dossier|s[eé]jour|patient"
        rf"|interne|passage|venue|archive|unique|permanent|administratif)(?=[\W\d]))*[\s:=n°#"
        rf"|-]{{1,6}}{_NUMBER}(?![\w%])",
        re.IGNORECASE,
    ),
}  # fmt: skip
_UNIT = r" ?(?i:copies|ufc|cfu|ui\b|iu\b|germes|cellules|[ée]l[ée]ments|plaquettes|leucocytes|/ ?(?:ml|l|mm3)\b)"
_SHORT = re.compile(rf"(?<![\w.,/+-])[A-Z]{{0,2}}\d{{5,7}}[A-Z]?(?![\w/%]|[.,]\d|{_UNIT})")
_IN_BRACKETS = re.compile(r"[A-ZÀ-Ý][\w'’-]+ \((?:n° ?)?$")
_OF_FILE = re.compile(r"\bdossiers?\b[^\n\d.;]{1,60}$", re.IGNORECASE)
_CODE = re.compile(r"(?<![\w./-])(?=[A-Z\d/-]*\d{3})[A-Z]{2,5}[-/]?(?:\d{2,4}[-/])?\d{4,8}(?![\w/]|[.,]\d)")
_LONG = re.compile(rf"(?<![\w.,/+-])[A-Z]{{0,3}}\d{{7,14}}[A-Z]?(?![\w/]|[.,]\d|{_UNIT})")
_RPPS = re.compile(r"(?<!\d)1\d{10}(?!\d)")
_FINESS = re.compile(r"(?<!\d)\d[\dAB]\d{7}(?!\d)")


def numbers(text: str) -> Iterator[Found]:
    """The identifiers that their form or their label tells."""
    yield from electronic(text)
    yield from money(text)
    yield from phones(text)
    yield from plates(text)
    yield from (Found(*one.span(), "nir") for one in _NIR.finditer(text) if _is_nir(text, one))
    for kind, pattern in _LABELLED.items():
        yield from (Found(*one.span("number"), _kind(kind)) for one in pattern.finditer(text))
    yield from (Found(*one.span(), "rpps") for one in _RPPS.finditer(text) if luhn(one[0]))
    yield from (Found(*one.span(), "finess") for one in _FINESS.finditer(text) if one[0].isdigit() and luhn(one[0]))
    yield from (Found(*one.span(), "identifier") for one in _CODE.finditer(text))
    for one in _SHORT.finditer(text):
        if _is_of_somebody(text, *one.span()):
            yield Found(*one.span(), "identifier")
    yield from (Found(*one.span(), "identifier") for one in _LONG.finditer(text))


def _is_of_somebody(text: str, start: int, end: int) -> bool:
    """Whether a short number stands in brackets behind a name, or behind the word for a file and words."""
    is_bracketed = _IN_BRACKETS.search(text[max(0, start - 30) : start]) is not None and text[end : end + 1] in (
        ")",
        ",",
    )
    return is_bracketed or _OF_FILE.search(text[max(0, start - 70) : start]) is not None


def _kind(name: str) -> Kind:
    return "rpps" if name == "rpps" else "finess" if name == "finess" else "identifier"


def _is_nir(text: str, found: re.Match[str]) -> bool:
    """Its key is right, or its month may be one, or a label says so. Month 13 to 19 is never given."""
    number = "".join(letter for letter in found[0].upper() if letter.isdigit() or letter in "AB")
    month = int(found["month"])
    if found["key"] and nir_key(number[:13]) == int(found["key"]):
        return True
    return 1 <= month <= 12 or 20 <= month <= 42 or month >= 50 or bool(_NIR_LABEL.search(text[: found.start()][-60:]))
