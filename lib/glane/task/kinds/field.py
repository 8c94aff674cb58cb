"""What every kind of field has, and what a kind must say of itself.

A task's field is a scalar, a list or an object. Lists and objects are shapes: the code that walks through a task knows
them. Scalars are kinds: all that is particular to one is a method of its class, so that a new kind is a new file here
and a line in `glane.task.fields`. A class that leaves out a method without a default cannot be instantiated.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import polars as pl
import pyarrow as pa
from pydantic import Field as Key
from pydantic import model_validator

from glane.types import Assertion, Language, Missing
from glane.validation import Strict


class AnswerError(ValueError):
    """An answer breaks the task's schema. The message names the field and the rule, never the value."""


class BaseField(Strict):
    """What can be asked of every field, whatever its kind."""

    description: str = ""
    nullable: bool = False
    evidence: bool = False  # the model quotes the document; of a list, each item
    missing: tuple[
        Missing, ...
    ] = ()  # the reasons that a null may carry, and then must; of a list, for the whole of it
    assertion: tuple[Assertion, ...] = ()  # how the text speaks of it; of a list, of each item
    original: str = Key(default="", exclude=True)  # the name in an imported schema, where that cannot be a column's

    _never: ClassVar[tuple[Missing, ...]] = ()  # reasons that `missing: true` does not mean

    @model_validator(mode="before")
    @classmethod
    def _shorthands(cls, values: Any) -> Any:
        """`true` means every reason, or every assertion; what can be missing can be null."""
        if not isinstance(values, Mapping):
            return values
        values = dict(values)
        for key, every in (("missing", Missing), ("assertion", Assertion)):
            if isinstance(values.get(key), bool):
                values[key] = tuple(one for one in every if one not in cls._never) if values[key] else ()
        if values.get("missing"):
            if values.get("nullable") is False:
                raise ValueError("nullable: false and missing contradict each other; leave one of them out")
            values["nullable"] = True
        return values

    @property
    def is_wrapped(self) -> bool:
        """Whether its answer is an object around the value. A list wraps its items instead, and what is missing."""
        return self.evidence or bool(self.missing) or bool(self.assertion)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What a kind makes of a JSON Schema."""

    keys: Mapping[str, Any]  # of the field's definition, `type` among them
    used: frozenset[str]  # the keywords of the schema that these keys hold to
    notes: Sequence[str] = ()  # what is not kept as the schema says it


class ScalarField(BaseField, ABC):
    """A kind of single value."""

    is_free_text: ClassVar[bool] = False  # whether two wordings may say the same

    # The question

    @abstractmethod
    def value_schema(self) -> dict[str, Any]:
        """The JSON Schema of a value, never null, without what stands around it."""

    @abstractmethod
    def phrase(self, language: Language) -> str:
        """What a prompt says of the value."""

    def explained(self) -> Mapping[str, str]:
        """Values that the prompt explains, each with what it means."""
        return {}

    @classmethod
    @abstractmethod
    def imported(cls, json_type: str, schema: Mapping[str, Any]) -> Imported | None:
        """Read a JSON Schema of this JSON type; None where it is of another kind."""

    # The answer

    @abstractmethod
    def read(self, value: Any, place: str) -> object:
        """Read a value of an answer.

        Raises:
            AnswerError: if it breaks a rule of the field.
        """

    def precision_of(self, value: Any) -> str | None:
        """How much of a value that could be read is meant, where the kind tells that."""
        return None

    def spellings(self) -> Mapping[str, bytes]:
        """The JSON of each category, by its name. Only kinds with categories have any."""
        return {}

    def statement(self, value: object) -> Hashable:
        """What two answers must share to say the same."""
        assert isinstance(value, Hashable)
        return value

    @abstractmethod
    def traces(self, value: Any) -> tuple[str | float, ...]:
        """Words or figures, one of which a document holds that says this value; none where nothing can be expected."""

    # The columns

    @abstractmethod
    def arrow_type(self, *, nested: bool) -> pa.DataType:
        """The type of the column, or inside lists and records."""

    @property
    def has_precision(self) -> bool:
        """Whether a second column tells the precision of the value."""
        return False

    @abstractmethod
    def word(self, language: Language) -> str:
        """The kind, for the codebook."""

    @property
    def categories(self) -> tuple[str, ...]:
        """All values, as text, where they are few and known."""
        return ()

    @abstractmethod
    def rules_type(self) -> pl.DataType:
        """The type that conditions of rules see."""

    @abstractmethod
    def rules_sample(self) -> object:
        """A value of that type, to try conditions on."""

    # The evaluation

    @abstractmethod
    def same(self, gold: Any, found: Any) -> bool:
        """Whether two values are the same under the field's rule `compare`."""

    @property
    def is_equivalence(self) -> bool:
        """Whether what is the same has one key. Tolerances are not transitive."""
        return False

    def key(self, value: Any) -> Hashable:
        """What values that are the same share, if `is_equivalence`."""
        return value

    @abstractmethod
    def rule_words(self) -> str:
        """The rule `compare` in a few words."""

    def common(self, other: BaseField) -> Self | None:
        """The field as far as two tasks have it, with this one's rule; None where they cannot be compared."""
        return self if type(other) is type(self) else None

    def trends(self, column: pl.Expr) -> dict[str, pl.Expr]:
        """Figures of a column that show a drift of its values, by their names."""
        return {"share with a value": column.is_not_null().mean()}

    @abstractmethod
    def gold_column(self) -> str:
        """The type of column in which right answers are given."""

    @abstractmethod
    def takes_column(self, kind: pl.DataType) -> bool:
        """Whether a column of right answers may have this type."""

    def is_gold(self, value: Any) -> bool:
        """Whether a value of such a column, not null, is allowed."""
        return True

    def gold_complaint(self) -> str:
        """What is wrong with a value that `is_gold` refuses."""
        return "has a value that the task does not allow"

    def gold_value(self, raw: Any, precision: str | None) -> Any:
        """A value of such a column, or of the result, as `same` takes it."""
        return raw

    def written(self, value: Any, precision: str | None) -> Any:
        """A value of the result as an answer writes it."""
        return value


class SingleField(ScalarField, ABC):
    """A kind of which one chunk's value is taken for the document's."""

    merge: Literal["first", "last", "most_frequent", "highest_confidence"] = "first"


class NumericField(ScalarField, ABC):
    """A kind of which the values of chunks can be added up, too."""

    merge: Literal["first", "last", "most_frequent", "highest_confidence", "sum"] = "first"


def read_text(value: Any, place: str) -> str:
    """Read a text of an answer.

    Raises:
        AnswerError: if it is none, or holds half a character.
    """
    if not isinstance(value, str):
        raise AnswerError(f"{place}: not text")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise AnswerError(f"{place}: holds a lone surrogate")
    return value
