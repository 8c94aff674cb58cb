"""What a vision model wrote for a page: the text of it, or why it is none."""

from __future__ import annotations

import json
import re

from glane.documents.reading import clean
from glane.settings.ocr import NO_TEXT

_LONGEST_UNIT = 200  # characters of what is written again and again
_LEAST_TIMES = 8
_LEAST_LENGTH, _LEAST_LENGTH_OF_MARKS = 400, 2000  # characters of it all; of dots and lines, which forms have
_LOOP = re.compile(rf"(.{{1,{_LONGEST_UNIT}}}?)\1{{{_LEAST_TIMES - 1},}}", re.DOTALL)
_MOST_CHARACTERS = 200_000


class PageFailed(Exception):
    """A page was not read. The message is a sentence without text of it."""


class PageRefused(PageFailed):
    """The server did not let a model read the page. Perhaps it does so with no page."""


def text_of(body: bytes) -> str:
    """The text that an OpenAI-compatible server gives back for one page. Empty for a page that has none.

    Raises:
        PageRefused: if it is no answer.
        PageFailed: if it shows one of the known failures: nothing, cut off, the same again and again.
    """
    try:
        choice = json.loads(body)["choices"][0]
        content, ending = choice["message"]["content"], choice["finish_reason"]
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        raise PageRefused("the server answered what is no answer to a chat") from None
    if not isinstance(content, str | None):
        raise PageRefused("the server answered what is no answer to a chat")
    return checked(content or "", is_cut=ending == "length", is_whole=ending == "stop")


def checked(written: str, *, is_cut: bool, is_whole: bool) -> str:
    """The text of a page as a model wrote it.

    Raises:
        PageFailed: if it shows one of the known failures.
    """
    text = clean(written).strip()
    if len(text) > _MOST_CHARACTERS:
        raise PageFailed(f"the model wrote more than {_MOST_CHARACTERS} characters")
    if repeats(text):
        raise PageFailed("the model wrote the same again and again")
    if is_cut:
        raise PageFailed("the model had not ended at ocr.max_tokens")
    if not is_whole:
        raise PageFailed("the model was stopped before it had ended")
    if not text:
        raise PageFailed("the model wrote nothing")
    return "" if text == NO_TEXT else text


def repeats(text: str) -> bool:
    """Whether a text has something again and again without anything between, as models do that do not find the end."""
    for found in _LOOP.finditer(text):
        has_words = any(map(str.isalnum, found[1]))
        if len(found[0]) >= (_LEAST_LENGTH if has_words else _LEAST_LENGTH_OF_MARKS):
            return True
    return False
