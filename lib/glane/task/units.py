"""Units of quantities in notes, and their conversion. Molar units are not converted to masses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Unit(NamedTuple):
    """A unit: what it measures, and how many of the base unit of that it is."""

    name: str
    dimension: str
    factor: float


_UNITS = (
    # name, dimension, factor, spellings in folded text
    ("min", "time", 1.0, "min minute minutes mn"),
    ("h", "time", 60.0, "h heure heures hour hours hr hrs"),
    ("d", "time", 1440.0, "d j jr jrs jour jours journee journees day days"),
    ("wk", "time", 10080.0, "wk wks sem semaine semaines week weeks"),
    ("mo", "calendar", 1.0, "mo mois month months"),
    ("y", "calendar", 12.0, "y yr yrs an ans annee annees year years"),
    ("ng", "mass", 1e-9, "ng"),
    ("µg", "mass", 1e-6, "µg μg ug mcg microg microgramme microgrammes microgram micrograms"),
    ("mg", "mass", 1e-3, "mg milligramme milligrammes milligram milligrams"),
    ("g", "mass", 1.0, "g gr gramme grammes gram grams"),
    ("kg", "mass", 1e3, "kg kilo kilos kilogramme kilogrammes kilogram kilograms"),
    ("mL", "volume", 1e-3, "ml cc"),
    ("cL", "volume", 1e-2, "cl"),
    ("dL", "volume", 1e-1, "dl"),
    ("L", "volume", 1.0, "l litre litres liter liters"),
    ("mm", "length", 1e-3, "mm"),
    ("cm", "length", 1e-2, "cm centimetre centimetres"),
    ("m", "length", 1.0, "m metre metres meter meters"),
    ("km", "length", 1e3, "km"),
    ("°C", "celsius", 1.0, "°c celsius degres degre"),
    ("°F", "fahrenheit", 1.0, "°f fahrenheit"),
    ("mmHg", "pressure", 1.0, "mmhg"),
    ("cmHg", "pressure", 10.0, "cmhg"),
    ("%", "share", 1.0, "% pourcent percent"),
    ("mmol/L", "molar", 1.0, "mmol/l"),
    ("µmol/L", "molar", 1e-3, "µmol/l μmol/l umol/l"),
    ("g/L", "concentration", 1.0, "g/l"),
    ("g/dL", "concentration", 10.0, "g/dl"),
    ("mg/L", "concentration", 1e-3, "mg/l"),
    ("mg/dL", "concentration", 1e-2, "mg/dl"),
)
_A_DAY = ("/d", "/j", "/jour", "/day", " par jour", " per day", " a day")
DAYS_A_MONTH, DAYS_A_YEAR = 30.4375, 365.25


def _every() -> dict[str, Unit]:
    found = {}
    for name, dimension, factor, spellings in _UNITS:
        unit = Unit(name, dimension, factor)
        for spelling in spellings.split():
            found[spelling] = unit
            if dimension in ("mass", "volume"):
                for day in _A_DAY:
                    found[f"{spelling}{day}"] = Unit(f"{name}/d", f"{dimension} a day", factor)
    return found


UNITS: Mapping[str, Unit] = _every()
NAMES = tuple(dict.fromkeys(unit.name for unit in UNITS.values()))


def unit_named(name: str) -> Unit | None:
    """The unit that a task declares, in any of its spellings; None if it is not known."""
    return next((unit for unit in UNITS.values() if unit.name == name), None) or UNITS.get(name.casefold())


def converted(value: float, unit: Unit, to: Unit) -> tuple[float, bool] | None:
    """A value in another unit, and whether that is exact; None if the two measure different things.

    A month is taken as 30.4375 days, which is not exact.
    """
    if unit.dimension == to.dimension:
        return value * unit.factor / to.factor, True
    match unit.dimension, to.dimension:
        case "calendar", "time":
            return value * unit.factor * DAYS_A_MONTH * 1440 / to.factor, False
        case "time", "calendar":
            return value * unit.factor / 1440 / DAYS_A_MONTH / to.factor, False
        case "fahrenheit", "celsius":
            return (value - 32) * 5 / 9, True
        case "celsius", "fahrenheit":
            return value * 9 / 5 + 32, True
    return None
