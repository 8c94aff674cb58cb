"""Records: the values that cross rooms, processes and files. Each carries its kind and its version."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field as Key

from glane.errors import GlaneError, RecordError, UnreadableError, told
from glane.plain_values import json_values
from glane.regular import is_no_file, open_file, read_open
from glane.storage import patiently
from glane.validation import Strict, validated


class Record(Strict):
    """A frozen value with its kind and its version. A subclass sets both:

        kind: Literal["glane heartbeat"] = "glane heartbeat"
        version: Literal[1] = 1

    The version is raised when the fields change so that an older reader would misread them.
    """

    kind: str
    version: int

    def as_json(self) -> bytes:
        """The record as the content of a file: indented JSON in UTF-8."""
        return self.model_dump_json(indent=2).encode()

    def as_values(self) -> dict[str, Any]:
        """The record as plain values, which JSON and YAML can hold."""
        return self.model_dump(mode="json")


def left_out() -> Any:
    """The default of a value that a file does not mention where there is none: `confusion: Confusion | None = …`."""
    return Key(default=None, exclude_if=lambda value: value is None)


R = TypeVar("R", bound=Record)


def check_kind(model: type[Record], values: object, *, place: str | Path) -> Mapping[str, Any]:
    """Return plain values that call themselves a record of this kind and version. Nothing else of them is checked.

    Raises:
        RecordError: if they are of another kind or version.
    """
    kind, version = (model.model_fields[name].default for name in ("kind", "version"))
    if not isinstance(values, Mapping) or "kind" not in values:
        raise RecordError(f"{place}: no record of glane ({kind!r} is expected here). Was it written by glane 0.1.0?")
    if values["kind"] != kind:
        raise RecordError(f"{place}: holds {told(values['kind'])}, and {kind!r} is expected here.")
    if values.get("version") != version:
        raise RecordError(
            f"{place}: {kind!r} in version {told(values.get('version'))}; this glane reads version {version}. "
            "Read it with the glane that wrote it, or make it again."
        )
    return values


def parse_record(model: type[R], values: object, *, place: str | Path) -> R:
    """Return plain values as a record. `place`, for errors, is where they were found; they show no value.

    Raises:
        RecordError: if they are of another kind or version, or damaged.
    """
    found = check_kind(model, values, place=place)
    try:
        return validated(model, found, place="", are_values_shown=False)
    except GlaneError as error:
        raise RecordError(f"{place}: damaged. {str(error).splitlines()[0]}") from None


def read_record(model: type[R], path: Path) -> R:
    """Read a record from its JSON file.

    Raises:
        FileNotFoundError: if there is no such file.
        UnreadableError: if it may not be read.
        RecordError: if it is no file, of another kind or version, or damaged.
    """
    return read_dated(model, path)[1]


def read_dated(model: type[R], path: Path) -> tuple[float, R]:
    """Read a record as `read_record` does, and when its file was written, in seconds since 1970 by the file system's.

    The file is asked for once: on a shared file system each look at a path is a request to its server.
    """

    def read() -> tuple[float, bytes]:
        with open_file(path) as stream:
            return os.fstat(stream.fileno()).st_mtime, read_open(stream)

    try:
        written, content = patiently(read)
        values = json_values(content)
    except FileNotFoundError:
        raise
    except OSError as error:
        kind = RecordError if is_no_file(error) else UnreadableError
        raise kind(f"{path}: cannot be read ({error.strerror}).") from None
    except ValueError:
        raise RecordError(f"{path}: damaged; it is not JSON.") from None
    return written, parse_record(model, values, place=path)
