"""The chosen question, sealed before right answers are opened, and what of it is another later.

A seal is a record of what was chosen, with its own SHA-256. The time is that of the machine that wrote it, and a file
can be deleted: it proves to others only as much as a copy of the SHA-256 that somebody else keeps.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from glane.assess.estimate.question import Question
from glane.records import Record
from glane.validation import Strict

SEAL = "seal.json"


class Choice(Strict):
    """What is sealed: one way of asking, the question, the documents, and the other ways that it stands beside."""

    task: str
    wording: str  # digests from here
    prompt: str
    model: str
    reading: str
    fingerprint: str
    question: Question
    between: tuple[str, str] | None
    weight: str | None
    inclusion_probability: str | None
    documents: int
    ids: str  # digest of the ids of the documents
    inputs: str  # digest of the files that they were read from, by name and content
    specifications: tuple[str, ...]  # fingerprints of all, sorted


class Seal(Record):
    """A choice, when it was sealed, and the SHA-256 of both."""

    kind: Literal["glane seal"] = "glane seal"
    version: Literal[1] = 1
    sealed: str  # UTC, by the clock of that machine
    choice: Choice
    sha256: str


class GoldFile(Strict):
    """The right answers as they were when the figures were corrected."""

    path: str
    sha256: str | None = None  # None of a table in memory, and so the time
    modified: str | None = None  # UTC, by the file system; the latest of several files


class BrokenKey(Strict):
    """One thing that is not as it was sealed."""

    key: str
    sealed: str
    now: str


class SealCheck(Strict):
    """Whether there is a seal, and whether it holds."""

    sealed: str | None = None  # None: no seal
    sha256: str | None = None
    broken: tuple[BrokenKey, ...] = ()
    is_before_gold: bool | None = None  # None without a seal or without the time of the gold

    @property
    def holds(self) -> bool:
        """Whether what was sealed is what is estimated."""
        return self.sealed is not None and not self.broken


def sealed(choice: Choice, *, now: str) -> Seal:
    """Seal a choice at a time."""
    return Seal(sealed=now, choice=choice, sha256=_digest(now, choice))


def checked(seal: Seal | None, choice: Choice, gold: GoldFile | None) -> SealCheck:
    """Compare a seal with what is estimated now, key by key."""
    if seal is None:
        return SealCheck()
    then, now = (dict(_flat(one.model_dump(mode="json"))) for one in (seal.choice, choice))
    broken = [
        BrokenKey(key=key, sealed=_told(then.get(key)), now=_told(now.get(key)))
        for key in dict.fromkeys([*then, *now])
        if then.get(key) != now.get(key)
    ]
    if (true := _digest(seal.sealed, seal.choice)) != seal.sha256:
        broken.insert(0, BrokenKey(key="sha256", sealed=seal.sha256, now=true))
    modified = None if gold is None else gold.modified
    before = None if modified is None else seal.sealed < modified
    return SealCheck(sealed=seal.sealed, sha256=seal.sha256, broken=tuple(broken), is_before_gold=before)


def _digest(when: str, choice: Choice) -> str:
    values = {"sealed": when, "choice": choice.model_dump(mode="json")}
    return hashlib.sha256(json.dumps(values, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _told(value: Any) -> str:
    if isinstance(value, list) and len(value) > 2:
        return f"{len(value)} ({hashlib.sha256(json.dumps(value).encode()).hexdigest()[:12]})"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
