"""From committed parts to one file of the result. Each file is a task of its own, for any process on any node.

Which parts make which file follows from the sizes of the parts alone, and a file from its parts alone. So the result is
the same byte for byte, whoever merges it, and however many at once.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from glane.corpus.ids import IdsDigest
from glane.corpus.plan import Plan, read_plan
from glane.errors import RunError
from glane.parquet import ParquetWriter, parquet_writer
from glane.run.directory import RunDirectory
from glane.run.names import FIRST_ROW, METADATA
from glane.run.parts import NotCommitted, PartFacts, read_digests, read_part
from glane.run.repeats import RowDigests, with_repeats
from glane.storage import patiently

_ROW_GROUP_BYTES = 32 * 2**20
_REMEMBERED_S = 60.0  # as NFS clients keep attributes and absent names at most, unless they are set up otherwise
_TABLES_AT_ONCE = 512  # small parts are joined after this many: a table takes some 20 kB however small it is
_LOOKERS = 8
_TAIL_BYTES = 8  # of a Parquet file: the length of its footer, and its mark


T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTask:
    """One file of the result to be made. It is pickled between processes: small, and without text of documents."""

    directory: RunDirectory
    path: Path
    first: int  # shard
    end: int  # the shard after the last one
    metadata: str  # JSON that every file carries
    first_row: int  # of the result, from 0
    repeated: bytes | None  # a bit for each row, whether an earlier one asks the same; None where the work tells not
    without: tuple[str, ...] = ()  # columns of the parts that are not published


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedFile:
    """A file of the result that was made: how many rows it has, and which worker committed each part, and when."""

    num_rows: int
    shards: tuple[PartFacts, ...]


RunAll = Callable[[Callable[[FileTask], MergedFile], Sequence[FileTask]], Iterable[MergedFile]]
"""Does all tasks, here or elsewhere, and returns what they return, in their order: as `map` does."""


def plan_files(
    directory: RunDirectory, plan: Plan, staging: Path, *, file_bytes: int, metadata: str, without: tuple[str, ...] = ()
) -> list[FileTask]:
    """Cut the shards into files of about `file_bytes`, by the sizes of their parts. They are made `without` columns.

    Raises:
        RunError: if a part is missing.
    """
    with ThreadPoolExecutor(max_workers=_LOOKERS) as pool:
        sizes = pool.map(partial(_content_bytes, directory, plan), range(plan.num_shards))
        bounds, filled = [0], 0
        for shard, size in enumerate(sizes):
            filled += size
            if filled >= file_bytes:
                bounds.append(shard + 1)
                filled = 0
    if bounds[-1] != plan.num_shards:
        bounds.append(plan.num_shards)
    repeated = _repeated_rows(directory, plan)
    rows = np.cumsum([0, *(plan.shard(shard).num_rows for shard in range(plan.num_shards))])
    return [
        FileTask(
            directory=directory,
            path=staging / f"records-{number:05d}.parquet",
            first=first,
            end=end,
            metadata=metadata,
            first_row=int(rows[first]),
            repeated=None if repeated is None else np.packbits(repeated[rows[first] : rows[end]]).tobytes(),
            without=without,
        )
        for number, (first, end) in enumerate(pairwise(bounds))
    ]


def merge_file(task: FileTask) -> MergedFile:
    """Make a file of the result, whole or not at all, and read it back.

    Raises:
        RunError: if a part is missing or is not the planned one, or other rows are read back than were written.
    """
    directory, plan = task.directory, patiently(lambda: read_plan(task.directory.plan))
    # A task may be done twice at once, where a node was taken for lost: each has a file of its own until it is whole.
    temporary = task.path.with_name(f".{task.path.name}.{uuid.uuid4().hex}.tmp")
    shards: list[PartFacts] = []
    try:
        num_rows, digest = _write(temporary, _row_groups(directory, plan, task, shards), plan, task)
        from glane.run.readback import read_back  # with DuckDB and Polars, which who asks for the state does not need

        if read_back([temporary], id_column=plan.id_column) != (num_rows, digest):
            raise RunError(f"{task.path}: other rows are read back than were written. The result is not published.")
        os.replace(temporary, task.path)
    finally:
        temporary.unlink(missing_ok=True)
    return MergedFile(num_rows=num_rows, shards=tuple(shards))


def _write(path: Path, tables: Iterator[pa.Table], plan: Plan, task: FileTask) -> tuple[int, bytes]:
    """Write tables as row groups. Return the number of rows, and the digest of their ids."""
    num_rows, ids = 0, IdsDigest()
    writer: ParquetWriter | None = None
    for table in tables:
        table = table.replace_schema_metadata({METADATA: task.metadata, FIRST_ROW: str(task.first_row)})
        if writer is None:
            writer = parquet_writer(path, table.schema)
            path.chmod(task.directory.file_mode)
        writer.write_table(table)
        num_rows += table.num_rows
        if plan.id_column is not None:
            ids.add(table.column(plan.id_column))
    assert writer is not None, "no file is planned without a shard"
    writer.close()
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
    return num_rows, ids.digest()


def _row_groups(directory: RunDirectory, plan: Plan, task: FileTask, shards: list[PartFacts]) -> Iterator[pa.Table]:
    """The parts in input order, joined into tables that each make a row group. Appends their facts to `shards`."""
    waiting: list[pa.Table] = []
    num_bytes = start = 0
    repeated = None if task.repeated is None else np.unpackbits(np.frombuffer(task.repeated, np.uint8)).view(np.bool_)
    for index in range(task.first, task.end):
        table, facts = _when_seen(
            directory, plan, index, partial(read_part, directory, plan, index, without=task.without)
        )
        if repeated is not None:
            table = with_repeats(table, repeated[start : start + table.num_rows])
        start += table.num_rows
        waiting.append(table)
        num_bytes += table.nbytes
        shards.append(facts)
        if num_bytes >= _ROW_GROUP_BYTES:
            yield _joined(waiting)
            waiting, num_bytes = [], 0
        elif len(waiting) >= _TABLES_AT_ONCE:
            waiting = [_joined(waiting)]
    if waiting:
        yield _joined(waiting)


def _repeated_rows(directory: RunDirectory, plan: Plan) -> npt.NDArray[np.bool_] | None:
    """Of each row, whether an earlier one asks the same; None where the work does not tell. See `glane.run.repeats`."""
    with RowDigests(plan.num_selected) as digests:
        for index in range(plan.num_shards):
            found = _when_seen(directory, plan, index, partial(read_digests, directory, index))
            if found is None:
                return None
            digests.add(found)
        return digests.repeated()


def _when_seen(directory: RunDirectory, plan: Plan, shard: int, look: Callable[[], T]) -> T:
    """What `look` finds of a part that is listed. A node may remember for a while that it was not there."""
    deadline = time.monotonic() + _REMEMBERED_S
    while True:
        try:
            return patiently(look)
        except NotCommitted:
            if time.monotonic() > deadline or shard not in directory.committed_shards(plan.num_shards):
                raise
        except OSError as error:
            raise RunError(
                f"{directory.part(shard)}: cannot be read ({error.strerror}). Mend this, or remove it, and run the "
                "same command again: a shard without a part is redone."
            ) from None
        time.sleep(1)


def _content_bytes(directory: RunDirectory, plan: Plan, shard: int) -> int:
    """The size of a part without its footer, which may be the larger half of a small one."""
    path = directory.part(shard)

    def look() -> int:
        try:
            with patiently(lambda: open(path, "rb")) as stream:
                size = stream.seek(0, os.SEEK_END)
                stream.seek(max(0, size - _TAIL_BYTES))
                footer = int.from_bytes(stream.read(4), "little") + _TAIL_BYTES
        except FileNotFoundError:
            raise NotCommitted(f"{path}: not committed yet; run the same command again.") from None
        return size - footer if footer <= size else size  # a damaged one is told when it is read

    return _when_seen(directory, plan, shard, look)


def _joined(tables: list[pa.Table]) -> pa.Table:
    plain = [table.replace_schema_metadata(None) for table in tables]
    return pa.concat_tables(plain).unify_dictionaries().combine_chunks()
