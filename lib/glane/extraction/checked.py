"""The values of one document as lines of text, each with its evidence, its confidence and what speaks against it."""

from __future__ import annotations

from collections.abc import Iterator

from glane.errors import told
from glane.languages import in_language
from glane.task.examples import plain_json
from glane.task.plain import plain_of
from glane.task.prompt import compact_json
from glane.task.signs import Sign, field_of
from glane.types import ExtractedValue, Extraction, Match, NormalDate, NormalQuantity

_LONGEST = 60  # characters of a value or quote


def checked_lines(result: Extraction) -> list[str]:
    """A line per value: field, value, quote with its alignment, confidence; marks of leaks and unsupported values.

    Raises nothing. Empty for a document without values.
    """
    if result.found is None:
        return []
    lines = []
    for name, one in result.found.items():
        for place, value in _leaves(name, one):
            signs = [sign for sign, places in _signs(result) if any(_concerns(told, place) for told in places)]
            lines.append(f"    {place} = {_line(value)}" + (f"  <- {', '.join(signs)}" if signs else ""))
    if result.broken_rules:
        lines += [f"    breaks the rule: {rule}" for rule in result.broken_rules]
    if result.suspicious:
        lines.append(f"    the text speaks to a model: {', '.join(result.suspicious)}")
    return [*lines, ""]


def _signs(result: Extraction) -> Iterator[tuple[Sign, tuple[str, ...]]]:
    yield "leaked_from_example", tuple(result.leaked or ())
    yield "not_in_quote", tuple(result.not_in_quote or ())
    yield "forced_quote", tuple(result.forced_quote or ())
    yield "recalled_without_passage", tuple(result.recalled_without_passage or ())
    yield "recalled", tuple(result.recalled or ())


def _concerns(told: str, place: str) -> bool:
    """Whether the place of a sign is a shown one, holds it, or is inside it. A field's sign is told of all of it."""
    return told == field_of(place) or any(
        inner == outer or inner.startswith((f"{outer}.", f"{outer}["))
        for inner, outer in ((told, place), (place, told))
    )


def _leaves(place: str, one: ExtractedValue) -> Iterator[tuple[str, ExtractedValue]]:
    if one.items:
        for number, item in enumerate(one.items):
            yield from _leaves(f"{place}[{number}]", item)
    elif one.fields and any(inner.quote is not None for inner in one.fields.values()):
        for name, inner in one.fields.items():
            yield from _leaves(f"{place}.{name}", inner)
    else:
        yield place, one


def _line(one: ExtractedValue) -> str:
    words = [f"({one.missing})" if one.missing else _cut(compact_json(plain_json(plain_of(one))))]
    if one.evidence is not None:
        shown = one.evidence.quote if one.evidence.quote is not None else one.quote
        supports = in_language({True: ", shows it", False: ", does not show it", None: ""}[one.evidence.supports])
        of = "" if one.evidence.document is None else f" in {told(one.evidence.document)}"
        words.append(f"{_cut(compact_json(shown or ''))} ({one.evidence.alignment}{supports}{of})")
    if one.confidence is not None:
        words.append(in_language(f"confidence {one.confidence:.2f}"))
    if one.match is not None:
        words.append(_match(one.match))
    if one.normal is not None:
        words.append(_normal(one.normal))
    return "  ".join(words)


def _normal(found: NormalDate | NormalQuantity) -> str:
    if found.reason is not None:
        return f"=> null: {in_language(found.reason)}"
    if isinstance(found, NormalDate):
        return " ".join(
            str(part) for part in ("=>", found.date, found.time, f"({found.precision})") if part is not None
        )
    bounds = dict.fromkeys("" if bound is None else f"{bound:g}" for bound in (found.low, found.high))
    return " ".join(filter(None, ("=>", "~" if found.approximate else "", "..".join(bounds), found.unit)))


def _match(found: Match) -> str:
    told = [f"{found.how}"] if found.similarity is None else [f"{found.how} {found.similarity:.0f}"]
    if found.code is not None:
        told.append(f"{found.code} {found.label or ''}".strip())
    return f"-> {': '.join([*told, *([', '.join(found.candidates)] if found.candidates else [])])}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
