"""What the page of a surveillance table says of how its numbers are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from glane.assess.designs import design_text
from glane.settings.table import DOCUMENTS
from glane.surveillance.record import TableSummary
from glane.surveillance.written_numbers import WrittenNumbers

Tell = Callable[..., str]  # a sentence of the page by its name, with its places filled


def how_sentences(summary: TableSummary, tell: Tell, numbers: WrittenNumbers) -> Iterator[str]:
    """By which methods the numbers were made, of what rates are, and what was done about small counts."""
    one, definition = summary, summary.definition
    if one.method is not None:
        yield tell(one.method)
        yield tell("of_run")
        yield tell("assumes")
    elif definition.denominator is not None:
        yield tell("of_model")
    if one.review is not None:
        yield design_text(one.review, numbers.language)
    if definition.denominator is None:
        yield tell("no_denominator")
    elif definition.denominator == DOCUMENTS:
        yield tell("denominator_documents")
    else:
        yield tell("denominator_file", file=definition.denominator)
    if definition.standard is not None:
        yield tell("standard", name=definition.standard)
    if definition.time is not None and definition.time.every == "week":
        yield tell(f"weeks_{definition.time.weeks}")
    yield from _disclosed(summary, tell, numbers)


def _disclosed(summary: TableSummary, tell: Tell, numbers: WrittenNumbers) -> Iterator[str]:
    """What was done about small counts."""
    one = summary.disclosure
    if one is None:
        yield tell("no_rule")
        return
    if one.method != "suppress":
        yield tell(f"rule_{one.method}", base=one.base, largest=one.largest)
        return
    yield tell("rule_suppress", least=one.least, suppressed=numbers.count(one.suppressed), rows=numbers.count(one.rows))
    if one.protection is not None:
        yield tell("audited", protection=one.protection, earlier=numbers.count(one.earlier_rows))
    if one.exposed:
        yield "⚠ " + tell("exposed", num=numbers.count(one.exposed))
