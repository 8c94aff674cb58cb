"""The names of claims: digests of what they say and of what they rest on, so that the same claim has the same name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from glane.briefs.record import Measure, Value

_SIZE = 6  # bytes


def figure_id(fingerprint: str, measure: Measure, value: Value) -> str:
    """The name of a figure of a run."""
    return "f-" + digest([fingerprint, measure.model_dump_json(), value.model_dump_json()])


def statement_id(sentence: str, places: Iterable[str]) -> str:
    """The name of a statement with the places of its quotes, in any order."""
    return "s-" + digest([sentence, *sorted(places)])


def digest(parts: Iterable[str], *, salt: str = "") -> str:
    """A short digest of texts; `salt` makes another order of the same texts."""
    made = hashlib.blake2b(salt.encode(), digest_size=_SIZE)
    for part in parts:
        told = part.encode("utf-8", "surrogatepass")
        made.update(len(told).to_bytes(8, "big") + told)
    return made.hexdigest()
