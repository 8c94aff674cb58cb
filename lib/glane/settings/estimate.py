"""What the estimates are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.settings.disclosure import DisclosureRule
from glane.settings.shapes import AskedFigure, Folder, HomePath, one_or_many
from glane.types import Period
from glane.validation import Strict, validated


class RunFolders(Strict):
    """One run, or several with glob patterns."""

    dir: HomePath | None = None
    dirs: tuple[str, ...] = ()

    _listed = field_validator("dirs", mode="before")(one_or_many)

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.dir is None) == (not self.dirs):
            raise ValueError("give dir=RUN or dirs=[RUN,RUN] (or a glob in quotes), one of both")
        return self

    @property
    def places(self) -> tuple[str, ...]:
        """The directories and patterns."""
        return self.dirs if self.dir is None else (self.dir,)


class EstimateSettings(AskedFigure):
    """What `jobs/estimate.py` is told. What goes together is checked by the question itself."""

    run: RunFolders
    gold: str | None = None
    error_rates: HomePath | None = None
    out: Folder
    what: Literal["prevalence", "count", "mean", "linear", "logistic"] = "prevalence"
    method: Literal["auto", "pooled", "ppi", "rogan_gladen", "gold_only"] = "auto"
    by: str | None = None
    every: Period | None = None
    clusters: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()
    shared_error_rates: bool = False
    level: float = Key(default=0.95, gt=0.5, lt=1)
    half_width: float | None = Key(default=None, gt=0)
    population: Literal["auto", "process", "run"] = "auto"
    disclosure: DisclosureRule | None = None  # that what leaves is held to: estimates cannot be

    _listed = field_validator("covariates", "clusters", mode="before")(one_or_many)

    @model_validator(mode="after")
    def _stays(self) -> Self:
        if self.disclosure is not None:
            raise ValueError(
                "disclosure: groups of an estimate borrow from each other, and its files tell of the review, so "
                "small counts in it cannot be protected. Make a table with glane aggregate, table.groups and "
                "table.disclosure: it has the same corrected shares and counts. An estimate stays"
            )
        return self

    @model_validator(mode="after")
    def _one_review(self) -> Self:
        if (self.gold is None) == (self.error_rates is None):
            raise ValueError("give gold=… or the error_rates=… of an earlier review, one of both")
        return self


def estimate_settings(values: Mapping[str, Any]) -> EstimateSettings:
    """Read the composed configuration of the estimates; raises `ConfigError` as `extract_settings` does."""
    return validated(EstimateSettings, values, place="")
