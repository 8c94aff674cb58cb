"""What an assessment reads and writes: Parquet files by path, and folders of files that appear whole or not at all."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import polars as pl
import pyarrow as pa

from glane.corpus.files import unreadable_file
from glane.corpus.find import find_files
from glane.corpus.ids import as_ids
from glane.corpus.readable import readable
from glane.errors import DataError, RunError
from glane.languages import say
from glane.parquet import is_encrypted, open_parquet, write_parquet_frame
from glane.rewritten import original_digest
from glane.run.links import RunLink
from glane.run.unaltered import refuse_altered_around
from glane.run.whole import refuse_mixed
from glane.run.written import (
    WRITTEN,
    digest_of,
    read_written,
    refuse_inside_run,
    standing,
    writing,
)
from glane.storage import replace_file, storage_errors, write_once
from glane.tables.advice import advised
from glane.tables.frames import is_table, read_frame

_FILE_MODE, _FOLDER_MODE = 0o600, 0o700  # what is written holds values of documents
_BATCH_ROWS = 65_536
_SETTING = "out.dir"  # that of every job here


def read_table(path: str, *, place: str) -> pl.DataFrame:
    """Read a Parquet file, all files of a directory or a glob, or tables of other formats as `data.path` takes them.

    What was found out of these is told on stderr.

    Raises:
        DataError: if there is none, it is no table, the files differ in their columns, or one is of a result that glane
            did not write to its end.
    """
    files = find_files(path, place=place).paths
    refuse_altered_around(files)
    for file in files:
        refuse_mixed(Path(file), place=place)
    frames = [_read_other(file, place) if is_table(file) else _read(file) for file in files]
    try:
        return pl.concat(frames)
    except pl.exceptions.PolarsError:
        raise DataError(f"{place}: the files of {path} have different columns or types. Make them alike.") from None


def _read_other(path: str, place: str) -> pl.DataFrame:
    try:
        frame, shape = read_frame(path)
    except DataError as error:
        raise DataError(f"{place}: {advised(error, path)}") from None
    for line in shape.lines():
        say(f"note: {place}: {line}", to=sys.stderr)
    return frame


def _read(path: str) -> pl.DataFrame:
    """One Parquet file. Where text is not UTF-8, it is replaced: a bad cell costs its row only."""
    try:
        with open_parquet(path) as parquet:
            batches = [
                pa.table([_shown(column, path) for column in batch.columns], batch.schema.names)
                for batch in parquet.iter_batches(_BATCH_ROWS)
            ]
            table = pa.concat_tables(batches) if batches else parquet.schema_arrow.empty_table()
        return cast(pl.DataFrame, pl.from_arrow(table.replace_schema_metadata(None)))
    except (OSError, pa.ArrowException, pl.exceptions.PolarsError) as error:
        raise unreadable_file(path, error) from None


def _shown(column: pa.Array, path: str) -> pa.Array:
    return as_ids(column, place=path) if isinstance(column.type, pa.UuidType) else readable(column)


def write_folder(
    folder: str | Path,
    files: Mapping[str, bytes],
    *,
    of: Sequence[RunLink] = (),
    is_final: bool = False,
    forget: Sequence[str] | None = None,
) -> None:
    """Write files into a folder, each in one step, readable by their owner only, that are one result together.

    A file that is there already is replaced only if this command wrote it, and nobody changed it since: `.glane-files`
    tells, and which runs the files are of. The first of `files` tells one command's from another's. See
    `glane.run.written.writing`, also for `is_final` and `forget`.

    Raises:
        RunError: if the folder lies in a run, holds a file of that name that is not this command's, or the file system
            refuses.
    """
    root = _made(folder)
    digests = {name: digest_of(content) for name, content in files.items()}
    with writing(root, digests, setting=_SETTING, of=of, is_final=is_final, forget=forget):
        for name, content in files.items():
            replace_file(
                root / name,
                lambda stream, content=content: stream.write(content),  # type: ignore[misc]
                mode=_FILE_MODE, setting=_SETTING,
            )  # fmt: skip


def take_away(folder: str | Path, names: Iterable[str], *, of: str, is_strict: bool) -> list[str]:
    """Remove files of an earlier call of the same command, which stand for nothing beside what is written now.

    Only those that `.glane-files` proves to be as glane wrote them.

    Args:
        folder: Of the files; it need not be there.
        names: Of them.
        of: The file that tells that this command wrote the folder.
        is_strict: Whether to refuse a folder with a file of that name that is not proven to be glane's.

    Returns:
        The names of those that were there.

    Raises:
        RunError: for such a file, if what is there is final, or if the file system refuses.
    """
    root = Path(folder).expanduser()
    written = read_written(root)
    call = written.calls.get(of)
    there_now = None if call is None else standing(root, call)
    if there_now is not None and there_now.is_final:
        raise RunError(f"out.dir: what is in {root} was signed, and is not removed. Choose another out.dir.")
    there = [name for name in names if (root / name).exists() or (root / name).is_symlink()]
    proven = []
    for name in there:
        path = root / name
        if of in written.names and path.is_file() and digest_of(path) in written.digests.get(name, ()):
            proven.append(name)
        elif is_strict:
            raise RunError(
                f"out.dir: {path} is there, {WRITTEN} does not prove that glane wrote it so, and what is written now "
                "may leave. Choose another out.dir, or move the file."
            )
    for name in proven:
        with storage_errors(root / name, setting=_SETTING):
            (root / name).unlink()
    return proven


def written_line(folder: str, write: Callable[[str], Sequence[str]]) -> str:
    """Have `write` write files into a folder, and tell in a line which, and whether they replaced earlier ones."""
    root = _no_file(folder)
    earlier = set(_there(root, read_written(root).names))
    names = write(folder)
    return f"{folder}: {', '.join(names)}" + (" (earlier ones replaced)" if earlier & set(names) else "")


def _there(root: Path, names: Iterable[str]) -> list[str]:
    return [name for name in names if (root / name).exists()]


def write_new_file(folder: str | Path, name: str, content: bytes) -> bool:
    """Write a file into a folder, in one step, readable by its owner only. Return False if it was there already.

    It is never replaced: `.glane-files` does not name it.

    Raises:
        RunError: if the folder lies in a run, or the file system refuses.
    """
    path = _made(folder) / name

    return write_once(path, lambda stream: stream.write(content), mode=_FILE_MODE, setting=_SETTING)


def _no_file(folder: str | Path) -> Path:
    root = Path(folder).expanduser()
    if root.exists() and not root.is_dir():
        raise RunError(f"out.dir: {folder} is a file. Choose another directory.")
    return root


def _made(folder: str | Path) -> Path:
    """The folder, which is now there."""
    root = _no_file(folder)
    refuse_inside_run(root, setting=_SETTING)
    with storage_errors(root, setting=_SETTING):
        root.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
    return root


def as_parquet(table: pl.DataFrame, *, there: Path | None = None) -> bytes:
    """The bytes of a Parquet file.

    Encrypted, a table is never the same bytes twice: where the file `there` is encrypted and holds this very table,
    they are its bytes, so that whoever knows it by its digest knows it still.

    Raises:
        KeysError: if the keys cannot be had, or are not those of `there`.
    """
    if there is not None and (content := _same(table, there)) is not None:
        return content
    stream = io.BytesIO()
    write_parquet_frame(table, stream)
    return stream.getvalue()


def hold_the_same(path: Path, content: bytes) -> bool:
    """Whether an encrypted file holds the same table as these bytes of Parquet; False of a plain or a damaged one.

    Raises:
        KeysError: if the keys cannot be had, or are not those of the file.
    """
    try:
        with open_parquet(path) as one, open_parquet(io.BytesIO(content)) as other:
            tables = [pl.DataFrame(pl.from_arrow(parquet.read())) for parquet in (one, other)]
    except (OSError, pa.ArrowException):
        return False
    return is_encrypted(path) and tables[0].equals(tables[1])


def _same(table: pl.DataFrame, there: Path) -> bytes | None:
    """The bytes of an encrypted file that holds this table; None if it is another one, or cannot be read."""
    try:
        content = there.read_bytes()
        if not is_encrypted(io.BytesIO(content)):
            return None
        if original_digest(there, digest_of(content)) != digest_of(content):
            return None  # encrypted again: whoever knows it by its digest knows the former bytes
        with open_parquet(io.BytesIO(content)) as parquet:
            found = pl.from_arrow(parquet.read())
    except (OSError, pa.ArrowException):
        return None
    return content if isinstance(found, pl.DataFrame) and found.equals(table) else None


def as_json(values: Mapping[str, Any]) -> bytes:
    """Readable JSON; a value that is not defined is null in it."""
    return json.dumps(values, ensure_ascii=False, indent=2, allow_nan=False).encode()
