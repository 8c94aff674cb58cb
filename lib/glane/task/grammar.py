"""A decoding grammar in which every quote is a substring of the document.

The grammar allows what the JSON Schema of the task allows, and requires each quote to be copied from the text. The
model chooses the passage but cannot invent one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from glane.form import QuoteGrammar
from glane.task.fields import Field, ListField, ObjectField, all_names
from glane.task.keys import FULL_KEYS, Keys
from glane.task.schema import ASSERTION, MISSING, QUOTE, VALUE, min_items, plain_schema, wrapper_keys
from glane.types import Missing


def quote_grammar(fields: Mapping[str, Field], spelling: Keys = FULL_KEYS) -> QuoteGrammar:
    """Return the grammar of answers to these fields."""
    rules = _Grammar(spelling)
    start = rules.record(fields)
    key = spelling.written(QUOTE)
    is_clear = all(spelling.written(name) != key for name in all_names(fields))
    return QuoteGrammar(
        rules="\n".join([f"start: {start}", *rules.rules]),
        opener=f"{_json(key)}:{chr(34)}" if is_clear else None,
    )


def has_quotes(fields: Mapping[str, Field]) -> bool:
    """Whether an answer quotes anything."""
    return any(_quotes(field) for field in fields.values())


class _Grammar:
    """Collects named rules. Its methods return an expression that other rules can contain."""

    def __init__(self, spelling: Keys) -> None:
        self._spelling = spelling
        self.rules: list[str] = []

    def record(self, fields: Mapping[str, Field]) -> str:
        parts = []
        for number, (name, field) in enumerate(fields.items()):
            parts += [_literal(f"{',' if number else '{'}{self._key(name)}:"), self._field(field)]
        return self._rule(" ".join([*parts, _literal("}")]))

    def _field(self, field: Field) -> str:
        options = [self._list(field) if isinstance(field, ListField) else self._wrapped(field, field)]
        if field.missing:
            options += self._reasons(field)
        elif field.nullable:
            options.append(_literal("null"))
        return self._rule(" | ".join(options))

    def _wrapped(self, wrapper: Field, field: Field) -> str:
        value = self._value(field)
        if field is not wrapper and field.nullable:  # the item of a list
            value = self._rule(f"{value} | {_literal('null')}")
        if not (keys := wrapper_keys(wrapper)):
            return value
        shown = {VALUE: value, ASSERTION: self._one_of([str(one) for one in wrapper.assertion]), QUOTE: "quote"}
        parts: list[str] = []
        for number, key in enumerate(self._spelling.ordered(keys)):
            parts += [_literal(f"{',' if number else '{'}{self._key(key)}:"), shown[key]]
        return self._rule(" ".join([*parts, _literal("}")]))

    def _reasons(self, field: Field) -> list[str]:
        options = []
        for reason in field.missing:
            why = f"{self._key(MISSING)}:{_json(str(reason))}"
            if not field.evidence or reason is Missing.NOT_STATED:
                options.append(_literal("{" + why + "}"))
            elif self._spelling.quote_first:
                options.append(f"{_literal('{' + self._key(QUOTE) + ':')} quote {_literal(',' + why + '}')}")
            else:
                options.append(f"{_literal('{' + why + ',' + self._key(QUOTE) + ':')} quote {_literal('}')}")
        return options

    def _list(self, field: ListField) -> str:
        item, least, most = self._wrapped(field, field.items), min_items(field), field.max_items
        empty = f"{_literal('[]')} | " if least == 0 else ""
        more = f" ({_literal(',')} {item}){{{max(least, 1) - 1},{most - 1}}}" if most > 1 else ""
        return self._rule(f"{empty}{_literal('[')} {item}{more} {_literal(']')}")

    def _value(self, field: Field) -> str:
        if isinstance(field, ObjectField) and has_quotes(field.fields):
            return self.record(field.fields)
        if isinstance(field, ListField) and _quotes(field):
            return self._list(field)
        compact = {"x-guidance": {"whitespace_flexible": False}}
        return self._rule(f"%json {_json(self._spelling.in_schema(plain_schema(field)) | compact)}")

    def _key(self, name: str) -> str:
        return _json(self._spelling.written(name))

    def _one_of(self, values: list[str]) -> str:
        return self._rule(" | ".join(_literal(_json(value)) for value in values)) if values else ""

    def _rule(self, body: str) -> str:
        self.rules.append(f"r{len(self.rules)}: {body}")
        return f"r{len(self.rules) - 1}"


def _quotes(field: Field) -> bool:
    if field.evidence:
        return True
    inner = field.items if isinstance(field, ListField) else field
    return isinstance(inner, ObjectField) and has_quotes(inner.fields)


def _literal(text: str) -> str:
    return _json(text)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
