"""CSV for spreadsheets, with the separators of a country, and the codebook beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from glane.errors import ConfigError
from glane.exports.bundle import Bundle
from glane.exports.codebook import codebook_table
from glane.exports.delimited import Manner, as_written, csv_bytes
from glane.exports.target import Options
from glane.exports.words import CODEBOOK
from glane.spreadsheets import without_formulas
from glane.types import Language

_MANNERS: Mapping[Language, Manner] = {
    "fr": Manner(separator=";", decimal_comma=True, bom=True, line_end="\r\n"),
    "en": Manner(line_end="\r\n"),
}


def write_csv(bundle: Bundle, options: Options, folder: Path) -> list[str]:
    """Write a CSV file per table, and `codebook.csv`. Return what must be told.

    A text that a spreadsheet would take for a formula has an apostrophe in front.

    Raises:
        ConfigError: if a text has a character that the encoding lacks.
    """
    manner = _MANNERS[options.locale or bundle.origin.language]
    guarded = 0
    for table in bundle.tables:
        plain = as_written(table, manner)
        safe = without_formulas(plain)
        guarded += sum(
            int((plain[name] != safe[name]).sum()) for name in plain.columns if plain[name].dtype == pl.String
        )
        (folder / f"{table.name}.csv").write_bytes(_encoded(csv_bytes(safe, manner), manner, options, table.name))
    book = without_formulas(codebook_table(bundle))
    (folder / f"{CODEBOOK}.csv").write_bytes(_encoded(csv_bytes(book, manner), manner, options, CODEBOOK))
    if not guarded:
        return []
    return [f"{guarded} texts that a spreadsheet would take for a formula have an apostrophe in front"]


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
