"""The input and output of a contender: one JSON file each. Needs the standard library only."""

from __future__ import annotations

import hashlib
import json
import os
import time
from array import array
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The work, equal for every contender. All prompts have the same words before and after the document's text."""

    documents: str  # Parquet with `id_column` and `text_column`
    records: str  # Parquet to write
    times: str  # JSON to write
    scratch: str  # a folder for temporary files
    id_column: str
    text_column: str
    shared: list[dict[str, str]]  # the messages before the document's
    before: str  # the document's message: before + text + after
    after: str
    schema: dict[str, Any]  # JSON Schema of an answer
    engine: dict[str, Any]  # arguments of vLLM's EngineArgs
    temperature: float
    top_p: float
    max_tokens: int
    device: str  # cpu or gpu
    cpus: int
    ask_once: bool  # repeated texts are asked once; the contender's script does it
    options: dict[str, Any] = field(default_factory=dict)  # for one contender

    def messages(self, text: str) -> list[dict[str, str]]:
        """The messages of a prompt."""
        return [*self.shared, {"role": "user", "content": f"{self.before}{text}{self.after}"}]


def write_work(work: Work, path: Path) -> None:
    """Write what `read_work` reads."""
    path.write_text(json.dumps(asdict(work), ensure_ascii=False), encoding="utf-8")


def read_work(path: str) -> Work:
    """Read the input of a contender."""
    return Work(**json.loads(Path(path).read_text(encoding="utf-8")))


class Clock:
    """Records times in seconds since the epoch, so that processes can be compared."""

    def __init__(self) -> None:
        self._marks: dict[str, float] = {"begun": time.time()}
        self._rows: list[tuple[float, int]] = []

    def mark(self, name: str, at: float | None = None) -> None:
        """Record a single event, now or at a given time."""
        self._marks[name] = time.time() if at is None else at

    def rows(self, count: int, at: float | None = None) -> None:
        """Record that `count` rows were answered, now or at a given time."""
        self._rows.append((time.time() if at is None else at, count))

    def write(self, path: str, **facts: Any) -> None:
        """Write all times, atomically."""
        temporary = Path(f"{path}.tmp")
        content = {"marks": self._marks, "rows": sorted(self._rows), **facts}
        temporary.write_text(json.dumps(content), encoding="utf-8")
        os.replace(temporary, path)


def distinct(texts: Sequence[str], *, ask_once: bool) -> tuple[list[str], list[list[int]]]:
    """Return the texts to ask and, for each, the indices of the rows with that text."""
    if not ask_once:
        return list(texts), [[row] for row in range(len(texts))]
    rows: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        rows.setdefault(text, []).append(row)
    return list(rows), list(rows.values())


def record(answer: str, *, finish_reason: str, prompt_tokens: int, output_tokens: int) -> dict[str, Any]:
    """A row as a plain script would make it: the answer's fields as JSON values (None if unusable), and the counts."""
    fields: dict[str, Any] | None = None
    if finish_reason == "stop":
        try:
            fields = json.loads(answer)
        except ValueError:
            fields = None
    return {
        "answer": fields,
        "finish_reason": finish_reason,
        "prompt_tokens": prompt_tokens,
        "output_tokens": output_tokens,
    }


def give(rows: list[dict[str, Any]], wanting: Sequence[int], found: dict[str, Any]) -> None:
    """Set the answer of every row in `wanting`. Its tokens are counted at the first row."""
    for row in wanting:
        rows[row] = found if row == wanting[0] else {**found, "prompt_tokens": 0, "output_tokens": 0}


def prompt_digest(tokens: Sequence[int]) -> str:
    """A digest of the token ids of a prompt, to compare prompts without their text. It takes microseconds."""
    return hashlib.blake2b(array("q", tokens).tobytes(), digest_size=8).hexdigest()
