"""A second set of made-up French documents of styles that the rules of pseudonymisation were never written for.

Closed before the rules were changed again, and written without sight of the rules and their lists. Eight styles (`closed_phrases_2`), in one of five
hands: as it should be, hurried, without capitals, in capitals, scanned. Persons, towns, establishments and numbers are invented.

What is marked: street and number, or the name of a place, is "address", without building and floor; schools, laboratories and
employers are "hospital", as any establishment; of a telephone's extension the digits. An age, a year or a time is not marked.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from datetime import date, timedelta

import closed_notes
from closed_people_2 import General, Who, bare, people
from closed_phrases_2 import KEPT, Form, Slot
from closed_phrases_2 import STYLES as _STYLES
from identified_notes import Span

STYLES = tuple(_STYLES)
_SPAN = re.compile(r"\[\[(\w+)\|(.*?)\]\]", re.DOTALL)
_HANDS = {
    "regulation": {"plain": 3, "hurried": 3, "capitals": 4},
    "residence": {"plain": 4, "hurried": 4, "lower": 2},
    "psychiatry": {"plain": 6, "scanned": 2, "hurried": 2},
    "birth": {"plain": 4, "hurried": 3, "lower": 2, "capitals": 1},
    "laboratory": {"plain": 4, "scanned": 4, "capitals": 2},
    "school": {"plain": 6, "scanned": 2, "hurried": 2},
    "outbreak": {"plain": 5, "hurried": 3, "lower": 2},
    "practice": {"plain": 3, "hurried": 2, "lower": 4, "capitals": 1},
}


@dataclass(frozen=True)
class Closed(closed_notes.Closed):
    """A document of a style of the second set, and the hand that it is in."""

    hand: str = ""

    @property
    def kept(self) -> list[tuple[int, int]]:
        """Diseases, signs, germs and drugs, which are no identifiers."""
        taken = [range(start, end) for start, end, _ in self.spans]
        plain = bare(self.text).lower()
        found = [
            one.span() for name in KEPT for one in re.finditer(rf"(?<!\w){re.escape(bare(name).lower())}(?!\w)", plain)
        ]
        return [span for span in found if not any(span[0] in one for one in taken)]


def _slots(rng: random.Random, slots: tuple[Slot, ...]) -> list[str]:
    return [rng.choice(slot) for slot in slots]


def _hurried(rng: random.Random, text: str, *, marked: bool) -> str:
    if rng.random() < 0.5:
        text = bare(text)
    if marked:
        return text.lower() if rng.random() < 0.35 else text
    text = text.replace(", ", rng.choice([", ", ",", " , ", " "])).replace(". ", rng.choice([". ", ".", " ", " - "]))
    return text.replace("'", rng.choice(["'", "'", " ", "’"])).replace(" : ", rng.choice([" : ", ": ", ":", " "]))


_SLIPS = [
    ("é", "e"),
    ("l", "1"),
    ("rn", "m"),
    ("i", "í"),
    ("e", "c"),
    ("É", "E"),
    ("0", "O"),
    ("I", "l"),
    ("B", "8"),
    ("-", "- "),
    (" ", "  "),
    ("'", "' "),
]


def _scanned(rng: random.Random, text: str, *, marked: bool) -> str:
    slips = rng.random() < 0.15 if marked else rng.random() < 0.3
    wrong, read = rng.choice(_SLIPS)
    return text.replace(wrong, read, 1) if slips and len(text) > 2 else text


def _written(rng: random.Random, hand: str, text: str, *, marked: bool) -> str:
    if hand == "hurried":
        return _hurried(rng, text, marked=marked)
    if hand == "scanned":
        return _scanned(rng, text, marked=marked)
    if hand == "lower":
        return text.lower()
    return text.upper() if hand == "capitals" else text


def _wrapped(text: str, width: int) -> str:
    """Lines broken at spaces, of the same length in all, as a page is read by a machine."""
    letters, start, space = list(text), 0, 0
    for place, letter in enumerate(letters):
        if letter == "\n":
            start = place
        if letter == " ":
            space = place
        if place - start > width and space > start:
            letters[space], start = "\n", space
    return "".join(letters)


def _marked(rng: random.Random, form: Form, those: dict[str, Who], general: General) -> str:
    body = rng.sample(form.body, rng.randint(*form.drawn))
    if general.has_eponyms and not any("g.clin" in one for one in body):
        body.insert(rng.randrange(len(body)), "- {g.clin}" if body[0].startswith("- ") else "{g.clin}")
    parts = ["".join(_slots(rng, form.head)), form.glue.join(body), "".join(_slots(rng, form.tail))]
    glue = form.glue if form.tail and not parts[2].startswith(("\n", " ")) else ""
    return (parts[0] + parts[1] + glue + parts[2]).format(**those, g=general)


def closed(seed: int) -> Closed:
    """A document; the same seed gives the same."""
    rng = random.Random(f"closed-2-{seed}")
    style = rng.choice(STYLES)
    day = date(2024, 2, 1) + timedelta(rng.randrange(600))
    those, form = people(rng, day, style), rng.choice(_STYLES[style])
    marked = _marked(rng, form, those, General(rng, day))
    hand = rng.choices(*zip(*_HANDS[style].items(), strict=True))[0]
    has_accents = hand not in {"lower", "capitals"} or rng.random() < 0.4
    pieces, spans, size, last = list[str](), list[Span](), 0, 0
    for one in [*_SPAN.finditer(marked), None]:
        between = marked[last : one.start() if one else None]
        for text, kind in ((between, ""), (one[2], one[1])) if one else ((between, ""),):
            written = _written(rng, hand, text if has_accents else bare(text), marked=bool(kind))
            pieces.append(written)
            if kind:
                spans.append((size, size + len(written), kind))
            size += len(written)
        last = one.end() if one else last
    text = "".join(pieces)
    head = "".join("".join(slot) for slot in form.head)
    who = those[next(key for key in "anm" if f"{{{key}." in head)]
    return Closed(
        _wrapped(text, 72) if hand == "scanned" else text,
        tuple(spans),
        (who.plain_first, who.plain_last, who.number),
        (0, 0),
        style,
        hand,
    )
