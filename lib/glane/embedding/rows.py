"""From the vectors of a shard's documents to its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from glane.embedding.columns import CHUNKS, chunk_type
from glane.engine.protocol import Vector
from glane.reading.parse import Outcome
from glane.types import Status


@dataclass(slots=True, kw_only=True)
class Row:
    """A document and what became of it: vectors of all its pieces, or the first reason why there are none."""

    spans: Sequence[tuple[int, int]]  # of its pieces, in code points
    outcome: Outcome
    vectors: list[Vector | None] = field(init=False)

    def __post_init__(self) -> None:
        self.vectors = [None] * len(self.spans)

    def take(self, piece: int, answer: Vector | Outcome) -> None:
        """Note the vector of a piece, or why there is none."""
        if isinstance(answer, Outcome):
            self.outcome = answer
        else:
            self.vectors[piece] = answer

    @property
    def is_ok(self) -> bool:
        """Whether all of it was embedded: a document is not found by a part of its text alone."""
        return self.outcome.status is Status.OK


def row_table(kept: pa.Table, rows: Sequence[Row], *, vectors: str, num_dimensions: int) -> pa.Table:
    """The rows of a shard: `kept` has their ids and carried columns."""
    whole = [row.spans if row.is_ok else () for row in rows]
    pieces = [(number, *span) for of_row in whole for number, span in enumerate(of_row)]
    found = [one for row in rows if row.is_ok for one in row.vectors if one is not None]
    assert len(found) == len(pieces), "each piece of a row that is OK has its vector"
    kind = chunk_type(vectors, num_dimensions)
    vector = kind.value_type.field("vector").type
    flat = np.concatenate(found) if found else np.empty(0, np.float32)
    columns = [
        pa.array([number for number, _, _ in pieces], pa.int32()),
        pa.array([start for _, start, _ in pieces], pa.int64()),
        pa.array([end for _, _, end in pieces], pa.int64()),
        pa.FixedSizeListArray.from_arrays(pa.array(flat.astype(vectors), vector.value_type), type=vector),
    ]
    bounds = np.cumsum([0, *map(len, whole)]).astype(np.int32)
    chunks = pa.ListArray.from_arrays(
        pa.array(bounds), pa.StructArray.from_arrays(columns, fields=list(kind.value_type)), type=kind
    )
    return (
        kept.append_column("status", pa.array([str(row.outcome.status) for row in rows], pa.string()))
        .append_column("reason", pa.array([row.outcome.reason for row in rows], pa.string()))
        .append_column(CHUNKS, chunks)
    )
