"""A table of documents becomes one of pseudonymised documents, with the places of what was replaced in a file apart."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from glane.corpus.columns import holds_dates
from glane.corpus.files import InputFile, check_column, inspect_files
from glane.corpus.pseudonymised import PseudonymRules, made_of_digest
from glane.corpus.text_dates import date_columns
from glane.corpus.unchanged import content_digest
from glane.errors import ConfigError, DataError, RunError
from glane.pseudonyms.key import Key, read_key
from glane.pseudonyms.kinds import RULES
from glane.pseudonyms.offsets_file import publish_places, refuse_other
from glane.pseudonyms.rows import Columns
from glane.pseudonyms.whole import refuse_unreplaceable
from glane.pseudonyms.written import FILE_MODE, refuse_again, write_replaced
from glane.records import Record
from glane.run.audit import note_reads_inside_runs, note_wrote
from glane.run.unaltered import refuse_altered_around
from glane.run.written import digest_of, refuse_inside_run
from glane.settings.pseudonymise import PseudonymiseData, PseudonymiseSettings
from glane.storage import replace_file, write_folder_once
from glane.type_words import type_words

DOCUMENTS, MANIFEST = "documents.parquet", "pseudonymised.json"
_FOLDER_MODE = 0o700


class PseudonymisedTable(Record):
    """What was replaced in a table of documents: counts, no text, no key."""

    kind: Literal["glane pseudonymised documents"] = "glane pseudonymised documents"
    version: Literal[1] = 1
    columns: tuple[str, ...] = ()  # that were written as they were
    true_dates: tuple[str, ...] = ()  # carried columns of dates as they were, where dates of texts are shifted
    rows: int
    without_text: int  # null or blank, or no UTF-8, which is null
    without_identifiers: int  # documents in which nothing was found
    failed: int = 0  # documents in which the rules failed: their text is null
    dates_left: int = 0  # months without a year and weeks, where other dates are shifted
    replaced: Mapping[str, int]  # in texts, by kind
    values: Mapping[str, int] = {}  # cells of carried columns that are known of the person, by column
    holding: Mapping[str, int] = {}  # rows whose cell in a carried column holds what was replaced, by column
    keep: tuple[str, ...]
    style: str
    scope: str
    most_days: int
    whole_weeks: bool
    oldest_age: int | None
    keeps_ids: bool
    digest: str  # BLAKE2b of documents.parquet


def pseudonymise_table(settings: PseudonymiseSettings) -> PseudonymisedTable:
    """Write `out.dir` with the pseudonymised documents, and the places of what was replaced.

    The folder appears whole or not at all, after the file of places, which an interrupted call may leave and the next
    one replaces. The text is read as UTF-8; of other columns only those that are named are written.

    Raises:
        DataError: if the files cannot be read, or lack a column.
        ConfigError: if the key cannot be had.
        RunError: if the folder is there already, or lies in a run, or the file of places is that of other documents.
    """
    key = read_key(file=settings.key_file, command=settings.key_command)
    out, offsets = Path(settings.out.dir), Path(settings.offsets)
    for path, setting in ((out, "out.dir"), (offsets, "offsets")):
        refuse_inside_run(path, setting=setting)
    files = _checked(settings)
    if out.exists() and any(out.iterdir()):
        raise RunError(f"out.dir: {out} is there already. Choose another out.dir.")
    refuse_altered_around(file.path for file in files)
    rules = _rules(settings, key)
    made_of = _made_of(files, rules, settings)
    refuse_other(offsets, made_of)
    told: list[PseudonymisedTable] = []

    def write(folder: Path) -> None:
        told.append(_write(folder, offsets, files, settings, key, rules=rules, made_of=made_of))

    note_reads_inside_runs(file.path for file in files)
    note_wrote(out, DOCUMENTS, ())
    if not write_folder_once(out, write, mode=_FOLDER_MODE, setting="out.dir"):
        raise RunError(f"out.dir: {out} was made by another process meanwhile. Choose another out.dir.")
    return told[-1]


def _checked(settings: PseudonymiseSettings) -> list[InputFile]:
    data = settings.data
    others = [*data.carry_columns, *data.shift_columns]
    files = inspect_files(data.path, id_column=data.id_column, text_column=data.text_column, carry_columns=others)
    refuse_again(files)
    named = dict.fromkeys(data.known_columns, "data.known_columns") | dict.fromkeys(
        data.shift_columns, "data.shift_columns"
    )
    if data.person_column is not None:
        named[data.person_column] = "data.person_column"
    for file in files:
        for name, setting in named.items():
            check_column(file, files[0], name, setting)
    for name in data.shift_columns:
        kind = files[0].schema.field(name).type
        if not holds_dates(kind):
            raise DataError(
                f"{files[0].name}: column {name!r} is {type_words(kind)}; data.shift_columns takes dates and "
                "timestamps. Make a "
                "Parquet file with dates of the table it comes from: glane convert source=… data.path=… "
                "data.dates=day_first"
            )
    refuse_unreplaceable(
        files[0], _whole(data), style=settings.style, known="data.known_columns", written="data.carry_columns"
    )
    if settings.keep_ids and data.id_column in data.known_columns:
        raise ConfigError(
            f"keep_ids: {data.id_column!r} is known of the person (data.known_columns), and ids would stay as they "
            "are. Leave keep_ids out: ids are digests then."
        )
    return files


def _whole(data: PseudonymiseData) -> list[str]:
    """What is carried, and known of the person: written replaced."""
    return [name for name in data.carry_columns if name in data.known_columns]


def _rules(settings: PseudonymiseSettings, key: Key) -> PseudonymRules:
    data = settings.data
    return PseudonymRules(
        rules=RULES, key=key.mark, dates="kept" if "date" in settings.keep else "shifted", texts=(data.text_column,),
        person_column=data.person_column, known_columns=data.known_columns, shift_columns=data.shift_columns,
        keep=settings.keep, style=settings.style, scope=settings.scope, most_days=settings.most_days,
        whole_weeks=settings.whole_weeks, oldest_age=settings.oldest_age,
    )  # fmt: skip


def _made_of(files: list[InputFile], rules: PseudonymRules, settings: PseudonymiseSettings) -> str:
    """What its file of places is known by: whoever interrupted the same call may make it again."""
    sources = [file.known(content_digest(file.path)) for file in files]
    return made_of_digest(rules, sources, ids=[settings.data.id_column, "kept" if settings.keep_ids else "digests"])


def _write(
    folder: Path, offsets: Path, files: list[InputFile], settings: PseudonymiseSettings, key: Key,
    *, rules: PseudonymRules, made_of: str,
) -> PseudonymisedTable:  # fmt: skip
    data = settings.data
    columns = Columns(
        id=data.id_column, text=data.text_column, person=data.person_column, known=data.known_columns,
        carried=tuple(name for name in data.carry_columns if name not in data.known_columns),
        shifted=data.shift_columns, whole=tuple(_whole(data)), keeps_ids=settings.keep_ids,
    )  # fmt: skip
    apart = folder / ".offsets"
    totals = write_replaced(folder / DOCUMENTS, apart, files, columns, settings, key, rules=rules, made_of=made_of)
    as_they_are = [name for name in columns.carried if name not in columns.shifted]
    told = PseudonymisedTable(
        columns=tuple(as_they_are),
        true_dates=() if "date" in settings.keep else date_columns(files, as_they_are), rows=totals.rows,
        without_text=totals.without_text, without_identifiers=totals.without_identifiers, failed=totals.failed,
        dates_left=totals.dates_left, replaced=totals.replaced, values=totals.values,
        holding=totals.holding,
        keep=settings.keep, style=settings.style, scope=settings.scope, most_days=settings.most_days,
        whole_weeks=settings.whole_weeks, oldest_age=settings.oldest_age, keeps_ids=settings.keep_ids,
        digest=digest_of(folder / DOCUMENTS),
    )  # fmt: skip
    replace_file(folder / MANIFEST, lambda stream: stream.write(told.as_json()), mode=FILE_MODE, setting="out.dir")
    publish_places(apart, offsets)
    return told
