"""The vector of a question, by the model that embedded the documents."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from glane.corpus.unchanged import content_digest
from glane.embedding.results import Embedded
from glane.engine.device import has_gpu
from glane.engine.protocol import RequestRefused, Vector
from glane.engine.registry import start_embedder
from glane.engine.weights import model_digests, resolve_weights
from glane.errors import ConfigError, EngineError
from glane.settings import ModelSettings


def question_vectors(
    embedded: Embedded, questions: Sequence[str], *, weights: str | None = None, prefix: str | None = None
) -> Vector:
    """The vectors of questions, a row each, made in this process. `weights` is where they lie, if not as then.

    `prefix` stands before each, or if it is None, the one that the run was told.

    Raises:
        ConfigError: if the weights are others than those of the run, or a question is too long.
        EngineError: if the engine does not start, or makes no vector.
    """
    model = model_of(embedded, weights=weights)
    prefix = embedded.settings.prefix.query if prefix is None else prefix
    engine = start_embedder(model, device="gpu" if has_gpu() else "cpu", cpus=len(os.sched_getaffinity(0)))
    try:
        found: dict[str, Vector | None] = {}
        for number, question in enumerate(questions):
            tokens = engine.encode(question, prefix=prefix)
            if len(tokens) > engine.max_tokens:
                raise ConfigError(f"query: {len(tokens)} tokens, and the model takes {engine.max_tokens}. Shorten it.")
            try:
                engine.add(str(number), tokens)
            except RequestRefused:
                found[str(number)] = None
        while len(found) < len(questions):
            found.update(engine.step())
    finally:
        engine.close()
    vectors = [found[str(number)] for number in range(len(questions))]
    if any(vector is None for vector in vectors):
        raise EngineError("query: the model makes no vector of this question. Word it otherwise.")
    return np.stack([vector for vector in vectors if vector is not None])


def model_of(embedded: Embedded, *, weights: str | None = None) -> ModelSettings:
    """The settings of the run's model, whose weights were found to be the same.

    Raises:
        ConfigError: if they are not there, or are others.
    """
    told = embedded.settings.model
    model = resolve_weights(told if weights is None else told.model_copy(update={"path": weights}))
    if model_digests(model, content_digest) != embedded.description.fingerprint["model"]["digests"]:
        raise ConfigError(
            f"weights: {model.path} holds other weights, or another tokenizer, than the documents were embedded with. "
            "Give the folder of those as weights=PATH."
        )
    return model
