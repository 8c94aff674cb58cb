"""Counts that are changed a little instead of suppressed: rounded, or perturbed by keys of the records in them.

Each row is changed by itself, so sums no longer agree. Rounding hides a count among those that are rounded alike;
where sums are told as well, fewer of these may be left. A perturbed count differs by at most `largest`, and by no more
than itself, so that none is below 0 and the mean of many is right. What it is changed by follows from the records that
it counts and a secret (Fraser and Wooton, Joint UNECE/Eurostat work session on statistical data confidentiality, 2005):
the same records have the same count in every table and at every time, so repetition tells nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.errors import ConfigError

Floats = NDArray[np.float64]
_BITS = 36  # of a record's key: sums of 2**28 of them fit into 64 bits
_MOST = 2**_BITS
_LEAST_SALT = 16


def rounded(counts: Floats, base: int) -> Floats:
    """Counts as the nearest multiples of `base`; halves upwards."""
    return np.asarray(np.floor(counts / base + 0.5) * base, dtype=np.float64)


def read_salt(path: str) -> bytes:
    """The secret of a file.

    Raises:
        ConfigError: if it cannot be read, is too short, or others can read it.
    """
    file = Path(path)
    try:
        mode, content = file.stat().st_mode, file.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"table.disclosure.salt: {path} cannot be read ({error.strerror}). Make it once, and keep it: "
            f"(umask 077; head -c 32 /dev/urandom > {path})"
        ) from None
    if mode & 0o077:
        raise ConfigError(f"table.disclosure.salt: others can read {path}. Take that right away: chmod 600 {path}")
    if len(content) < _LEAST_SALT:
        raise ConfigError(
            f"table.disclosure.salt: {path} has {len(content)} bytes; {_LEAST_SALT} that nobody can guess are needed."
        )
    return content


def record_keys(records: Iterable[object], salt: bytes) -> pl.Series:
    """A secret number for each record, by its id."""
    keys = (hashlib.blake2b(repr(one).encode(), digest_size=8, key=salt[:64]).digest() for one in records)
    return pl.Series([int.from_bytes(one, "big") % _MOST for one in keys], dtype=pl.UInt64)


def noise(counts: Floats, sums: NDArray[np.uint64], largest: int, *, salt: bytes, of: str) -> Floats:
    """What counts are changed by: whole numbers, drawn evenly from minus to plus the lesser of the count and `largest`.

    Args:
        counts: Whole numbers.
        sums: Of the keys of the records of each.
        largest: The most that is added or taken away.
        salt: The secret.
        of: What is counted: other counts of the same records are changed otherwise.
    """
    keys = [
        hashlib.blake2b(int(one % _MOST).to_bytes(8, "big") + of.encode(), digest_size=8, key=salt[:64]).digest()
        for one in sums
    ]
    share = np.array([int.from_bytes(one, "big") for one in keys], dtype=np.float64) / 2.0**64
    most = np.minimum(counts, largest)
    return np.minimum(np.floor(share * (2 * most + 1)), 2 * most) - most
