"""Full or short keys of the objects in an answer, and their order.

A model writes every key token by token, although the grammar leaves it no choice. Short keys take fewer tokens:
`onset_date` becomes `od`, `quote` becomes `q`. The prompt explains them. They are replaced by the full names when an
answer is parsed, so no other code knows them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from glane.task.fields import Field, all_names
from glane.task.locate import Node
from glane.task.schema import ASSERTION, MISSING, QUOTE, VALUE

_AROUND = {VALUE: "v", ASSERTION: "a", QUOTE: "q", MISSING: "m"}


@dataclass(frozen=True)
class Keys:
    """The spelling of keys. Names that it does not list are written in full."""

    short: Mapping[str, str]
    quote_first: bool = False  # in the object around a value

    @cached_property
    def _full(self) -> dict[str, str]:
        return {short: full for full, short in self.short.items()}

    def written(self, name: str) -> str:
        """How an answer writes a key."""
        return self.short.get(name, name)

    def ordered(self, names: Iterable[str]) -> list[str]:
        """The keys of an object in the order of an answer. The object around a value is known by its keys."""
        found = list(names)
        if self.quote_first and QUOTE in found and (VALUE in found or MISSING in found):
            found.sort(key=lambda name: name != QUOTE)
        return found

    def in_answer(self, value: Any) -> Any:
        """A plain answer, with its keys as the model writes them."""
        if isinstance(value, Mapping):
            return {self.written(name): self.in_answer(value[name]) for name in self.ordered(value)}
        return [self.in_answer(one) for one in value] if isinstance(value, list | tuple) else value

    def in_schema(self, schema: Any) -> Any:
        """The JSON Schema of an answer, with its keys as the model writes them."""
        if isinstance(schema, list):
            return [self.in_schema(one) for one in schema]
        if not isinstance(schema, Mapping):
            return schema
        found: dict[str, Any] = {}
        for word, inner in schema.items():
            if word == "properties":
                found[word] = {self.written(name): self.in_schema(inner[name]) for name in self.ordered(inner)}
            elif word == "required":
                found[word] = [self.written(name) for name in self.ordered(inner)]
            else:
                found[word] = self.in_schema(inner)
        return found

    def restored(self, node: Node) -> Node:
        """Replace the keys of a located answer by the full names, in place; return it."""
        if self.short:
            for item in node.items or ():
                self.restored(item)
            if node.members is not None:
                node.members = {self._full.get(key, key): self.restored(one) for key, one in node.members.items()}
        return node


FULL_KEYS = Keys({})


def can_quote_first(fields: Mapping[str, Field]) -> bool:
    """Whether no field has the name of a key around values: else its record would be taken for such an object."""
    return not {VALUE, QUOTE, MISSING} & set(all_names(fields))


def short_keys(fields: Mapping[str, Field]) -> Keys:
    """A distinct short key for each name of a task: the first letters of its words, and more letters if needed."""
    names = list(dict.fromkeys(all_names(fields)))
    found = {full: short for full, short in _AROUND.items() if not {full, short} & set(names)}
    taken = {*found.values(), *names}  # a short key must not be the full name of another field
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
