"""Categories."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, Self

import polars as pl
import pyarrow as pa
from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.errors import did_you_mean
from glane.task.comparison_rules import ExactRule, compare_key
from glane.task.fold import fold
from glane.task.kinds.field import AnswerError, BaseField, Imported, SingleField
from glane.task.wording import Wording
from glane.types import Language

_PHRASES: Mapping[Language, str] = {"fr": "une valeur parmi", "en": "one value of"}
_SHORT = 2  # characters; letters like "F" and "M" are in many quotes
CATEGORY = pa.dictionary(pa.int32(), pa.string())


class EnumField(SingleField):
    """One of `values`; `labels` may explain them for the codebook and the prompt."""

    type: Literal["enum"] = "enum"
    values: tuple[str, ...] = Key(min_length=1)
    labels: Mapping[str, str] = {}
    synonyms: Mapping[str, tuple[str, ...]] = {}  # words of documents by which a value is told
    lookup: str | None = None  # the table of `task.lookups` in which a code is looked up
    compare: ExactRule = compare_key(ExactRule())

    @field_validator("values", mode="before")
    @classmethod
    def _strings(cls, values: Any) -> Any:
        for value in values if isinstance(values, list | tuple) else ():
            if not isinstance(value, str):
                raise ValueError(
                    f"{value!r} is not text: put quotes around it (YAML reads bare yes, no, on, 1 otherwise)"
                )
        return values

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.values)) < len(self.values):
            raise ValueError("a value is listed twice")
        for key, words in (("labels", self.labels), ("synonyms", self.synonyms)):
            for strange in sorted(set(words) - set(self.values)):
                raise ValueError(f"{key}.{strange}: is no value. {did_you_mean(strange, self.values)}")
        meant: dict[str, str] = {fold(value): value for value in self.values}
        for value, words_of in self.synonyms.items():
            for word in words_of:
                if meant.setdefault(fold(word), value) != value:
                    raise ValueError(f"synonyms.{value}: {word!r} means {meant[fold(word)]} already")
        if blank := [value for value, words in self.synonyms.items() if not all(word.strip() for word in words)]:
            raise ValueError(f"a synonym of {blank[0]} is blank")
        return self

    def value_schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.values)}

    def phrase(self, language: Language) -> str:
        return f"{_PHRASES[language]} {', '.join(self.values)}"

    def explained(self) -> Mapping[str, str]:
        words = {value: ", ".join(words) for value, words in self.synonyms.items()}
        return {
            value: " ; ".join(filter(None, (self.labels.get(value), words.get(value))))
            for value in self.values
            if value in self.labels or value in self.synonyms
        }

    @classmethod
    def imported(cls, json_type: str, schema: Mapping[str, Any]) -> Imported | None:
        """Read an enum; numbers become the text that JSON writes for them."""
        values = schema.get("enum")
        if json_type == "boolean" or not isinstance(values, list):
            return None
        texts = [one if isinstance(one, str) else json.dumps(one) for one in values]
        notes = ["its values are kept as text"] if any(not isinstance(one, str) for one in values) else []
        return Imported(keys={"type": "enum", "values": texts}, used=frozenset({"enum"}), notes=notes)

    def read(self, value: Any, place: str) -> object:
        if value not in self.values:
            raise AnswerError(f"{place}: none of the values {', '.join(self.values)}")
        return value

    def spellings(self) -> Mapping[str, bytes]:
        return _spellings(self.values)

    def traces(self, value: Any) -> tuple[str | float, ...]:
        """Empty: documents do not contain the codes of categories."""
        return ()

    def shown_in(self, value: Any, precision: str | None, quote: Wording) -> bool | None:
        """Whether the value, its label or a synonym is there. Without synonyms, None if it is not.

        Documents seldom have the words of codes. So without synonyms of any value their absence tells nothing.
        """
        if any(
            self._is_shown(form, quote) for form in (value, self.labels.get(value, ""), *self.synonyms.get(value, ()))
        ):
            return None if quote.denies and not _has_negation(value) else True
        others = (word for other, words in self.synonyms.items() if other != value for word in words)
        return False if value in self.synonyms or any(self._is_shown(word, quote) for word in others) else None

    def _is_shown(self, form: str, quote: Wording) -> bool:
        return quote.has_words(form.replace("_", " ")) if len(form) > _SHORT else bool(form) and quote.has_word(form)

    def arrow_type(self, *, nested: bool) -> pa.DataType:
        """A dictionary; inside lists and structs a string, which every reader of Parquet returns unchanged."""
        return pa.string() if nested else CATEGORY

    def word(self, language: Language) -> str:
        return {"fr": "catégorie", "en": "category"}[language]

    @property
    def categories(self) -> tuple[str, ...]:
        return self.values

    def rules_type(self) -> pl.DataType:
        return pl.String()

    def rules_sample(self) -> object:
        return "a"

    def same(self, gold: Any, found: Any) -> bool:
        return bool(gold == found)

    @property
    def is_equivalence(self) -> bool:
        return True

    def rule_words(self) -> str:
        return "exact"

    def common(self, other: BaseField) -> Self | None:
        """The field with the categories of both."""
        if not isinstance(other, EnumField):
            return None
        return self.model_copy(update={"values": tuple(dict.fromkeys((*self.values, *other.values)))})

    def trends(self, column: pl.Expr) -> dict[str, pl.Expr]:
        text = column.cast(pl.String)
        return {f"share of {value}": (text == value).fill_null(False).mean() for value in self.values}

    def gold_column(self) -> str:
        return "String"

    def takes_column(self, kind: pl.DataType) -> bool:
        return isinstance(kind, pl.String | pl.Categorical | pl.Enum)

    def is_gold(self, value: Any) -> bool:
        return value in self.values

    def gold_complaint(self) -> str:
        return f"has a value that the task does not know. Valid: {', '.join(self.values)}"


def _has_negation(value: str) -> bool:
    return Wording(value.replace("_", " ")).denies


@lru_cache(maxsize=1024)
def _spellings(values: tuple[str, ...]) -> Mapping[str, bytes]:
    return {value: json.dumps(value, ensure_ascii=False).encode() for value in values}
