"""What a linkage of records is told: a file of `conf/linkage/` or of a user's own folder, and the run or table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.settings.shapes import Folder, HomePath, one_or_many
from glane.validation import Strict, validated

How = Literal["exact", "text", "date", "number", "set"]
_NEAR: Mapping[How, tuple[float, ...]] = {
    "exact": (), "text": (0.94, 0.85), "date": (3.0, 14.0), "number": (), "set": (0.5,),
}  # fmt: skip
_SHARES = ("text", "set")  # of which levels are similarities from 0 to 1, those of others are differences


def beginning(name: str) -> tuple[str, int | None]:
    """The column of `last:3`, and how many of its letters count; None: all."""
    column, sign, letters = name.rpartition(":")
    return (column, int(letters)) if sign and letters.isdecimal() and int(letters) else (name, None)


class Comparison(Strict):
    """How two records are compared in a column: equal, or near by one of several levels, or different."""

    column: str
    how: How = "exact"
    near: tuple[float, ...] | None = None  # from the nearest; None: those of `how`
    swapped: bool = True  # of dates: day and month exchanged are a level of their own
    never_differs: bool = False  # records that are different here are never one entity

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        levels = self.levels
        if self.how == "exact" and levels:
            raise ValueError("near: of how: exact there is none. Choose how: text, date, number or set")
        is_share = self.how in _SHARES
        if list(levels) != sorted(set(levels), reverse=is_share) or any(one <= 0 for one in levels):
            raise ValueError(
                "near: similarities in falling order, as [0.94, 0.85], or differences in rising order, as [3, 14]"
            )
        if is_share and any(one >= 1 for one in levels):
            raise ValueError("near: similarities are below 1; equal values need no level")
        return self

    @property
    def levels(self) -> tuple[float, ...]:
        """The bounds of the levels between equal and different."""
        return _NEAR[self.how] if self.near is None else self.near


class Attribute(Strict):
    """What an entity's value is, where its records say several."""

    column: str
    rule: Literal["latest", "cumulative", "highest"] = "latest"
    order: tuple[str, ...] = ()  # of the highest: from the lowest

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if (self.rule == "highest") != bool(self.order):
            raise ValueError("rule: highest, and the values from the lowest in order: [suspect, confirme], go together")
        return self


class LinkDefinition(Strict):
    """Which records are of one person or event."""

    name: str
    list: str | None = None  # a list of records of the run: each item is a record, with columns LIST.MEMBER
    method: Literal["keys", "probabilistic"] = "probabilistic"
    block: tuple[tuple[str, ...], ...]  # rules: records that are equal in all columns of one are compared; NAME:3 is
    # the beginning of a text (of a date, birth:4 is the year)
    compare: tuple[Comparison, ...] = ()
    link: float = Key(default=0.9, gt=0.5, lt=1)  # probability from which records are one entity
    review: float = Key(default=0.1, gt=0, lt=0.5)  # from which they are shown for review
    most_pairs: int = Key(default=5_000_000, ge=1)  # that are compared; more are refused
    seed: int = 0  # of random pairs, and of the sample for review
    date: str | None = None  # of a record: by which the latest report is found
    attributes: tuple[Attribute, ...] = ()  # of entities

    @field_validator("block", mode="before")
    @classmethod
    def _rules(cls, rules: Any) -> Any:
        return [one_or_many(rule) for rule in one_or_many(rules)]

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        if not self.block or not all(self.block):
            raise ValueError("block: name the columns in which records must be equal to be compared, [[birth_date]]")
        if self.method == "probabilistic" and not self.compare:
            raise ValueError("compare: method: probabilistic needs the columns that are compared")
        named = [one.column for one in self.compare]
        if len(set(named)) < len(named):
            raise ValueError("compare: a column is named twice")
        if self.attributes and self.date is None:
            raise ValueError("attributes: the latest report counts, so date is needed")
        told = [one.column for one in self.attributes]
        if len(set(told)) < len(told):
            raise ValueError("attributes: a column is named twice")
        if self.method == "probabilistic" and all(
            set(named) <= {beginning(name)[0] for name in rule} for rule in self.block
        ):
            raise ValueError("compare: no column is left to compare: each rule of block makes all of them equal")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are read, each once."""
        told = [beginning(name)[0] for rule in self.block for name in rule]
        told += [one.column for one in self.compare] + [one.column for one in self.attributes]
        return tuple(dict.fromkeys([*told, *([] if self.date is None else [self.date])]))


class LinkSettings(Strict):
    """What `jobs/link.py` is told."""

    class _Run(Strict):
        dir: HomePath | None = None

    linkage: LinkDefinition
    run: _Run = _Run()
    source: HomePath | None = None  # a table, in place of a run
    id_column: str | None = None  # of source
    sample: int = Key(default=0, ge=0)  # decisions drawn for review
    sample_entities: int = Key(default=0, ge=0)  # entities drawn, all documents of which are to be reviewed
    reviewed: HomePath | None = None
    level: float = Key(default=0.95, gt=0.5, lt=1)
    out: Folder

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.run.dir is None) == (self.source is None):
            raise ValueError("give run.dir=… or source=FILE, one of both")
        if (self.source is None) != (self.id_column is None):
            raise ValueError("source=FILE and id_column=COLUMN go together; a run knows its own")
        if self.source is not None and self.linkage.list is not None:
            raise ValueError("linkage.list: is of a run; a table has one row per record already")
        return self


def link_settings(values: Mapping[str, Any]) -> LinkSettings:
    """Read the composed configuration of a linkage; raises `ConfigError` as `extract_settings` does."""
    return validated(LinkSettings, values, place="")
