"""Ids of documents: the types a column of ids may have, and the values it gives to the result.

In a result an id is a string or an integer. Dictionaries, UUIDs, UTF-8 in binary columns, and doubles and decimals that
hold whole numbers (R and SAS have no other numbers) become one of the two.
"""

from __future__ import annotations

import hashlib
import uuid

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from glane.corpus.columns import is_bytes, is_string
from glane.errors import DataError

_LARGEST_EXACT = 2**53  # above it, neighbouring whole numbers are the same double


def id_type(kind: pa.DataType) -> pa.DataType | None:
    """The type of the result's ids for an input column of type `kind`; None if it cannot hold ids."""
    if pa.types.is_dictionary(kind):
        return id_type(kind.value_type)
    if is_string(kind) or pa.types.is_integer(kind):
        return kind
    if is_bytes(kind) or _is_uuid(kind):
        return pa.string()
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return pa.int64()
    return None


def as_ids(column: pa.Array, *, place: str, setting: str = "data.id_column") -> pa.Array:
    """A column as ids, nulls included. `setting` is the one that names the column.

    Raises:
        DataError: naming `place`, if a number is not whole, or a text is not UTF-8.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return as_ids(column.cast(kind.value_type), place=place, setting=setting)
    if is_string(kind):
        return _utf8(column, place, setting)
    if pa.types.is_integer(kind):
        return column
    if _is_uuid(kind):
        values = column.storage if isinstance(column, pa.ExtensionArray) else column
        return pa.array([None if v is None else str(uuid.UUID(bytes=v)) for v in values.to_pylist()], pa.string())
    if pa.types.is_floating(kind) and (pc.max(pc.abs(column)).as_py() or 0) > _LARGEST_EXACT:
        raise DataError(
            f"{place}: some ids are doubles above 2 to the power of 53, which cannot hold every whole number. "
            "Write the ids as text or as 64-bit integers."
        )
    try:
        return column.cast(pa.string() if is_bytes(kind) else pa.int64())
    except pa.ArrowInvalid:
        problem = "not UTF-8" if is_bytes(kind) else "not whole numbers of at most 64 bits"
        raise DataError(f"{place}: some ids are {problem}. Set {setting} to another column.") from None


def _utf8(column: pa.Array, place: str, setting: str) -> pa.Array:
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        raise DataError(f"{place}: some ids are not UTF-8. Set {setting} to another column.") from None
    return column


class IdsDigest:
    """Eight bytes of BLAKE2b over a sequence of ids: equal only for the same ids in the same order.

    It does not depend on how the ids are cut into chunks, nor on their width (int32 or int64, string or large string).
    """

    def __init__(self) -> None:
        self._lengths, self._values = hashlib.blake2b(), hashlib.blake2b()

    def add(self, ids: pa.Array | pa.ChunkedArray) -> None:
        """Add the next ids."""
        for chunk in ids.chunks if isinstance(ids, pa.ChunkedArray) else [ids]:
            texts = chunk.cast(pa.large_string())
            self._lengths.update(pc.binary_length(texts).fill_null(-1).to_numpy(zero_copy_only=False))
            self._values.update(_content(texts))

    def digest(self) -> bytes:
        """The digest of the ids so far."""
        return hashlib.blake2b(self._lengths.digest() + self._values.digest(), digest_size=8).digest()


def ids_digest(ids: pa.Array | pa.ChunkedArray) -> bytes:
    """The digest of a whole sequence of ids; see `IdsDigest`."""
    digest = IdsDigest()
    digest.add(ids)
    return digest.digest()


def _content(texts: pa.LargeStringArray) -> pa.Buffer | bytes:
    """The bytes of all texts, one after another."""
    if not len(texts):
        return b""
    _, offsets, values = texts.buffers()
    bounds = np.frombuffer(offsets, np.int64)[[texts.offset, texts.offset + len(texts)]]
    return b"" if values is None else values.slice(int(bounds[0]), int(bounds[1] - bounds[0]))


def _is_uuid(kind: pa.DataType) -> bool:
    is_marked = isinstance(kind, pa.UuidType)
    return is_marked or (pa.types.is_fixed_size_binary(kind) and kind.byte_width == 16)
