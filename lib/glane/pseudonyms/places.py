"""Addresses, postcodes and towns in French texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from glane.pseudonyms.institutions import institutions
from glane.pseudonyms.kinds import Found
from glane.pseudonyms.place_names import LINKS, NAMES, UPPER
from glane.pseudonyms.words import folded, is_common, is_disease, listed, names_a_disease

STREET = (
    r"(?:rue|r\.|avenue|av\.?|ave|boulevard|bd|bld|blvd|boul\.|place|pl\.|all[ée]es?|all\.|chemin|che\.|chem\."
    r"|impasse|imp\."
    r"|route|rte|quai|cours|square|sq\.|passage|lotissement|lot\.|r[ée]sidence|r[ée]s\.|hameau|lieu[ -]dit"
    r"|villa|faubourg|fbg|fg"
    r"|sentier|cit[ée]|ruelle|mont[ée]e|esplanade|promenade|clos|domaine|voie|venelle|traverse|parvis|rond[ -]point)"
)
_SURE_STREET = (
    r"(?:rue|avenue|boulevard|bd|bld|all[ée]es?|chemin|impasse|quai|route|lotissement|hameau|lieu[ -]dit"
    r"|faubourg|r[ée]sidence|rés\.|lot\.)"
)
_DAY = (
    r"(?:\d{1,2}(?:er)? (?i:janvier|f[ée]vrier|mars|avril|mai|juin|juillet|ao[ûu]t|septembre|octobre|novembre"
    r"|d[ée]cembre)(?: \d{4})?)"
)
_NUMBER = r"(?:\d{1,4} ?(?:(?i:bis|ter|quater)|[A-D](?![A-Za-z]))?(?: ?[-/] ?\d{1,4})? ?,? ?)"
_ADDRESS = re.compile(
    rf"\b(?:{_NUMBER}(?:\d{{1,2}}(?:er?|[eè]re|[eè]me) )?(?i:{STREET})[ \u00a0](?:(?i:du|des|de la|de) {_DAY}"
    rf"|{NAMES}(?i: du {_DAY})?|[^\n\t,;"
    rf"|.(\d]{{2,40}}?(?=[\n\t,;|.(]|[ ]+\d{{5}}|$))"
    rf"|(?i:{_SURE_STREET})[ \u00a0](?:(?i:du) {_DAY}|[«\"“]? ?{NAMES})|(?i:BP|CS) ?\d{{2,5}}|(?i:appt?\.?|apt"
    rf"|appartement"
    rf"|b[âa]t\.?|b[âa]timent|esc\.?|escalier|porte|hall|cage|bloc) ?(?:n° ?)?(?:[A-Z]|\d{{1,4}})\b)"
)
_BEFORE_CODE = r"(?=,?[ \n]{1,2}(?:F-)?(?:0[1-9]|[1-8]\d|9[0-578])\d{3}\b)"
_LED = re.compile(  # whatever stands between the word for an address and the postcode
    rf"(?i:\b(?:habite?|domicili[ée]e?(?:\(e\))?s?|demeurant|r[ée]sid(?:e|ant)|adresse|domicile)\b)(?: ?:)?[ ]"
    rf"(?:au |à |a |: )?(?P<address>[^\n;:]{{4,70}}?){_BEFORE_CODE}"
)
_NAMED = re.compile(rf"(?<![\w'’-])(?P<address>(?:\d{{1,4}}[ ,]+)?{NAMES}),?[ \n]{{1,2}}(?:F-)?$")
_HAMLET = re.compile(
    rf"(?i:\b(?:lieu[- ]?dit|hameau|ferme|quartier|village|cit[ée]|domaine|r[ée]sidence)) (?P<address>[«\"“]? ?{NAMES})"
)
_BEHIND_ADDRESS = re.compile(rf"[ \n]?(?:,|-| [àaÀA]|[àaÀA]) ?(?P<town>{NAMES})")
_POSTCODE = re.compile(
    rf"(?<![\d.,/])(?:F-)?(?P<code>(?:0[1-9]|[1-8]\d|9[0-578]|2[AB])[ ]?\d{{3}})(?![\d.,/%]"
    rf"|[ ]\d)(?P<gap>[ \t\u00a0,|-]{{1,3}})(?P<town>{NAMES})(?P<cedex> (?i:cedex)(?: ?\d{{1,2}})?)?"
)
_CODE_LABEL = re.compile(
    r"(?:\b(?:cp|code postal)\b[\s:|=]{1,4}|(?<=[^\W\d_] )\()(?P<code>(?:0[1-9]|[1-8]\d|9[0-578])\d{3})(?!\w)",
    re.IGNORECASE,
)
_AT = re.compile(rf"(?:(?<=[^\W\d_] )|(?<=[)\d,] )|(?<=['’]))(?:à|À) (?P<town>{NAMES})")
_TO = re.compile(
    rf"(?<!\w)(?:a|A|pour|vers|jusqu['’][àa]|depuis|sur|pr[èe]s de|via|direction|c[ôo]t[ée] de|secteur(?: de)?"
    rf"|[ée]cole de"
    rf"|de|d['’]) (?P<town>{NAMES})"
)
_IN_BRACKETS = re.compile(rf"(?<=[^\W\d_] )\((?P<town>{NAMES})(?:[ ,]{{1,2}}(?:\d{{2}}|2[AB]))?\)")
_NO_PLACE = re.compile(
    r"(?:fievres?|grippe|virus|cas|epidemie|foyer|\d ?(?:mg|g|ml|cp|cps|gouttes?|ui|amp|mcg|µg)|prises?|doses?"
    r"|traitements?|ttt|injections?|cures?|perfusions?"
    r"|relais|introduction|arret|essai|serologies?|recherche|cultures?|infections?|criteres?|comprimes?|ampoules?"
    r"|sachets?|bolus|seringue|posologie|taux|dosages?|germes?|souche|variant|antigene|anticorps|ac|ag|pcr|vaccins?"
    r"|vaccination|rappel|antecedents?|atcd|type|groupe|service|unite|praticien|bouffees?|patch|boite|ordonnance"
    r"|allergie|intolerance|surdosage|intoxication|efficacite|effet|sous|passage|sevrage|sonde|poche"
    r"|contre) (?:de|d'|pour|sur|a) $"
)
_NO_TOWN = re.compile(
    r"(?:allergi\w*|intoleran\w*|reacti\w*|sensib\w*|relais|associe\w*|identique|comparable|traite\w*"
    r"|resistan\w*|expos\w*|positi\w*|negati\w*|infections?|surinfection|coinfection|bacteriemie|septicemie|sepsis) $"
)
_AT_HOME = r"(?:habit(?:e|ant)|domicili[ée]e?(?:\(e\))?s?|dom\.|demeur(?:e|ant)|r[ée]sid(?:e|ant))"
_HOME = re.compile(
    rf"(?i:\b(?:{_AT_HOME}(?: [àa](?=[ \n]))?|commune de|commune(?: de r[ée]sidence)? ?:|domicile ?:|ville ?:"
    rf"|adresse ?:"
    rf"|(?:ans|mois|[am])\.? ?\()[ \n]?)"
    rf"(?P<town>{NAMES}|[a-zà-ÿœ]{{4,}}(?:[-'’][a-zà-ÿœ]+)*)"
)
_LIVES = re.compile(
    rf"(?i:\b(?:{_AT_HOME}|domicile|maison|logement|retour|sortie|rentre(?:r|ra)?|d[ée]part|transport|regagne"
    r"|transf[ée]rer?|revient|revenu[e]?|h[ée]bergement|ambulance|originaire|n[ée]e?(?:\(e\))?|vit|vivant"
    r"|install[ée]e?"
    r"|fait|venant|arriv[ée]e? de|adress[ée]e? (?:par|de)|transf[ée]r[ée]e?"
    r"|scolaris[ée]e?)(?: le [^\n]{1,20}?)?[ \n](?:[àa]|de|d['’]|sur|en|au|aux|pour|vers)[ \n]?)"
    rf"(?P<town>{NAMES})"
)
_TOWN_LABEL = re.compile(
    rf"(?i:\b(?:ville|commune|domicile|lieu de naissance|localit[ée]|d[ée]part|arriv[ée]e|destination"
    rf"|lieu)\b(?: de r[ée]sidence)?[ \t]*[:|=\t][ \t]*(?:[àa] )?)(?P<town>{NAMES})"
)
_SIGNED = re.compile(
    rf"(?:^|\n)[ \t]*(?:(?i:fait [àa]) )?(?P<town>{NAMES}) ?,? (?i:le) (?=\d|lundi|mardi|mercredi|jeudi"
    rf"|vendredi|samedi)"
)
_RIVER = re.compile(
    rf"\b{UPPER}\w+-(?i:sur|sous|l[èe]s|les|en|aux?|du|la|le|d)[-'’]\w+(?:-\w+){{0,8}}"
    rf"|\b(?i:Sainte?|Ste?)[-  ]{UPPER}\w+(?:-\w+){{0,8}}"
)
_LED_BY = re.compile(r"(\w+) (?:de |d'|pour |sur |a )$")
_MOST_BEFORE = 70  # code points of an address that nothing announces
_CAPITAL = re.compile(rf"(?<!\w)(?<!-){UPPER}\w+")
_GOES_ON = re.compile(r"(?:[-' ]\w+){0,4}")


def places(text: str) -> Iterator[Found]:
    """Addresses, postcodes, towns and hospitals that their form or the words before them tell."""
    for one in _ADDRESS.finditer(text):
        if _tells(one[0]) or re.match(rf"\d.*(?:{_DAY}$| [A-ZÀ-Ý][a-zà-ÿ])", one[0]):
            yield Found(*one.span(), "address")
            town = _BEHIND_ADDRESS.match(text, one.end())
            if town is not None and (end := _end_of_town(text, *town.span("town"))) is not None:
                yield Found(town.start("town"), end, "town")
    for pattern in (_LED, _HAMLET):
        for one in pattern.finditer(text):
            if _tells(one["address"]) and not is_eponym_there(text, *one.span("address")):
                yield Found(*one.span("address"), "address")
    for one in _POSTCODE.finditer(text):
        end = _end_of_town(text, *one.span("town"))
        if end is not None:
            yield Found(*one.span("code"), "postcode")
            yield Found(one.start("town"), end, "town")
    yield from (Found(*one.span("code"), "postcode") for one in _CODE_LABEL.finditer(text))
    for pattern in (_HOME, _LIVES, _TOWN_LABEL, _SIGNED):
        for one in pattern.finditer(text):
            if (end := _end_of_town(text, *one.span("town"))) is not None:
                yield Found(one.start("town"), end, "town")
    for one in _AT.finditer(text):
        end = _end_of_town(text, *one.span("town"))
        is_written = re.search(r"[a-zà-ÿ]", one["town"]) is not None  # not in capitals
        if end is not None and is_written and not _NO_TOWN.search(folded(text[max(0, one.start() - 30) : one.start()])):
            yield Found(one.start("town"), end, "town")
    yield from institutions(text)
    yield from (Found(*one.span(), "town") for one in _RIVER.finditer(text) if _tells(one[0]))
    yield from _listed_towns(text)


def places_by_little(text: str) -> Iterator[Found]:
    """Towns behind "de" and the like, and addresses before a postcode: what may as well be somebody's name."""
    for code in _POSTCODE.finditer(text):
        begun = max(text.rfind("\n", 0, max(0, code.start() - 1)), code.start() - _MOST_BEFORE, 0)
        one = _NAMED.search(text, begun, code.start())
        if one is not None and _tells(one["address"]) and not is_eponym_there(text, *one.span("address")):
            yield Found(*one.span("address"), "address")
    for pattern in (_TO, _IN_BRACKETS):
        for one in pattern.finditer(text):
            if (end := _end_of_unknown(text, *one.span("town"))) is not None:
                yield Found(one.start("town"), end, "town")


def _tells(text: str) -> bool:
    return any(not is_common(word) for word in re.findall(r"\w+", folded(text)))


def _end_of_town(text: str, start: int, end: int) -> int | None:
    """Where a name of several words ends: before the first ordinary one. None if it begins with one."""
    last = None
    for word in re.finditer(r"[\w.]+(?:[-‐‑'’](?:[ \t]*\r?\n[ \t]*)?\w+)*", text[start:end]):
        plain = folded(word[0])
        if plain.rstrip("'") in LINKS:
            continue
        if all(is_common(part) for part in re.split(r"\W+", plain) if part) and not _is_name_of_place(plain):
            break
        last = start + word.end()
    return last


def _end_of_unknown(text: str, start: int, end: int) -> int | None:
    """The same where little tells that it is a town: not in capitals, no disease, nothing that is taken."""
    before = folded(text[max(0, start - 40) : start])
    is_written = re.search(r"[a-zà-ÿ]{2}", text[start:end]) is not None
    if not is_written or _NO_PLACE.search(before) or _NO_TOWN.search(before) or is_eponym_there(text, start, end):
        return None
    led_by = _LED_BY.search(before)
    if led_by is not None and (is_disease(led_by[1]) or led_by[1] in listed("clinical")):
        return None
    return _end_of_town(text, start, end)


def is_eponym_there(text: str, start: int, end: int) -> bool:
    """Whether one of the words is the name of a disease or a sign, or something says so before them."""
    words = re.findall(r"[\w-]+", folded(text[start:end]))
    before = folded(text[max(0, start - 40) : start])
    return any(word in listed("eponyms") for word in words) or names_a_disease(before, len(before))


def _is_name_of_place(plain: str) -> bool:
    return plain in listed("towns") or plain.startswith(("saint-", "sainte-", "st-", "ste-"))


@cache
def _first_parts() -> frozenset[str]:
    return frozenset(town.partition("-")[0] for town in listed("towns"))


def _listed_towns(text: str) -> Iterator[Found]:
    plain = folded(text)
    for one in _CAPITAL.finditer(text):
        if plain[one.start() : one.end()] not in _first_parts():
            continue
        told = _GOES_ON.match(plain, one.end())
        town = plain[one.start() : one.end() if told is None else told.end()].replace(" ", "-")
        while town and town not in listed("towns"):
            town = town.rpartition("-")[0]
        if town and not is_common(town) and not names_a_disease(plain, one.start()):
            yield Found(one.start(), one.start() + len(town), "town")
