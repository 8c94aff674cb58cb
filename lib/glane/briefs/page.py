"""A brief as a page without a link outside: every sentence opens on what it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from glane.assess.designs import design_words
from glane.assess.estimate.notes import in_language
from glane.assess.pages.page import Cell, decimal, heading, page, paragraph, table, warning
from glane.assess.right_answers import right_answers_text, right_answers_title, right_answers_warnings
from glane.briefs.page_words import CHECKS, WORDS
from glane.briefs.record import BriefSummary, Claim, KeyEvents, LabelledTypes
from glane.briefs.sentences import days_text
from glane.types import Language

_SHOWN_IDS = 20
SHOWN = ("verified", "unverified")  # the statements that a reader sees


def brief_page(summary: BriefSummary, claims: Sequence[Claim], *, language: Language) -> str:
    """Return the page of a brief in both languages; it opens in `language`."""
    return page(
        summary.definition.title.of(language),
        lambda code: BriefText(summary, claims, code).html(),
        language=language,
        toy=summary.toy,
    )


class BriefText:
    """What a brief says in one language."""

    def __init__(self, summary: BriefSummary, claims: Sequence[Claim], language: Language) -> None:
        self._summary, self._language = summary, language
        self.figures = [one for one in claims if one.kind == "figure"]
        self.statements = [one for one in claims if one.kind == "statement" and one.status in SHOWN]

    @property
    def has_checks(self) -> bool:
        """Whether it is told how many statements passed the checks: not in a brief that leaves."""
        return self._summary.disclosure is None

    def say(self, sentence: str, **values: object) -> str:
        """A sentence around those of the brief."""
        return WORDS[self._language][sentence].format(**values)

    def html(self) -> str:
        """The body of the page."""
        one = self._summary
        parts = [heading(one.definition.title.of(self._language), 1), *map(warning, self.warnings())]
        parts += map(paragraph, self.about())
        parts += [heading(self.say("figures")), *(self._claim(claim) for claim in self.figures)]
        parts.append(paragraph(self.say("figure_how")))
        parts += map(paragraph, self.figure_notes())
        if one.definition.statements is not None and not one.is_unfinished:
            parts += [heading(self.say("statements")), *(self._claim(claim) for claim in self.statements)]
            parts += [paragraph(text) for text in self.statement_notes()]
            if self.has_checks:
                parts += [heading(self.say("checks")), paragraph(self.checks_text()), self._failures()]
        parts += [heading(self.say("rests")), table(("", ""), list(self.rests()), text_columns=2)]
        return "".join(parts)

    def warnings(self) -> Iterator[str]:
        """What a reader must know first."""
        one = self._summary
        if one.signature is None:
            yield self.say("draft")
        if one.is_unfinished:
            yield self.say("unfinished")
        if one.toy is None and any(model.toy is not None for model in one.models):
            yield self.say("toy")
        if one.gold is None:
            yield self.say("not_corrected")
        yield from right_answers_warnings(one.right_answers, self._language)

    def figure_notes(self) -> Iterator[str]:
        """What is said of the review behind the figures, and what no figure tells of."""
        values = [one.value for one in self.figures if one.value is not None and one.value.note is not None]
        notes = [told for one in values for told in in_language(one.note or "", self._language)]
        for told in dict.fromkeys(notes):
            yield "⚠ " + self.say("review_note", note=told)
        for one in self._summary.without_figure:
            about = {"measure": one.measure, "by": one.by}
            if one.values:
                yield "⚠ " + self.say("left_out", values=", ".join(one.values), **about)
            if one.unnamed:
                yield "⚠ " + self.say("left_out_unnamed", num=self._count(one.unnamed), **about)

    def about(self) -> Iterator[str]:
        """For whom the brief is, and who signed it."""
        one = self._summary
        if one.signature is not None:
            yield self.say("signed", name=one.signature.name, day=one.signature.day)
        if one.disclosure is not None:
            yield self.say("disclosed", least=one.disclosure.least)
            if one.disclosure.is_hidden:
                yield self.say("hidden")
        if one.definition.audience:
            yield self.say("audience", audience=one.definition.audience)

    def statement_notes(self) -> Iterator[str]:
        """How statements came to be, and what they leave out."""
        leaves = self._summary.disclosure is not None
        yield self.say(("statement_alone" if leaves else "statement_how") if self.statements else "no_statement")
        if (bound := self._summary.calibrated) is None:
            yield self.say("not_calibrated")
        else:
            certainty = decimal(100 * (1 - bound.delta), self._language, digits=0)
            yield self.say(
                "calibrated", certainty=certainty, alpha=decimal(100 * bound.alpha, self._language, digits=0)
            )
        if (labelled := self._summary.labelled) is not None:
            yield from self._of_types(labelled)
        if (found := self._summary.coverage) is not None:
            told = {name: self._count(getattr(found, name)) for name in ("documents", "quoted", "cited")}
            yield self.say("coverage_text", **told)
            if found.found is not None:
                yield self.say("found", num=self._count(found.found))
            if found.suspicious:
                yield self.say("suspicious", num=self._count(found.suspicious))
            if found.groups_absent:
                yield self.say("absent", groups=", ".join(found.groups_absent))
            yield from self._key(found.key)

    def _of_types(self, labelled: LabelledTypes) -> Iterator[str]:
        """What labels say of each type of statements."""
        bounds = {"alpha": self._percent(labelled.alpha), "certainty": self._percent(1 - labelled.delta)}
        for one in labelled.types:
            told = {name: self._count(getattr(one, name)) for name in ("labels", "unsupported", "needed")}
            reason = "type_accepted" if one.is_accepted else "type_few" if one.needed is not None else "type_wrong"
            yield self.say(reason, type=self.say(f"type_{one.type}"), **told, **bounds)
        if labelled.others:
            yield self.say("type_others", num=self._count(labelled.others))

    def _key(self, key: Sequence[KeyEvents] | None) -> Iterator[str]:
        """The key events, and those of which no statement tells."""
        if key is None:
            yield self.say("no_key")
        for one in key or ():
            label = None if one.label is None else one.label.of(self._language)
            name = label or self.say(f"key_{one.of}", column=one.column)
            yield self.say("key", name=name, events=self._count(one.events), cited=self._count(one.cited))
            for event in one.absent:
                called = "" if event.name is None else f"{event.name} ({self._count(event.num)}) – "
                yield self.say("key_absent", name=called + ", ".join(event.documents))
            if (more := one.events - one.cited - len(one.absent)) > 0:
                yield self.say("key_more", num=self._count(more))

    def _percent(self, share: float) -> str:
        return decimal(100 * share, self._language, digits=0)

    def checks_text(self) -> str:
        """How many statements passed."""
        one = self._summary
        told = {name: self._count(getattr(one, name)) for name in ("statements", "merged", "verified")}
        return self.say("checks_text", **told)

    def failures(self) -> list[list[str]]:
        """The checks that statements failed first, and how many."""
        found = sorted(self._summary.failures.items(), key=lambda item: (-item[1], item[0]))
        return [[CHECKS[self._language][name], self._count(num)] for name, num in found]

    def rests(self) -> Iterator[list[str]]:
        """What all rests on, a line each."""
        one = self._summary
        yield [self.say("run"), one.run]
        yield [self.say("fingerprint"), one.fingerprint]
        yield [self.say("made"), one.day.isoformat()]
        if one.period is not None:
            yield [self.say("period"), days_text(one.period, self._language)]
        yield [self.say("answered"), self._count(one.documents)]
        yield [self.say("failed"), self._count(one.failed)]
        if one.gold is not None:
            yield [self.say("gold"), one.gold]
        if one.right_answers is not None:
            yield [right_answers_title(self._language), right_answers_text(one.right_answers, self._language)]
        if one.review is not None:
            yield [self.say("review"), design_words(one.review, self._language)]
        for model in one.models:
            licence = self.say("no_licence") if model.licence is None else self.say("licence", licence=model.licence)
            title = self.say("model", role=self.say(f"role_{model.role}"))
            yield [title, f"{model.name}, {licence}, {self.say('of_its_run', digest=model.fingerprint)}"]

    def failed_checks(self, claim: Claim) -> str:
        """Why a statement is not verified; empty if it is."""
        told = ", ".join(CHECKS[self._language][name] for name in claim.failed)
        return self.say("failed_checks", checks=told) if told else ""

    def figure_rows(self, claim: Claim) -> list[list[str]]:
        """What a figure was computed of."""
        measure, value = claim.measure, claim.value
        assert measure is not None
        assert value is not None
        rows = [
            [self.say("id"), claim.id],
            [self.say("counted"), self._count(value.counted)],
            [self.say("looked"), self._count(value.documents)],
            [self.say("unknown"), self._count(value.unknown)],
            [self.say("without"), self._count(value.failed)],
        ]
        if value.reviewed is not None:
            here = "–" if value.reviewed_here is None else self._count(value.reviewed_here)
            rows.append([self.say("reviewed"), f"{here} / {self._count(value.reviewed)}"])
        if value.note is not None:
            rows.append([self.say("note"), "; ".join(in_language(value.note, self._language))])
        if claim.documents:
            rows.append([self.say("documents"), ", ".join(claim.documents[:_SHOWN_IDS])])
        return rows

    def conditions(self, claim: Claim) -> list[list[str]]:
        """What was counted, and among which documents, as it was computed: SQL."""
        assert claim.measure is not None
        told = (("case", claim.measure.case), ("among", claim.measure.among))
        return [[self.say(name), condition or self.say("all")] for name, condition in told]

    def _claim(self, claim: Claim) -> str:
        sentence = escape(claim.sentence(self._language))
        if claim.status == "unverified":
            sentence = f"<em>{escape(self.say('unverified'))}</em> – {sentence}"
        if claim.kind == "statement" and self._summary.disclosure is not None:
            return f'<p id="{self._language}-{claim.id}">{sentence}</p>'
        inside = self._figure(claim) if claim.kind == "figure" else self._quotes(claim)
        return f'<details id="{self._language}-{claim.id}"><summary>{sentence}</summary>{inside}</details>'

    def _figure(self, claim: Claim) -> str:
        conditions = [[name, Cell(f"<code>{escape(told)}</code>")] for name, told in self.conditions(claim)]
        return (
            table(("", ""), self.figure_rows(claim), text_columns=2)
            + f"<details><summary>{escape(self.say('conditions'))}</summary>"
            + table(("", ""), conditions, text_columns=2)
            + "</details>"
        )

    def _quotes(self, claim: Claim) -> str:
        head = [self.say(name) for name in ("passage", "document", "day", "place")]
        rows = [
            [one.text, one.document, "" if one.day is None else one.day.isoformat(), one.place or ""]
            for one in claim.quotes
        ]
        told = self.failed_checks(claim)
        return (paragraph(told) if told else "") + table(head, rows, text_columns=4)

    def _failures(self) -> str:
        rows = self.failures()
        return table(self.say("check_head").split("|"), rows) if rows else ""

    def _count(self, value: float | None) -> str:
        return decimal(value, self._language, digits=0)
