"""The columns of a run that embeds: one row per document, with its chunks."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from glane.errors import ConfigError
from glane.run.description import ColumnEntry
from glane.settings import DataSettings

CHUNKS = "chunks"
OF_A_CHUNK = ("chunk", "start", "end", "vector")
OF_A_SEARCH = ("rank", "score", "cosine", "bm25", "passage")
OF_GROUPS = ("group", "size")
_RESERVED = frozenset({"status", "reason", CHUNKS, *OF_A_CHUNK, *OF_A_SEARCH, *OF_GROUPS})
_TYPES = {"float32": pa.float32(), "float16": pa.float16()}


def chunk_type(vectors: str, num_dimensions: int) -> pa.DataType:
    """The type of the column of chunks. `vectors` is float32 or float16."""
    vector = pa.list_(_TYPES[vectors], num_dimensions)
    return pa.list_(pa.struct([("chunk", pa.int32()), ("start", pa.int64()), ("end", pa.int64()), ("vector", vector)]))


def refuse_columns(data: DataSettings) -> None:
    """Refuse columns of the input that would stand beside one of the results' own, and texts among those carried.

    Raises:
        ConfigError: naming the column.
    """
    if data.text_column in (data.id_column, *data.carry_columns):
        raise ConfigError(
            f"data: column {data.text_column!r} has the texts, and no result of glane embed or glane search holds "
            "texts. Leave it out of data.carry_columns and data.id_column."
        )
    if taken := [name for name in (data.id_column, *data.carry_columns) if name in _RESERVED]:
        raise ConfigError(
            f"data: column {taken[0]!r} would stand beside a result column of that name. Rename it in the input, "
            "or leave it out of data.carry_columns."
        )


def codebook(id_column: str, carry_columns: Sequence[str], vectors: str) -> tuple[ColumnEntry, ...]:
    """The columns in words."""
    kept = [
        ColumnEntry(column=name, role="input", type="", description="as in the input", nullable=name != id_column)
        for name in dict.fromkeys([id_column, *carry_columns])
    ]
    own = [
        ("status", "string", "OK if the document has vectors, else why it has none"),
        ("reason", "string", "why, in a sentence; null for OK"),
        (
            CHUNKS,
            f"list<struct<chunk: int32, start: int64, end: int64, vector: fixed_size_list<{vectors}>>>",
            "the parts that were embedded: number from 0, first code point and the one after the last, and the vector "
            "of length 1",
        ),
    ]
    result = [ColumnEntry(column=name, role="result", type=kind, description=words) for name, kind, words in own]
    return (*kept, *result)
