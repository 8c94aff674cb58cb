"""Where programs, and what is expected of them, come from: rows of a run, or files of a folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from glane.errors import ConfigError, DataError
from glane.parquet import read_parquet_frame
from glane.programs.judge import Program
from glane.tables.formats import TableFormat, format_of
from glane.tables.frames import read_frame
from glane.tables.options import TableOptions

_NOT_TRUE = ("approchee", "non_traduite")  # fidelities of a step whose result is not that of the original
_MISSING = ("NA", ".")  # how R and SAS write that there is no value
_MOST_PROGRAM_BYTES = 1 << 20
COLUMNS = ("language_detected", "input_tables", "output_tables", "row_order_matters", "steps", "unsupported", "program")


def of_rows(rows: Iterable[Mapping[str, Any]], *, id_column: str) -> list[Program]:
    """The programs of rows of a run of `program_translation`."""
    return [_of_row(row, id_column) for row in rows]


def _of_row(row: Mapping[str, Any], id_column: str) -> Program:
    steps = [one["fidelity"] for one in row.get("steps") or () if one]
    return Program(
        id=str(row[id_column]),
        text=row.get("program") or None,
        reason=row.get("reason"),
        is_answered=row["status"] == "OK",
        language=row.get("language_detected"),
        inputs=tuple(one["name"] for one in row.get("input_tables") or () if one and one["name"]),
        outputs=tuple(one for one in row.get("output_tables") or () if one),
        is_in_order=bool(row.get("row_order_matters")),
        unsupported=None if row.get("unsupported") is None else len(row["unsupported"]),
        approximate=sum(one in _NOT_TRUE for one in steps),
    )


def of_folder(folder: Path) -> list[Program]:
    """The programs of a folder: each file NAME.py.

    Raises:
        ConfigError: if there is none, or one is too large or no UTF-8.
    """
    paths = sorted(folder.glob("*.py")) if folder.is_dir() else []
    if not paths:
        raise ConfigError(f"programs: {folder} holds no file NAME.py with a function run. Name such a folder.")
    return [Program(id=path.stem, text=_text(path)) for path in paths]


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MOST_PROGRAM_BYTES:
            raise ConfigError(f"programs: {path} has more than {_MOST_PROGRAM_BYTES:,} bytes. Leave it out.")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"programs: {path} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise ConfigError(f"programs: {path} is not UTF-8. Save it so.") from None


def folders(programs: Iterable[Program]) -> list[str]:
    """A name of a folder for each program: its id, with other signs than letters, digits, . and - as _."""
    found: list[str] = []
    for one in programs:
        name = re.sub(r"[^A-Za-z0-9.-]+", "_", one.id).strip("._") or "program"
        number, told = 2, name[:100]
        while told in found:
            told, number = f"{name[:100]}_{number}", number + 1
        found.append(told)
    return found


def expected_of(folder: Path) -> dict[str, pl.DataFrame]:
    """The tables that an original program made, by their names in lower case: files NAME.parquet, .csv, .sas7bdat, …

    Raises:
        DataError: if one cannot be read, or two are of one name.
    """
    found: dict[str, pl.DataFrame] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix != ".parquet" and format_of(path) is None:
            continue
        name = path.stem.lower()
        if name in found:
            raise DataError(f"expected: {folder} holds two tables {name!r}. Keep one.")
        found[name] = _table(path)
    return found


def _table(path: Path) -> pl.DataFrame:
    if path.suffix == ".parquet":
        try:
            return read_parquet_frame(path)
        except (OSError, pa.ArrowException, pl.exceptions.PolarsError):
            raise DataError(f"expected: {path} is no Parquet file that can be read.") from None
    is_text = format_of(path) is TableFormat.DELIMITED
    if is_text and _is_header_alone(path):
        return pl.read_csv(path, infer_schema=False, truncate_ragged_lines=True)
    try:
        return read_frame(path, TableOptions(null_values=_MISSING) if is_text else None, place="expected")[0]
    except DataError as error:
        raise DataError(f"expected: {error}") from None


def _is_header_alone(path: Path) -> bool:
    with path.open("rb") as stream:
        return sum(bool(line.strip()) for line in (stream.readline(), stream.readline(), stream.readline())) == 1
