"""True or false."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import polars as pl
import pyarrow as pa

from glane.task.comparison_rules import ExactRule, compare_key
from glane.task.kinds.field import AnswerError, Imported, SingleField
from glane.task.wording import Wording
from glane.types import Language, Missing

_SPELLINGS: Mapping[str, bytes] = {"true": b"true", "false": b"false"}


class BooleanField(SingleField):
    """True or false. A denied fact is false, so `missing: true` does not include the reason denied."""

    _never: ClassVar[tuple[Missing, ...]] = (Missing.DENIED,)
    type: Literal["boolean"] = "boolean"
    compare: ExactRule = compare_key(ExactRule())

    def value_schema(self) -> dict[str, Any]:
        return {"type": "boolean"}

    def phrase(self, language: Language) -> str:
        return {"fr": "true ou false", "en": "true or false"}[language]

    @classmethod
    def imported(cls, json_type: str, schema: Mapping[str, Any]) -> Imported | None:
        return Imported(keys={"type": "boolean"}, used=frozenset()) if json_type == "boolean" else None

    def read(self, value: Any, place: str) -> object:
        if not isinstance(value, bool):
            raise AnswerError(f"{place}: not true or false")
        return value

    def spellings(self) -> Mapping[str, bytes]:
        return _SPELLINGS

    def traces(self, value: Any) -> tuple[str | float, ...]:
        return ()

    def shown_in(self, value: Any, precision: str | None, quote: Wording) -> bool | None:
        """None: a quote does not say true or false."""
        return None

    def arrow_type(self, *, nested: bool) -> pa.DataType:
        return pa.bool_()

    def word(self, language: Language) -> str:
        return {"fr": "vrai ou faux", "en": "true or false"}[language]

    @property
    def categories(self) -> tuple[str, ...]:
        return ("true", "false")

    def rules_type(self) -> pl.DataType:
        return pl.Boolean()

    def rules_sample(self) -> object:
        return True

    def same(self, gold: Any, found: Any) -> bool:
        return bool(gold == found)

    @property
    def is_equivalence(self) -> bool:
        return True

    def rule_words(self) -> str:
        return "exact"

    def trends(self, column: pl.Expr) -> dict[str, pl.Expr]:
        return {"share of true": column.fill_null(False).mean()}

    def gold_column(self) -> str:
        return "Boolean"

    def takes_column(self, kind: pl.DataType) -> bool:
        return kind == pl.Boolean
