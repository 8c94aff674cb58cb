"""A run whose answers are hard on files of separated values, for the tests of exports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

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
