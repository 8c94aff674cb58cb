"""Whether grammars can be built on a model's tokenizer: told before weights are loaded.

llguidance builds them, and knows tekken and the fast tokenizers of Hugging Face. With another one the engine would end
at its start, with the weights loaded, or refuse each document.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from glane.engine.tokenizer_kind import COMMON_MODES, FAST, TEKKEN, TokenizerKind, mistral_file, tokenizer_kind
from glane.engine.tokenizers import converted
from glane.errors import ConfigError
from glane.settings import ModelSettings

_MODES = (*COMMON_MODES, "deepseek_v32", "deepseek_v4", "inkling", "kimi_k3", "cohere")


def check_tokenizer(settings: ModelSettings) -> None:
    """Check that grammars can be built on the tokenizer that vLLM makes. What is not at hand is no fault.

    Raises:
        ConfigError: naming the file, the setting and the remedy.
    """
    mode = settings.tokenizer_mode
    if mode not in _MODES:
        raise ConfigError(f"model.tokenizer_mode: vLLM has no {mode!r}. Valid: {', '.join(_MODES)}.")
    folder = Path(settings.tokenizer or settings.path)
    match tokenizer_kind(folder, mode):
        case TokenizerKind.SENTENCEPIECE:
            raise ConfigError(_about_sentencepiece(folder, mode))
        case TokenizerKind.HUGGING_FACE if not (folder / FAST).is_file():
            _check_converted(folder, mode)
        case None if folder.is_dir() and mode == "mistral" and any(folder.iterdir()):
            raise ConfigError(
                f"model.tokenizer_mode: mistral asks for {TEKKEN}, and {folder} has none. {_remedy(folder)}"
            )


def _about_sentencepiece(folder: Path, mode: str) -> str:
    file = mistral_file(folder)
    found = "" if mode == "mistral" else ", which vLLM takes beside consolidated*.safetensors"
    return (
        f"model.tokenizer_mode: {file} is a SentencePiece tokenizer of Mistral's{found}. No grammar can be built on it "
        f"with tokenizer_mode={mode}. {_remedy(folder)}"
    )


def _remedy(folder: Path) -> str:
    if (folder / FAST).is_file():
        return f"Set model.tokenizer_mode=hf: the folder has a {FAST}, too."
    if (folder / TEKKEN).is_file():
        return "Set model.tokenizer_mode=mistral."
    return (
        f"Set model.tokenizer_mode=hf, with model.tokenizer=DIR of a folder that holds the {FAST} of this model and "
        f"its chat template; or take a newer model, with {TEKKEN}."
    )


def _check_converted(folder: Path, mode: str) -> None:
    if (folder / TEKKEN).is_file() and mode == "auto":
        raise ConfigError(
            f"model.tokenizer_mode: with auto, vLLM converts {folder / TEKKEN} for want of consolidated*.safetensors "
            f"beside it, and Mistral's own way to write prompts is lost. {_remedy(folder)}"
        )
    if not any(folder.iterdir()) or find_spec("transformers") is None or find_spec("vllm") is None:
        return  # the engine is elsewhere, and may have more libraries
    try:
        tokenizer = converted(folder)
    except Exception as error:  # of any kind, from three libraries
        raise ConfigError(
            f"model.tokenizer: {folder} has no {FAST}, and Transformers makes no fast tokenizer of its files "
            f"({type(error).__name__}). {_remedy(folder)}"
        ) from None
    if not hasattr(tokenizer, "backend_tokenizer"):
        raise ConfigError(
            f"model.tokenizer: {folder} has no {FAST}, and Transformers makes of its files a {type(tokenizer).__name__}"
            f", which is slow (written in Python). No grammar can be built on it. {_remedy(folder)}"
        )
