"""From the committed rows of a run, one a file, to the rows of the data set, one a document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from glane.errors import RunError
from glane.ingestion.columns import DATA_SET, KEY, OF_A_DOCUMENT, OF_A_FILE, SIGNATURE
from glane.ingestion.describe import NUM_HASHES
from glane.ingestion.ids import Keys, as_keys, first_id, id_of, occurrences
from glane.ingestion.near import near
from glane.parquet import open_parquet
from glane.run.prepare import PreparedRun
from glane.storage import patiently
from glane.types import DOCUMENTS

SCHEMA = pa.schema([pa.field(column.name, column.type) for column in DATA_SET])
_NONE = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """What makes the ids of all documents of a run, and which are the same as earlier ones: 28 bytes a document."""

    keys: Keys
    occurrences: npt.NDArray[np.uint32]
    near: npt.NDArray[np.int64]  # the number of the first document that is nearly the same; -1 where there is none

    def id(self, number: int) -> str:
        """The id of a document, by its number in the run."""
        return id_of(self.keys[number], int(self.occurrences[number]))

    def columns(self, start: int, end: int) -> dict[str, list[str | None]]:
        """`id`, `duplicate_of` and `near_duplicate_of` of the documents from `start` to `end`."""
        numbers = range(start, end)
        return {
            "id": [self.id(number) for number in numbers],
            "duplicate_of": [
                first_id(self.keys[number]) if self.occurrences[number] else None for number in numbers
            ],
            "near_duplicate_of": [
                None if (other := int(self.near[number])) == _NONE else self.id(other) for number in numbers
            ],
        }  # fmt: skip


def find_links(run: PreparedRun, threshold: float | None) -> Links:
    """Read what ids and near duplicates are found by of all committed rows.

    Raises:
        RunError: if a part is damaged, or temporary files cannot be written.
    """
    keys = as_keys(b"".join(b"".join(one.to_pylist()) for one in _nested(run, KEY)))
    times = occurrences(keys)
    found = np.full(len(keys), _NONE, np.int64)
    if threshold is not None:
        with near(len(keys)) as compared:
            for numbers, signatures in _signatures(run, times):
                compared.add(numbers, signatures)
            later, first = compared.first_alike(threshold)
        found[later] = first
    return Links(keys=keys, occurrences=times, near=found)


def _signatures(
    run: PreparedRun, times: npt.NDArray[np.uint32]
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]]:
    """Part by part, the numbers and signatures of the documents that have one, and that no earlier one is a copy of."""
    start = 0
    for column in _nested(run, SIGNATURE):
        numbers = np.arange(start, start + len(column))
        start += len(column)
        is_wanted = column.is_valid().to_numpy(zero_copy_only=False) & (times[numbers] == 0)
        content = b"".join(column.filter(pa.array(is_wanted)).to_pylist())
        yield numbers[is_wanted], np.frombuffer(content, "<u4").reshape(-1, NUM_HASHES)


def _nested(run: PreparedRun, name: str) -> Iterator[pa.Array]:
    """A member of the documents of each part, in order."""
    for shard in range(run.plan.num_shards):
        path = run.directory.part(shard)
        try:
            with patiently(lambda path=path: open_parquet(path)) as parquet:  # type: ignore[misc]
                table = parquet.read(columns=[f"{DOCUMENTS}.list.element.{name}"])
            documents = table.column(DOCUMENTS).combine_chunks()
            yield pc.struct_field(documents.flatten(), [name])
        except (pa.ArrowException, KeyError, OSError):
            raise RunError(
                f"{path}: damaged or gone. Remove it and run the same command again: its shard is redone."
            ) from None


def unnested(rows: pa.Table, links: Links, start: int) -> pa.Table:
    """The documents of committed rows, as the data set has them. `start` is the number of the first of them."""
    documents = rows.column(DOCUMENTS).combine_chunks()
    parents = pc.list_parent_indices(documents)
    members = documents.flatten()
    columns = {column.name: rows.column(column.name).take(parents) for column in OF_A_FILE}
    columns |= {column.name: pc.struct_field(members, [column.name]) for column in OF_A_DOCUMENT}
    columns |= {
        name: pa.array(values, pa.string()) for name, values in links.columns(start, start + len(members)).items()
    }
    return pa.table([columns[field.name] for field in SCHEMA], schema=SCHEMA)
