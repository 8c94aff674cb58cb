"""Which small counts of a table must not be told, and what is done about them."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import ConfigDict, model_validator
from pydantic import Field as Key

from glane.settings.shapes import HomePath
from glane.validation import Strict

DisclosureMethod = Literal["suppress", "round", "cell_key"]


class DisclosureRule(Strict):
    """The rule of disclosure of a table."""

    model_config = ConfigDict(serialize_by_alias=True)  # what is read as register is written as register

    least: int = Key(ge=2, le=1000)  # a count from 1 to below it is sensitive
    method: DisclosureMethod = "suppress"
    zeros: bool = False  # whether a count of 0 among somebody is sensitive, too
    width: int | None = Key(default=None, ge=1, le=100_000)  # that the interval of a hidden count has at least
    register_: HomePath | None = Key(default=None, alias="register")  # the folder with all tables issued of a series
    base: int = Key(default=5, ge=2, le=1000)  # of rounding
    salt: HomePath | None = None  # of cell_key: a file that nobody else reads
    largest: int = Key(default=5, ge=2, le=100)  # of cell_key: the most that is added to a count, or taken from it

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        if (self.method == "cell_key") != (self.salt is not None):
            raise ValueError("method: cell_key and a secret file in salt go together")
        if self.method == "round" and self.base < self.least:
            raise ValueError(f"base: {self.base} is below least, {self.least}, so small counts would show. Raise base")
        if self.method != "suppress" and self.register_ is not None:
            raise ValueError("register: is of suppressed tables. Leave it out, or choose method: suppress")
        return self

    @property
    def protection(self) -> int:
        """How wide the interval of a suppressed count is at least, given all that is told."""
        return self.width or self.least
