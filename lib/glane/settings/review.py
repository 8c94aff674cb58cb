"""What the review job is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.settings.shapes import Folder, HomePath, ReadersFiles, as_answer, one_or_many
from glane.validation import validated


class ReviewSettings(ReadersFiles):
    """What `jobs/review.py` is told."""

    run: Folder
    out: Folder
    rows: int = Key(default=200, ge=1)
    sample: Literal["random", "stratified", "uncertain", "by_answer", "for_figure"] = "random"
    field: str | None = None  # by_answer: the model's answer here makes two strata; for_figure: what the figure is of
    value: str = "true"
    by: str | None = None
    allocation: Literal["proportional", "equal"] = "proportional"
    seed: int = Key(default=0, ge=0)
    fields: tuple[str, ...] = ()
    gold: HomePath | None = None  # for_figure: the right answers of the earlier review
    blind: float = Key(default=0.0, ge=0, le=1)  # the share of documents shown without the model's answers
    clusters: tuple[str, ...] = ()  # columns whose values go together: the intervals of agreement follow them

    _as_text = field_validator("value", mode="before")(as_answer)
    _listed = field_validator("fields", "clusters", mode="before")(one_or_many)

    @model_validator(mode="after")
    def _strata(self) -> Self:
        if self.by is not None and self.sample != "stratified":
            raise ValueError(f"by={self.by} makes strata; set sample=stratified, or leave it out")
        if (self.field is not None) != (self.sample in ("by_answer", "for_figure")):
            raise ValueError(
                "sample=by_answer, or for_figure, and field go together: field=fever, or field=syndrome "
                "value=gastro_enterite"
            )
        if (self.gold is not None) != (self.sample == "for_figure"):
            raise ValueError("sample=for_figure and gold, the right answers of the earlier review, go together")
        if self.clusters and not self.corrections:
            raise ValueError("clusters: is of the agreement of readers; give corrections=…, or leave it out")
        return self


def review_settings(values: Mapping[str, Any]) -> ReviewSettings:
    """Read the composed configuration of the review job; raises `ConfigError` as `extract_settings` does."""
    return validated(ReviewSettings, values, place="")
