"""Answers drawn at random under a JSON Schema, as far as the schemas of tasks go."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from glane.form import Form

_RARELY = 0.3  # another option than the first: no value, or a reason why there is none
_MOST_MORE = 2  # items than a list must have
_CATEGORIES = {"CATEGORY_DIGIT": "0", "CATEGORY_WORD": "a", "CATEGORY_SPACE": " "}
Schema = Mapping[str, Any]


def sample_answer(form: Form, rng: random.Random, *, quote: str) -> str:
    """Return an answer of this form as compact JSON; wherever it quotes the text, it quotes `quote`."""
    answer = _value(_parsed(form.schema), rng, {form.quote_key: quote} if form.quote_key else {})
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=16)
def _parsed(schema: str) -> Schema:
    return json.loads(schema)


def _value(schema: Schema, rng: random.Random, given: Mapping[str, str]) -> Any:
    """Draw a value; strings under a key of `given` are given, as far as they fit."""
    if "anyOf" in schema:
        first, *others = schema["anyOf"]
        return _value(rng.choice(others) if rng.random() < _RARELY else first, rng, given)
    if "enum" in schema:
        return rng.choice(schema["enum"])
    if "const" in schema:
        return schema["const"]
    match schema["type"]:
        case "object":
            return {key: _member(key, one, rng, given) for key, one in schema["properties"].items()}
        case "array":
            fewest = schema.get("minItems", 0)
            count = rng.randint(fewest, max(fewest, min(schema.get("maxItems", _MOST_MORE), fewest + _MOST_MORE)))
            return [_value(schema["items"], rng, given) for _ in range(count)]
        case "string":
            return _string(schema, rng)
        case "integer":
            return rng.randint(schema["minimum"], schema["maximum"])
        case "number":
            return round(rng.uniform(schema.get("minimum", 0), schema.get("maximum", 100)), 1)
        case "boolean":
            return rng.random() < 0.5
        case "null":
            return None
        case other:
            raise ValueError(f"the scripted engine draws no value of type {other!r}")


def _member(key: str, schema: Schema, rng: random.Random, given: Mapping[str, str]) -> Any:
    if key in given and schema.get("type") == "string" and "pattern" not in schema:
        return given[key][: schema.get("maxLength")]
    return _value(schema, rng, given)


def _string(schema: Schema, rng: random.Random) -> str:
    if "pattern" in schema:
        return _matching(re._parser.parse(schema["pattern"]), rng)  # type: ignore[attr-defined]
    length = max(schema.get("minLength", 0), min(schema.get("maxLength", 6), 6))
    return "".join(rng.choices('aé"\\\n ', k=length))


def _matching(parts: Sequence[tuple[Any, Any]], rng: random.Random) -> str:
    """Draw a string that a parsed pattern matches. Of alternatives it takes the first: so a date exists in each month.

    Raises:
        ValueError: for what patterns of tasks do not have, such as looking ahead.
    """
    found = ""
    for kind, what in parts:
        match str(kind):
            case "LITERAL":
                found += chr(what)
            case "IN":
                found += _of_class(what, rng)
            case "ANY":
                found += "a"
            case "MAX_REPEAT" | "MIN_REPEAT":
                fewest, most, inner = what
                times = rng.randint(fewest, min(int(most), fewest + 2))
                found += "".join(_matching(inner, rng) for _ in range(times))
            case "SUBPATTERN":
                found += _matching(what[-1], rng)
            case "BRANCH":
                found += _matching(what[1][0], rng)
            case "AT":
                continue
            case other:
                raise ValueError(f"the scripted engine draws no string of a pattern with {other}")
    return found


def _of_class(members: Sequence[tuple[Any, Any]], rng: random.Random) -> str:
    """Draw a character of a class like [a-z_] or [^,]."""
    if str(members[0][0]) == "NEGATE":
        return next(one for one in "a0 -" if not any(_has(*member, one) for member in members[1:]))
    kind, what = rng.choice(members)
    if str(kind) == "CATEGORY":
        return _CATEGORIES[str(what)]
    return chr(rng.randint(*what) if str(kind) == "RANGE" else what)


def _has(kind: Any, what: Any, character: str) -> bool:
    """Whether a part of a class stands for a character."""
    if str(kind) == "RANGE":
        return what[0] <= ord(character) <= what[1]
    return character in _CATEGORIES[str(what)] if str(kind) == "CATEGORY" else ord(character) == what
