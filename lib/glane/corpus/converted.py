"""Inputs that are tables of other formats: made Parquet once, in a folder that tells of what it was made.

The folder is written whole or not at all. Its record has the digest of each source, so that a source that changed is
found when the run goes on, as it is of Parquet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from glane.corpus.find import Found
from glane.corpus.unchanged import Identity, content_digest, identity
from glane.errors import DataError, RecordError
from glane.parquet import is_parquet
from glane.records import Record, left_out, read_record
from glane.storage import exists, write_folder_once, write_once
from glane.tables.advice import conversion_command
from glane.tables.convert import convert
from glane.tables.formats import PACKED, format_of, refuse_options
from glane.tables.options import TableOptions
from glane.tables.shape import TableShape
from glane.validation import Strict

_RECORD = "tables.json"
_MOST_SWELLING = 8  # what a packed text is taken to unpack to


class ConvertedTable(Strict):
    """One source: what the file system said of it, the Parquet file that was made of it, and how it was read."""

    file: str
    mtime_ns: int
    ctime_ns: int
    inode: int
    shape: TableShape
    path: str | None = left_out()  # where the source lay

    @property
    def identity(self) -> Identity:
        """What the file system said of it."""
        return Identity(self.shape.bytes, self.mtime_ns, self.ctime_ns, self.inode)


class ConvertedTables(Record):
    """What `tables.json` says: of what the files in its folder were made, and what was told of it."""

    kind: Literal["glane converted tables"] = "glane converted tables"
    version: Literal[1] = 1
    options: TableOptions
    tables: tuple[ConvertedTable, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """Tables that are Parquet now: the value for `data.path`, and what was found out of each."""

    path: str
    shapes: tuple[TableShape, ...]


def tables_in(found: Found, options: TableOptions, *, place: str = "data.path") -> tuple[str, ...]:
    """The files of an input, if they are tables of other formats than Parquet; none if they are Parquet.

    `place` is the setting that named them.

    Raises:
        DataError: if some are and others are not.
        ConfigError: for an option that says nothing of their format.
    """
    tables = tuple(path for path in found.paths if format_of(path) is not None and not is_parquet(Path(path)))
    rest = [path for path in found.paths if path not in tables] if len(tables) < len(found.paths) else []
    if tables and rest:
        raise DataError(
            f"{place}: {found.pattern!r} matches tables such as {tables[0]}, and Parquet or other files such as "
            f"{rest[0]}. Give them apart, or convert the tables once: {conversion_command(tables[0], options)}"
        )
    for path in found.paths if tables or options.told() else ():
        refuse_options(path, options)
    return tables


def refuse_large(paths: Sequence[str], options: TableOptions, *, most_bytes: int) -> None:
    """Refuse tables that take long to convert, where that is not the place for it.

    Raises:
        DataError: with the command that converts the largest once.
    """
    sizes = {path: identity(path).num_bytes * (_MOST_SWELLING if path.endswith(PACKED) else 1) for path in paths}
    if sum(sizes.values()) > most_bytes:
        largest = max(sizes, key=lambda path: sizes[path])
        raise DataError(
            f"data.path: {len(paths)} table(s) of {sum(sizes.values()) >> 20} MiB are not converted at each submission "
            f"({most_bytes >> 20} MiB are the most). Convert them once, and give the Parquet file(s): "
            f"{conversion_command(largest, options)}"
        )


def path_in(folder: Path, paths: Sequence[str]) -> str:
    """The value for `data.path` once these tables are in the folder."""
    return str(folder / (_names(paths)[0] if len(paths) == 1 else "*.parquet"))


def converted(paths: Sequence[str], options: TableOptions, folder: Path, *, is_erased: bool = False) -> Converted:
    """Make Parquet of tables, in a folder of their own; or prove that the folder was made of them, and of nothing else.

    `is_erased` says that documents were erased of the run that the folder is of.

    Raises:
        DataError: if a table cannot be read, or is not as it was when the folder was made.
        RunError: if the file system refuses.
    """
    is_new = False
    if not exists(folder / _RECORD):
        is_new = write_folder_once(folder, lambda staging: _write(paths, options, staging), mode=0o700)
    try:
        kept = read_record(ConvertedTables, folder / _RECORD)
    except (FileNotFoundError, RecordError):
        raise DataError(f"{folder}: is not of glane, or is damaged. Choose another run.dir.") from None
    if not is_new:
        _refuse_other(kept, paths, options, folder, is_erased=is_erased)
    return Converted(path=path_in(folder, paths), shapes=tuple(one.shape for one in kept.tables))


def tables_of(folder: str | Path) -> Mapping[str, str]:
    """Of the Parquet files in a folder, by name, the names of the tables that they were made of."""
    try:
        return {one.file: one.shape.source for one in read_record(ConvertedTables, Path(folder) / _RECORD).tables}
    except (OSError, RecordError):
        return {}


def shapes_beside(path: str) -> tuple[TableShape, ...]:
    """How the tables were read of which the files of `data.path` were made; none if they were Parquet."""
    try:
        return tuple(one.shape for one in read_record(ConvertedTables, Path(path).parent / _RECORD).tables)
    except (OSError, RecordError):
        return ()


def digests_of_sources(folder: Path) -> list[tuple[str, str]]:
    """The paths, or names where these were not kept, and the digests of the tables of which a folder was made."""
    try:
        told = read_record(ConvertedTables, folder / _RECORD).tables
    except (OSError, RecordError):
        return []
    return [(one.path or one.shape.source, one.shape.digest) for one in told]


def _write(paths: Sequence[str], options: TableOptions, folder: Path) -> None:
    tables = []
    for path, name in zip(paths, _names(paths), strict=True):
        known = identity(path)
        shape = convert(path, folder / name, options=options, setting="run.dir")
        tables.append(
            ConvertedTable(
                file=name,
                mtime_ns=known.mtime_ns,
                ctime_ns=known.ctime_ns,
                inode=known.inode,
                shape=shape,
                path=str(Path(path).absolute()),
            )
        )
    record = ConvertedTables(options=options.only_options(), tables=tuple(tables))
    write_once(folder / _RECORD, lambda stream: stream.write(record.as_json()), mode=0o600)


def _names(paths: Sequence[str]) -> list[str]:
    """The names of the Parquet files, in the order of the tables. They are part of what a run is known by."""
    if len(paths) == 1:
        return [f"{Path(paths[0]).name}.parquet"]
    return [f"{number:05d}-{Path(path).name}.parquet" for number, path in enumerate(paths, 1)]


def _refuse_other(
    kept: ConvertedTables, paths: Sequence[str], options: TableOptions, folder: Path, *, is_erased: bool
) -> None:
    again = "Put the former file back and run the same command again, or choose another run.dir for the new one."
    names = [one.shape.source for one in kept.tables]
    if names != [Path(path).name for path in paths]:
        raise DataError(f"data.path: this run was begun with other tables ({', '.join(names[:5])}). {again}")
    if kept.options != options.only_options():
        told, before = options.told(), kept.options.told()
        name = next(name for name in TableOptions.model_fields if told.get(name) != before.get(name))
        raise DataError(
            f"data.{name}: this run was begun with another value, {before.get(name)!r}. Give it again, or choose "
            "another run.dir."
        )
    for one, path in zip(kept.tables, paths, strict=True):
        if identity(path) == one.identity or content_digest(path) == one.shape.digest:
            continue
        if is_erased:
            raise DataError(
                f"{path}: has changed, and documents were erased of this run, which reads {folder / one.file} that was "
                "made of it. What is committed of the run stays readable, and is not asked again; for the table as it "
                "is now, choose another run.dir."
            )
        raise DataError(f"{path}: has changed since the run began, and {folder / one.file} was made of it. {again}")
