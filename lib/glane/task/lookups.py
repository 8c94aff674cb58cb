"""Reference tables that a task names, to which the values of its fields are looked up: communes, hospitals, drugs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.settings.shapes import HomePath, one_or_many
from glane.validation import Strict

# What the members of `<field>__lookup` are called before those that `also` adds.
MEMBERS = ("code", "label", "how", "similarity", "candidates")


class Lookup(Strict):
    """A reference table: a Parquet or CSV file with names and a code for each. See docs/lookups.md."""

    path: HomePath
    match: tuple[str, ...] = Key(min_length=1)  # columns of names: texts, or lists of texts
    code: str
    label: str | None = None  # the column that tells the entry; by default the first of `match`
    also: tuple[str, ...] = ()  # columns that are shown beside the code
    within: Mapping[str, str] = {}  # by column of the table: a field or input that must say the same
    several: str | None = Key(default=None, min_length=1)  # the sign between several names in one cell
    similarity: float | None = Key(default=90.0, ge=80, le=100)  # 0 to 100, the least of a fuzzy match; null: none
    margin: float = Key(default=5.0, ge=0, le=20)  # by which a fuzzy match must be better than that of another code
    separator: Literal[";", ",", "\t", "|"] | None = None  # of a CSV file; by default found in its first line
    encoding: Literal["utf-8", "windows-1252"] | None = None  # of a CSV file; by default the one that it can be read in

    _listed = field_validator("match", "also", mode="before")(one_or_many)

    @model_validator(mode="after")
    def _members_differ(self) -> Self:
        if taken := [name for name in self.also if name in MEMBERS]:
            raise ValueError(f"also: {taken[0]!r} is a member of every match; rename that column of the table")
        if twins := [name for name in self.also if self.also.count(name) > 1]:
            raise ValueError(f"also: {twins[0]!r} is named twice")
        return self

    @property
    def label_column(self) -> str:
        """The column that tells an entry."""
        return self.label or self.match[0]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read, each once."""
        return tuple(dict.fromkeys((*self.match, self.code, self.label_column, *self.also, *self.within)))
