"""What a file of an annotation tool says of one document, and its digest: by that, what nobody changed is known."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glane.errors import DataError
from glane.plain_values import json_values
from glane.run.written import digest_of

EXPORTED = "exported"  # of the data of a task of Label Studio: the digest of what was said of it when it was exported
LABEL, VALUE, WHOLE = "label", "value", "whole_"  # controls of Label Studio; the last begins those of whole documents
_BRAT_SPAN = re.compile(r"T(\S+)\t(\S+) ([\d ;]+)\t(.*)")
_BRAT_NOTE = re.compile(r"#\S+\tAnnotatorNotes T(\S+)\t(.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One value that somebody gave; the offsets in code points, None where it is of the whole document."""

    label: str
    value: str | None  # None: the words of the passage say it
    words: str | None = None
    start: int | None = None
    end: int | None = None


def said_digest(said: Iterable[Said]) -> str:
    """The digest of what is said, in whatever order the file has it, however its lines end."""
    parts = sorted(json.dumps([one.label, one.value, one.start, one.end]) for one in said)
    return digest_of("\n".join(parts).encode())


def brat_said(content: bytes, place: Path) -> Iterator[Said]:
    """The passages of an `.ann` file. Its lines may end as those of Windows do.

    Raises:
        DataError: naming `place` and the line that is no passage.
    """
    lines = [line.removesuffix("\r") for line in content.decode("utf-8", "replace").split("\n")]
    notes = {found[1]: found[2] for line in lines if (found := _BRAT_NOTE.fullmatch(line))}
    for number, line in enumerate(lines, 1):
        if not line.startswith("T"):
            continue
        if (found := _BRAT_SPAN.fullmatch(line)) is None:
            raise DataError(f"gold: {place}: line {number} is no passage as brat writes one. Mark it again in brat.")
        ends = [int(one) for one in re.findall(r"\d+", found[3])]
        yield Said(label=found[2], value=_value_of(notes.get(found[1])), words=found[4], start=min(ends), end=max(ends))


def _value_of(note: str | None) -> str | None:
    """A value as it was written, or as JSON; somebody may write quotation marks of their own."""
    if note is None or not note.startswith('"'):
        return note
    try:
        return str(json_values(note))
    except ValueError:
        return note


def label_studio_said(result: Sequence[Mapping[str, Any]]) -> Iterator[Said]:
    """The regions of an annotation or a prediction, and what it says of the whole document."""
    values = {part["id"]: _texts(part["value"]["text"]) for part in result if part.get("from_name") == VALUE}
    for part in result:
        control, value = str(part.get("from_name")), part.get("value", {})
        if control == LABEL:
            given = next(iter(values.get(part["id"], ())), None)
            for label in value.get("labels", []):
                start, end = int(value["start"]), int(value["end"])
                yield Said(label=label, value=given, words=value.get("text"), start=start, end=end)
        elif control.startswith(WHOLE):
            for one in value.get("choices") or _texts(value.get("text")):
                yield Said(label=control.removeprefix(WHOLE), value=one)


def _texts(given: object) -> list[str]:
    """What was filled in; some exports have one text without a list around it."""
    if isinstance(given, str):
        return [given]
    return list(given) if isinstance(given, Sequence) else []
