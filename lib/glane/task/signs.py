"""The signs that a value is not its document's: columns of every result that name fields, or rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Sign = Literal["leaked_from_example", "not_in_quote", "broken_rules", "suspicious"]

SIGNS: Mapping[Sign, str] = {
    "leaked_from_example": "repeat a value of an example that their quote or document does not show",
    "not_in_quote": "have a value that cannot be read in its own quote",
    "broken_rules": "break a rule between fields, even asked again",
    "suspicious": "have a text that speaks to a model",
}
OF_FIELDS: tuple[Sign, ...] = ("leaked_from_example", "not_in_quote")  # the others are of whole rows
