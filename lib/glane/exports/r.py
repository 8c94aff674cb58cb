"""CSV files and `lire.R`, which reads them in base R with types, factors, labels and reasons."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path

import polars as pl

from glane.exports.bundle import Bundle, Table, Variable
from glane.exports.changes import Change, sentences
from glane.exports.codebook import codebook_table
from glane.exports.delimited import Manner, as_written, csv_bytes
from glane.exports.sizes import held_as, is_far
from glane.exports.target import Options
from glane.exports.warnings import said_of
from glane.exports.words import CODEBOOK, LABELS
from glane.types import Language

SCRIPT = "lire.R"
_HEAD: Mapping[Language, str] = {
    "fr": 'Lit les fichiers de ce dossier en R seul : source("lire.R", chdir = TRUE) fait une table par fichier.',
    "en": 'Reads the files of this folder in base R: source("lire.R", chdir = TRUE) makes a data frame of each file.',
}
_LABELLED: Mapping[Language, str] = {
    "fr": "Un facteur avec ses libellés à la place de ses codes.",
    "en": "A factor with its labels in place of its codes.",
}
_UNLABELLED: Mapping[Language, str] = {
    "fr": (
        "pas de libellés ici : R les retire quand des lignes sont choisies. Faites d'abord le facteur de toute la "
        "colonne, puis choisissez : table$champ <- {labels}(table$champ)"
    ),
    "en": (
        "no labels here: R drops them when rows are chosen. Make the factor of the whole column first, then choose: "
        "table$field <- {labels}(table$field)"
    ),
}
_NUL = "\x00"
_CHANGES: Mapping[str, str] = {
    "nul": "{total} texts have NUL characters, which R cannot hold, and which are left out: {places}",
    "far": "{total} dates are not of the years 1 to 9999, and missing in R: {places}",
    "return": "{total} texts have carriage returns, which R reads as line feeds (offsets stay as they were): {places}",
    "large": "{total} variables have whole numbers above 2 to the power of 53, and are texts in R: {places}",
}
_OTHER_ROWS: Mapping[Language, tuple[str, str]] = {  # around how many were written
    "fr": (" lignes lues, et ", " écrites"),
    "en": (" rows, and ", " were written"),
}
_READ = """\
.glane_read <- function(file, na, rows) {
  found <- read.csv(file, colClasses = "character", na.strings = na, encoding = "UTF-8", quote = "\\"",
                    check.names = FALSE, strip.white = FALSE, comment.char = "", stringsAsFactors = FALSE)
  if (nrow(found) != rows) stop(file, ": ", nrow(found), READ, rows, WRITTEN)
  found
}
.glane_time <- function(x) {
  s <- 3600 * as.numeric(substr(x, 1, 2)) + 60 * as.numeric(substr(x, 4, 5)) + as.numeric(substring(x, 7))
  structure(s, units = "secs", class = "difftime")
}
.glane_instant <- function(x, tz) {
  found <- as.POSIXct(sub("Z$", "", x), format = "%Y-%m-%dT%H:%M:%OS", tz = "UTC")
  attr(found, "tzone") <- tz
  found
}
"""


def write_r(bundle: Bundle, _: Options, folder: Path) -> Sequence[str]:
    """Write a CSV file per table, the codebook as one, and `lire.R`. Return what R cannot hold as it is."""
    null = _null(bundle)
    manner = Manner(truths=("TRUE", "FALSE"), null=null, utc=True)
    changes: list[Change] = []
    for table in bundle.tables:
        plain, changed = _held(table, manner)
        changes += changed
        (folder / f"{table.name}.csv").write_bytes(csv_bytes(plain, manner))
    book = codebook_table(bundle)
    (folder / f"{CODEBOOK}.csv").write_bytes(csv_bytes(book, manner))
    (folder / SCRIPT).write_text("\n".join(_script(bundle, null)) + "\n", encoding="ascii")
    return sentences(changes, _CHANGES)


def _held(table: Table, manner: Manner) -> tuple[pl.DataFrame, list[Change]]:
    """The rows as R can hold them, and what it changes. What follows a NUL on its line, R would not read."""
    plain, changes = as_written(table, manner), []
    for one in table.variables:
        column, place = plain[one.name], f"{table.name}.{one.name}"
        if one.kind in ("date", "datetime"):
            far = is_far(table.rows[one.name])
            changes.append(Change("far", int(far.sum()), place))
            plain = plain.with_columns(pl.when(~far).then(pl.col(one.name)).alias(one.name))
        if one.kind in ("text", "category"):
            changes.append(Change("nul", int(column.str.contains(_NUL, literal=True).sum()), place))
            changes.append(Change("return", int(column.str.contains("\r", literal=True).sum()), place))
        elif one.kind == "integer":
            changes.append(Change("large", int(_class(table, one) == "text"), place))
    return plain.with_columns(pl.col(pl.String).str.replace_all(_NUL, "", literal=True)), changes


def _null(bundle: Bundle) -> str:
    """What stands for no value: R cannot tell an empty text from nothing, so it is something that no text is."""
    texts = [
        table.rows[one.name].str.replace_all(_NUL, "", literal=True)
        for table in bundle.tables
        for one in table.variables
        if one.kind in ("text", "category")
    ]
    tries = ("\\N" if number == 0 else f"\\N{number}" for number in count())
    return next(one for one in tries if not any((column == one).any() for column in texts))


def _script(bundle: Bundle, null: str) -> Iterator[str]:
    origin, language = bundle.origin, bundle.origin.language
    for line in (
        _HEAD[language],
        f"{origin.task} {origin.task_version}, {origin.model}, {origin.fingerprint}",
        *said_of(origin),
    ):
        yield f"# {_ascii(line)}"
    yield _reading(language)
    yield f"# {_ascii(_LABELLED[language])}"
    yield f"{LABELS} <- function(x) {{"
    yield '  labels <- attr(x, "labels", exact = TRUE)'
    yield f"  if (is.null(labels)) stop({_text(_UNLABELLED[language].format(labels=LABELS))}, call. = FALSE)"
    yield "  factor(as.character(x), levels = names(labels), labels = unname(labels))"
    yield "}"
    for table in bundle.tables:
        yield ""
        yield f"{table.name} <- .glane_read({_text(f'{table.name}.csv')}, {_text(null)}, {table.rows.height}L)"
        for one in table.variables:
            yield from _variable(table, one)
        yield f'attr({table.name}, "label") <- {_text(table.description)}'
        yield f'attr({table.name}, "key") <- {_texts(table.key)}'
    yield ""
    yield f"{CODEBOOK} <- .glane_read({_text(f'{CODEBOOK}.csv')}, {_text(null)}, {codebook_table(bundle).height}L)"


def _reading(language: Language) -> str:
    """The functions that read a file; what they say is in the language of the export."""
    read, written = map(_text, _OTHER_ROWS[language])
    return _READ.replace("READ", read).replace("WRITTEN", written)


def _variable(table: Table, one: Variable) -> Iterator[str]:
    column = f"{table.name}${one.name}"
    reads = {
        "category": f"factor({column}, levels = {_texts(one.categories)})",
        "boolean": f"as.logical({column})",
        "integer": f"as.integer({column})",
        "double": f"as.numeric({column})",
        "date": f'as.Date({column}, format = "%Y-%m-%d")',
        "time": f".glane_time({column})",
        "datetime": f".glane_instant({column}, {_text(one.zone or 'UTC')})",
    }
    if (read := reads.get(_class(table, one))) is not None:
        yield f"{column} <- {read}"
    if one.description:
        yield f'attr({column}, "label") <- {_text(one.description)}'
    if one.categories:
        # Names of arguments would be translated into the encoding of the session: they are texts here.
        labels = _texts([one.labels.get(code, code) for code in one.categories])
        yield f'attr({column}, "labels") <- structure({labels}, names = {_texts(one.categories)})'
    if one.reasons is not None:
        yield f'attr({column}, "reasons") <- {_text(one.reasons)}'


def _class(table: Table, one: Variable) -> str:
    if one.kind == "number":
        return "double"
    return held_as(table.rows[one.name]) if one.kind == "integer" else one.kind


def _texts(values: Sequence[str]) -> str:
    return f"c({', '.join(map(_text, values))})"


def _text(value: str) -> str:
    """A text in R, in ASCII: what it means does not depend on how R is set."""
    return f'"{"".join(map(_letter, value))}"'


def _letter(one: str) -> str:
    if one in '\\"':
        return f"\\{one}"
    if " " <= one <= "~":
        return one
    code = ord(one)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _ascii(line: str) -> str:
    """A comment: accents are left out, as R reads its scripts in the encoding of the machine."""
    plain = unicodedata.normalize("NFKD", line).encode("ascii", "ignore").decode()
    return " ".join(plain.split())
