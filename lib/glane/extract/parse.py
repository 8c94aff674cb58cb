"""From a completion to typed values, strictly: nothing is repaired in silence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from glane.task.answer import AnswerError, column_values
from glane.task.fields import Field
from glane.types import Completion, Extraction, Status


def parse(completion: Completion, fields: Mapping[str, Field]) -> Extraction:
    """Judge one completion. The reason of a failure names field and rule, never a value."""
    status, reason, values = _judge(completion, fields)
    return Extraction(
        status=status,
        reason=reason,
        values=values,
        finish_reason=completion.finish_reason,
        num_prompt_tokens=completion.num_prompt_tokens,
        num_output_tokens=completion.num_output_tokens,
    )


def _judge(completion: Completion, fields: Mapping[str, Field]) -> tuple[Status, str | None, dict[str, Any] | None]:
    if completion.finish_reason == "length":
        return Status.TRUNCATED, f"the answer was cut after {completion.num_output_tokens} tokens", None
    if completion.finish_reason != "stop":
        return Status.REJECTED, f"the engine ended the request: {completion.finish_reason}", None
    try:
        answer = json.loads(completion.text, object_pairs_hook=_distinct, parse_constant=_no_constant)
        return Status.OK, None, column_values(fields, answer)
    except AnswerError as error:
        return Status.INVALID, str(error), None
    except json.JSONDecodeError as error:
        return Status.INVALID, f"not JSON at character {error.pos}", None
    except (ValueError, RecursionError):  # a number of thousands of digits, brackets nested without end
        return Status.INVALID, "not JSON that can be read", None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise AnswerError("answer: a key stands twice")
    return dict(pairs)


def _no_constant(_: str) -> NoReturn:
    raise AnswerError("answer: NaN or infinity is no number")
