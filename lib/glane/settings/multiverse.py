"""What a multiverse is told: the ways of asking, and the question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.settings.evaluate import BootstrapSettings
from glane.settings.shapes import Folder, HomePath, one_or_many
from glane.validation import Strict, validated


class MultiverseSettings(Strict):
    """What `jobs/multiverse.py` is told. What goes together is checked by the question itself."""

    runs: tuple[str, ...] = Key(min_length=1)  # directories and glob patterns
    chosen: HomePath
    gold: str | None = None
    weight: str | None = None
    inclusion_probability: str | None = None
    out: Folder
    seal: bool = False
    what: Literal["prevalence", "count", "mean"] = "prevalence"
    field: str | None = None
    case: str | None = None
    cases: HomePath | None = None
    value: str = "true"
    method: Literal["auto", "pooled", "ppi", "rogan_gladen", "gold_only"] = "auto"
    by: str | None = None
    between: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    population: Literal["auto", "process", "run"] = "auto"
    bootstrap: BootstrapSettings = BootstrapSettings()
    seed: int = Key(default=0, ge=0)

    @field_validator("value", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return str(value).lower() if isinstance(value, bool) else str(value)

    @field_validator("between", mode="before")
    @classmethod
    def _as_texts(cls, value: Any) -> Any:
        return tuple(str(one) for one in value) if isinstance(value, list | tuple) else one_or_many(value)

    _listed = field_validator("runs", "clusters", mode="before")(one_or_many)

    @field_validator("runs")
    @classmethod
    def _once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError("a run is named twice")
        return value

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        if (self.field is None) == (self.case is None):
            raise ValueError("give field=… or case='…' (a condition on fields), one of both")
        if self.cases is not None and self.case is None:
            raise ValueError("cases: a file of definitions; say which by case=NAME")
        return self

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
        if self.weight is not None and self.inclusion_probability is not None:
            raise ValueError("give weight=… or inclusion_probability=…, not both")
        return self


def multiverse_settings(values: Mapping[str, Any]) -> MultiverseSettings:
    """Read the composed configuration of a multiverse; raises `ConfigError` as `extract_settings` does."""
    return validated(MultiverseSettings, values, place="")
