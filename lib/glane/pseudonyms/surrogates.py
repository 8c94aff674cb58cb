"""What stands in the place of an identifier: keyed, of the same form, and no value that can be real."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

from glane.pseudonyms import syllables
from glane.pseudonyms.checks import nir_key, with_luhn
from glane.pseudonyms.dates import shifted
from glane.pseudonyms.electronic import plain_address
from glane.pseudonyms.key import Key
from glane.pseudonyms.money import account_of, made_account
from glane.pseudonyms.phones import country_of, is_spelled
from glane.pseudonyms.places import STREET
from glane.pseudonyms.plates import made_plate
from glane.pseudonyms.words import folded, is_first_name, letters
from glane.settings.pseudonymise import Kind, Scope, Style

_WEEK = 7
RESERVED = {
    "1": "19900",
    "2": "26191",
    "3": "35301",
    "4": "46571",
    "5": "53649",
    "6": "63998",
    "7": "63998",
}  # for fiction
_LABELS: dict[Kind, str] = {
    "email": "courriel", "url": "page", "account": "compte", "iban": "iban", "card": "carte", "nir": "nir",
    "phone": "téléphone", "rpps": "rpps", "finess": "finess", "plate": "plaque", "identifier": "numéro",
    "address": "adresse", "postcode": "code postal", "hospital": "établissement", "town": "commune", "name": "nom",
}  # fmt: skip
_BOX = re.compile(r"(?:bp|cs|app\w*\.?|b[aâ]t\w*\.?|esc\w*\.?) ?(?:n° ?)?(?:[A-Z]\b|\d{1,5})", re.IGNORECASE)
_KIND_OF_STREET = re.compile(rf"{STREET}|lieu|rond|r", re.IGNORECASE)
_KINDS_OF_NUMBERS = frozenset({"ipp", "nip", "nda", "iep", "ins", "ndos", "nas", "ipe", "rum"})
_SPELLED = "06 00 00 00 00"  # the form of what stands for a telephone number in words
_NAMES: frozenset[Kind] = frozenset({"name", "town", "hospital"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How identifiers are replaced."""

    style: Style = "plausible"
    scope: Scope = "collection"  # over what the same name gets the same surrogate
    most_days: int = 182  # that dates are shifted by, either way
    whole_weeks: bool = True  # days of the week stay
    oldest_age: int | None = None  # ages above it become one more than it


class Surrogates:
    """The surrogates of one text: what stands in it, or was given for something else in it, is not given."""

    def __init__(self, key: Key, manner: Manner, *, person: str, text: str, year: int) -> None:
        """`person` is whose dates are shifted together; `year` is that of dates without one."""
        self._key, self._manner, self._person, self._year = key, manner, person, year
        self._scope = person if manner.scope == "person" else ""
        self._present = {letters(word) for word in re.findall(r"\w+(?:[-'’]\w+)*", text)}
        self._digits = re.sub(r"\D", "", text)
        self._given: dict[str, str] = {}
        self._taken: dict[str, str] = {}

    @property
    def days(self) -> int:
        """By how many days the dates of the person are shifted, never none."""
        unit = _WEEK if self._manner.whole_weeks else 1
        steps = max(1, self._manner.most_days // unit)
        drawn = self._key.number(2 * steps, "shift", self._person)
        return unit * (drawn - steps if drawn < steps else drawn - steps + 1)

    def of(self, told: str, kind: Kind) -> str:
        """What stands in the place of an identifier."""
        if kind in ("date", "birth_date"):
            return shifted(told, days=self.days, year=self._year) or "[date]"
        if kind == "age":
            return str((self._manner.oldest_age or 0) + 1)
        if self._manner.style == "marked":
            return f"[{_LABELS[kind]} {self._key.digest('mark', kind, self._scope, _known_by(told, kind)).hex()[:8]}]"
        if kind in _NAMES:
            return self._name(told, kind)
        if kind == "address":
            return self._address(told)
        if kind in ("email", "url", "account"):
            return self._electronic(told, kind)
        if kind == "iban":
            return made_account(told, self._some_digits(kind, _known_by(told, kind)) * 2)
        if kind == "plate":
            return made_plate(told, self._some_digits(kind, _known_by(told, kind)))
        return self._number(told, kind)

    def _name(self, told: str, kind: Kind) -> str:
        if kind != "name":
            return _spelled(self._made_up(told, "town"), told)
        if len(letters(told)) < 2 or re.fullmatch(r"[^\W\d_]\.(?:-?[^\W\d_]\.)*", told):
            return re.sub(r"[^\W\d_]", lambda one: self._initial(one[0]), told)
        whole = re.sub(r"[-‐‑][ \t]*\r?\n[ \t]*", "", told)
        parts = re.split(r"([-‐‑])", whole)
        if "\n" in told and not all(is_first_name(folded(part)) for part in re.split(r"[-‐‑\s]+", told)):
            parts = [whole]
        return "".join(
            part if part in "-‐‑" else _spelled(self._made_up(part, _sort(part)), part) for part in parts if part
        )

    def _initial(self, told: str) -> str:
        others = "ABCDEFGJLMNPRSTV".replace(told.upper(), "")
        drawn = others[self._key.number(len(others), "initial", self._scope, told.upper())]
        return drawn if told.isupper() else drawn.lower()

    def _made_up(self, told: str, sort: str) -> str:
        canonical = letters(told)
        slot = f"{sort} {canonical}"
        if slot in self._given:
            return self._given[slot]
        make = {"first": syllables.first_name, "surname": syllables.surname, "town": syllables.town}[sort]
        for attempt in range(syllables.MOST_TRIES):
            made = make(partial(self._drawn, sort, canonical, str(attempt)))
            plain = letters(made)
            if plain not in self._present and not syllables.is_real(plain) and self._taken.get(plain, slot) == slot:
                self._given[slot], self._taken[plain] = made, slot
                return made
        raise AssertionError("no surrogate is free")

    def _drawn(self, sort: str, canonical: str, attempt: str, below: int, use: str) -> int:
        return self._key.number(below, sort, self._scope, canonical, use, attempt)

    def _address(self, told: str) -> str:
        found = re.match(
            r"(?P<number>[\d /-]*(?: ?(?:bis|ter|quater)\b)?[ ,]*)(?P<street>[^\W\d_]+\.?)", told, re.IGNORECASE
        )
        name = self._made_up(told, "surname")
        box = _BOX.match(told)
        if box is not None or found is None:
            kept = told if box is None else box[0]
            made = re.sub(r"\d+", lambda one: self._figures(one[0], "address"), kept)
            is_whole = box is None or box.end() == len(told)
            return (made if is_whole else f"{made} {_spelled(name, told)}") if re.search(r"\d", kept) else name
        if not _KIND_OF_STREET.fullmatch(found["street"]):  # "12 Kervaon": no word of it stays
            digits = re.sub(r"\d+", lambda one: self._figures(one[0], "address"), found["number"])
            return f"{digits}{_spelled(name, told)}"
        number = re.sub(r"\d+", lambda one: self._figures(one[0], "address").lstrip("0") or "7", found["number"])
        return f"{number}{found['street']} {_spelled(name, told)}"

    def _electronic(self, told: str, kind: Kind) -> str:
        """An address under "invalid", which the network never has, and an account that no service lets be."""
        plain = _known_by(told, kind)
        first, last = (folded(self._made_up(plain, sort)) for sort in ("first", "surname"))
        if kind == "email":
            return f"{first}.{last}@courriel.invalid"
        if kind == "account":
            return f"{'@' if told[0] in '@＠' else ''}{first}-{last}.invalid"
        scheme = re.match(r"(?:https?://)?(?:www\.)?", told, re.IGNORECASE)
        assert scheme is not None
        return f"{scheme[0]}{last}.invalid{f'/{first}' if '/' in plain else ''}"

    def _number(self, told: str, kind: Kind) -> str:
        """A number of the same form. Letters of one that may tell a name ("DUPONT-1951") are drawn, too."""
        if kind == "phone" and is_spelled(told):
            return filled(_SPELLED, self._digits_of(kind, re.sub(r"\D", "", _SPELLED), told, 0))
        if kind == "identifier":
            told = re.sub(r"[^\W\d_]{2,}", lambda one: self._letters(one[0]), told)
        digits = re.sub(r"\D", "", told)
        if not digits:  # what another kind left of it: the letter before a telephone's number
            return told
        for attempt in range(syllables.MOST_TRIES):
            made = self._digits_of(kind, digits, told, attempt)
            if made != digits and (len(made) < 6 or made not in self._digits):
                return filled(told, made)
        raise AssertionError("no number is free")

    def _digits_of(self, kind: Kind, digits: str, told: str, attempt: int) -> str:
        """Digits in the place of others, of a range that nobody is given."""
        country = country_of(told) if kind == "phone" else ""
        drawn = self._some_digits(kind, _known_by(told, kind), attempt)
        drawn *= 1 + len(digits) // len(drawn)  # barcodes have more
        if kind == "nir" and len(digits) >= 12:
            return _impossible_nir(told, digits, drawn)
        if country:
            front = digits[: digits.index(country) + len(country)] + "00"  # no country has numbers that begin so
            return front + drawn[: len(digits) - len(front)]
        if kind == "phone" and len(digits) >= 9:
            national = digits[-9:]
            return digits[:-9] + RESERVED.get(national[0], RESERVED["1"]) + drawn[:4]
        if kind == "card" and len(digits) > 9:
            return with_luhn("9999" + drawn[: len(digits) - 5])  # 9 and a country that ISO 3166 gives to none
        if kind == "rpps" and len(digits) == 11:
            return with_luhn("99" + drawn[:8])
        if kind == "finess" and len(digits) == 9:
            return with_luhn("00" + drawn[:6])
        fixed = "00" if len(digits) > 4 else ""
        return fixed + drawn[: len(digits) - len(fixed)]

    def _some_digits(self, kind: Kind, canonical: str, attempt: int = 0) -> str:
        """20 digits for a value in its canonical form."""
        return f"{self._key.number(10**20, kind, self._scope, canonical, str(attempt)):020d}"

    def _letters(self, told: str) -> str:
        if told.lower() in _KINDS_OF_NUMBERS:
            return told
        alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ"
        drawn = self._key.digest("letters", self._scope, folded(told))
        made = "".join(alphabet[one % len(alphabet)] for one in drawn * (1 + len(told) // len(drawn)))[: len(told)]
        return made.lower() if told.islower() else made

    def _figures(self, told: str, use: str) -> str:
        drawn = f"{self._key.number(10 ** len(told), use, self._scope, told):0{len(told)}d}"
        return drawn if drawn != told else f"{(int(told) + 1) % 10 ** len(told):0{len(told)}d}"


def _sort(name: str) -> str:
    return "first" if is_first_name(folded(name)) else "surname"


def _impossible_nir(told: str, digits: str, drawn: str) -> str:
    """A number with a right key and a month that no NIR has (13 to 19). The sex stays."""
    letter = re.search(r"(?<=2)[AB]", told, re.IGNORECASE)  # of Corsica
    department = "99" if letter is None else f"2{letter[0].upper()}"
    number = f"{digits[0]}{drawn[1:3]}{13 + int(drawn[0]) % 7}{department}{drawn[5:11]}"
    made = re.sub(r"\D", "", number)
    return made + (f"{nir_key(number):02d}" if len(digits) > len(made) else "")


def _known_by(told: str, kind: Kind) -> str:
    """What an identifier has in all its writings: by it, two are the same, and get one surrogate."""
    if kind in _NAMES or kind == "address":
        return letters(told)
    if kind in ("email", "url", "account"):
        return plain_address(told)
    if kind == "iban":
        return account_of(told)
    digits = re.sub(r"\(0\)|\D", "", told)
    if kind == "phone" and country_of(told):
        return digits.removeprefix("00")
    return digits[-9:] if kind == "phone" and digits else _signs(folded(told))


def _signs(told: str) -> str:
    return re.sub(r"\W", "", told).upper()


def filled(told: str, digits: str) -> str:
    """A number with other digits, its letters and what separates it as they were."""
    figures = iter(digits)
    return re.sub(r"\d", lambda _: next(figures), told)


def _spelled(name: str, as_told: str) -> str:
    """A name with the capitals and accents of what it stands for."""
    if as_told.isupper() and len(as_told) > 1:
        name = name.upper()
    elif as_told.islower():
        name = name.lower()
    return name if not as_told.isascii() or not as_told.isupper() else folded(name).upper()
