"""How a review was made, as its right answers tell: how documents were drawn, and what readers were shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

import numpy as np
import polars as pl

from glane.assess.arms import ARM, ASSISTED, BLIND
from glane.assess.sampling import PROBABILITY, STRATUM, WHOLE, skipped_of
from glane.assess.sampling_by_answer import OTHERWISE
from glane.records import left_out
from glane.types import Language
from glane.validation import Strict

Drawn = Literal["simple", "unequal", "by_answer", "stratified"]


class Design(Strict):
    """How documents came to be reviewed, and how they were shown."""

    drawn: Drawn | None  # None where the right answers do not say
    blind: int  # documents that were shown without the model's answers
    assisted: int  # and with them; both 0 where the right answers do not say
    skipped: int | None = left_out()  # documents of the sample that nobody reviewed, before others that somebody did


def design_of(gold: pl.DataFrame, *, fields: Collection[str]) -> Design:
    """The design that the columns `stratum`, `inclusion_probability` and `arm` of right answers tell.

    Args:
        gold: One row per reviewed document, as `glane review` writes it.
        fields: The task's: a column of one is no column of the sample.
    """
    arms = arms_of(gold, fields=fields)
    return Design(
        drawn=_drawn(gold, fields),
        blind=0 if arms is None else int((arms == BLIND).sum()),
        assisted=0 if arms is None else int((arms == ASSISTED).sum()),
        skipped=skipped_of(gold, fields=fields),
    )


def arms_of(gold: pl.DataFrame, *, fields: Collection[str]) -> pl.Series | None:
    """The arm of each document; None where right answers have none, or a column `arm` that says something else."""
    if ARM not in gold.columns or ARM in fields or gold.is_empty():
        return None
    arms = gold[ARM].cast(pl.String, strict=False)
    return arms if arms.is_in([BLIND, ASSISTED]).fill_null(False).all() else None


def design_text(design: Design, language: Language) -> str:
    """The same in a sentence."""
    return WORDS[language]["review"].format(design=design_words(design, language))


def design_words(design: Design, language: Language) -> str:
    """The same beside a title that says of what: a review."""
    words = WORDS[language]
    drawn = words[design.drawn or "drawn_unknown"]
    if not design.blind + design.assisted:
        shown = words["shown_unknown"]
    elif design.blind and design.assisted:
        shown = words["both"].format(blind=design.blind, assisted=design.assisted)
    else:
        shown = words["blind" if design.blind else "assisted"]
    if design.skipped:
        drawn = words["skipped"].format(drawn=drawn, num=design.skipped)
    return words["design"].format(drawn=drawn, shown=shown)


def _drawn(gold: pl.DataFrame, fields: Collection[str]) -> Drawn | None:
    if STRATUM not in gold.columns or STRATUM in fields or gold.is_empty():
        return None
    names = gold[STRATUM].cast(pl.String).unique().to_list()
    if names != [WHOLE]:
        is_by_answer = any(name == OTHERWISE or str(name).startswith("model says ") for name in names)
        return "by_answer" if is_by_answer else "stratified"
    if PROBABILITY not in gold.columns:
        return None
    chances = gold[PROBABILITY].cast(pl.Float64, strict=False).to_numpy()
    return "simple" if np.ptp(chances) <= 1e-9 else "unequal"


WORDS: Mapping[Language, Mapping[str, str]] = {
    "fr": {
        "review": "La relecture : {design}.",
        "design": "{drawn} ; {shown}",
        "skipped": "{drawn}, dont {num} documents ont été passés : le reste n'est plus aléatoire s'ils sont difficiles",
        "simple": "tirage aléatoire simple",
        "unequal": "tirage à probabilités inégales, les documents douteux plus souvent",
        "by_answer": "tirage stratifié selon la réponse du modèle",
        "stratified": "tirage stratifié",
        "drawn_unknown": "tirage non indiqué",
        "blind": "en aveugle, sans les réponses du modèle",
        "assisted": "les réponses du modèle étaient montrées, et les relecteurs s'y rangent trop volontiers",
        "both": "{blind} documents en aveugle, {assisted} avec les réponses du modèle",
        "shown_unknown": "on ne sait pas si les réponses du modèle étaient montrées",
    },
    "en": {
        "review": "The review: {design}.",
        "design": "{drawn}; {shown}",
        "skipped": "{drawn}, of which {num} documents were skipped: what is left is not random if these are hard",
        "simple": "a simple random sample",
        "unequal": "drawn with unequal probabilities, doubtful documents more often",
        "by_answer": "stratified by the model's answer",
        "stratified": "a stratified sample",
        "drawn_unknown": "how documents were drawn is not told",
        "blind": "blind, without the model's answers",
        "assisted": "the model's answers were shown, and readers lean towards what they are shown",
        "both": "{blind} documents blind, {assisted} with the model's answers",
        "shown_unknown": "whether the model's answers were shown is not told",
    },
}
