"""`glane.link`: which records are of one person or event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from glane.api.link_records import LinkRecords, records_of_run, records_of_table
from glane.api.sources import RunLike, TableLike, name_of, refuse_uncarried, run_of, table_of
from glane.assess.files import as_parquet, read_table, write_folder
from glane.errors import ConfigError
from glane.extraction.results import Run
from glane.languages import Spoken
from glane.linkage.attributes import RECORD, Attributes, attributes
from glane.linkage.count import entity_count, strata_of
from glane.linkage.link import ENTITY, Linked, names_of
from glane.linkage.link import link as linked_records
from glane.linkage.page import link_page
from glane.linkage.record import ColumnTold, LinkSummary, RuleTold
from glane.linkage.sample import empty_of, entity_sample, sample_of, with_reviewed
from glane.linkage.told import link_text
from glane.run.links import RunLink, links_to
from glane.settings.link import LinkDefinition, beginning
from glane.spreadsheets import without_formulas
from glane.types import Language
from glane.validation import validated

_USUAL = 0.95  # of the entities


@dataclass(frozen=True, slots=True, kw_only=True)
class Linkage(Spoken):
    """Records with their entities. `str()` of it says how many, and what the number rests on."""

    links: pl.DataFrame  # a row for each record: its key, `entity` and `weight`
    pairs: pl.DataFrame  # to be looked at
    decisions: pl.DataFrame  # pairs that the number of entities hangs on, with `same` where somebody said it
    summary: LinkSummary
    attributes: Attributes | None = None
    sample: pl.DataFrame | None = None  # decisions to be reviewed
    entity_sample: pl.DataFrame | None = None  # documents of entities to be reviewed whole
    language: Language = "en"  # that the page opens in

    def _in_english(self) -> str:
        return link_text(self.summary)

    def write(self, folder: str) -> list[str]:
        """Write `links.parquet`, `pairs.parquet`, `decisions.parquet`, `link.json`, `report.html`, and what was asked.

        Returns:
            Their names.

        Raises:
            RunError: if the file system refuses.
        """
        tables = {"links": self.links, "pairs": self.pairs, "decisions": self.decisions}
        if self.sample is not None:
            tables["sample"] = self.sample
        if self.attributes is not None:
            told = self.attributes
            tables |= {"entities": told.entities, "contradictions": told.contradictions, "reports": told.reports}
        files = {f"{name}.parquet": as_parquet(table) for name, table in tables.items()}
        if self.sample is not None:
            files["sample.csv"] = without_formulas(self.sample).write_csv().encode()
        if self.entity_sample is not None:
            files["entity_sample.csv"] = without_formulas(self.entity_sample).write_csv().encode()
        files["link.json"] = self.summary.as_json()
        files["report.html"] = link_page(self.summary, language=self.language).encode()
        write_folder(folder, files, of=[] if self.summary.run is None else [self.summary.run])
        return list(files)


def link(
    source: RunLike | TableLike,
    linkage: LinkDefinition | Mapping[str, Any],
    *,
    id_column: str | None = None,
    sample: int = 0,
    sample_entities: int = 0,
    reviewed: TableLike | None = None,
    level: float = 0.95,
    out_dir: str | None = None,
) -> Linkage:
    """Link the records of a run or of a table.

    Args:
        source: A run, or its directory; with `id_column`, a table or its file.
        linkage: How records are compared, as a file of `conf/linkage/` says it.
        id_column: Of a table: the column of ids.
        sample: How many decisions are drawn for review.
        sample_entities: How many entities are drawn, all documents of which are to be reviewed.
        reviewed: Such a sample, its column `same` filled by a reader; without one there is no interval.
        level: Of the interval.
        out_dir: Where to write the result, if anywhere.

    Raises:
        GlaneError: if the definition and the records do not go together, or pairs are too many.
    """
    definition = linkage if isinstance(linkage, LinkDefinition) else validated(LinkDefinition, linkage, place="linkage")
    run = run_of(source) if id_column is None and not isinstance(source, pl.DataFrame) else None
    records = _records(source, run, definition, id_column)
    found = linked_records(records.rows, definition, records.key)
    told = None if reviewed is None else reviewed if isinstance(reviewed, pl.DataFrame) else _read(str(reviewed))
    decisions = with_reviewed(found.decisions, told)
    made = _attributes(records, found, definition)
    summary = _summary(
        name_of(source) or "", run, records, definition, found, decisions,
        reviewed=name_of(reviewed), empty=empty_of(told), level=level, made=made,
    )  # fmt: skip
    result = Linkage(
        links=found.links, pairs=found.pairs, decisions=decisions, summary=summary, attributes=made,
        sample=sample_of(found.decisions, sample, seed=definition.seed) if sample else None,
        entity_sample=entity_sample(found.links, sample_entities, seed=definition.seed) if sample_entities else None,
        language="en" if run is None else run.task.language,
    )  # fmt: skip
    if out_dir is not None:
        result.write(out_dir)
    return result


def _read(path: str) -> pl.DataFrame:
    return read_table(path, place="reviewed")


def _records(
    source: RunLike | TableLike, run: Run | None, definition: LinkDefinition, id_column: str | None
) -> LinkRecords:  # fmt: skip
    if run is not None:
        refuse_uncarried(run, linkage=[name for name in definition.columns if "." not in name])
        return records_of_run(run, definition)
    if id_column is None or isinstance(source, Run):
        raise ConfigError("id_column: name the column of the table that holds ids.")
    if definition.list is not None:
        raise ConfigError("linkage.list: is of a run; a table has one row per record already.")
    return records_of_table(table_of(source, place="source", id_column=id_column), id_column, definition)


def _attributes(records: LinkRecords, found: Linked, definition: LinkDefinition) -> Attributes | None:
    if definition.date is None:
        return None
    rows = records.rows.sort(list(records.key))
    named = rows.with_columns(found.links[ENTITY], names_of(rows, records.key).alias(RECORD))
    return attributes(named, definition.attributes, date=definition.date)


def _summary(
    source: str,
    run: Run | None,
    records: LinkRecords,
    definition: LinkDefinition,
    found: Linked,
    decisions: pl.DataFrame,
    *,
    reviewed: str | None,
    empty: Mapping[str, int],
    level: float,
    made: Attributes | None,
) -> LinkSummary:
    links: tuple[RunLink, ...] = () if run is None else links_to([run.directory])
    sizes = found.links[ENTITY].value_counts()["count"].to_numpy()
    model = found.scores.model
    return LinkSummary(
        source=source, run=next(iter(links), None), toy=None if run is None else run.toy,
        fingerprint=None if run is None else run.description().fingerprint_digest,
        key=records.key, definition=definition, records=records.rows.height, entities=found.num_entities,
        largest=int(np.max(sizes, initial=0)),
        usual=int(np.quantile(sizes, _USUAL, method="lower")) if len(sizes) else None,
        compared=len(found.scores.odds), to_review=found.pairs.height,
        contested=found.contested, columns=_columns(records, found), rules=_rules(records, definition, found),
        is_converged=None if model is None else model.is_converged,
        strata=strata_of(decisions, empty), reviewed=reviewed,
        count=entity_count(decisions, records=records.rows.height, level=level, seed=definition.seed),
        contradictions=None if made is None else made.contradictions.select("column", "kind", "number").n_unique(),
    )  # fmt: skip


def _columns(records: LinkRecords, found: Linked) -> tuple[ColumnTold, ...]:
    model = found.scores.model
    return tuple(
        ColumnTold(
            column=one.name, levels=one.words, missing=int(np.sum(one.codes < 0)),
            unverified=records.unverified[one.name], m=() if model is None else tuple(model.m[at].tolist()),
            u=() if model is None else tuple(model.u[at].tolist()),
        )
        for at, one in enumerate(found.scores.columns)
    )  # fmt: skip


def _columns_of(rule: Sequence[str]) -> list[str]:
    return [beginning(name)[0] for name in rule]


def _rules(records: LinkRecords, definition: LinkDefinition, found: Linked) -> tuple[RuleTold, ...]:
    told, model = found.scores.candidates, found.scores.model
    return tuple(
        RuleTold(
            columns=rule, pairs=int(told.rules[:, at].sum()), largest=told.largest[at],
            without=records.rows.select(pl.any_horizontal(pl.col(_columns_of(rule)).is_null()).sum()).item(),
            share=None if model is None else float(model.shares[1 + at]),
        )
        for at, rule in enumerate(definition.block)
    )  # fmt: skip
