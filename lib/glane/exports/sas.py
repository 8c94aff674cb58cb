"""CSV files and `lire.sas`, which reads them in SAS with lengths, informats, labels and formats of codes."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl

from glane.errors import RunError
from glane.exports.bundle import Bundle, Kind, Table, Variable
from glane.exports.changes import Change, empty_texts, sentences
from glane.exports.codebook import codebook_table
from glane.exports.delimited import Manner, as_written, csv_bytes
from glane.exports.sizes import held_as, is_far, longest_of
from glane.exports.target import Options
from glane.exports.warnings import said_of
from glane.exports.words import CODEBOOK
from glane.types import Language

SCRIPT = "lire.sas"
_MANNER = Manner(truths=("1", "0"), is_quoted=True)
_LONGEST, _LONGEST_LABEL, _LONGEST_LINE = 32_767, 256, 1_073_741_823  # bytes; bytes; bytes
_SHOWN = 11  # digits and sign that SAS shows, and PROC EXPORT writes, of a number without a format
_FIRST_DAY = datetime.date(1582, 1, 1)
_BREAKS = "[\r\n]+"
_CHANGES: Mapping[str, str] = {
    "break": "{total} texts have line breaks, which are spaces for SAS: {places}",
    "empty": "{total} texts are there and empty, and missing for SAS, which has no empty texts: {places}",
    "early": "{total} dates are before 1582, and missing for SAS, which has none: {places}",
    "far": "{total} dates are after 9999, and missing for SAS: {places}",
    "infinite": "{total} numbers are not finite, and missing for SAS: {places}",
    "large": "{total} variables have whole numbers above 2 to the power of 53, and are texts for SAS: {places}",
}
_FORMATS: Mapping[Kind, tuple[str, str]] = {  # how it is read, and shown
    "date": ("yymmdd10.", "yymmdd10."),
    "time": ("time15.", "time8."),
    "datetime": ("e8601dt26.", "e8601dt19."),
}
_OTHER_ROWS: Mapping[Language, tuple[str, str]] = {  # around how many were written; "ERROR:" is SAS's own word
    "fr": ("lignes lues, et", "écrites"),
    "en": ("rows, and", "were written"),
}
_MACROS = """\
%macro glane_folder;
%if not %symexist(dossier) %then %do;
%global dossier;
%let dossier = .;
%end;
%mend;
%macro glane_rows(table, rows);
%local id n;
%let id = %sysfunc(open(&table));
%let n = %sysfunc(attrn(&id, nlobs));
%let id = %sysfunc(close(&id));
%if &n ne &rows %then %put ERROR: &table: &n READ &rows WRITTEN;
%mend;
%glane_folder;
options validvarname=v7;
"""
_HEAD: Mapping[Language, str] = {
    "fr": "Lit les fichiers de ce dossier en SAS, dans une session UTF-8 : %let dossier = ...; %include.",
    "en": "Reads the files of this folder in SAS, in a UTF-8 session: %let dossier = ...; %include.",
}


def write_sas(bundle: Bundle, _: Options, folder: Path) -> Sequence[str]:
    """Write a CSV file per table, the codebook as one, and `lire.sas`. Return what SAS cannot hold as it is.

    Raises:
        RunError: if a text is longer than a variable of SAS.
    """
    told: list[Change] = []
    lines = [_comment(line) for line in _about(bundle)]
    read, written = _OTHER_ROWS[bundle.origin.language]
    lines += [_MACROS.replace("READ", read).replace("WRITTEN", written)]
    formats = _Formats()
    steps: list[str] = []
    for table in bundle.tables:
        plain, changed = _held(table)
        told += changed
        content = csv_bytes(_quoted(table, plain), _MANNER)
        (folder / f"{table.name}.csv").write_bytes(content)
        steps += [*_step(table, plain, formats, longest=max(map(len, content.split(b"\n")))), ""]
    book = codebook_table(bundle).with_columns(pl.col(pl.String).str.replace_all(_BREAKS, " "))
    (folder / f"{CODEBOOK}.csv").write_bytes(csv_bytes(book, Manner()))
    (folder / SCRIPT).write_text("\n".join([*lines, *formats.lines(), *steps]) + "\n", encoding="utf-8")
    return sentences(told, _CHANGES)


def _about(bundle: Bundle) -> list[str]:
    origin, language = bundle.origin, bundle.origin.language
    about = f"{origin.task} {origin.task_version}, {origin.model}, {origin.fingerprint}"
    return [_HEAD[language], about, *said_of(origin)]


def _held(table: Table) -> tuple[pl.DataFrame, list[Change]]:
    """The rows as SAS can hold them, and what was changed for that."""
    plain, changes = as_written(table, _MANNER), []
    told = list(empty_texts(table))
    for one in table.variables:
        column, place = plain[one.name], f"{table.name}.{one.name}"
        if one.kind in ("text", "category"):
            _refuse_long(column, place)
            changes.append(pl.col(one.name).str.replace_all(_BREAKS, " "))
            told.append(Change("break", int(column.str.contains(_BREAKS).sum()), place))
        elif one.kind == "number":
            changes.append(pl.when(pl.col(one.name).is_finite()).then(pl.col(one.name)).alias(one.name))
            told.append(Change("infinite", int((~column.is_finite()).fill_null(False).sum()), place))
        elif one.kind in ("date", "datetime"):
            days = table.rows[one.name].cast(pl.Date) if one.kind == "date" else table.rows[one.name].dt.date()
            early, far = (days < _FIRST_DAY).fill_null(False), is_far(days)
            changes.append(pl.when(~pl.lit(early | far)).then(pl.col(one.name)).alias(one.name))
            told.append(Change("early", int(early.sum()), place))
            told.append(Change("far", int((far & ~early).sum()), place))
        elif _is_text(table, one):
            told.append(Change("large", 1, place))
    return plain.with_columns(changes), told


def _quoted(table: Table, plain: pl.DataFrame) -> pl.DataFrame:
    """The rows with all texts in double quotation marks: SAS takes a single one in front of a text for such a mark."""
    doubled = {
        one.name: pl.lit('"') + pl.col(one.name).str.replace_all('"', '""', literal=True) + pl.lit('"')
        for one in table.variables
        if one.kind in ("text", "category")
    }
    return plain.with_columns(**doubled)


def _refuse_long(column: pl.Series, place: str) -> None:
    if longest_of(column) > _LONGEST:
        raise RunError(
            f"to=sas: texts of {place} are longer than the {_LONGEST:,} bytes of a variable of SAS. Use to=csv or "
            "to=parquet."
        )


class _Formats:
    """The formats of codes: one for the same codes, whichever variables have them."""

    def __init__(self) -> None:
        self._known: dict[tuple[bool, tuple[tuple[str, str], ...]], str] = {}

    def of(self, one: Variable) -> str | None:
        """The name of the format of a variable with its point; None if its values speak for themselves."""
        if not one.labels:
            return None
        is_text = one.kind == "category"
        codes = one.categories if is_text else tuple(one.labels)
        pairs = tuple((code, one.labels.get(code, code)) for code in codes)
        number = len(self._known) + 1
        return self._known.setdefault((is_text, pairs), f"{'$' if is_text else ''}glane{number}f") + "."

    def lines(self) -> Iterator[str]:
        """PROC FORMAT."""
        if not self._known:
            return
        yield "proc format;"
        for (is_text, pairs), name in self._known.items():
            yield f"  value {name}"
            for code, label in pairs:
                key = _text(code) if is_text else {"true": "1", "false": "0"}[code]
                yield f"    {key} = {_text(label)}"
            yield "  ;"
        yield "run;"
        yield ""


def _step(table: Table, plain: pl.DataFrame, formats: _Formats, *, longest: int) -> Iterator[str]:
    assert longest < _LONGEST_LINE
    yield f"data {table.name} (label={_text(table.description)});"
    yield (
        f'  infile "&dossier./{table.name}.csv" dsd dlm="," firstobs=2 truncover termstr=lf encoding="utf-8" '
        f"lrecl={max(longest + 1, 256)};"
    )
    for one in table.variables:
        yield f"  length {one.name} {_length(table, plain, one)};"
    for one in table.variables:
        if one.kind in _FORMATS:
            yield f"  informat {one.name} {_FORMATS[one.kind][0]};"
            yield f"  format {one.name} {_FORMATS[one.kind][1]};"
        elif _is_text(table, one):  # $char keeps blanks in front, and a point alone
            yield f"  informat {one.name} $char{_length(table, plain, one)[1:]}.;"
        elif one.kind == "integer" and longest_of(plain[one.name].cast(pl.String)) > _SHOWN:
            yield f"  format {one.name} 20.;"
        if (name := formats.of(one)) is not None:
            yield f"  format {one.name} {name};"
    for one in table.variables:
        if one.description:
            yield f"  label {one.name} = {_text(one.description)};"
    yield f"  input {' '.join(one.name for one in table.variables)};"
    yield "run;"
    yield f"%glane_rows({table.name}, {table.rows.height});"


def _length(table: Table, plain: pl.DataFrame, one: Variable) -> str:
    if not _is_text(table, one):
        return "8"
    codes = max((len(code.encode()) for code in one.categories), default=1)
    return f"${max(longest_of(plain[one.name].cast(pl.String)), codes, 1)}"


def _is_text(table: Table, one: Variable) -> bool:
    if one.kind == "integer":
        return held_as(table.rows[one.name]) == "text"
    return one.kind in ("text", "category")


def _text(value: str) -> str:
    """A text in SAS, on one line; in single quotes, so that no macro is in it. It is cut at 256 bytes."""
    plain = " ".join(value.split())
    cut = plain.encode()[:_LONGEST_LABEL].decode(errors="ignore")
    return "'" + cut.replace("'", "''") + "'"


def _comment(line: str) -> str:
    return f"/* {line.replace('*/', '* /')} */"
