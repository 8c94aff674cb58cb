"""The signs that a value is not its document's: columns of every result that name fields, places in them, or rules.

A mark is no doubt: it tells how a value was found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

Sign = Literal[
    "leaked_from_example", "not_in_quote", "forced_quote", "recalled_without_passage", "broken_rules", "suspicious",
    "recalled",
]  # fmt: skip

SIGNS: Mapping[Sign, str] = {
    "leaked_from_example": "repeat a value of an example that their quote or document does not show",
    "not_in_quote": "have a value that cannot be read in its own quote",
    "forced_quote": "have a value for which the model wanted to quote what is not in the text",
    "recalled_without_passage": "have an item that only a recall pass found, without a passage of its own",
    "broken_rules": "break a rule between fields, even asked again",
    "suspicious": "have a text that speaks to a model",
    "recalled": "have a value that only a recall pass found",
}
OF_FIELDS: tuple[Sign, ...] = (  # the others are of whole rows
    "leaked_from_example",
    "not_in_quote",
    "forced_quote",
    "recalled_without_passage",
    "recalled",
)
OF_PLACES: tuple[Sign, ...] = ("recalled_without_passage", "recalled")  # they name items of lists: events[2]
MARKS: tuple[Sign, ...] = ("recalled",)

# A `quote_mass` below this is a sign. With it, nine in ten unmarked values of a small model were wrong, see
# docs/evidence.md; with a tenth, seven in ten.
LEAST_QUOTE_MASS = 0.01


def field_of(place: str) -> str:
    """The field of a place: `events` of `events[2]` and of `events[0].cases`."""
    return re.split(r"[.\[]", place, maxsplit=1)[0]
