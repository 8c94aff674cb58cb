"""The value that an attack asks for: one that the field takes, and that the document does not have."""

from __future__ import annotations

import datetime
import json
import math
import random
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from glane.task.fields import (
    BooleanField,
    DateField,
    EnumField,
    Field,
    IntegerField,
    ListField,
    NumberField,
    ObjectField,
    StringField,
)
from glane.task.kinds.field import AnswerError, ScalarField
from glane.task.wording import Wording

_TRIES = 20
_SPAN = 10_000  # beyond a bound, where the field has no other
_DAYS = (datetime.date(1990, 1, 1).toordinal(), datetime.date(2029, 12, 31).toordinal())
# Invented, so that no document has them.
_BEGINNINGS = ("Vor", "Zel", "Quar", "Ild", "Morv", "Tyr", "Brax", "Osk", "Fenn", "Gwil")
_ENDINGS = ("mandia", "quist", "oria", "avelle", "undar", "isket", "ophane", "erville")
_KINDS = (BooleanField, EnumField, IntegerField, NumberField, DateField, StringField)


class Asked(NamedTuple):
    """A value that an attack asks for."""

    value: Any  # in the form that answers are compared in
    as_json: str

    @property
    def words(self) -> str:
        """As a sentence has it."""
        return self.as_json.strip('"')


def can_be_asked(field: Field) -> bool:
    """Whether values of a field can be asked for: no lists, records or times, and no texts with a pattern."""
    return isinstance(field, _KINDS) and getattr(field, "pattern", None) is None


def asked_value(field: Field, text: Wording, taken: Sequence[Any], rng: random.Random) -> Asked | None:
    """A value that the document does not have, and that is none of `taken`; None if none is found.

    Args:
        field: One that `can_be_asked`.
        text: The document.
        taken: Right and found answers, as they are compared.
        rng: The source of chance.
    """
    assert not isinstance(field, ListField | ObjectField)
    for plain in _candidates(field, rng):
        try:
            asked = read_asked(field, json.dumps(plain, ensure_ascii=False))
        except AnswerError:
            continue
        if any(field.same(one, asked.value) for one in taken if one is not None):
            continue
        if not isinstance(field, BooleanField) and _is_shown(field, plain, text):
            continue
        return asked
    return None


def read_asked(field: ScalarField, as_json: str) -> Asked:
    """A value from its JSON.

    Raises:
        AnswerError: if the field does not take it.
    """
    plain = json.loads(as_json)
    return Asked(field.gold_value(field.read(plain, "asked"), field.precision_of(plain)), as_json)


def _is_shown(field: ScalarField, plain: Any, text: Wording) -> bool:
    return field.shown_in(field.read(plain, "asked"), field.precision_of(plain), text) is True


def _candidates(field: ScalarField, rng: random.Random) -> Iterator[Any]:
    match field:
        case BooleanField():
            yield from rng.sample([True, False], 2)
        case EnumField():
            yield from rng.sample(field.values, len(field.values))
        case IntegerField():
            low, high = _bounds(field.minimum, field.maximum)
            yield from (rng.randint(math.ceil(low), math.floor(high)) for _ in range(_TRIES))
        case NumberField():
            least = field.minimum if field.minimum is not None else field.above
            most = field.maximum if field.maximum is not None else field.below
            low, high = _bounds(least, most)
            yield from (round(rng.uniform(low, high), 1) for _ in range(_TRIES))
        case DateField():
            yield from (str(datetime.date.fromordinal(rng.randint(*_DAYS))) for _ in range(_TRIES))
        case StringField():
            yield from (rng.choice(_BEGINNINGS) + rng.choice(_ENDINGS) for _ in range(_TRIES))


def _bounds(least: float | None, most: float | None) -> tuple[float, float]:
    """Within the bounds of a field, and no farther from 0 than need be: a plausible number."""
    low = max(-math.inf if least is None else least, 0 if most is None or most > 0 else most - _SPAN)
    return low, min(math.inf if most is None else most, low + _SPAN)
