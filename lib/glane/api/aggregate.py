"""`glane.aggregate`: tables of cases by period, place and age, corrected by a review where there is one."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from glane.api.clusters import warn_of_copies
from glane.api.error_rates import read_error_rates
from glane.api.line_list import details_of
from glane.api.links import read_links, with_entities
from glane.api.reviewed import asked_field, check_sample, reviewed_of
from glane.api.several_runs import SeveralRuns, together
from glane.api.sources import RunLike, TableLike, name_of, refuse_shifted, refuse_uncarried, run_of
from glane.assess.estimate.question import Question, check
from glane.assess.evaluate.leaf import categories_of
from glane.assess.files import as_parquet, read_table, take_away, write_folder
from glane.assess.yes import check_value
from glane.disclosure.register import ToIssue, issue
from glane.errors import ConfigError, DataError
from glane.exports.delimited import SPREADSHEETS, csv_bytes
from glane.languages import Spoken
from glane.linkage.link import ENTITY
from glane.run.links import RunLink, links_to
from glane.settings.table import DOCUMENTS, TableDefinition
from glane.spreadsheets import without_formulas
from glane.surveillance.denominators import Populations, populations, standard_people
from glane.surveillance.dimensions import AGE, PERIOD, PLACE, Located, covered, located
from glane.surveillance.figures import ALL, Rating
from glane.surveillance.line_list import line_list
from glane.surveillance.linked import truth_of_entities
from glane.surveillance.page import table_page
from glane.surveillance.periods import Calendar
from glane.surveillance.persons import is_case, persons
from glane.surveillance.places import VINTAGE
from glane.surveillance.protected import leaving
from glane.surveillance.r_script import r_script
from glane.surveillance.rates import STANDARDS, standard_shares
from glane.surveillance.record import TableSummary
from glane.surveillance.table import labelled, surveillance_table
from glane.surveillance.told import line_list_text, table_text
from glane.types import Language
from glane.validation import validated

_SOMETIMES = ("signals.parquet", "linelist.parquet", "linelist.csv", "triangle.parquet", "triangle.csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregated(Spoken):
    """A surveillance table. `str()` of it says its total, and what it leaves out."""

    table: pl.DataFrame  # a row for each value of each margin
    summary: TableSummary
    signals: pl.DataFrame | None = None  # a row for each series, method and period
    triangle: pl.DataFrame | None = None  # cases by period and delay of their report
    line_list: pl.DataFrame | None = None  # a row for each document or person: personal data
    language: Language = "en"  # that the page opens in
    links: tuple[RunLink, ...] = ()  # to the runs that it is of
    issue: ToIssue | None = None  # to the register of its series, when it is written

    def _in_english(self) -> str:
        told = table_text(self.summary, self.table, self.signals)
        return told if self.line_list is None else f"{told}\n{line_list_text(self.line_list)}"

    def write(self, folder: str) -> list[str]:
        """Write `table.parquet`, `table.csv`, `table.json`, `lire.R`, `report.html`, and signals and triangle if any.

        Returns:
            Their names.

        Raises:
            RunError: if the file system refuses, or another table of the series was issued meanwhile.
        """
        definition = self.summary.definition
        files = {
            "table.parquet": as_parquet(self.table),
            **({} if self.signals is None else {"signals.parquet": as_parquet(self.signals)}),
            "table.csv": _as_csv(self.table, definition, self.language),
            "table.json": self.summary.as_json(),
            "lire.R": r_script(
                definition,
                self.language,
                delays=self.summary.delays,
                with_line_list=self.line_list is not None,
            ).encode(),
            **({} if self.line_list is None else _as_tables("linelist", self.line_list, definition, self.language)),
            **({} if self.triangle is None else _as_tables("triangle", self.triangle, definition, self.language)),
            "report.html": table_page(
                self.summary, self.table, self.signals, language=self.language, triangle=self.triangle
            ).encode(),
        }
        is_leaving = self.summary.disclosure is not None
        earlier = [name for name in _SOMETIMES if name not in files]
        gone = take_away(folder, earlier, of="table.parquet", is_strict=is_leaving)
        if self.issue is not None:  # before it is written: what the register has and nobody saw does no harm
            issue(self.issue)
        if is_leaving:  # killed between two files, none of what may not leave stands beside one that may
            take_away(folder, files, of="table.parquet", is_strict=False)
        write_folder(folder, files, of=self.links, forget=gone if is_leaving else None)
        return list(files)


def aggregate(
    run: RunLike | Sequence[RunLike],
    table: TableDefinition | Mapping[str, Any],
    gold: TableLike | None = None,
    *,
    case: str | None = None,
    error_rates: str | None = None,
    weight: str | None = None,
    inclusion_probability: str | None = None,
    linelist: bool = False,
    out_dir: str | None = None,
) -> Aggregated:
    """Count cases by period, place, class of age and groups.

    Args:
        run: A run, or its directory; or several that answered alike, as the increments of a collection.
        table: What is counted, as a file of `conf/table/` says it.
        gold: Right answers of a random sample of the documents; without one, counts are the model's own.
        case: The condition of the case definition that `table` names, where that is in a file of its own.
        error_rates: `error_rates.json` of an earlier estimate, in place of a gold.
        weight: The column of gold that holds weights.
        inclusion_probability: The column that holds the probability with which a document came into the sample.
        linelist: Whether to make a row for each document or person, too. It is personal data.
        out_dir: Where to write the result, if anywhere.

    Raises:
        GlaneError: if the table, the run, the review or the denominator do not go together.
    """
    definition = table if isinstance(table, TableDefinition) else validated(TableDefinition, table, place="table")
    if gold is not None and error_rates is not None:
        raise ConfigError("gold, error_rates: give one of both.")
    if error_rates is not None and definition.links is not None:
        raise ConfigError("error_rates: not for persons and events of links. Give a gold of this run's documents.")
    if definition.person and (gold is not None or error_rates is not None):
        raise ConfigError(
            "table.unit: a review of documents does not correct counts of persons: one of several documents may be "
            "wrong. Leave gold and error_rates out, or count documents."
        )
    if linelist and definition.disclosure is not None:
        raise ConfigError(
            "linelist: a row for each document tells what table.disclosure hides. Leave out one of both, or write the "
            "line list by a call of its own into a folder that stays."
        )
    runs = together([run_of(one) for one in (run if isinstance(run, list | tuple) else [run])])  # type: ignore[arg-type]
    groups = [*definition.columns, *definition.person]
    refuse_uncarried(runs.first, table=groups)
    if definition.time is not None:
        refuse_shifted(runs.runs, table=[definition.time.column, definition.time.reported])
    condition = case if case is not None else definition.case
    question = Question(
        what="count", field=asked_field(definition.field), case=condition, value=definition.value,
        level=definition.level, population="run",
    )  # fmt: skip
    is_alone = gold is None and error_rates is None
    rows, failed = runs.usable(question, groups, extracted=is_alone), runs.failed(question, groups)
    if not (is_alone or runs.are_copies_known()):
        warn_of_copies()
    check_value(
        question.field, question.value, kind=rows.schema[question.field],
        categories=categories_of(runs.first.task.fields.get(question.field)),
    )  # fmt: skip
    reviewed = None
    if gold is not None:
        reviewed = reviewed_of(
            gold, runs, question.field, case=condition, weight=weight, inclusion_probability=inclusion_probability
        )  # fmt: skip
        check_sample(reviewed, rows, runs)
        check(rows, reviewed.table, question, runs.first.id_column)
    links = None if definition.links is None else read_links(definition.links, runs)
    if links is not None and definition.links is not None:
        rows, failed = with_entities(rows, failed, links, folder=definition.links)
        if reviewed is not None:
            links.check_reviewed()
    transported = None if error_rates is None else read_error_rates(error_rates, runs, question.field)
    unnamed = 0
    whole = None
    if definition.person and definition.time is not None:
        whole = located(rows, failed, definition)
        rows, failed = covered(rows, definition), covered(failed, definition)
        each = persons(rows, failed, definition.person, day=definition.time.column, question=question)
        rows, failed, unnamed = each.usable, each.failed, each.unnamed
    found = located(rows, failed, definition)
    if whole is not None:  # of all documents, before one is taken of each person
        left_out = whole.unplaced.model_dump(include={"outside", "elsewhere", "reported_later"})
        found = replace(found, reporting=whole.reporting, unplaced=found.unplaced.model_copy(update=left_out))
    cases, truth = None, None if reviewed is None else reviewed.table
    if links is not None and definition.time is not None:
        day, every = definition.time.column, found.usable
        each = persons(every, found.failed, [ENTITY], day=day, question=question)
        found = replace(found, usable=each.usable, failed=each.failed)
        cases = every.filter(is_case(question, every))[runs.first.id_column]
        if truth is not None:
            truth = truth_of_entities(truth, every, each, question, id_column=runs.first.id_column, day=day)
    made = surveillance_table(
        found, definition, question, id_column=runs.first.id_column,
        reviewed=truth, transported=transported, rating=_rating(definition, found),
        links=None if reviewed is None else links, cases=cases,
    )  # fmt: skip
    total = made.rows.filter(pl.col("margin") == ALL)
    summary = TableSummary(
        run=", ".join(runs.names), toy=runs.first.toy, gold=name_of(gold),
        fingerprint=runs.first.description().fingerprint_digest, definition=definition,
        case=condition or f"{definition.field} = {definition.value}",
        method=made.method,
        review=None if reviewed is None else reviewed.design,
        right_answers=None if reviewed is None else reviewed.right_answers,
        reviewed=total["reviewed"].item(), documents=found.usable.height, failed=found.failed.height,
        unplaced=found.unplaced, silent=found.silent, unnamed=unnamed, extracted=_extracted(definition, runs),
        first_day=found.first_day, last_day=found.last_day, note=None if made.basis is None else made.basis.line.note,
        places=None if definition.place is None else VINTAGE, drifted=tuple(runs.drifted()),
        delays=None if made.delays is None else made.delays.summary,
    )  # fmt: skip
    listed = None
    if linelist:
        details = details_of(runs, question.field)
        listed = line_list(found, definition, question, id_column=runs.first.id_column, details=details)
    left = leaving(
        made.rows, made.signals, summary, found, question=question, id_column=runs.first.id_column,
        collection=runs.folders,
    )  # fmt: skip
    result = Aggregated(
        table=left.rows, summary=left.summary, signals=left.signals, language=runs.first.task.language,
        triangle=None if made.delays is None else made.delays.triangle.rows,
        line_list=listed, links=links_to(one.directory for one in runs.runs),
        issue=left.issue,
    )  # fmt: skip
    if out_dir is not None:
        result.write(out_dir)
    return result


def _rating(definition: TableDefinition, found: Located) -> Rating | None:
    """What rates are made with; None without a denominator."""
    if definition.denominator is None:
        return None
    people = None
    if definition.denominator != DOCUMENTS:
        people = _populations(definition, definition.denominator, found)
        if definition.standard is not None and not people.tells(AGE):
            raise DataError(
                f"table.standard: {definition.denominator} has no column age, so ages cannot be standardised."
            )
    standard = None
    if definition.standard is not None and definition.age is not None:
        standard = standard_shares(
            definition.standard, _standard_people(definition.standard), definition.age.classes
        )  # fmt: skip
    return Rating(per=definition.per, populations=people, standard=standard)


def _populations(definition: TableDefinition, file: str, found: Located) -> Populations:
    """The populations of a file."""
    periods = [one for one in found.domains.get(PERIOD, []) if isinstance(one, datetime.date)]
    domains = dict(found.domains)
    if definition.place is not None and not definition.place.only:  # nobody said that the others report
        domains[PLACE] = [one for one in domains[PLACE] if one not in found.silent]
        if not found.reporting:
            raise DataError(
                f"table.denominator: no document has a place in {definition.place.column!r}, so rates would be of "
                "nobody. Leave out table.place or table.denominator, or name the places in table.place.only."
            )
    calendar = None if definition.time is None else Calendar.of(definition.time)
    return populations(
        read_table(file, place="table.denominator"), domains, file=file,
        level=None if definition.place is None else definition.place.level,
        years={} if calendar is None else {one: calendar.year(one) for one in periods},
    )  # fmt: skip


def _standard_people(standard: str) -> Mapping[int, float]:
    """The persons by the lowest age of each class, of a known standard population or of a file."""
    if standard in STANDARDS:
        return STANDARDS[standard]
    if not Path(standard).suffix:
        raise ConfigError(f"table.standard: {standard!r} is not known. Valid: {', '.join(STANDARDS)}, or a file.")
    return standard_people(read_table(standard, place="table.standard"), place=f"table.standard: {standard}")


def _extracted(definition: TableDefinition, runs: SeveralRuns) -> tuple[str, ...]:
    """The columns of a table that the model extracted, where the input has none of that name."""
    fields = [name for name in definition.columns if name in runs.first.task.fields]
    if not fields:
        return ()  # the input need not be there
    beside = [*runs.first.settings.data.carry_columns, *runs.first.columns_beside().collect_schema().names()]
    return tuple(name for name in fields if name not in beside)


def _as_csv(table: pl.DataFrame, definition: TableDefinition, language: Language) -> bytes:
    """A table as the spreadsheets of that language read it, with its labels in that language."""
    return csv_bytes(without_formulas(labelled(table, definition, language)), SPREADSHEETS[language])


def _as_tables(name: str, table: pl.DataFrame, definition: TableDefinition, language: Language) -> Mapping[str, bytes]:
    """A table as Parquet, and for R in separated values."""
    return {f"{name}.parquet": as_parquet(table), f"{name}.csv": _as_csv(table, definition, language)}
