"""Parts: the committed rows of a shard in one file, which appears whole, once, and names the worker that made it."""

from __future__ import annotations

import json
import socket
import time

import pyarrow as pa
import pyarrow.parquet as pq

from glane.corpus.plan import Plan
from glane.corpus.proof import prove_shard
from glane.errors import RunError
from glane.run.directory import RunDirectory
from glane.run.repeats import DIGEST, DUPLICATE
from glane.storage import patiently, write_once
from glane.validation import Strict

_KEY = b"glane_shard"


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
    )
    table = table.replace_schema_metadata({_KEY: facts.model_dump_json()})
    return write_once(
        directory.part(shard),
        lambda stream: pq.write_table(table, stream, compression="zstd"),
        mode=directory.file_mode,
    )


def read_digests(directory: RunDirectory, shard: int) -> pa.ChunkedArray | None:
    """The column of digests of a part; None where its work has none. See `glane.run.repeats`.

    Raises:
        NotCommitted: if it is not there.
        RunError: if it is damaged, or of a glane that wrote something else there.
    """
    path = directory.part(shard)
    try:
        with patiently(lambda: pq.ParquetFile(path)) as parquet:
            if DUPLICATE not in parquet.schema_arrow.names:
                return None
            found = parquet.read(columns=[DUPLICATE]).column(0)
    except FileNotFoundError:
        raise NotCommitted(f"{path}: not committed yet; run the same command again.") from None
    except (pa.ArrowException, KeyError, TypeError, ValueError):
        raise RunError(f"{path}: damaged. Remove it and run the same command again: its shard is redone.") from None
    if found.type != DIGEST:
        raise RunError(
            f"{path}: written by an earlier glane, which did not keep what tells texts that repeat. Remove it and run "
            "the same command again: its shard is redone."
        )
    return found


def read_part(directory: RunDirectory, plan: Plan, shard: int) -> tuple[pa.Table, PartFacts]:
    """Read what `commit_part` wrote for `shard`, and prove that it was made here and holds the planned rows.

    Raises:
        NotCommitted: if it is not there.
        RunError: if it is damaged, or holds other rows.
    """
    path = directory.part(shard)
    try:
        with patiently(lambda: pq.ParquetFile(path)) as parquet:
            table = parquet.read()
        facts = PartFacts.model_validate(json.loads(table.schema.metadata[_KEY]))
        if facts.run != directory.identity():
            raise RunError("it was made for another run.")
        if facts.shard != shard:
            raise RunError(f"it holds shard {facts.shard}.")
        prove_shard(plan.shard(shard), table, id_column=plan.id_column)
        committed = patiently(path.stat).st_mtime
        started = committed - (facts.committed - facts.started)
        return table, facts.model_copy(update={"started": started, "committed": committed})
    except FileNotFoundError:
        raise NotCommitted(f"{path}: not committed yet; run the same command again.") from None
    except RunError as error:
        raise RunError(
            f"{path}: is not the part of shard {shard}: {error} Remove it and run the same command again: its shard is "
            "redone."
        ) from None
    except (pa.ArrowException, KeyError, TypeError, ValueError):
        raise RunError(f"{path}: damaged. Remove it and run the same command again: its shard is redone.") from None
