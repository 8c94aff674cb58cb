"""Statements made to pass the checks of briefs: how many of each kind are caught or pass, and how many true are dropped.

python tests/simulations/brief_attacks.py

Each line of `tests/briefs_attacks.jsonl` is a passage with false and true sentences about it. Those of `later` were
written after the lists of words, and the lists were not changed for them; the others were known when these were.
"""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from glane.briefs.checks import Cited, checked
from glane.briefs.passages import widened
from glane.briefs.record import Quote
from glane.briefs.tasks import statements_task
from glane.reading.suspicion import Suspicion
from glane.settings.brief_definition import StatementSettings
from glane.task.task import load_task

PATH = Path(__file__).resolve().parents[1] / "briefs_attacks.jsonl"


def cases() -> list[dict[str, Any]]:
    """The passages, with their statements."""
    return [json.loads(line) for line in PATH.read_text().splitlines()]


def failed(case: dict[str, Any], sentence: str, suspicions: list[Suspicion]) -> list[str]:
    """The checks that a sentence fails, as a brief makes them."""
    document, quoted = case["passage"], case.get("quote", case["passage"])
    at = document.index(quoted)
    start, end = (0, len(document)) if quoted == document else widened(document, at, at + len(quoted))
    day = datetime.date.fromisoformat(case["day"]) if "day" in case else None
    quote = Quote(
        number=1, document="d", text=document[start:end], start=start, end=end, day=day, place=case.get("place")
    )
    found = checked(
        " ".join(sentence.split()),
        Cited(quote=quote, copied=case.get("copied", quoted)),
        document=document,
        speaks=lambda text: any(bool(one.in_text(text)) for one in suspicions),
        terms=frozenset(case.get("terms", ())),
    )
    return [one.name for one in found if not one.passed]


def results() -> Iterator[dict[str, Any]]:
    """One row for each statement."""
    tasks = [
        load_task(statements_task(StatementSettings(fields=("a",), question={"fr": "Q ?", "en": "Q?"}), language))
        for language in ("fr", "en")
    ]
    suspicions = [Suspicion(one.fields, one.spelling) for one in tasks]
    for case in cases():
        for truth in ("true", "false"):
            for sentence in case.get(truth, ()):
                checks = failed(case, sentence, suspicions)
                yield {
                    "later": case.get("later", False), "kind": case["kind"], "truth": truth,
                    "passage": case["passage"], "sentence": sentence, "failed": ", ".join(checks),
                }  # fmt: skip


def by_kind(rows: pl.DataFrame) -> pl.DataFrame:
    """False statements caught and passed, and true ones dropped, by kind; all of them last."""
    is_false, is_failed = pl.col("truth") == "false", pl.col("failed") != ""
    counts = [
        is_false.sum().alias("false"), (is_false & is_failed).sum().alias("caught"),
        (is_false & ~is_failed).sum().alias("passed"), (~is_false).sum().alias("true"),
        (~is_false & is_failed).sum().alias("dropped"),
    ]  # fmt: skip
    total = rows.select(pl.lit("all").alias("kind"), *counts)
    return pl.concat([rows.group_by("kind").agg(counts).sort("kind"), total])


if __name__ == "__main__":
    rows = pl.DataFrame(list(results()))
    for later in (False, True):
        print("written after the lists" if later else "known when the lists were written")
        print("| kind | false | caught | passed | true | dropped |\n| --- | --: | --: | --: | --: | --: |")
        for row in by_kind(rows.filter(pl.col("later") == later)).iter_rows():
            print("|", " | ".join(map(str, row)), "|")
    if "--each" in sys.argv:
        wrong = (pl.col("truth") == "false") == (pl.col("failed") == "")
        for row in rows.filter(wrong).iter_rows(named=True):
            print(row)
