"""Records: a shape, with fields of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field as Key
from pydantic import model_validator

from glane.task.kinds.field import AnswerError, BaseField
from glane.types import ExtractedValue, Language
from glane.validation import Strict

if TYPE_CHECKING:
    from glane.task.fields import Field


_EXACTLY: Mapping[Language, str] = {
    "fr": ", dont exactement un de ces groupes est complet : {}",
    "en": ", of which exactly one of these groups is complete: {}",
}
_AT_LEAST: Mapping[Language, str] = {
    "fr": ", dont au moins un de ces groupes est complet : {}",
    "en": ", of which at least one of these groups is complete: {}",
}
_AND: Mapping[Language, str] = {"fr": " et ", "en": " and "}


class Variant(Strict):
    """One form of a record: the fields that have a value, what some of them hold, and the fields that are null."""

    filled: tuple[str, ...] = ()
    values: Mapping[str, tuple[str, ...]] = {}  # of categories; a null is allowed if the field is not in `filled`
    empty: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All fields that it says something of."""
        return (*self.filled, *self.values, *self.empty)

    @property
    def is_plain(self) -> bool:
        """Whether it is a group of fields and nothing else."""
        return not self.values and not self.empty

    def is_form_of(self, found: Mapping[str, ExtractedValue]) -> bool:
        """Whether the values of a record have this form."""
        return (
            all(not found[name].is_null for name in self.filled)
            and all(found[name].is_null or found[name].value in held for name, held in self.values.items())
            and all(found[name].is_null for name in self.empty)
        )

    def told(self, conjunction: str) -> str:
        """The form in words."""
        filled = [f"{name} = {'/'.join(self.values[name])}" if name in self.values else name for name in self.filled]
        optional = {name: held for name, held in self.values.items() if name not in self.filled}
        maybe = [f"{name} = {'/'.join([*held, 'null'])}" for name, held in optional.items()]
        return conjunction.join([*filled, *maybe, *(f"{name} = null" for name in self.empty)])


Groups = tuple[tuple[str, ...] | Variant, ...]


class ObjectField(BaseField):
    """A record with fields of its own.

    A group of fields is filled if each of its fields has a value; a group may also be a `Variant`. Exactly one group of
    `exactly_one_of` must be filled, and one or more of `at_least_one_of`. If an answer breaks this, the prompt is asked
    again. If it is still broken, the answer is invalid.
    """

    merge: Literal["first", "last", "most_frequent", "highest_confidence"] = "first"
    type: Literal["object"] = "object"
    fields: Mapping[str, Field] = Key(min_length=1)
    exactly_one_of: Groups = ()
    at_least_one_of: Groups = ()

    @model_validator(mode="before")
    @classmethod
    def _compared_by_field(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and "compare" in values:
            raise ValueError("compare says how two values are compared: set it on the fields of the object")
        return values

    @model_validator(mode="after")
    def _groups_are_known(self) -> Self:
        for key, groups in (("exactly_one_of", self.exactly_one_of), ("at_least_one_of", self.at_least_one_of)):
            forms = _forms(groups)
            if strange := [name for form in forms for name in form.names if name not in self.fields]:
                raise ValueError(f"{key}: {strange[0]!r} is no field of the record; it has {', '.join(self.fields)}")
            if not all(form.names for form in forms) or (key == "exactly_one_of" and _overlaps(forms)):
                raise ValueError(f"{key}: a group is empty, or part of another, so that the two are always together")
        always = [
            form
            for form in _forms(self.exactly_one_of)
            if form.is_plain and not any(self.fields[name].nullable for name in form.filled)
        ]
        if len(always) > 1:
            told = "; ".join(form.told(" and ") for form in always)
            raise ValueError(f"exactly_one_of: the fields of two groups are never null ({told})")
        return self

    def phrase(self, language: Language) -> str:
        """The description of the record in a prompt. Its fields are described one by one."""
        rules = ((_EXACTLY, self.exactly_one_of), (_AT_LEAST, self.at_least_one_of))
        told = [words[language].format(_told(groups, _AND[language])) for words, groups in rules if groups]
        return "".join([{"fr": "objet", "en": "object"}[language], *told])

    def check_groups(self, found: Mapping[str, ExtractedValue], place: str) -> None:
        """Check the rules about groups.

        Raises:
            AnswerError: if the values of a record break one.
        """
        for groups, is_exact in ((self.exactly_one_of, True), (self.at_least_one_of, False)):
            complete = sum(form.is_form_of(found) for form in _forms(groups))
            if groups and (complete != 1 if is_exact else complete == 0):
                raise AnswerError(
                    f"{place}: {'exactly' if is_exact else 'at least'} one of these groups is to be complete: "
                    f"{_told(groups, ' and ')}; {complete} are"
                )

    def word(self, language: Language) -> str:
        """The name of the shape in the codebook."""
        return {"fr": "enregistrement", "en": "record"}[language]


def _forms(groups: Groups) -> list[Variant]:
    return [group if isinstance(group, Variant) else Variant(filled=group) for group in groups]


def _told(groups: Groups, conjunction: str) -> str:
    return "; ".join(form.told(conjunction) for form in _forms(groups))


def _overlaps(forms: Sequence[Variant]) -> bool:
    """Whether one form is there whenever another is."""
    return any(
        one.is_plain and set(one.filled) <= set(other.filled)
        for i, one in enumerate(forms)
        for j, other in enumerate(forms)
        if i != j
    )
