"""What must be known of all values of an export, beside what each of them is."""

from __future__ import annotations

from glane.exports.bundle import Origin
from glane.exports.words import SENTENCES
from glane.toys import notice


def warnings_of(origin: Origin) -> list[str]:
    """Sentences in the language of the task: that answers are no results, and that rows are still to come."""
    part = "" if origin.is_complete else SENTENCES[origin.language]["part"]
    return [one for one in (notice(origin.toy, origin.language), part) if one]


def said_of(origin: Origin) -> list[str]:
    """What a codebook says of all values: that of `warnings_of`, and that dates are shifted."""
    shifted = [] if origin.shifted is None else [SENTENCES[origin.language]["shifted"].format(origin.shifted)]
    return [*warnings_of(origin), *shifted]
