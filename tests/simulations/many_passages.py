"""The memory that a brief takes to make the bundles of many documents.

python tests/simulations/many_passages.py 100000
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl

from glane.api.brief_passages import Passages
from glane.briefs.bundles import bundled
from glane.settings.brief_definition import BriefDefinition
from glane.validation import validated

SENTENCE = "Le patient arrive aux urgences avec une toux depuis trois jours et une température de 38,5 le soir. "


def documents(folder: Path, num: int) -> Path:
    """Documents of a thousand characters, in files of 10,000 rows."""
    for first in range(0, num, 10_000):
        rows = range(first, min(num, first + 10_000))
        table = pl.DataFrame(
            {"id": [f"d{row}" for row in rows], "text": [f"{SENTENCE * 10}Note {row}." for row in rows]}
        )
        table.write_parquet(folder / f"part-{first:08d}.parquet")
    return folder


def passages(folder: Path, num: int) -> Passages:
    """What a brief reads of these documents: of each one quote of a run that stands for a real one."""
    ids = [f"d{row}" for row in range(num)]
    quotes = pl.LazyFrame({"id": ids}).with_columns(
        pl.lit("what").alias("field"), pl.lit("toux").alias("quote"), pl.lit("exact").alias("alignment"),
        pl.lit(44, pl.Int64).alias("start"), pl.lit(48, pl.Int64).alias("end"),
    )  # fmt: skip
    run: Any = SimpleNamespace(
        id_column="id", settings=SimpleNamespace(data=SimpleNamespace(group_by=None, text_column="text")),
        task=SimpleNamespace(fields={"what": None}), evidence=lambda: quotes,
        doubts=lambda: pl.LazyFrame(schema={"id": pl.String, "field": pl.String, "sign": pl.String, "what": pl.String}),
        documents=lambda: pl.scan_parquet(folder / "*.parquet"),
    )  # fmt: skip
    told = {
        "name": "b", "title": {"fr": "b", "en": "b"}, "measures": [{"name": "m", "case": "x", "label": {"fr": "x", "en": "x"}}],
        "statements": {"fields": ["what"], "question": {"fr": "?", "en": "?"}},
    }  # fmt: skip
    rows = pl.DataFrame({"id": ids})
    facts = SimpleNamespace(rows=rows, holds=lambda _: pl.repeat(True, num, eager=True, dtype=pl.Boolean))
    figures: Any = SimpleNamespace(facts=facts, domain=None)
    return Passages(run, validated(BriefDefinition, told, place="brief"), figures)


def peak_mib() -> float:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    num = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as place:
        folder = documents(Path(place), num)
        found, before, start = passages(folder, num), peak_mib(), time.monotonic()
        texts = [one.text for one in bundled((quote for told in found.documents() for quote in told.quotes), 8)]
        took = time.monotonic() - start
    print(f"{num:,} documents, {len(texts):,} bundles of {sum(map(len, texts)) / 2**20:.0f} MiB in {took:.0f} s")
    print(f"memory at most: {before:.0f} MiB before, {peak_mib():.0f} MiB after")
