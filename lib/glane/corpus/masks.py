"""Masks: which rows of a row group are asked about, a bit per row. None in place of a mask means all rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Packed = npt.NDArray[np.uint8]


def unpacked(packed: Packed, rows: int) -> Mask:
    """The mask of `rows` rows as an array of booleans."""
    return np.unpackbits(packed, count=rows).astype(np.bool_)


def num_asked(packed: Packed | None, rows: int) -> int:
    """How many of `rows` rows are asked about."""
    return rows if packed is None else int(np.bitwise_count(packed).sum())
