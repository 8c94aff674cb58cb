"""Tokenizers loaded without an engine, for checks before one is started: in a second, and on a login node."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from glane.engine.preload import set_environment
from glane.types import Message

_ANY = 2**40  # tokens


def load_tokenizer(folder: Path, *, is_mistral: bool) -> Any:
    """Return the tokenizer in a folder; None if it is of a kind that only vLLM can load, or nothing here loads it."""
    set_environment()
    try:
        if not is_mistral and (folder / "tokenizer.json").is_file() and find_spec("transformers") is not None:
            from transformers import PreTrainedTokenizerFast

            # With a length of its own it would warn of a long question, which is told in our words.
            return PreTrainedTokenizerFast.from_pretrained(str(folder), local_files_only=True, model_max_length=_ANY)
        return _Mistral(folder) if find_spec("mistral_common") is not None else None
    except Exception:  # of any kind, from three libraries: the engine says better what is wrong with a tokenizer
        return None


class _Mistral:
    """mistral-common's tokenizer, which has no textual template, with the methods of one that has."""

    def __init__(self, folder: Path) -> None:
        from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

        names = ("tekken.json", "tokenizer.model.v3", "tokenizer.model")
        file = next((folder / name for name in names if (folder / name).is_file()), None)
        if file is None:
            raise OSError("no tokenizer of mistral-common")
        self._tokenizer = MistralTokenizer.from_file(str(file))

    def apply_chat_template(self, messages: Sequence[Message], **_: Any) -> list[int]:
        from mistral_common.protocol.instruct.request import ChatCompletionRequest

        plain: Any = [dict(message) for message in messages]
        request = ChatCompletionRequest.from_openai(messages=plain)
        return list(self._tokenizer.encode_chat_completion(request).tokens)

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        return list(self._tokenizer.instruct_tokenizer.tokenizer.encode(text, bos=add_special_tokens, eos=False))
