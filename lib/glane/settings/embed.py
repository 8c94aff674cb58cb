"""What the embedding of documents is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field as Key
from pydantic import model_validator

from glane.settings.cluster import ClusterSettings, LocalSettings
from glane.settings.extract import DataSettings
from glane.settings.model import ModelSettings
from glane.settings.run import RunSettings
from glane.validation import Strict, validated

_OF_EXTRACTIONS = ("group_by", "order_by", "only_ids_in", "only_rejected_of", "skip_done_in", "extend", "pseudonyms")


class ChunkSettings(Strict):
    """How long documents are cut. Sizes are in tokens of the document's text."""

    max_tokens: int = Key(default=512, ge=8)  # or what the model's context leaves, if that is less
    overlap_tokens: int = Key(default=50, ge=0)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.overlap_tokens >= self.max_tokens:
            raise ValueError(f"overlap_tokens {self.overlap_tokens} must be below max_tokens {self.max_tokens}")
        return self


class PrefixSettings(Strict):
    """What the model was trained to see before a text, as its card says: "query: ", for example."""

    document: str = ""
    query: str = ""


class EmbedSettings(Strict):
    """Everything that `jobs/embed.py` is told."""

    data: DataSettings
    model: ModelSettings
    split: ChunkSettings | None = ChunkSettings()  # None: a document that does not fit is TOO_LONG
    prefix: PrefixSettings = PrefixSettings()
    vectors: Literal["float32", "float16"] = "float32"
    cluster: ClusterSettings = LocalSettings()
    run: RunSettings
    progress: Literal["auto", "live", "plain", "none"] = "auto"

    @model_validator(mode="before")
    @classmethod
    def _writes_no_tokens(cls, values: Any) -> Any:
        """No room is kept for answers, whatever the model's file says: all of the context is for a chunk."""
        model = values.get("model") if isinstance(values, Mapping) else None
        return {**values, "model": {**model, "max_tokens": 1}} if isinstance(model, Mapping) else values

    @model_validator(mode="after")
    def _embeds_rows(self) -> Self:
        plain = {name: DataSettings.model_fields[name].default for name in _OF_EXTRACTIONS}
        if told := [name for name in _OF_EXTRACTIONS if getattr(self.data, name) != plain[name]]:
            raise ValueError(f"data.{told[0]} is of extractions, and each row is embedded by itself. Leave it out")
        return self

    @property
    def task_name(self) -> str:
        """Empty: nothing is asked."""
        return ""

    def each(self) -> tuple[Self, ...]:
        """The one run that it is, as `ExtractSettings.each` gives those of several tasks."""
        return (self,)


def embed_settings(values: Mapping[str, Any]) -> EmbedSettings:
    """Read the composed configuration of the job; raises `ConfigError` as `extract_settings` does."""
    return validated(EmbedSettings, values, place="")
