"""Rows of some documents taken out of a table, or made empty in it: Parquet by row groups, CSV as text."""

from __future__ import annotations

import csv
import io
import secrets
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from glane.corpus.columns import holds_strings
from glane.corpus.ids import as_ids, id_type
from glane.parquet import ParquetFile, open_parquet, parquet_writer
from glane.tables.records import long_cells

Mask = npt.NDArray[np.bool_]
Names = Collection[str] | Mapping[str, Collection[str]]  # of columns; or of each the ids that it may hold
NAMED = ("id", "document", "document_id", "new_id")  # columns of ids in what glane writes, besides the run's own name
_ALWAYS = ("document", "document_id")  # of these, those in which a short id is one of a document, too
_TELLING, _NUMBER = 6, 9  # signs, and digits of a number, from which on an id can hardly be anything else
ERASED = "erased-"  # begins the id of a row that was made empty


def rows_of(table: pa.Table, ids: Collection[str], names: Names, *, anywhere: bool) -> Mask:
    """The rows of documents with these ids.

    By the columns of these names, each with ids of its own where that is told; and `anywhere`, by those that glane
    calls so, and by every text that is such an id.
    """
    found = np.zeros(table.num_rows, np.bool_)
    for column, asked in _asked(table, ids, names, anywhere=anywhere):
        found |= is_in(column, asked)
    return found


def ids_held(path: Path, ids: Collection[str], names: Names, *, anywhere: bool) -> set[str]:
    """Those of the ids that a Parquet file has rows of, as `rows_of` finds them."""
    found = set[str]()
    for table, _ in groups_of(path, None if anywhere else names):
        for column, asked in _asked(table, ids, names, anywhere=anywhere):
            found.update(_as_texts(column).filter(pa.array(is_in(column, asked))).unique().to_pylist())
    return found


def _asked(
    table: pa.Table, ids: Collection[str], names: Names, *, anywhere: bool
) -> Iterator[tuple[pa.ChunkedArray, Collection[str]]]:
    """The columns of a table in which documents are looked for, each with the ids that are."""
    telling = [one for one in ids if is_telling(one)]
    for name in table.column_names:
        if table.schema.names.count(name) > 1 or not _can_hold(table.schema.field(name).type):
            continue
        if name in names or (anywhere and name in _ALWAYS):
            yield table[name], _of_column(name, ids, names)
        elif anywhere and telling and (name in NAMED or holds_strings(table.schema.field(name).type)):
            yield table[name], telling


def _of_column(name: str, ids: Collection[str], names: Names) -> Collection[str]:
    return names.get(name, ids) if isinstance(names, Mapping) else ids


def is_telling(name: str) -> bool:
    """Whether what is written so can hardly be anything else: numbers of rows are the same in all tables."""
    return len(name) >= (_NUMBER if name.isdigit() else _TELLING)


def is_word(name: str) -> bool:
    """Whether it could be a value of JSON, or a word or a number of anything else."""
    return name.isalpha() or (not is_telling(name) and name.lstrip("-").replace(".", "", 1).isdigit())


def only_telling(columns: Mapping[str, Collection[str]]) -> dict[str, list[str]]:
    """Columns with those of their ids that can hardly be anything else."""
    return {name: [one for one in ids if is_telling(one)] for name, ids in columns.items()}


def groups_of(path: Path, columns: Collection[str] | None = None) -> Iterator[tuple[pa.Table, ParquetFile]]:
    """The row groups of a Parquet file as tables, of these columns if they are told, and the file."""
    with open_parquet(path) as parquet:
        for number in range(parquet.num_row_groups):
            yield parquet.read_row_group(number, columns=None if columns is None else list(columns)), parquet


def count_rows(path: Path, ids: Collection[str], names: Names, *, anywhere: bool) -> int:
    """How many rows of a Parquet file are of these documents; raises as `glane.parquet.open_parquet`."""
    groups = groups_of(path, None if anywhere else names)
    return sum(int(rows_of(table, ids, names, anywhere=anywhere).sum()) for table, _ in groups)


def write_without(
    path: Path, stream: IO[bytes], ids: Collection[str], names: Names, *,
    anywhere: bool, metadata: Mapping[bytes, bytes | str] | None = None,
) -> int:  # fmt: skip
    """Write a Parquet file without the rows of these documents; the others as they are, in their order.

    `metadata` replaces values of the file's own. Returns how many rows are left.
    """
    with open_parquet(path) as parquet:
        schema = parquet.schema_arrow
        schema = schema.with_metadata({**(schema.metadata or {}), **(metadata or {})} or None)
        left = 0
        with parquet_writer(stream, schema) as writer:
            for number in range(parquet.num_row_groups):
                table = parquet.read_row_group(number)
                kept = table.filter(pa.array(~rows_of(table, ids, names, anywhere=anywhere)))
                left += kept.num_rows
                if kept.num_rows:
                    writer.write_table(only_used(kept).replace_schema_metadata(schema.metadata))
    return left


def write_emptied(path: Path, stream: IO[bytes], ids: Collection[str], name: str | None, rows: Collection[int]) -> None:
    """Write a Parquet file in which rows have nothing left: those whose column `name` is such an id, or these numbers.

    The row stays in its place, with an id that tells that it was erased. Other texts of the table that are such an id
    become that one, too. `rows` are counted from 0 over the file, where it has no ids.
    """
    stands_for = {one: f"{ERASED}{secrets.token_hex(4)}" for one in ids}
    with open_parquet(path) as parquet:
        schema = parquet.schema_arrow
        first = 0
        with parquet_writer(stream, schema) as writer:
            for number in range(parquet.num_row_groups):
                table = parquet.read_row_group(number)
                goes = np.isin(np.arange(first, first + table.num_rows), list(rows))
                first += table.num_rows
                if name is not None:
                    goes = goes | is_in(table[name], ids)
                columns = [_emptied(table[one], goes, stands_for, is_id=one == name) for one in table.column_names]
                emptied = pa.Table.from_arrays(columns, schema=_nullable(table.schema, name))
                writer.write_table(only_used(emptied.cast(table.schema)).replace_schema_metadata(schema.metadata))


def only_used(table: pa.Table) -> pa.Table:
    """The same table, whose dictionaries hold no value that no row has: they would be written with it."""
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            plain = table.column(place).cast(field.type.value_type).combine_chunks()
            table = table.set_column(place, field, pc.dictionary_encode(plain).cast(field.type))
        elif (plain_type := _without_dictionaries(field.type)) != field.type:
            table = table.set_column(place, field, table.column(place).cast(plain_type).cast(field.type))
    return table


def _without_dictionaries(kind: pa.DataType) -> pa.DataType:
    """A type with plain values in place of dictionaries, however deep in lists and records."""
    if pa.types.is_dictionary(kind):
        return kind.value_type
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_without_dictionaries(field.type)) for field in kind])
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_without_dictionaries(kind.value_type)))
    if pa.types.is_large_list(kind):
        return pa.large_list(kind.value_field.with_type(_without_dictionaries(kind.value_type)))
    return kind


def csv_without(content: bytes, ids: Collection[str], names: Names) -> tuple[bytes, int] | None:
    """A CSV without the rows of these documents, and how many went; None where it has no column of ids."""
    text = content.decode("utf-8-sig")
    first = text.partition("\n")[0]
    separator, parsed, named = _csv(text, names)
    if not named:
        return None
    shown = {place: _shown(_of_column(parsed[0][place], ids, names)) for place in named}
    kept = [row for row in parsed[1:] if not any(place < len(row) and row[place] in shown[place] for place in named)]
    if len(kept) == len(parsed) - 1:
        return content, 0
    sink = io.StringIO(newline="")
    end = "\r\n" if "\r\n" in text[: len(first) + 2] else "\n"
    csv.writer(sink, delimiter=separator, lineterminator=end).writerows([parsed[0], *kept])
    mark = b"\xef\xbb\xbf" if content.startswith(b"\xef\xbb\xbf") else b""
    return mark + sink.getvalue().encode(), len(parsed) - 1 - len(kept)


def csv_ids_held(content: bytes, ids: Collection[str], names: Collection[str]) -> set[str]:
    """Those of the ids that a CSV has rows of."""
    _, parsed, named = _csv(content.decode("utf-8-sig"), names)
    cells = {row[place] for row in parsed[1:] for place in named if place < len(row)}
    return {one for one in ids if not cells.isdisjoint(_shown([one]))}


def _csv(text: str, names: Collection[str]) -> tuple[str, list[list[str]], list[int]]:
    """What separates the cells of a CSV, its rows with the header, and which of its columns are of ids."""
    first = text.partition("\n")[0]
    separator = ";" if first.count(";") > first.count(",") else "\t" if "\t" in first else ","
    with long_cells():
        parsed = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    named = [place for place, name in enumerate(parsed[0] if parsed else ()) if name in {*names, *NAMED}]
    return separator, parsed, named


def _shown(ids: Collection[str]) -> set[str]:
    return {*ids, *(f"'{one}" for one in ids)}  # an apostrophe keeps a spreadsheet from taking it for a formula


def _emptied(column: pa.ChunkedArray, goes: Mask, stands_for: Mapping[str, str], *, is_id: bool) -> pa.ChunkedArray:
    if is_id or holds_strings(column.type):
        kind = column.type
        cells = [None if cell is None else str(cell) for cell in column.to_pylist()] if is_id else column.to_pylist()
        told = [stands_for.get(cell, cell) if isinstance(cell, str) else cell for cell in cells]
        if is_id and not holds_strings(kind):
            return _numbers(column, goes)
        told = [cell if is_id or not one else None for cell, one in zip(told, goes, strict=True)]
        return pa.chunked_array([pa.array(told, pa.string()).cast(kind)])
    return pa.chunked_array([pc.if_else(pa.array(goes), pa.scalar(None, column.type), column.combine_chunks())])


def _numbers(column: pa.ChunkedArray, goes: Mask) -> pa.ChunkedArray:
    """Ids that are numbers, with others that nobody has where a row is emptied."""
    cells = column.to_pylist()
    taken = min([0, *(cell for cell in cells if cell is not None)])
    new = iter(range(taken - 1, taken - 1 - len(cells), -1))
    return pa.chunked_array(
        [pa.array([next(new) if one else cell for cell, one in zip(cells, goes, strict=True)], column.type)]
    )


def _nullable(schema: pa.Schema, name: str | None) -> pa.Schema:
    return pa.schema([field if field.name == name else field.with_nullable(True) for field in schema], schema.metadata)


def is_in(column: pa.ChunkedArray, ids: Collection[str]) -> Mask:
    """Of each cell of a column of ids, whether it is one of these, written as a result has it."""
    found = pc.is_in(_as_texts(column), value_set=pa.array(list(ids), pa.string()))
    return np.asarray(found.to_numpy(zero_copy_only=False), np.bool_)


def _as_texts(column: pa.ChunkedArray) -> pa.Array:
    """A column of ids, written as a result has them."""
    plain = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    kind = plain.type
    if pa.types.is_floating(kind):  # a table of figures may have such a column, too, with parts of numbers
        plain = pc.if_else(pc.equal(pc.trunc(plain), plain), plain, pa.scalar(None, kind)).cast(pa.int64(), safe=False)
    elif id_type(kind) is not None:
        plain = as_ids(plain, place="")
    return plain.cast(pa.string())


def _can_hold(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return holds_strings(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)
