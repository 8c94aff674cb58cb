"""The part of an evaluation's page that tells what its signs are worth."""

from __future__ import annotations

from glane.assess.evaluate.scores import FieldSigns, SignFigures, SignScores
from glane.assess.evaluate.words import WORDS
from glane.assess.pages.page import heading, paragraph, table, with_range
from glane.types import Language

FEW = 30  # marked or wrong values; an interval of fewer is wide


def signs_section(found: SignScores, language: Language) -> str:
    """A heading, what the figures are, how far they carry, and a table by field and one by sign."""
    words, overall = WORDS[language], found.overall
    parts = [heading(words["signs"]), paragraph(words["signs_how"])]
    if overall.wrong == 0:
        parts.append(paragraph(words["signs_none"]))
    else:
        told = {"wrong": overall.wrong, "unmarked_wrong": overall.unmarked_wrong}
        parts.append(paragraph(words["signs_unseen"].format(**told)))
        if overall.wrong < FEW:
            parts.append(paragraph(words["signs_few"].format(**told)))
    return "".join([*parts, _by_field(found, language), _by_sign(found, language)])


def _by_field(found: SignScores, language: Language) -> str:
    words = WORDS[language]
    lines: list[tuple[str, FieldSigns]] = [(words["all_fields"], found.overall), *found.fields.items()]
    rows = [
        [
            name,
            str(one.values),
            str(one.wrong),
            str(one.any.values),
            *_shares(one.any, language),
            str(one.unmarked_wrong),
            with_range(one.right, one.right_ci95, language),
            with_range(one.unmarked_right, one.unmarked_right_ci95, language),
        ]
        for name, one in lines
    ]
    head = ["field", "values", "of_these_wrong", "marked", "sign_precision", "sign_recall", "unmarked_wrong", "right"]
    return table([words[one] for one in (*head, "unmarked_right")], rows, total_rows=1)


def _by_sign(found: SignScores, language: Language) -> str:
    """Each sign, in all fields and in those where it occurs."""
    words, overall = WORDS[language], found.overall
    lines = [(words["any_sign"], words["all_fields"], overall.any)]
    lines += [(sign, words["all_fields"], figures) for sign, figures in overall.signs.items()]
    lines += [
        (sign, name, one.signs[sign])
        for sign in overall.signs
        for name, one in found.fields.items()
        if one.signs[sign].values
    ]
    rows = [[sign, name, str(one.values), str(one.wrong), *_shares(one, language)] for sign, name, one in lines]
    head = ("sign", "field", "marked", "marked_wrong", "sign_precision", "sign_recall")
    return table([words[one] for one in head], rows, total_rows=1, text_columns=2)


def _shares(one: SignFigures, language: Language) -> list[str]:
    return [
        with_range(one.precision, one.precision_ci95, language),
        with_range(one.recall, one.recall_ci95, language),
    ]
