"""Lists: a shape with items of one kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field as Key
from pydantic import model_validator

from glane.task.kinds.field import BaseField
from glane.task.kinds.object import ObjectField
from glane.types import Language

if TYPE_CHECKING:
    from glane.task.fields import Field

DEFAULT_MAX_ITEMS = 50
LONGEST = 10_000
_PHRASES: Mapping[Language, str] = {"fr": "liste d'au plus {} éléments : {}", "en": "list of at most {} items : {}"}


class ListField(BaseField):
    """Between `min_items` and `max_items` values of one kind."""

    type: Literal["list"] = "list"
    items: Field
    min_items: int = Key(default=0, ge=0)
    max_items: int = Key(default=DEFAULT_MAX_ITEMS, ge=1, le=LONGEST)
    merge: Literal["union"] = "union"
    keys: tuple[str, ...] = ()  # for items that are objects: the fields that identify an item
    similarity: float = Key(default=100.0, ge=50, le=100)  # 0 to 100; the least of strings that are the same

    @model_validator(mode="before")
    @classmethod
    def _compared_by_items(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and "compare" in values:
            raise ValueError(
                "compare says how two items are compared: set it on `items`, or on the fields of the items"
            )
        if isinstance(values, Mapping) and (own := [key for key in ("lookup", "normalise") if key in values]):
            raise ValueError(f"{own[0]} is about each item: set it on `items`, or on the fields of the items")
        return values

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_items > self.max_items:
            raise ValueError(f"min_items {self.min_items} is above max_items {self.max_items}")
        return self

    @model_validator(mode="after")
    def _items_are_plain(self) -> Self:
        if self.items.is_wrapped:
            raise ValueError("evidence, missing and assertion of the items are set on the list, beside `items`")
        known = tuple(self.items.fields) if isinstance(self.items, ObjectField) else ()
        if strange := [key for key in self.keys if key not in known]:
            raise ValueError(f"keys: {strange[0]!r} is no field of the items; they have {', '.join(known) or 'none'}")
        return self

    def phrase(self, language: Language) -> str:
        """The description of the value in a prompt."""
        return _PHRASES[language].format(self.max_items, self.items.phrase(language))

    def word(self, language: Language) -> str:
        """The name of the shape in the codebook."""
        return {"fr": "liste", "en": "list"}[language]
