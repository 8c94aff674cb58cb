"""The real engine: vectors are those of vLLM's own `LLM.embed`, whatever is embedded beside them."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from conftest import DEMO_MODEL, ROOT
from glane.engine.registry import start_embedder
from glane.engine.weights import resolve_weights
from glane.errors import EngineError
from glane.settings import ModelSettings

pytestmark = pytest.mark.engine

TEXTS = [
    "Fever and cough since yesterday.",
    "La patiente a de la fièvre depuis hier soir, et tousse.",
    "The invoice was paid in May.",
    " ".join(["A long note about a visit."] * 10),
    "été 🤒",
]


def settings_of(model: ModelSettings) -> ModelSettings:
    told = {"dtype": "float32", "max_model_len": 512, "max_tokens": 1, "kv_cache_mib": 256, "max_num_seqs": 4}
    return resolve_weights(ModelSettings.model_validate(dict(model) | told))


def through(engine, texts: list[str]) -> list[np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for number, text in enumerate(texts):
        engine.add(str(number), engine.encode(text))
    while len(found) < len(texts):
        found.update(engine.step())
    return [found[str(number)] for number in range(len(texts))]


def small_model() -> ModelSettings:
    """A model of 135 million parameters that was trained to generate, made once from a package."""
    subprocess.run([sys.executable, ROOT / "lib" / "glane_tools" / "small_model.py"], check=True)
    return ModelSettings(
        name="smollm2", path=str(ROOT / ".models" / "smollm2-135m"), engine_args={"enforce_eager": True}
    )


@pytest.mark.parametrize("name", ["demo", "small"])
def test_vectors_are_those_of_vllms_own_call(name: str) -> None:
    settings = settings_of(DEMO_MODEL if name == "demo" else small_model())
    engine = start_embedder(settings, device="cpu", cpus=2)
    together = through(engine, TEXTS)
    alone = [through(engine, [text])[0] for text in TEXTS]
    dimensions, num_tokens = engine.num_dimensions, engine.count_tokens(TEXTS[0])
    special = len(engine.encode("<|im_end|> [INST]"))
    with pytest.raises(EngineError, match="does not start"):
        start_embedder(settings.model_copy(update={"dtype": "float8"}), device="cpu", cpus=2)
    engine.close()

    from vllm import LLM

    judge = LLM(
        model=settings.path, tokenizer=settings.tokenizer, tokenizer_mode=settings.tokenizer_mode, runner="pooling",
        convert="embed", config_format=settings.config_format, load_format=settings.load_format, dtype="float32",
        max_model_len=512, max_num_seqs=4, kv_cache_memory_bytes=256 * 2**20, enforce_eager=True, seed=0,
    )  # fmt: skip
    theirs = np.array([one.outputs.embedding for one in judge.embed(TEXTS, use_tqdm=False)], np.float32)
    assert theirs.shape == (len(TEXTS), dimensions)
    assert num_tokens > 3
    assert special > 4  # what a document spells out is no special token
    assert np.allclose(np.array(together), theirs, atol=1e-4)
    assert np.allclose(np.array(alone), theirs, atol=1e-4)
    assert np.allclose(np.linalg.norm(theirs, axis=1), 1, atol=1e-4)
