"""A run whose answers are hard on files of separated values, for the tests of exports."""

from __future__ import annotations

import datetime
import decimal
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from conftest import SMALL_TASK, extract_here, make_settings, write_documents

TASK: dict[str, Any] = {
    **SMALL_TASK,
    "name": "exported",
    "confidence": True,
    "fields": {
        **SMALL_TASK["fields"],
        "note": {"type": "string", "max_length": 12, "description": "Ce qui est écrit ; tel quel, « ainsi »"},
        "fever": {"type": "boolean", "missing": True, "evidence": True, "assertion": True},
        "signs": {
            "type": "list", "max_items": 4, "evidence": True, "missing": True, "assertion": True,
            "items": {"type": "string", "max_length": 12},
        },
        "days": {"type": "list", "max_items": 3, "items": {"type": "date", "precision": "partial"}},
        "place": {
            "type": "object",
            "fields": {
                "town": {"type": "string", "max_length": 10, "evidence": True},
                "kind": {"type": "enum", "values": ["a", "b"], "labels": {"a": "école", "b": "c'est l'hôpital"}},
                "rooms": {"type": "list", "max_items": 2, "items": {"type": "integer", "minimum": 0, "maximum": 9}},
            },
        },
        "events": {
            "type": "list", "max_items": 3, "evidence": True,
            "items": {
                "type": "object",
                "fields": {
                    "what": {"type": "string", "max_length": 8},
                    "when": {"type": "date", "precision": "partial", "nullable": True},
                    "people": {
                        "type": "list", "max_items": 2,
                        "items": {"type": "object", "fields": {"count": {"type": "integer"}}},
                    },
                },
            },
        },
        "hour": {"type": "time", "nullable": True},
        "at": {"type": "datetime", "nullable": True},
    },
}  # fmt: skip
TEXTS = [f"Fièvre 𝒳 à Paris, note {i} = 2 < 3 & « oui »" for i in range(40)]
TABLES = ("records", "cases", "signs", "days", "place_rooms", "events", "events_people")


def make_run(folder: Path, texts: Sequence[str | None] = (*TEXTS, None, ""), task: Any = TASK) -> Path:
    """A complete run of the scripted engine, with a column of the input that holds formulas and a name that R refuses."""
    named: dict[str, Any] = {
        "Numéro (1)": ["=1+1", "A"] * (len(texts) // 2),
        "hospital": ["X", "Y"] * (len(texts) // 2),
    }
    data = write_documents(folder / "d.parquet", texts, **named)
    extract_here(make_settings(data, folder / "run", task, data__carry_columns=list(named)))
    return folder / "run"


def rows_of(run: Path) -> pl.DataFrame:
    """The published rows."""
    return pl.read_parquet(run / "records" / "*.parquet")


def any_columns() -> dict[str, pa.Array]:
    """Four rows of all types that a column of the input may have, with what is hard on names and numbers."""
    hour = datetime.datetime(2024, 10, 27, 0, 30, tzinfo=datetime.UTC)
    return {
        "decimal": pa.array([decimal.Decimal("1.10"), None, decimal.Decimal("-3.33"), decimal.Decimal(0)]),
        "words": pa.array([["a", "b"], [], None, ["=x"]]),
        "record": pa.array([{"x": 1, "y": {"z": "q"}}, None, {"x": 2, "y": None}, {"x": None, "y": {"z": "é"}}]),
        "records": pa.array([[{"k": 1}], [], None, [{"k": 2}, {"k": 3}]]),
        "large": pa.array([2**64 - 1, 0, None, 1], pa.uint64()),
        "single": pa.array([math.nan, math.inf, None, 1.5], pa.float32()),
        "lasted": pa.array([datetime.timedelta(hours=1), None, datetime.timedelta(0), datetime.timedelta(days=2)]),
        "nothing": pa.nulls(4),
        "category": pa.array(["a", "b", None, "a"]).dictionary_encode(),
        "zoned": pa.array([hour] * 4, pa.timestamp("us", "Europe/Paris")),
        "fine": pa.array([1, 2, 3, None], pa.timestamp("ns")),
        "time": pa.array([datetime.time(1, 2, 3, 4), None, datetime.time(0), datetime.time(23, 59)]),
        "boolean": pa.array([True, None, False, True]),
        "lists": pa.array([[[1], [2, 3]], None, [], [[4]]]),
        "codebook": pa.array(["b"] * 4),
        "status_": pa.array(["c"] * 4),
        "Status": pa.array(["c"] * 4),
        "bytes": pa.array([b"abc", b"\xff\xfe", None, b"z"]),
    }
