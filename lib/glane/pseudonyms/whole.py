"""Values that are known of a person, replaced whole: in columns beside the texts, and as in these."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta

import pyarrow as pa

from glane.corpus.columns import holds_dates, holds_strings, is_text
from glane.corpus.files import InputFile
from glane.errors import DataError
from glane.pseudonyms.detect import identifiers, kind_of
from glane.pseudonyms.institutions import name_of_hospital
from glane.pseudonyms.replace import with_surrogates
from glane.pseudonyms.surrogates import Surrogates
from glane.settings.pseudonymise import Kind, Style
from glane.type_words import type_words

_LEAST_BITS = 16  # three drawn digits may be beyond 8


def refuse_unreplaceable(file: InputFile, names: Sequence[str], *, style: Style, known: str, written: str) -> None:
    """Refuse columns that are known of the person and are written, where no surrogate is of their type.

    `known` and `written` are the settings that name them.

    Raises:
        DataError: naming the column, its type and the remedy.
    """
    for name in names:
        kind = file.schema.field(name).type
        if not can_be_replaced(kind, style):
            digits = ", and style=marked gives no digits" if pa.types.is_integer(kind) and style == "marked" else ""
            raise DataError(
                f"{file.name}: column {name!r} is {type_words(kind)}{digits}: it is known of the person ({known}), and "
                f"{written} would write it as it is. Texts, dates and whole numbers of 16 bits or more are written "
                "replaced. Leave it out of one of them, or give it as a text."
            )


def can_be_replaced(kind: pa.DataType, style: Style) -> bool:
    """Whether what stands in the place of a known value is of its type."""
    if pa.types.is_integer(kind):
        return kind.bit_width >= _LEAST_BITS and style == "plausible"
    return is_text(kind) or holds_dates(kind)


def replaced_cell(cell: object, kind: pa.DataType, made: Surrogates, keep: Collection[Kind]) -> object:
    """A cell of a column that is known of the person, replaced by the surrogates of its row's text.

    Text is given as bytes. What comes is as the column's type takes it. A null stays one.
    """
    if cell is None:
        return None
    if not isinstance(cell, bytes):
        return replaced_value(cell, made, keep)[0]
    text = known_replaced(cell.decode("utf-8", "replace"), made, keep)[0]
    return text if holds_strings(kind) else text.encode()


def replaced_value(value: object, made: Surrogates, keep: Collection[Kind] = ()) -> tuple[object, Kind]:
    """A known date or whole number of a person, replaced by one; and what it is."""
    if isinstance(value, date):
        return (value if "birth_date" in keep else moved_by(value, made.days)), "birth_date"
    text, kind = known_replaced(str(value), made, keep)
    return int(text), kind


def moved_by(value: date, days: int) -> date:
    """A date some days later."""
    try:
        return value + timedelta(days)
    except OverflowError:  # 9999-12-31 and the like say "without an end", and are no date of anybody
        return value


def known_replaced(value: str, made: Surrogates, keep: Collection[Kind] = ()) -> tuple[str, Kind]:
    """A known value of a person, nothing of it left, as it comes out in the texts; and what it is.

    Kinds of `keep` are left as they are.
    """
    if kind_of(value) == "hospital":
        at = name_of_hospital(value) or 0
        return (value if "hospital" in keep else f"{value[:at]}{made.of(value[at:], 'hospital')}"), "hospital"
    found = identifiers(value, known=[value])
    if found and sum(one.end - one.start for one in found) >= len("".join(value.split())):
        return with_surrogates(value, [one for one in found if one.kind not in keep], made).text, found[0].kind
    kind = kind_of(value)
    if kind in keep or not value.strip():
        return value, kind
    if kind == "name":
        return " ".join(made.of(word, kind) for word in value.split()), kind
    return made.of(value, kind), kind
