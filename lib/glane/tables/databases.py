"""DuckDB files: a table or the result of a query, read without changing the file, without extensions and network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from glane.errors import DataError, did_you_mean
from glane.offline import OFFLINE
from glane.tables.options import TableOptions
from glane.tables.reading import BATCH_ROWS, Reading, in_batches, named

# These tell of the query and of names; what others say may quote cells.
_OPEN_WORDS = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException)


def read_duckdb(source: Path, options: TableOptions, folder: Path | None) -> Reading:
    """Read the table `options.table`, the only table there is, or what `options.query` gives.

    Large sorts are put down in `folder`, not beside the database; without one they must fit into memory.

    Raises:
        DataError: if there is no such table, several, or the query fails or is none.
    """
    connection = _connected(source, folder)
    try:
        query, facts = _query(connection, source, options)
        reader: Any = connection.execute(query).to_arrow_reader(BATCH_ROWS)
    except duckdb.Error as error:
        connection.close()
        raise _failed(source, error) from None
    except DataError:
        connection.close()
        raise
    names, notes = named(reader.schema.names)
    schema = pa.schema([one.with_name(name) for one, name in zip(reader.schema, names, strict=True)])
    return Reading(schema=schema, batches=_batches(source, connection, reader, schema), facts=facts, notes=notes)


def _connected(source: Path, folder: Path | None) -> duckdb.DuckDBPyConnection:
    precautions = OFFLINE | {
        "enable_external_access": False,  # a query reads this file, and no other
        "temp_directory": str(folder or ""),
        "lock_configuration": True,
    }
    try:
        return duckdb.connect(source, read_only=True, config=precautions)
    except duckdb.Error as error:
        is_held = "lock" in str(error).lower()
        what = (
            "is open in another program, which may write to it"
            if is_held
            else "is no DuckDB file, or of a newer version"
        )
        raise DataError(f"{source}: {what} ({type(error).__name__}). Close it there, or export the table.") from None


def _query(
    connection: duckdb.DuckDBPyConnection, source: Path, options: TableOptions
) -> tuple[duckdb.Statement | str, dict[str, Any]]:
    if options.query is not None:
        statements = duckdb.extract_statements(options.query)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise DataError("data.query: give a single query (SELECT …), which changes nothing.")
        return statements[0], {"query": options.query}
    rows = connection.execute("SELECT table_schema, table_name FROM information_schema.tables ORDER BY ALL").fetchall()
    found = {(name if schema == "main" else f"{schema}.{name}"): (schema, name) for schema, name in rows}
    if not found:
        raise DataError(f"{source}: holds no table.")
    if options.table is None and len(found) > 1:
        raise DataError(f"{source}: holds {len(found)} tables. Set data.table to one of them: {', '.join(found)}.")
    table = options.table or next(iter(found))
    if table not in found:
        raise DataError(f"data.table: {source} has no table {table!r}. {did_you_mean(table, found)}")
    quoted = ".".join('"' + part.replace('"', '""') + '"' for part in found[table])
    return f"SELECT * FROM {quoted}", {"table": table}


def _batches(
    source: Path, connection: duckdb.DuckDBPyConnection, reader: pa.RecordBatchReader, schema: pa.Schema
) -> Iterator[pa.Table]:
    try:
        for batch in reader:
            batch.validate(full=True)  # HUGEINT goes beyond what Arrow's decimals hold
            yield from in_batches(pa.Table.from_arrays(batch.columns, schema=schema))
    except (duckdb.Error, pa.ArrowException) as error:
        raise _failed(source, error) from None
    finally:
        connection.close()


def _failed(source: Path, error: Exception) -> DataError:
    said = str(error).splitlines()[0] if isinstance(error, _OPEN_WORDS) else type(error).__name__
    return DataError(f"{source}: the query failed ({said}). It reads this file alone, without extensions.")
