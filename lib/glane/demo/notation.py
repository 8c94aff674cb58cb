"""The many ways French notes write an age, a date, a duration, a temperature and a count."""

import random
from datetime import date

from glane.demo.marks import mark


def words(listed: str) -> list[str]:
    """The words of a text, for tables that would be long lists of short strings."""
    return listed.split()


def phrases(listed: str) -> tuple[str, ...]:
    """The phrases of a text, separated by " | ". A phrase that is listed twice is drawn twice as often."""
    return tuple(listed.split(" | "))


_MONTHS = words("janvier février mars avril mai juin juillet août septembre octobre novembre décembre")
_SHORT_MONTHS = words("janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.")
_WORDS = words("zéro un deux trois quatre cinq six sept huit neuf dix")


def de(noun: str) -> str:
    """The noun after "de", elided before a vowel (the noun may start with marks)."""
    first = next((char for char in noun if char < "\ue000"), "")
    return f"d'{noun}" if first.lower() in "aeiouyéèêâàôîhœ" else f"de {noun}"


def count_text(rng: random.Random, number: int) -> str:
    """A count, in figures or (up to ten, one time in four) in letters."""
    if 2 <= number <= 10 and rng.random() < 0.25:
        return _WORDS[number]
    return str(number)


def date_text(rng: random.Random, day: date) -> str:
    """A date with its year, in one of ten notations."""
    first = "1er" if day.day == 1 else str(day.day)
    kind = rng.randrange(14)
    if kind < 5:
        return f"{day:%d/%m/%Y}"
    if kind < 7:
        return f"{day:%d/%m/%y}"
    if kind == 7:
        return f"{day:%d.%m.%y}"
    if kind == 8:
        return f"{day:%d.%m.%Y}"
    if kind == 9:
        return f"{day:%d-%m-%Y}"
    if kind == 10:
        return f"{day:%Y-%m-%d}"
    if kind == 11:
        return f"{first} {_SHORT_MONTHS[day.month - 1]} {day.year}"
    return f"{first} {_MONTHS[day.month - 1]} {day.year}"


def duration_text(rng: random.Random, days: int, *, accident: bool) -> str:
    """A marked duration in days, in the form after a symptom ("depuis 48h") or an accident ("il y a 2 jours")."""
    number = count_text(rng, days)
    unit = "jour" if days == 1 else "jours"
    if days == 0:
        text = rng.choice(("depuis ce matin", "depuis ce matin", "depuis aujourd'hui"))
    elif accident:
        text = rng.choice((f"il y a {number} {unit}", f"il y a {days}j", f"datant de {number} {unit}", f"à J{days}"))
    else:
        forms = [
            f"depuis {number} {unit}",
            f"depuis {number} {unit}",
            f"depuis {days} j",
            f"depuis {days}j",
            f"depuis environ {number} {unit}",
            f"évoluant depuis {number} {unit}",
            f"depuis {days}J",
            f"à J{days} des symptômes",
            f"(J{days})",
        ]
        if days <= 3:
            forms += [f"depuis {24 * days}h", f"depuis {24 * days} h", f"depuis {24 * days} heures"]
        if days == 1:
            forms += ["depuis hier"] * 5 + ["depuis la veille", "depuis hier soir"]
        if days == 2:
            forms += ["depuis avant-hier"] * 2
        if days % 7 == 0:
            weeks = days // 7
            week = "une semaine" if weeks == 1 else f"{count_text(rng, weeks)} semaines"
            forms += [f"depuis {week}", f"depuis {week}", f"depuis {weeks} sem.", f"évoluant depuis {week}"] * 2
        if days == 30:
            forms += ["depuis un mois", "depuis 1 mois"] * 4
        text = rng.choice(forms)
    return mark(text, "duration_days")


def age_text(rng: random.Random, *, years: int | None, months: int | None, days: int | None) -> str:
    """An age in exactly one of the three units."""
    if days is not None:
        return rng.choice((f"{days} jours", f"{days} jours de vie", f"{days}j", f"J{days} de vie"))
    if months is not None:
        return rng.choice((f"{months} mois", f"{months} mois", f"{months} mois", f"{months}m", f"{months} M"))
    if years == 1:
        return rng.choice(("1 an", "1an", "un an"))
    return rng.choice((f"{years} ans", f"{years} ans", f"{years} ans", f"{years} ans", f"{years}a", f"{years}ans"))


def degrees_text(rng: random.Random, tenths: int) -> str:
    """A temperature given in tenths of a degree Celsius."""
    whole, tenth = divmod(tenths, 10)
    if tenth == 0:
        return rng.choice((f"{whole}", f"{whole}°", f"{whole}°C", f"{whole} °C", f"{whole},0", f"{whole}.0"))
    return rng.choice(
        (
            f"{whole},{tenth}",
            f"{whole},{tenth}",
            f"{whole}.{tenth}",
            f"{whole},{tenth}°",
            f"{whole},{tenth}°C",
            f"{whole}.{tenth}°C",
            f"{whole},{tenth} °C",
            f"{whole}.{tenth}",
            f"{whole}°{tenth}",
        )
    )
