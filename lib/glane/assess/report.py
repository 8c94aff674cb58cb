"""An evaluation told to a person: a page in French and English, and a few lines for a terminal.

Neither holds free text of documents; those values are in `values.parquet`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from glane.assess.page import Language, bar, decimal, heading, page, paragraph, table, with_range

_MAX_LABELS = 20  # of a confusion table that is shown

_WORDS: dict[Language, dict[str, str]] = {
    "fr": {
        "title": "Évaluation d'une extraction",
        "run": "Extraction",
        "task": "Tâche",
        "model": "Modèle",
        "gold": "Réponses de référence",
        "documents": "Documents comparés",
        "not_usable": "dont sans réponse exploitable (comptés comme ne trouvant rien)",
        "gold_not_in_run": "de la référence, absents de l'extraction",
        "run_not_in_gold": "de l'extraction, sans référence",
        "fields_without_gold": "Champs sans référence (non évalués)",
        "none": "aucun",
        "overall": "Résultats",
        "field": "Champ",
        "rule": "Règle",
        "support": "Attendus",
        "predicted": "Trouvés",
        "precision": "Précision",
        "recall": "Rappel",
        "f1": "F1",
        "exact": "Exact",
        "micro": "Ensemble (micro)",
        "macro": "Moyenne des champs (macro)",
        "correct": "Justes",
        "wrong": "Faux",
        "missed": "Manqués",
        "spurious": "En trop",
        "absent": "Absents",
        "errors": "Ce qui ne va pas",
        "items": " (éléments)",
        "how": (
            "Une valeur trouvée à tort est un faux positif, une valeur manquée un faux négatif, une valeur fausse "
            "l'un et l'autre. Rien d'attendu et rien de trouvé : vrai négatif, compté dans « Exact » seulement. "
            "« Exact » est la part des documents où le champ est entièrement juste. Les éléments d'une liste "
            "d'enregistrements sont appariés au mieux sur leurs clés, puis comparés champ par champ ; la ligne "
            "« éléments » n'entre pas dans les moyennes."
        ),
        "intervals": (
            "Entre crochets, intervalles de confiance à 95 % : rééchantillonnage des documents ({method}, {samples} "
            "tirages, graine {seed}) pour précision, rappel et F1 ; Wilson pour les parts de documents, et là où aucun "
            "document n'est en défaut."
        ),
        "no_intervals": "Sans intervalles pour précision, rappel et F1 ; Wilson pour les parts de documents.",
        "categories": "Catégories",
        "categories_how": (
            "Chaque catégorie contre tout le reste, absence de valeur comprise ; l'unité est le document."
        ),
        "value": "Valeur",
        "count": "n",
        "sensitivity": "Sensibilité",
        "specificity": "Spécificité",
        "ppv": "VPP",
        "npv": "VPN",
        "confusion": "Référence (lignes) et extraction (colonnes)",
        "null": "(rien)",
        "presence": "Présence d'une valeur",
        "presence_how": (
            "De « Justes » à « Absents », des valeurs ; de « Les deux » à « Aucune », des documents, selon que la "
            "référence et l'extraction ont une valeur ou non."
        ),
        "both": "Les deux",
        "gold_only": "Référence seule",
        "predicted_only": "Extraction seule",
        "neither": "Aucune",
        "reasons": "Motifs d'absence",
        "reasons_how": "Documents où la référence dit pourquoi rien n'est attendu : part où l'extraction dit de même.",
        "reasons_not_asked": "Motifs non demandés à l'extraction :",
        "share": "Part juste",
        "evidence": "Citations",
        "evidence_how": (
            "Part des citations retrouvées lettre pour lettre, ou aux accents, à la casse et aux espaces près ; part "
            "de celles qui recoupent un passage marqué par la référence, et intersection sur union moyenne."
        ),
        "quotes": "Citations",
        "exact_share": "Lettre pour lettre",
        "exact_or_normalised_share": "Ou normalisées",
        "with_marked_passage": "Avec passage marqué",
        "overlap_share": "Recoupent",
        "iou_mean": "IoU moyenne",
        "by": "Par sous-groupe :",
        "group": "Groupe",
    },
    "en": {
        "title": "Evaluation of an extraction",
        "run": "Run",
        "task": "Task",
        "model": "Model",
        "gold": "Reference answers",
        "documents": "Documents compared",
        "not_usable": "of which without a usable answer (counted as finding nothing)",
        "gold_not_in_run": "of the reference, not in the run",
        "run_not_in_gold": "of the run, without reference",
        "fields_without_gold": "Fields without reference (not evaluated)",
        "none": "none",
        "overall": "Results",
        "field": "Field",
        "rule": "Rule",
        "support": "Expected",
        "predicted": "Found",
        "precision": "Precision",
        "recall": "Recall",
        "f1": "F1",
        "exact": "Exact",
        "micro": "All (micro)",
        "macro": "Mean of fields (macro)",
        "correct": "Correct",
        "wrong": "Wrong",
        "missed": "Missed",
        "spurious": "Spurious",
        "absent": "Absent",
        "errors": "What goes wrong",
        "items": " (items)",
        "how": (
            "A value found where there is none is a false positive, a value missed a false negative, a wrong value "
            "both. Nothing expected and nothing found is a true negative, counted in “Exact” only. “Exact” is the "
            "share of documents in which the field is right as a whole. The items of a list of records are paired as "
            "well as can be by their keys, then compared field by field; the line “items” is not part of the averages."
        ),
        "intervals": (
            "In brackets, 95 % confidence intervals: documents resampled ({method}, {samples} samples, seed {seed}) "
            "for precision, recall and F1; Wilson for shares of documents, and where no document errs."
        ),
        "no_intervals": "Without confidence intervals of precision, recall and F1; Wilson for shares of documents.",
        "categories": "Categories",
        "categories_how": "Each category against all else, no value included; the unit is the document.",
        "value": "Value",
        "count": "n",
        "sensitivity": "Sensitivity",
        "specificity": "Specificity",
        "ppv": "PPV",
        "npv": "NPV",
        "confusion": "Reference (rows) and run (columns)",
        "null": "(nothing)",
        "presence": "Presence of a value",
        "presence_how": (
            "From “Correct” to “Absent” values; from “Both” to “Neither” documents, by whether the reference and the "
            "run have a value."
        ),
        "both": "Both",
        "gold_only": "Reference only",
        "predicted_only": "Run only",
        "neither": "Neither",
        "reasons": "Reasons of absence",
        "reasons_how": "Documents where the reference says why there is no value: share where the run says the same.",
        "reasons_not_asked": "Reasons that the run was not asked for:",
        "share": "Share right",
        "evidence": "Quotes",
        "evidence_how": (
            "Share of the quotes found again letter by letter, or but for accents, case and spaces; share of those "
            "that overlap a passage marked in the reference, and mean intersection over union."
        ),
        "quotes": "Quotes",
        "exact_share": "Letter by letter",
        "exact_or_normalised_share": "Or normalised",
        "with_marked_passage": "With a marked passage",
        "overlap_share": "Overlap",
        "iou_mean": "Mean IoU",
        "by": "By subgroup:",
        "group": "Group",
    },
}


def evaluation_report(summary: Mapping[str, Any], *, language: Language) -> str:
    """Return the page of an evaluation (`evaluation.json` is what it tells)."""
    return page(
        f"{_WORDS[language]['title']} – {summary['task']}", lambda code: _body(summary, code), language=language
    )


def _body(summary: Mapping[str, Any], language: Language) -> str:
    words = _WORDS[language]
    parts = [heading(words["title"], 1), _about(summary, language), heading(words["overall"])]
    parts += [_main_table(summary, language), paragraph(words["how"]), _how_sure(summary, words)]
    parts += [heading(words["errors"]), _error_table(summary, language)]
    parts += _categories(summary, language)
    if summary["reasons"]:
        parts += [heading(words["reasons"]), paragraph(words["reasons_how"]), _reason_table(summary, language)]
    if summary["evidence"]:
        parts += [heading(words["evidence"]), paragraph(words["evidence_how"]), _evidence_table(summary, language)]
    for column, groups in summary["by"].items():
        parts += [heading(f"{words['by']} {column}"), _group_table(groups, language)]
    return "".join(parts)


def _about(summary: Mapping[str, Any], language: Language) -> str:
    words, flow = _WORDS[language], summary["documents"]
    unusable = ", ".join(f"{count} {status}" for status, count in flow["not_usable"].items())
    rows = [
        (words["run"], summary["run"]),
        (words["task"], summary["task"]),
        (words["model"], summary["model"]),
        (words["gold"], summary["gold"]),
        (words["documents"], str(flow["compared"])),
        (f"… {words['not_usable']}", unusable or "0"),
        (f"… {words['gold_not_in_run']}", str(flow["gold_not_in_run"])),
        (f"… {words['run_not_in_gold']}", str(flow["run_not_in_gold"])),
        (words["fields_without_gold"], ", ".join(summary["fields_without_gold"]) or words["none"]),
    ]
    return table(["", ""], rows, text_columns=2)


def _how_sure(summary: Mapping[str, Any], words: Mapping[str, str]) -> str:
    made = summary["intervals"]
    if not made["samples"]:
        return paragraph(words["no_intervals"])
    method = {"bca": "BCa"}.get(made["method"], made["method"])
    return paragraph(words["intervals"].format(method=method, samples=made["samples"], seed=made["seed"]))


def _named(summary: Mapping[str, Any], words: Mapping[str, str]) -> list[tuple[str, Mapping[str, Any]]]:
    """The averages, then the fields."""
    overall, fields = summary["overall"], summary["fields"]
    exact = {key: overall[key] for key in ("exact", "exact_ci95")}
    named = [(words["micro"], {**overall["micro"], **exact}), (words["macro"], overall["macro"])]
    return named + [
        (name + (words["items"] if entry["level"] == "items" else ""), entry) for name, entry in fields.items()
    ]


def _main_table(summary: Mapping[str, Any], language: Language) -> str:
    words = _WORDS[language]
    measures = ("precision", "recall", "f1", "exact")
    rows = [
        [
            name,
            entry.get("rule", ""),
            str(entry.get("support", "")),
            *(with_range(entry[one], entry[f"{one}_ci95"], language) if one in entry else "" for one in measures),
            bar(entry["f1"], entry["f1_ci95"]),
        ]
        for name, entry in _named(summary, words)
    ]
    head = [words["field"], words["rule"], words["support"], *(words[one] for one in measures), words["f1"]]
    return table(head, rows, total_rows=2, text_columns=2)


def _error_table(summary: Mapping[str, Any], language: Language) -> str:
    words = _WORDS[language]
    verdicts = ("correct", "wrong", "missed", "spurious", "absent")
    presence = ("both", "gold_only", "predicted_only", "neither")
    rows = [
        [name, *(str(entry[one]) for one in verdicts), *(str(entry["presence"][one]) for one in presence)]
        for name, entry in _named(summary, words)
        if "presence" in entry
    ]
    head = [words["field"], *(words[one] for one in (*verdicts, *presence))]
    return paragraph(words["presence_how"]) + table(head, rows)


def _categories(summary: Mapping[str, Any], language: Language) -> list[str]:
    words = _WORDS[language]
    named = {name: entry for name, entry in summary["fields"].items() if "values" in entry or "confusion" in entry}
    if not named:
        return []
    parts = [heading(words["categories"]), paragraph(words["categories_how"])]
    for name, entry in named.items():
        parts.append(heading(name, 3))
        if "values" in entry:
            parts.append(_value_table(entry["values"], language))
        if "confusion" in entry:
            parts.append(_confusion_table(entry["confusion"], words))
    return parts


def _value_table(values: Mapping[str, Mapping[str, Any]], language: Language) -> str:
    words = _WORDS[language]
    measures = ("sensitivity", "specificity", "ppv", "npv")
    rows = [
        [
            value,
            str(entry["tp"] + entry["fn"]),
            *(with_range(entry[one], entry[f"{one}_ci95"], language, digits=2) for one in measures),
        ]
        for value, entry in values.items()
        if entry["tp"] + entry["fp"] + entry["fn"]
    ]
    return table([words["value"], words["count"], *(words[one] for one in measures)], rows)


def _confusion_table(entry: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """The categories that occur; none where they are too many to be read."""
    counts: list[list[int]] = entry["counts"]
    there = [at for at in range(len(counts)) if any(counts[at]) or any(row[at] for row in counts)]
    if len(there) > _MAX_LABELS:
        return ""
    labels = [words["null"] if label is None else words.get(label, label) for label in entry["labels"]]
    rows = [[labels[at], *(str(counts[at][other] or "·") for other in there)] for at in there]
    return table([words["confusion"], *(labels[at] for at in there)], rows)


def _reason_table(summary: Mapping[str, Any], language: Language) -> str:
    words = _WORDS[language]
    rows: list[list[str]] = []
    tables: list[str] = []
    for name, entry in summary["reasons"].items():
        if not entry["asked"]:
            continue
        rows.append([name, str(entry["documents"]), with_range(entry["share"], entry["share_ci95"], language)])
        tables += [heading(name, 3), _confusion_table(entry["confusion"], {**words, "value": words["value"].lower()})]
    shown = table([words["field"], words["count"], words["share"]], rows) if rows else ""
    silent = [name for name, entry in summary["reasons"].items() if not entry["asked"]]
    note = paragraph(f"{words['reasons_not_asked']} {', '.join(silent)}.") if silent else ""
    return shown + note + "".join(tables)


def _evidence_table(summary: Mapping[str, Any], language: Language) -> str:
    words = _WORDS[language]
    shares = ("exact_share", "exact_or_normalised_share", "overlap_share", "iou_mean")
    with_passages = any("overlap_share" in entry for entry in summary["evidence"].values())
    shown = shares if with_passages else shares[:2]
    rows = [
        [
            name,
            str(entry["quotes"]),
            *(decimal(entry[one], language) for one in shown[:2]),
            *([str(entry["with_marked_passage"])] if with_passages else []),
            *(decimal(entry[one], language) for one in shown[2:]),
        ]
        for name, entry in summary["evidence"].items()
    ]
    head = [words["field"], words["quotes"], *(words[one] for one in shown[:2])]
    head += [words["with_marked_passage"]] if with_passages else []
    return table([*head, *(words[one] for one in shown[2:])], rows)


def _group_table(groups: Mapping[str, Mapping[str, Any]], language: Language) -> str:
    """F1 of the averages and of every field, a line per field and a column per subgroup."""
    words = _WORDS[language]
    if not groups:
        return ""
    names = list(next(iter(groups.values()))["fields"])
    rows: list[Sequence[str]] = [
        [words["documents"], *(str(part["documents"]) for part in groups.values())],
        *(
            [
                words[average],
                *(with_range(part[average]["f1"], part[average]["f1_ci95"], language) for part in groups.values()),
            ]
            for average in ("micro", "macro")
        ),
    ]
    rows += [
        [
            name,
            *(
                with_range(part["fields"][name]["f1"], part["fields"][name]["f1_ci95"], language, digits=2)
                for part in groups.values()
            ),
        ]
        for name in names
    ]
    return table([words["f1"], *groups], rows, total_rows=3)


def evaluation_text(summary: Mapping[str, Any]) -> str:
    """Return the measures as a short table for a terminal, with what a reader must know of the comparison."""
    flow = summary["documents"]
    lines = [f"{flow['compared']} documents compared"]
    if flow["not_usable"]:
        unusable = ", ".join(f"{count} {status}" for status, count in flow["not_usable"].items())
        lines.append(f"  not usable, counted as finding nothing: {unusable}")
    if flow["gold_not_in_run"]:
        shown = ", ".join(map(str, flow["gold_not_in_run_ids"][:5]))
        lines.append(f"  left out: {flow['gold_not_in_run']} ids of the right answers are not in the run ({shown}, …)")
    if flow["run_not_in_gold"]:
        lines.append(f"  left out: {flow['run_not_in_gold']} documents of the run have no right answer")
    if summary["fields_without_gold"]:
        lines.append(f"  fields without right answers: {', '.join(summary['fields_without_gold'])}")
    named = _named(summary, {"micro": "(micro)", "macro": "(macro)", "items": " (items)"})
    width = max(len(name) for name, _ in named)
    lines.append(f"{'':{width}}  expected  precision  recall     F1  95 % interval    exact")
    for name, entry in named:
        ends = entry["f1_ci95"]
        between = f"[{ends[0]:.3f}, {ends[1]:.3f}]" if ends else ""
        figures = [f"{entry[one]:.3f}" if entry.get(one) is not None else "–" for one in ("precision", "recall", "f1")]
        exact = f"{entry['exact']:.3f}" if entry.get("exact") is not None else ""
        support = str(entry.get("support", ""))
        lines.append(
            f"{name:{width}}  {support:>8}  {figures[0]:>9}  {figures[1]:>6}  {figures[2]:>5}  {between:15}  {exact:>6}"
        )
    return "\n".join(lines)
