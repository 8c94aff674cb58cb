"""What came of a replay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from glane.records import Record
from glane.validation import Strict


class Proportion(Strict):
    """How many of the sampled documents, and what share of all of the run, with its 95 % interval."""

    documents: int
    share: float
    low: float
    high: float


class Replay(Record):
    """A sample of a run's documents extracted again. It holds no text and no id of a document."""

    kind: Literal["glane replay"] = "glane replay"
    version: Literal[1] = 1
    run: str
    fingerprint_digest: str
    time: str  # ISO 8601 in UTC
    documents: int  # of the run
    sampled: int
    seed: int
    identical: Proportion
    equivalent: Proportion
    different: Proportion
    fields: Mapping[str, int]  # of different documents, in how many each field has another value
    asked_otherwise: tuple[str, ...]  # kinds of differences in how was asked: the version of the engine, the weights
    batch_invariant: bool  # whether the engine computed so that a batch changes nothing
    why_not: str = ""  # where it did not
