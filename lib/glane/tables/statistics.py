"""Files of SAS, SPSS and Stata, by pyreadstat: dates as dates, and labels of values in a column beside the codes."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyreadstat

from glane.errors import DataError
from glane.tables.formats import TableFormat
from glane.tables.options import TableOptions
from glane.tables.reading import Reading, listed

_READERS: Mapping[TableFormat, Callable[..., Any]] = {
    TableFormat.SAS: pyreadstat.read_sas7bdat,
    TableFormat.XPORT: pyreadstat.read_xport,
    TableFormat.SPSS: pyreadstat.read_sav,
    TableFormat.STATA: pyreadstat.read_dta,
}
_TYPES: tuple[tuple[type, pa.DataType], ...] = (
    (datetime.datetime, pa.timestamp("us")),
    (datetime.date, pa.date32()),
    (datetime.time, pa.time64("us")),
    (str, pa.string()),
    (float, pa.float64()),
    (int, pa.int64()),
)
_MOST_CELLS = 2_000_000  # in memory at once
_LABEL = "_label"
_Columns = Mapping[str, list[Any]]


def read_statistics(source: Path, kind: TableFormat, options: TableOptions) -> Reading:
    """Read a file of a statistics package: codes as they are, and what labels say of them in `<column>_label`.

    Raises:
        DataError: if it cannot be read, or has other cells than its variables tell.
    """
    file = _File(source, _READERS[kind], options.encoding)
    meta = file.meta
    types = _types(file)
    labels = {
        name: dict(said)
        for name, said in meta.variable_value_labels.items()
        if said and name in types and f"{name}{_LABEL}" not in types
    }
    fields = []
    for name, one in types.items():
        fields.append(pa.field(name, one))
        fields += [pa.field(f"{name}{_LABEL}", pa.string())] * (name in labels)
    notes = []
    if labels:
        notes.append(f"labels of values stand beside their codes, as {listed([f'{name}{_LABEL}' for name in labels])}")
    if missing := [*meta.missing_ranges, *meta.missing_user_values]:
        notes.append(f"kinds of missing values that the file defines are all empty: {listed(missing)}")
    schema = pa.schema(fields)
    return Reading(
        schema=schema,
        batches=_batches(file, schema, types, labels),
        facts={"encoding": options.encoding},
        notes=notes,
    )


class _File:
    """A file, read in parts of some rows."""

    def __init__(self, source: Path, reader: Callable[..., Any], encoding: str | None) -> None:
        self._source, self._reader, self._encoding = source, reader, encoding
        _, self.meta = self._read(metadataonly=True, user_missing=True)
        self._rows = max(1, _MOST_CELLS // max(1, len(self.meta.column_names)))
        self._first: _Columns | None = None
        if len(set(self.meta.column_names)) < len(self.meta.column_names):
            raise DataError(f"{source}: has two variables of one name. Rename one of them and export it again.")

    def parts(self) -> Iterator[_Columns]:
        """The columns of some rows after another. The first part is kept: it is mostly all of them."""
        offset = 0
        while True:
            if offset == 0 and self._first is not None:
                columns = self._first
            else:
                columns, _ = self._read(row_offset=offset, row_limit=self._rows, output_format="dict")
            if offset == 0:
                self._first = columns
            num = max((len(column) for column in columns.values()), default=0)
            if num:
                yield columns
            if num < self._rows:
                return
            offset += num

    def _read(self, **how: Any) -> Any:
        if "metadataonly" in how and self._reader is pyreadstat.read_xport:
            how.pop("user_missing")
        try:
            return self._reader(str(self._source), encoding=self._encoding, **how)
        except pyreadstat.ReadstatError as error:
            raise DataError(
                f"{self._source}: cannot be read ({_said(error)}). If its accents are the reason, set data.encoding; "
                "else export it again."
            ) from None
        except (OverflowError, ValueError, UnicodeError) as error:
            raise DataError(
                f"{self._source}: a date or a text in it cannot be read ({type(error).__name__}). Mend it where the "
                "table is made, or set data.encoding."
            ) from None


def _said(error: Exception) -> str:
    """What the library says; its messages are fixed sentences, and a value in quotes would stand behind a colon."""
    return str(error).split(":", 1)[0]


def _types(file: _File) -> dict[str, pa.DataType]:
    """The type of each column, by all its values; of one without any, by how the file stores it."""
    seen: dict[str, set[type]] = {name: set() for name in file.meta.column_names}
    for columns in file.parts():
        for name, values in columns.items():
            seen[name].update(set(map(type, values)))
    return {name: _type(kinds, file.meta.readstat_variable_types.get(name)) for name, kinds in seen.items()}


def _type(kinds: set[type], stored: str | None) -> pa.DataType:
    for kind, one in _TYPES:
        if any(issubclass(found, kind) for found in kinds):
            return one
    return pa.string() if stored == "string" else pa.float64()


def _batches(
    file: _File, schema: pa.Schema, types: Mapping[str, pa.DataType], labels: Mapping[str, Mapping[Any, str]]
) -> Iterator[pa.Table]:
    for columns in file.parts():
        made = []
        for name, one in types.items():
            values = columns[name]
            made.append(pa.array(_plain(values, one), one))
            if name in labels:
                made.append(pa.array([labels[name].get(value) for value in values], pa.string()))
        yield pa.table(made, schema=schema)


def _plain(values: list[Any], kind: pa.DataType) -> list[Any]:
    """Values of one type: a whole number among doubles is one, and a code of a missing value among dates is none."""
    if pa.types.is_floating(kind):
        return [None if value is None or value != value else float(value) for value in values]
    if pa.types.is_string(kind):
        return [value if isinstance(value, str) else None for value in values]
    return [None if value is None or (isinstance(value, float) and value != value) else value for value in values]
