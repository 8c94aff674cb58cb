"""Extracted values as plain ones: what prompts repeat, and what `conflicts` hold."""

from __future__ import annotations

import datetime

from glane.task.kinds.date import at_precision
from glane.types import ExtractedValue


def plain_of(found: ExtractedValue) -> object:
    """The value in the plain form that `conflicts` has. A partial date is text at its precision."""
    if found.items is not None:
        return [plain_of(item) for item in found.items]
    if found.fields is not None:
        return {name: plain_of(inner) for name, inner in found.fields.items()}
    if isinstance(found.value, datetime.date) and found.precision is not None:
        return at_precision(found.value, found.precision)
    return found.value
