"""What is said of the tables that programs take: columns, types, shares of categories, ranges, keys. No row of them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.errors import ConfigError, did_you_mean
from glane.validation import Strict, validated

ColumnType = Literal["string", "integer", "number", "boolean", "date", "datetime"]
_RANGED = ("integer", "number", "date", "datetime")
_RANGES: Mapping[ColumnType, tuple[float, float]] = {
    "integer": (0, 20), "number": (0, 100), "date": (19_700, 20_100), "datetime": (19_700 * 86_400, 20_100 * 86_400),
}  # fmt: skip
_NAME = r"^\S(?:.{0,118}\S)?$"
Share = Annotated[float, Key(ge=0, le=1)]
Value = int | float | datetime.datetime | datetime.date | str


class Column(Strict):
    """One column of a table."""

    type: ColumnType = "string"
    values: Mapping[str, Annotated[float, Key(ge=0)]] | None = None  # of categories: their shares, in any unit
    minimum: Value | None = None
    maximum: Value | None = None
    quantiles: tuple[Value, ...] = ()  # of a range: ascending, at equal steps of the distribution, both ends included
    also: tuple[Value, ...] = ()  # values that are there for certain: the bounds of programs' conditions
    decimals: Annotated[int, Key(ge=0, le=9)] = 1  # of numbers
    missing: Share | None = None  # None: 0.05, and 0 of a key
    references: str | None = None  # TABLE.COLUMN whose values these are, as a rule

    @field_validator("values", mode="before")
    @classmethod
    def _shares(cls, value: Any) -> Any:
        """A list is of equal shares; codes that YAML reads as numbers are texts, as all keys."""
        if isinstance(value, list | tuple):
            value = dict.fromkeys(value, 1.0)
        if not isinstance(value, Mapping):
            return value
        if not value:
            raise ValueError("name one value or more, or leave it out")
        return {_as_text(key): share for key, share in value.items()}

    @model_validator(mode="after")
    def _of_its_type(self) -> Self:
        ends = [one for one in (self.minimum, self.maximum) if one is not None]
        if (ends or self.quantiles) and (self.type not in _RANGED or self.values is not None):
            raise ValueError("minimum, maximum and quantiles are of numbers and days without values")
        if self.quantiles and (ends or len(self.quantiles) < 2):
            raise ValueError("quantiles: two or more, and no minimum or maximum beside them")
        if self.also and self.type not in _RANGED:
            raise ValueError("also: is of numbers and days; name all codes of a category as values")
        for one in (*ends, *self.quantiles, *self.also):
            as_number(self.type, one)
        found = [as_number(self.type, one) for one in self.quantiles or (self.minimum, self.maximum) if one is not None]
        if found != sorted(found):
            raise ValueError("minimum, maximum or quantiles: they do not ascend")
        if self.values is not None:
            for code in self.values:
                as_value(self.type, code)
            if not any(self.values.values()):
                raise ValueError("values: one of the shares must be above 0")
        return self

    def ends(self) -> tuple[float, float]:
        """The least and the greatest value, as numbers; where nothing is said of them, made up."""
        if self.quantiles:
            return as_number(self.type, self.quantiles[0]), as_number(self.type, self.quantiles[-1])
        low, high = _RANGES[self.type]
        if self.minimum is not None:
            found = as_number(self.type, self.minimum)
            low, high = found, max(high, found + (high - low))
        if self.maximum is not None:
            high = as_number(self.type, self.maximum)
            low = low if self.minimum is not None else min(low, high)
        return low, high


class Table(Strict):
    """One table."""

    rows: Annotated[int, Key(ge=0, le=100_000)] = 200
    key: tuple[str, ...] = ()  # columns that name a row
    columns: Mapping[Annotated[str, Key(pattern=_NAME)], Column] = Key(min_length=1)

    @field_validator("key", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _has_its_key(self) -> Self:
        for name in self.key:
            if name not in self.columns:
                raise ValueError(f"key: no column {name!r}. {did_you_mean(name, self.columns)}")
        return self


class Tables(Strict):
    """All tables that the programs of a call take, by the names that the programs know them by."""

    tables: Mapping[Annotated[str, Key(pattern=r"^[\w.]{1,80}$")], Table]

    @model_validator(mode="after")
    def _refer_to_each_other(self) -> Self:
        for name, table in self.tables.items():
            if name != name.lower():
                raise ValueError(f"tables.{name}: programs know tables by names in lower case: {name.lower()}")
            for key, column in table.columns.items():
                if column.references is not None:
                    self._check(f"tables.{name}.columns.{key}", column.references)
        self.in_order()
        return self

    def _check(self, place: str, reference: str) -> None:
        table, _, column = reference.rpartition(".")
        known = [f"{name}.{key}" for name, one in self.tables.items() for key in one.columns]
        if table not in self.tables or column not in self.tables[table].columns:
            raise ValueError(f"{place}.references: {reference!r} is no TABLE.COLUMN. {did_you_mean(reference, known)}")

    def in_order(self) -> list[str]:
        """The names of the tables, those first that others refer to."""
        found: list[str] = []
        while len(found) < len(self.tables):
            ready = [name for name in self.tables if name not in found and self._needs(name) <= set(found)]
            if not ready:
                raise ValueError("references: tables refer to each other in a circle. Leave one reference out")
            found += ready
        return found

    def _needs(self, name: str) -> set[str]:
        told = (one.references for one in self.tables[name].columns.values() if one.references is not None)
        return {one.rpartition(".")[0] for one in told}


def tables_of(values: Any, *, place: str) -> Tables:
    """Read a description of tables; raises `ConfigError`, naming each wrong key under `place`."""
    if not isinstance(values, Mapping):
        raise ConfigError(f"{place}: no description of tables. It begins with the key tables; see docs/programs.md.")
    return validated(Tables, values, place=place)


def as_number(kind: ColumnType, value: Value) -> float:
    """The end of a range as a number: of days those since 1970, of instants their seconds.

    Raises:
        ValueError: if it is none of that type.
    """
    if kind in ("integer", "number"):
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        raise ValueError(f"{value!r} is no number")
    found = as_value(kind, str(value))
    if isinstance(found, datetime.datetime):
        return found.replace(tzinfo=datetime.UTC).timestamp()
    assert isinstance(found, datetime.date)
    return float(found.toordinal() - _EPOCH)


def of_number(kind: ColumnType, number: float, *, decimals: int) -> Any:
    """The value of a column that a number stands for; the inverse of `as_number`."""
    if kind == "integer":
        return round(number)
    if kind == "date":
        return datetime.date.fromordinal(round(number) + _EPOCH)
    if kind == "datetime":
        return datetime.datetime.fromtimestamp(round(number), tz=datetime.UTC).replace(tzinfo=None)
    return round(number, decimals)


def as_value(kind: ColumnType, text: str) -> Any:
    """A code of a category as a value of its column.

    Raises:
        ValueError: if it is none of that type.
    """
    try:
        if kind == "boolean":
            return {"true": True, "false": False}[text.lower()]
        return _READ[kind](text)
    except (ValueError, KeyError):
        raise ValueError(f"{text!r} is no {kind}") from None


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_EPOCH = datetime.date(1970, 1, 1).toordinal()
_READ: Mapping[str, Any] = {
    "string": str,
    "integer": int,
    "number": float,
    "date": datetime.date.fromisoformat,
    "datetime": datetime.datetime.fromisoformat,
}
