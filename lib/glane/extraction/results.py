"""Reads the results of a run, for analysts and notebooks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import polars as pl

from glane.corpus.documents import scan_documents
from glane.corpus.plan import read_plan
from glane.drift import Drift
from glane.errors import RunError, told
from glane.extraction.codebook import type_word
from glane.extraction.drift_table import drift_table
from glane.extraction.flat_codebook import flat_entries
from glane.extraction.highlight import MarkedText
from glane.extraction.places import drift_file
from glane.extraction.shown import marked
from glane.extraction.tables import evidence, line_list
from glane.languages import in_language
from glane.parquet import scan_parquet
from glane.records import read_record
from glane.run.audit import noted_read
from glane.run.change import refuse_changing
from glane.run.description import RunDescription, read_description
from glane.run.directory import RunDirectory
from glane.run.intact import check_intact
from glane.run.repeats import DUPLICATE
from glane.run.unaltered import refuse_altered
from glane.settings import ExtractSettings
from glane.spreadsheets import without_formulas
from glane.storage import listed
from glane.task.doubts import doubts
from glane.task.task import Task, load_task
from glane.toys import notice_lines
from glane.types import Status, Toy
from glane.validation import validated


@dataclass(frozen=True, kw_only=True)
class Run:
    """The rows of a run as Polars LazyFrames: typed columns, one row per selected input."""

    directory: RunDirectory
    is_complete: bool
    _files: tuple[str, ...]

    def all(self) -> pl.LazyFrame:
        """Every row, whatever its status.

        Raises:
            GlaneError: if a file of a complete run is not what was published. Each is read once for this.
        """
        if self.is_complete:
            refuse_altered(self.directory)
        rows = scan_parquet(self._files)
        if self.is_complete or rows.collect_schema().get(DUPLICATE) != pl.Binary:
            return rows
        digest = pl.col(DUPLICATE)  # of parts: of what is committed, what repeats
        return rows.with_columns((digest.is_not_null() & ~digest.is_first_distinct()).alias(DUPLICATE))

    def usable(self) -> pl.LazyFrame:
        """The rows with values: status OK."""
        return self.all().filter(pl.col("status") == Status.OK)

    def rejected(self) -> pl.LazyFrame:
        """The rows without values, with `status` and `reason`."""
        return self.all().filter(pl.col("status") != Status.OK)

    def head(self, num_rows: int) -> pl.DataFrame:
        """The first usable rows: their ids and seven fields, first those that were asked anew, if a run is extended."""
        extends = self.description().extends
        asked = () if extends is None else extends.asked
        fields = [
            *(one for one in self._fields() if one in asked),
            *(one for one in self._fields() if one not in asked),
        ]
        names = [self.id_column, *fields[:7]]
        return self.usable().select(names).head(num_rows).collect()

    def line_list(
        self,
        *,
        explode: str | None = None,
        every_row: bool = False,
        values_only: bool = False,
        for_spreadsheet: bool = True,
    ) -> pl.LazyFrame:
        """The usable rows, or every row, as a flat table for CSV, R and Excel.

        Evidence is in the columns `<field>__quote`, `__start`, `__end`, `__alignment` and `__supports`. Lists are
        joined by "; ". A list of records becomes its number of items, `<field>__count`. With `explode`, that list has
        one row per item, and its members are the columns `<field>.<member>`. With `values_only`, the id, the columns
        of the input and the values are left.

        A text that a spreadsheet would take for a formula (it begins with = + - @, a tab or a line break) has an
        apostrophe in front: documents are written by others. With `for_spreadsheet=False` it stays as it is.

        Raises:
            ConfigError: if `explode` is not a list of the task.
        """
        rows = self.all() if every_row else self.usable()
        table = line_list(rows, self._fields(), explode=explode, values_only=values_only)
        return without_formulas(table) if for_spreadsheet else table

    def evidence(self) -> pl.LazyFrame:
        """One row per value found: id, field, item, value as text, quote, start, end, alignment, supports, quote_mass,
        confidence.

        Where documents are grouped, there is also the `document` that start and end are of.

        Raises:
            RunError: if the id column has the name of one of these columns.
        """
        return evidence(self.usable(), self._fields(), id_column=self.id_column)

    def doubts(self) -> pl.LazyFrame:
        """One row per sign that a value is not the document's, and per mark: id, field, sign, what.

        The sign is `leaked_from_example`, `not_in_quote`, `forced_quote`, `recalled_without_passage`, `broken_rules` or
        `suspicious`. The last two concern the row: `field` is null, and `what` says which rule it is, or how the text
        speaks to a model. `recalled` is a mark: only a recall pass found it. Of what was recalled, `what` is the place,
        as `events[2]`.
        """
        return doubts(self.usable(), id_column=self.id_column)

    def documents(self) -> pl.LazyFrame:
        """The id and the text of every document of the run, from its input files; raises as `inputs` does.

        Where documents are grouped, there are also the id of the group, which comes first, and what orders them.
        """
        data = self.settings.data
        names = [data.group_by, data.id_column, data.order_by, data.text_column]
        return self.inputs().select(list(dict.fromkeys(name for name in names if name is not None)))

    def inputs(self) -> pl.LazyFrame:
        """Every document of the run with all columns of its input files. Where text is not UTF-8, it is replaced.

        Raises:
            DataError: if an input file is missing, or has changed since the run began.
        """
        data = self.settings.data
        return scan_documents(
            read_plan(self.directory.plan),
            id_column=data.id_column,
            text_column=data.text_column,
            number_rows=data.number_rows,
            group_by=data.group_by,
        )

    def columns_beside(self) -> pl.LazyFrame:
        """What the input says of each row of the result: its columns, or of a group nothing that is not carried.

        Documents of a group may differ in a column; carried ones were found to be the same for all.
        """
        if self.settings.data.group_by is None:
            return self.inputs()
        return self.all().select(self.id_column)

    def show(self, document_id: str | int) -> MarkedText:
        """One document, or group of documents, with its evidence marked, and its values, for a notebook.

        Raises:
            RunError: if the run has no document with this id.
        """
        data = self.settings.data
        name = self.id_column
        is_it = pl.col(name).cast(pl.String) == str(document_id)
        rows = self.all().filter(is_it).collect()
        texts = self.documents().filter(is_it).collect()
        if rows.is_empty() or texts.is_empty():
            raise RunError(f"{self.directory.root}: no document {told(document_id)} in this run.")
        found = evidence(rows.lazy(), self._fields(), id_column=name, with_reasons=True).collect()
        return marked(rows.row(0, named=True), found, texts, data, language=self.task.language, toy=self.toy)

    def drift(self) -> pl.DataFrame:
        """One row per field: how many sentinel documents have the same answer as when frozen, and the verdict.

        Columns: field, verdict (same or drift), documents, equal, equal_share with its 95 % interval equal_low and
        equal_high, what (the name of a statistic), then and now (its values), p_holm (the least of the field's tests,
        corrected over all tests of the sentinels), positives (the kind of yes that lost most), known and lost (its
        documents); with right answers also f1_then and f1_now.

        Raises:
            RunError: if the run has no sentinels, or they are not answered yet.
        """
        path = drift_file(self.directory)
        if not path.is_file():
            raise RunError(
                f"{self.directory.root}: nothing is known of drift (no sentinels/{path.name}). Freeze sentinels with "
                "glane sentinels and run the extraction's command again with task.sentinels=FOLDER."
            )
        return drift_table(read_record(Drift, path))

    def drifted_fields(self) -> tuple[str, ...]:
        """The fields in which sentinels drifted; none where the run has no sentinels."""
        path = drift_file(self.directory)
        return read_record(Drift, path).drift if path.is_file() else ()

    def _fields(self) -> list[str]:
        return self.description().fields

    def codebook(self, *, for_spreadsheet: bool = True) -> pl.DataFrame:
        """One row per column, and per member of a record: name, role, type, description, values, labels, bounds.

        What only `line_list` has stands at the end, with the role `line_list`, whose `for_spreadsheet` is the same.
        """
        schema = self.all().collect_schema()
        kinds = {field.name: field.type for field in schema.to_frame().to_arrow().schema}
        entries = [entry.model_dump() for entry in self.description().codebook]
        for entry in entries:  # of the id and of carried columns, the rows tell it
            if not entry["type"] and (kind := kinds.get(str(entry["column"]))) is not None:
                entry["type"] = type_word(kind, self.task.language)
        known = {str(entry["column"]) for entry in entries}
        entries += flat_entries(schema, self._fields(), known, self.task.language)
        table = pl.DataFrame(entries, infer_schema_length=None)
        return without_formulas(table) if for_spreadsheet else table

    def description(self) -> RunDescription:
        """The content of `run.yaml`: settings, fingerprint, versions."""
        return self._description

    @cached_property
    def _description(self) -> RunDescription:  # written once, and long: it is read once, too
        return read_description(self.directory)

    @cached_property
    def settings(self) -> ExtractSettings:
        """The settings of the extraction."""
        return validated(ExtractSettings, self.description().settings, place=str(self.directory.description))

    @cached_property
    def task(self) -> Task:
        """The task as the run asked it."""
        return load_task(self.settings.task)

    @property
    def toy(self) -> Toy | None:
        """What kind of answers these are, if they are no results: random ones, or those of a demonstration model."""
        return self.description().toy

    @property
    def id_column(self) -> str:
        """The name of the rows' id: of documents, or of groups of them."""
        return self.settings.data.result_id

    def __repr__(self) -> str:
        state = in_language("complete") if self.is_complete else in_language("under way")
        parts = [state, in_language(f"{len(self._files)} files"), *map(in_language, notice_lines(self.toy))]
        return f"<glane run {self.directory.root} ({', '.join(parts)})>"


def open_run(path: str | Path, *, partial: bool = False) -> Run:
    """Open a run directory.

    An incomplete run is opened only with `partial=True`. It then has the rows of the shards committed so far.

    Raises:
        RunError: if there is no run, it is not complete and `partial` is false, or rows of a complete one were lost.
    """
    directory = RunDirectory(root=Path(path).expanduser().absolute())
    with noted_read(directory):
        return _opened(directory, path, partial=partial)


def _opened(directory: RunDirectory, path: str | Path, *, partial: bool) -> Run:
    try:
        is_run = directory.description.is_file()
    except PermissionError:
        raise RunError(f"{path}: you have no right to read it. Ask its owner, or choose another run.") from None
    if not is_run:
        raise RunError(f"{path}: no run here (no run.yaml). Give the run.dir of an extraction.")
    directory = replace(directory, erased_then=directory.erasures())
    refuse_changing(directory)
    if directory.is_complete:
        check_intact(directory)
        files = [str(file) for file in listed(directory.records, "*.parquet")]
        return Run(directory=directory, is_complete=True, _files=tuple(files))
    files = [str(file) for file in listed(directory.parts, "part-*.parquet")]
    if not partial:
        raise RunError(
            f"{path}: this run is not complete ({len(files)} shards committed). Run its command again to go on; in "
            "Python, glane.open_run(…, partial=True) reads what it has."
        )
    if not files:
        raise RunError(f"{path}: this run has no committed shard yet.")
    return Run(directory=directory, is_complete=False, _files=tuple(files))
