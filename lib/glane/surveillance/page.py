"""A surveillance table as a page: the total, the epidemic curve, the map, tables by each key, and what they rest on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

import polars as pl

from glane.assess.estimate.notes import in_language
from glane.assess.pages.page import decimal, heading, page, paragraph, table
from glane.assess.right_answers import right_answers_text, right_answers_title, right_answers_warnings
from glane.assess.rounding import outward
from glane.languages import clauses, plurals_in
from glane.surveillance.curve import Bar, epidemic_curve
from glane.surveillance.delay_page import delay_parts
from glane.surveillance.delays import COMPLETENESS, NOWCAST
from glane.surveillance.dimensions import AGE, PERIOD, PLACE, keys_of
from glane.surveillance.figures import ALL
from glane.surveillance.how_page import how_sentences
from glane.surveillance.issued import ROW, SUPPRESSED
from glane.surveillance.periods import Calendar
from glane.surveillance.record import TableSummary
from glane.surveillance.silent import silent_places
from glane.surveillance.tile_map import tile_map
from glane.surveillance.unreviewed import unreviewed_rows
from glane.surveillance.words import WORDS
from glane.surveillance.written_numbers import WrittenNumbers
from glane.types import Language

_MANY = 400  # rows of a table on the page
_MOST_SIGNALS = 60
Row = Mapping[str, Any]


def table_page(
    summary: TableSummary,
    rows: pl.DataFrame,
    signals: pl.DataFrame | None,
    *,
    language: Language,
    triangle: pl.DataFrame | None = None,
) -> str:
    """Return the page of a surveillance table in both languages; it opens in `language`."""
    return page(
        WORDS[language]["title"],
        lambda code: _Body(summary, rows, signals, code, triangle).text(),
        language=language,
        toy=summary.toy,
    )


class _Body:
    """The page in one language."""

    def __init__(
        self,
        summary: TableSummary,
        rows: pl.DataFrame,
        signals: pl.DataFrame | None,
        language: Language,
        triangle: pl.DataFrame | None,
    ) -> None:
        self._triangle = triangle
        self._summary, self._rows, self._signals, self._language = summary, rows, signals, language
        self._words, self._numbers = WORDS[language], WrittenNumbers(language)
        self._is_corrected = summary.method is not None

    @property
    def _is_changed(self) -> bool:
        """Whether counts are rounded or perturbed: one of 0 may then be of some documents."""
        return self._summary.disclosure is not None and self._summary.disclosure.method != "suppress"

    def text(self) -> str:
        definition = self._summary.definition
        parts = [heading(self._say("cases", case=self._summary.case), 1), self._about(), self._total()]
        if definition.time is not None:
            parts += [heading(self._say("curve")), self._curve()]
            parts.append(paragraph(self._say("curve_how" if self._is_corrected else "curve_model")))
            parts += self._delays()
        if self._signals is not None:
            parts += [heading(self._say("signals")), *self._signal_table(self._signals)]
        if definition.place is not None:
            parts += [heading(self._say("map")), self._map()]
            how = "map_how_changed" if self._is_changed else "map_how"
            parts.append(paragraph(self._say(how, vintage=self._summary.places)))
        for key in keys_of(definition):
            title = {PERIOD: "by_period", PLACE: "by_place", AGE: "by_age"}.get(key, "by_group")
            parts += [heading(self._say(title, name=key)), *self._table(key)]
        parts.append(heading(self._say("how")))
        return "".join([*parts, *map(paragraph, how_sentences(self._summary, self._say, self._numbers))])

    def _say(self, sentence: str, **values: object) -> str:
        return plurals_in(self._words[sentence].format(**values), self._language)

    def _about(self) -> str:
        one, definition = self._summary, self._summary.definition
        unit = self._say(f"unit_{definition.unit}", columns=", ".join(definition.person) or definition.links)
        rows = [[self._say("run"), one.run], [self._say("unit"), unit]]
        if one.gold:
            rows.insert(1, [self._say("gold"), one.gold])
        if one.right_answers is not None:
            rows.insert(2, [right_answers_title(self._language), right_answers_text(one.right_answers, self._language)])
        if one.first_day is not None and one.last_day is not None:
            rows.append([self._say("days"), self._say("from_to", first=one.first_day, last=one.last_day)])
        counted = "documents" if definition.unit == "document" else f"{definition.unit}s"
        rows.append([self._say(counted), self._numbers.count(one.documents)])
        rows.append([self._say("failed"), self._numbers.count(one.failed)])
        return table(("", ""), rows, text_columns=2)

    def _total(self) -> str:
        row = self._rows.filter(pl.col("margin") == ALL).row(0, named=True)
        warning = "" if self._is_corrected else f'<p class="warning">{self._say("not_corrected")}</p>'
        if row["model"] is None:
            told, more = self._say("total_suppressed"), ""
        elif self._is_corrected:
            low, high = outward(row["low"], row["high"])
            level = decimal(100 * self._summary.definition.level, self._language, digits=0)
            told = self._say(
                "total",
                estimate=self._numbers.corrected(row["estimate"]),
                level=level,
                low=self._numbers.count(low),
                high=self._numbers.count(high),
            )
            reviewed = decimal(self._summary.reviewed, self._language, digits=0)
            more = paragraph(self._say("model_says", model=self._numbers.count(row["model"]), reviewed=reviewed))
        else:
            told, more = self._say("total_model", model=self._numbers.count(row["model"])), ""
        lost = (
            paragraph(self._say("failed_how", failed=self._numbers.count(self._summary.failed)))
            if row["failed"]
            else ""
        )
        warning += "".join(f'<p class="warning">{escape(one)}</p>' for one in self._silent())
        notes = "".join(paragraph(f"⚠ {one}") for one in self._notes())
        return warning + heading(told, 2) + more + lost + notes

    def _silent(self) -> Iterator[str]:
        """What places from which no document came make of rates."""
        if of := silent_places(self._summary):
            yield self._say(
                "silent_declared" if of.is_declared else "silent", num=self._numbers.count(of.num), places=of.codes
            )

    def _notes(self) -> Iterator[str]:
        one = self._summary
        yield from right_answers_warnings(one.right_answers, self._language)
        if one.note:
            yield from in_language(one.note, self._language)
        if found := unreviewed_rows(one, self._rows):
            yield self._say(
                "unreviewed", rows=self._numbers.count(found.rows), num=self._numbers.count(found.unreviewed)
            )
        if one.extracted:
            yield self._say("extracted", columns=", ".join(one.extracted))
        counts = [*((name, num) for name, num in one.unplaced), ("unnamed", one.unnamed)]
        for name, num in counts:
            if num:
                yield self._say(name, num=self._numbers.count(num))

    def _curve(self) -> str:
        rows = self._rows.filter((pl.col("margin") == PERIOD) & pl.col(PERIOD).is_not_null())
        bars = [
            Bar(
                label=self._label(PERIOD, row), model=row["model"], estimate=row.get("estimate"), low=row.get("low"),
                high=row.get("high"), is_incomplete=row["incomplete"], nowcast=_still_to_come(row),
            )
            for row in rows.iter_rows(named=True)
        ]  # fmt: skip
        return epidemic_curve(bars, self._say("curve_title"), self._numbers.tick) if bars else ""

    def _delays(self) -> Iterator[str]:
        if self._triangle is not None:
            yield paragraph(self._say("curve_delays"))
            yield from delay_parts(
                self._summary, self._rows, self._triangle, self._language, lambda row: self._label(PERIOD, row)
            )

    def _signal_table(self, signals: pl.DataFrame) -> Iterator[str]:
        """The signals of the last periods, the newest first, and how the methods looked."""
        if self._summary.drifted:
            yield paragraph("⚠ " + self._say("signals_drifted", fields=", ".join(self._summary.drifted)))
        by = [key for key in keys_of(self._summary.definition) if key in signals.columns and key != PERIOD]
        found = signals.filter(pl.col("signal")).sort(PERIOD, descending=True, maintain_order=True)
        lines = []
        for row in found.head(_MOST_SIGNALS).iter_rows(named=True):
            of = ", ".join(str(row[key]) for key in by if row[key] is not None) or self._say("all")
            share = "–" if row["probability"] is None else f"{self._numbers.count(100 * row['probability'])}\u00a0%"
            cells = [self._label(PERIOD, row), of, self._say(row["method"]), self._numbers.count(row["model"])]
            lines.append(
                [*cells, self._numbers.rate(row["expected"]), self._numbers.bound(row["upper"], row["model"]), share]
            )
        if lines:
            yield table(self._say("signals_head").split("|"), lines, text_columns=3)
        else:
            yield paragraph(self._say("no_signal"))
        if found.height > _MOST_SIGNALS:
            yield paragraph(self._say("signals_many", shown=_MOST_SIGNALS, all=found.height))
        told, untold = signals["signal"].count(), signals["signal"].null_count()
        yield paragraph(self._say("signals_how", told=self._numbers.count(told), untold=self._numbers.count(untold)))

    def _map(self) -> str:
        place = self._summary.definition.place
        assert place is not None
        rows = self._rows.filter((pl.col("margin") == PLACE) & pl.col(PLACE).is_not_null())
        name = self._shown_figure()
        nothing = self._say("few_documents" if self._is_changed else "no_document")
        values = {row[PLACE]: row[name] if row["documents"] else None for row in rows.iter_rows(named=True)}
        hidden = {row[PLACE]: self._say("suppressed") for row in rows.iter_rows(named=True) if row.get(SUPPRESSED)}
        is_rate = "rate" in name
        kind = "standard" if "standardised" in name else "rate" if is_rate else "count"
        figure = self._say(f"figure_{kind}{self._whose}", per=self._numbers.tick(self._summary.definition.per))
        title = self._say("map_title", figure=figure, level=self._say(f"level_{place.level}"))
        number = self._numbers.rate if is_rate else self._numbers.count
        drawn = tile_map(
            values,
            place.level,
            title,
            number,
            nothing=nothing,
            outside=self._say("not_covered"),
            hidden=hidden,
        )
        return paragraph(f"{title}.") + drawn

    def _shown_figure(self) -> str:
        names = ("standardised_rate", "rate", "standardised_model_rate", "model_rate", "estimate", "model")
        wanted = names if self._is_corrected else names[2:4] + names[5:]
        return next(name for name in wanted if name in self._rows.columns)

    def _table(self, key: str) -> list[str]:
        rows = self._rows.filter(pl.col("margin").is_in([ALL, key]))
        head = [self._say("head_label"), *self._heads()]
        lines = [self._line(key, row) for row in rows.head(_MANY + 1).iter_rows(named=True)]
        parts = [table(head, lines, total_rows=1)]
        if rows.height > _MANY + 1:
            parts.append(paragraph(self._say("many", shown=_MANY, all=rows.height - 1)))
        return parts

    def _heads(self) -> list[str]:
        per = self._numbers.tick(self._summary.definition.per)
        found = self._say("head_corrected" if self._is_corrected else "head_model").split("|")
        if "model_rate" in self._rows.columns:
            found += self._say(f"head_rate{self._whose}", per=per).split("|")
        if "standardised_model_rate" in self._rows.columns:
            found += self._say(f"head_standard{self._whose}").split("|")
        return [*found, *self._say("head_counts").split("|"), self._say("head_notes")]

    @property
    def _whose(self) -> str:
        """Which words name a figure: that of the model alone is told as such."""
        return "" if self._is_corrected else "_model"

    def _line(self, key: str, row: Row) -> list[str]:
        label = self._say("all") if row["margin"] == ALL else self._label(key, row)
        cells = [label]
        if self._is_corrected:
            if row["low"] is None:
                cells += [self._numbers.count(None), "–"]
            else:
                low, high = outward(row["low"], row["high"])
                cells += [
                    self._numbers.corrected(row["estimate"]),
                    f"{self._numbers.count(low)} – {self._numbers.count(high)}",
                ]
        cells.append(self._numbers.count(row["model"]))
        prefix = "" if self._is_corrected else "model_"
        for name in (f"{prefix}rate", f"standardised_{prefix}rate"):
            if name in row:
                cells += [self._numbers.rate(row[name]), self._numbers.between(row[f"{name}_low"], row[f"{name}_high"])]
        cells += [self._numbers.count(row[name]) for name in ("documents", "failed", "reviewed")]
        notes = [self._say("incomplete")] if row.get("incomplete") else []
        if (why := row.get(SUPPRESSED)) is not None:
            notes.append(self._say("suppressed" if why == ROW else "suppressed_standardised"))
        elif not row["documents"] and not row["failed"]:
            notes.append(self._say("few_documents" if self._is_changed else "no_document"))
        return [*cells, clauses(notes, self._language)]

    def _label(self, key: str, row: Row) -> str:
        if row[key] is None:
            return self._say("unknown")
        if key == PERIOD and self._summary.definition.time is not None:
            name = Calendar.of(self._summary.definition.time).name(row[key], self._language)
            return name.replace("-", "\u2011").replace(" ", "\u00a0")  # not to be broken
        if key == PLACE:
            return f"{row[PLACE]} {row['place_name']}"
        return str(row["age_class"] if key == AGE else row[key])


def _still_to_come(row: Row) -> tuple[float, float, float] | None:
    """The nowcast of a period of which reports are not all in, and its limits."""
    if (row.get(COMPLETENESS) or 1) >= 1:
        return None
    expected, low, high = (row[name] for name in NOWCAST)
    return expected, low, high
