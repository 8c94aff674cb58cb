"""Where right answers are from: a review, an annotation tool, a model, synthetic notes; and whether anybody read them.

What a run is compared with decides what a figure says. Answers of a run that nobody changed agree with it always.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

import polars as pl

from glane.assess.sampling import IN_BULK, REVIEWER, skipped_of
from glane.languages import clauses
from glane.records import left_out
from glane.types import Language, Status
from glane.validation import Strict

Kind = Literal["review", "annotations", "synthetic", "model", "table"]  # table: nothing tells who made it
How = Literal["read_twice", "reviewed", "in_bulk", "annotations", "untold", "synthetic", "model", "table"]
_MUCH = 0.5  # a share of documents from which on a review counts as accepted in bulk


class RightAnswers(Strict):
    """What is known of right answers; counts are of documents."""

    kind: Kind
    documents: int
    read_twice: int = 0  # by two readers or more
    in_bulk: int = 0  # all whose values were accepted in one step, none by itself
    untouched: int = 0  # left out, beside `documents`: they stand as an export wrote them
    skipped: int | None = left_out()  # of the sample, beside `documents`: nobody reviewed them, but others after them
    untold: int = 0  # of which nothing tells whether a person changed or read them
    all_equal: bool | None = left_out()  # whether no value differs from the run's; of a table

    @property
    def how(self) -> How:
        """In one word, how much they are worth."""
        if self.kind == "review":
            if self.in_bulk >= _MUCH * self.documents:
                return "in_bulk"
            return "read_twice" if self.read_twice == self.documents else "reviewed"
        if self.kind == "annotations":
            return "untold" if self.untold else "annotations"
        return self.kind


def right_answers(gold: pl.DataFrame, *, fields: Collection[str], is_synthetic: bool = False) -> RightAnswers:
    """What the columns of right answers tell of where they are from.

    Args:
        gold: One row per document.
        fields: The task's: a column of one tells nothing of this.
        is_synthetic: Whether the file says that its documents were made with their answers.
    """
    num = gold.height
    if is_synthetic:
        return RightAnswers(kind="synthetic", documents=num)
    if _is_of_model(gold, fields):
        return RightAnswers(kind="model", documents=num)
    if REVIEWER not in gold.columns or REVIEWER in fields:
        return RightAnswers(kind="table", documents=num)
    return RightAnswers(
        kind="review", documents=num, read_twice=_read_twice(gold, fields), in_bulk=_in_bulk(gold, fields),
        skipped=skipped_of(gold, fields=fields),
    )  # fmt: skip


def right_answers_text(found: RightAnswers, language: Language) -> str:
    """Where they are from, in a few words."""
    words = WORDS[language]
    told = [words[found.how]]
    if found.how == "reviewed" and found.read_twice:
        told.append(words["some_twice"].format(num=found.read_twice))
    if found.in_bulk:
        told.append(words["some_in_bulk"].format(num=found.in_bulk))
    if found.untouched:
        told.append(words["some_untouched"].format(num=found.untouched))
    return clauses(told, language)


def right_answers_title(language: Language) -> str:
    """What that is called."""
    return WORDS[language]["title"]


def right_answers_warnings(found: RightAnswers | None, language: Language) -> list[str]:
    """What a reader must know before the figures."""
    if found is None:
        return []
    words, lines = WORDS[language], []
    if found.kind == "model":
        lines.append(words["model_warning"])
    if found.how == "in_bulk":
        lines.append(words["in_bulk_warning"].format(num=found.in_bulk, documents=found.documents))
    if found.untouched:
        lines.append(words["untouched_warning"].format(num=found.untouched))
    if found.skipped:
        lines.append(words["skipped_warning"].format(num=found.skipped))
    if found.untold:
        lines.append(words["untold_warning"].format(num=found.untold))
    if found.all_equal:
        lines.append(words["equal_warning"])
    return lines


def _is_of_model(gold: pl.DataFrame, fields: Collection[str]) -> bool:
    """Whether a table has what only the rows of a run and their exports have."""
    if any(f"{name}__confidence" in gold.columns for name in fields):
        return True
    if not {"status", "reason"} <= set(gold.columns) - set(fields):
        return False
    told = gold["status"].cast(pl.String, strict=False)
    return not gold.is_empty() and bool(told.is_in([str(one) for one in Status]).fill_null(False).all())


def _read_twice(gold: pl.DataFrame, fields: Collection[str]) -> int:
    """Documents of which no field has but one reader."""
    sources = [name for one in fields if (name := f"{one}__source") in gold.columns]
    if not sources:
        return 0
    return gold.select(pl.all_horizontal(pl.col(sources).cast(pl.String) != "one_reader").sum()).item() or 0


def _in_bulk(gold: pl.DataFrame, fields: Collection[str]) -> int:
    """Documents of which each field was accepted with all that was left."""
    asked = [name for name in fields if name in gold.columns]
    if IN_BULK not in gold.columns or not isinstance(gold.schema[IN_BULK], pl.List) or not asked:
        return 0
    return gold.select((pl.col(IN_BULK).list.set_intersection(asked).list.len() == len(asked)).sum()).item() or 0


WORDS: Mapping[Language, Mapping[str, str]] = {
    "fr": {
        "title": "D'où viennent les réponses de référence",
        "read_twice": "relues par deux personnes au moins",
        "reviewed": "relues par une personne",
        "in_bulk": "acceptées en bloc",
        "annotations": "annotées par une personne",
        "untold": "annotations dont on ne sait pas si quelqu'un les a lues",
        "synthetic": "synthétiques, faites avec les documents",
        "model": "réponses d'un modèle",
        "table": "table dont l'origine n'est pas indiquée",
        "some_twice": "par deux ou plus : {num} documents",
        "some_in_bulk": "en bloc : {num} documents",
        "some_untouched": "laissés de côté, car personne n'y a touché : {num} documents",
        "model_warning": "Ces réponses de référence sont celles d'un modèle, telles que les contient une extraction ou "
        "un export : les chiffres disent à quel point deux extractions se ressemblent, non si l'une est juste.",
        "in_bulk_warning": "{num} documents sur {documents} ont été acceptés en bloc, aucune valeur à part : rien ne "
        "montre que quelqu'un les a lus. Ce que les lecteurs acceptent sans lire est toujours juste.",
        "untouched_warning": "Documents qui ne comptent pas, car ils sont tels que l'export les a écrits et rien ne "
        "dit que quelqu'un les a lus : {num}. Marquez ceux qui ont été lus et étaient justes (brat : yes dans la "
        "colonne read de documents.csv ; Label Studio : Submit). Sans cela, seuls les documents corrigés comptent, "
        "et les chiffres sont trop bas.",
        "skipped_warning": "Documents de l'échantillon que les relecteurs ont passés : {num}. Si ce sont les "
        "difficiles, les documents relus ne sont plus un échantillon aléatoire et les chiffres sont trop beaux. "
        "Relisez-les aussi ; agreement.json, à côté des réponses de référence, les nomme.",
        "untold_warning": "Documents dont rien ne dit si quelqu'un les a changés ou lus : {num}. Une version "
        "antérieure de glane les a exportés, et ceux que personne n'a regardés comptent comme justes. Exportez "
        "encore, et mettez le nouveau documents.csv à côté des fichiers annotés (brat).",
        "equal_warning": "Pas une valeur ne diffère de celles de l'extraction. Si ces réponses de référence en ont été "
        "tirées, les chiffres ne disent rien.",
    },
    "en": {
        "title": "Where the right answers are from",
        "read_twice": "read by two people or more",
        "reviewed": "reviewed by a person",
        "in_bulk": "accepted in bulk",
        "annotations": "annotated by a person",
        "untold": "annotations, and nothing tells whether somebody read them",
        "synthetic": "synthetic, made with the documents",
        "model": "answers of a model",
        "table": "a table that does not say who made it",
        "some_twice": "by two or more: {num} documents",
        "some_in_bulk": "in bulk: {num} documents",
        "some_untouched": "left out, as nobody touched them: {num} documents",
        "model_warning": "These right answers are a model's, as a run or an export holds them: figures say how alike "
        "two runs are, and not whether one is right.",
        "in_bulk_warning": "{num} of {documents} documents were accepted in bulk, no value by itself: nothing shows "
        "that somebody read them. What readers accept unread is always right.",
        "untouched_warning": "Documents that do not count, as they stand as the export wrote them and nothing says "
        "that somebody read them: {num}. Mark those that were read and were right (brat: yes in the column read of "
        "documents.csv; Label Studio: Submit). Without, only corrected documents count, and figures are too low.",
        "skipped_warning": "Documents of the sample that reviewers skipped: {num}. If these are the hard ones, those "
        "that were reviewed are no random sample any more, and figures are too good. Review them, too; agreement.json "
        "beside the right answers names them.",
        "untold_warning": "Documents of which nothing tells whether somebody changed or read them: {num}. An earlier "
        "glane exported them, and those that nobody looked at count as right. Export again, and put the new "
        "documents.csv beside the annotated files (brat).",
        "equal_warning": "Not one value differs from the run's. If these right answers were made of them, figures say "
        "nothing.",
    },
}
