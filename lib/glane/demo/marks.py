"""Text with inline marks of the passages that support each field.

A passage is enclosed in two private-use characters of its field. So case, accents and typos can be changed without
updating offsets. The offsets are computed at the end, when the marks are removed.
"""

import random
import re
import unicodedata

FIELDS = (
    "age",
    "sex",
    "municipality",
    "onset_date",
    "duration_days",
    "fever",
    "temperature",
    "cough",
    "dyspnea",
    "vomiting",
    "diarrhea",
    "syndrome",
    "similar_cases",
    "comorbidities",
    "disposition",
)
Spans = dict[str, list[tuple[int, int]]]

_OPEN = {field: chr(0xE000 + 2 * i) for i, field in enumerate(FIELDS)}
_CLOSE = {field: chr(0xE001 + 2 * i) for i, field in enumerate(FIELDS)}
_FIELD_OF = {char: field for field, char in (*_OPEN.items(), *_CLOSE.items())}
_MARK = re.compile("([\ue000-\ue0ff])")
_PLACE = re.compile(f"({_OPEN['municipality']}[^{_CLOSE['municipality']}]*{_CLOSE['municipality']})")
_LONG_WORD = re.compile(r"[a-zéèêàçîôû]{7,}")
_LIGATURES = str.maketrans({"œ": "oe", "Œ": "OE"})


def mark(text: str, *fields: str) -> str:
    """The text, marked as a passage of each of the fields."""
    for field in fields:
        text = f"{_OPEN[field]}{text}{_CLOSE[field]}"
    return text


def begin(text: str, *fields: str) -> str:
    """The text with a mark at its start: there a passage of each of the fields begins. `end` marks where it ends."""
    return "".join(_OPEN[field] for field in fields) + text


def end(text: str, field: str) -> str:
    """The text with a mark at its end: there the passage of the field ends."""
    return f"{text}{_CLOSE[field]}"


def unmarked(marked: str) -> str:
    """The text without its marks."""
    return _MARK.sub("", marked)


def resolve(marked: str) -> tuple[str, Spans]:
    """The plain text and, for each field, the code-point offsets of its passages, in the order of the text."""
    parts: list[str] = []
    starts: dict[str, int] = {}
    spans: Spans = {}
    length = 0
    for part in _MARK.split(marked):
        field = _FIELD_OF.get(part)
        if field is None:
            parts.append(part)
            length += len(part)
        elif part == _OPEN[field]:
            starts[field] = length
        else:
            spans.setdefault(field, []).append((starts.pop(field), length))
    return "".join(parts), spans


def capital(marked: str) -> str:
    """The text with its first character in upper case."""
    for i, char in enumerate(marked):
        if char not in _FIELD_OF:
            return marked[:i] + char.upper() + marked[i + 1 :]
    return marked


def bare(marked: str) -> str:
    """The text without its accents."""
    decomposed = unicodedata.normalize("NFD", marked.translate(_LIGATURES))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def mistype(marked: str, rng: random.Random, *, typos: int) -> str:
    """The text with `typos` typos, none of them in a figure, a short word or the name of a municipality."""
    pieces = _PLACE.split(marked)
    for _ in range(typos):
        piece = rng.randrange(0, len(pieces), 2)  # pieces with odd indices are municipalities
        words = list(_LONG_WORD.finditer(pieces[piece]))
        if not words:
            continue
        word = rng.choice(words)
        # Only inside a long word, as its ending shows gender and number, which are part of answers.
        at = rng.randrange(word.start() + 2, word.end() - 3)
        text = pieces[piece]
        kind = rng.randrange(3)
        changed = text[at + 1] + text[at] if kind == 0 else text[at] * 2 + text[at + 1] if kind == 1 else text[at + 1]
        pieces[piece] = text[:at] + changed + text[at + 2 :]
    return "".join(pieces)
