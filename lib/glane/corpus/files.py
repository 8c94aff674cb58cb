"""The input files: find, open and check them before anything else is started."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from glane.errors import DataError, did_you_mean

_READERS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """One Parquet file. `row_groups` holds (rows, uncompressed bytes of the text column) of each row group."""

    path: str
    num_bytes: int
    mtime_ns: int
    row_groups: tuple[tuple[int, int], ...]
    schema: pa.Schema

    @property
    def num_rows(self) -> int:
        """Rows of the whole file."""
        return sum(rows for rows, _ in self.row_groups)


def find_files(pattern: str) -> list[str]:
    """Return the paths of the Parquet files that a file name, a directory or a glob stands for, sorted.

    Raises:
        DataError: if there is no file.
    """
    path = Path(pattern).expanduser()
    if path.is_dir():
        found = sorted(str(file) for file in path.rglob("*.parquet") if file.is_file())
        if not found:
            raise DataError(f"data.path: no file *.parquet in the directory {pattern}.")
        return found
    if path.is_file():
        return [str(path)]
    found = sorted(file for file in glob.glob(str(path), recursive=True) if Path(file).is_file())
    if not found:
        raise DataError(f"data.path: no file matches {pattern!r}. Give a Parquet file, a directory or a glob.")
    return found


def inspect_files(pattern: str, *, id_column: str, text_column: str, other_columns: Sequence[str]) -> list[InputFile]:
    """Read the footer of every file, and check that the columns are there, with the same type in all files.

    Raises:
        DataError: naming the file, the column, its type, and what would be valid.
    """
    paths = find_files(pattern)
    schemas: dict[pa.Schema, pa.Schema] = {}  # equal schemas are kept once: each takes kilobytes
    with ThreadPoolExecutor(max_workers=_READERS) as pool:  # on a shared file system each read waits for the network
        files = list(pool.map(lambda path: _inspect(path, text_column, schemas), paths))
    first = files[0]
    for file in files:
        for name in dict.fromkeys([id_column, text_column, *other_columns]):
            if name not in file.schema.names:
                setting = {id_column: "data.id_column", text_column: "data.text_column"}.get(
                    name, "data.carry_columns or task.inputs"
                )
                raise DataError(
                    f"{file.path}: no column {name!r}; set {setting}. {did_you_mean(name, file.schema.names)}"
                )
            here, there = file.schema.field(name).type, first.schema.field(name).type
            if here != there:
                raise DataError(
                    f"{file.path}: column {name!r} is {here}, but {there} in {first.path}. Make them alike."
                )
    _check_type(first, id_column, "data.id_column", _is_id)
    _check_type(first, text_column, "data.text_column", is_text)
    if sum(file.num_rows for file in files) == 0:
        raise DataError(f"data.path: the data set {pattern!r} has no rows ({len(files)} file(s)).")
    return files


def _inspect(path: str, text_column: str, schemas: dict[pa.Schema, pa.Schema]) -> InputFile:
    try:
        status = Path(path).stat()
        with pq.ParquetFile(path) as parquet:
            metadata, schema = parquet.metadata, parquet.schema_arrow.remove_metadata()
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
        reason = (
            str(error).splitlines()[0] if isinstance(error, OSError) and error.errno else "not Parquet, or truncated"
        )
        raise DataError(f"{path}: cannot be read ({reason}).") from None
    return InputFile(
        path=path,
        num_bytes=status.st_size,
        mtime_ns=status.st_mtime_ns,
        row_groups=groups,
        schema=schemas.setdefault(schema, schema),
    )


def _check_type(file: InputFile, name: str, setting: str, accepted: Callable[[pa.DataType], bool]) -> None:
    kind = file.schema.field(name).type
    if not accepted(kind):
        fitting = [field.name for field in file.schema if accepted(field.type)]
        raise DataError(
            f"{file.path}: column {name!r} is {kind}; set {setting} to one of: {', '.join(fitting) or '(none fits)'}."
        )


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type holds text. Binary counts as text: it is decoded as UTF-8, row by row."""
    if pa.types.is_dictionary(kind):
        return is_text(kind.value_type)
    return (
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_binary_view(kind)
    )


def _is_id(kind: pa.DataType) -> bool:
    strings = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    return strings or pa.types.is_integer(kind)


def content_digest(path: str) -> str:
    """BLAKE2b of a file's bytes, as 32 hexadecimal digits.

    Raises:
        DataError: if the file cannot be read.
    """
    try:
        with open(path, "rb") as stream:
            return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from None


def content_digests(paths: Iterable[str]) -> list[str]:
    """`content_digest` of each path, in order. Threads help, because hashing releases the interpreter's lock."""
    with ThreadPoolExecutor(max_workers=_READERS) as pool:
        return list(pool.map(content_digest, paths))
