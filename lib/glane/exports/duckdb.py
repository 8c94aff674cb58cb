"""A DuckDB file: tables with keys, categories as enumerations, and a comment on every column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from glane.errors import RunError
from glane.exports.bundle import Bundle, Kind, Table, Variable
from glane.exports.codebook import codebook_table
from glane.exports.target import Options
from glane.exports.words import CODEBOOK
from glane.offline import OFFLINE

FILE = "values.duckdb"
_TYPES: Mapping[Kind, str] = {
    "text": "VARCHAR",
    "boolean": "BOOLEAN",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "date": "DATE",
    "time": "TIME",
    "datetime": "TIMESTAMP",
}
_ROWS = "__rows"  # what rows are inserted from: names of tables begin with a letter, so it hides none
_REFUSED = (duckdb.IOException, duckdb.TransactionException, duckdb.FatalException)  # what a full disk leads to


def write_duckdb(bundle: Bundle, _: Options, folder: Path) -> Sequence[str]:
    """Write `values.duckdb`: the tables, and the codebook as one.

    Raises:
        RunError: if the file system refuses.
    """
    try:
        _write_file(bundle, folder / FILE)
    except _REFUSED as error:
        raise RunError(
            f"out.dir: {FILE} could not be written ({type(error).__name__}). Free space on the disk, or choose another "
            "out.dir, and run the same command again."
        ) from None
    return []


def _write_file(bundle: Bundle, path: Path) -> None:
    with duckdb.connect(path, config=OFFLINE) as connection:
        for table in bundle.tables:
            _write(connection, table)
        book = codebook_table(bundle).to_arrow()
        connection.register(_ROWS, book)
        connection.execute(f"CREATE TABLE {CODEBOOK} AS SELECT * FROM {_ROWS}")
        connection.execute("CHECKPOINT")


def _write(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    columns = [f"{one.name} {_type(one, table)}" for one in table.variables]
    columns.append(f"PRIMARY KEY ({', '.join(table.key)})")
    if table.parent is not None:
        shared = ", ".join(table.key[:-1])
        columns.append(f"FOREIGN KEY ({shared}) REFERENCES {table.parent} ({shared})")
    connection.execute(f"CREATE TABLE {table.name} ({', '.join(columns)})")
    connection.register(_ROWS, table.rows.to_arrow())
    connection.execute(f"INSERT INTO {table.name} SELECT * FROM {_ROWS}")
    connection.unregister(_ROWS)
    connection.execute(f"COMMENT ON TABLE {table.name} IS {_text(table.description)}")
    for one in table.variables:
        connection.execute(f"COMMENT ON COLUMN {table.name}.{one.name} IS {_text(one.description)}")


def _type(one: Variable, table: Table) -> str:
    if one.categories:
        return f"ENUM ({', '.join(map(_text, one.categories))})"
    if one.kind == "integer" and not table.rows.schema[one.name].is_signed_integer():
        return "HUGEINT"
    return "TIMESTAMPTZ" if one.zone is not None else _TYPES[one.kind]


def _text(value: str) -> str:
    """A text in SQL."""
    return "'" + value.replace("'", "''").replace("\x00", "") + "'"
