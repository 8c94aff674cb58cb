"""Records: a shape, with fields of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field as Key
from pydantic import model_validator

from glane.task.kinds.field import BaseField
from glane.types import Language

if TYPE_CHECKING:
    from glane.task.fields import Field


class ObjectField(BaseField):
    """A record with fields of its own."""

    merge: Literal["first", "last", "most_frequent", "highest_confidence"] = "first"
    type: Literal["object"] = "object"
    fields: Mapping[str, Field] = Key(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _compared_by_field(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and "compare" in values:
            raise ValueError("compare says how two values are compared: set it on the fields of the object")
        return values

    def phrase(self, language: Language) -> str:
        """What a prompt says of the value; its fields are described one by one."""
        return {"fr": "objet", "en": "object"}[language]

    def word(self, language: Language) -> str:
        """The shape, for the codebook."""
        return {"fr": "enregistrement", "en": "record"}[language]
