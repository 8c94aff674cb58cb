"""Made-up French clinical documents with made-up identifiers, and where each stands: what pseudonymisation is measured on.

Names are drawn from lists of the detector ("listed") or from others that it never saw ("unseen"): no document is of a person.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from glane.demo.note import Note, generate_note
from glane.pseudonyms.checks import nir_key, with_luhn

Span = tuple[int, int, str]
LISTED_FIRST = [
    "Jean",
    "Marie",
    "Pierre",
    "Jeanne",
    "Michel",
    "Françoise",
    "Hélène",
    "René",
    "Aurélie",
    "Mohamed",
    "Fatima",
    "Éloïse",
    "Noël",
    "Rose",
    "Claire",
    "Jean-Pierre",
    "Marie-Claire",
    "Anne-Sophie",
    "Léa",
    "Kevin",
    "Yvonne",
    "Gérard",
    "Zoé",
]
LISTED_LAST = [
    "Martin",
    "Petit",
    "Blanc",
    "Dupont",
    "Lefèvre",
    "Garcia",
    "Rousseau",
    "Ndiaye",
    "Nguyen",
    "Leroy",
    "Poisson",
    "Roche",
    "Mathieu",
    "Girard",
    "Traoré",
    "Perrin",
    "Hubert",
    "Masson",
]
UNSEEN_FIRST = [
    "Ludmila",
    "Tancrède",
    "Eulogie",
    "Wahiba",
    "Oyelaran",
    "Ketevan",
    "Maëlys-Anne",
    "Bérengère-Lou",
    "Isidorine",
    "Yamato",
    "Sixtain",
    "Gwendal",
    "Nolwen",
    "Aminedine",
    "Thiziri",
    "Jovanka",
    "Kossivi",
    "Xiadani",
]
UNSEEN_LAST = [
    "Quénéhervé",
    "Abgrall",
    "Zaouche",
    "Vandeputte",
    "Kerjean",
    "Lhuissier",
    "Okonkwo",
    "Szymański",
    "Bouazizi",
    "Pfaffenhoffen",
    "Etcheverry",
    "Ranaivoson",
    "Delesalle",
    "Castagnède",
    "Mbarga",
    "Ravelomanana",
    "Troadec",
    "Vuillaume",
    "Kowalczyk",
    "Papadiamantis",
    "Ouellebec",
    "Crouzilhac",
]
PARTICLE_LAST = [
    "de La Tour",
    "N'Guessan",
    "Ben Salah",
    "Le Goff",
    "d'Aubervilliers",
    "Van den Broeck",
    "El Khattabi",
    "N'Diaye",
    "de Vasselot",
    "Le Floc'h",
    "da Rochinha",
    "L'Hostis",
]
DOUBLE_LAST = ["Martin-Quénéhervé", "Petit-Delesalle", "Lefèvre-Mbarga", "Dupont-Zaouche"]
TOWNS = (
    "Bourg-Saint-Valmont Nantes Ploumezel Saint-Hilarion-sur-Vaire Mervanchy Toulouse Les Ormières-en-Forêt Tréguivy Arbancourt La Ferté-Berland".replace(
        "Les Ormières", "Les_Ormières"
    )
    .replace("La Ferté", "La_Ferté")
    .split()
)
STREETS = [
    "rue Victor Hugo",
    "avenue de la République",
    "bd Jean Jaurès",
    "impasse des Lilas",
    "chemin du Vieux Moulin",
    "place du 8 Mai",
    "allée des Cèdres",
    "route de Mervanchy",
    "quai Saint-Antoine",
]
HOSPITALS = [
    "Hôpital _Henri-Mondor",
    "CHU _Robert Debré",
    "Clinique _Sainte-Odile",
    "CH de _Mervanchy",
    "Hôpital _Jean Verdier",
    "Polyclinique du _Val Joli",
]
MONTHS = [
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
KEEP = ("Crohn", "Parkinson", "Charcot", "Babinski", "Basedow", "Hodgkin", "Lasègue", "Alzheimer", "Raynaud", "Murphy")
CLINICAL = (
    "Antécédents : maladie de Crohn, HTA, BPCO. Traitement : Kardegic 75 mg, Bisoprolol 2,5 mg.",
    "Pas de signe de Babinski, Lasègue négatif. Maladie de Parkinson connue. Glasgow 15.",
    "Syndrome de Raynaud, maladie de Basedow traitée par Néomercazole. Doppler normal.",
    "TA 12/8, FC 88/min, SpO2 97 % en AA, T° 38,5. CRP 112 mg/L, leucocytes 11200/mm3, plaquettes 234000.",
    "Maladie de Charcot évoluant depuis 2019. Maladie d'Alzheimer débutante. Score de Wells à 1,5. EVA 3/10.",
    "Lymphome de Hodgkin en rémission. Signe de Murphy positif. Augmentin 1 g x3/j pendant 7 jours.",
)


@dataclass(frozen=True)
class Identified:
    """A document, its identifiers with their kinds, and the values that its person's columns would hold."""

    text: str
    spans: tuple[Span, ...]
    known: tuple[str, ...]
    unjudged: tuple[int, int]  # where dates, towns and hospitals may stand that no span tells

    @property
    def kept(self) -> list[tuple[int, int]]:
        """The eponyms, which are no identifiers."""
        taken = [range(start, end) for start, end, _ in self.spans]
        plain = _bare(self.text).lower()
        found = [one.span() for name in KEEP for one in re.finditer(rf"\b{_bare(name).lower()}\b", plain)]
        return [span for span in found if not any(span[0] in one for one in taken)]


def _bare(text: str) -> str:
    """Without accents, of the same length."""
    return "".join(unicodedata.normalize("NFD", letter)[0] for letter in text)


class Person:
    """Somebody made up."""

    def __init__(self, rng: random.Random, *, unseen: bool) -> None:
        self.sex = rng.choice("MF")
        self.first = rng.choice(UNSEEN_FIRST if unseen else LISTED_FIRST)
        self.initial = f"{'ABCDE'[len(self.first) % 5]}."  # "M." would be read as Monsieur
        lasts = [*UNSEEN_LAST, *PARTICLE_LAST] if unseen else [*LISTED_LAST * 2, *DOUBLE_LAST]
        self.last = rng.choice(lasts)
        self.born = date(1925, 1, 1) + timedelta(rng.randrange(35_000))
        self.town = rng.choice(TOWNS).replace("_", " ")
        self.postcode = f"{rng.randrange(1, 96):02d}{rng.randrange(10, 999):03d}"
        self.street = f"{rng.randrange(1, 180)}{rng.choice(['', '', ' bis', ','])} {rng.choice(STREETS)}"
        department = rng.choice(["2A", "2B", f"{rng.randrange(1, 96):02d}", f"{rng.randrange(1, 96):02d}"]).replace(
            "20", "21"
        )
        front = (
            f"{1 + (self.sex == 'F')}{self.born:%y%m}{department}{rng.randrange(1, 990):03d}{rng.randrange(1, 999):03d}"
        )
        self.nir = rng.choice([front, f"{front}{nir_key(front):02d}", f"{front}{nir_key(front):02d}"])
        self.ipp = rng.choice(
            [f"8{rng.randrange(10**9):09d}", f"{rng.randrange(10**6, 10**8)}", f"P{rng.randrange(10**7):07d}"]
        )
        self.stay = rng.choice([f"{rng.randrange(10**8, 10**9)}", f"I{rng.randrange(10**8):08d}"])
        self.phone = rng.choice(["01", "02", "03", "04", "05", "06", "06", "07"]) + f"{rng.randrange(10**8):08d}"


def spaced(nir: str, rng: random.Random) -> str:
    """A NIR as it is written: with blanks or without."""
    parts = [nir[0], nir[1:3], nir[3:5], nir[5:7], nir[7:10], nir[10:13], nir[13:]]
    return rng.choice([" ", " ", ""]).join(part for part in parts if part)


def called(phone: str, rng: random.Random) -> str:
    """A telephone number as it is written."""
    pairs = [phone[place : place + 2] for place in range(0, 10, 2)]
    return rng.choice(
        [" ".join(pairs), ".".join(pairs), phone, f"+33 {phone[1]} {' '.join(pairs[1:])}", "-".join(pairs)]
    )


def dated(day: date, rng: random.Random, *, words: bool = True) -> str:
    """A date as it is written."""
    month = MONTHS[day.month - 1]
    forms = [f"{day:%d/%m/%Y}", f"{day:%d/%m/%Y}", f"{day:%d.%m.%y}", f"{day:%d-%m-%Y}"]
    return rng.choice(
        [*forms, f"{day.day} {month} {day.year}", f"{'1er' if day.day == 1 else day.day} {month}"] if words else forms
    )


Write = Callable[[random.Random, "Writer", bool], None]


class Writer:
    """Joins pieces of text, and remembers where the identifiers among them stand."""

    def __init__(self, change: Callable[[str], str] = str) -> None:
        self._pieces: list[str] = []
        self._change, self._size, self.spans, self.known = change, 0, list[Span](), list[str]()
        self.unjudged = (0, 0)

    def add(self, *pieces: str | tuple[str, str]) -> None:
        """Text, or (identifier, kind)."""
        for piece in pieces:
            text, kind = piece if isinstance(piece, tuple) else (piece, None)
            text = self._change(text)
            if kind is not None:
                self.spans.append((self._size, self._size + len(text), kind))
            self._pieces.append(text)
            self._size += len(text)

    def add_note(self, note: Note) -> None:
        """A note of the demo: its municipality and dates are identifiers, and what else may be one is not judged."""
        begun = self._size
        self.add(note.text)
        self.spans += [
            (begun + start, begun + end, "town")
            for start, end in note.spans.get("municipality", [])
            if note.answer["municipality"]
        ]
        self.unjudged = (begun, self._size)

    def add_hospital(self, name: str) -> None:
        """A hospital, of which the words behind the sign are what identifies it."""
        kind, _, proper = name.partition("_")
        self.add(kind, (proper, "hospital"))

    def done(self) -> Identified:
        """The document."""
        return Identified("".join(self._pieces), tuple(self.spans), tuple(self.known), self.unjudged)


def demo_note(rng: random.Random, out: Writer, unseen: bool) -> None:
    """A note of the demo, with the head and the foot that an information system adds."""
    who, doctor = Person(rng, unseen=unseen), Person(rng, unseen=unseen)
    out.known += [who.first, who.last, who.ipp]
    title = "M." if who.sex == "M" else "Mme"
    out.add(
        "Patient : ",
        (who.last.upper(), "name"),
        " ",
        (who.first, "name"),
        "  né(e) le ",
        (f"{who.born:%d/%m/%Y}", "birth_date"),
    )
    out.add("  IPP ", (who.ipp, "identifier"), "\n")
    out.add_note(generate_note(rng))
    out.add("\n", rng.choice(CLINICAL), "\n")
    out.add(f"{title} ", (who.last, "name"), " est d'accord avec la conduite à tenir.\n")
    out.add("Dr ", (doctor.initial, "name"), " ", (doctor.last, "name"))


def capitals(rng: random.Random, out: Writer, unseen: bool) -> None:
    """A form in capitals without accents, in columns, as terminals printed them."""
    who, mother, doctor = Person(rng, unseen=unseen), Person(rng, unseen=unseen), Person(rng, unseen=unseen)
    out.known += [who.first, who.last, who.ipp]
    out.add_hospital(rng.choice(HOSPITALS[2:4]))
    out.add(" - SERVICE DES URGENCES\n")
    out.add(
        "NOM : ",
        (who.last, "name"),
        "\tPRENOM : ",
        (who.first, "name"),
        "\tNE(E) LE : ",
        (f"{who.born:%d/%m/%Y}", "birth_date"),
        "\n",
    )
    out.add(
        "N° IPP : ",
        (who.ipp, "identifier"),
        "\tNDA : ",
        (who.stay, "identifier"),
        "\tN° SECU : ",
        (spaced(who.nir, rng), "nir"),
        "\n",
    )
    out.add(
        "ADRESSE : ",
        (who.street, "address"),
        " ",
        (who.postcode, "postcode"),
        " ",
        (who.town, "town"),
        "\tTEL ",
        (called(who.phone, rng), "phone"),
        "\n",
    )
    out.add(
        "PERSONNE A PREVENIR : ",
        (mother.last, "name"),
        " ",
        (mother.first, "name"),
        " (MERE) ",
        (called(mother.phone, rng), "phone"),
        "\n",
    )
    out.add(
        "MOTIF : DOULEUR THORACIQUE DEPUIS LE ",
        (dated(date(2024, 3, 1) + timedelta(rng.randrange(300)), rng), "date"),
        "\n",
    )
    out.add(rng.choice(CLINICAL), "\nEXAMEN : BON ETAT GENERAL, PAS DE FIEVRE, AUSCULTATION NORMALE.\n")
    out.add(
        "MME " if who.sex == "F" else "M. ",
        (who.last, "name"),
        " EST HOSPITALISE(E) EN CARDIOLOGIE. AVIS DU DR ",
        (doctor.last, "name"),
        ".\n",
    )
    out.add(
        "SIGNE : ",
        (doctor.first, "name"),
        " ",
        (doctor.last, "name"),
        " RPPS ",
        (with_luhn(f"1{rng.randrange(10**9):09d}"), "rpps"),
        "\n",
    )


def letter(rng: random.Random, out: Writer, unseen: bool) -> None:
    """A letter to a colleague, whose lines break within names."""
    who, doctor, other = Person(rng, unseen=unseen), Person(rng, unseen=unseen), Person(rng, unseen=unseen)
    out.known += [who.first, who.last]
    day = date(2023, 1, 1) + timedelta(rng.randrange(700))
    title = "Monsieur" if who.sex == "M" else "Madame"
    out.add_hospital(rng.choice(HOSPITALS))
    out.add("\nService de pneumologie\nPr ", (doctor.first, "name"), " ", (doctor.last.upper(), "name"), "\n")
    out.add(
        "Secrétariat : ",
        (called(doctor.phone, rng), "phone"),
        " - ",
        (f"{_bare(doctor.last).lower().replace(' ', '')}@chu-exemple.fr".replace("'", ""), "email"),
        "\n\n",
    )
    out.add(
        (who.town, "town"),
        ", le ",
        (dated(day, rng), "date"),
        "\n\nDocteur ",
        (other.first, "name"),
        " ",
        (other.last, "name"),
        "\n",
    )
    out.add((other.street, "address"), "\n", (other.postcode, "postcode"), " ", (other.town.upper(), "town"), "\n\n")
    out.add(
        "Cher confrère,\n\nJe vous remercie de m'avoir adressé ",
        title,
        " ",
        (_broken(who.last, rng), "name"),
        " ",
        (who.first, "name"),
    )
    out.add(
        ",\nné(e) le ",
        (dated(who.born, rng), "birth_date"),
        ", demeurant ",
        (who.street, "address"),
        " à ",
        (who.town, "town"),
    )
    out.add(
        ", pour toux\nchronique. ",
        rng.choice(CLINICAL),
        "\nVotre patient(e) avait été vu(e) par le Dr ",
        (other.last, "name"),
    )
    out.add(" en consultation le\n", (dated(day - timedelta(40), rng), "date"), ". ", rng.choice(CLINICAL), "\n")
    out.add(f"{title} ", (who.last, "name"), " sera revu(e) le ", (dated(day + timedelta(60), rng), "date"))
    out.add(". Sa fille ", (mother_of(rng, unseen), "name"), " est prévenue.\n\nBien confraternellement,\n\n")
    out.add((doctor.initial, "name"), " ", (doctor.last, "name"), "\n")


def mother_of(rng: random.Random, unseen: bool) -> str:
    """A first name."""
    return Person(rng, unseen=unseen).first


def _broken(name: str, rng: random.Random) -> str:
    """A name, cut by the end of a line now and then."""
    if len(name) < 6 or not name.isalpha() or rng.random() < 0.5:
        return name
    return f"{name[:3].upper()}-\n{name[3:].upper()}"


def transport(rng: random.Random, out: Writer, unseen: bool) -> None:
    """A table of transports, a line for each person."""
    day = date(2024, 1, 1) + timedelta(rng.randrange(300))
    out.add("FEUILLE DE TRANSPORT du ", (f"{day:%d/%m/%Y}", "date"), " - Ambulances du Val\n")
    out.add("Nom\tPrénom\tDDN\tDépart\tArrivée\tTél\tN° SS\tObservations\n")
    for _ in range(rng.randrange(1, 4)):
        who = Person(rng, unseen=unseen)
        out.known += [who.first, who.last]
        out.add(
            (rng.choice([who.last.upper(), who.last]), "name"),
            "\t",
            (who.first, "name"),
            "\t",
            (f"{who.born:%d/%m/%Y}", "birth_date"),
            "\t",
        )
        out.add((who.street, "address"), " ", (who.postcode, "postcode"), " ", (who.town, "town"), "\t")
        out.add_hospital(rng.choice(HOSPITALS))
        out.add(
            "\t",
            (called(who.phone, rng), "phone"),
            "\t",
            (spaced(who.nir, rng), "nir"),
            "\t",
            rng.choice(["allongé, O2 2 L/min", "assis", "dialyse"]),
            "\n",
        )
    driver = Person(rng, unseen=unseen)
    out.add(
        "Équipage : ",
        (driver.initial, "name"),
        " ",
        (driver.last.upper(), "name"),
        "\tDossier n° ",
        (driver.stay, "identifier"),
        "\n",
    )
    out.add(
        "FINESS ",
        (with_luhn(f"{rng.randrange(10, 95)}{rng.randrange(10**6):06d}"), "finess"),
        "  ",
        rng.choice(CLINICAL),
        "\n",
    )


TEMPLATES: dict[str, tuple[Write, Callable[[str], str]]] = {
    "demo": (demo_note, str),
    "capitals": (capitals, lambda text: _bare(text).upper()),
    "letter": (letter, str),
    "transport": (transport, str),
}


def identified(template: str, seed: int, *, unseen: bool) -> Identified:
    """A document of a template; the same seed gives the same."""
    write, change = TEMPLATES[template]
    out = Writer(change)
    write(random.Random(f"{template}-{seed}-{unseen}"), out, unseen)
    return out.done()


# Written after the rules were closed a first time, with names of its own; the rules were mended after it.
_LATER_FIRST = [
    "Oriana",
    "Théodule",
    "Ysaline",
    "Kelyan",
    "Ginette",
    "Marcelle",
    "Souhila",
    "Rokhaya",
    "Dagmar",
    "Zbigniew",
    "Mahery",
    "Perpétue",
    "Lubin",
    "Aïssatou",
    "Paul-Henri",
    "Anatoline",
    "Thibaud",
    "Violaine",
]
_LATER_LAST = [
    "Garrec",
    "Bouchereau",
    "Oberlé",
    "Tchamba",
    "Zerrouki",
    "Lachenal",
    "de Kermadec",
    "Van Hove",
    "M'Bengue",
    "Saint-Ourens",
    "Poulard-Vigne",
    "Frison",
    "Cheval",
    "Lebrave",
    "Rakotoarisoa",
    "Ghebreab",
    "Le Dantec",
    "Wozniak",
    "Bonnefont",
    "Sol",
    "Pignatelli",
    "Ait Hamou",
]
_LATER_TOWNS = [
    "Castelbrun",
    "Lannvignac",
    "Saint-Ythier",
    "Cœurvilliers",
    "Le Bourg-Sigean",
    "Perpignan",
    "Roscamel",
    "Étrangy-la-Rivière",
]
_WORKS = ["caissière", "chauffeur routier", "retraité(e) de la poste", "aide-soignant(e)", "enseignant(e)"]


def follow_up(rng: random.Random, out: Writer, unseen: bool) -> None:
    """A social and nursing follow-up in note form, and an operative note in the same document. `unseen` changes nothing."""
    people = [Person(rng, unseen=unseen) for _ in range(4)]
    for one in people:
        one.first, one.last, one.town = rng.choice(_LATER_FIRST), rng.choice(_LATER_LAST), rng.choice(_LATER_TOWNS)
    who, kin, nurse, surgeon = people
    out.known += [who.first, who.last, who.ipp]
    day = date(2024, 2, 1) + timedelta(rng.randrange(300))
    feminine = who.sex == "F"
    out.add(
        "== Transmissions ciblées ",
        (f"{day:%d/%m/%y}", "date"),
        " 07h10 -- ",
        (nurse.first, "name"),
        " ",
        (nurse.last, "name"),
        " (IDE de nuit)\n",
    )
    out.add(
        "Lit 12p : ",
        ("Mme " if feminine else "Mr "),
        (who.last, "name"),
        f", {rng.randrange(20, 88)} ans, {rng.choice(_WORKS)}. ",
    )
    out.add(
        "Nuit calme. ",
        ("Mme " if feminine else "Mr "),
        (f"{who.last[0]}.", "name"),
        " a demandé à voir ",
        (kin.first, "name"),
        " (",
        rng.choice(["sa sœur", "son frère", "sa nièce"]),
        ", joignable au ",
    )
    out.add((called(kin.phone, rng), "phone"), "). Diurèse 1200 mL, T 37,8 à 6h, EVA 2/10.\n")
    out.add("-> visite du Dr ", (surgeon.last.lower(), "name"), " à 9h ; ", rng.choice(CLINICAL), "\n\n")
    out.add("== Bilan social (Mme ", (kin.last, "name"), ", assistante sociale)\n")
    out.add(
        (who.first, "name"),
        " ",
        (who.last, "name"),
        " né",
        "e" if feminine else "",
        " en ",
        f"{who.born.year}",
        " vit seul(e) à ",
        (who.town, "town"),
        " (",
        (who.postcode, "postcode"),
        "), ",
    )
    out.add(
        (who.street, "address"),
        ", 3e étage sans ascenseur. N° d'allocataire : ",
        (who.stay, "identifier"),
        ". Sécu ",
        (spaced(who.nir, rng), "nir"),
        "\n",
    )
    out.add(
        "Aidant principal : ",
        (kin.first, "name"),
        " ",
        (kin.last, "name"),
        ", ",
        (f"{_bare(kin.first).lower()}.{_bare(kin.last).lower().replace(' ', '-')}@orange.fr".replace("'", ""), "email"),
        "\n\n",
    )
    out.add(
        "== CRO ",
        (dated(day, rng), "date"),
        "\nOpérateur ",
        (surgeon.last.upper(), "name"),
        " / aide ",
        (nurse.last.upper(), "name"),
        " / anesth. ",
        (kin.last.upper(), "name"),
        "\n",
    )
    out.add(
        "Patient(e) ",
        (who.last.upper(), "name"),
        " ",
        (who.first, "name"),
        " ipp=",
        (who.ipp, "identifier"),
        " installé(e) en décubitus dorsal. ",
    )
    out.add(
        "Appendice rétrocaecal, signe de Murphy absent, drain de Redon. ",
        rng.choice(CLINICAL),
        "\nSuites : sortie prévue le ",
        (dated(day + timedelta(3), rng), "date"),
        " vers le CSSR de ",
    )
    out.add(
        (rng.choice(_LATER_TOWNS), "hospital"),
        ". Copie : ",
        (nurse.first, "name"),
        " ",
        (nurse.last.upper(), "name"),
        ", médecin traitant à ",
        (kin.town, "town"),
        ".\n",
    )


TEMPLATES["follow_up"] = (follow_up, str)


# Written after the rules were closed for good, with names of its own: the figure to trust.
_LAST_FIRST = [
    "Wenceslas",
    "Solveig",
    "Idrissa",
    "Mireille",
    "Bettina",
    "Fulgence",
    "Kaoutar",
    "Yoann",
    "Apolline",
    "Hyacinthe",
    "Nadège",
    "Tuan",
    "Ekaterina",
    "Loïc-Marie",
    "Sévérine",
    "Abdoul",
    "Corentine",
    "Gaspar",
]
_LAST_LAST = [
    "Carpentras",
    "Boisvert",
    "Ehrhardt",
    "Nzinga",
    "Mekki",
    "Fontanel",
    "du Plessis",
    "Von Arx",
    "O'Reilly",
    "Sainte-Croix",
    "Jolivet-Haas",
    "Belhomme",
    "Loup",
    "Cazals",
    "Andriamanitra",
    "Tesfaye",
    "Le Ny",
    "Pacheco",
    "Vidalenc",
    "Prunier",
    "Hô Thi",
    "Ould Brahim",
]
_LAST_TOWNS = [
    "Vaucornet",
    "Saint-Gilhem-le-Haut",
    "Trébeuzec",
    "Mont-Aurelle",
    "Grenoble",
    "Les Essarts-Blancs",
    "Ozerolles",
    "L'Isle-Mauve",
]


def certificate(rng: random.Random, out: Writer, unseen: bool) -> None:
    """A certificate, a message in lower case, and a page of laboratory results in blocks. `unseen` changes nothing."""
    people = [Person(rng, unseen=unseen) for _ in range(4)]
    for one in people:
        one.first, one.last, one.town = rng.choice(_LAST_FIRST), rng.choice(_LAST_LAST), rng.choice(_LAST_TOWNS)
    who, doctor, kin, biologist = people
    out.known += [who.first, who.last, who.ipp]
    day = date(2024, 2, 1) + timedelta(rng.randrange(300))
    feminine = who.sex == "F"
    out.add(
        "CERTIFICAT MÉDICAL INITIAL\n\nJe soussigné, ",
        (doctor.first, "name"),
        " ",
        (doctor.last.upper(), "name"),
        ", docteur en médecine, exerçant au ",
    )
    out.add(
        (doctor.street, "address"),
        ", ",
        (doctor.postcode, "postcode"),
        " ",
        (doctor.town, "town"),
        " (tél. ",
        (called(doctor.phone, rng), "phone"),
        "), certifie avoir examiné ce jour ",
    )
    out.add(
        (dated(day, rng), "date"),
        " à la demande des autorités la personne nommée ",
        (who.last, "name"),
        ", ",
        (who.first, "name"),
        ", née" if feminine else ", né",
        " le ",
    )
    out.add(
        (dated(who.born, rng, words=False), "birth_date"),
        " à ",
        (who.town, "town"),
        ", et constaté : ecchymose du bras gauche. ",
        rng.choice(CLINICAL),
        "\n",
    )
    out.add(
        "Elle" if feminine else "Il",
        " déclare avoir été frappé(e) par ",
        (kin.first, "name"),
        " ",
        (kin.last, "name"),
        ", son ex-conjoint, domicile de ",
        (kin.town, "town"),
        ".\n\n",
    )
    out.add(
        "---- message ----\nsalut, pour ",
        (who.last.lower(), "name"),
        " ",
        (who.first.lower(), "name"),
        " ipp ",
        (who.ipp, "identifier"),
        " ok pour ",
        (f"{day + timedelta(9):%d/%m}", "date"),
        ". rappelle ",
    )
    out.add(
        (kin.first.lower(), "name"),
        " au ",
        (called(kin.phone, rng), "phone"),
        " stp. ",
        (doctor.first.lower(), "name"),
        "\n\n",
    )
    out.add(
        "LABORATOIRE DES ",
        ("TROIS RIVIÈRES", "hospital"),
        "          Biologiste : ",
        (biologist.initial, "name"),
        " ",
        (biologist.last, "name"),
        "\n",
    )
    out.add(
        "Demande ",
        (who.stay, "identifier"),
        "     Prélevé le ",
        (f"{day:%d-%m-%Y}", "date"),
        " à 08:15     NIR ",
        (spaced(who.nir, rng), "nir"),
        "\n",
    )
    out.add(
        (who.last.upper(), "name"),
        " ",
        (who.first, "name"),
        "      Sexe : ",
        who.sex,
        "      DDN : ",
        (f"{who.born:%d/%m/%Y}", "birth_date"),
        "\n",
    )
    out.add(
        "Prescripteur : ",
        (doctor.last.upper(), "name"),
        " ",
        (doctor.first.upper(), "name"),
        "\nSodium 138 mmol/L   Potassium 4,1 mmol/L   Créatinine 78 µmol/L   CRP < 5 mg/L\n",
        rng.choice(CLINICAL),
        "\n",
    )
    out.add(
        "Validé biologiquement par ",
        (biologist.first, "name"),
        " ",
        (biologist.last.upper(), "name"),
        ". Ajout : résultat téléphoné à ",
        (kin.first, "name"),
        " ",
        (kin.last[0] + ".", "name"),
        "\n",
    )


TEMPLATES["last"] = (certificate, str)
