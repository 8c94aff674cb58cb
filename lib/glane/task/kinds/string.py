"""Free text."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import Any, ClassVar, Literal, Self

import polars as pl
import pyarrow as pa
from pydantic import Field as Key
from pydantic import field_validator, model_validator
from rapidfuzz import fuzz

from glane.task.comparison_rules import TextRule, compare_key
from glane.task.fold import fold
from glane.task.kinds import pattern as patterns
from glane.task.kinds.field import AnswerError, Imported, SingleField, read_text
from glane.task.normalising import Normalise
from glane.task.wording import Wording
from glane.types import Language

DEFAULT_MAX_LENGTH = 1000
_LONGEST = 100_000
_LONGEST_TERM = 6  # words; a value of more may be a summary

_AT_MOST = {"fr": "texte d'au plus {} caractères", "en": "text of at most {} characters"}
_BETWEEN = {"fr": "texte de {} à {} caractères", "en": "text of {} to {} characters"}
_PATTERN = {"fr": ", selon l'expression régulière {}", "en": ", as the regular expression {} says"}

_folded = lru_cache(maxsize=100_000)(fold)


class StringField(SingleField):
    """Free text of `min_length` to `max_length` code points. If there is a `pattern`, it must be found in the text."""

    is_free_text: ClassVar[bool] = True

    type: Literal["string"] = "string"
    min_length: int = Key(default=0, ge=0)
    max_length: int = Key(default=DEFAULT_MAX_LENGTH, ge=1, le=_LONGEST)
    pattern: str | None = None  # Rust's dialect, as in the engine's grammars; not anchored unless it has ^ and $
    verbatim: bool = True  # false: in words of its own, which its quote need not show
    normalise: Normalise | None = None  # reads the value as it is written, or its quote, into a second column
    lookup: str | None = None  # the table of `task.lookups` in which a code is looked up
    compare: TextRule = compare_key(TextRule())

    @field_validator("pattern")
    @classmethod
    def _readable(cls, value: str | None) -> str | None:
        if value is not None:
            patterns.check(value)
        return value

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_length > self.max_length:
            raise ValueError(f"min_length {self.min_length} is above max_length {self.max_length}")
        return self

    def value_schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "string", "maxLength": self.max_length}
        if self.min_length:
            schema["minLength"] = self.min_length
        return schema if self.pattern is None else schema | {"pattern": self.pattern}

    def phrase(self, language: Language) -> str:
        length = (
            _BETWEEN[language].format(self.min_length, self.max_length)
            if self.min_length
            else _AT_MOST[language].format(self.max_length)
        )
        return length if self.pattern is None else length + _PATTERN[language].format(self.pattern)

    @classmethod
    def imported(cls, json_type: str, schema: Mapping[str, Any]) -> Imported | None:
        """Tried last: a format without a kind of its own is text."""
        if json_type != "string":
            return None
        keys: dict[str, Any] = {"type": "string"}
        notes = [f"format {schema['format']!r} is not checked"] if schema.get("format") else []
        if "maxLength" in schema:
            keys["max_length"] = min(schema["maxLength"], _LONGEST)
            if keys["max_length"] < schema["maxLength"]:
                notes.append(f"maxLength {schema['maxLength']} is read as {_LONGEST}")
        if schema.get("minLength"):
            keys["min_length"] = schema["minLength"]
            if "maxLength" not in schema:
                keys["max_length"] = max(DEFAULT_MAX_LENGTH, schema["minLength"])
        if "pattern" in schema:
            keys["pattern"] = schema["pattern"]
        return Imported(keys=keys, used=frozenset({"format", "maxLength", "minLength", "pattern"}), notes=notes)

    def read(self, value: Any, place: str) -> object:
        text = read_text(value, place)
        if len(text) > self.max_length:
            raise AnswerError(f"{place}: longer than {self.max_length}")
        if len(text) < self.min_length:
            raise AnswerError(f"{place}: shorter than {self.min_length}")
        if self.pattern is not None and not patterns.is_in(self.pattern, text):
            raise AnswerError(f"{place}: does not match the pattern {self.pattern}")
        return text

    def statement(self, value: object) -> Hashable:
        return fold(value) if isinstance(value, str) else None

    def traces(self, value: Any) -> tuple[str | float, ...]:
        """The text; empty for short words: they are in most documents."""
        return (value,) if len(value) > 3 else ()

    def shown_in(self, value: Any, precision: str | None, quote: Wording) -> bool | None:
        """Whether its words are there. None for longer texts and such in words of their own: they may be elsewhere."""
        if quote.has_words(value):
            return True
        return False if self.verbatim and len(value.split()) <= _LONGEST_TERM else None

    def arrow_type(self, *, nested: bool) -> pa.DataType:
        return pa.string()

    def word(self, language: Language) -> str:
        return {"fr": "texte", "en": "text"}[language]

    def rules_type(self) -> pl.DataType:
        return pl.String()

    def rules_sample(self) -> object:
        return "a"

    def same(self, gold: Any, found: Any) -> bool:
        if self.compare.rule == "exact":
            return bool(gold == found)
        if self.compare.rule == "folded":
            return _folded(gold) == _folded(found)
        return fuzz.ratio(_folded(gold), _folded(found)) >= self.compare.similarity

    @property
    def is_equivalence(self) -> bool:
        return self.compare.rule != "fuzzy"

    def key(self, value: Any) -> Hashable:
        return _folded(value) if self.compare.rule == "folded" else value

    def rule_words(self) -> str:
        return f"fuzzy {self.compare.similarity:g}" if self.compare.rule == "fuzzy" else self.compare.rule

    def gold_column(self) -> str:
        return "String"

    def takes_column(self, kind: pl.DataType) -> bool:
        return isinstance(kind, pl.String | pl.Categorical | pl.Enum)
