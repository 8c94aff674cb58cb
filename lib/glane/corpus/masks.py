"""Which rows of a row group are asked, a bit each; None in place of the bits means all of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Packed = npt.NDArray[np.uint8]


def unpacked(packed: Packed, rows: int) -> Mask:
    """The bits of `rows` rows, one by one."""
    return np.unpackbits(packed, count=rows).astype(np.bool_)


def num_asked(packed: Packed | None, rows: int) -> int:
    """How many of `rows` rows are asked."""
    return rows if packed is None else int(np.bitwise_count(packed).sum())
