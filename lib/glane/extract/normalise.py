"""Text as it is compared: what a person would read as the same spelling becomes the same string."""

from __future__ import annotations

import re
import unicodedata

_SIGNS = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′ʼ´`", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", None),  # soft hyphen, zero width
        "œ": "oe",
        "æ": "ae",
        "…": "...",
    }
)
# Marks are taken off letters only: off other signs they carry the meaning, as in ≠.
_ACCENTS = re.compile(r"([^\W\d_])[\u0300-\u036f]+")
_IN_GUILLEMETS = re.compile(r"(?<=«)\s+|\s+(?=»)")


def normalised(text: str) -> str:
    """Return `text` without case, accents, ligatures and typographic variants of signs, words one space apart.

    Signs that change the meaning stay, superscripts among them: 10⁵ is not 105. Offsets into `text` are lost.
    """
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFD", text).casefold())
    bare = unicodedata.normalize("NFC", _ACCENTS.sub(r"\1", folded))
    return " ".join(_IN_GUILLEMETS.sub("", bare).translate(_SIGNS).split())
