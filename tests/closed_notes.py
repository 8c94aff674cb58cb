"""Made-up French documents of styles that the rules of pseudonymisation were never written for, with names of their own.

The file was closed before the rules were changed. Six styles, one drawn for each document: a hand-off between shifts, a discharge
letter, a typed note without capitals and accents, a thread of messages, a list of a ward, a note of a home visit.
"""

from __future__ import annotations

import random
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta

from glane.pseudonyms.checks import nir_key
from identified_notes import Identified, Span

_FIRST = [
    "Solenne",
    "Ildiko",
    "Burak",
    "Thị-Mai",
    "Krzysztof",
    "Małgorzata",
    "Fanomezana",
    "Sivakumar",
    "Oumar",
    "Ghislaine",
    "Adélaïde",
    "Wilfrid",
    "Mireya",
    "Yvon",
    "Josselin",
    "Marguerite-Anne",
    "Emine",
    "Senthil",
    "Lalaina",
    "Auguste-Marie",
    "Bronisław",
    "Zeynep",
    "Duarte",
    "Inès",
    "Hippolyte",
    "Armelle",
    "Gaétane",
    "Rayan",
    "Kenza",
    "Théophane",
    "Odon",
    "Maryvonne",
    "Huguette",
    "Ange-Désiré",
    "Chukwuma",
    "Nour",
    "Piotr",
    "Ayşe",
]
_LAST = [
    "Brugnon",
    "Lescaroux",
    "Yıldırım",
    "Trần",
    "Wiśniewska",
    "Rasoanaivo",
    "Kandasamy",
    "Sow",
    "Delcambre",
    "Quéméneur",
    "Haspekian",
    "Marzouki",
    "Fauconnet",
    "Jaouen",
    "de Montgascon",
    "Le Bihannic",
    "Van Overbeke",
    "Ben Youssef",
    "El Mansouri",
    "N'Zaba",
    "D'Hulst",
    "Poirot-Lescure",
    "Delhaye-Sow",
    "Boulanger",
    "Lamy",
    "Mouton",
    "Printemps",
    "Chartrain",
    "Öztürk",
    "Nowakowski",
    "Ferreira da Cunha",
    "Tchouameni",
    "Guerlédan",
    "Hirondeau",
    "Taillefumier",
    "Bonhoure",
    "Sauvageot",
    "Thibaudet",
    "Ramdane",
    "Zemmouchi",
    "Escudié",
    "Pham Van",
    "Obiang",
    "Ratsimba",
    "Kerouanton",
    "Roy",
    "Vidal",
]
_TOWNS = [
    "Courvallon",
    "Saint-Aubin-des-Landelles",
    "Mézerac",
    "Plouarnel",
    "Villars-le-Comtat",
    "La Chapelle-Mauvoisin",
    "Rennes",
    "Échirolles-le-Vieux",
    "Montfrin-sur-Ance",
    "Sarlande",
    "Aubenas",
    "Hautecombe",
    "Le Puiset-Doré",
    "Trégarvan-Bihan",
    "Valence",
    "Bourganel",
]
_STREETS = [
    "rue du Four à Chaux",
    "avenue Aristide-Briand",
    "chemin des Écoliers",
    "3e impasse Bellevue",
    "bd de Strasbourg",
    "lot. les Genêts",
    "place de l'Église",
    "rés. Le Clos Fleuri",
    "allée Jules Ferry",
    "route départementale 12",
    "rue Haute",
    "quai des Bateliers",
]
_HOSPITALS = [
    "clinique |Saint-Fiacre",
    "CHU de |Courvallon",
    "hôpital |Léon Bérard",
    "EHPAD |Les Hirondelles",
    "CH |Montfrin",
    "SSR |Val d'Ance",
    "polyclinique |de la Garance",
    "hôpital |Nord Hautecombe",
]
_CLINICAL = (
    "Maladie de Parkinson traitée par Modopar, pas de chute. Syndrome de Guillain-Barré en 2011.",
    "ATCD : Crohn sous Humira, Basedow guéri. Augmentin relayé par Rocéphine, Doliprane si douleur.",
    "Suspicion de maladie de Charcot, EMG demandé. Kardegic, Lovenox 0,4, Tahor. Babinski négatif.",
    "Fracture de Pouteau-Colles plâtrée. Test de Romberg normal, Glasgow 15, Apgar 9. Inexium 20.",
    "Retour de voyage : paludisme exclu, fièvre de Lassa non évoquée, sérologie de Lyme négative.",
    "Hodgkin en rémission, PET-scan demandé. Coeliakie, Horton sous Cortancyl, maladie d'Alzheimer stable.",
    "Purpura, Kaposi éliminé. Sonde de Foley changée, Doppler et Holter sans anomalie. Eliquis 5 mg x2.",
    "TA 13/7, FC 92, sat 96 %, T 38.4, dextro 1,24. Bradycardie sous Bisoprolol, stop Cordarone.",
)
KEEP = [
    "Parkinson",
    "Modopar",
    "Guillain-Barré",
    "Crohn",
    "Humira",
    "Basedow",
    "Augmentin",
    "Rocéphine",
    "Doliprane",
    "Charcot",
    "Kardegic",
    "Lovenox",
    "Tahor",
    "Babinski",
    "Pouteau-Colles",
    "Romberg",
    "Glasgow",
    "Apgar",
    "Inexium",
    "Lassa",
    "Lyme",
    "Hodgkin",
    "Horton",
    "Cortancyl",
    "Alzheimer",
    "Kaposi",
    "Foley",
    "Doppler",
    "Holter",
    "Eliquis",
    "Bisoprolol",
    "Cordarone",
]
_SPAN = re.compile(r"\[\[(\w+)\|(.*?)\]\]", re.DOTALL)
STYLES = ("handoff", "discharge", "typed", "thread", "ward", "visit")


@dataclass(frozen=True)
class Closed(Identified):
    """A document of a closed style."""

    style: str = ""

    @property
    def kept(self) -> list[tuple[int, int]]:
        """Diseases, signs and drugs, which are no identifiers."""
        taken = [range(start, end) for start, end, _ in self.spans]
        found = [
            one.span()
            for name in KEEP
            for one in re.finditer(rf"(?<!\w){_bare(name).lower()}(?!\w)", _bare(self.text).lower())
        ]
        return [span for span in found if not any(span[0] in one for one in taken)]


def _bare(text: str) -> str:
    """Without accents, of the same length where each letter has one sign."""
    return "".join(unicodedata.normalize("NFD", letter)[0] for letter in text).replace("ı", "i").replace("ł", "l")


class _Who:
    def __init__(self, rng: random.Random) -> None:
        self.first, self.last, self.town = rng.choice(_FIRST), rng.choice(_LAST), rng.choice(_TOWNS)
        self.is_woman = rng.random() < 0.5
        self.title = rng.choice(["Mme", "Madame", "Mme"] if self.is_woman else ["M.", "Monsieur", "Mr"])
        self.born = date(1928, 1, 1) + timedelta(rng.randrange(33_000))
        self.postcode = f"{rng.randrange(1, 96):02d}{rng.randrange(1, 99):02d}0"
        self.street = f"{rng.randrange(1, 140)} {rng.choice(_STREETS)}"
        front = f"{1 + self.is_woman}{self.born:%y%m}{rng.randrange(21, 96)}{rng.randrange(1, 900):03d}{rng.randrange(1, 900):03d}"
        self.nir = f"{front}{nir_key(front):02d}"
        self.ipp = f"{rng.randrange(10**6, 10**7)}"
        self.phone = rng.choice(["06", "07", "02", "04"]) + f"{rng.randrange(10**8):08d}"
        self.pairs = rng.choice([" ", ".", ""]).join(self.phone[place : place + 2] for place in range(0, 10, 2))

    def n(self, text: str) -> str:
        return f"[[name|{text}]]"

    @property
    def full(self) -> str:
        return f"{self.n(self.first)} {self.n(self.last)}"

    @property
    def upper(self) -> str:
        return f"{self.n(self.last.upper())} {self.n(self.first)}"

    @property
    def short(self) -> str:
        return f"{self.title} {self.n(self.last[0] + '.')}"


def _day(day: date, rng: random.Random) -> str:
    months = [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ]
    forms = [
        f"{day:%d/%m/%y}",
        f"{day:%d/%m/%Y}",
        f"{day.day} {months[day.month - 1]}",
        f"{day.day} {months[day.month - 1]} {day.year}",
    ]
    return f"[[date|{rng.choice(forms)}]]"


def _hospital(rng: random.Random) -> str:
    before, _, name = rng.choice(_HOSPITALS).partition("|")
    return f"{before}[[hospital|{name}]]"


def _handoff(rng: random.Random, p: list[_Who], day: date) -> str:
    a, b, c, d = p
    return (
        f"RELÈVE NUIT -> JOUR, {_day(day, rng)}\n"
        f"ch 4 : {a.short} ({a.n(a.first)}), {rng.randrange(30, 95)} a. {rng.choice(_CLINICAL)} Famille : sa fille {b.full} passera, "
        f"tel [[phone|{b.pairs}]].\n"
        f"ch 5 — {c.n(c.last)}, entré hier des urgences, adressé par {_hospital(rng)}. Demande à voir {d.title} {d.n(d.last)}. "
        f"{c.n(c.last)} refuse la toilette, voir avec {d.n(d.first)} (AS).\n"
        f"ch 6 : sortie de {b.title} {b.n(b.last)} le {_day(day + timedelta(1), rng)}, ambulance prévue pour [[town|{b.town}]].\n"
        f"Ide : {d.n(d.first)} {d.n(d.last[0] + '.')}\n"
    )


def _discharge(rng: random.Random, p: list[_Who], day: date) -> str:
    a, b, c, d = p
    born = "née" if a.is_woman else "né"
    return (
        f"Cher confrère, chère consœur,\n\nNous avons pris en charge du {_day(day, rng)} au {_day(day + timedelta(6), rng)} "
        f"votre patient{'e' if a.is_woman else ''} {a.upper}, {born} le [[birth_date|{a.born:%d/%m/%Y}]] à [[town|{a.town}]], "
        f"demeurant [[address|{a.street}]], [[postcode|{a.postcode}]] [[town|{a.town}]].\n"
        f"Motif : altération de l'état général. {rng.choice(_CLINICAL)} Vit avec {b.n(b.first)}, son "
        f"{'époux' if a.is_woman else 'épouse'} ; ses enfants {c.n(c.first)} et {d.n(d.first)} sont présents. "
        f"Ancien ouvrier chez un tonnelier de [[town|{b.town}]].\n"
        f"À l'entrée, {a.title} {a.n(a.last)} est fébrile. {rng.choice(_CLINICAL)} L'évolution est favorable et {a.n(a.last)} "
        f"regagne son domicile.\nRendez-vous avec le docteur {c.n(c.last)} le {_day(day + timedelta(30), rng)} ; en cas d'urgence "
        f"joindre le secrétariat de {d.full} ([[phone|{d.pairs}]]).\n\n"
        f"Bien confraternellement,\n{d.n(d.first[0] + '.')} {d.n(d.last)}, {c.n(c.first[0] + '.')} {c.n(c.last)} (interne)\n"
        f"Double : {b.title} {b.n(b.last)}, n° dossier [[identifier|{a.ipp}]]\n"
    )


def _typed(rng: random.Random, p: list[_Who], day: date) -> str:
    a, b, c, d = p
    text = (
        f"{_day(day, rng)} vu ce jour {a.n(a.last)} {a.n(a.first)} avec son fils {b.n(b.first)}. habite [[town|{a.town}]] "
        f"chez sa soeur {c.n(c.first)} {c.n(c.last)}, suivi par dr {d.n(d.last)}. {rng.choice(_CLINICAL)} "
        f"ipp [[identifier|{a.ipp}]] secu [[nir|{a.nir}]]. mme {c.n(c.last)} appelle demain au [[phone|{c.pairs}]]. "
        f"avis {d.n(d.last)} : pas de chir. {a.n(a.last)} d accord. {rng.choice(_CLINICAL)} rdv {_day(day + timedelta(9), rng)}"
        f" a la {_hospital(rng)}. {b.n(b.first)} previendra la famille {a.n(a.last)}\n"
    )
    return _lowered(text)


def _lowered(text: str) -> str:
    return _SPAN.sub(lambda one: f"[[{one[1]}|{_bare(one[2]).lower()}]]", _bare_between(text).lower())


def _bare_between(text: str) -> str:
    return _bare(text)


def _thread(rng: random.Random, p: list[_Who], day: date) -> str:
    a, b, c, d = p
    mail = f"{_bare(b.first).lower()}.{_bare(b.last).lower()}".replace(" ", "").replace("'", "")
    return (
        f"De : {b.full} <[[email|{mail}@ch-exemple.fr]]>\nÀ : {c.full}\nObjet : {a.n(a.last)} {a.n(a.first[0] + '.')}\n\n"
        f"Bonjour {c.n(c.first)},\nje te transfère le dossier de {a.full} ([[identifier|{a.ipp}]]), opéré"
        f"{'e' if a.is_woman else ''} le {_day(day, rng)} par {d.n(d.last)}. {rng.choice(_CLINICAL)} Peux-tu voir si {a.n(a.first)} "
        f"peut rentrer à [[town|{a.town}]] ? Sa mère ({d.n(d.first)}, [[phone|{d.pairs}]]) s'inquiète.\nMerci,\n{b.n(b.first)}\n\n"
        f"> Salut {b.n(b.first)}, ok pour lundi. Mets {d.n(d.last)} en copie. {c.n(c.first[0])}{c.n(c.last[0])}\n"
    )


def _ward(rng: random.Random, p: list[_Who], day: date) -> str:
    lines = [f"LISTE DU {_day(day, rng)} - SECTEUR B - senior : {p[3].n(p[3].last.upper())}"]
    for bed, one in enumerate(p[:3], 11):
        lines.append(
            f"{bed} {one.n(one.last.upper())} {one.n(one.first[0] + '.')} [[birth_date|{one.born:%d/%m/%Y}]] {rng.choice('FM')} "
            f"{rng.choice(_CLINICAL)} / MT {rng.choice(p).n(rng.choice(p).last)} [[town|{one.town.upper()}]] / sortie "
            f"{_day(day + timedelta(bed), rng)}"
        )
    lines.append(f"Contacts : {p[1].n(p[1].first)} {p[1].n(p[1].last.upper())} (épouse) [[phone|{p[1].pairs}]]")
    return "\n".join(lines) + "\n"


def _visit(rng: random.Random, p: list[_Who], day: date) -> str:
    a, b, c, d = p
    return (
        f"Visite à domicile, {_day(day, rng)}, [[address|{a.street}]] à [[town|{a.town}]]. Reçus par {b.full}, compagne de "
        f"{a.n(a.last)}.\n{a.n(a.first)} raconte sa chute. {rng.choice(_CLINICAL)} L'infirmier libéral, {c.full}, passe matin et soir ; "
        f"{d.n(d.first)}, la voisine du dessous, a les clefs (code [[postcode|{d.postcode}]] {d.n(d.last)}).\n"
        f"{b.n(b.first)} et {a.n(a.first)} souhaitent un hébergement à {_hospital(rng)} plutôt qu'à [[town|{d.town}]]. "
        f"N° sécu [[nir|{a.nir}]]. Prochaine visite : {c.n(c.first)} {c.n(c.last)}, {_day(day + timedelta(14), rng)}.\n"
        f"{d.title} {d.n(d.last)}, assistante sociale, [[phone|{d.pairs}]]\n"
    )


_WRITE = dict(zip(STYLES, (_handoff, _discharge, _typed, _thread, _ward, _visit), strict=True))


def closed(seed: int) -> Closed:
    """A document; the same seed gives the same."""
    rng = random.Random(f"closed-{seed}")
    style = rng.choice(STYLES)
    people = [_Who(rng) for _ in range(4)]
    marked = _WRITE[style](rng, people, date(2024, 1, 5) + timedelta(rng.randrange(350)))
    pieces, spans, size, last = list[str](), list[Span](), 0, 0
    for one in _SPAN.finditer(marked):
        pieces += [marked[last : one.start()], one[2]]
        start = size + one.start() - last
        size, last = start + len(one[2]), one.end()
        spans.append((start, size, one[1]))
    text = "".join([*pieces, marked[last:]])
    who = people[0]
    return Closed(text, tuple(spans), (who.first, who.last, who.ipp), (0, 0), style)
