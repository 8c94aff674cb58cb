"""Numbers of bank accounts and cards: found by their check digits, and made of banks that there are none of."""

from __future__ import annotations

import re
from collections.abc import Iterator

from glane.pseudonyms.checks import iban_key, luhn, rib_key
from glane.pseudonyms.kinds import Found
from glane.pseudonyms.words import folded, is_before, several

# Letters and digits of an IBAN, by its country. Source: SWIFT, "IBAN Registry", and what is in use beside it.
_LENGTHS = {
    one[:2]: int(one[2:])
    for one in several(
        "AD24 AE23 AL28 AO25 AT20 AZ28 BA20 BE16 BF28 BG22 BH22 BI27 BJ28 BR29 BY28 CF27 CG27 CH21 CI28 CM27 CR22 "
        "CV25 CY28 CZ24 DE22 DJ27 DK18 DO28 DZ26 EE20 EG29 ES24 FI18 FO18 FR27 GA27 GB22 GE22 GI23 GL18 GQ27 GR27 "
        "GT28 GW25 HR21 HU28 IE22 IL23 IQ23 IR26 IS26 IT27 JO30 KM27 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 "
        "MA28 MC27 MD24 ME22 MG27 MK19 ML28 MR27 MT31 MU30 MZ25 NE28 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 "
        "RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SN28 SO23 ST25 SV28 TD27 TG28 TL23 TN24 TR26 UA29 VA22 "
        "VG24 XK20 YE30"
    )
}  # fmt: skip
_FRENCH = 23  # letters and digits of a French account, its key among them
_GAP = r"[ \u00a0\u202f.-]?\n?"
_IBAN = re.compile(rf"\b(?P<country>[A-Z]{{2}}|[a-z]{{2}}){_GAP}\d{{2}}(?=(?P<rest>(?:{_GAP}[A-Za-z\d]){{11,31}}))")
_LEAST_DIGITS = 8  # of an account
_S = r"[ \u00a0\u202f.|/-]{0,3}"
_RIB = re.compile(rf"(?<![^\W_])\d{{5}}{_S}\d{{5}}(?:{_S}[A-Z\d]){{11}}{_S}\d\d(?![^\W_])")
_NEAR = 60  # code points before a number, in which a word says what it is
_LABEL = re.compile(r"\b(?:iban|rib|coordonn[ée]es bancaires|compte|virement)\b[^\n]{0,30}$", re.IGNORECASE)
_CARD = re.compile(
    r"(?<![^\W_])(?<![.,/+-])(?:[2-6]\d{3}(?P<sep>[ \u00a0.-]?)\d{4}(?P=sep)\d{4}(?P=sep)\d{4}(?:(?P=sep)\d{3})?"
    r"|3[47]\d\d[ \u00a0.-]?\d{6}[ \u00a0.-]?\d{5}|3[068]\d\d[ \u00a0.-]?\d{6}[ \u00a0.-]?\d{4})(?![\w%]|[.,]\d| \d)"
)
_CARD_LABEL = re.compile(
    r"\b(?:cartes?|cb|visa|master ?card|maestro|amex|american express|paiement|card)\b[^\n\d]{0,30}$", re.IGNORECASE
)


def money(text: str) -> Iterator[Found]:
    """The numbers of bank accounts and payment cards of a text."""
    for one in _IBAN.finditer(text):
        if (end := _end_of_iban(text, one)) is not None:
            yield Found(one.start(), end, "iban")
    for one in _RIB.finditer(text):
        if rib_key(told := _signs(one[0])) == int(told[-2:]) or is_before(_LABEL, text, one.start(), within=_NEAR):
            yield Found(*one.span(), "iban")
    for one in _CARD.finditer(text):
        if luhn(_signs(one[0])) or is_before(_CARD_LABEL, text, one.start(), within=_NEAR):
            yield Found(*one.span(), "card")


def _signs(told: str) -> str:
    return re.sub(r"[\W_]", "", folded(told)).upper()


def _end_of_iban(text: str, found: re.Match[str]) -> int | None:
    """Where an IBAN ends that has the length of its country, and the right key or a word that says what it is."""
    length = _LENGTHS.get(found["country"].upper())
    places = [one.end() for one in re.finditer(r"[^\W_]", found["rest"])]
    if length is None or len(places) < length - 4:
        return None
    end = found.start("rest") + places[length - 5]
    signs = _signs(text[found.start() : end])
    if sum(map(str.isdigit, signs[4:])) < _LEAST_DIGITS:
        return None
    is_whole = end == len(text) or not text[end].isalnum()
    is_one = iban_key(signs[:2], signs[4:]) == int(signs[2:4]) or is_before(_LABEL, text, found.start(), within=_NEAR)
    return end if is_whole and is_one else None


def account_of(told: str) -> str:
    """What an account is known by, in its IBAN and without the country."""
    signs = _signs(told)
    return signs[4:] if signs[:1].isalpha() else signs


def made_account(told: str, drawn: str) -> str:
    """An account of bank 00000, which is none, with right keys. One abroad has X and noughts, and no key of its own.

    `drawn` are digits, as many as the account has.
    """
    signs, account = _signs(told), account_of(told)
    country = signs[:2] if signs[:1].isalpha() else ""
    if country in ("", "FR", "MC") and len(account) == _FRENCH:
        made = f"00000{drawn[: _FRENCH - 7]}"
        made += f"{rib_key(made + '00'):02d}"
    else:
        digits = iter(f"00000{drawn[: max(0, len(account) - 7)]}00")
        made = "".join("X" if sign.isalpha() else next(digits) for sign in account)
    whole = iter(f"{country}{iban_key(country, made):02d}{made}" if country else made)
    return re.sub(r"[^\W_]", lambda one: next(whole).lower() if one[0].islower() else next(whole), told)
