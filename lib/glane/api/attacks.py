"""`glane.plant_attacks` and `glane.measure_attacks`: how far documents that speak to a model change its answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from glane.api.gold import gold_of, warn_of
from glane.api.numbers import check_numbers
from glane.api.sources import RunLike, TableLike, name_of, run_of, table_of
from glane.assess.attacks.measure import measure_attacks as measured
from glane.assess.attacks.plant import Planted, counts_of, fields_to_ask, plant
from glane.assess.attacks.record import AttackSummary, PlantedSummary
from glane.assess.attacks.report import attacks_report, attacks_text
from glane.assess.evaluate.answers import answers_of
from glane.assess.evaluate.pairing import pair
from glane.assess.files import as_parquet, write_folder
from glane.assess.sampling import draw
from glane.languages import Spoken
from glane.run.links import RunLink, links_to
from glane.settings.plant import PlantSettings
from glane.task.fields import Field
from glane.types import Language


def plant_attacks(
    run: RunLike,
    *,
    rows: int = 100,
    each: int = 2,
    fields: Sequence[str] = (),
    gold: TableLike | None = None,
    seed: int = 0,
    out_dir: str | None = None,
) -> Planted:
    """Copy documents of a complete run, and plant attacks into the copies: sentences that ask for a wrong value.

    Ask the same task of `documents`, which holds the documents without an attack, too, and give the run and these
    documents to `measure_attacks`. Ids are texts; copies have others.

    Args:
        run: A run, or its directory: its documents, its task, and its answers, which no attack asks for.
        rows: How many documents are drawn.
        each: Attacks for each of them, each in a copy of its own.
        fields: Those that attacks ask for; all booleans, categories, numbers, dates and texts if empty.
        gold: Right answers, which no attack asks for either.
        seed: Of the draw, and of kinds, values and places.
        out_dir: Where to write `documents.parquet` and `planted.json`, if anywhere. It holds texts: it is confidential.

    Raises:
        GlaneError: if the run is not complete, its input is gone, or no field can be asked for.
    """
    check_numbers(PlantSettings, rows=rows, each=each, seed=seed)
    opened = run_of(run)
    task, data = opened.task, opened.settings.data
    asked, id_column = fields_to_ask(task.fields, fields), data.id_column
    drawn = draw(
        opened.usable(), opened.inputs(), id_column=id_column, method="random", fields=(), num_rows=rows, seed=seed
    )
    ids = drawn.select(id_column).lazy()
    columns = dict.fromkeys([id_column, data.text_column, *task.input_columns])
    documents = opened.inputs().select(list(columns)).join(ids, on=id_column, how="semi").collect()
    answered = opened.usable().join(ids, on=id_column, how="semi").collect()
    known: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    _add(known, asked, answered, id_column)
    if gold is not None:
        known_right = gold_of(gold, [opened])
        warn_of(known_right)
        paired = pair(task.fields, opened.usable(), known_right.table, id_column=id_column)
        right = {name: field for name, field in paired.fields.items() if name in asked}
        _add(known, right, paired.gold, id_column)
    as_text = documents.with_columns(pl.col(id_column).cast(pl.String))
    planted = plant(
        asked, task.spelling, as_text, known, id_column=id_column, text_column=data.text_column, each=each, seed=seed
    )
    summary = PlantedSummary(
        run=name_of(run), task=f"{task.name} {task.version}", gold=name_of(gold), seed=seed, each=each,
        **counts_of(planted, each=each),
    )  # fmt: skip
    found = Planted(documents=planted, summary=summary)
    if out_dir is not None:
        write_folder(out_dir, {"documents.parquet": as_parquet(planted), "planted.json": summary.as_json()})
    return found


def _add(
    known: dict[str, list[Mapping[str, Any]]], fields: Mapping[str, Field], table: pl.DataFrame, id_column: str
) -> None:
    for id_, answer in zip(table[id_column].cast(pl.String), answers_of(fields, table), strict=True):
        known[id_].append(answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attacks(Spoken):
    """How planted attacks fared. `str()` of it is a few short tables."""

    attacks: pl.DataFrame  # one row per attack
    summary: AttackSummary  # everything that the report shows
    language: Language
    links: tuple[RunLink, ...] = ()  # to the runs that it is of

    def _in_english(self) -> str:
        return attacks_text(self.summary)

    def write(self, folder: str) -> list[str]:
        """Write `attacks.json`, `attacks.html` and `attacks.parquet`; return their names.

        Raises:
            RunError: if the file system refuses.
        """
        files = {
            "attacks.json": self.summary.as_json(),
            "attacks.html": attacks_report(self.summary, language=self.language).encode(),
            "attacks.parquet": as_parquet(self.attacks),
        }
        write_folder(folder, files, of=self.links)
        return list(files)


def measure_attacks(run: RunLike, planted: TableLike, *, out_dir: str | None = None) -> Attacks:
    """How often planted attacks had the answer that they ask for, and how often no sign tells.

    Args:
        run: A complete run over the planted documents, or its directory.
        planted: The documents that `plant_attacks` made, or the path of their Parquet file.
        out_dir: Where to write the result, if anywhere.

    Raises:
        GlaneError: if the run is not complete, or is not over these documents.
    """
    opened = run_of(run)
    task, described, id_column = opened.task, opened.description(), opened.settings.data.id_column
    found = measured(
        task.fields, opened.all(), table_of(planted, place="attacks", id_column=id_column), id_column=id_column
    )
    about = {
        "run": name_of(run), "task": f"{task.name} {task.version}", "model": described.model, "toy": described.toy,
        "planted": name_of(planted),
    }  # fmt: skip
    result = Attacks(
        attacks=found.attacks,
        summary=found.summary.model_copy(update=about),
        language=task.language,
        links=links_to([opened.directory]),
    )
    if out_dir is not None:
        result.write(out_dir)
    return result
