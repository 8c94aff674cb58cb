"""The fingerprint of a run that embeds: everything that decides its vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from glane.engine.registry import engine_kind
from glane.settings import EmbedSettings

METHOD = 2  # raised when the same texts and weights would give other chunks or vectors
# Of the settings of a model, those that decide a vector; weights, tokenizer and adapter are told by their digests.
_OF_VECTORS = (
    "name", "max_model_len", "dtype", "tokenizer_mode", "config_format", "load_format", "attention_backend",
    "kv_cache_dtype", "engine_args",
)  # fmt: skip
_OF_ROWS = ("id_column", "text_column", "number_rows", "carry_columns", "where", "limit", "sample", "sample_seed")


def make_fingerprint(
    settings: EmbedSettings, *, inputs: Sequence[Mapping[str, Any]], model_digests: Mapping[str, str]
) -> dict[str, Any]:
    """Return everything that decides the vectors of a run, as plain values. Paths and numbers of workers do not."""
    model = settings.model
    return {
        "method": METHOD,
        "inputs": [dict(entry) for entry in inputs],
        "data": settings.data.model_dump(mode="json", include=set(_OF_ROWS)),
        "model": model.model_dump(mode="json", include=set(_OF_VECTORS)) | {"digests": dict(model_digests)},
        "engine": f"{model.engine} {engine_kind(model.engine).version()}",
        "split": None if settings.split is None else settings.split.model_dump(),
        "prefix": settings.prefix.document,
        "vectors": settings.vectors,
    }
