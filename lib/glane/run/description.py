"""The description of a run: `run.yaml`, written once when it begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

import yaml
from pydantic import Field as Key

from glane.corpus.unchanged import KnownFile
from glane.errors import RecordError, RunError, UnreadableError
from glane.plain_values import NotPlainError, yaml_values
from glane.records import Record, left_out, parse_record
from glane.regular import content_of, is_no_file
from glane.run.directory import RunDirectory
from glane.run.environment import Environment
from glane.run.fingerprint import Fingerprint
from glane.storage import exists, patiently, storage_errors
from glane.tables.shape import TableShape
from glane.types import Toy
from glane.validation import Strict

# libyaml's, where PyYAML has it: the description of thousands of input files takes long in pure Python.
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
T = TypeVar("T")


class ColumnEntry(Strict):
    """One column of the result, or one member of a record in it, in words."""

    column: str
    role: Literal["input", "field", "annotation", "member", "result"]
    type: str
    description: str
    nullable: bool = True
    values: str | None = None
    labels: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    original: str | None = None  # its name in an imported schema, where that cannot be the name of a column


class EarlierRun(Strict):
    """The run that another one extends: it keeps values of some fields, and asks the others."""

    id: str  # of its directory
    path: str
    fingerprint_digest: str
    reused: tuple[str, ...]  # fields whose values are kept
    asked: tuple[str, ...]  # the other fields


class RunDescription(Record):
    """What a run is, and what it was made with. `settings` are those of its kind of work."""

    kind: Literal["glane run"] = "glane run"
    version: Literal[2] = 2
    work: str  # the kind of work: extraction, for example
    created: str
    task: str = ""  # empty where the work has none
    task_notes: tuple[str, ...] = ()  # what was changed or left out of an imported definition
    model: str = ""
    toy: Toy | None = left_out()  # its answers are no results
    fingerprint_digest: str
    fingerprint: Fingerprint
    files: tuple[KnownFile, ...]
    tables: tuple[TableShape, ...] = Key(default=(), exclude_if=lambda value: not value)  # that the files were made of
    settings: Mapping[str, Any]
    lease_s: float  # a worker that is silent for longer loses its shards
    codebook: tuple[ColumnEntry, ...]
    extends: EarlierRun | None = left_out()
    environment: Environment

    @property
    def fields(self) -> list[str]:
        """The names of the columns that hold the task's fields."""
        return [entry.column for entry in self.codebook if entry.role == "field"]


def description_bytes(description: RunDescription) -> bytes:
    """The description as `run.yaml` holds it."""
    text = yaml.dump(description.as_values(), Dumper=_Dumper, allow_unicode=True, sort_keys=False)
    assert isinstance(text, str)
    return text.encode()


def read_description(directory: RunDirectory) -> RunDescription:
    """Read `run.yaml`.

    Raises:
        FileNotFoundError: if there is none.
        RecordError: if it is of another version.
        UnreadableError: if it cannot be read.
        RunError: if it is damaged.
    """
    return parse_record(RunDescription, read_yaml(directory, yaml_values), place=directory.description)


def read_yaml(directory: RunDirectory, load: Callable[[str], T]) -> T:
    """What `load` makes of the text of `run.yaml`.

    Raises:
        FileNotFoundError: if there is none.
        UnreadableError: if it cannot be read.
        RunError: if it is damaged.
    """
    try:
        return load(patiently(lambda: content_of(directory.description)).decode())
    except FileNotFoundError:
        raise
    except OSError as error:
        kind = RunError if is_no_file(error) else UnreadableError
        raise kind(f"{directory.description}: cannot be read ({error.strerror}).") from None
    except (NotPlainError, UnicodeDecodeError):
        raise RunError(f"{directory.description}: damaged. Choose another run.dir.") from None


def known_run(directory: RunDirectory) -> RunDescription | None:
    """Return the description in `run.yaml`, or None for a directory that holds no run yet.

    Raises:
        RunError: if the directory is a file, holds other things, or holds a run that is damaged or of another version.
    """
    with storage_errors(directory.root):
        if exists(directory.description):
            try:
                known = read_description(directory)
            except RecordError as error:
                raise RunError(f"run.dir: {error} Or choose another run.dir.") from None
        else:
            known = None
        if known is None or not directory.is_complete:  # a run that is complete is only looked at
            directory.refuse_foreign()
    return known
