"""JSON and YAML of files as plain values: whatever a text holds, it is a value or one error.

Files of other users are read, too. libyaml composes nested values by recursion in C, which ends the process where they
are some ten thousand deep, and Python's readers raise what no caller of a reader of texts expects.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import yaml

# libyaml's, where PyYAML has it: the description of thousands of input files takes long in pure Python.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 200  # what pydantic and json write again by recursion
_OPEN = (yaml.SequenceStartEvent, yaml.MappingStartEvent)
_CLOSE = (yaml.SequenceEndEvent, yaml.MappingEndEvent)


class NotPlainError(ValueError):
    """A text is no JSON or YAML, or holds what nobody writes by hand or by glane. It quotes nothing of the text."""


class TooDeepError(NotPlainError):
    """It is nested deeper than what reads it can follow. Another reader may take it."""

    def __init__(self) -> None:
        super().__init__(f"it is nested more than {_DEEPEST} deep")


def json_values(content: str | bytes) -> Any:
    """What a text in JSON holds.

    Raises:
        UnicodeDecodeError: if bytes are no text.
        NotPlainError: if it is none, or holds a number of thousands of digits.
        TooDeepError: if it is nested more than 200 deep.
    """
    try:
        found = json.loads(content)
    except UnicodeDecodeError:
        raise
    except RecursionError:
        raise TooDeepError from None
    except ValueError:
        raise NotPlainError("it is no JSON") from None
    _check_depth(found)
    return found


def yaml_values(text: str) -> Any:
    """What a text in YAML holds.

    Raises:
        NotPlainError: if it is none, holds a value that its tag cannot have, or has an alias (*name), by which a few
            lines can stand for more values than memory holds.
        TooDeepError: if it is nested more than 200 deep.
    """
    try:
        _check_events(text)
        return yaml.load(text, Loader=_Loader)
    except NotPlainError:
        raise
    except (yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError):
        raise NotPlainError("it is no YAML") from None


def _check_events(text: str) -> None:
    """Look at what is opened and closed, without recursion: an eighth of the time that it takes to load it."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, _OPEN) - isinstance(event, _CLOSE)
        if depth > _DEEPEST:
            raise TooDeepError
        if isinstance(event, yaml.AliasEvent):
            raise NotPlainError("it has an alias")


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for one in level for inner in _inner(one)]
        if not level:
            return
    raise TooDeepError


def _inner(value: Any) -> Iterator[Any]:
    """The values in a value that may hold others."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (one for one in inner if isinstance(one, dict | list))
