"""The calibration as a page: how far confidences can be believed, and what is accepted without review."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from glane.assess.calibrate.calibration import Bin
from glane.assess.calibrate.record import CalibrationSummary, FieldCalibration, Silence
from glane.assess.calibrate.words import cluster_notes, group_notes, guarantee, not_controlled, number, percent
from glane.assess.pages.page import Cell, decimal, heading, page, paragraph, table, warning
from glane.assess.right_answers import (
    RightAnswers,
    right_answers_text,
    right_answers_title,
    right_answers_warnings,
)
from glane.languages import clauses
from glane.types import Language

_SIZE, _MARGIN = 220, 34
_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "Confidence and acceptance",
        "controlled": "What is controlled",
        "not_controlled": "What is not controlled",
        "accepted": "What is accepted without review",
        "accepted_head": "field|of the accepted|at most wrong|judged|of these wrong|threshold|accepted|reviewed|all|"
        "notes",
        "all": "all values",
        "none": "none",
        "silence": "What the model missed",
        "silence_explain": "Documents that nobody looks at, because the model found nothing or said false: how many of "
        "the judged ones hide a value after all, and the limit of that share in the run, for each line alone with "
        "probability {sure}. Of a list, a document counts in which an item is missing.",
        "silence_head": "field|model says|documents|judged|missed|at most|documents at most|silence",
        "no_value": "no value",
        "yes": "accepted",
        "no": "to review",
        "calibration": "Can the confidence be believed?",
        "chance": "In brackets: the error that a perfectly calibrated model would show with as many judged values, by "
        "chance alone. Below it, nothing speaks against the confidence.",
        "explain": "A point is a tenth of the judged values: across, the confidence that the model gave; upwards, the "
        "share that was right, with its 95 % confidence interval. Points on the diagonal are honest. Hollow: after "
        "calibration.",
        "head": "field|judged|right|calibration error|after calibration|curve",
        "curve_of_all": "all fields",
        "confidence": "confidence",
        "right": "right",
    },
    "fr": {
        "title": "Confiance et acceptation",
        "controlled": "Ce qui est garanti",
        "not_controlled": "Ce qui ne l'est pas",
        "accepted": "Ce qui est accepté sans relecture",
        "accepted_head": "champ|parmi les acceptées|au plus fausses|jugées|dont fausses|seuil|acceptées|relues|toutes|"
        "notes",
        "all": "toutes les valeurs",
        "none": "aucun",
        "silence": "Ce que le modèle a omis",
        "silence_explain": "Les documents que personne ne regarde, car le modèle n'a rien trouvé ou a dit false : "
        "combien, parmi ceux qui ont été jugés, cachent pourtant une valeur, et la limite de cette part dans "
        "l'extraction, pour chaque ligne seule avec une probabilité de {sure}. D'une liste, on compte les documents où "
        "il manque un élément.",
        "silence_head": "champ|le modèle dit|documents|jugés|omis|au plus|documents au plus|silence",
        "no_value": "pas de valeur",
        "yes": "accepté",
        "no": "à relire",
        "calibration": "Peut-on croire la confiance ?",
        "chance": "Entre parenthèses : l'erreur que montrerait, par le seul hasard, un modèle parfaitement calibré "
        "avec autant de valeurs jugées. En dessous, rien ne parle contre la confiance.",
        "explain": "Un point est un dixième des valeurs jugées : en abscisse, la confiance donnée par le modèle ; en "
        "ordonnée, la part de valeurs justes, avec son intervalle de confiance à 95 %. Les points sur la diagonale "
        "sont honnêtes. Points creux : après calibration.",
        "head": "champ|jugées|justes|erreur de calibration|après calibration|courbe",
        "curve_of_all": "tous les champs",
        "confidence": "confiance",
        "right": "justes",
    },
}


def calibration_page(summary: CalibrationSummary, *, language: Language) -> str:
    """Return the page of an `Acceptance.summary`, in both languages; it opens in `language`."""
    return page(_WORDS[language]["title"], lambda code: _body(summary, code), language=language, toy=summary.toy)


def _body(summary: CalibrationSummary, language: Language) -> str:
    words, fields = _WORDS[language], summary.fields
    told = guarantee(summary.alpha, summary.delta, summary.tests, summary.sample, language=language)
    unsure = not_controlled(summary.missed, summary.clusters, summary.pooled, language=language)
    groups = [row for name, entry in fields.items() for row in _groups(name, entry, summary.alpha, language)]
    silences = [_silence(name, one, language) for name, entries in summary.silence.items() for one in entries]
    origin = summary.right_answers
    parts = [
        *(warning(one) for one in right_answers_warnings(origin, language)),
        heading(words["title"], 1),
        *([] if origin is None else [table(["", ""], [_origin(origin, language)], text_columns=2)]),
        heading(words["controlled"]),
        paragraph(told),
        *(paragraph(one) for one in cluster_notes(summary.clusters, summary.documents, language=language)),
        heading(words["not_controlled"]),
        *(paragraph(one) for one in unsure),
        heading(words["accepted"]),
        table(words["accepted_head"].split("|"), groups, text_columns=2),
        heading(words["silence"]),
        paragraph(words["silence_explain"].format(sure=number(1 - summary.delta, language))),
        table(words["silence_head"].split("|"), silences, text_columns=2),
        heading(words["calibration"]),
        paragraph(words["chance"]),
        table(words["head"].split("|"), [_calibration(name, entry, language) for name, entry in fields.items()]),
        paragraph(words["explain"]),
    ]
    for name, entry in fields.items():
        parts += [heading(name, 3), _diagram(entry, words)]
    return "".join(parts)


def _origin(origin: RightAnswers, language: Language) -> tuple[str, str]:
    return right_answers_title(language), right_answers_text(origin, language)


def _groups(name: str, entry: FieldCalibration, alpha: float, language: Language) -> Iterator[list[str]]:
    words = _WORDS[language]
    for group in entry.groups:
        is_safe = group.threshold is not None
        yield [
            name,
            words["all"] if group.value is None else group.value,
            percent(alpha, language) if is_safe else "–",
            str(group.judged),
            str(group.wrong),
            decimal(group.threshold, language) if is_safe else words["none"],
            str(group.run.accepted),
            str(group.run.reviewed),
            str(group.run.values),
            clauses(group_notes(name, group, is_list=entry.is_list, language=language), language),
        ]


def _silence(name: str, entry: Silence, language: Language) -> list[str]:
    words = _WORDS[language]
    known = entry.upper is not None and entry.judged > 0
    return [
        name,
        words["no_value"] if entry.value is None else entry.value,
        str(entry.documents),
        str(entry.judged),
        str(entry.missed),
        percent(entry.upper or 0.0, language) if known else "–",
        str(math.ceil((entry.upper or 0.0) * entry.documents)) if known else "–",
        {None: "–", True: words["yes"], False: words["no"]}[entry.is_accepted],
    ]


def _calibration(name: str, entry: FieldCalibration, language: Language) -> list[str]:
    curve = entry.calibrator
    after, by_chance = entry.ece_calibrated, entry.ece_calibrated_by_chance
    return [
        name,
        str(entry.judged),
        decimal(entry.right, language),
        f"{decimal(entry.ece, language)} ({decimal(entry.ece_by_chance, language)})",
        f"{decimal(after, language)} ({decimal(by_chance, language)})",
        curve.method + (f" ({_WORDS[language]['curve_of_all']})" if curve.pooled_over_fields else ""),
    ]


def _diagram(entry: FieldCalibration, words: Mapping[str, str]) -> Cell:
    side, edge = _SIZE, _MARGIN
    grid = "".join(
        f'<text x="{edge + side * at:.0f}" y="{side + edge - 8}" font-size="9" text-anchor="middle">{at:g}</text>'
        f'<text x="{edge - 6}" y="{10 + side * (1 - at) + 3:.0f}" font-size="9" text-anchor="end">{at:g}</text>'
        for at in (0.0, 0.5, 1.0)
    )
    frame = (
        f'<rect x="{edge}" y="10" width="{side}" height="{side}" fill="none" stroke="#bbb"/>'
        f'<line x1="{edge}" y1="{10 + side}" x2="{edge + side}" y2="10" stroke="#bbb" stroke-dasharray="4"/>'
    )
    labels = (
        f'<text x="{edge + side / 2:.0f}" y="{side + edge + 6}" font-size="10" text-anchor="middle">'
        f"{words['confidence']}</text>"
        f'<text x="8" y="{10 + side / 2:.0f}" font-size="10" text-anchor="middle" '
        f'transform="rotate(-90 8 {10 + side / 2:.0f})">{words["right"]}</text>'
    )
    points = _points(entry.reliability, "#1f5f99") + _points(entry.reliability_calibrated, "none")
    width, height = side + edge + 10, side + edge + 12
    return Cell(
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">'
        f"<title>{words['confidence']} / {words['right']}</title>{frame}{grid}{labels}{points}</svg>"
    )


def _points(bins: Sequence[Bin], fill: str) -> str:
    def across(value: float) -> float:
        return _MARGIN + _SIZE * value

    def upwards(value: float) -> float:
        return 10 + _SIZE * (1 - value)

    lines = "".join(
        f'<line x1="{across(one.confidence):.1f}" y1="{upwards(one.low):.1f}" '
        f'x2="{across(one.confidence):.1f}" y2="{upwards(one.high):.1f}" stroke="#1f5f99"/>'
        for one in bins
        if fill != "none"
    )
    return lines + "".join(
        f'<circle cx="{across(one.confidence):.1f}" cy="{upwards(one.right):.1f}" r="3.5" fill="{fill}" '
        'stroke="#1f5f99"/>'
        for one in bins
    )
