"""The types of claims that are accepted or not as one: figures by what they measure, statements by what they hold."""

from __future__ import annotations

from glane.briefs.figures import figures_in, plain_text
from glane.briefs.record import Claim

STATEMENT, STATEMENT_NUMBER = "statement", "statement_number"
STATEMENT_TYPES = (STATEMENT, STATEMENT_NUMBER)


def type_of(claim: Claim) -> str:
    """The type of a claim: the kind of its measure; of a statement, whether it holds a number."""
    if claim.measure is not None:
        return claim.measure.kind
    return statement_type(claim.fr or claim.en or "")


def statement_type(sentence: str) -> str:
    """The type of a statement."""
    return STATEMENT_NUMBER if figures_in(plain_text(sentence)) else STATEMENT
