"""An evaluation told to a person: a page in French and English, without free text of documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from glane.assess.evaluate.annotations import VALUE
from glane.assess.evaluate.words import WORDS
from glane.assess.pages.page import bar, decimal, heading, page, paragraph, table, with_range
from glane.types import Language

_MAX_LABELS = 20  # of a confusion table that is shown


def evaluation_report(summary: Mapping[str, Any], *, language: Language) -> str:
    """Return the page of an evaluation (`evaluation.json` is what it tells)."""
    return page(f"{WORDS[language]['title']} – {summary['task']}", lambda code: _body(summary, code), language=language)


def _body(summary: Mapping[str, Any], language: Language) -> str:
    words = WORDS[language]
    parts = [heading(words["title"], 1), _about(summary, language), heading(words["overall"])]
    parts += [_main_table(summary, language), paragraph(words["how"]), _how_sure(summary, words)]
    parts += [heading(words["errors"]), _error_table(summary, language)]
    parts += _categories(summary, language)
    for what in ("reasons", "assertions"):
        if summary[what]:
            parts += [heading(words[what]), paragraph(words[f"{what}_how"]), _note_table(summary[what], what, language)]
    if summary["evidence"]:
        parts += [heading(words["evidence"]), paragraph(words["evidence_how"]), _evidence_table(summary, language)]
    for column, groups in summary["by"].items():
        parts += [heading(f"{words['by']} {column}"), _group_table(groups, language)]
    return "".join(parts)


def _about(summary: Mapping[str, Any], language: Language) -> str:
    words, flow = WORDS[language], summary["documents"]
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
        (words["drawn"], how_drawn(summary["weights"], words, language)),
        (words["fields_without_gold"], ", ".join(summary["fields_without_gold"]) or words["none"]),
    ]
    if summary["dates_without_precision"]:
        rows.append((words["dates_without_precision"], ", ".join(summary["dates_without_precision"])))
    return table(["", ""], rows, text_columns=2)


def how_drawn(weights: Mapping[str, Any] | None, words: Mapping[str, str], language: Language) -> str:
    """What the measures are of: the documents compared, or the run that they were drawn from."""
    if weights is None:
        return words["unknown_draw"]
    kind = "even" if weights["equal"] else "weighted" if weights["used"] else "unweighted"
    effective = decimal(weights["effective_documents"], language, digits=0)
    return words[kind].format(column=weights["column"], effective=effective)


def _how_sure(summary: Mapping[str, Any], words: Mapping[str, str]) -> str:
    made = summary["intervals"]
    if not made["samples"]:
        return paragraph(words["no_intervals"])
    method = {"bca": "BCa"}.get(made["method"], made["method"])
    return paragraph(words["intervals"].format(method=method, samples=made["samples"], seed=made["seed"]))


def named(summary: Mapping[str, Any], words: Mapping[str, str]) -> list[tuple[str, Mapping[str, Any]]]:
    """The averages, then the fields."""
    overall, fields = summary["overall"], summary["fields"]
    exact = {key: overall[key] for key in ("exact", "exact_ci95")}
    named = [(words["micro"], {**overall["micro"], **exact}), (words["macro"], overall["macro"])]
    return named + [
        (name + (words["items"] if entry["level"] == "items" else ""), entry) for name, entry in fields.items()
    ]


def _main_table(summary: Mapping[str, Any], language: Language) -> str:
    words = WORDS[language]
    measures = ("precision", "recall", "f1", "exact")
    rows = [
        [
            name,
            entry.get("rule", ""),
            str(entry.get("support", "")),
            *(with_range(entry[one], entry[f"{one}_ci95"], language) if one in entry else "" for one in measures),
            bar(entry["f1"], entry["f1_ci95"]),
        ]
        for name, entry in named(summary, words)
    ]
    head = [words["field"], words["rule"], words["support"], *(words[one] for one in measures), words["f1"]]
    return table(head, rows, total_rows=2, text_columns=2)


def _error_table(summary: Mapping[str, Any], language: Language) -> str:
    words = WORDS[language]
    verdicts = ("correct", "wrong", "missed", "spurious", "absent")
    presence = ("both", "gold_only", "predicted_only", "neither")
    rows = [
        [name, *(str(entry[one]) for one in verdicts), *(str(entry["presence"][one]) for one in presence)]
        for name, entry in named(summary, words)
        if "presence" in entry
    ]
    head = [words["field"], *(words[one] for one in (*verdicts, *presence))]
    return paragraph(words["presence_how"]) + table(head, rows)


def _categories(summary: Mapping[str, Any], language: Language) -> list[str]:
    words = WORDS[language]
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
    words = WORDS[language]
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


def _confusion_table(entry: Mapping[str, Any], words: Mapping[str, str], told: Mapping[str, str] = {}) -> str:
    """The categories that occur; none where they are too many to be read. `told` are other words for some of them."""
    counts: list[list[int]] = entry["counts"]
    there = [at for at in range(len(counts)) if any(counts[at]) or any(row[at] for row in counts)]
    if len(there) > _MAX_LABELS:
        return ""
    labels = [words["null"] if label is None else told.get(label, label) for label in entry["labels"]]
    rows = [[labels[at], *(str(counts[at][other] or "·") for other in there)] for at in there]
    return table([words["confusion"], *(labels[at] for at in there)], rows)


def _note_table(notes: Mapping[str, Any], what: str, language: Language) -> str:
    """Of reasons or assertions: the share right by field, and who says what."""
    words = WORDS[language]
    asked = {name: entry for name, entry in notes.items() if entry["asked"]}
    rows = [
        [name, str(entry["compared"]), with_range(entry["share"], entry["share_ci95"], language)]
        for name, entry in asked.items()
    ]
    shown = table([words["field"], words["count"], words["share"]], rows) if rows else ""
    silent = [name for name in notes if name not in asked]
    note = paragraph(f"{words[f'{what}_not_asked']} {', '.join(silent)}.") if silent else ""
    told = {VALUE: words["value"].lower()}
    tables = [
        heading(name, 3) + _confusion_table(entry["confusion"], words, told)
        for name, entry in asked.items()
        if entry["compared"]
    ]
    return shown + note + "".join(tables)


def _evidence_table(summary: Mapping[str, Any], language: Language) -> str:
    words = WORDS[language]
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
    words = WORDS[language]
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
