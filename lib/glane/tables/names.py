"""Names that R, SAS and SQL take without quotation marks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_LONGEST = 32  # characters of a name in SAS
_LETTERS = str.maketrans(
    {"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "đ": "d"}
)
# Those of R, and those that DuckDB and PostgreSQL keep for themselves.
_WORDS = """
all analyse analyze and anti any array as asc asof asymmetric at authorization binary both break by case cast check
collate collation column concurrently constraint create cross current_date current_time current_timestamp
current_user default deferrable desc describe distinct do else end except false fetch for foreign freeze from full
function glob grant group having if ilike in inf initially inner intersect into is isnull join lambda lateral
leading left like limit localtime localtimestamp na nan natural next not notnull null offset on only or order outer
overlaps pivot pivot_longer pivot_wider placing positional primary qualify references repeat returning right select
semi session_user show similar some summarize symmetric table tablesample then to trailing true union unique unpack
unpivot user using variadic verbose when where while window with
"""
_RESERVED = frozenset(_WORDS.split())


def valid_names(names: Iterable[str], *, reserved: Iterable[str] = ()) -> dict[str, str]:
    """A name for each of some names: at most 32 letters, digits and underscores, begun by a letter.

    They differ by more than case, from each other and from `reserved`, and none is a word that R or SQL keeps for
    itself. Accents are left out. Where a name
    is too long, what stands before `__` is cut.
    """
    found: dict[str, str] = {}
    taken = {name.lower() for name in reserved}
    for name in names:
        if name not in found:
            found[name] = _unique(_plain(name), taken)
            taken.add(found[name].lower())
    return found


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.translate(_LETTERS)).encode("ascii", "ignore").decode()
    within = re.sub(r"^[\W_]+|\W+$", "", letters)
    found = re.sub(r"\W+", "_", within) or "variable"
    return found if found[0].isalpha() else f"x{found}"


def _unique(name: str, taken: set[str]) -> str:
    stem, mark, what = name.rpartition("__")
    stem, end = (stem, f"__{what}") if mark else (name, "")
    if len(end) > _LONGEST // 2:
        stem, end = name, ""
    number = 1
    while True:
        suffix = end if number == 1 else f"_{number}{end}"
        cut = stem[: _LONGEST - len(suffix)]
        found = f"{stem if cut == stem else cut.rstrip('_')}{suffix}"
        found = f"{found}_" if found.lower() in _RESERVED else found
        if found.lower() not in taken:
            return found
        number += 1
