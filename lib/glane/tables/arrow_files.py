"""Arrow's own files: Feather, IPC files and IPC streams, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from glane.errors import DataError
from glane.tables.reading import Reading, in_batches, named


def read_arrow(source: Path) -> Reading:
    """Read a file of Arrow.

    Raises:
        DataError: if it is none, or damaged.
    """
    try:
        schema = _opened(source).schema
    except pa.ArrowException:
        raise DataError(f"{source}: is no file of Arrow (Feather or IPC), or is damaged. Export it again.") from None
    names, notes = named(schema.names)
    plain = pa.schema([one.with_name(name) for one, name in zip(schema, names, strict=True)])
    return Reading(schema=plain, batches=_batches(source, plain), notes=notes)


def _opened(source: Path) -> pa.RecordBatchFileReader | pa.RecordBatchStreamReader:
    with source.open("rb") as stream:
        is_file = stream.read(6) == b"ARROW1"
    mapped = pa.memory_map(str(source))
    return pa.ipc.open_file(mapped) if is_file else pa.ipc.open_stream(mapped)


def _batches(source: Path, schema: pa.Schema) -> Iterator[pa.Table]:
    try:
        reader = _opened(source)
        batches = (
            (reader.get_batch(index) for index in range(reader.num_record_batches))
            if isinstance(reader, pa.RecordBatchFileReader)
            else reader
        )
        for batch in batches:
            yield from in_batches(pa.Table.from_arrays(batch.columns, schema=schema))
    except pa.ArrowException:
        raise DataError(f"{source}: is cut off or damaged. Copy or export it again.") from None
