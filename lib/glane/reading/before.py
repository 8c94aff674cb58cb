"""What stands directly left of a quote in its clause, and makes it say something else: a negation, or a relative."""

from __future__ import annotations

import re

from glane.task.fold import fold

_LOOKED_AT = 80  # characters
_CLAUSE_END = re.compile(r"[.,;:!?/()\n•]")
_SMALL = "de d' du des la le l' les une un any a an of the signe signes notion evidence history symptom symptoms toute"
_FILLERS = "|".join(re.escape(word) for word in _SMALL.split())
_DENIED = re.compile(
    rf"\b(?:pas|jamais|absence|aucune?|sans|ni|nie|nient|denies|denied|no|without|not)(?:[ ]+(?:{_FILLERS}))*[ ]*$"
)
_KIN = "mere pere frere soeur mari epouse conjoint conjointe voisin voisine mother father brother sister husband wife"
_OF_PATIENT = "patient patiente enfant child patient's ont avait presente souffre with has had have reports neighbour"
_OF_RELATIVE = re.compile(
    rf"\b(?:{'|'.join(_KIN.split())})s?(?:[ ]+(?:{_FILLERS}|{'|'.join(map(re.escape, _OF_PATIENT.split()))}))*[ ]*$"
)


def is_denied(before: str) -> bool:
    """Whether a text ends in a negation of what follows: "pas de ", "denies "."""
    return _DENIED.search(_clause(before)) is not None


def is_of_relative(before: str) -> bool:
    """Whether a text ends in a relative of whom what follows is told: "la mère du ", "his brother has "."""
    return _OF_RELATIVE.search(_clause(before)) is not None


def names_relative(text: str) -> bool:
    """Whether a text names a relative: a field that asks for one is answered by one."""
    return not set(_KIN.split()).isdisjoint(re.findall("[a-z]+", fold(text)))


def _clause(before: str) -> str:
    """The clause in which a text ends, folded. A "no" that stands alone behind a colon answers what is before it."""
    tail = before[-_LOOKED_AT:]
    clause = fold(_CLAUSE_END.split(tail)[-1]).replace("'", "' ")
    is_answer = re.search(r":\s*(?:no|not|non)\s*$", tail, re.IGNORECASE) is not None
    return "" if is_answer else clause
