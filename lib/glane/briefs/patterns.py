"""Regular expressions by what their words say."""

from __future__ import annotations

import re
from collections.abc import Mapping

WHOLE = r"\b(?:{})\b"  # words that are there as such


def patterns(words: Mapping[str, str], form: str = WHOLE) -> dict[str, re.Pattern[str]]:
    """Compile alternatives, each put into `form` in place of `{}`."""
    return {name: re.compile(form.format(one)) for name, one in words.items()}
