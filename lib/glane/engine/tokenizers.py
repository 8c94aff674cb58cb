"""Tokenizers loaded without an engine, for checks before one is started: in a second, and on a login node."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from glane.engine.preload import set_environment
from glane.engine.tokenizer_kind import FAST, TEKKEN, TokenizerKind, tokenizer_kind
from glane.types import Message

_ANY = 2**40  # tokens


def load_tokenizer(folder: Path, *, mode: str) -> Any:
    """Return the tokenizer that vLLM makes of a folder under `model.tokenizer_mode`.

    None if it is of a kind that only vLLM can load, or nothing here loads it.
    """
    set_environment()
    kind = tokenizer_kind(folder, mode)
    try:
        if kind is TokenizerKind.HUGGING_FACE and find_spec("transformers") is not None:
            if not (folder / FAST).is_file():
                return converted(folder)
            from transformers import PreTrainedTokenizerFast

            # With a length of its own it would warn of a long question, which is told in our words.
            return PreTrainedTokenizerFast.from_pretrained(str(folder), local_files_only=True, model_max_length=_ANY)
        if kind is TokenizerKind.TEKKEN and find_spec("mistral_common") is not None:
            return _Mistral(folder / TEKKEN)
    except Exception:  # of any kind, from three libraries: the engine says better what is wrong with a tokenizer
        return None
    return None


def converted(folder: Path) -> Any:
    """The tokenizer that Transformers makes of a folder without `tokenizer.json`, as vLLM has it made.

    Raises:
        Exception: of any kind, where it makes none.
    """
    set_environment()
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)


class _Mistral:
    """mistral-common's tokenizer, which has no textual template, with the methods of one that has."""

    def __init__(self, file: Path) -> None:
        from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

        self._tokenizer = MistralTokenizer.from_file(str(file))

    @property
    def version(self) -> int:
        return int(self._tokenizer.instruct_tokenizer.tokenizer.version.value.removeprefix("v"))

    def get_vocab(self) -> dict[str, int]:
        return {piece: token for token, piece in enumerate(self._tokenizer.instruct_tokenizer.tokenizer.vocab())}

    def apply_chat_template(
        self,
        messages: Sequence[Message],
        *,
        tokenize: bool,  # noqa: ARG002
        **told: Any,
    ) -> list[int]:
        from mistral_common.protocol.instruct.request import ChatCompletionRequest

        plain: Any = [dict(message) for message in messages]
        request = ChatCompletionRequest.from_openai(messages=plain, **told)
        return list(self._tokenizer.encode_chat_completion(request).tokens)

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        return list(self._tokenizer.instruct_tokenizer.tokenizer.encode(text, bos=add_special_tokens, eos=False))
