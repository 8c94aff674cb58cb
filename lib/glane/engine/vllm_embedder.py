"""vLLM behind the Embedder protocol: its pooling runner, which makes one vector of each text.

A model that was trained to embed says by its own files which token, or the mean of which, is taken. Of a model that
generates, vLLM takes the last token (`convert` "embed", which it chooses itself).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from glane.engine.arguments import engine_arguments
from glane.engine.chat_tokenizer import ChatTokenizer
from glane.engine.protocol import RequestRefused, Vector
from glane.engine.vllm_core import raise_when_core_ends, shut_down, stepped
from glane.engine.vllm_set_up import engine_args, set_up
from glane.errors import EngineError
from glane.settings import ModelSettings

# What only matters for answers, or is for vLLM to decide: no prefix of a text that is read in both directions is kept.
_NOT_OF_VECTORS = ("structured_outputs_config", "enable_prefix_caching", "generation_config")


class VllmEmbedder:
    """An engine of vLLM that makes vectors of length 1."""

    def __init__(self, settings: ModelSettings, *, device: str, cpus: int, num_nodes: int = 1) -> None:
        set_up(settings, device=device, cpus=cpus)
        from vllm import LLMEngine, PoolingParams
        from vllm.inputs import tokens_input

        self._tokens_input, self._new_params = tokens_input, PoolingParams
        self._lora: Any = None
        if settings.adapter is not None:
            from vllm.lora.request import LoRARequest

            self._lora = LoRARequest("adapter", 1, settings.adapter)
        try:
            self._engine: Any = LLMEngine.from_engine_args(engine_args(_arguments(settings, device, num_nodes)))
            raise_when_core_ends(self._engine)
            self._tokenizer = ChatTokenizer(settings)
        except (ValueError, RuntimeError, OSError) as error:
            # No document has been read yet, so vLLM's own message is safe to show, and helps most.
            raise EngineError(f"model {settings.name!r} at {settings.path}: vLLM does not start ({error}).") from None
        self.num_dimensions = int(self._engine.vllm_config.model_config.embedding_size)
        self.max_tokens = settings.max_model_len

    def encode(self, text: str, *, prefix: str = "") -> list[int]:
        """See `Embedder.encode`."""
        return self._tokenizer.encode_text(text, prefix=prefix)

    def count_tokens(self, text: str) -> int:
        """See `Embedder.count_tokens`."""
        return self._tokenizer.count(text)

    def add(self, request_id: str, tokens: list[int]) -> None:
        """See `Embedder.add`."""
        from vllm.exceptions import VLLMValidationError

        params = self._new_params(task="embed")
        try:
            self._engine.add_request(request_id, self._tokens_input(tokens), params, lora_request=self._lora)
        except (VLLMValidationError, ValueError) as error:
            raise RequestRefused(f"vLLM refuses the text ({type(error).__name__})") from None

    def step(self) -> list[tuple[str, Vector | None]]:
        """See `Embedder.step`."""
        return [(output.request_id, _vector(output)) for output in stepped(self._engine) if output.finished]

    def close(self) -> None:
        """See `Embedder.close`."""
        shut_down(self._engine)


def _arguments(settings: ModelSettings, device: str, num_nodes: int) -> dict[str, Any]:
    values = engine_arguments(settings, device, num_nodes=num_nodes)
    return {name: value for name, value in values.items() if name not in _NOT_OF_VECTORS} | {"runner": "pooling"}


def _vector(output: Any) -> Vector | None:
    """The vector of length 1, in float32; None if the model made none."""
    if getattr(output, "error", None) is not None:
        return None
    return unit(np.asarray(output.outputs.data.float().cpu().numpy(), np.float32))


def unit(vector: Vector) -> Vector | None:
    """The vector brought to length 1; None where it has no direction."""
    length = float(np.linalg.norm(vector.astype(np.float64)))
    return (vector / length).astype(np.float32) if np.isfinite(length) and length > 0 else None
