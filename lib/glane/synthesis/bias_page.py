"""The traffic lights of the risk of bias, in French and English, with the answers and quotes that they come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from glane.assess.pages.page import Cell, heading, paragraph, prose_table
from glane.synthesis.bias import ALL_QUESTIONS, Bias
from glane.synthesis.rob2 import DOMAINS, Judgement
from glane.synthesis.words import WORDS
from glane.types import Language

_LIGHTS: Mapping[Judgement, tuple[str, str]] = {  # a sign beside the colour, for who does not see it
    "low": ("+", "#cfe8cf"),
    "some_concerns": ("!", "#fbe7b0"),
    "high": ("×", "#f5c6c0"),
}


def bias_section(rows: Sequence[Bias], questions: Mapping[str, str], code: Language) -> Iterator[str]:
    """What the page says of the risk of bias. `questions` are their texts, in the language of the task."""
    words = WORDS[code]
    yield heading(words["bias"])
    yield paragraph(words["bias_how"])
    if lacking := sum(len(row.without_quote) for row in rows):
        yield paragraph(words["bias_without_quote"].format(number=lacking))
    if any(row.is_clustered and row.state == "judged" for row in rows):
        yield paragraph(words["bias_clusters"])
    head = [words["bias_study"], *(words[f"domain_{name}"] for name in DOMAINS), words["bias_overall"]]
    yield prose_table(head, [_lights(row, code) for row in rows])
    for row in rows:
        if row.state == "judged":
            yield f"<details><summary>{escape(_named(row))}</summary>{_answers(row, questions, code)}</details>"


def _named(row: Bias) -> str:
    name = row.label if row.label == row.report else f"{row.label} ({row.report})"
    return f"{name} – {row.outcome}" if row.outcome else name


def _lights(row: Bias, code: Language) -> list[str]:
    words = WORDS[code]
    if row.overall is None:
        return [_named(row), *("" for _ in DOMAINS), words[f"bias_{row.state}"]]
    return [_named(row), *(_light(row.domains[name], code) for name in DOMAINS), _light(row.overall, code)]


def _light(judgement: Judgement, code: Language) -> Cell:
    sign, colour = _LIGHTS[judgement]
    word = escape(WORDS[code][f"judgement_{judgement}"])
    return Cell(f'<span style="background:{colour};padding:.1rem .4rem;border-radius:3px">{sign} {word}</span>')


def _answers(row: Bias, questions: Mapping[str, str], code: Language) -> str:
    words = WORDS[code]
    lines = []
    for name in ALL_QUESTIONS:
        number = name.removeprefix("q").replace("_", ".")
        answer = words[f"answer_{row.answers[name]}"]
        lines.append([f"{number} {questions.get(name, '')}", answer, row.quotes.get(name, "")])
    return prose_table(words["answers_head"].split("|"), lines)
