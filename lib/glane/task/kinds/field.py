"""The base classes of fields: the keys of every field, and the methods that a kind must have.

A field is a scalar, a list or an object. Lists and objects are shapes, which the code that traverses a task handles.
Scalars are kinds: everything specific to a kind is a method of its class. So a new kind is a new file here and a line
in `glane.task.fields`. A class that lacks an abstract method cannot be instantiated.
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

from glane.task.wording import Wording
from glane.types import Assertion, Language, Missing
from glane.validation import Strict


class AnswerError(ValueError):
    """An answer breaks the task's schema. The message names the field and the rule, never the value."""


AskedOf = Literal["every_part", "first_part", "first_and_last_part"]


class BaseField(Strict):
    """The keys of every field, of any kind."""

    description: str = ""
    nullable: bool = False
    evidence: bool = False  # the model quotes the document; in a list, for each item
    missing: tuple[
        Missing, ...
    ] = ()  # the allowed reasons of a null; if there are any, a null must have one. In a list: of the whole list
    assertion: tuple[Assertion, ...] = ()  # the allowed assertions; in a list, of each item
    asked_of: AskedOf = "every_part"  # of a long document that is asked in parts: those that can tell the field
    original: str = Key(default="", exclude=True)  # the name in an imported schema, if it cannot be that of a column

    _never: ClassVar[tuple[Missing, ...]] = ()  # reasons that `missing: true` does not mean

    @model_validator(mode="before")
    @classmethod
    def _shorthands(cls, values: Any) -> Any:
        """`true` means all reasons, or all assertions. A field with missing reasons is nullable."""
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
        """Whether an answer has an object around the value. A list has it around each item, or around its reason."""
        return self.evidence or bool(self.missing) or bool(self.assertion)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A JSON Schema, read as a field of a kind."""

    keys: Mapping[str, Any]  # of the field's definition, `type` among them
    used: frozenset[str]  # the keywords of the schema that these keys enforce
    notes: Sequence[str] = ()  # parts of the schema that were changed


class ScalarField(BaseField, ABC):
    """A kind of single value."""

    is_free_text: ClassVar[bool] = False  # whether different wordings may mean the same

    # The question

    @abstractmethod
    def value_schema(self) -> dict[str, Any]:
        """The JSON Schema of a value, without null and without the object around it."""

    @abstractmethod
    def phrase(self, language: Language) -> str:
        """The description of the value in a prompt."""

    def explained(self) -> Mapping[str, str]:
        """Values that the prompt explains, with their meaning."""
        return {}

    @classmethod
    @abstractmethod
    def imported(cls, json_type: str, schema: Mapping[str, Any]) -> Imported | None:
        """Read a JSON Schema of this JSON type; None if it belongs to another kind."""

    # The answer

    @abstractmethod
    def read(self, value: Any, place: str) -> object:
        """Check a value of an answer, and convert it to the type that results hold.

        Raises:
            AnswerError: if it breaks a rule of the field.
        """

    def precision_of(self, value: Any) -> str | None:
        """The precision of a value that `read` accepted; None if the kind has no precision."""
        return None

    def spellings(self) -> Mapping[str, bytes]:
        """The JSON of each category, by its name. Empty for kinds without categories."""
        return {}

    def statement(self, value: object) -> Hashable:
        """The value in normalised form: two answers say the same if these are equal."""
        assert isinstance(value, Hashable)
        return value

    @abstractmethod
    def traces(self, value: Any) -> tuple[str | float, ...]:
        """Words or figures, at least one of which is in a document with this value.

        Empty if no trace can be expected.
        """

    @abstractmethod
    def shown_in(self, value: Any, precision: str | None, quote: Wording) -> bool | None:
        """Whether a value can be read in a quote. None where that cannot be told."""

    # The columns

    @abstractmethod
    def arrow_type(self, *, nested: bool) -> pa.DataType:
        """The type of the column; with `nested`, the type inside lists and records."""

    @property
    def has_precision(self) -> bool:
        """Whether a second column holds the precision of the value."""
        return False

    @abstractmethod
    def word(self, language: Language) -> str:
        """The name of the kind in the codebook."""

    @property
    def categories(self) -> tuple[str, ...]:
        """All possible values as text; empty if they are not a fixed set."""
        return ()

    @abstractmethod
    def rules_type(self) -> pl.DataType:
        """The type of the value in conditions of rules."""

    @abstractmethod
    def rules_sample(self) -> object:
        """A sample value of that type, to try conditions on."""

    # The evaluation

    @abstractmethod
    def same(self, gold: Any, found: Any) -> bool:
        """Whether two values are the same under the field's rule `compare`."""

    @property
    def is_equivalence(self) -> bool:
        """Whether `same` is an equivalence relation, so that values have a `key`. Tolerances are not transitive."""
        return False

    def key(self, value: Any) -> Hashable:
        """The key that values share if they are the same. Only if `is_equivalence`."""
        return value

    @abstractmethod
    def rule_words(self) -> str:
        """The rule `compare` in a few words."""

    def common(self, other: BaseField) -> Self | None:
        """The part of the field that two tasks share, with this one's rule; None if they cannot be compared."""
        return self if type(other) is type(self) else None

    def trends(self, column: pl.Expr) -> dict[str, pl.Expr]:
        """Statistics of a column that show a drift of its values, by name."""
        return {"share with a value": column.is_not_null().mean()}

    @abstractmethod
    def gold_column(self) -> str:
        """The column type of right answers, for messages."""

    @abstractmethod
    def takes_column(self, kind: pl.DataType) -> bool:
        """Whether a column of right answers may have this type."""

    def is_gold(self, value: Any) -> bool:
        """Whether a non-null value of such a column is allowed."""
        return True

    def gold_complaint(self) -> str:
        """The error message for a value that `is_gold` refuses."""
        return "has a value that the task does not allow"

    def gold_value(self, raw: Any, precision: str | None) -> Any:
        """A value of such a column or of the result, in the form that `same` takes."""
        return raw

    def written(self, value: Any, precision: str | None) -> Any:
        """A value of the result, in the form that an answer has."""
        return value


class SingleField(ScalarField, ABC):
    """A kind for which the value of one chunk is taken as the document's."""

    merge: Literal["first", "last", "most_frequent", "highest_confidence"] = "first"


class NumericField(ScalarField, ABC):
    """A kind for which the values of chunks can also be added up."""

    merge: Literal["first", "last", "most_frequent", "highest_confidence", "sum"] = "first"


def read_text(value: Any, place: str) -> str:
    """Read a text of an answer.

    Raises:
        AnswerError: if it is not a string, or holds a lone surrogate.
    """
    if not isinstance(value, str):
        raise AnswerError(f"{place}: not text")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise AnswerError(f"{place}: holds a lone surrogate")
    return value
