"""What leaves a run, with the identifiers of persons replaced: values, passages with their places, texts, ids, dates.

A row is replaced with its documents: what is found in a text is found in all that was taken from it, and a passage
stands where it stands in the replaced text. All formats are made of what `replaced_bundle` returns.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from glane.corpus.pseudonymised import pseudonymised_beside
from glane.errors import ConfigError
from glane.exports.bundle import Bundle, Table, Variable
from glane.exports.persons import documents_of, persons_of
from glane.exports.record import ReplacedInExport
from glane.extraction.results import Run
from glane.pseudonyms.key import Key, read_key
from glane.pseudonyms.rows import days_of, manner_of, moved
from glane.pseudonyms.surrogates import Surrogates
from glane.pseudonyms.taken import Passage, Replaced, Taken, each_replaced, known_replaced
from glane.settings.pseudonymise import ExportPseudonyms
from glane.types import DOCUMENTS, LOOKUP

_TEXTS = frozenset({"value", "input", "annotation", "evidence", "result"})  # roles of columns that may hold texts
_DATES = frozenset({"value", "input", "annotation"})
_PASSAGE = ("quote", "start", "end", "document")
_MOST_NAMES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """A text in a table."""

    table: int
    column: str
    row: int


@dataclass(slots=True)
class _OfRow:
    """What was taken from the documents of a row, and where it goes back to."""

    values: list[str]
    cells: list[_Cell]
    passages: list[Passage]
    places: list[tuple[int, str, int]]  # table, passage's field, row


def replaced_bundle(bundle: Bundle, run: Run, told: ExportPseudonyms) -> Bundle:
    """The tables and texts with identifiers replaced; with what was replaced, and what must be known of it.

    Raises:
        GlaneError: if the key or the documents cannot be had, a column is not there, the documents were pseudonymised
            before, or the rules fail: nothing leaves then.
    """
    if pseudonymised_beside(run.settings.data.path) is not None:
        raise ConfigError(
            "pseudonyms: the documents of this run were pseudonymised before they were read, and ids kept. Export it "
            "without a key."
        )
    return _Export(bundle, run, told, read_key(file=told.key_file, command=told.key_command)).done()


class _Export:
    def __init__(self, bundle: Bundle, run: Run, told: ExportPseudonyms, key: Key) -> None:
        self._bundle, self._told, self._key = bundle, told, key
        self._manner = manner_of(told)
        self._documents = documents_of(run, told)
        self._persons = persons_of(self._documents)
        self._counts = Counter[str]()
        # Bytes leave as hexadecimal digits, in which nothing can be looked for.
        self._bytes = {name for name, kind in run.all().collect_schema().items() if kind == pl.Binary}
        self._frames = [table.rows.clone() for table in bundle.tables]
        self._done: dict[str, dict[str, str]] = {}  # the replaced texts of rows, by document

    def done(self) -> Bundle:
        """Replace everything, texts first: dates and ids are found by what the row was called."""
        self._replace_texts()
        tables, texts, left = list(map(self._table, range(len(self._frames)))), self._texts(), self._left_as_they_were()
        record = ReplacedInExport(
            replaced=dict(sorted(self._counts.items())), key=self._key.digest("fingerprint of the key").hex()[:32],
            dates=self._told.dates or "kept", keeps_ids=self._told.keep_ids, keep=self._told.kept_kinds,
            left=tuple(left),
        )  # fmt: skip
        return replace(self._bundle, tables=tables, texts=texts, pseudonyms=record, notes=self._notes(record))

    def _notes(self, record: ReplacedInExport) -> list[str]:
        by_kind = ", ".join(f"{kind} {count}" for kind, count in record.replaced.items()) or "nothing"
        notes = [
            f"pseudonymised; replaced: {by_kind}. Rules miss identifiers: read a sample before anything leaves. These "
            "are personal data still (GDPR, article 4(5))"
        ]
        if record.left:
            more = f" and {len(record.left) - _MOST_NAMES} more" if len(record.left) > _MOST_NAMES else ""
            notes.append(
                "columns of numbers, codes, times and bytes are as they were: "
                f"{', '.join(record.left[:_MOST_NAMES])}{more}"
            )
        if record.dates == "shifted":
            notes.append(f"dates are shifted by up to {self._manner.most_days} days: counts by week or month are wrong")
        return notes

    def _replace_texts(self) -> None:
        found = self._taken()
        names = list(found)
        taken = (self._of_row(name, found[name]) for name in names)
        changes: dict[tuple[int, str], dict[int, Any]] = defaultdict(dict)
        for name, done in zip(names, each_replaced(taken, self._told, self._key), strict=True):
            self._counts += done.counts
            self._done[name] = dict(done.texts)
            _put_back(self._bundle.tables, found[name], done, changes)
        for (number, column), cells in changes.items():
            self._frames[number] = _with_cells(self._frames[number], column, cells)
        self._empty_lookups()

    def _of_row(self, name: str, found: _OfRow) -> Taken:
        documents = self._documents.get(name, ())
        known = [value for document in documents for value in (document["document"], *document["known"])]
        texts = {one["document"]: one["text"] for one in documents if one["text"] is not None}
        return Taken(
            person=self._persons.get(name, name), known=(name, *known), texts=texts, values=tuple(found.values),
            passages=tuple(found.passages),
        )  # fmt: skip

    def _taken(self) -> dict[str, _OfRow]:
        """The texts of all tables, by the row that they are of; rows without any are there, too."""
        root = self._bundle.tables[0]
        found = {str(name): _OfRow([], [], [], []) for name in root.rows[root.key[0]]}
        for number, table in enumerate(self._bundle.tables):
            ids = table.rows[table.key[0]].cast(pl.String).to_list()
            fields = [one.source.removesuffix("__quote") for one in table.variables if _is_quote(one)]
            for one in table.variables:
                if self._is_text(one) and not any(
                    one.source == f"{field}__{part}" for field in fields for part in _PASSAGE
                ):
                    for row, value in enumerate(table.rows[one.name].to_list()):
                        if value is not None:
                            found[ids[row]].values.append(value)
                            found[ids[row]].cells.append(_Cell(table=number, column=one.name, row=row))
            for field in fields:
                for row, passage in _passages(table, field, ids):
                    found[ids[row]].passages.append(passage)
                    found[ids[row]].places.append((number, field, row))
        return found

    def _is_text(self, one: Variable) -> bool:
        is_text = one.kind == "text" and one.source not in self._bytes
        return is_text and one.role in _TEXTS and not self._is_whole(one) and not _is_document(one)

    def _is_whole(self, one: Variable) -> bool:
        """Whether a column is one of the person, replaced as a whole."""
        return one.role == "input" and one.source in (self._told.person_column, *self._told.known_columns)

    def _empty_lookups(self) -> None:
        """Empty what a reference table says of a value that was replaced: its code would tell what it was."""
        for number, table in enumerate(self._bundle.tables):
            for one in table.variables:
                stem, is_lookup, _ = one.source.partition(f"__{LOOKUP}.")
                value = table.variable(stem) if is_lookup else None
                if value is None:
                    continue
                before, after = table.rows[value.name], self._frames[number][value.name]
                self._frames[number] = self._frames[number].with_columns(
                    pl.when(pl.Series(before.ne_missing(after))).then(None).otherwise(pl.col(one.name)).alias(one.name)
                )

    def _table(self, number: int) -> Table:
        table, rows = self._bundle.tables[number], self._frames[number]
        ids = table.rows[table.key[0]].cast(pl.String).to_list()
        variables = []
        for one in table.variables:
            if one.name == table.key[0]:
                new: list[Any] = [self._id(name) for name in ids]
            elif _is_document(one):
                new = [None if name is None else self._id(name) for name in rows[one.name].cast(pl.String)]
            elif self._is_whole(one):
                new = [self._whole(one, value, name) for value, name in zip(rows[one.name], ids, strict=True)]
            elif self._told.dates == "shifted" and one.kind in ("date", "datetime") and one.role in _DATES:
                rows = rows.with_columns(self._shifted(one, table, rows, ids))
                variables.append(one)
                continue
            else:
                variables.append(one)
                continue
            if self._told.keep_ids and not self._is_whole(one):
                variables.append(one)
                continue
            rows = rows.with_columns(pl.Series(one.name, new, pl.String))
            variables.append(replace(one, kind="text", minimum=None, maximum=None))
        return replace(table, rows=rows, variables=tuple(variables))

    def _id(self, name: str) -> str:
        return f"d{self._key.digest('id', name).hex()[:24]}"

    def _whole(self, one: Variable, value: object, name: str) -> str | None:
        if value is None:
            return None
        text = value.isoformat() if isinstance(value, date) else str(value)
        if one.source == self._told.person_column:
            return f"p{self._key.digest('person', text).hex()[:24]}"
        made = Surrogates(self._key, self._manner, person=self._persons.get(name, name), text=text, year=2024)
        if isinstance(value, date):
            self._counts["birth_date"] += 1
            return made.of(text, "birth_date")
        new, kind = known_replaced(text, made)
        self._counts[kind] += 1
        return new

    def _shifted(self, one: Variable, table: Table, rows: pl.DataFrame, ids: Sequence[str]) -> pl.Series:
        """Dates of a person, moved as those in the texts: a month by its 15th day; a year alone stays."""
        found = table.variable(f"{one.source}__precision")
        precisions = [None] * rows.height if found is None else rows[found.name].cast(pl.String).to_list()
        column = rows[one.name]
        later = [
            moved(value, precision, days_of(self._persons.get(name, name), self._key, self._manner))
            for value, precision, name in zip(column.to_list(), precisions, ids, strict=True)
        ]
        self._counts["date"] += sum(value is not None for value in later)
        return pl.Series(one.name, later, column.dtype)

    def _texts(self) -> pl.DataFrame | None:
        texts = self._bundle.texts
        if texts is None:
            return None
        rows = [
            (
                row if self._told.keep_ids else self._id(str(row)),
                document if self._told.keep_ids else self._id(str(document)),
                None if text is None else self._done[str(row)][str(document)],
            )
            for row, document, text in texts.select("id", "document", "text").iter_rows()
        ]
        kinds = dict(texts.schema) if self._told.keep_ids else dict.fromkeys(("id", "document", "text"), pl.String)
        return pl.DataFrame(rows, schema=kinds, orient="row")

    def _left_as_they_were(self) -> list[str]:
        """The columns of values and of the input that nothing was looked for in."""
        return [
            f"{table.name}.{one.name}"
            for table in self._bundle.tables
            for one in table.variables
            if one.role in ("value", "input")
            and not self._is_whole(one)
            and (one.kind not in ("text", "boolean") or one.source in self._bytes)
            and not (self._told.dates == "shifted" and one.kind in ("date", "datetime"))
        ]


def _is_quote(one: Variable) -> bool:
    return one.role == "evidence" and one.source.endswith("__quote")


def _is_document(one: Variable) -> bool:
    """Whether a column holds ids of documents, as runs of groups have them."""
    return one.source == f"{DOCUMENTS}.document" or (one.role == "evidence" and one.source.endswith("__document"))


def _passages(table: Table, field: str, ids: Sequence[str]) -> Iterator[tuple[int, Passage]]:
    columns: dict[str, list[Any]] = {}
    for part in _PASSAGE:
        found = table.variable(f"{field}__{part}")
        columns[part] = [None] * table.rows.height if found is None else table.rows[found.name].to_list()
    for row in range(table.rows.height):
        if columns["quote"][row] is not None:
            document = columns["document"][row]
            yield row, Passage(
                document=ids[row] if document is None else str(document), start=columns["start"][row],
                end=columns["end"][row], quote=columns["quote"][row],
            )  # fmt: skip


def _put_back(
    tables: Sequence[Table], one: _OfRow, done: Replaced, changes: dict[tuple[int, str], dict[int, Any]]
) -> None:
    for cell, value in zip(one.cells, done.values, strict=True):
        changes[cell.table, cell.column][cell.row] = value
    for (number, field, row), passage in zip(one.places, done.passages, strict=True):
        for part in ("quote", "start", "end"):
            if (found := tables[number].variable(f"{field}__{part}")) is not None:
                changes[number, found.name][row] = getattr(passage, part)


def _with_cells(rows: pl.DataFrame, column: str, cells: Mapping[int, Any]) -> pl.DataFrame:
    values = rows[column].to_list()
    for row, value in cells.items():
        values[row] = value
    return rows.with_columns(pl.Series(column, values, rows.schema[column]))
