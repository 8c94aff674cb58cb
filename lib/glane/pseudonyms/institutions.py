"""Hospitals, homes, laboratories, schools, employers and insurers: what stands behind the word for one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from glane.pseudonyms.kinds import Found
from glane.pseudonyms.place_names import LINKS, NAMES
from glane.pseudonyms.words import folded, is_common, is_disease, listed, names_a_disease, several

_CARE = (
    r"(?:h(?:opita(?:l|ux)|op\.?|ia|ad|otel)|clinique|polyclinique|ch(?:[rsiu]|ru|ic?)?|ghu?[rt]?|clcc"
    r"|groupe hospitalier"
    r"|centre hospitalier(?: (?:universitaire|regional|intercommunal|specialise))*|maternite"
    r"|ehpad|institut|smur|samu|sdis|c?ssr|smr|ime|itep|esat|sessad|mecs|ssiad|foyer(?:[ -]logement)?"
    r"|maison de retraite"
    r"|centre medical|cabinet(?: medical| infirmier| dentaire)?|laboratoires?|labo|lbm|pharmacie|urgences"
    r"|maison (?:de sante|medicale|d'arret|d'enfants)|crf|cmpp?|cattp|mas|fam|usld|centre (?:de (?:reeducation"
    r"|sante|soins|dialyse|detention|loisirs|secours|pmi)|penitentiaire|social|aere)|soins de suite"
    r"|residence(?: autonomie| services?)?|efs|pmi|caserne|fondation)"
)
_OTHER = (
    r"(?:ecole|groupe scolaire|college|lycee|(?:micro-)?creche|halte[- ]garderie|universite|iut|ifsi|cfa|mfr|internat"
    r"|accueil de loisirs|societe|entreprise|etablissements|ets|usine|sarl|sas|eurl|gaec|garage|supermarche|restaurant"
    r"|brasserie|boulangerie|mairie|mutuelle|assurances?|cpam|msa|caf|carsat|mdph|caisse(?: primaire)?|prevoyance"
    r"|employeur|association|club|camping|abattoir|cooperative|exploitation|atelier)"
)
_KIND = (
    r"(?:privee?|publi(?:c|que)|universitaire|regional|de jour|local|mere[ -]enfant|maternelle|primaire|elementaire"
    r"|professionnel|agricole|technique|general|municipale?|intercommunale?|communale?|parentale?|d'assurance maladie"
    r"|d'analyses(?: medicales)?|de biologie(?: medicale)?|polyvalent|specialisee?)"
)
_INSTITUTION = re.compile(
    rf"(?<!\w)(?:{_CARE}|{_OTHER})(?: {_KIND}){{0,3}}(?:[ -]| ?: )(?:dite? )?[«\"“]? ?(?=\w)"
)  # of a plain text
_HOSPITAL = re.compile(rf"\s*{_CARE}(?: {_KIND}){{0,3}}(?:[ -]| ?: )[«\"“]? ?(?=\w)")
_SURNAMES = frozenset({"mas", "fam", "ime", "had", "pmi"})
_NAME = re.compile(NAMES)
_NAME_OF_ONE_CASE = re.compile(rf"([a-zà-ÿ]{{3,12}})[ ](?:d['’]|de )?{NAMES}")
_HOMES = re.compile(
    r"(?<!\w)(?:ehpad|residence|foyer|creche|ecole|college|lycee|maison de retraite|clinique|mas|fam|ime)"
    r"(?: (?:maternelle|primaire|elementaire|publique|privee))? (?P<name>les \w{4,}(?: \w{4,})?|d(?:es|u) \w{4,})(?!\w)"
)
_OF_NAME = tuple(
    several(
        "laboratoire pharmacie clinique polyclinique residence ehpad foyer ecole college lycee creche societe "
        "entreprise mutuelle"
    )
)
_DONE = frozenset(
    several(
        "analyses analyse biologie medicale medicales medical anatomie pathologie cytologie hygiene jour nuit garde "
        "urgences urgence reanimation cardiologie pneumologie neurologie chirurgie medecine pediatrie geriatrie "
        "gynecologie obstetrique oncologie radiologie imagerie psychiatrie nephrologie dialyse infectiologie service "
        "services unite recherche sante soins adulte adultes enfant enfants ville centre regional "
        "universitaire patient "
        "patiente medecin docteur tel telephone fax adresse date nom objet copie reference dossier jours "
        "semaine matin soir"
    )
)


def name_of_hospital(value: str) -> int | None:
    """Where the name begins in a value that is a hospital ("CHU Est"), whatever the words of the name; None of others.

    The words for some homes are surnames, too, and tell nothing by themselves: Mas, Fam.
    """
    plain = folded(value)
    found = _HOSPITAL.match(plain)
    return None if found is None or found[0].strip(" -:") in _SURNAMES else found.end()


def institutions(text: str) -> Iterator[Found]:
    """The names of institutions that the word before them tells."""
    for one in _INSTITUTION.finditer(folded(text)):
        if (name := _NAME.match(text, one.end())) is None:
            continue
        if (end := _end_of_name(text, *name.span())) is not None:
            yield Found(name.start(), end, "hospital")
        elif _is_called(one[0], name[0]):
            yield Found(*name.span(), "hospital")


def homes_in_one_case(text: str) -> Iterator[Found]:
    """Ordinary words that name a home or a school where capitals tell nothing: "ehpad les tilleuls"."""
    plain = folded(text)
    for one in _INSTITUTION.finditer(plain):
        name = _NAME_OF_ONE_CASE.match(text, one.end())
        if name is not None and not name[1].startswith(tuple(_DONE)):
            yield Found(*name.span(), "hospital")
    for one in _HOMES.finditer(plain):
        if not any(word in _DONE or is_disease(word) for word in re.findall(r"\w+", one["name"])):
            yield Found(*one.span("name"), "hospital")


def _end_of_name(text: str, start: int, end: int) -> int | None:
    """Where a name ends: before the first word for what is done there. None if all of its words are ordinary ones."""
    last, tells = None, False
    for word in re.finditer(r"[\w.]+(?:[-‐‑'’](?:[ \t]*\r?\n[ \t]*)?\w+)*", text[start:end]):
        plain = folded(word[0])
        if plain.rstrip("'") in LINKS:
            continue
        if plain in _DONE or plain in listed("clinical") or is_disease(plain):
            break
        if plain in listed("eponyms") and _is_disease_behind(text[: start + word.start()]):
            break
        parts = [part for part in re.split(r"\W+", plain) if part and part not in LINKS]
        tells = tells or not all(map(is_common, parts)) or plain in listed("towns")
        last = start + word.end()
    return last if tells else None


def _is_disease_behind(text: str) -> bool:
    before = folded(text[-40:])
    return names_a_disease(before, len(before))


def _is_called(whole: str, name: str) -> bool:
    """Whether ordinary words name a hospital ("des Trois Rivières"), and say nothing of what is done there."""
    words = [word for word in re.findall(r"\w+", folded(name)) if word not in LINKS]
    if any(is_disease(word) or word in listed("clinical") for word in words):
        return False
    if re.match(r"(?:du|de la|des|de l['’]|d['’])[ ]?[A-ZÀ-Ý][a-zà-ÿ]", name):
        return True
    is_led = re.match(r"(?:DU|DES?|DE L['’]|D['’]|LES?|LA)[ ]?[A-ZÀ-Ý]", name, re.IGNORECASE) is not None
    return (
        is_led
        and folded(whole).startswith((*_OF_NAME, "maison de retraite"))
        and not any(word in _DONE for word in words)
    )
