"""Parses a completion into values, strictly: nothing is repaired in silence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from glane.task.answer import AnswerError, read_answer
from glane.task.fields import Field
from glane.task.keys import FULL_KEYS, Keys
from glane.task.locate import locate
from glane.types import Completion, ExtractedValue, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of parsing one completion: its values if the status is OK, else a reason without document text."""

    status: Status
    reason: str | None = None
    place: str = ""  # the field that has another form than asked for, if it is one
    found: dict[str, ExtractedValue] | None = None


def parse(completion: Completion, fields: Mapping[str, Field], spelling: Keys = FULL_KEYS) -> Outcome:
    """Parse and check one completion. The reason of a failure names field and rule, never a value."""
    if completion.finish_reason == "length":
        reason = f"the answer was cut after {completion.num_output_tokens} tokens"
        return Outcome(status=Status.TRUNCATED, reason=reason)
    if completion.finish_reason != "stop":
        reason = f"the engine ended the request: {completion.finish_reason}"
        return Outcome(status=Status.REJECTED, reason=reason)
    try:
        # `locate` accepts duplicate keys and NaN. This strict parse, which is fast, refuses them first.
        json.loads(completion.text, object_pairs_hook=_distinct, parse_constant=_no_constant)
        return Outcome(status=Status.OK, found=read_answer(fields, spelling.restored(locate(completion.text))))
    except AnswerError as error:
        place, _, _ = str(error).partition(":")
        return Outcome(status=Status.INVALID, reason=str(error), place="" if place == "answer" else place)
    except json.JSONDecodeError as error:
        return Outcome(status=Status.INVALID, reason=f"not JSON at character {error.pos}")
    except (ValueError, RecursionError):  # a number of thousands of digits, or brackets nested too deep
        return Outcome(status=Status.INVALID, reason="not JSON that can be read")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise AnswerError("answer: a key stands twice")
    return dict(pairs)


def _no_constant(_: str) -> NoReturn:
    raise AnswerError("answer: NaN or infinity is no number")
