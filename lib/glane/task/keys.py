"""How an answer spells the keys of its objects: in full, or short.

A model writes every key of every answer, token by token, although the grammar leaves it no choice. Short keys say the
same in fewer tokens: `onset_date` becomes `od`, `quote` becomes `q`. The prompt tells which is which, and what is read
back has the full names again, so that nothing else knows of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from glane.task.fields import Field, all_names
from glane.task.locate import Node
from glane.task.schema import ASSERTION, MISSING, QUOTE, VALUE

_AROUND = {VALUE: "v", ASSERTION: "a", QUOTE: "q", MISSING: "m"}


@dataclass(frozen=True)
class Keys:
    """The spelling of keys; what it does not list is written as it is."""

    short: Mapping[str, str]

    @cached_property
    def _full(self) -> dict[str, str]:
        return {short: full for full, short in self.short.items()}

    def written(self, name: str) -> str:
        """How an answer writes a key."""
        return self.short.get(name, name)

    def in_answer(self, value: Any) -> Any:
        """A plain answer with its keys as they are written."""
        if isinstance(value, Mapping):
            return {self.written(name): self.in_answer(inner) for name, inner in value.items()}
        return [self.in_answer(one) for one in value] if isinstance(value, list | tuple) else value

    def in_schema(self, schema: Any) -> Any:
        """A JSON Schema of an answer with its keys as they are written."""
        if isinstance(schema, list):
            return [self.in_schema(one) for one in schema]
        if not isinstance(schema, Mapping):
            return schema
        found: dict[str, Any] = {}
        for word, inner in schema.items():
            if word == "properties":
                found[word] = {self.written(name): self.in_schema(one) for name, one in inner.items()}
            elif word == "required":
                found[word] = [self.written(name) for name in inner]
            else:
                found[word] = self.in_schema(inner)
        return found

    def restored(self, node: Node) -> Node:
        """A located answer with its full keys, in place."""
        if self.short:
            for item in node.items or ():
                self.restored(item)
            if node.members is not None:
                node.members = {self._full.get(key, key): self.restored(one) for key, one in node.members.items()}
        return node


FULL_KEYS = Keys({})


def short_keys(fields: Mapping[str, Field]) -> Keys:
    """The shortest keys that keep apart all names of a task: the first letters of a name's words, then more of it."""
    names = list(dict.fromkeys(all_names(fields)))
    found = {full: short for full, short in _AROUND.items() if not {full, short} & set(names)}
    taken = {*found.values(), *names}  # a short key is nobody's full name
    for name in names:
        short = next((one for one in _candidates(name) if one not in taken), name)
        if len(short) < len(name):
            found[name] = short
            taken.add(short)
    return Keys(found)


def _candidates(name: str) -> Iterator[str]:
    initials = "".join(word[0] for word in re.split(r"[_\W]+", name) if word)
    yield initials.lower()
    for length in range(2, len(name)):
        yield name[:length]
