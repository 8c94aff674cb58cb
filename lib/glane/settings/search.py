"""What a search in an embedded corpus is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field as Key
from pydantic import model_validator

from glane.settings.shapes import Folder, HomePath
from glane.validation import Strict, validated

SearchBy = Literal["both", "meaning", "words"]


class SearchSettings(Strict):
    """What `jobs/search.py` is told."""

    run: Folder
    query: str | None = None  # None: it is read from standard input
    like: str | None = None  # the id of a document
    by: SearchBy = "both"
    top: int = Key(default=10, ge=1)
    where: str | None = None
    show: int = Key(default=0, ge=0)  # characters of each passage
    groups: Annotated[float, Key(gt=0, le=1)] | None = None
    weights: HomePath | None = None
    prefix: str | None = None  # None: the run's own prefix.query
    out: HomePath | None = None
    json_output: bool = Key(default=False, alias="json")

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        asked = {"query": self.query, "like": self.like, "groups": self.groups}
        if len(told := [name for name, value in asked.items() if value is not None]) > 1:
            raise ValueError(f"{', '.join(told)} are asked at once; give one of them")
        if self.like is not None and self.by == "words":
            raise ValueError("like looks for documents of near meaning; leave by=words out, or give a query")
        if self.groups is not None and self.out is None:
            raise ValueError("groups are written to a file; give out=FILE.parquet")
        if self.out is not None and not self.out.endswith(".parquet"):
            raise ValueError(f"out={self.out} must end in .parquet: rows are written as Parquet")
        if self.json_output and (self.show or self.groups is not None):
            raise ValueError("json prints the rows found, without texts; leave show and groups out")
        return self


def search_settings(values: Mapping[str, Any]) -> SearchSettings:
    """Read the composed configuration of the search; raises `ConfigError` as `extract_settings` does."""
    return validated(SearchSettings, values, place="")
