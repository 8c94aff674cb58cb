"""What a multiverse is told: the ways of asking, and the question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.settings.evaluate import BootstrapSettings
from glane.settings.shapes import AskedFigure, Folder, HomePath, each_once, one_or_many
from glane.validation import validated


class MultiverseSettings(AskedFigure):
    """What `jobs/multiverse.py` is told. What goes together is checked by the question itself."""

    runs: tuple[str, ...] = Key(min_length=1)  # directories and glob patterns
    chosen: HomePath
    gold: str | None = None
    out: Folder
    seal: bool = False
    what: Literal["prevalence", "count", "mean"] = "prevalence"
    method: Literal["auto", "pooled", "ppi", "rogan_gladen", "gold_only"] = "auto"
    by: str | None = None
    between: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    population: Literal["auto", "process", "run"] = "auto"
    bootstrap: BootstrapSettings = BootstrapSettings()
    seed: int = Key(default=0, ge=0)

    @field_validator("between", mode="before")
    @classmethod
    def _as_texts(cls, value: Any) -> Any:
        return tuple(str(one) for one in value) if isinstance(value, list | tuple) else one_or_many(value)

    _listed = field_validator("runs", "clusters", mode="before")(one_or_many)

    _once = field_validator("runs")(each_once)

    @model_validator(mode="after")
    def _one_contrast(self) -> Self:
        if (self.by is None) != (not self.between):
            raise ValueError("a difference between groups needs both by=COLUMN and between=[A,B]")
        if self.by is not None and (len(self.between) != 2 or self.between[0] == self.between[1]):
            raise ValueError("between: give two values of the column, as between=[A,B]: the figure is A minus B")
        return self

    @model_validator(mode="after")
    def _sealed_first(self) -> Self:
        if self.seal and self.gold is not None:
            raise ValueError("seal: a question is sealed before right answers are opened; leave gold out")
        return self


def multiverse_settings(values: Mapping[str, Any]) -> MultiverseSettings:
    """Read the composed configuration of a multiverse; raises `ConfigError` as `extract_settings` does."""
    return validated(MultiverseSettings, values, place="")
