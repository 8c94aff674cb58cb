"""The chain from a sentence of a brief to what it rests on, as one record (after W3C PROV: entity, activity, agent)."""

from __future__ import annotations

import datetime
from typing import Literal

from glane.assess.designs import Design
from glane.briefs.record import Claim, ModelUsed, Signature
from glane.records import Record


class Chain(Record):
    """One sentence, with the query, run, models and review behind it; each was compared with what is there now."""

    kind: Literal["glane trace"] = "glane trace"
    version: Literal[1] = 1
    claim: Claim
    brief: str  # the folder
    claims: str  # the digest of claims.parquet
    made: datetime.date
    run: str
    fingerprint: str
    models: tuple[ModelUsed, ...]
    gold: str | None
    review: Design | None
    signature: Signature | None
