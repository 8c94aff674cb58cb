"""Merges the definitions of a union into one field, as a column has one type.

Each function returns a definition, and a note on what the union required and the definition does not. The note is empty
if nothing is lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from glane.errors import ConfigError
from glane.task.keywords import GROUP_KEYS

Definition = Mapping[str, Any]


def union_of(options: Sequence[Definition], word: str, place: str) -> tuple[dict[str, Any], str]:
    """The field for a union of `options`. `word` is its keyword, oneOf or anyOf.

    Raises:
        ConfigError: if the union cannot be one column.
    """
    kept = [one for i, one in enumerate(options) if _bare(one) not in map(_bare, options[:i])]
    if len(kept) == 1:
        return dict(kept[0]), ""
    kinds = list(dict.fromkeys(one["type"] for one in kept))
    told = " or ".join(kinds) if len(kinds) > 1 else f"several kinds of {kinds[0]}"
    nullable = {"nullable": True} if any(one.get("nullable") for one in kept) else {}
    if set(kinds) <= {"integer", "number"}:
        return {"type": "number", **nullable}, f"{told}: read as number, without the bounds of each"
    if kinds == ["object"]:
        found, note = _one_record(kept, word, place)
        return found | nullable, note
    lists, singles = ([one for one in kept if (one["type"] == "list") is wanted] for wanted in (True, False))
    if len(lists) == 1 and len(singles) == 1 and _bare(lists[0]["items"]) == _bare(singles[0]):
        return {**lists[0], **nullable}, f"one {singles[0]['type']}, or a list of them: read as a list"
    if lists or "object" in kinds:
        raise ConfigError(f"{place}: {told}; a column has one type. Choose one, or give each a field of its own.")
    return {"type": "string", **nullable}, f"{told}: read as text, without the rules of each"


def _one_record(records: Sequence[Definition], word: str, place: str) -> tuple[dict[str, Any], str]:
    """A record with the fields of all records, in which the required fields of one of them are required."""
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
    groups = [[name for name, field in one["fields"].items() if not field.get("nullable")] for one in records]
    if not all(groups) or any(set(a) <= set(b) for a in groups for b in groups if a is not b):
        raise ConfigError(f"{place}: {word} of records that required fields do not tell apart.")
    everywhere = set.intersection(*map(set, groups))
    found = {name: field if name in everywhere else {**field, "nullable": True} for name, field in fields.items()}
    one = "one" if word == "oneOf" else "at least one"
    told = [f"several records: read as one, with the fields of all and the required ones of {one}"]
    told += [f"which of them {name} means is not checked" for name in linked]
    return {"type": "object", "fields": found, GROUP_KEYS[word]: groups}, "; ".join(told)


def _bare(definition: Definition) -> dict[str, Any]:
    return {key: value for key, value in definition.items() if key not in ("description", "nullable")}
