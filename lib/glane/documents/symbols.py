"""Letters of symbol fonts, which are stored by their place in the font: of Symbol all, of Wingdings ticks and boxes.

"≥ 5 µg" is often written so. Source of the table: Adobe's Symbol encoding, as the Unicode Consortium publishes it.
"""

from __future__ import annotations

import re

PRIVATE = re.compile("[\uf020-\uf0ff]")  # where office programs put the letters of symbol fonts
_UNKNOWN = "•"
_SYMBOL = dict(
    zip(
        [
            0x22, 0x24, 0x27, 0x2A, 0x2D, 0x40, *range(0x41, 0x5B), 0x5C, 0x5E, *range(0x60, 0x7B), 0x7E,
            *range(0xA0, 0xE2), 0xE5, 0xF1, 0xF2,
        ],
        "∀∃∋∗−≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ∴⊥‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ∼"
        "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊⟨∑⟩∫",
        strict=True,
    )
)  # fmt: skip
_WINGDINGS = {
    0xFC: "✓", 0xFE: "☑", 0xA8: "☐", 0x6F: "☐", 0xFB: "✗", 0xFD: "☒", 0x78: "☒", 0x52: "☑", 0xE0: "→", 0x20: " ",
}  # fmt: skip


def is_symbolic(font: str) -> bool:
    """Whether a font's letters are symbols."""
    return font.strip().lower().startswith(("symbol", "wingdings", "webdings"))


def symbol(code: int, font: str) -> str:
    """The letter at a place of a font, which is told by its low byte; a bullet for an unknown one.

    Most that is not of the font Symbol is of Wingdings.
    """
    place = code & 0xFF
    if font.strip().lower().startswith("symbol"):
        return _SYMBOL.get(place) or (chr(place) if 0x20 <= place < 0x7F else _UNKNOWN)
    return _WINGDINGS.get(place, _UNKNOWN)


def shown(text: str, font: str) -> str:
    """A text with what stands for letters of a symbol font as these."""
    return PRIVATE.sub(lambda found: symbol(ord(found[0]), font), text)
