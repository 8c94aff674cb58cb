"""What whole and decimal numbers have in common."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import polars as pl

from glane.task.comparison_rules import NumberRule
from glane.task.fold import fold
from glane.task.kinds.field import AnswerError
from glane.types import Language

_SLACK = 1 + 1e-9  # factor on a tolerance, as doubles do not hold decimals exactly: 37.2 - 37.1
_ROUNDING = 8 * sys.float_info.epsilon  # relative to the value: 12345678.3 - 12345678.2 is off by more than _SLACK
_BOUNDS: Mapping[Language, Mapping[tuple[bool, bool], str]] = {
    "fr": {
        (True, True): " de {low} à {high}",
        (True, False): " au moins {low}",
        (False, True): " au plus {high}",
        (False, False): "",
    },
    "en": {
        (True, True): " from {low} to {high}",
        (True, False): " at least {low}",
        (False, True): " at most {high}",
        (False, False): "",
    },
}
# Words of descriptions. A field that names a unit of time holds a duration in it.
_UNITS = {
    "h": {"heure", "heures", "hour", "hours"},
    "d": {"jour", "jours", "day", "days"},
    "w": {"semaine", "semaines", "week", "weeks"},
    "m": {"mois", "month", "months"},
    "y": {"an", "ans", "annee", "annees", "year", "years"},
}
_DURATIONS = {"age", "duree", "anciennete", "delai", "duration", "interval", "intervalle", "length"}


@lru_cache(maxsize=1024)
def duration_units(description: str) -> frozenset[str] | None:
    """The units of time of a number, by its description: none if it is no duration, None if that is not told."""
    words = set(re.findall("[a-z]+", fold(description)))
    units = frozenset(unit for unit, names in _UNITS.items() if names & words)
    return units or (None if not words or words & _DURATIONS else frozenset())


def bounds_phrase(language: Language, low: float | None, high: float | None) -> str:
    """The description of the bounds in a prompt; empty if there are none."""
    phrase = _BOUNDS[language][low is not None, high is not None]
    return phrase.format(low=_shown(low), high=_shown(high))


def _shown(bound: float | None) -> str:
    return "" if bound is None else f"{bound:.15g}"


def check_bounds(value: float, minimum: float | None, maximum: float | None, place: str) -> None:
    """Check a number.

    Raises:
        AnswerError: if it is out of bounds.
    """
    if minimum is not None and value < minimum:
        raise AnswerError(f"{place}: below the minimum {minimum}")
    if maximum is not None and value > maximum:
        raise AnswerError(f"{place}: above the maximum {maximum}")


def within(rule: NumberRule, gold: float, found: float, *, equal_slack: float = 0.0) -> bool:
    """Whether two numbers are at most the rule's tolerance apart; `equal_slack` is relative to the right one."""
    tolerance = rule.tolerance
    if isinstance(tolerance, str):
        tolerance = float(tolerance.rstrip("% ")) / 100 * abs(gold)
    return abs(gold - found) <= max(tolerance * _SLACK + abs(gold) * _ROUNDING, abs(gold) * equal_slack)


def tolerance_words(rule: NumberRule) -> str:
    """The rule in a few words."""
    tolerance = rule.tolerance
    return f"±{tolerance if isinstance(tolerance, str) else f'{tolerance:g}'}" if tolerance else "exact"


def trends(column: pl.Expr) -> dict[str, pl.Expr]:
    """Statistics that show a drift of numbers."""
    return {"mean": column.mean(), "share with a value": column.is_not_null().mean()}


def bounds_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The bounds of a JSON Schema: `minimum`, `maximum`, and the exclusive bounds as `above` and `below`."""
    names = {"minimum": "minimum", "maximum": "maximum", "exclusiveMinimum": "above", "exclusiveMaximum": "below"}
    return {name: schema[key] for key, name in names.items() if key in schema}
