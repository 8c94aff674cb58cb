"""The calibration as a page: how far confidences can be believed, and what is accepted without review."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from glane.assess.calibrate.calibration import Bin
from glane.assess.calibrate.record import CalibrationSummary, FieldCalibration
from glane.assess.pages.page import Cell, decimal, heading, page, paragraph, table
from glane.types import Language

_SIZE, _MARGIN = 220, 34
_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "Confidence and acceptance",
        "guarantee": "With probability {sure} over the draw of the judged documents, for all fields at once: at most "
        "{alpha} of what is accepted is wrong, on average over the documents that have accepted values (Learn then "
        "Test; delta {delta} shared by {fields} fields). What the model missed is not counted here.",
        "equal": "The judged documents were drawn with equal probabilities, as their weights say.",
        "untold": "How the judged documents were drawn is not known, for they carry no weights: the guarantee holds "
        "only if they are a plain random sample of the run.",
        "explain": "A point is a tenth of the judged values: across, the confidence that the model gave; upwards, the "
        "share that was right, with its 95 % interval. Points on the diagonal are honest. Hollow: after calibration.",
        "head": "field|judged|right|calibration error|after calibration|curve|threshold|accepted in the run|notes",
        "none": "none",
        "pooled": "all fields",
        "confidence": "confidence",
        "right": "right",
        "too_few": "{judged} judged documents; at least {least} are needed, all of them right",
        "not_apart": "few values beside the judged ones: thresholds come from these, and the guarantee is approximate",
    },
    "fr": {
        "title": "Confiance et acceptation",
        "guarantee": "Avec une probabilité de {sure} sur le tirage des documents jugés, pour tous les champs à la fois "
        ": au plus {alpha} de ce qui est accepté est faux, en moyenne sur les documents qui ont des valeurs acceptées "
        "(Learn then Test ; delta {delta} partagé entre {fields} champs). Ce que le modèle a omis n'est pas compté.",
        "equal": "Les documents jugés ont été tirés avec des probabilités égales, comme le disent leurs poids.",
        "untold": "On ne sait pas comment les documents jugés ont été tirés, car ils ne portent pas de poids : la "
        "garantie ne vaut que s'ils sont un échantillon aléatoire simple du run.",
        "explain": "Un point est un dixième des valeurs jugées : en abscisse, la confiance donnée par le modèle ; en "
        "ordonnée, la part de valeurs justes, avec son intervalle à 95 %. Les points sur la diagonale sont honnêtes. "
        "Points creux : après calibration.",
        "head": "champ|jugées|justes|erreur de calibration|après calibration|courbe|seuil|acceptées dans le run|notes",
        "none": "aucun",
        "pooled": "tous les champs",
        "confidence": "confiance",
        "right": "justes",
        "too_few": "{judged} documents jugés ; il en faut au moins {least}, tous justes",
        "not_apart": "peu de valeurs hors de celles jugées : les seuils viennent de celles-ci, et la garantie est "
        "approchée",
    },
}


def calibration_page(summary: CalibrationSummary, *, language: Language) -> str:
    """Return the page of an `Acceptance.summary`, in both languages; it opens in `language`."""
    return page(_WORDS[language]["title"], lambda code: _body(summary, code), language=language, toy=summary.toy)


def _body(summary: CalibrationSummary, language: Language) -> str:
    words, fields = _WORDS[language], summary.fields
    told = words["guarantee"].format(
        sure=decimal(1 - summary.delta, language), alpha=decimal(summary.alpha, language),
        delta=decimal(summary.delta, language), fields=len(fields),
    )  # fmt: skip
    rows = [_row(name, entry, summary.smallest_sample, language) for name, entry in fields.items()]
    parts = [
        heading(words["title"], 1),
        paragraph(told),
        paragraph(words[summary.sample]),
        table(words["head"].split("|"), rows),
    ]
    parts.append(paragraph(words["explain"]))
    for name, entry in fields.items():
        parts += [heading(name, 3), _diagram(entry, words)]
    return "".join(parts)


def _row(name: str, entry: FieldCalibration, smallest_sample: int, language: Language) -> list[str]:
    words, run, curve = _WORDS[language], entry.run, entry.calibrator
    share = decimal(100 * run.accepted / run.values, language, digits=1) if run.values else "–"
    shown = curve.method + (f" ({words['pooled']})" if curve.pooled_over_fields else "")
    threshold = words["none"] if entry.threshold is None else decimal(entry.threshold, language)
    notes = []
    if entry.judged_documents < smallest_sample:
        notes.append(words["too_few"].format(judged=entry.judged_documents, least=smallest_sample))
    if not entry.thresholds_are_apart:
        notes.append(words["not_apart"])
    return [
        name,
        str(entry.judged),
        decimal(entry.right, language),
        decimal(entry.ece, language),
        decimal(entry.ece_calibrated, language),
        shown,
        threshold,
        f"{run.accepted} / {run.values} ({share} %)",
        "; ".join(notes),
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
        f"{frame}{grid}{labels}{points}</svg>"
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
