"""Persons, places and numbers of `closed_notes_2`: invented, and told as pieces of text with marks around what identifies."""

from __future__ import annotations

import random
import re
import unicodedata
from datetime import date, timedelta

from closed_phrases_2 import EPONYMS, PLAIN, parts
from glane.pseudonyms.checks import nir_key

_WOMEN = parts(
    "Bérangère|Capucine|Rosalie|Rose|Blanche|Violette|Prune|Océane|Assetou|Khadidja|Djamila|Oksana|Linh|Mei-Ling|Filomena|Odile|Raymonde|"
    "Paulette|Marie-Thérèse|Anne-Lise|Gwenaëlle|Maëlys|Nolwenn|Lucienne|Fernande|Safia|Thaïs|Vesna|Esperanza|Victoire|Aimée|Désirée|"
    "Modeste|Camille|Dominique|Hatice|Ngoc-Anh|Mame Diarra|Fleur|Élodie|Marie-Ange|Kadiatou|Teodora|Aurore|Pâquerette|Sun-Hee"
)
_MEN = parts(
    "Roman|Côme|Firmin|Gaston|Célestin|Marceau|Léonce|Jean-Philippe|Pierre-Yves|Paul-Émile|Boubacar|Youssouf|Slimane|Abdelkader|"
    "Vasile|Dragan|Goran|Minh|Rajesh|Teodoro|Fausto|Ewen|Titouan|Clovis|Parfait|Fidèle|Juste|Prosper|Sacha|Kylian|Mathéo|Camille|"
    "Dominique|El Hadj|Mehmet|Jean Marie|Sékou|Aimé|Placide|Loup-Henri|Mamadou Lamine|Bogdan|Tuan-Kiet|Tugdual|Marc-Antoine|Ali"
)
_LAST = parts(
    "Petit|Marchand|Meunier|Charpentier|Tisserand|Berger|Chevalier|Lebon|Jardin|Dimanche|Février|Janvier|Poirier|Rossignol|Pinson|"
    "Lelièvre|Renard|Beau|Fort|Lenoir|Tonnerre|Rivière|Champion|Gras|Cordier|Sage|Bataille|Bras|Cœurdoux|Toussaint|Roman|Blanche|"
    "Lacroix|Gentil|Boulanger|de Kervadec|du Mesnil|des Essards|de La Brosse|Le Guennec|Le Floch|El Hachimi|El Amrani|Ben Slimane|"
    "Ben Ammar|Bel Hadj|N'Koumou|M'Barek|D'Almeida|O'Connell|Van Houtte|Van der Heyden|Vanderstraeten|Da Silva Moreira|Dos Anjos|"
    "de Oliveira|Di Benedetto|Lo Cascio|Mac Namara|Aït-Kaci|Ait Ouali|Huynh|Phan Thanh|Sok|Xiong|Li|Ly|Ba|Sy|Dia|Wojtkowiak|Dvorák|"
    "Horváth|Ionescu|Marković|Şahin|Çelik|Papadopoulos|Rakotomalala|Andrianjafy|Mbemba|Ngo Bassong|Kouyaté|Coulibaly|Bensaïd|"
    "Belkacem|Boudjemaa|Cherkaoui|Saint-Amand|Castel-Roux|Lemoine-Faure|Goasdoué|Le Hénaff|Quéré|Ithurralde|Harispe|Bacquaert|"
    "Schmittlin|Kieffer|Zwingelstein|Casanova-Poli|Trouillebert|Pouliquen|Vergnolle|Grosjean-Dit-Blanc|Chassagnard|Mazeyrat|Bouscarel"
)
_NICKNAMES = parts(
    "Dédé|Mimi|Titi|Loulou|Nanou|Fanfan|Zaza|Tonton Jo|Mamie Nine|Riri|Kiki|Popaul|Bébert|Lili|Momo|Gégé|Choupette"
)
_TOWNS = parts(
    "Vaubrisson|Saint-Maudez-sur-Arlette|Kerlouadec|Bruyères-la-Forge|Ozans|Peyrolade|La Ferté-Bréval|L'Hermenault-le-Bas|Tours|Nice|"
    "Brest|Albi|Le Mans|Vitré|Auch|Lens|Sète|Dole|Givors|Le Havre|Sainte-Foy-l'Ardoise|Nogent|Ploumoguen|Bois-Jérôme-les-Prés|"
    "Villeneuve|Mons-en-Ferval|Castelvieilh|Saint-Omer-des-Puits|Hirschbach|Aix|Pont-du-Loir|St-Jean-de-Vauzelle|Le Bourg-d'Arcy"
)
_STREETS = parts(
    "rue des Tanneurs|rue du Moulin à Vent|avenue du 8 Mai 1945|av. de la Gare|bd Gambetta|route de Paris|chemin du Lavoir|pl. du Marché|"
    "impasse du Rempart|cité des Fleurs|r. du Gal Leclerc|all. des Cèdres|cours Mirabelle|square Georges Sand|faubourg St Antoine|"
    "sente aux Ânes|quai de la Fosse|venelle du Puits|Grande Rue|rue Basse|rue P. Brossolette|rte de la Mer|montée des Capucins"
)
_PLACES = parts(
    "Kerbihan|La Croix Verte|Les Quatre Chemins|Le Bas Mesnil|Le Grand Pré|Peyrefitte|Coat Meur|La Métairie Neuve|Les Combes"
)
_RESIDENCES = parts("Les Tilleuls|Le Parc|Belle Rive|Les Trois Moulins|Jean Vilar|Le Hameau")
_HOSPITALS = parts(
    "la |Pitié*||Purpan*||Bichat*|l'hôpital |Édouard-Herriot*|la |Timone*|CH de |Vaubrisson*|CHU |Rangueil*|clinique des |Trois Chênes*|"
    "clinique |Ste Odile*|EHPAD |La Roseraie*|MAS |Les Ajoncs*|CHS |Charles Perrens*|CMP |Rive Droite*|hop. |Pontchaillou*|CH du |Haut-Ferval*|"
    "centre |Henri Becquerel*|les urg de |Kerlouadec*|clinique mutualiste de l'|Arlette*|HIA |Bégin*|USLD |Le Clos des Sources*|CHG |Albi",
    "*|",
)
_SCHOOLS = parts(
    "collège |Pierre-Mendès-France*|école |Les Lilas*|lycée |Marie-Laurencin*|école élem. |Jules Verne*|LP |Les Ardilliers*|"
    "groupe scolaire |Jean-Zay*|IME |Le Petit Navire*|collège privé |Sainte-Bernadette*|maternelle des |Coquelicots",
    "*|",
)
_NURSERIES = parts("Les P'tits Loups|Pomme de Reinette|La Ribambelle|Les Moussaillons")
_FIRMS = parts(
    "|Transports Kerbrat*|la boulangerie |Au Bon Pain d'Ozans*||Vétralux*|l'abattoir |Bigarvor*||Carrelages Pinson*|le garage |Lucas et Fils*|"
    "|Sodimétal*|l'ESAT |La Passerelle*|le restaurant |Chez Lulu*|la mairie de |Vitré*|la SARL |Ferval Bâti*|l'usine |Plastimer",
    "*|",
)
_INSURERS = parts("Armorance|La Prévoyante du Ferval|Mutua-Sud|Concordance Vie|Assurvoile")
_LABS = parts("des |Quatre Vents*||Biovallée*||Arlette Bio*||CERBIMER*|du |Vieux Pont", "*|")
_MONTHS = parts("janvier février mars avril mai juin juillet août septembre octobre novembre décembre", " ")
_SHORT = parts("janv fév mars avr mai juin juil août sept oct nov déc", " ")
_DAYS = parts("lundi mardi mercredi jeudi vendredi samedi dimanche", " ")


def bare(text: str) -> str:
    """Without accents, of the same length."""
    return "".join(unicodedata.normalize("NFD", letter)[0] for letter in text)


def _mark(kind: str, text: str) -> str:
    return f"[[{kind}|{text}]]"


def _day(rng: random.Random, day: date, kind: str = "date", *, with_year: bool = False) -> str:
    name, short = _MONTHS[day.month - 1], _SHORT[day.month - 1]
    first = "1er" if day.day == 1 else str(day.day)
    forms = [
        f"{day:%d/%m/%Y}", f"{day:%d/%m/%y}", f"{day:%d.%m.%Y}", f"{day:%d-%m-%Y}", f"{day:%d %m %Y}", f"{day:%Y-%m-%d}",
        f"{day.day}/{day.month}/{day:%y}", f"{day.day}.{day.month}.{day:%y}", f"{first} {name} {day.year}", f"{day:%d} {short} {day:%y}",
        f"{day:%d/%m/%Y}", f"{day:%d}/{day:%m} /{day:%Y}", f"{first} {name.capitalize()} {day.year}", f"{day:%d}-{short}-{day:%y}",
    ]  # fmt: skip
    if not with_year:
        forms += [
            f"{day:%d/%m}",
            f"{day.day}/{day.month}",
            f"{first} {name}",
            f"{day.day} {short}.",
            f"{day:%d/%m}",
            f"{first} {name}",
        ]
    weekday = f"{_DAYS[day.weekday()]} " if not with_year and rng.random() < 0.15 else ""
    return weekday + _mark(kind, rng.choice(forms))


def _file(rng: random.Random, day: date) -> str:
    digits = f"{rng.randrange(10**5, 10**6)}"
    forms = [
        f"{day:%y}-{rng.choice(['PSY', 'SIN', 'DRM', 'URG'])}-0{digits}", f"{day:%y}A0{digits}", f"{rng.choice('ABEHKT')}{digits}{rng.choice('CDXZ')}",
        f"{day:%y%m%d}-{digits[:4]}", f"2024/{digits}/B", f"{digits[:3]} {digits[3:]} {rng.choice('KLM')}", f"DR35{digits}", f"80{digits}9",
    ]  # fmt: skip
    return _mark("identifier", rng.choice(forms))


def _phone(rng: random.Random) -> str:
    digits = rng.choice(["06", "06", "07", "01", "02", "05", "09"]) + f"{rng.randrange(10**8):08d}"
    pairs = [digits[place : place + 2] for place in range(0, 10, 2)]
    rest = pairs[1:]
    forms = [
        " ".join(pairs), " ".join(pairs), ".".join(pairs), "-".join(pairs), "/".join(pairs), digits, digits, f"+33 {digits[1]} {' '.join(rest)}",
        f"+33 (0){digits[1]} {' '.join(rest)}", f"+33(0){digits[1]}.{'.'.join(rest)}", f"0033 {digits[1]} {' '.join(rest)}", f"0033{digits[1:]}",
        f"+33{digits[1:]}", f"{digits[1]} {' '.join(rest)}", f"{digits[:4]} {digits[4:7]} {digits[7:]}", f"0692 {' '.join(pairs[2:])}",
        f"+32 47{digits[2]} {' '.join(pairs[2:])}", f"{pairs[0]} {pairs[1]}{pairs[2]} {pairs[3]}{pairs[4]}",
    ]  # fmt: skip
    return _mark("phone", rng.choice(forms))


class Who:
    """Somebody made up, whose properties are pieces of text with marks, of another form at each asking."""

    def __init__(self, rng: random.Random, day: date, *, woman: bool | None = None, last: str = "") -> None:
        self._rng = rng
        self.woman = rng.random() < 0.5 if woman is None else woman
        self.plain_first, self.plain_last = rng.choice(_WOMEN if self.woman else _MEN), last or rng.choice(_LAST)
        self.plain_town = rng.choice(_TOWNS)
        self.day = date(1929, 1, 1) + timedelta(rng.randrange(28_000))
        self.number = f"{rng.choice(['', '80', '3'])}{rng.randrange(10**6, 10**7)}"
        self._dated = day
        self._nickname, self.plain_second = rng.choice(_NICKNAMES), rng.choice(_WOMEN if self.woman else _MEN)
        front = f"{2 if self.woman else 1}{self.day:%y%m}{rng.choice(['2A', '99', *[f'{rng.randrange(21, 96)}'] * 8])}"
        self._nir = f"{front}{rng.randrange(1, 900):03d}{rng.randrange(1, 900):03d}"

    def _one(self, *forms: str) -> str:
        return self._rng.choice(forms)

    def _n(self, text: str) -> str:
        return _mark("name", text)

    first = property(lambda self: self._n(self.plain_first))
    second = property(lambda self: self._n(self.plain_second))
    last = property(lambda self: self._n(self.plain_last))
    FIRST = property(lambda self: self._n(self.plain_first.upper()))
    LAST = property(lambda self: self._n(self.plain_last.upper()))
    full = property(lambda self: f"{self.first} {self.last}")
    rev = property(lambda self: f"{self.last} {self.first}")
    upper = property(
        lambda self: self._one(f"{self.LAST} {self.first}", f"{self.LAST} {self.FIRST}", f"{self.LAST}, {self.first}")
    )
    any = property(
        lambda self: self._one(
            self.full, self.rev, self.upper, self.called, f"{self.civ} {self.full}", f"{self.first} {self.LAST}"
        )
    )
    last0 = property(lambda self: self._n(f"{self.plain_last[0].upper()}."))
    short = property(lambda self: f"{self.civ} {self.last0}")
    dots = property(lambda self: self._n("-".join(f"{part[0]}." for part in re.split("[- ]", self.plain_first))))
    ini = property(
        lambda self: self._n(
            "".join(part[0] for part in re.split("[- ]", f"{self.plain_first} {self.plain_last}")).upper()
        )
    )
    nick0 = property(lambda self: self._n(self._nickname))
    town = property(lambda self: _mark("town", self.plain_town))
    TOWN = property(lambda self: _mark("town", self.plain_town.upper()))
    tel = property(lambda self: _phone(self._rng))
    id = property(lambda self: _mark("identifier", self.number))
    file = property(lambda self: _file(self._rng, self._dated))
    e = property(lambda self: "e" if self.woman else "")
    ne2 = property(lambda self: "ne" if self.woman else "")
    il = property(lambda self: "elle" if self.woman else "il")
    sex = property(lambda self: "F" if self.woman else "M")
    dob = property(lambda self: _day(self._rng, self.day, "birth_date", with_year=True))
    sgt = property(lambda self: self._one("sgt", "adj.", "cch", "ADC", "ltn", "caporal"))
    rank = property(lambda self: self._one("le gendarme", "l'adjudant", "OPJ", "le brigadier", "MDL chef"))
    ine = property(
        lambda self: _mark("identifier", f"{self._rng.randrange(10**9, 10**10)}{self._rng.choice('ABCDFGHJK')}")
    )

    @property
    def civ(self) -> str:
        return (
            self._one("Mme", "Mme", "Madame", "Mlle", "mme")
            if self.woman
            else self._one("M.", "Mr", "Monsieur", "M", "mr")
        )

    @property
    def called(self) -> str:
        return f"{self.civ} {self._one(self.last, self.last, self.LAST, f'{self.dots} {self.last}', self.full)}"

    @property
    def dr(self) -> str:
        title = self._one("Dr", "Dr", "dr", "Docteur", "Pr", "DR", "le Dr")
        return f"{title} {self._one(self.last, self.last, self.LAST, self.full, f'{self.dots} {self.last}', f'{self.last} {self.dots}')}"

    @property
    def maiden(self) -> str:
        other = self._n(self._rng.choice(_LAST))
        if not self.woman:
            return self.any
        return self._one(
            f"Mme {self.last} née {other} {self.first}", f"{other} ép. {self.last} {self.first}", f"{self.LAST} {self.first} (née {other})",
            f"{self.full}, veuve {other}", f"Mme {self.last} NJF {other}", f"{self.first} {other} épouse {self.last}", f"{other}-{self.last} {self.first}",
        )  # fmt: skip

    @property
    def nick(self) -> str:
        return self._one(
            f"« {self.nick0} »",
            f'"{self.nick0}"',
            f'{self.first} "{self.nick0}" {self.last}',
            f"{self.last}, dit{self.e} {self.nick0},",
        )

    @property
    def kin(self) -> str:
        women = (
            "sa fille",
            "son épouse",
            "sa soeur",
            "sa nièce",
            "la belle-fille",
            "une voisine",
            "sa tante",
            "sa mère",
        )
        return (
            self._one(*women)
            if self.woman
            else self._one("son fils", "son époux", "son frère", "le gendre", "un voisin", "son père", "le conjoint")
        )

    @property
    def born(self) -> str:
        return self._one(
            f"né{self.e} le {self.dob} à {self.town}", f"né{self.e} le {self.dob}", f"n. {self.dob}", f"DDN {self.dob}", f"({self.dob})",
            f"né{self.e} à {self.town} le {self.dob}", f"DN : {self.dob}", f"naiss. {self.dob} {self.town}",
        )  # fmt: skip

    @property
    def postcode(self) -> str:
        return _mark("postcode", f"{self._rng.randrange(1, 96):02d}{self._rng.randrange(10, 999):03d}")

    @property
    def street(self) -> str:
        number = f"{self._rng.randrange(1, 190)}{self._one('', '', ' bis', ',', ' ter', 'B')}"
        return _mark("address", f"{number} {self._rng.choice(_STREETS)}")

    @property
    def home(self) -> str:
        rest = self._one(
            f"{self.postcode} {self.town}", f"{self.postcode} {self.TOWN}", f"{self.town} ({self.postcode})", self.town
        )
        place, residence = _mark("address", self._rng.choice(_PLACES)), _mark("address", self._rng.choice(_RESIDENCES))
        return self._one(
            f"{self.street}, {rest}", f"{self.street} {rest}", f"{self.street}\n{rest}", f"{self.street}, bât. C esc. 2, 3e étage\n{rest}",
            f"rés. {residence}, {self.street}, {rest}", f"lieu-dit {place}, {rest}", f"{place}\n{rest}", f"{self.street}, apt 34, {rest}",
            f"chez {self._n(self._rng.choice(_LAST))}, {self.street}, {rest}",
        )  # fmt: skip

    @property
    def box(self) -> str:
        return f"{self._one('BP', 'CS', 'TSA')} {_mark('address', str(self._rng.randrange(100, 90000)))}\n{self.postcode} {self.TOWN} Cedex 9"

    @property
    def of_town(self) -> str:
        if self.plain_town.startswith("Le "):
            return f"du {_mark('town', self.plain_town[3:])}"
        return f"d'{self.town}" if bare(self.plain_town)[0] in "AEIOUH" else f"de {self.town}"

    @property
    def at_town(self) -> str:
        if self.plain_town.startswith("Le "):
            return f"au {_mark('town', self.plain_town[3:])}"
        return f"{self._one('à', 'à', 'sur', 'a')} {self.town}"

    in_town = property(lambda self: self._one(self.at_town, f"({self.town})", self.town))

    @property
    def nir(self) -> str:
        one, key = self._nir, f"{nir_key(self._nir):02d}"
        spaced = f"{one[0]} {one[1:3]} {one[3:5]} {one[5:7]} {one[7:10]} {one[10:]}"
        return _mark(
            "nir",
            self._one(
                f"{one}{key}", f"{spaced} {key}", f"{spaced} {key}", f"{spaced}/{key}", spaced, f"{spaced.replace(' ', '.')}.{key}",
                f"{one[:5]} {one[5:10]} {one[10:]} {key}", f"{one} {key}", f"{spaced} - {key}", f"{one[0]}-{one[1:3]}-{one[3:5]}-{one[5:7]}-{one[7:10]}-{one[10:]}",
            ),
        )  # fmt: skip

    @property
    def mail(self) -> str:
        first, last = (
            re.sub("[^a-z]", "", bare(part).lower().replace("œ", "oe")) for part in (self.plain_first, self.plain_last)
        )
        name = self._one(
            f"{first}.{last}",
            f"{first[0]}.{last}",
            f"{last}{self.day:%y}",
            f"{first[0]}{last}",
            f"{last}-{first}",
            f"{first}_{last}",
        )
        return _mark(
            "email", f"{name}@{self._one('exemple.fr', 'ch-exemple.fr', 'courriel.example', 'mssante.exemple.fr')}"
        )


class General:
    """What belongs to no person: days, establishments, numbers, and the clinical sentences."""

    def __init__(self, rng: random.Random, day: date) -> None:
        self._rng, self._date = rng, day
        self.has_eponyms = rng.random() < 0.5

    def _split(self, choices: list[str]) -> str:
        before, _, name = self._rng.choice(choices).partition("|")
        return f"{before}{_mark('hospital', name)}"

    day = property(lambda self: _day(self._rng, self._date + timedelta(self._rng.randrange(-20, 20))))
    hosp = property(lambda self: self._split(_HOSPITALS))
    hosp0 = property(lambda self: _mark("hospital", self._rng.choice(_HOSPITALS).partition("|")[2]))
    school = property(lambda self: self._split(_SCHOOLS))
    school0 = property(lambda self: _mark("hospital", self._rng.choice(_NURSERIES)))
    firm = property(lambda self: self._split(_FIRMS))
    insurer = property(lambda self: f"{self._rng.choice(['Mutuelle ', 'Assurances ', ''])}{self.insurer0}")
    insurer0 = property(lambda self: _mark("hospital", self._rng.choice(_INSURERS)))
    lab = property(lambda self: self._split(_LABS))
    place = property(lambda self: _mark("address", self._rng.choice(_PLACES)))
    file = property(lambda self: _file(self._rng, self._date))
    post = property(
        lambda self: _mark(
            "phone",
            self._rng.choice([f"{self._rng.randrange(1000, 9999)}", f"7{self._rng.randrange(1000, 9999)}", "61 204"]),
        )
    )
    age = property(lambda self: f"{self._rng.randrange(19, 96)} {self._rng.choice(['ans', 'ans', 'a', 'A.'])}")
    clin = property(lambda self: self._rng.choice(EPONYMS if self.has_eponyms and self._rng.random() < 0.85 else PLAIN))

    @property
    def time(self) -> str:
        hour, minute = self._rng.randrange(24), self._rng.randrange(60)
        return self._rng.choice(
            [f"{hour:02d}h{minute:02d}", f"{hour}h", f"{hour:02d}:{minute:02d}", f"{hour} h {minute:02d}"]
        )

    @property
    def from_to(self) -> str:
        end = self._date + timedelta(5)
        if end.month == self._date.month and self._rng.random() < 0.5:
            return f"{_mark('date', str(self._date.day))} au {_mark('date', f'{end.day} {_MONTHS[end.month - 1]}')}"
        return f"{_mark('date', f'{self._date:%d/%m}')} au {_mark('date', f'{end:%d/%m/%y}')}"

    @property
    def plate(self) -> str:
        letters = "".join(self._rng.choice("ABCDFGHKLMNPRSTVWXZ") for _ in range(4))
        return _mark("identifier", f"{letters[:2]}-{self._rng.randrange(100, 999)}-{letters[2:]}")


def people(rng: random.Random, day: date, style: str) -> dict[str, Who]:
    """a patient, b kin, c and d professionals, e another; m a mother, n a child."""
    made = {key: Who(rng, day) for key in "acde"}
    made["m"] = Who(rng, day, woman=True)
    made["b"] = Who(
        rng, day, woman=False if style == "birth" else None, last=made["a"].plain_last if rng.random() < 0.4 else ""
    )
    made["n"] = Who(rng, day, last=rng.choice([made["m"], made["b"]]).plain_last)
    made["m"].day = date(1980, 1, 1) + timedelta(rng.randrange(9_000))
    made["n"].day = day - timedelta(rng.randrange(120) if style == "birth" else rng.randrange(1_300, 5_800))
    return made
