"""The summary of a complete run: `summary.json`."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from pydantic import ConfigDict

from glane.records import Record, left_out, read_record
from glane.run.directory import RunDirectory
from glane.run.energy_total import EnergyTotal
from glane.types import Status
from glane.validation import Strict


class Flow(Strict):
    """From input to output, in rows. The names in capitals are the statuses of the result.

    Where documents are grouped, `documents` rows of the input are selected, and all after that counts groups.
    """

    read: int
    documents: int | None = left_out()
    selected: int
    duplicates: int = 0  # rows whose answer a worker had from the same prompt: it does not know those of other workers
    asked: int = 0
    OK: int = 0
    EMPTY: int = 0
    TOO_LONG: int = 0
    TRUNCATED: int = 0
    INVALID: int = 0
    REJECTED: int = 0

    def of(self, status: Status) -> int:
        """How many rows have a status."""
        return int(getattr(self, status.name))

    def statuses(self) -> dict[str, int]:
        """Rows by status, without the statuses that no row has."""
        return {str(status): self.of(status) for status in Status if self.of(status)}


class Tokens(Strict):
    """Tokens that engines read and wrote.

    `cached` tokens of the prompts were found in the engines' prefix caches, and `forced` tokens of the output were
    appended without asking the model. They are left out where that is not told: `forced` without confidence, and both
    where an engine ended by force and some rows were asked again.
    """

    prompt: int = 0
    cached: int | None = left_out()
    output: int = 0
    forced: int | None = left_out()


class Summary(Record):
    """Counts of a complete run. A kind of work may add its own; they are ignored here."""

    model_config = ConfigDict(extra="ignore")

    kind: Literal["glane summary"] = "glane summary"
    version: Literal[1] = 1
    complete: Literal[True] = True
    finished: str
    flow: Flow
    tokens: Tokens = Tokens()
    shards: int
    seconds_working: float
    rows_per_s: float
    engine_hours: float
    gpu_hours: float
    engines: int  # the most at one time
    record_bytes: int
    energy: EnergyTotal
    hosts: tuple[str, ...]
    engine_deaths: int


S = TypeVar("S", bound=Summary)


def read_summary(directory: RunDirectory, model: type[S]) -> S:
    """The counts of a complete run. `model` is `Summary`, or a subclass that a kind of work has.

    Raises:
        FileNotFoundError: if the run has none yet.
        RecordError: if it is of another version.
    """
    return read_record(model, directory.summary)


def amended(summary: S, **more: Any) -> S:
    """A summary with some of its values replaced, checked again."""
    return type(summary).model_validate(dict(summary) | more)
