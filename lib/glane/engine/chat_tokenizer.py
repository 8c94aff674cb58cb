"""The tokenizer of a model with its chat template: conversations as tokens, and what is special in texts broken."""

from __future__ import annotations

import datetime
import json
import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from glane.engine.reasoning import Marks, marks_of
from glane.errors import ConfigError
from glane.settings import ModelSettings
from glane.types import Message

_WITH_EFFORT = 15  # the version of Mistral's tokenizers from which on they are told of effort
_LONGEST_REASON = 200  # characters of the words of a template that fails


class ChatTokenizer:
    """A tokenizer for the feeder thread: the engine's own must not be used from two threads at once."""

    def __init__(self, settings: ModelSettings, plain: Any = None) -> None:
        self._tokenizer: Any = _by_vllm(settings) if plain is None else plain
        self._lock = threading.Lock()  # a Rust tokenizer refuses two threads at once
        self._options: dict[str, Any] = {}
        # mistral-common's tokenizer has no textual template, and never reads special tokens in a message.
        self._is_textual = hasattr(self._tokenizer, "backend_tokenizer")
        if self._is_textual:
            self._options = {
                **settings.chat_template_kwargs,
                "add_generation_prompt": True,
                "return_dict": False,
                # A template that tells the day would make other prompts tomorrow, and a model may take that day for a
                # document's.
                "strftime_now": _no_day,
            }
            if settings.chat_template is not None:
                self._options["chat_template"] = Path(settings.chat_template).read_text(encoding="utf-8")
        else:
            self._options = _told_to_mistrals(settings, self._tokenizer.version)
        self._marks = marks_of(settings, self._tokenizer)
        self._special = self._special_pattern() if self._is_textual else None

    def encode(self, messages: Sequence[Message]) -> list[int]:
        """The tokens of a conversation, up to where the answer begins."""
        plain = [dict(Message(role=m["role"], content=self._as_text(m["content"]))) for m in messages]
        with self._lock:
            ids = self._tokenizer.apply_chat_template(plain, tokenize=True, **self._options)
        prompt = [int(token) for token in ids]
        return prompt if self._marks is None else self._marks.opened(prompt)

    def count(self, text: str) -> int:
        """The number of tokens of a text, without special tokens."""
        with self._lock:
            return len(self._tokenizer.encode(self._as_text(text), add_special_tokens=False))

    def encode_text(self, text: str, *, prefix: str = "") -> list[int]:
        """The tokens of a text alone, with the special tokens that the model wants around it.

        Special tokens in a `prefix`, which the model's card tells, stay special.
        """
        whole = self._as_text(prefix + text, after=len(prefix))
        with self._lock:
            return [int(token) for token in self._tokenizer.encode(whole, add_special_tokens=True)]

    @property
    def has_template(self) -> bool:
        """See `Conversations.has_template`."""
        return self._is_textual

    @property
    def thinking(self) -> tuple[str, str] | None:
        """See `Conversations.thinking`."""
        return None if self._marks is None else self._marks.texts

    def render(self, messages: Sequence[Message], is_open: bool) -> str:
        """See `Conversations.render`."""
        options = self._options | {"add_generation_prompt": is_open}
        try:
            with self._lock:
                text = self._tokenizer.apply_chat_template([dict(one) for one in messages], tokenize=False, **options)
        except (
            Exception
        ) as error:  # of Jinja, of the template itself, or that there is none; no document was shown to it
            reason = (str(error).strip() or "no reason given").splitlines()[0][:_LONGEST_REASON]
            raise ConfigError(
                f"model.chat_template: the chat template of this model cannot be used ({type(error).__name__}: "
                f"{reason}). Set model.chat_template to a Jinja file that shows a message of the role user, as the "
                "page of the model gives it."
            ) from None
        return str(text)

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of an encoded conversation, special tokens included."""
        with self._lock:
            return str(self._tokenizer.decode(list(tokens), skip_special_tokens=False))

    def _as_text(self, text: str, *, after: int = 0) -> str:
        """Break special tokens in a text: "[INST]" becomes "[ INST]", which reads alike and is no special token.

        Those that end within its first `after` characters are kept.
        """

        def plain(found: re.Match[str]) -> str:
            return found[0] if found.end() <= after else f"{found[0][0]} {found[0][1:]}"

        return self._special.sub(plain, text) if self._special else text

    @property
    def marks(self) -> Marks | None:
        """The tokens that begin and end thinking; None where the model is not to think."""
        return self._marks

    @property
    def plain(self) -> Any:
        """The tokenizer as vLLM loads it."""
        return self._tokenizer

    def _special_pattern(self) -> re.Pattern[str] | None:
        added = json.loads(self._tokenizer.backend_tokenizer.to_str()).get("added_tokens", [])
        # Some vocabularies list blank lines and runs of spaces here, too: these are no control tokens.
        special = {token["content"] for token in added if token.get("special") and len(token["content"]) > 1}
        # Not all models list these as special, and a document must not end the thinking.
        special.update(() if self._marks is None else self._marks.texts)
        names = sorted(special, key=len, reverse=True)
        return re.compile("|".join(map(re.escape, names))) if names else None


_DAY = datetime.date(2000, 1, 1)


def _no_day(form: str) -> str:
    return _DAY.strftime(form)


def _told_to_mistrals(settings: ModelSettings, version: int) -> dict[str, Any]:
    """What mistral-common is told. It has no template, and of its settings only the effort of thinking, since v15."""
    if settings.chat_template is not None:
        raise ConfigError(
            "model.chat_template: a tokenizer of Mistral's has none, and would not read it. Leave it out, or set "
            "model.tokenizer_mode=hf."
        )
    known = {"reasoning_effort"} if version >= _WITH_EFFORT else set()
    if unknown := sorted(set(settings.chat_template_kwargs) - known):
        raise ConfigError(
            f"model.chat_template_kwargs: this tokenizer of Mistral's (v{version}) is not told {unknown[0]}. It takes "
            f"{', '.join(known) or 'none'}."
        )
    return dict(settings.chat_template_kwargs)


def _by_vllm(settings: ModelSettings) -> Any:
    from vllm.tokenizers import get_tokenizer

    return get_tokenizer(
        settings.tokenizer or settings.path, tokenizer_mode=settings.tokenizer_mode, trust_remote_code=False
    )
