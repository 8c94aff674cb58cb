"""What the guard of a run has refused: connections of its processes to other machines, from the files of the ledger."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from glane.guard.refusals import PREFIX
from glane.records import Record
from glane.run.directory import RunDirectory
from glane.run.starts import record_lines
from glane.storage import listed


class Refusal(Record):
    """A connection that was refused: by the kernel or by Python, of which program, to where. It holds no text."""

    kind: Literal["glane refusal"] = "glane refusal"
    version: Literal[1] = 1
    time: float  # in seconds since 1970
    host: str
    pid: int
    program: str
    by: Literal["kernel", "Python"]
    what: str
    address: str  # "-" where there is none


def refusals(directory: RunDirectory) -> list[Refusal]:
    """All that was refused, the oldest first. Each process writes an address once."""
    found = [one for path in listed(directory.ledger, f"{PREFIX}*.jsonl") for one in record_lines(Refusal, path)]
    return sorted(found, key=lambda one: one.time)


def refused_lines(directory: RunDirectory) -> list[str]:
    """What was refused, as lines for people: each address once, with the programs that asked for it."""
    programs: dict[tuple[str, str], Counter[str]] = {}
    for one in refusals(directory):
        programs.setdefault((one.what, one.address), Counter())[one.program] += 1
    return [
        f"{what}{'' if address == '-' else f' {address}'} ({', '.join(sorted(counts))})"
        for (what, address), counts in programs.items()
    ]
