"""What can be told of a model before vLLM is imported, by its files and settings: on a login node, in seconds."""

from __future__ import annotations

from glane.engine.arguments import structured_outputs
from glane.engine.quantization import check_quantization
from glane.engine.reasoning import check_reasoning
from glane.engine.tokenizer_checks import check_tokenizer
from glane.errors import ConfigError
from glane.settings import ModelSettings

_BACKENDS = ("guidance", "xgrammar")


def check_vllm(settings: ModelSettings) -> None:
    """Check what would end an engine of vLLM at its start, or have it refuse each document.

    Raises:
        ConfigError: naming the file or the setting, and the remedy.
    """
    check_quantization(settings)
    check_tokenizer(settings)
    _check_backend(settings)
    check_reasoning(settings)


def builds_any_grammar(settings: ModelSettings) -> bool:
    """Whether the backend of the settings builds the grammars of copied quotes."""
    return structured_outputs(settings)["backend"] == "guidance"


def _check_backend(settings: ModelSettings) -> None:
    backend = structured_outputs(settings)["backend"]
    if backend not in _BACKENDS:
        raise ConfigError(
            f"model.engine_args.structured_outputs_config.backend: {backend!r} does not write JSON without "
            f"spaces, which glane asks for. Leave it out, or take one of {', '.join(_BACKENDS)}."
        )
