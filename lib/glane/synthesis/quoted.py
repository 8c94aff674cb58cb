"""Whether the quote of an effect shows its numbers. A group's total may stand elsewhere in the document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glane.synthesis.effect import Quoting
from glane.task.fields import Field, IntegerField, NumberField
from glane.task.wording import Wording

_ELSEWHERE = ("total_", "ci_level")


def quoting_of(told: Mapping[str, Any], fields: Mapping[str, Field], quote: str | None) -> Quoting:
    """Whether every number of an item that is of this effect alone can be read in its quote, in figures or words."""
    if not quote:
        return "not_found"
    wording = Wording(quote)
    told_here = ((field, told.get(name)) for name, field in fields.items() if not name.startswith(_ELSEWHERE))
    lacks = any(
        isinstance(field, IntegerField | NumberField) and field.shown_in(value, None, wording) is False
        for field, value in told_here
        if value is not None
    )
    return "lacks_numbers" if lacks else "whole"
