"""What leaves a run: flat tables, and what each of their variables is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from glane.exports.record import ReplacedInExport
from glane.run.links import RunLink
from glane.task.fields import Field
from glane.types import Language, Toy

Kind = Literal["text", "category", "boolean", "integer", "number", "date", "time", "datetime"]
Role = Literal["key", "input", "status", "value", "reason", "annotation", "evidence", "result"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One column of a table."""

    name: str  # that R, SAS and SQL take
    source: str  # how the run names it: cases.place, fever__missing
    kind: Kind
    role: Role
    description: str
    categories: tuple[str, ...] = ()  # all values that there can be, of a category
    labels: Mapping[str, str] = field(default_factory=dict)  # of categories, and of true and false
    minimum: float | None = None
    maximum: float | None = None
    nullable: bool = True
    zone: str | None = None  # of a datetime: its times are those of this zone
    reasons: str | None = None  # the variable that tells why this one is empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows, and what their columns are. The first columns are the key."""

    name: str
    source: str  # the list that has one row per item here; empty for the table of all rows
    description: str
    variables: tuple[Variable, ...]
    key: tuple[str, ...]
    parent: str | None  # the table whose key is the key here, without its last column
    rows: pl.DataFrame

    def variable(self, source: str) -> Variable | None:
        """The variable that the run names so."""
        return next((one for one in self.variables if one.source == source), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where an export is from."""

    run: str  # the directory
    link: RunLink | None  # to it; None of one without the mark of glane
    fingerprint: str
    task: str
    task_version: str
    model: str
    created: str  # when the run began, ISO 8601
    toy: Toy | None
    is_complete: bool
    language: Language
    shifted: int | None = None  # days by which dates are shifted, at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """All that leaves a run: the table of its rows first, then one for each list."""

    tables: Sequence[Table]
    origin: Origin
    fields: Mapping[str, Field]  # of the task
    is_grouped: bool = False  # rows are of groups of documents
    texts: pl.DataFrame | None = None  # id of the row, document, text: where documents leave, too
    pseudonyms: ReplacedInExport | None = None  # where identifiers were replaced
    notes: Sequence[str] = ()  # that the user must know, whatever the format

    def statuses(self) -> pl.DataFrame:
        """The id, the status and the reason of every row: a document without an answer is none that says no."""
        table = self.tables[0]
        status, reason = table.variable("status"), table.variable("reason")
        assert status is not None
        assert reason is not None
        return table.rows.select(id=pl.col(table.key[0]), status=pl.col(status.name), reason=pl.col(reason.name))
