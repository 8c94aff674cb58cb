"""Merges the definitions of a union into one field, as a column has one type.

Every value of the field is one that the union allows. A union for which there is no such field is refused.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from glane.errors import ConfigError
from glane.task.keywords import GROUP_KEYS

Definition = Mapping[str, Any]


class Further(Enum):
    """What the schema of a record says of properties that it does not name."""

    ALLOWED = 0
    EXCLUDED = 1
    RULED = 2  # it has a rule about them, which they may break or keep


_TEXTS = ("string", "enum", "date", "time", "datetime")  # kinds of which every value is text


def union_of(
    options: Sequence[Definition], word: str, place: str, *, further: Sequence[Further] = ()
) -> tuple[dict[str, Any], str]:
    """The field for a union of `options`, and a note on what it does not keep of them; empty if nothing is lost.

    `word` is the union's keyword, oneOf or anyOf. `further` says what each option, if it is a record, allows of
    the fields of the others.

    Raises:
        ConfigError: if the union cannot be one column.
    """
    first = [i for i, one in enumerate(options) if _bare(one) not in map(_bare, options[:i])]
    kept = [options[i] for i in first]
    nullable = {"nullable": True} if any(one.get("nullable") for one in options) else {}
    if word == "oneOf" and len(kept) < len(options):
        raise ConfigError(f"{place}.oneOf: two of its schemas allow the same values, so that none is in exactly one.")
    if len(kept) == 1:
        return {**kept[0], **nullable}, ""
    if all(one["type"] == "object" for one in kept):
        rules = [further[i] for i in first] if further else [Further.ALLOWED] * len(kept)
        found, note = _one_record(kept, rules, word, place)
    else:
        found, note = _one_value(kept, word, place)
    return found | nullable, note


def _one_value(kept: Sequence[Definition], word: str, place: str) -> tuple[dict[str, Any], str]:
    kinds = list(dict.fromkeys(one["type"] for one in kept))
    told = " or ".join(kinds) if len(kinds) > 1 else f"several kinds of {kinds[0]}"
    if kinds == ["enum"]:
        return {"type": "enum", "values": _values(kept, word, place)}, ""
    if word == "anyOf" and (widest := [one for one in kept if all(_holds(one, other) for other in kept)]):
        return dict(widest[0]), f"{told}: read as {_told_kind(widest[0])}, which holds the others"
    lists, singles = ([one for one in kept if (one["type"] == "list") is wanted] for wanted in (True, False))
    if len(lists) == 1 and len(singles) == 1 and _bare(lists[0]["items"]) == _bare(singles[0]):
        return dict(lists[0]), f"one {singles[0]['type']}, or a list of them: read as a list"
    texts = [one for one in kept if one["type"] == "string"]
    if len(texts) == 1 and set(kinds) <= {"string", "integer", "number", "boolean"} and _takes_any(texts[0]):
        return dict(texts[0]), f"{told}: read as text, without the rules of what is no text"
    raise ConfigError(
        f"{place}: {told}; a column has one type, and none allows exactly these values. "
        "Choose one of them, or give each a field of its own."
    )


def _told_kind(one: Definition) -> str:
    return "text" if one["type"] == "string" else str(one["type"])


def _takes_any(text: Definition) -> bool:
    """Whether numbers and words can be written as this text."""
    return not text.keys() & {"pattern", "min_length"}


def _values(enums: Sequence[Definition], word: str, place: str) -> list[str]:
    """The categories of all; for oneOf, those that one of them has alone."""
    count = Counter(value for one in enums for value in one["values"])
    if found := [value for value, times in count.items() if word == "anyOf" or times == 1]:
        return found
    raise ConfigError(f"{place}.{word}: no listed value is in exactly one of its schemas.")


def _holds(wide: Definition, narrow: Definition) -> bool:
    """Whether each value of `narrow` is certainly one of `wide`."""
    if _bare(wide) == _bare(narrow):
        return True
    if wide["type"] == "string" and narrow["type"] in _TEXTS:
        return set(_bare(wide)) == {"type"} or (narrow["type"] == "string" and _is_within(narrow, wide))
    if (narrow["type"], wide["type"]) in (("integer", "integer"), ("integer", "number"), ("number", "number")):
        return _low(wide) <= _low(narrow) and _high(wide) <= _high(narrow)
    return False


def _is_within(narrow: Definition, wide: Definition) -> bool:
    if wide.get("pattern") not in (None, narrow.get("pattern")):
        return False
    longest = [one.get("max_length", math.inf) for one in (narrow, wide)]
    return longest[0] <= longest[1] and narrow.get("min_length", 0) >= wide.get("min_length", 0)


def _low(number: Definition) -> tuple[float, bool]:
    """The lower bound, and whether it is excluded; greater if it is stricter."""
    bounds = [(number["minimum"], False)] if "minimum" in number else []
    bounds += [(number["above"], True)] if "above" in number else []
    return max(bounds, default=(-math.inf, False))


def _high(number: Definition) -> tuple[float, bool]:
    """The upper bound with its sign changed, and whether it is excluded; greater if it is stricter."""
    bounds = [(-number["maximum"], False)] if "maximum" in number else []
    bounds += [(-number["below"], True)] if "below" in number else []
    return max(bounds, default=(-math.inf, False))


def _one_record(
    records: Sequence[Definition], further: Sequence[Further], word: str, place: str
) -> tuple[dict[str, Any], str]:
    """A record with the fields of all records, which has the form of one of them."""
    if any(key in record for key in GROUP_KEYS.values() for record in records):
        raise ConfigError(f"{place}: {word} of records, of which one has groups of fields itself; write one of them.")
    fields: dict[str, Any] = {}
    linked: dict[str, None] = {}  # fields whose value tells which record is meant
    for record in records:
        for name, field in record["fields"].items():
            known = fields.get(name, field)
            if {known["type"], field["type"]} == {"enum"} and known["values"] != field["values"]:
                linked[name] = None
                field = {**field, "values": list(dict.fromkeys([*known["values"], *field["values"]]))}
            elif _bare(known) != _bare(field):
                raise ConfigError(f"{place}.{name}: has several types in the records of {word}; give each a name.")
            fields[name] = field
    filled = [[name for name, field in one["fields"].items() if not field.get("nullable")] for one in records]
    strange = [[name for name in fields if name not in one["fields"]] for one in records]
    if word == "oneOf" and any(names and rule is Further.RULED for names, rule in zip(strange, further, strict=True)):
        raise ConfigError(f"{place}.oneOf: a record has rules about properties that only others name; write anyOf.")
    groups = [
        _group(record, names, linked, [] if rule is Further.ALLOWED else others)
        for record, names, others, rule in zip(records, filled, strange, further, strict=True)
    ]
    _refuse_alike(groups, word, place)
    everywhere = set.intersection(*map(set, filled))
    found = {name: field if name in everywhere else {**field, "nullable": True} for name, field in fields.items()}
    one = "one" if word == "oneOf" else "at least one"
    note = f"several records: read as one, with the fields of all and the required ones of {one}"
    return {"type": "object", "fields": found, GROUP_KEYS[word]: groups}, note


def _group(record: Definition, filled: list[str], linked: Mapping[str, None], empty: list[str]) -> Any:
    """The group of required fields of a record, with the values that tell it and the fields that it excludes."""
    values = {name: record["fields"][name]["values"] for name in linked if name in record["fields"]}
    return {"filled": filled, "values": values, "empty": empty} if values or empty else filled


def _refuse_alike(groups: Sequence[Any], word: str, place: str) -> None:
    """Refuse records of which one is there whenever another is."""
    plain = [set(group) for group in groups if isinstance(group, list)]
    every = [set(group if isinstance(group, list) else group["filled"]) for group in groups]
    if not all(plain) or any(sum(one <= other for other in every) > 1 for one in plain):
        raise ConfigError(f"{place}: {word} of records that required fields do not tell apart.")


def _bare(definition: Definition) -> dict[str, Any]:
    return {key: value for key, value in definition.items() if key not in ("description", "nullable")}
