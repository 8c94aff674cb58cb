"""The shortest answer that a task allows: whether any answer fits can be known before one is asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from glane.task.task import Task


def shortest_answer(task: Task) -> str:
    """An answer to `task` in as few characters as its JSON Schema allows; a string with a pattern counts as empty."""
    return _shortest(json.loads(task.answer_schema))


def _shortest(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return min(map(_shortest, schema["anyOf"]), key=len)
    if "enum" in schema:
        return min(map(_json, schema["enum"]), key=len)
    if "const" in schema:
        return _json(schema["const"])
    match schema["type"]:
        case "object":
            return "{" + ",".join(f"{_json(key)}:{_shortest(one)}" for key, one in schema["properties"].items()) + "}"
        case "array":
            return "[" + ",".join([_shortest(schema["items"])] * schema.get("minItems", 0)) + "]"
        case "string":
            return _json("a" * schema.get("minLength", 0))
        case "boolean":
            return "true"
        case "null":
            return "null"
    return "0"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
