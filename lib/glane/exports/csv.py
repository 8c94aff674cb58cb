"""CSV for spreadsheets, with the separators of a country, and the codebook beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from glane.errors import ConfigError
from glane.exports.bundle import Bundle, Table
from glane.exports.changes import Change, sentences
from glane.exports.codebook import codebook_table
from glane.exports.delimited import SPREADSHEETS, Manner, as_written, csv_bytes
from glane.exports.target import Options
from glane.exports.words import CODEBOOK
from glane.spreadsheets import without_formulas

_CHANGES: Mapping[str, str] = {
    "formula": "{total} texts that a spreadsheet would take for a formula have an apostrophe in front: {places}",
    "number": "{total} texts look like numbers or dates, and a spreadsheet that opens the file changes them (007 is 7, "
    "1-2 a day): {places}. Import these columns as text, or use to=xlsx",
    "digits": "{total} whole numbers have more than 15 digits, and a spreadsheet that opens the file rounds them: "
    "{places}. Import these columns as text, or use to=xlsx",
}
_DIGITS = 15  # that Excel keeps
_MONTH = "(jan|feb|f[eé]v|mar|apr|avr|may|mai|ju[nil]|aug|ao[uû]|sep|oct|nov|dec|d[eé]c)[a-zéû]*[.]?"
_ELSE = (  # what a spreadsheet makes something else of
    r"0\d+",
    rf"\d{{{_DIGITS + 1},}}",
    r"\d+([.,]\d+)?e[-+]?\d+",
    r"\d+([-/.,]\d+){1,2}",
    r"\d+([.,]\d+)? ?%",
    r"\(\d+([.,]\d+)?\)",
    r"\d{1,2}:\d\d(:\d\d)?",
    rf"\d{{1,2}}[-/. ]?{_MONTH}",
    rf"{_MONTH}[-/. ]?\d{{1,4}}",
)
_NUMBER = rf"(?i)^\s*({'|'.join(_ELSE)})\s*$"


def write_csv(bundle: Bundle, options: Options, folder: Path) -> list[str]:
    """Write a CSV file per table, and `codebook.csv`. Return what must be told.

    A text that a spreadsheet would take for a formula has an apostrophe in front. What it would take for a number or a
    date stays as it is, as other programs read these files, too: it is told.

    Raises:
        ConfigError: if a text has a character that the encoding lacks.
    """
    manner = SPREADSHEETS[options.locale or bundle.origin.language]
    changes: list[Change] = []
    for table in bundle.tables:
        plain = as_written(table, manner)
        safe = without_formulas(plain)
        changes += _changes(table, plain, safe)
        (folder / f"{table.name}.csv").write_bytes(_encoded(csv_bytes(safe, manner), manner, options, table.name))
    book = without_formulas(codebook_table(bundle))
    (folder / f"{CODEBOOK}.csv").write_bytes(_encoded(csv_bytes(book, manner), manner, options, CODEBOOK))
    return sentences(changes, _CHANGES)


def _changes(table: Table, plain: pl.DataFrame, safe: pl.DataFrame) -> Iterator[Change]:
    """What is guarded, and what a spreadsheet changes when it opens the file."""
    for one in table.variables:
        column, place = plain[one.name], f"{table.name}.{one.name}"
        if one.kind in ("text", "category"):
            yield Change("formula", int((column != safe[one.name]).sum()), place)
            yield Change("number", int(column.str.contains(_NUMBER).sum()), place)
        elif one.kind == "integer":
            yield Change(
                "digits", int((column.cast(pl.String).str.strip_prefix("-").str.len_chars() > _DIGITS).sum()), place
            )


def _encoded(content: bytes, manner: Manner, options: Options, name: str) -> bytes:
    if options.encoding == "utf-8":
        return content
    text = content.decode("utf-8-sig" if manner.bom else "utf-8")
    try:
        return text.encode(options.encoding)
    except UnicodeEncodeError:
        lacking = sum(1 for one in set(text) if not _is_in(one, options.encoding))
        raise ConfigError(
            f"encoding: {options.encoding} lacks {lacking} of the characters in {name}.csv. Use encoding=utf-8, which "
            "spreadsheets read."
        ) from None


def _is_in(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
