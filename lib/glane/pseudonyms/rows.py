"""Rows of a table with the identifiers of their texts replaced. A text in which the rules fail costs its row only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from glane.corpus.columns import is_text
from glane.corpus.ids import as_ids
from glane.corpus.pseudonymised import PROBLEM
from glane.corpus.read import decoded, raw
from glane.corpus.readable import readable
from glane.errors import where
from glane.pseudonyms.dates import num_left
from glane.pseudonyms.detect import Told, holds, looked_for
from glane.pseudonyms.key import Key
from glane.pseudonyms.offsets_file import PLACES
from glane.pseudonyms.replace import Pseudonymised, pseudonymised, surrogates_of
from glane.pseudonyms.surrogates import Manner, Surrogates
from glane.pseudonyms.whole import moved_by, replaced_cell
from glane.settings.pseudonymise import Kind, PseudonymManner


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns of a table, by what becomes of them. Others are not written."""

    id: str
    text: str  # whose places are kept
    texts: tuple[str, ...] = ()  # further ones to replace
    person: str | None = None
    known: tuple[str, ...] = ()  # names and numbers of the person, in their order
    carried: tuple[str, ...] = ()  # written as they are
    shifted: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()  # of `known`: written, each cell with what its text has in its place
    writes_person: bool = True  # as a digest
    keeps_ids: bool = False
    tells_problems: bool = False  # a column with why a text is null that was not

    @property
    def read(self) -> list[str]:
        """All that are read, each once."""
        person = () if self.person is None else (self.person,)
        return list(
            dict.fromkeys(
                [self.id, self.text, *self.texts, *self.known, *self.whole, *self.carried, *self.shifted, *person]
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Replaced rows, where everything stood in their texts, and counts of rows."""

    documents: pa.Table
    places: pa.Table
    counts: Counter[str]  # of what was replaced in texts, by kind
    values: Counter[str]  # cells that were replaced whole, by column
    holding: Counter[str]  # rows whose cell in a carried column of text holds what was replaced, by column
    num_without_text: int
    num_without_identifiers: int
    num_failed: int
    num_dates_left: int  # months without a year and weeks, where other dates are shifted


def manner_of(told: PseudonymManner) -> Manner:
    """How identifiers are replaced, of what a user told."""
    return Manner(
        style=told.style, scope=told.scope, most_days=told.most_days, whole_weeks=told.whole_weeks,
        oldest_age=told.oldest_age,
    )  # fmt: skip


def replaced_rows(
    batch: pa.RecordBatch, columns: Columns, *, place: str, key: Key, manner: Manner, keep: Sequence[Kind]
) -> Rows:
    """Replace the identifiers in the texts of some rows. `place` is their file, for errors."""
    rows = _OfRows(batch, columns, place, key, manner, keep)
    texts = rows.texts(columns.text, with_places=True)
    carried = [name for name in columns.carried if name not in columns.shifted]
    written = {name: pa.array(rows.texts(name), pa.large_string()) for name in columns.texts}
    if columns.person is not None and columns.writes_person:
        written[columns.person] = pa.array(map(key.new_person, rows.persons), pa.string())
    written |= {name: readable(batch.column(name)) for name in carried}
    written |= {name: rows.whole(name) for name in columns.whole}
    written |= {name: _shifted(batch.column(name), rows.persons, key, manner) for name in columns.shifted}
    if columns.tells_problems:
        written[PROBLEM] = pa.array(rows.problems, pa.string())
    first = {
        columns.id: readable(batch.column(columns.id)) if columns.keeps_ids else pa.array(rows.new_ids, pa.string()),
        columns.text: pa.array(rows.without_failed(texts), pa.large_string()),
    }
    return Rows(
        documents=pa.table(first | written), places=pa.Table.from_pylist(rows.places, schema=PLACES),
        counts=rows.counts, values=rows.values,
        holding=Counter({name: rows.num_holding(name) for name in carried}),
        num_without_text=sum(
            row not in rows.failed and not (text or "").strip() for row, text in enumerate(texts)
        ),
        num_without_identifiers=rows.num_bare, num_failed=len(rows.failed), num_dates_left=rows.num_dates_left,
    )  # fmt: skip


class _OfRows:
    """The rows of a batch, and what is counted while their texts are replaced."""

    def __init__(
        self, batch: pa.RecordBatch, columns: Columns, place: str, key: Key, manner: Manner, keep: Sequence[Kind]
    ) -> None:
        self._batch, self._key, self._manner, self._keep = batch, key, manner, keep
        self.ids = [str(one) for one in as_ids(batch.column(columns.id), place=place).to_pylist()]
        self.new_ids = self.ids if columns.keeps_ids else list(map(key.new_id, self.ids))
        persons = self.ids if columns.person is None else _cells(batch, columns.person)
        self.persons = [person or identifier for person, identifier in zip(persons, self.ids, strict=True)]
        known = [_cells(batch, name) for name in columns.known]
        self._known = [
            [identifier, *(column[row] or "" for column in known)] for row, identifier in enumerate(self.ids)
        ]
        self.places: list[dict[str, object]] = []
        self.problems: list[str | None] = [None] * len(self.ids)
        self._made: list[Surrogates | None] = [None] * len(self.ids)
        self._told: list[list[Told]] = [[] for _ in self.ids]
        self.counts, self.values = Counter[str](), Counter[str]()
        self.num_bare = self.num_dates_left = 0
        self.failed: set[int] = set()  # rows in which the rules failed: their text is given to nobody

    def texts(self, name: str, *, with_places: bool = False) -> list[str | None]:
        """The texts of a column with their identifiers replaced."""
        return [
            self._text(row, cell, with_places=with_places) for row, cell in enumerate(raw(self._batch.column(name)))
        ]

    def _text(self, row: int, cell: object, *, with_places: bool) -> str | None:
        text, problem = decoded(cell)
        if text is None:
            self.problems[row] = self.problems[row] or problem
            return None
        try:
            made = pseudonymised(
                text, key=self._key, person=self.persons[row], manner=self._manner, known=self._known[row],
                keep=self._keep,
            )  # fmt: skip
        except Exception as error:  # of the rules, with one text: the others go on, and this one is given to nobody
            self._fails(row, error)
            return None
        self.counts.update(one.kind for one in made.segments)
        if "date" not in self._keep:
            self.num_dates_left += num_left(text, made.segments)
        if with_places:
            self._made[row] = made.made
            self._told[row] = looked_for((text[one.start : one.end], one.kind) for one in made.segments)
            self.num_bare += bool(text.strip()) and not made.segments
            self._keep_places(row, made)
        return made.text

    def _keep_places(self, row: int, made: Pseudonymised) -> None:
        self.places += [
            {
                "id": self.ids[row], "new_id": self.new_ids[row], "kind": one.kind, "start": one.start, "end": one.end,
                "new_start": one.new_start, "new_end": one.new_end,
            }
            for one in made.segments
        ]  # fmt: skip

    def whole(self, name: str) -> pa.Array:
        """A column that is known of the persons, each cell replaced as in the text of its row."""
        column = self._batch.column(name)
        cells = [self._whole(row, cell, column.type) for row, cell in enumerate(raw(column))]
        self.values[name] += sum(cell is not None for cell in cells)
        return pa.array(cells, column.type)

    def _whole(self, row: int, cell: object, kind: pa.DataType) -> object:
        try:
            made = self._made[row] or surrogates_of("", key=self._key, person=self.persons[row], manner=self._manner)
            return replaced_cell(cell, kind, made, self._keep)
        except Exception as error:  # as of texts
            self._fails(row, error)
            return None

    def _fails(self, row: int, error: Exception) -> None:
        self.problems[row] = f"pseudonymisation failed ({where(error)})"
        self.failed.add(row)

    def without_failed(self, texts: Sequence[str | None]) -> list[str | None]:
        """The texts, except where the rules failed in another cell of the row."""
        return [None if row in self.failed else text for row, text in enumerate(texts)]

    def num_holding(self, name: str) -> int:
        """The rows whose cell in a column of text holds what was replaced in their text, or is known."""
        column = self._batch.column(name)
        if not is_text(column.type):
            return 0
        return sum(
            text is not None and holds(text, told=self._told[row], known=self._known[row], keep=self._keep)
            for row, text in enumerate(_cells(self._batch, name))
        )


def _cells(batch: pa.RecordBatch, name: str) -> list[str | None]:
    return [decoded(cell)[0] for cell in raw(batch.column(name))]


def _shifted(column: pa.Array, persons: Sequence[str], key: Key, manner: Manner) -> pa.Array:
    """Dates, shifted as those in the texts of their persons."""
    moved: list[date | None] = []
    for value, person in zip(column.to_pylist(), persons, strict=True):
        moved.append(None if value is None else moved_by(value, days_of(person, key, manner)))
    return pa.array(moved, column.type)


def moved(value: date, precision: str | None, days: int) -> date:
    """A date of some precision, later: a month by its 15th day; a year alone stays."""
    if precision == "year":
        return value
    if precision == "month":
        return moved_by(value.replace(day=15), days).replace(day=1)
    return moved_by(value, days)


def days_of(person: str, key: Key, manner: Manner) -> int:
    """By how many days the dates of a person are shifted, never none."""
    return Surrogates(key, manner, person=person, text="", year=0).days
