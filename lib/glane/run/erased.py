"""What was erased of a run: when, by whom, how many documents; and of each id a slow, salted digest, not the id.

An id can tell who somebody is, and can be guessed: a file number has a million values. So its digest takes a fraction
of a second to compute (scrypt: Percival, Stronger key derivation via sequential memory-hard functions, 2009), with a
salt of its own for each erasure. It shows that somebody who knows an id asks for what was erased already.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

from pydantic import Field as Key

from glane.records import Record, read_record
from glane.run.directory import RunDirectory
from glane.validation import Strict

_COST, _BLOCK = 1 << 13, 8  # of scrypt: 8 MiB and some 20 ms for each id
_THREADS = 4


class Erasure(Strict):
    """Documents that were erased together."""

    id: str  # of the change of the run's files
    time: str  # ISO 8601 in UTC
    user: str
    glane: str
    documents: int  # rows of the run
    salt: str
    digests: tuple[str, ...]  # of the ids, sorted
    emptied: tuple[str, ...] = Key(default=(), exclude_if=lambda value: not value)  # data sets, of all these ids


class Erased(Record):
    """What `erased.json` says. `former` is what the fingerprint calls inputs that were rewritten, by their digests."""

    kind: Literal["glane erased"] = "glane erased"
    version: Literal[1] = 1
    erasures: tuple[Erasure, ...] = ()
    former: Mapping[str, str] = {}

    @property
    def documents(self) -> int:
        """How many rows of the run were erased."""
        return sum(one.documents for one in self.erasures)

    @property
    def lines(self) -> tuple[str, ...]:
        """What the start of the run says of it."""
        if not self.documents:
            return ()
        return (
            f"{self.documents} document(s) were erased of this run: they are not asked again, though its input may "
            "hold them still",
        )

    def named(self, digest: str) -> str:
        """The digest that an input had when the run began, of that which it has now."""
        return self.former.get(digest, digest)

    def as_begun(self, values: Any) -> Any:
        """Plain values with such digests put back."""
        if isinstance(values, Mapping):
            return {name: self.as_begun(value) for name, value in values.items()}
        if isinstance(values, list | tuple):
            return type(values)(self.as_begun(value) for value in values)
        return self.named(values) if isinstance(values, str) else values


def read_erased(directory: RunDirectory) -> Erased:
    """What was erased of a run; nothing where no document was.

    Raises:
        RecordError: if the file is damaged.
    """
    try:
        return read_record(Erased, directory.erased)
    except FileNotFoundError:
        return Erased()


def new_salt() -> str:
    """A salt, as hexadecimal digits."""
    return secrets.token_hex(16)


def id_digests(ids: Collection[str], salt: str) -> tuple[str, ...]:
    """The digests of ids, in their order."""
    with ThreadPoolExecutor(_THREADS) as pool:
        return tuple(pool.map(lambda one: _digest(one, salt), ids))


def known_erased(erased: Erased, ids: Collection[str], *, emptied: str | None = None) -> set[str]:
    """Those of some ids whose documents were erased before; of a data set, if its path is given as `emptied`."""
    found: set[str] = set()
    for one in erased.erasures:
        if emptied is not None and emptied not in one.emptied:
            continue
        told = set(one.digests)
        found |= {name for name, digest in zip(ids, id_digests(ids, one.salt), strict=True) if digest in told}
    return found


def _digest(name: str, salt: str) -> str:
    return hashlib.scrypt(name.encode(), salt=salt.encode(), n=_COST, r=_BLOCK, p=1, dklen=16).hex()
