"""What may be told of a table that is not Parquet. What is not told is guessed, and the guess is told."""

from __future__ import annotations

import codecs
from typing import Any, Literal, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.records import left_out
from glane.validation import Strict

_NAMED = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " ", "\\t": "\t"}
_SIGNS = {"comma": ",", "point": ".", "space": " "}
_ENCODINGS = "utf-8, utf-16, cp1252 (Windows), cp1250 (of Central Europe), iso8859_15 (Latin-9), mac_roman, cp850 (DOS)"


def _names() -> Any:
    """A list of names that a file does not mention where it is empty."""
    return Key(default=(), exclude_if=lambda value: not value)


class TableOptions(Strict):
    """How a table is read. All are left out for Parquet."""

    separator: str | None = left_out()  # of delimited text: one character, or tab, comma, semicolon, pipe, space
    quote: Literal['"', "'", "none"] | None = left_out()  # the mark around cells
    encoding: str | None = left_out()  # as Python names it: cp1252
    decimal: Literal[",", "."] | None = left_out()
    thousands: Literal[",", ".", " "] | None = left_out()  # between them, in numbers of delimited text
    dates: Literal["guess", "day_first", "month_first", "text"] | None = left_out()  # of delimited text
    null_values: tuple[str, ...] = _names()  # cells of delimited text that say that there is no value: NA
    keep_as_text: tuple[str, ...] = _names()  # columns of delimited text that are made no numbers or dates
    header_row: int | None = Key(default=None, ge=0, exclude_if=lambda value: value is None)  # from 1; 0: there is none
    sheet: str | None = left_out()  # of a workbook
    table: str | None = left_out()  # of a DuckDB file
    query: str | None = left_out()  # of a DuckDB file, instead of a table

    @field_validator("null_values", "keep_as_text", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return () if value is None else (value,) if isinstance(value, str) else value

    @field_validator("decimal", "thousands", mode="before")
    @classmethod
    def _by_name(cls, value: Any) -> Any:
        found = _SIGNS.get(value, value) if isinstance(value, str) else value
        if found not in (None, *_SIGNS.values()):
            raise ValueError(f"a sign of numbers is one of {', '.join(_SIGNS)}")
        return found

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if self.decimal is not None and self.decimal == self.thousands:
            raise ValueError("decimal and thousands are one sign; a number has one for each")
        return self

    @field_validator("separator")
    @classmethod
    def _one_character(cls, value: str | None) -> str | None:
        if value is None:
            return None
        value = _NAMED.get(value, value)
        if len(value) != 1 or value in "\"'\r\n" or not value.isascii():
            raise ValueError(f"a single character separates cells, or one of {', '.join(list(_NAMED)[:5])}")
        return value

    @field_validator("encoding")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            "é".encode(value)
            return codecs.lookup(value).name
        except (LookupError, UnicodeEncodeError):
            raise ValueError(f"no encoding of that name has accents; give one of {_ENCODINGS}") from None

    def told(self) -> dict[str, Any]:
        """The options that are told, by name."""
        values = {name: getattr(self, name) for name in TableOptions.model_fields}
        return {name: value for name, value in values.items() if value not in (None, ())}

    def only_options(self) -> TableOptions:
        """These options alone, of a class that has more."""
        return TableOptions.model_validate(self.told())
