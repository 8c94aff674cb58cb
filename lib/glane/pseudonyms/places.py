"""Addresses, towns and hospitals in French texts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from glane.pseudonyms.kinds import Found
from glane.pseudonyms.words import folded, is_common, listed, names_a_disease, several

_UPPER = r"[^\W\d_a-zà-öø-ÿœ]"
_JOINED = r"(?:[-‐‑'’](?:[ \t]*\r?\n[ \t]*)?\w+){0,8}"
# A word with a capital, with what hyphens and apostrophes join.
_NAME = rf"(?:(?:St|Ste|Gal|Gén|Mal|Dr|Pr|Cdt|Col|Cap)\.|{_UPPER}\w*{_JOINED})"
_LINK = r"(?:(?:de|du|des|la|le|les|en|sur|sous|aux?|et|DE|DU|DES|LA|LE|LES|SUR|SOUS|AUX?|ET|EN)[ \u00a0]|[dlDL]['’])"
_LINKS = frozenset(several("d l de du des la le les en sur sous au aux et"))
# Each word is a link or a name, never both: else the ways to read "DE LA DE LA" would double with each word.
_PROPER = rf"(?:(?!{_LINK}){_NAME})"
_NAMES = rf"(?:{_LINK})*{_PROPER}(?:[ \u00a0](?:{_LINK})*{_PROPER}){{0,5}}"
STREET = (
    r"(?:rue|r\.|avenue|av\.?|ave|boulevard|bd|bld|blvd|boul\.|place|pl\.|all[ée]es?|all\.|chemin|che\.|chem\."
    r"|impasse|imp\."
    r"|route|rte|quai|cours|square|sq\.|passage|lotissement|lot\.|r[ée]sidence|r[ée]s\.|hameau|lieu[ -]dit"
    r"|villa|faubourg|fbg|fg"
    r"|sentier|cit[ée]|ruelle|mont[ée]e|esplanade|promenade|clos|domaine|voie|venelle|traverse|parvis|rond[ -]point)"
)
_SURE_STREET = (
    r"(?:rue|avenue|boulevard|bd|bld|all[ée]es?|chemin|impasse|quai|route|lotissement|hameau|lieu[ -]dit"
    r"|faubourg|r[ée]sidence)"
)
_DAY = (
    r"(?:\d{1,2}(?:er)? (?i:janvier|f[ée]vrier|mars|avril|mai|juin|juillet|ao[ûu]t|septembre|octobre|novembre"
    r"|d[ée]cembre)(?: \d{4})?)"
)
_NUMBER = r"(?:\d{1,4} ?(?:(?i:bis|ter|quater)|[A-D](?![A-Za-z]))?(?: ?[-/] ?\d{1,4})? ?,? ?)"
_ADDRESS = re.compile(
    rf"\b(?:{_NUMBER}(?i:{STREET})[ \u00a0](?:(?i:du|des|de la|de) {_DAY}|{_NAMES}|[^\n\t,;"
    rf"|.(\d]{{2,40}}?(?=[\n\t,;|.(]|[ ]+\d{{5}}|$))"
    rf"|(?i:{_SURE_STREET})[ \u00a0](?:(?i:du) {_DAY}|{_NAMES})|(?i:BP|CS) ?\d{{2,5}}|(?i:appt?\.?|appartement"
    rf"|b[âa]t\.?|b[âa]timent|esc\.?|escalier) ?(?:n° ?)?(?:[A-Z]|\d{{1,4}})\b)"
)
_BEHIND_ADDRESS = re.compile(rf"[ \n]?(?:,|-| [àaÀA]|[àaÀA]) ?(?P<town>{_NAMES})")
_POSTCODE = re.compile(
    rf"(?<![\d.,/])(?:F-)?(?P<code>(?:0[1-9]|[1-8]\d|9[0-578]|2[AB])[ ]?\d{{3}})(?![\d.,/%]"
    rf"|[ ]\d)(?P<gap>[ \t\u00a0,|-]{{1,3}})(?P<town>{_NAMES})(?P<cedex> (?i:cedex)(?: ?\d{{1,2}})?)?"
)
_CODE_LABEL = re.compile(
    r"(?:\b(?:cp|code postal)\b[\s:|=]{1,4}|(?<=[^\W\d_] )\()(?P<code>(?:0[1-9]|[1-8]\d|9[0-578])\d{3})(?!\w)",
    re.IGNORECASE,
)
_AT = re.compile(rf"(?:(?<=[^\W\d_] )|(?<=\) ))(?:à|À) (?P<town>{_NAMES})")
_NO_TOWN = re.compile(
    r"(?:allergi\w*|intoleran\w*|reacti\w*|sensib\w*|relais|associe\w*|identique|comparable|traite\w*"
    r"|resistan\w*|expos\w*|positi\w*|negati\w*|infections?|surinfection|coinfection|bacteriemie|septicemie|sepsis) $"
)
_AT_HOME = r"(?:habit(?:e|ant)|domicili[ée]e?(?:\(e\))?s?|dom\.|demeur(?:e|ant)|r[ée]sid(?:e|ant))"
_HOME = re.compile(
    rf"(?i:\b(?:{_AT_HOME}(?: [àa])?|commune de|commune(?: de r[ée]sidence)? ?:|domicile ?:|ville ?:|adresse ?:"
    rf"|(?:ans|mois|[am])\.? ?\()[ \n]?)"
    rf"(?P<town>{_NAMES}|[a-zà-ÿœ]{{4,}}(?:[-'’][a-zà-ÿœ]+)*)"
)
_LIVES = re.compile(
    rf"(?i:\b(?:{_AT_HOME}|domicile|maison|logement|retour|sortie|rentre(?:r|ra)?|d[ée]part|transport|regagne"
    r"|transf[ée]rer?|revient|revenu[e]?|h[ée]bergement|ambulance|originaire|n[ée]e?(?:\(e\))?|vit|vivant"
    r"|install[ée]e?"
    r"|fait|venant|arriv[ée]e? de|adress[ée]e? (?:par|de)|transf[ée]r[ée]e?"
    r"|scolaris[ée]e?)(?: le [^\n]{1,20}?)?[ \n](?:[àa]|de|d['’]|sur|en|au|aux|pour|vers)[ \n]?)"
    rf"(?P<town>{_NAMES})"
)
_TOWN_LABEL = re.compile(
    rf"(?i:\b(?:ville|commune|domicile|lieu de naissance|localit[ée]|d[ée]part|arriv[ée]e|destination"
    rf"|lieu)\b(?: de r[ée]sidence)?[ \t]*[:|=\t][ \t]*(?:[àa] )?)(?P<town>{_NAMES})"
)
_SIGNED = re.compile(
    rf"(?:^|\n)[ \t]*(?:(?i:fait [àa]) )?(?P<town>{_NAMES}) ?,? (?i:le) (?=\d|lundi|mardi|mercredi|jeudi"
    rf"|vendredi|samedi)"
)
_RIVER = re.compile(
    rf"\b{_UPPER}\w+-(?i:sur|sous|l[èe]s|les|en|aux?|du|la|le|d)[-'’]\w+(?:-\w+){{0,8}}"
    rf"|\b(?i:Sainte?|Ste?)[-  ]{_UPPER}\w+(?:-\w+){{0,8}}"
)
_HOSPITAL = re.compile(
    r"(?i:\b(?:h[ôo]pita(?:l|ux)|clinique|polyclinique|ch(?:[ru]|ru|i)?|ghu?|groupe hospitalier"
    r"|centre hospitalier(?: (?:universitaire|r[ée]gional|intercommunal))?|maternit[ée]"
    r"|ehpad|institut|smur|samu|ssr|ime|foyer|maison de retraite|centre m[ée]dical|cabinet m[ée]dical"
    r"|laboratoire|pharmacie|urgences|maison de sant[ée]|c?ssr|crf|had|cmp|mas|fam|usld"
    r"|centre de r[ée][ée]ducation|soins de suite|r[ée]sidence)[ \u00a0-])"
    rf"(?:(?i:priv[ée]e?|universitaire|r[ée]gional|de jour|local|m[ée]re[ -]enfant)[ \u00a0])?(?P<name>{_NAMES})"
)


_OF_NAME = ("laboratoire", "pharmacie", "clinique", "polyclinique", "residence", "ehpad", "foyer", "maison de retraite")
_DONE = frozenset(
    several(
        "analyses analyse biologie medicale medicales medical anatomie pathologie cytologie hygiene jour nuit garde "
        "urgences urgence reanimation cardiologie pneumologie neurologie chirurgie medecine pediatrie geriatrie "
        "gynecologie obstetrique oncologie radiologie imagerie psychiatrie nephrologie dialyse infectiologie service "
        "services unite recherche sante soins adulte adultes enfant enfants ville centre regional universitaire"
    )
)


def places(text: str) -> Iterator[Found]:
    """Addresses, postcodes, towns and hospitals that their form or the words before them tell."""
    for one in _ADDRESS.finditer(text):
        if _tells(one[0]) or re.match(rf"\d.*(?:{_DAY}$| [A-ZÀ-Ý][a-zà-ÿ])", one[0]):
            yield Found(*one.span(), "address")
            town = _BEHIND_ADDRESS.match(text, one.end())
            if town is not None and (end := _end_of_town(text, *town.span("town"))) is not None:
                yield Found(town.start("town"), end, "town")
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
    for one in _HOSPITAL.finditer(text):
        if (end := _end_of_town(text, *one.span("name"))) is not None:
            yield Found(one.start("name"), end, "hospital")
        elif _is_called(one[0], one["name"]):
            yield Found(*one.span("name"), "hospital")
    yield from (Found(*one.span(), "town") for one in _RIVER.finditer(text) if _tells(one[0]))
    yield from _listed_towns(text)


def _is_called(whole: str, name: str) -> bool:
    """Whether ordinary words name a hospital ("des Trois Rivières"), and say nothing of what is done there."""
    if re.match(r"(?:du|de la|des|de l['’]|d['’])[ ]?[A-ZÀ-Ý][a-zà-ÿ]", name):
        return True
    words = [word for word in re.findall(r"\w+", folded(name)) if word not in _LINKS]
    is_led = re.match(r"(?:DU|DES?|DE L['’]|D['’]|LES?|LA)[ ]?[A-ZÀ-Ý]", name) is not None
    return is_led and folded(whole).startswith(_OF_NAME) and not any(word in _DONE for word in words)


def _tells(text: str) -> bool:
    return any(not is_common(word) for word in re.findall(r"\w+", folded(text)))


def _end_of_town(text: str, start: int, end: int) -> int | None:
    """Where a name of several words ends: before the first ordinary one. None if it begins with one."""
    last = None
    for word in re.finditer(r"[\w.]+(?:[-‐‑'’](?:[ \t]*\r?\n[ \t]*)?\w+)*", text[start:end]):
        plain = folded(word[0])
        if plain.rstrip("'") in _LINKS:
            continue
        if all(is_common(part) for part in re.split(r"\W+", plain) if part) and not _is_name_of_place(plain):
            break
        last = start + word.end()
    return last


def _is_name_of_place(plain: str) -> bool:
    return plain in listed("towns") or plain.startswith(("saint-", "sainte-", "st-", "ste-"))


def _listed_towns(text: str) -> Iterator[Found]:
    for word in re.finditer(rf"\b(?=({_UPPER}\w+(?:[-'’ ]\w+){{0,4}}))(?<!-)", text):
        plain = re.sub(r"[ ]", "-", folded(word[1]))
        while plain and plain not in listed("towns"):
            plain = plain.rpartition("-")[0]
        if plain and not is_common(plain) and not names_a_disease(folded(text[: word.start()]), word.start()):
            yield Found(word.start(), word.start() + len(plain), "town")
