"""How many identifiers are found in made-up French documents, by kind, and how many documents keep one.

.venv/bin/python tests/simulations/pseudonyms.py 300
.venv/bin/python tests/simulations/pseudonyms.py 600 second     # of the second closed set alone
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import closed_notes
import closed_notes_2
from glane.pseudonyms.detect import identifiers
from identified_notes import TEMPLATES, Identified, identified

Find = Callable[[Identified], Sequence[tuple[int, int, str]]]
DIRECT = frozenset({"name", "nir", "identifier", "rpps", "phone", "email", "address"})
_UNJUDGED = frozenset({"date", "town", "hospital"})


@dataclass
class Figures:
    """What was found in the documents of a template."""

    documents: int = 0
    leaking: int = 0  # documents with an identifier of any kind left, whole or in part
    leaking_directly: int = 0  # of a kind that tells who somebody is by itself
    told: Counter[str] = field(default_factory=Counter)
    hit: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    eponyms: int = 0
    eponyms_replaced: int = 0

    @property
    def recall(self) -> float:
        """Share of the identifiers of which every letter and digit is covered."""
        return self.hit.total() / self.told.total()

    @property
    def precision(self) -> float:
        """Share of what was found that touches an identifier."""
        return 1 - self.wrong.total() / max(1, self.found.total())


def found_by_rules(document: Identified, *, known: bool = False) -> list[tuple[int, int, str]]:
    """What the detector finds."""
    told = document.known if known else ()
    return [(one.start, one.end, one.kind) for one in identifiers(document.text, known=told)]


def measure(template: str, documents: int, *, unseen: bool, find: Find = found_by_rules) -> Figures:
    """Compare what is found with what was written."""
    figures = Figures()
    for seed in range(documents):
        _add(figures, document := identified(template, seed, unseen=unseen), find(document))
    return figures


def measure_closed(documents: int, *, known: bool = False, second: bool = False) -> dict[str, Figures]:
    """The same of the styles that the rules were never written for, each by itself and "all" together; of the `second` set of them."""
    notes = closed_notes_2 if second else closed_notes
    figures = {style: Figures() for style in (*notes.STYLES, "all")}
    for seed in range(documents):
        found = found_by_rules(document := notes.closed(seed), known=known)
        for style in (document.style, "all"):
            _add(figures[style], document, found)
    return figures


def _add(figures: Figures, document: Identified, found: Sequence[tuple[int, int, str]]) -> None:
    covered, told = bytearray(len(document.text)), bytearray(len(document.text))
    for start, end, _ in found:
        covered[start:end] = b"\1" * (end - start)
    left: set[str] = set()
    for start, end, kind in document.spans:
        told[start:end] = b"\1" * (end - start)
        figures.told[kind] += 1
        if all(covered[place] for place in range(start, end) if document.text[place].isalnum()):
            figures.hit[kind] += 1
        else:
            left.add(kind)
    figures.documents += 1
    figures.leaking += bool(left)
    figures.leaking_directly += bool(left & DIRECT)
    for start, end, kind in found:
        if kind in _UNJUDGED and document.unjudged[0] <= start < document.unjudged[1]:
            continue
        figures.found[kind] += 1
        figures.wrong[kind] += not any(told[start:end])
    figures.eponyms += len(document.kept)
    figures.eponyms_replaced += sum(any(covered[start:end]) for start, end in document.kept)


def main(documents: int) -> None:
    """Print the figures of all templates."""
    for template in TEMPLATES:
        for unseen in (False, True):
            for known in (False, True):
                one = measure(
                    template, documents, unseen=unseen, find=lambda doc, known=known: found_by_rules(doc, known=known)
                )
                names = "unseen" if unseen else "listed"
                _print(f"{template} {names}{' known' if known else ''}", one)
    _print_closed(documents)


def _print_closed(documents: int, *, second: bool = False) -> None:
    for known in (False, True):
        for style, one in measure_closed(documents, known=known, second=second).items():
            _print(f"closed {style}{' known' if known else ''}", one)


def _print(name: str, one: Figures) -> None:
    kinds = " ".join(f"{kind} {one.hit[kind] / one.told[kind]:.3f}" for kind in one.told)
    print(
        f"{name}: recall {one.recall:.3f} precision {one.precision:.3f} "
        f"documents with a leak {one.leaking / one.documents:.2f}, a direct one {one.leaking_directly / one.documents:.2f}; "
        f"eponyms replaced {one.eponyms_replaced} of {one.eponyms}; {kinds}",
        flush=True,
    )


if __name__ == "__main__":
    told = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    _print_closed(told, second=True) if sys.argv[2:] == ["second"] else main(told)
