"""Parts: the committed rows of a shard in one file, which appears whole, once, and names the worker that made it."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator, Sequence

import pyarrow as pa

from glane.corpus.plan import Plan
from glane.corpus.proof import prove_shard
from glane.errors import RunError
from glane.parquet import ParquetFile, open_parquet, schema_as_read, write_parquet
from glane.plain_values import json_values
from glane.run.directory import RunDirectory
from glane.run.repeats import DIGEST, DUPLICATE
from glane.storage import bytes_digest, patiently, write_once
from glane.validation import Strict

_KEY = b"glane_shard"
_GROUP_BYTES = 64 * 2**20  # of a row group of a part, about, in memory


class NotCommitted(RunError):
    """A shard has no part yet, as far as this node can see."""


class PartFacts(Strict):
    """The worker that committed a shard, and when. Times are in seconds since 1970.

    In a part they are by the clock of the worker's node. As `read_part` returns them they are by the file system's
    clock, so that those of several nodes can be compared.
    """

    run: str  # the id of the run directory that it was made for
    shard: int
    started: float
    committed: float
    worker: str
    host: str
    columns: str = ""  # a digest of their names and types: no checksum of a page covers these


def commit_part(directory: RunDirectory, shard: int, table: pa.Table, *, worker: str, started: float) -> bool:
    """Write the rows of a shard. Return False if another worker committed this shard first.

    Raises:
        RunError: if the file system refuses; nothing is committed then.
    """
    facts = PartFacts(
        run=directory.identity(),
        shard=shard,
        started=started,
        committed=time.time(),
        worker=worker,
        host=socket.gethostname(),
        columns=_columns_digest(schema_as_read(table)),
    )
    table = table.replace_schema_metadata({_KEY: facts.model_dump_json()})
    return write_once(
        directory.part(shard),
        lambda stream: write_parquet(table, stream, row_group_size=_rows_of_a_group(table), write_page_checksum=True),
        mode=directory.file_mode,
    )


def read_digests(directory: RunDirectory, shard: int) -> pa.ChunkedArray | None:
    """The column of digests of a part; None where its work has none. See `glane.run.repeats`.

    Raises:
        NotCommitted: if it is not there.
        RunError: if it is damaged, or of a glane that wrote something else there.
    """
    path = directory.part(shard)
    with _part(directory, shard) as parquet:
        if DUPLICATE not in parquet.schema_arrow.names:
            return None
        found = parquet.read(columns=[DUPLICATE]).column(0)
    if found.type != DIGEST:
        raise RunError(
            f"{path}: written by an earlier glane, which did not keep what tells texts that repeat. Remove it and run "
            "the same command again: its shard is redone."
        )
    return found


def read_part(
    directory: RunDirectory, plan: Plan, shard: int, *, without: Sequence[str] = ()
) -> tuple[pa.Table, PartFacts]:
    """Read what `commit_part` wrote for `shard`, and prove that it was made here and holds the planned rows.

    Columns that are named in `without` are not read.

    Raises:
        NotCommitted: if it is not there.
        RunError: if it is damaged, or holds other rows.
    """
    with _part(directory, shard) as parquet:
        names = [name for name in parquet.schema_arrow.names if name not in without]
        table = parquet.read(columns=names if without else None)
        facts = _facts(directory, shard, parquet)
        prove_shard(plan.shard(shard), table, id_column=plan.id_column)
    return table, facts


def read_part_in_pieces(directory: RunDirectory, plan: Plan, shard: int) -> Iterator[pa.Table]:
    """The rows that `read_part` returns, in tables of which each fits into memory; proved before the first of them.

    Raises:
        NotCommitted: if it is not there.
        RunError: if it is damaged, or holds other rows.
    """
    with _part(directory, shard) as parquet:
        _facts(directory, shard, parquet)
        first = plan.id_column or parquet.schema_arrow.names[0]
        prove_shard(plan.shard(shard), parquet.read(columns=[first]), id_column=plan.id_column)
        for number in range(parquet.num_row_groups):
            yield parquet.read_row_group(number)


@contextlib.contextmanager
def _part(directory: RunDirectory, shard: int) -> Iterator[ParquetFile]:
    """Open a part, and say what is wrong with it."""
    path = directory.part(shard)
    try:
        with patiently(lambda: open_parquet(path)) as parquet:
            yield parquet
    except FileNotFoundError:
        raise NotCommitted(f"{path}: not committed yet; run the same command again.") from None
    except RunError as error:
        raise RunError(
            f"{path}: is not the part of shard {shard}: {error} Remove it and run the same command again: its shard is "
            "redone."
        ) from None
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # Arrow has none for what it cannot decode
            raise
        raise RunError(f"{path}: damaged. Remove it and run the same command again: its shard is redone.") from None


def _facts(directory: RunDirectory, shard: int, parquet: ParquetFile) -> PartFacts:
    """What a part says of itself.

    Raises:
        RunError: if it is another one.
    """
    facts = PartFacts.model_validate(json_values(parquet.schema_arrow.metadata[_KEY]))
    if facts.run != directory.identity():
        raise RunError("it was made for another run.")
    if facts.shard != shard:
        raise RunError(f"it holds shard {facts.shard}.")
    if facts.columns not in ("", _columns_digest(parquet.schema_arrow)):
        raise RunError("its columns are not those that it was written with.")
    committed = patiently(directory.part(shard).stat).st_mtime
    return facts.model_copy(update={"started": committed - (facts.committed - facts.started), "committed": committed})


def _columns_digest(schema: pa.Schema) -> str:
    told = schema.remove_metadata().to_string(show_field_metadata=False)
    return bytes_digest(told.encode())


def _rows_of_a_group(table: pa.Table) -> int:
    """How many rows a row group has, so that one fits into memory."""
    return max(1, table.num_rows * _GROUP_BYTES // max(table.nbytes, _GROUP_BYTES))
