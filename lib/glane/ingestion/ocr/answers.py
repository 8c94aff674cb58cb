"""What a vision model wrote for a page: the text of it, or why it is none."""

from __future__ import annotations

import json
import re

from glane.documents.reading import clean
from glane.settings.ocr import NO_TEXT

_LONGEST_UNIT = 200  # characters of what is written again and again
_LEAST_TIMES = 8
# Characters of it all; where it has no letter, as dots of forms and zeros of tables.
_LEAST_LENGTH, _LEAST_LENGTH_WITHOUT_LETTERS = 400, 2000
_LOOP = re.compile(rf"(.{{1,{_LONGEST_UNIT}}}?)\1{{{_LEAST_TIMES - 1},}}", re.DOTALL)
_MOST_CHARACTERS = 200_000
_LONGEST_OF_NO_TEXT = 60  # characters, with fences and marks
_NO_TEXT = re.compile(rf"(?:```\w*\s)?[\W_]*{re.escape(NO_TEXT)}[\W_]*", re.IGNORECASE)


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
        raise PageFailed("the model had not ended at ocr.max_tokens, or where its context ends")
    if not is_whole:
        raise PageFailed("the model was stopped before it had ended")
    if not text:
        raise PageFailed("the model wrote nothing")
    return "" if says_no_text(text) else text


def says_no_text(text: str) -> bool:
    """Whether a page is said to have no text: as the prompt asks for it, whatever its case, and marks around it."""
    return len(text) <= _LONGEST_OF_NO_TEXT and _NO_TEXT.fullmatch(text) is not None


def repeats(text: str) -> bool:
    """Whether a text has something again and again without anything between, as models do that do not find the end."""
    for found in _LOOP.finditer(text):
        has_letters = any(map(str.isalpha, found[1]))
        if len(found[0]) >= (_LEAST_LENGTH if has_letters else _LEAST_LENGTH_WITHOUT_LETTERS):
            return True
    return False
