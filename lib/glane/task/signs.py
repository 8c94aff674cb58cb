"""The signs that a value is not its document's: columns of every result that name fields, or rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Sign = Literal["leaked_from_example", "not_in_quote", "forced_quote", "broken_rules", "suspicious"]

SIGNS: Mapping[Sign, str] = {
    "leaked_from_example": "repeat a value of an example that their quote or document does not show",
    "not_in_quote": "have a value that cannot be read in its own quote",
    "forced_quote": "have a value for which the model wanted to quote what is not in the text",
    "broken_rules": "break a rule between fields, even asked again",
    "suspicious": "have a text that speaks to a model",
}
OF_FIELDS: tuple[Sign, ...] = ("leaked_from_example", "not_in_quote", "forced_quote")  # the others are of whole rows

# A `quote_mass` below this is a sign. With it, nine in ten unmarked values of a small model were wrong, see
# docs/evidence.md; with a tenth, seven in ten.
LEAST_QUOTE_MASS = 0.01
