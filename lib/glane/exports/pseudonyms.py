"""What leaves a run, with the identifiers of persons replaced: values, passages with their places, texts, ids, dates.

A row is replaced with its documents: what is found in a text is found in all that was taken from it, and a passage
stands where it stands in the replaced text. All formats are made of what `replaced_bundle` returns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from glane.corpus.pseudonymised import pseudonymised_beside
from glane.errors import ConfigError
from glane.exports.ages import Ages
from glane.exports.bundle import Bundle, Table, Variable
from glane.exports.persons import documents_of, persons_of
from glane.exports.record import ReplacedInExport, Treatment
from glane.exports.row_cells import OfRow, RowCells
from glane.exports.sizes import is_far
from glane.exports.treatment import Treatments, bytes_in, is_document, named, precisions_of
from glane.exports.whole import WholeColumns
from glane.extraction.codebook import with_shift
from glane.extraction.results import Run
from glane.pseudonyms.key import Key, read_key
from glane.pseudonyms.kinds import counted
from glane.pseudonyms.rows import days_of, manner_of, moved
from glane.pseudonyms.taken import Taken, each_replaced
from glane.settings.pseudonymise import ExportPseudonyms, Kind
from glane.types import LOOKUP

_TOLD = frozenset({"key", "input", "value"})  # roles of columns whose treatment is told
_PLACES: frozenset[Kind] = frozenset({"address", "postcode", "hospital", "town"})


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
    key = read_key(file=told.key_file, command=told.key_command, within="pseudonyms.")
    return _Export(bundle, run, told, key).done()


class _Export:
    def __init__(self, bundle: Bundle, run: Run, told: ExportPseudonyms, key: Key) -> None:
        self._bundle, self._told, self._key = bundle, told, key
        self._manner = manner_of(told)
        self._documents = documents_of(run, told)
        self._persons = persons_of(self._documents)
        self._counts = Counter[str]()
        self._treatments = Treatments(told=told, bytes=bytes_in(run.all().collect_schema()))
        self._cells = RowCells(bundle.tables, self._treatments)
        self._whole = WholeColumns(
            treatments=self._treatments, key=key, documents=self._documents, persons=self._persons, counts=self._counts
        )
        self._frames = [table.rows.clone() for table in bundle.tables]
        self._ages = (
            None
            if told.oldest_age is None or "age" in told.keep
            else Ages(oldest=told.oldest_age, language=bundle.origin.language)
        )
        self._of_ages: dict[str, None] = {}  # columns
        self._done: dict[str, dict[str, str]] = {}  # the replaced texts of rows, by document

    def done(self) -> Bundle:
        """Replace everything, texts first: dates and ids are found by what the row was called."""
        self._replace_texts()
        tables, texts, columns = list(map(self._table, range(len(self._frames)))), self._texts(), self._columns()
        record = ReplacedInExport(
            replaced=dict(sorted(self._counts.items())), key=self._key.mark,
            dates=self._told.dates or "kept", keeps_ids=self._told.keep_ids, keep=self._told.kept_kinds,
            oldest_age=None if self._ages is None else self._ages.oldest, ages=tuple(self._of_ages),
            left=tuple(name for name, treatment in columns.items() if treatment == "left"), columns=columns,
        )  # fmt: skip
        before = self._bundle.origin.shifted  # of documents that glane pseudonymise had shifted
        shifted = (before or 0) + (self._manner.most_days if self._told.dates == "shifted" else 0)
        return replace(
            self._bundle, tables=tables, texts=texts, origin=replace(self._bundle.origin, shifted=shifted or None),
            pseudonyms=record, notes=[*self._bundle.notes, *self._notes(record)],
        )  # fmt: skip

    def _columns(self) -> dict[str, Treatment]:
        """What became of each column of values and of the input."""
        found: dict[str, Treatment] = {}
        for table in self._bundle.tables:
            for one in table.variables:
                treatment, name = self._treatments.of(one, table), f"{table.name}.{one.name}"
                if one.role in _TOLD and treatment is not None:
                    found[name] = "left" if name in self._cells.unread else treatment
        return found

    def _notes(self, record: ReplacedInExport) -> list[str]:
        notes = [
            f"pseudonymised; replaced: {counted(record.replaced)}. Rules miss identifiers: read a sample before "
            "anything leaves. These are personal data still (GDPR, article 4(5))"
        ]
        by_what = self._by_what(record)
        if searched := [name for name, treatment in record.columns.items() if treatment == "searched"]:
            notes.append(
                "texts in these columns were searched, and what was not found there is as it was: "
                f"{named(searched)}. pseudonyms.known_columns replaces columns of the input whole"
            )
        if days := by_what["days"]:
            notes.append(
                "dates in these columns are as they were, except those that the documents of the row tell as a birth "
                f"date: {named(days)}"
            )
        if numbers := by_what["numbers"]:
            notes.append(
                "numbers in these columns are as they were, except those of five digits or more that were found in the "
                f"documents of the row: {named(numbers)}"
            )
        if left := by_what["left"]:
            notes.append(f"columns of codes, times and bytes are as they were: {named(left)}")
        if self._cells.codes:
            told = dict.fromkeys(place for place, _ in self._cells.codes)
            notes.append(
                f"{self._cells.codes.total()} values of these lists are words that were replaced in the documents "
                f"beside them, and tell what was there: {named(list(told))}"
            )
        if (oldest := record.oldest_age) is not None and record.ages:
            notes.append(
                f"ages above {oldest} years are {oldest + 1} in texts and in columns that are named as ages: "
                f"{named(record.ages)}"
            )
        elif oldest is not None:
            notes.append(
                f"ages above {oldest} years are {oldest + 1} in texts; no column is named as an age, and what a column "
                "of numbers says of it is as it was"
            )
        if record.dates == "shifted":
            notes.append(
                f"dates are shifted by up to {self._manner.most_days} days, by another number for each person or "
                "document: periods cannot be compared between persons, and counts by week or month are wrong"
            )
        return notes

    def _by_what(self, record: ReplacedInExport) -> dict[str, list[str]]:
        """The columns of which values stay, by what they hold."""
        found: dict[str, list[str]] = {"days": [], "numbers": [], "left": []}
        keys = {f"{table.name}.{name}" for table in self._bundle.tables for name in table.key}
        for table in self._bundle.tables:
            for one in table.variables:
                name = f"{table.name}.{one.name}"
                if record.columns.get(name) == "compared":
                    found["days" if one.kind in ("date", "datetime") else "numbers"].append(name)
                elif record.columns.get(name) == "left" and name not in keys and not is_document(one):
                    found["left"].append(name)
        return found

    def _replace_texts(self) -> None:
        found = self._cells.by_row()
        names = list(found)
        taken = (self._of_row(name, found[name]) for name in names)
        for name, done in zip(names, each_replaced(taken, self._told, self._key), strict=True):
            self._counts += done.counts
            self._done[name] = dict(done.texts)
            self._cells.put_back(found[name], done)
        self._cells.changed(self._frames)
        self._refuse_codes()
        self._empty_lookups()

    def _refuse_codes(self) -> None:
        """Refuse values of a list that name a place that was replaced: by them anybody knows what it was."""
        for (place, kind), count in self._cells.codes.items():
            if kind in _PLACES:
                raise ConfigError(
                    f"pseudonyms: {count} values of {place} are a {kind} that was replaced in the documents beside "
                    f"them, and would tell what it was. Say pseudonyms.keep=[{kind}] if these may leave, or extract "
                    "again without this field."
                )

    def _of_row(self, name: str, found: OfRow) -> Taken:
        documents = self._documents.get(name, ())
        known = [value for document in documents for value in (document["document"], *document["known"])]
        texts = {one["document"]: one["text"] for one in documents if one["text"] is not None}
        person = self._persons.get(name, name)
        return Taken(
            person=person, known=tuple(dict.fromkeys((name, person, *known))), texts=texts, values=tuple(found.values),
            passages=tuple(found.passages), days=tuple(dict.fromkeys(found.days)),
        )  # fmt: skip

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
        whole = self._whole.of(table)
        variables, columns = [], list[pl.Series]()
        for one in table.variables:
            variable, column = self._column(one, table, rows, whole)
            variables.append(variable)
            columns += [] if column is None else [column]
        return replace(table, rows=rows.with_columns(columns), variables=tuple(variables))

    def _column(
        self, one: Variable, table: Table, rows: pl.DataFrame, whole: Mapping[str, pl.Series]
    ) -> tuple[Variable, pl.Series | None]:
        """A column as it leaves, and its new values if it has any."""
        if one.name == table.key[0] or is_document(one):
            if self._told.keep_ids:
                return one, None
            return self._replaced(one, is_text=True), self._ids(rows[one.name])
        if (column := whole.get(one.name)) is not None:
            return self._replaced(one, is_text=column.dtype == pl.String), column
        if self._treatments.of(one, table) == "shifted":
            return self._with_shift(one), self._shifted(one, table, rows)
        if self._ages is None or not self._ages.is_age(one):
            return one, None
        capped, ages = self._ages.capped(one, table, rows)
        self._counts["age"] += int(ages.ne_missing(rows[one.name]).sum())
        self._of_ages[f"{table.name}.{one.name}"] = None
        return capped, ages

    def _ids(self, column: pl.Series) -> pl.Series:
        new = [None if name is None else self._key.new_id(name) for name in column.cast(pl.String)]
        return pl.Series(column.name, new, pl.String)

    def _replaced(self, one: Variable, *, is_text: bool) -> Variable:
        new = replace(one, kind="text" if is_text else one.kind, minimum=None, maximum=None)
        return self._with_shift(new) if one.kind in ("date", "datetime") else new

    def _with_shift(self, one: Variable) -> Variable:
        language = self._bundle.origin.language
        return replace(one, description=with_shift(one.description, self._manner.most_days, language))

    def _shifted(self, one: Variable, table: Table, rows: pl.DataFrame) -> pl.Series:
        """Dates of a person, moved as those in the texts: a month by its 15th day; a year alone stays."""
        column, precisions = rows[one.name], precisions_of(one, table)
        ids = table.rows[table.key[0]].cast(pl.String).to_list()
        near = (~is_far(column) & column.is_not_null()).arg_true()  # others no calendar of Python has
        later = [
            moved(value, precisions[row], days_of(self._persons.get(ids[row], ids[row]), self._key, self._manner))
            for row, value in zip(near, column.gather(near), strict=True)
        ]
        self._counts["date"] += len(later)
        return column.clone().scatter(near, pl.Series(later, dtype=column.dtype))

    def _texts(self) -> pl.DataFrame | None:
        texts = self._bundle.texts
        if texts is None:
            return None
        rows = [
            (
                row if self._told.keep_ids else self._key.new_id(str(row)),
                document if self._told.keep_ids else self._key.new_id(str(document)),
                None if text is None else self._done[str(row)][str(document)],
            )
            for row, document, text in texts.select("id", "document", "text").iter_rows()
        ]
        kinds = dict(texts.schema) if self._told.keep_ids else dict.fromkeys(("id", "document", "text"), pl.String)
        return pl.DataFrame(rows, schema=kinds, orient="row")
