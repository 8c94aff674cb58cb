"""The inventory: the files of a source as they were found when the run began. It is the input of the run's plan."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import IO

import pyarrow as pa

from glane.errors import DataError, RunError
from glane.ingestion.source import WANTED, Passed, PassedOver, SourceFile, walk
from glane.parquet import open_parquet, parquet_footer, parquet_writer
from glane.run.directory import RunDirectory
from glane.storage import exists, patiently, write_once
from glane.validation import Strict

FILE = "file"  # the number of a file in the inventory, from 0: the id of a row of the run
_SCHEMA = pa.schema(
    [
        pa.field(FILE, pa.int64()),
        pa.field("root", pa.binary()),
        pa.field("path", pa.binary()),  # names as the file system has them, also where they are no UTF-8
        pa.field("bytes", pa.int64()),
        pa.field("mtime_ns", pa.int64()),
    ]
)
COLUMNS = ("root", "path", "bytes", "mtime_ns")
_KEY = b"glane_inventory"
_ROWS = 1024  # of a row group: shards are cut by the mean size of the files of one
_MOST_LISTED = 1000


class InventoryFacts(Strict):
    """What an inventory is of, in the metadata of its file."""

    sources: tuple[str, ...]
    files: int
    bytes: int
    passed_over: dict[str, int]  # by why; see `glane.ingestion.source.Passed`
    missing: tuple[tuple[str, str], ...]  # (why, path) of places where documents may be: the first of them


def take_inventory(directory: RunDirectory, sources: Sequence[str]) -> bool:
    """List the files of a source, unless that is done. Return whether they were listed now.

    Raises:
        DataError: if a source is not there, or there is no file.
        RunError: if the inventory that is there is of another source, or the file system refuses.
    """
    path = directory.inventory
    if not exists(path) and write_once(path, lambda sink: _write(sink, sources), mode=directory.file_mode):
        return True
    there = read_facts(directory)
    if there.sources != tuple(sources):
        raise RunError(
            f"run.dir: {directory.root} holds the list of the files of another source "
            f"({', '.join(there.sources)}). Choose another run.dir, or give that source back to resume."
        )
    return False


def read_facts(directory: RunDirectory) -> InventoryFacts:
    """What the inventory of a run is of.

    Raises:
        RunError: if it is damaged or not there.
    """
    path = directory.inventory
    try:
        metadata = patiently(lambda: parquet_footer(path)).metadata
        return InventoryFacts.model_validate_json(metadata[_KEY])
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError):
        raise RunError(f"{path}: damaged or gone. Choose another run.dir.") from None


def num_missing(facts: InventoryFacts) -> int:
    """How many places documents may be missing of: more than are listed, where they are very many."""
    return sum(facts.passed_over.get(why, 0) for why in WANTED)


def file_bytes(directory: RunDirectory) -> list[tuple[int, int]]:
    """(files, their bytes) of each row group of the inventory."""
    with open_parquet(directory.inventory) as parquet:
        return [
            (group.num_rows, sum(group["bytes"].to_pylist()))
            for group in (parquet.read_row_group(i, ["bytes"]) for i in range(parquet.num_row_groups))
        ]


def shown(name: bytes) -> str:
    """A name as text: bytes that are no UTF-8 are written as `\\xff`, so that two names never become one."""
    return name.decode("utf-8", "backslashreplace")


def _write(sink: IO[bytes], sources: Sequence[str]) -> None:
    passed: Counter[str] = Counter()
    missing: list[tuple[str, str]] = []
    num_files = num_bytes = 0
    with parquet_writer(sink, _SCHEMA) as writer:
        for rows in _batches(sources, passed, missing):
            numbers = range(num_files, num_files + len(rows))
            columns = [numbers, *([getattr(row, name) for row in rows] for name in _NAMES)]
            arrays = [pa.array(column, field.type) for column, field in zip(columns, _SCHEMA, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=_SCHEMA))
            num_files += len(rows)
            num_bytes += sum(row.num_bytes for row in rows)
        if not num_files:
            raise DataError(f"source: {_nothing(sources, passed)}")
        facts = InventoryFacts(
            sources=tuple(sources), files=num_files, bytes=num_bytes, passed_over=dict(passed), missing=tuple(missing)
        )
        writer.add_key_value_metadata({_KEY: facts.model_dump_json()})


_NAMES = ("root", "path", "num_bytes", "mtime_ns")  # of a `SourceFile`, in the order of the columns


def _batches(
    sources: Sequence[str], passed: Counter[str], missing: list[tuple[str, str]]
) -> Iterator[list[SourceFile]]:  # fmt: skip
    """The files in lists. What is passed over is counted, and listed where documents may be missing."""
    waiting: list[SourceFile] = []
    for found in walk(sources):
        if isinstance(found, PassedOver):
            passed[found.why] += 1
            if found.why in WANTED and len(missing) < _MOST_LISTED:
                missing.append((str(found.why), shown(found.place)))
            continue
        waiting.append(found)
        if len(waiting) == _ROWS:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def passed_lines(passed: Mapping[str, int]) -> list[str]:
    """What was passed over, as one line."""
    told = _passed(passed)
    return [f"passed over: {told}"] if told else []


def _passed(passed: Mapping[str, int]) -> str:
    """How many things were passed over, by why."""
    return ", ".join(_told(Passed(why), number) for why, number in sorted(passed.items()) if number)


def _told(why: Passed, number: int) -> str:
    match why:
        case Passed.HIDDEN:
            return f"{number} hidden"
        case Passed.AGAIN:
            return f"{number} met again"
        case Passed.SPECIAL:
            return f"{number} special"
        case Passed.BROKEN_LINK:
            return f"{number} broken link"
        case Passed.UNREADABLE:
            return f"{number} unreadable"


def _nothing(sources: Sequence[str], passed: Counter[str]) -> str:
    what = ", ".join(repr(source) for source in sources)
    told = _passed(passed)
    more = f" Passed over: {told}." if told else ""
    return f"no file in {what}.{more} Give a folder with documents, a file, or a glob in quotes."


def changes_since(directory: RunDirectory) -> list[str]:
    """What of the source is not as the run's inventory has it, in words; nothing where it is the same.

    Raises:
        DataError: if a source is not there.
    """
    known = _known(directory)
    new = changed = 0
    for found in walk(read_facts(directory).sources):
        if isinstance(found, SourceFile):
            there = known.pop(os.path.join(found.root, found.path), None)
            new += there is None
            changed += there is not None and there != (found.num_bytes, found.mtime_ns)
    lines = []
    if new:
        lines.append(
            f"new files since: {new}. They are not of this run, which is about the files that were there when it "
            "began. Read all of them into another data.path."
        )
    if changed:
        lines.append(
            f"changed since: {changed}. They are read as they are when their turn comes, and read before then they "
            "stay as they were."
        )
    if known:
        lines.append(f"gone since: {len(known)}. Those that were read before then stay in the data set.")
    return lines


def _known(directory: RunDirectory) -> dict[bytes, tuple[int, int]]:
    known: dict[bytes, tuple[int, int]] = {}
    with open_parquet(directory.inventory) as parquet:
        for batch in parquet.iter_batches(columns=list(COLUMNS)):
            for row in batch.to_pylist():
                known[os.path.join(row["root"], row["path"])] = (row["bytes"], row["mtime_ns"])
    return known
