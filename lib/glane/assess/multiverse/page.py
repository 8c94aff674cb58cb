"""A multiverse told to a person: a page in French and English, without values of documents."""

from __future__ import annotations

from collections.abc import Sequence

from glane.assess.clusters import FEW_CLUSTERS
from glane.assess.multiverse.curve import curve
from glane.assess.multiverse.record import Figure, MultiverseSummary, Specification, Spread
from glane.assess.multiverse.told import shown_as, subject
from glane.assess.multiverse.words import WORDS
from glane.assess.pages.page import decimal, heading, page, paragraph, table, warning, with_range
from glane.assess.right_answers import right_answers_text, right_answers_title, right_answers_warnings
from glane.languages import clauses
from glane.types import Language


def multiverse_page(summary: MultiverseSummary, *, language: Language) -> str:
    """Return the page of a multiverse (`multiverse.json` is what it tells); it opens in `language`."""
    return page(WORDS[language]["title"], lambda code: _body(summary, code), language=language, toy=summary.toy)


def _body(summary: MultiverseSummary, language: Language) -> str:
    words = WORDS[language]
    parts = [warning(one) for one in right_answers_warnings(summary.right_answers, language)]
    parts += [heading(words["title"], 1), _about(summary, language), _seal(summary, language)]
    parts += [heading(words["curve"]), paragraph(words["curve_how"])]
    parts.append(curve(summary, language, title=words["curve_title"].format(subject=subject(summary, language))))
    parts += [heading(words["spread"]), _spread(summary, language), paragraph(words["spread_how"])]
    if summary.between is not None and summary.corrected is not None:
        parts.append(paragraph(words["contrast_how"]))
    parts += [heading(words["variation"]), _variation(summary, language), paragraph(words["variation_how"])]
    parts.append(paragraph(words["balanced" if summary.raw.variation.is_balanced else "unbalanced"]))
    parts += [heading(words["table"]), _specifications(summary, language)]
    return "".join([*parts, heading(words["levels"]), _levels(summary, language), _texts(summary, language)])


def _about(summary: MultiverseSummary, language: Language) -> str:
    words, chosen, gold = WORDS[language], summary.stood_for, summary.gold
    counts = {f"{part.factor}s": part.levels for part in summary.raw.variation.parts}
    unit = words["percent" if summary.between is None else "points"] if summary.question.what == "prevalence" else None
    rows = [
        (words["what"], ", ".join(filter(None, [subject(summary, language), unit]))),
        (words["documents"], decimal(summary.documents, language, digits=0)),
    ]
    if summary.clusters is not None:
        rows.append((words["clusters"], words["clusters_how"].format(num=summary.clusters)))
    rows.append((words["specifications"], words["counted"].format(num=len(summary.specifications), **counts)))
    rows.append((words["chosen"], f"{chosen.run} ({chosen.wording} {chosen.model} {chosen.reading})"))
    if gold is not None:
        modified = gold.modified or words["no_time"]
        rows.append((words["gold"], words["gold_told"].format(path=gold.path, modified=modified, sha256=gold.sha256)))
    if (origin := summary.right_answers) is not None:
        rows.append((right_answers_title(language), right_answers_text(origin, language)))
    told = table(["", ""], rows, text_columns=2)
    if summary.unasked:
        told += paragraph(f"⚠ {words['unasked'].format(runs=', '.join(one.run for one in summary.unasked))}")
    return told if summary.is_same_input else told + paragraph(words["other_files"])


def _seal(summary: MultiverseSummary, language: Language) -> str:
    words, seal, gold = WORDS[language], summary.seal, summary.gold
    if seal.sealed is None:
        return paragraph(words["not_sealed"])
    name = {True: "before", False: "not_before", None: "sealed_on"}[seal.is_before_gold]
    modified = None if gold is None else gold.modified
    parts = [paragraph(words[name].format(sealed=seal.sealed, sha256=seal.sha256, modified=modified))]
    if seal.broken:
        rows = [[one.key, one.sealed, one.now] for one in seal.broken]
        parts += [heading(words["broken"]), table(words["broken_head"].split("|"), rows, text_columns=3)]
    return "".join([*parts, paragraph(words["seal_how"])])


def _spread(summary: MultiverseSummary, language: Language) -> str:
    words, raw, fixed, chosen = WORDS[language], summary.raw, summary.corrected, summary.stood_for

    def cells(name: str) -> list[str]:
        return [_number(getattr(one, name), summary, language) for one in (raw, fixed) if one is not None]

    def counts(name: str) -> list[str]:
        return [_of(one, getattr(one, name), language) for one in (raw, fixed) if one is not None]

    own = [_figure(one, summary, language) for one in (chosen.figure, chosen.corrected) if one is not None]
    rows = [[words["own"], *own], *([words[name], *cells(name)] for name in ("lowest", "highest", "median"))]
    told = [name for name in ("reversed", "excluding", "differing") if getattr(raw, name) is not None]
    rows += [[words[name], *counts(name)] for name in told]
    head = words["spread_head"].split("|")
    return table(head if fixed is not None else head[:2], rows, total_rows=1)


def _of(found: Spread, num: int | None, language: Language) -> str:
    return "–" if num is None else WORDS[language]["of"].format(num=num, others=found.others)


def _variation(summary: MultiverseSummary, language: Language) -> str:
    words = WORDS[language]
    both = [one.variation for one in (summary.raw, summary.corrected) if one is not None]
    rows = []
    for place, part in enumerate(both[0].parts):
        shares = [_share(one.parts[place].share, language) for one in both]
        rows.append([words[part.factor], str(part.levels), *shares])
    rows.append([words["rest"], "", *(_share(one.rest, language) for one in both)])
    head = words["variation_head"].split("|")
    return table(head if len(both) > 1 else head[:3], rows)


def _share(value: float | None, language: Language) -> str:
    return "–" if value is None else f"{decimal(100 * value, language, digits=0)} %"


def _specifications(summary: MultiverseSummary, language: Language) -> str:
    words, has_gold = WORDS[language], summary.corrected is not None
    rows = []
    for one in summary.specifications:
        is_chosen = one.run == summary.chosen
        row = [f"{one.run} ({words['is_chosen']})" if is_chosen else one.run]
        row += [f"{one.wording} {one.model} {one.reading}", _figure(one.figure, summary, language)]
        row.append("" if is_chosen else _figure(one.difference, summary, language))
        row += [_figure(one.corrected, summary, language)] if one.corrected is not None else []
        row += [decimal(number, language, digits=0) for number in (one.documents, one.without_values)]
        rows.append([*row, clauses(_notes(one, language), language)])
    head = words["table_head"].split("|")
    return table(head if has_gold else [*head[:4], *head[5:]], rows, text_columns=2)


def _notes(one: Specification, language: Language) -> list[str]:
    words, fixed = WORDS[language], one.corrected
    found = [words["gold_left_out"].format(num=one.gold_left_out)] if one.gold_left_out else []
    if fixed is None:
        return found
    if fixed.value is None:
        found.append(words["no_estimate"])
    if fixed.clusters is not None and fixed.clusters < FEW_CLUSTERS:
        found.append(words["few_clusters"].format(clusters=fixed.clusters))
    if fixed.is_unlike:
        found.append(words["unlike"].format(p=decimal(fixed.heterogeneity, language)))
    return found


def _levels(summary: MultiverseSummary, language: Language) -> str:
    words = WORDS[language]
    rows: list[Sequence[str]] = []
    for one in summary.levels:
        settings = ", ".join(f"{key}={value}" for key, value in one.settings.items())
        rows.append([one.name, words[f"factor_{one.factor}"], one.title, settings])
    return table(words["levels_head"].split("|"), rows, text_columns=4)


def _texts(summary: MultiverseSummary, language: Language) -> str:
    """What each wording says that not all of them say, in full; nothing if there is one wording."""
    words = WORDS[language]
    rows = [[one.name, key, text] for one in summary.levels for key, text in one.texts.items()]
    if not rows:
        return ""
    return heading(words["texts"]) + table(words["texts_head"].split("|"), rows, text_columns=3)


def _figure(figure: Figure, summary: MultiverseSummary, language: Language) -> str:
    factor, digits = shown_as(summary.question)
    ends = None if figure.low is None or figure.high is None else (factor * figure.low, factor * figure.high)
    return with_range(None if figure.value is None else factor * figure.value, ends, language, digits=digits)


def _number(value: float | None, summary: MultiverseSummary, language: Language) -> str:
    factor, digits = shown_as(summary.question)
    return decimal(None if value is None else factor * value, language, digits=digits)
