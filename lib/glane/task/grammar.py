"""A grammar for answers whose quotes are copies: whatever the model quotes stands in the text, letter by letter.

The grammar says what the JSON Schema of the task says, and of each quote that it is a piece of the text at hand. It is
written in the Lark dialect of llguidance, whose terminals can be "any substring of". Decoding with it, a model chooses
where to quote, and cannot invent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from glane.task.fields import Field, ListField, ObjectField, all_names
from glane.task.keys import FULL_KEYS, Keys
from glane.task.schema import ASSERTION, MISSING, QUOTE, QUOTE_MAX_LENGTH, VALUE, min_items, plain_schema, wrapper_keys
from glane.types import Missing

_OPENER = "// a quote opens with "  # a comment of the grammar, for who knows a faster way to hold quotes to the text
_PASSAGE = "\nPASSAGE: %regex "
_COPIED = f"QUOTE: /(.|\\n){{1,{QUOTE_MAX_LENGTH}}}/ & PASSAGE"
_FREE = f'QUOTE: /([^"\\\\\\x00-\\x1f]|\\\\(["\\\\\\/bfnrt]|u[0-9a-f]{{4}})){{1,{QUOTE_MAX_LENGTH}}}/'


@dataclass(frozen=True, slots=True)
class FreeQuotes:
    """A grammar of copied quotes in two parts: the same with quotes free, and what holds them to the text."""

    grammar: str  # the same for all texts
    opener: str  # what stands before each quote, and nowhere else in an answer
    spelled: str  # the text as JSON spells it


def free_quotes(grammar: str) -> FreeQuotes | None:
    """Take apart what `AnswerGrammar.about` returns; None where that is not possible."""
    first, _, shared = grammar.partition("\n")
    shared, _, passage = shared.rpartition(_PASSAGE)
    if not first.startswith(_OPENER) or _COPIED not in shared:
        return None
    return FreeQuotes(
        grammar=shared.replace(_COPIED, _FREE),
        opener=json.loads(first.removeprefix(_OPENER)),
        spelled=json.loads(passage)["substring_chars"],
    )


class AnswerGrammar:
    """The grammar of answers to the same fields: all of it is made once, but for the text that may be quoted."""

    def __init__(self, fields: Mapping[str, Field], spelling: Keys = FULL_KEYS) -> None:
        rules = _Grammar(spelling)
        start = rules.record(fields)
        quote = ['quote: "\\"" QUOTE "\\""', _COPIED]
        key = spelling.written(QUOTE)
        is_clear = all(spelling.written(name) != key for name in all_names(fields))
        self.holds_any_text = is_clear  # of any length; llguidance has a limit
        opener = [f"{_OPENER}{_json(_json(key) + ':' + chr(34))}"] if is_clear else []
        self._shared = "\n".join([*opener, f"start: {start}", *rules.rules, *quote])

    def about(self, text: str) -> str:
        """Return the grammar of an answer about `text`."""
        # The text as JSON spells it within quotes: the terminal is compared with that.
        spelled = json.dumps(text, ensure_ascii=False)[1:-1]
        return f"{self._shared}{_PASSAGE}{_json({'substring_chars': spelled})}"


def has_quotes(fields: Mapping[str, Field]) -> bool:
    """Whether an answer quotes anything."""
    return any(_quotes(field) for field in fields.values())


class _Grammar:
    """Collects named rules; its methods return what stands for something in another rule."""

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
        for number, key in enumerate(keys):
            parts += [_literal(f"{',' if number else '{'}{self._key(key)}:"), shown[key]]
        return self._rule(" ".join([*parts, _literal("}")]))

    def _reasons(self, field: Field) -> list[str]:
        options = []
        for reason in field.missing:
            begun = _literal("{" + f"{self._key(MISSING)}:{_json(str(reason))}")
            quoted = field.evidence and reason is not Missing.NOT_STATED
            rest = f"{_literal(f',{self._key(QUOTE)}:')} quote {_literal('}')}" if quoted else _literal("}")
            options.append(f"{begun} {rest}")
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
