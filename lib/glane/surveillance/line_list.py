"""The line list of a table: a row for each document or person that it covers. Personal data, without any text."""

from __future__ import annotations

import polars as pl

from glane.assess.estimate.question import Question
from glane.assess.yes import is_yes
from glane.errors import ConfigError
from glane.settings.table import TableDefinition
from glane.surveillance.dimensions import AGE, PERIOD, PLACE, Located, age_class
from glane.surveillance.periods import Calendar
from glane.surveillance.places import names

ID, CASE, STATUS, GROUNDED, EVENT, REPORTED = "id", "case", "status", "grounded", "event", "reported"
_OWN = (
    ID, CASE, STATUS, GROUNDED, EVENT, REPORTED, PERIOD, "period_name", PLACE, "place_name", AGE, "age_class",
)  # fmt: skip


def line_list(
    found: Located, definition: TableDefinition, question: Question, *, id_column: str, details: pl.DataFrame
) -> pl.DataFrame:
    """A row for each document of the table, or for the one by which a person counts; those without an answer last.

    Args:
        found: The documents with their keys.
        definition: Of the table.
        question: What makes a case.
        id_column: Of documents.
        details: STATUS and GROUNDED (how the quote of the field was found; null: there is none) of each document.

    Returns:
        `case` is the model's yes or no, null of a document without an answer. A value of a document that stands in no
        class or place is null there.

    Raises:
        ConfigError: if a group has the name of a column of the list.
    """
    for name in definition.groups:
        if name in _OWN:
            raise ConfigError(f"linelist: the group {name!r} is a column of the line list. Rename it in the input.")
    kind = found.usable.schema[question.field]
    case = is_yes(question.field, question.value, of=kind, as_in=kind)
    columns = _columns(definition)
    parts = [
        rows.select(pl.col(id_column).alias(ID), is_case.cast(pl.Boolean).alias(CASE), *columns)
        for rows, is_case in ((found.usable, case), (found.failed, pl.lit(None)))
    ]
    told = details.select(pl.col(id_column).alias(ID), STATUS, GROUNDED)
    together = pl.concat(parts, how="vertical_relaxed").join(told, on=ID, how="left", maintain_order="left")
    return together.select(ID, CASE, STATUS, GROUNDED, pl.exclude(ID, CASE, STATUS, GROUNDED))


def _columns(definition: TableDefinition) -> list[pl.Expr]:
    found: list[pl.Expr] = []
    if (time := definition.time) is not None:
        found.append(pl.col(time.column).dt.date().alias(EVENT))
        if time.reported is not None:
            found.append(pl.col(time.reported).dt.date().alias(REPORTED))
        calendar = Calendar.of(time)
        name = pl.col(PERIOD).map_elements(lambda day: calendar.name(day, "en"), return_dtype=pl.String)
        found += [pl.col(PERIOD), name.alias("period_name")]
    if (place := definition.place) is not None:
        name = pl.col(PLACE).replace_strict(names(place.level), default=None, return_dtype=pl.String)
        found += [pl.col(PLACE), name.alias("place_name")]
    if (age := definition.age) is not None:
        classes = {low: age_class(low, age.classes) for low in age.classes}
        name = pl.col(AGE).replace_strict(classes, default=None, return_dtype=pl.String)
        found += [pl.col(age.column).cast(pl.Float64).alias(AGE), name.alias("age_class")]
    return [*found, *(pl.col(name) for name in definition.groups)]
