"""What a brief with a rule of disclosure tells: figures that a table has told, statements without a number.

A figure is made of told cells alone: whoever knows the tables knows nothing more by it. Statements are sentences on few
documents, which no table audits: their passages and documents stay, and so does each that holds a number or an amount.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from glane.briefs.figures import amounts_in, figures_in, ones_in, plain_text
from glane.briefs.ids import statement_id
from glane.briefs.record import BriefDisclosed, BriefSummary, Claim, Value

_ONE_OR_NONE = re.compile(
    r"\b(?:only|sole|single|first|second|third|last|both|pairs?|twins?|triplets?|none|nobody|no one|no|without any|"
    r"seule?s?|uniques?|premiers?|premieres?|derniers?|dernieres?|paires?|jumeaux|jumelles?|aucune?s?|"
    r"nule?s?|nulle?s?|personne n.?e?|"
    r"one of|an?other|neither|without|not any|isolated|lone|alone|index|l.une?|une? (?:de|des|d.entre|autre)|l.autre|"
    r"sans|pas (?:eu |ete )?de?|isolee?s?|halved|halving|thrice|duos?|trios?|[ivx]{2,}|"
    r"(?:doubl|tripl|trebl|quadrupl|quintupl)\w+)(?!\w)"
)  # of a folded text; Roman numbers among them


def without_raw(value: Value, *, is_incomplete: bool, is_drifted: bool) -> Value:
    """A value of told counts, without any count that no table tells."""
    return value.model_copy(
        update={"unknown": None, "failed": None, "is_incomplete": is_incomplete, "is_drifted": is_drifted}
    )


def leaving_statements(claims: Sequence[Claim]) -> tuple[Claim, ...]:
    """The verified statements that hold no number, as sentences alone: without passages, documents and checks."""
    told = [one for one in claims if one.status == "verified" and not has_number(one.fr or one.en or "")]
    return tuple(
        Claim(
            id=statement_id(one.fr or one.en or "", ()), kind="statement", fr=one.fr, en=one.en, status="verified",
        )
        for one in told
    )  # fmt: skip


def has_number(sentence: str) -> bool:
    """Whether a sentence holds a number, in digits or words, an amount, or one of what is counted."""
    plain = plain_text(sentence)
    return any(
        (
            any(one.isnumeric() for one in sentence + plain),
            figures_in(plain),
            amounts_in(plain),
            ones_in(plain),
            _ONE_OR_NONE.search(plain),
        )
    )


def leaving_summary(summary: BriefSummary, disclosed: BriefDisclosed, *, documents: int | None) -> BriefSummary:
    """The same without counts that no table tells.

    Args:
        summary: Of the brief.
        disclosed: What was done.
        documents: Of the brief, where a table tells how many.
    """
    return summary.model_copy(
        update={
            "documents": documents, "failed": None, "disclosure": disclosed, "statements": None, "merged": None,
            "verified": None, "failures": {}, "coverage": None, "without_figure": (),
        }
    )  # fmt: skip
