"""The input files: open and check them before anything else is started."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from glane.corpus.columns import is_text
from glane.corpus.converted import tables_of
from glane.corpus.find import Found, find_files
from glane.corpus.formats import conversion
from glane.corpus.ids import id_type
from glane.corpus.pseudonymised import MARK
from glane.corpus.readable import refuse_unreadable
from glane.corpus.unchanged import Identity, KnownFile, identity
from glane.errors import DataError, did_you_mean
from glane.parquet import open_parquet
from glane.tables.formats import ENDINGS as TABLES
from glane.type_words import both_type_words, type_words

_READERS = 8
_FOLDERS = 10  # told one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """One Parquet file. `row_groups` holds (rows, uncompressed bytes of the text column) of each row group."""

    path: str
    identity: Identity
    row_groups: tuple[tuple[int, int], ...]
    schema: pa.Schema
    mark: bytes | None = None  # what it says of pseudonyms in it
    table: str | None = None  # the name of the table of another format of which it was made

    @property
    def name(self) -> str:
        """What messages call it: the table that the user gave, where the Parquet is glane's own."""
        return self.table or self.path

    def row(self, number: int) -> str:
        """What messages call a row, counted from 1."""
        return (
            f"row {number} of {self.path}" if self.table is None else f"row {number} below the header of {self.table}"
        )

    @property
    def num_rows(self) -> int:
        """Rows of the whole file."""
        return sum(rows for rows, _ in self.row_groups)

    def known(self, digest: str) -> KnownFile:
        """The file as a run remembers it, with the digest of its content (empty if none was taken)."""
        return KnownFile(
            path=str(Path(self.path).resolve()),
            rows=self.num_rows,
            bytes=self.identity.num_bytes,
            mtime_ns=self.identity.mtime_ns,
            ctime_ns=self.identity.ctime_ns,
            inode=self.identity.inode,
            digest=digest,
        )


def inspect_files(
    found: Found | str,
    *,
    id_column: str,
    text_column: str,
    carry_columns: Sequence[str] = (),
    input_columns: Sequence[str] = (),
    number_rows: bool = False,
    group_by: str | None = None,
    order_by: str | None = None,
) -> list[InputFile]:
    """Read the footer of every file, and check that the columns are there, with the same type in all files.

    `found` may be the pattern itself. With `number_rows` the ids are the numbers of the rows, and `id_column` is only
    their name in the result.

    Raises:
        DataError: naming the file, the column, its type, and what would be valid.
    """
    found = find_files(found) if isinstance(found, str) else found
    schemas: dict[pa.Schema, pa.Schema] = {}  # equal schemas are kept once: each takes kilobytes
    tables = {folder: tables_of(folder) for folder in {str(Path(path).parent) for path in found.paths}}
    with ThreadPoolExecutor(max_workers=_READERS) as pool:  # on a shared file system each read waits for the network
        files = list(pool.map(lambda path: _inspect(path, text_column, schemas, tables), found.paths))
    settings = dict.fromkeys(input_columns, "task.inputs") | dict.fromkeys(carry_columns, "data.carry_columns")
    settings |= {text_column: "data.text_column"} | ({} if number_rows else {id_column: "data.id_column"})
    settings |= {} if group_by is None else {group_by: "data.group_by"}
    settings |= {} if order_by is None or order_by in settings else {order_by: "data.order_by"}
    firsts: dict[int, InputFile] = {}  # the first file of each schema
    for file in files:
        firsts.setdefault(id(file.schema), file)
    _refuse_odd(list(firsts.values()), settings)
    for file in firsts.values():
        for name, setting in settings.items():
            check_column(file, files[0], name, setting)
        if number_rows and id_column in file.schema.names:
            raise DataError(
                f"{file.name}: has a column {id_column!r}, and data.number_rows=true would make another of that name. "
                "Leave data.number_rows out, or set data.id_column to a new name."
            )
    if not number_rows:
        _check_type(files[0], id_column, "data.id_column", lambda kind: id_type(kind) is not None)
    if group_by is not None:
        _check_type(files[0], group_by, "data.group_by", lambda kind: id_type(kind) is not None)
    _check_type(files[0], text_column, "data.text_column", is_text)
    refuse_unreadable(pa.schema([files[0].schema.field(name) for name in carry_columns]), place=files[0].name)
    if sum(file.num_rows for file in files) == 0:
        raise DataError(f"data.path: the data set {found.pattern!r} has no rows ({len(files)} file(s)).")
    return files


def _refuse_odd(files: Sequence[InputFile], names: Iterable[str]) -> None:
    """Of several files, refuse one that is of another kind: it lacks a column that another file has with all others."""
    whole = next((file for file in files if set(names) <= set(file.schema.names)), None)
    for file in files:
        if whole is not None and (lacking := [name for name in names if name not in file.schema.names]):
            raise DataError(
                f"{file.name}: no column {lacking[0]!r}: this file has other columns than {whole.name}. Leave it out "
                "of data.path, or give it the same columns."
            )


def folder_lines(files: Sequence[InputFile]) -> list[str]:
    """What is read, a line per folder: files and rows. Of many folders, the first ones and the number of the others."""
    count, rows = Counter[str](), Counter[str]()
    for file in files:
        folder = str(Path(file.path).parent)
        count[folder] += 1
        rows[folder] += file.num_rows
    lines = [f"input {folder}: {count[folder]} file(s), {rows[folder]} rows" for folder in list(count)[:_FOLDERS]]
    rest = list(count)[_FOLDERS:]
    if rest:
        of_rest = sum(count[one] for one in rest), sum(rows[one] for one in rest)
        lines.append(f"input {len(rest)} more folders: {of_rest[0]} file(s), {of_rest[1]} rows")
    return lines


def check_column(file: InputFile, first: InputFile, name: str, setting: str) -> None:
    """Check that a file has one column of a name, of the type that it has in the first file.

    Raises:
        DataError: naming file, column and the `setting` that names it.
    """
    number = file.schema.names.count(name)
    if number == 0:
        hint = did_you_mean(name, file.schema.names)
        numbers = " Or set data.number_rows=true: the rows are numbered then." if setting == "data.id_column" else ""
        raise DataError(f"{file.name}: no column {name!r}; set {setting}. {hint}{numbers}")
    if number > 1:
        raise DataError(f"{file.name}: {number} columns are called {name!r}. Rename all but one, or set {setting}.")
    here, there = file.schema.field(name).type, first.schema.field(name).type
    if here != there:
        told, first_told = both_type_words(here, there)
        raise DataError(f"{file.name}: column {name!r} is {told}, but {first_told} in {first.name}. Make them alike.")


def _inspect(
    path: str, text_column: str, schemas: dict[pa.Schema, pa.Schema], tables: Mapping[str, Mapping[str, str]]
) -> InputFile:
    try:
        before = identity(path)
        with open_parquet(path) as parquet:
            metadata, schema = parquet.metadata, parquet.schema_arrow.remove_metadata()
            mark = (metadata.metadata or {}).get(MARK)
            columns = (
                [metadata.row_group(0).column(i).path_in_schema for i in range(metadata.num_columns)]
                if metadata.num_row_groups
                else []
            )
            text = columns.index(text_column) if text_column in columns else None
            groups = tuple(
                (group.num_rows, group.column(text).total_uncompressed_size if text is not None else 0)
                for group in (metadata.row_group(i) for i in range(metadata.num_row_groups))
            )
    except (pa.ArrowInvalid, pa.ArrowException, OSError) as error:
        raise unreadable_file(path, error) from None
    return InputFile(
        path=path,
        identity=before,
        row_groups=groups,
        schema=schemas.setdefault(schema, schema),
        mark=mark,
        table=tables[str(Path(path).parent)].get(Path(path).name),
    )


def _check_type(file: InputFile, name: str, setting: str, accepted: Callable[[pa.DataType], bool]) -> None:
    kind = file.schema.field(name).type
    if not accepted(kind):
        fitting = [field.name for field in file.schema if accepted(field.type)]
        raise DataError(
            f"{file.name}: column {name!r} is {type_words(kind)}; set {setting} to one of: "
            f"{', '.join(fitting) or '(none fits)'}."
        )


def unreadable_file(path: str, error: Exception) -> DataError:
    """The error for a file that cannot be read as Parquet: what it is, and what helps."""
    if isinstance(error, OSError) and error.errno:
        return DataError(f"{path}: cannot be read ({error.strerror}).")
    return DataError(f"{path}: cannot be read ({_what_it_is(path)}")


def _what_it_is(path: str) -> str:
    """What a file is that cannot be read as Parquet, and what helps."""
    with open(path, "rb") as stream:
        begin = stream.read(4)
    if begin == b"PARE":
        return (
            "Parquet with an encrypted footer, and damaged, or not encrypted by glane). Copy it again, or give a file "
            "that is not encrypted."
        )
    if begin == b"PAR1":
        return "Parquet, but truncated or damaged). Copy it again."
    advice = conversion(path) or f"Give a Parquet file, or a table whose name says what it is ({', '.join(TABLES)})."
    return f"not Parquet). {advice}"
