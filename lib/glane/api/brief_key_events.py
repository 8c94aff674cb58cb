"""The key events of a brief's documents, and those of which none of its statements tells."""

from __future__ import annotations

from collections.abc import Set

import polars as pl

from glane.api.brief_figures import Figures
from glane.api.links import read_links
from glane.api.several_runs import together
from glane.briefs.key_events import Counted, grouped, of_case, of_groups
from glane.briefs.record import KeyEvents
from glane.errors import ConfigError
from glane.extraction.results import Run
from glane.linkage.link import ENTITY
from glane.settings.brief_definition import KeySettings

_SETTING = "brief.statements.key"


def key_events(run: Run, figures: Figures, asked: KeySettings, cited: Set[str]) -> tuple[KeyEvents, ...]:
    """Count the events of each sort in the documents of a brief, those included that were not read.

    Args:
        run: The run.
        figures: Of the brief, with the rows of its documents.
        asked: Which events are key.
        cited: The ids of the documents that verified statements cite.

    Raises:
        GlaneError: for a column of lists, or links of another run.
    """
    facts = figures.facts
    rows = facts.rows.filter(facts.holds(figures.domain))
    ids = rows[facts.id_column]
    found = []
    for one in asked.cases:
        is_case = facts.holds(one.case).filter(facts.holds(figures.domain))
        counted = of_case(sorted(ids.filter(is_case).cast(pl.String)), cited, listed=asked.listed)
        found.append(_told("case", counted).model_copy(update={"label": one.label}))
    for column in asked.by:
        if rows.schema[column].is_nested():
            raise ConfigError(f"{_SETTING}.by: {column!r} holds lists or records. Choose a column of plain values.")
        counted = of_groups(grouped(ids, rows[column]), cited, listed=asked.listed)
        found.append(_told("group", counted).model_copy(update={"column": column}))
    if asked.links is not None:
        records = read_links(asked.links, together([run]), setting=f"{_SETTING}.links").records
        name = records.columns[0]
        linked = records.with_columns(pl.col(name).cast(pl.String)).filter(
            pl.col(name).is_in(ids.cast(pl.String).implode())
        )
        several = {one: of for one, of in grouped(linked[name], linked[ENTITY]).items() if len(of) > 1}
        found.append(_told("linked", of_groups(several, cited, listed=asked.listed)))
    return tuple(found)


def _told(of: str, counted: Counted) -> KeyEvents:
    events, cited, absent = counted
    return KeyEvents.model_validate({"of": of, "events": events, "cited": cited, "absent": absent})
