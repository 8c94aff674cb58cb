"""A linkage as a page: how many entities, the decisions that the number hangs on, and how records were compared."""

from __future__ import annotations

from glane.assess.pages.page import decimal, heading, page, paragraph, table, warning
from glane.assess.rounding import outward
from glane.languages import clauses
from glane.linkage.record import LinkSummary
from glane.linkage.words import WORDS
from glane.types import Language


def link_page(summary: LinkSummary, *, language: Language) -> str:
    """Return the page of a linkage in both languages; it opens in `language`."""
    return page(WORDS[language]["title"], lambda code: _Body(summary, code).text(), language=language, toy=summary.toy)


class _Body:
    """The page in one language."""

    def __init__(self, summary: LinkSummary, language: Language) -> None:
        self._summary, self._language, self._words = summary, language, WORDS[language]

    def text(self) -> str:
        one = self._summary
        parts = [
            heading(self._say("heading", entities=self._num(one.entities), records=self._num(one.records)), 1),
            self._count(),
            self._about(),
        ]
        if one.is_converged is False:
            parts.append(warning(self._say("not_converged")))
        if one.is_one_far_larger:
            parts.append(warning(self._say("far_larger", largest=self._num(one.largest), usual=self._num(one.usual))))
        parts += [heading(self._say("strata")), self._strata(), paragraph(self._say("strata_how"))]
        if any(stratum.empty for stratum in one.strata):
            parts.append(warning(self._say("strata_empty")))
        parts += [heading(self._say("rules")), self._rules(), paragraph(self._say("rules_how"))]
        if one.columns:
            parts += [heading(self._say("columns")), self._columns()]
        parts += [paragraph(self._missing(column)) for column in range(len(one.columns))]
        parts += [heading(self._say("how")), *(paragraph(self._say(f"how_{name}")) for name in ("entities", "missing"))]
        return "".join(parts)

    def _say(self, sentence: str, **values: object) -> str:
        return self._words[sentence].format(**values)

    def _num(self, value: float | None, digits: int = 0) -> str:
        return decimal(value, self._language, digits=digits)

    def _count(self) -> str:
        one, count = self._summary, self._summary.count
        if count is not None:
            low, high = outward(count.low, count.high)
            told = self._say(
                "counted", estimate=self._num(count.estimate), low=self._num(low), high=self._num(high),
                level=self._num(100 * count.level),
            )  # fmt: skip
            return heading(told) + paragraph(self._say("covers"))
        lacking = [self._say(part.stratum) for part in one.strata if not part.reviewed]
        if one.reviewed is not None and lacking:
            return warning(self._say("no_stratum", strata=clauses(lacking, self._language)))
        return warning(self._say("no_review"))

    def _about(self) -> str:
        one = self._summary
        bounds = {"link": self._num(one.definition.link, 2), "review": self._num(one.definition.review, 2)}
        rows = [
            [self._say("source"), one.source],
            [self._say("definition"), one.definition.name],
            [self._say("method"), self._say(one.definition.method, **bounds)],
        ]
        for name in ("largest", "compared", "to_review", "contested", "contradictions"):
            value = getattr(one, name)
            if value is not None:
                rows.append([self._say(name), self._num(value)])
        return table(("", ""), rows, text_columns=2)

    def _strata(self) -> str:
        rows = [
            [
                self._say(one.stratum),
                *(
                    self._num(value)
                    for value in (one.decisions, one.linked, one.expected, one.reviewed, one.empty, one.same)
                ),
            ]
            for one in self._summary.strata
        ]
        return table(self._say("strata_head").split("|"), rows)

    def _rules(self) -> str:
        rows = [
            [
                ", ".join(one.columns),
                *(self._num(value) for value in (one.pairs, one.largest, one.without)),
                self._num(one.share, 3),
            ]
            for one in self._summary.rules
        ]
        return table(self._say("rules_head").split("|"), rows)

    def _columns(self) -> str:
        rows = [
            [one.column, self._words.get(f"level_{level}", level), self._num(m, 4), self._num(u, 6)]
            for one in self._summary.columns
            for level, m, u in zip(
                one.levels, one.m or (None,) * len(one.levels), one.u or (None,) * len(one.levels), strict=True
            )
        ]
        return table(self._say("columns_head").split("|"), rows, text_columns=2)

    def _missing(self, at: int) -> str:
        one = self._summary.columns[at]
        return self._say(
            "columns_missing", column=one.column, missing=self._num(one.missing), unverified=self._num(one.unverified)
        )
