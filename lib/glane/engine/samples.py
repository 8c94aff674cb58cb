"""Random answers under a JSON Schema, for the part of JSON Schema that tasks use."""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from glane.form import Form

_RARELY = 0.3  # probability of another option than the first, such as null or a reason why there is no value
_MOST_MORE = 2  # items beyond the minimum of a list
_MOST_DRAWS = 100  # attempts at a string that must have a certain length
_CATEGORIES = {
    "CATEGORY_DIGIT": "0", "CATEGORY_WORD": "a", "CATEGORY_SPACE": " ", "CATEGORY_NOT_DIGIT": "a",
    "CATEGORY_NOT_WORD": "-", "CATEGORY_NOT_SPACE": "a",
}  # fmt: skip
Schema = Mapping[str, Any]


def sample_answer(form: Form, rng: random.Random, *, quote: str) -> str:
    """Return an answer of this form as compact JSON. Every quote of the text in it is `quote`."""
    answer = _value(_parsed(form.schema), rng, {form.quote_key: quote} if form.quote_key else {})
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=16)
def _parsed(schema: str) -> Schema:
    return json.loads(schema)


def _value(schema: Schema, rng: random.Random, given: Mapping[str, str]) -> Any:
    """Draw a value. Strings under a key of `given` are not drawn but taken from it, cut to the longest allowed."""
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
            return _number(schema, rng)
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


def _number(schema: Schema, rng: random.Random) -> float:
    low = max(schema.get("minimum", -math.inf), schema.get("exclusiveMinimum", -math.inf))
    high = min(schema.get("maximum", math.inf), schema.get("exclusiveMaximum", math.inf))
    if math.isinf(low):
        low = 0.0 if high > 0 else high - 100
    high = max(100.0, low + 100) if math.isinf(high) else high
    value = rng.uniform(low, high)
    rounded = round(value, 1)
    return rounded if low < rounded < high else value


def _string(schema: Schema, rng: random.Random) -> str:
    least, most = schema.get("minLength", 0), schema.get("maxLength", math.inf)
    if "pattern" not in schema:
        return "".join(rng.choices('aé"\\\n ', k=max(least, int(min(most, 6)))))
    pattern = schema["pattern"]
    parsed, text = re._parser.parse(pattern), ""  # type: ignore[attr-defined]
    for draw in range(_MOST_DRAWS):
        text = _matching(parsed, rng, _MOST_MORE + draw * least // 4)
        if not pattern.endswith("$"):
            text += "a" * (least - len(text))
        if least <= len(text) <= most:
            break
    return text


def _matching(parts: Sequence[tuple[Any, Any]], rng: random.Random, more: int) -> str:
    """Draw a string that a parsed pattern matches, with at most `more` repetitions beyond each minimum.

    Of alternatives it takes the first, so that drawn dates exist in every month.

    Raises:
        ValueError: for a construct that patterns of tasks cannot have, such as a lookahead.
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
            case "NOT_LITERAL":
                found += "a" if what != ord("a") else "b"
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                fewest, most, inner = what
                times = rng.randint(fewest, min(int(most), fewest + more))
                found += "".join(_matching(inner, rng, more) for _ in range(times))
            case "SUBPATTERN":
                found += _matching(what[-1], rng, more)
            case "BRANCH":
                found += _matching(what[1][0], rng, more)
            case "AT":
                continue
            case other:
                raise ValueError(f"the scripted engine draws no string of a pattern with {other}")
    return found


def _of_class(members: Sequence[tuple[Any, Any]], rng: random.Random) -> str:
    """Draw a character of a class like [a-z_] or [^,]."""
    if str(members[0][0]) == "NEGATE":
        return next(one for one in "a0 -é!" if not any(_has(*member, one) for member in members[1:]))
    kind, what = rng.choice(members)
    if str(kind) == "CATEGORY":
        return _CATEGORIES[str(what)]
    return chr(rng.randint(*what) if str(kind) == "RANGE" else what)


def _has(kind: Any, what: Any, character: str) -> bool:
    """Whether a member of a character class matches a character."""
    if str(kind) == "RANGE":
        return what[0] <= ord(character) <= what[1]
    return character in _CATEGORIES[str(what)] if str(kind) == "CATEGORY" else ord(character) == what
