"""Which files are tables, by their endings, and which options go with each format."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from glane.errors import ConfigError
from glane.tables.options import TableOptions

PACKED = (".gz", ".zst")


class TableFormat(StrEnum):
    """A format that is read; the value is how it is told."""

    DELIMITED = "delimited text"
    JSON_LINES = "JSON lines"
    JSON = "an array of JSON"
    SHEET = "a spreadsheet file"
    SAS = "SAS7BDAT"
    XPORT = "SAS transport"
    SPSS = "SPSS"
    STATA = "Stata"
    ARROW = "Arrow"
    DUCKDB = "DuckDB"


_ENDINGS = {
    **dict.fromkeys((".csv", ".tsv", ".tab", ".txt"), TableFormat.DELIMITED),
    **dict.fromkeys((".jsonl", ".ndjson"), TableFormat.JSON_LINES),
    ".json": TableFormat.JSON,
    **dict.fromkeys((".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"), TableFormat.SHEET),
    ".sas7bdat": TableFormat.SAS,
    **dict.fromkeys((".xpt", ".xport"), TableFormat.XPORT),
    **dict.fromkeys((".sav", ".zsav"), TableFormat.SPSS),
    ".dta": TableFormat.STATA,
    **dict.fromkeys((".feather", ".arrow", ".ipc", ".arrows"), TableFormat.ARROW),
    **dict.fromkeys((".duckdb", ".ddb"), TableFormat.DUCKDB),
}
_TEXTS = (
    "separator",
    "quote",
    "encoding",
    "decimal",
    "thousands",
    "dates",
    "null_values",
    "keep_as_text",
    "header_row",
)
_OPTIONS: dict[TableFormat, tuple[str, ...]] = {
    TableFormat.DELIMITED: _TEXTS,
    TableFormat.SHEET: ("sheet", "header_row"),
    TableFormat.SAS: ("encoding",),
    TableFormat.XPORT: ("encoding",),
    TableFormat.SPSS: ("encoding",),
    TableFormat.STATA: ("encoding",),
    TableFormat.DUCKDB: ("table", "query"),
}
ENDINGS = tuple(_ENDINGS)
_MAY_BE_PACKED = (TableFormat.DELIMITED, TableFormat.JSON_LINES)


def format_of(path: str | Path) -> TableFormat | None:
    """The format that the name of a file tells; None if it tells none that is read."""
    path = Path(path)
    ending = path.suffix.lower()
    if ending in PACKED:
        found = _ENDINGS.get(Path(path.stem).suffix.lower())
        return found if found in _MAY_BE_PACKED else None
    return _ENDINGS.get(ending)


def refuse_options(path: str | Path, options: TableOptions, *, place: str = "data") -> None:
    """Refuse options that say nothing of the format of a file; of Parquet, all of them.

    Raises:
        ConfigError: naming the first one.
    """
    found = format_of(path)
    valid = () if found is None else _OPTIONS.get(found, ())
    what = "Parquet" if found is None else found.value
    for name in options.told():
        if name not in valid:
            keys = ", ".join(f"{place}.{one}" for one in valid)
            go = f"{what} takes {keys}" if valid else f"{what} takes no such option"
            raise ConfigError(f"{place}.{name}: {Path(path).name} is read as {what}. Leave it out: {go}.")
    if "table" in options.told() and "query" in options.told():
        raise ConfigError(f"{place}.query: stands in the place of {place}.table; give one of both.")
