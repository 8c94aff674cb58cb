"""A comparison of runs told to a person: a page in French and English, and a few lines for a terminal.

Neither holds values of documents; those are in `differences.parquet`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from glane.assess.page import Language, decimal, heading, page, paragraph, table, with_range

_WORDS: dict[Language, dict[str, str]] = {
    "fr": {
        "title": "Comparaison d'extractions",
        "first": "Extraction de comparaison (la première)",
        "documents": "Documents comparés",
        "in_all_runs": "présents dans toutes les extractions",
        "gold_not_in_all_runs": "de la référence, absents d'une extraction",
        "fields_left_out": "Champs laissés de côté (pas partout, d'un autre type, ou sans référence)",
        "none": "aucun",
        "cost": "Qualité et coût",
        "cost_how": (
            "Le coût est celui de l'extraction entière, d'après son summary.json ; « pour mille » le rapporte à mille "
            "documents lus."
        ),
        "run": "Extraction",
        "task": "Tâche",
        "model": "Modèle",
        "f1": "F1 micro",
        "macro": "F1 macro",
        "exact": "Exact",
        "not_usable": "Sans réponse exploitable",
        "selected": "Documents lus",
        "prompt_tokens": "Jetons lus",
        "output_tokens": "Jetons écrits",
        "seconds": "Secondes",
        "gpu_hours": "Heures GPU",
        "tokens_per_1000": "Jetons pour mille",
        "gpu_hours_per_1000": "Heures GPU pour mille",
        "against": "Différences avec la première :",
        "field": "Champ",
        "all": "Ensemble (micro)",
        "difference": "Différence de F1",
        "only_first_right": "Juste dans la première seule",
        "only_other_right": "Juste dans celle-ci seule",
        "p": "p (McNemar)",
        "p_holm": "p corrigé (Holm)",
        "equal_share": "Part identique",
        "kappa": "Kappa",
        "with_gold_how": (
            "Différence : cette extraction moins la première, avec intervalle à 95 % par rééchantillonnage apparié des "
            "documents. McNemar exact sur les documents dont une seule a le champ entièrement juste ; p corrigé pour "
            "tous les champs de toutes les extractions (Holm). La première ligne teste les documents entiers."
        ),
        "agreement_how": (
            "Part des documents où les deux disent la même chose (Wilson), et kappa de Cohen pour les catégories, "
            "l'absence de valeur en étant une. L'accord ne dit pas laquelle a raison."
        ),
        "differing": "Documents qui diffèrent le plus",
        "differing_how": "Les cent premiers ; toutes les valeurs sont dans differences.parquet.",
        "id": "Document",
        "fields": "Champs",
    },
    "en": {
        "title": "Comparison of extractions",
        "first": "Run to compare with (the first)",
        "documents": "Documents compared",
        "in_all_runs": "in all runs",
        "gold_not_in_all_runs": "of the reference, not in every run",
        "fields_left_out": "Fields left out (not everywhere, of another type, or without reference)",
        "none": "none",
        "cost": "Quality and cost",
        "cost_how": (
            "The cost is that of the whole run, from its summary.json; “per thousand” is for a thousand documents read."
        ),
        "run": "Run",
        "task": "Task",
        "model": "Model",
        "f1": "F1 micro",
        "macro": "F1 macro",
        "exact": "Exact",
        "not_usable": "Without usable answer",
        "selected": "Documents read",
        "prompt_tokens": "Tokens read",
        "output_tokens": "Tokens written",
        "seconds": "Seconds",
        "gpu_hours": "GPU-hours",
        "tokens_per_1000": "Tokens per thousand",
        "gpu_hours_per_1000": "GPU-hours per thousand",
        "against": "Differences from the first:",
        "field": "Field",
        "all": "All (micro)",
        "difference": "F1 difference",
        "only_first_right": "Right in the first only",
        "only_other_right": "Right in this one only",
        "p": "p (McNemar)",
        "p_holm": "corrected p (Holm)",
        "equal_share": "Share equal",
        "kappa": "Kappa",
        "with_gold_how": (
            "Difference: this run minus the first, with a 95 % interval from paired resampling of documents. Exact "
            "McNemar test on the documents of which only one has the field right as a whole; p corrected over all "
            "fields of all runs (Holm). The first line tests whole documents."
        ),
        "agreement_how": (
            "Share of documents on which both say the same (Wilson), and Cohen's kappa of categories, no value being "
            "one. Agreement does not say which of them is right."
        ),
        "differing": "Documents that differ most",
        "differing_how": "The first hundred; every value is in differences.parquet.",
        "id": "Document",
        "fields": "Fields",
    },
}
_COSTS = ("selected", "prompt_tokens", "output_tokens", "seconds", "gpu_hours", "tokens_per_1000", "gpu_hours_per_1000")


def comparison_report(summary: Mapping[str, Any], *, language: Language) -> str:
    """Return the page of a comparison (`comparison.json` is what it tells)."""
    return page(_WORDS[language]["title"], lambda code: _body(summary, code), language=language)


def _body(summary: Mapping[str, Any], language: Language) -> str:
    words = _WORDS[language]
    parts = [heading(words["title"], 1), _about(summary, words)]
    parts += [heading(words["cost"]), paragraph(words["cost_how"]), _quality_table(summary, language)]
    parts.append(_cost_table(summary, language))
    for entry in summary["comparisons"]:
        parts += [heading(f"{words['against']} {entry['run']}")]
        if summary["with_gold"]:
            parts.append(paragraph(words["with_gold_how"]))
        parts += [paragraph(words["agreement_how"]), _field_table(entry, summary["with_gold"], language)]
    rows = [[str(one["id"]), one["run"], ", ".join(one["fields"])] for one in summary["documents_that_differ"]]
    if rows:
        parts += [heading(words["differing"]), paragraph(words["differing_how"])]
        parts.append(table([words["id"], words["run"], words["fields"]], rows, text_columns=3))
    return "".join(parts)


def _about(summary: Mapping[str, Any], words: Mapping[str, str]) -> str:
    flow = summary["documents"]
    rows = [
        (words["first"], summary["first"]),
        (words["documents"], str(flow["compared"])),
        *((f"… {words[key]}", str(flow[key])) for key in ("in_all_runs", "gold_not_in_all_runs") if key in flow),
        (words["fields_left_out"], ", ".join(summary["fields_left_out"]) or words["none"]),
    ]
    return table(["", ""], rows, text_columns=2)


def _quality_table(summary: Mapping[str, Any], language: Language) -> str:
    words = _WORDS[language]
    rows: list[Sequence[str]] = []
    for one in summary["runs"]:
        row: list[str] = [one["run"], one["task"], one["model"]]
        if summary["with_gold"]:
            overall = one["overall"]
            row += [
                with_range(overall["micro"]["f1"], overall["micro"]["f1_ci95"], language),
                with_range(overall["macro"]["f1"], overall["macro"]["f1_ci95"], language),
                with_range(overall["exact"], overall["exact_ci95"], language),
            ]
        rows.append([*row, str(one["not_usable"])])
    quality = [words["f1"], words["macro"], words["exact"]] if summary["with_gold"] else []
    return table([words["run"], words["task"], words["model"], *quality, words["not_usable"]], rows, text_columns=3)


def _cost_table(summary: Mapping[str, Any], language: Language) -> str:
    words = _WORDS[language]
    rows = [[one["run"], *(_amount(one["cost"].get(name), language) for name in _COSTS)] for one in summary["runs"]]
    return table([words["run"], *(words[name] for name in _COSTS)], rows)


def _amount(value: float | None, language: Language) -> str:
    digits = 0 if value is None or float(value).is_integer() or abs(value) >= 1000 else 3
    return decimal(value, language, digits=digits)


def _field_table(entry: Mapping[str, Any], with_gold: bool, language: Language) -> str:
    words = _WORDS[language]
    rows: list[Sequence[str]] = []
    whole: dict[str, Any] = {key: entry[key] for key in ("equal_share", "equal_ci95")}
    if with_gold:
        whole |= entry["overall"]["micro"] | entry["overall"]["exact"]
    for name, one in {words["all"]: whole, **entry["fields"]}.items():
        row: list[str] = [name]
        if with_gold:
            row += [
                with_range(one["f1_difference"], one["f1_difference_ci95"], language),
                str(one["only_first_right"]),
                str(one["only_other_right"]),
                _probability(one["p"], language),
                _probability(one.get("p_holm"), language),
            ]
        row.append(with_range(one["equal_share"], one["equal_ci95"], language))
        row.append(with_range(one["kappa"], one["kappa_ci95"], language) if "kappa" in one else "")
        rows.append(row)
    tests = ["difference", "only_first_right", "only_other_right", "p", "p_holm"] if with_gold else []
    head = [words["field"], *(words[name] for name in (*tests, "equal_share", "kappa"))]
    return table(head, rows, total_rows=1)


def _probability(value: float | None, language: Language) -> str:
    if value is None:
        return ""
    return f"< {decimal(0.001, language)}" if value < 0.001 else decimal(value, language)


def comparison_text(summary: Mapping[str, Any]) -> str:
    """Return the comparison as short tables for a terminal."""
    flow = summary["documents"]
    lines = [f"{flow['compared']} documents compared"]
    if summary["fields_left_out"]:
        lines.append(f"  left out: {', '.join(summary['fields_left_out'])}")
    width = max(len(one["run"]) for one in summary["runs"])
    lines.append(
        f"{'':{width}}  {'F1 micro':>8}  {'95 % interval':14}  {'tokens':>10}  {'seconds':>9}  {'GPU-hours':>9}"
    )
    for one in summary["runs"]:
        micro = one["overall"]["micro"] if summary["with_gold"] else {"f1": None, "f1_ci95": None}
        cost = one["cost"]
        spent = (
            f"{cost['prompt_tokens'] + cost['output_tokens']:>10}  {cost['seconds']:>9.1f}  {cost['gpu_hours']:>9.3f}"
            if cost
            else f"{'–':>10}"
        )
        lines.append(f"{one['run']:{width}}  {_plain(micro['f1']):>8}  {_between(micro['f1_ci95']):14}  {spent}")
    for entry in summary["comparisons"]:
        lines += ["", f"{entry['run']} against {summary['first']}"]
        lines += _field_lines(entry, with_gold=summary["with_gold"])
    return "\n".join(lines)


def _field_lines(entry: Mapping[str, Any], *, with_gold: bool) -> list[str]:
    width = max(map(len, [*entry["fields"], "(all)"]))
    tests = f"  {'F1 +/-':>7}  {'95 % interval':16}  {'p (Holm)':>8}" if with_gold else ""
    lines = [f"{'':{width}}  {'equal':>6}  {'kappa':>6}{tests}"]
    whole = {"equal_share": entry["equal_share"], **(entry["overall"]["micro"] if with_gold else {})}
    for name, one in {"(all)": whole, **entry["fields"]}.items():
        line = f"{name:{width}}  {_plain(one['equal_share']):>6}  {_plain(one.get('kappa')):>6}"
        if with_gold:
            gain = one["f1_difference"]
            shown = "–" if gain is None else f"{gain:+.3f}"
            line += f"  {shown:>7}  {_between(one['f1_difference_ci95']):16}  {_plain(one.get('p_holm')):>8}"
        lines.append(line)
    return lines


def _plain(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _between(ends: Sequence[float] | None) -> str:
    return "" if ends is None else f"[{ends[0]:.3f}, {ends[1]:.3f}]"
