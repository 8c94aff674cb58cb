"""Write a synthetic corpus of emergency notes with its right answers.

glane demo-corpus path=demo documents=300 seed=0
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Generate, and say what was written."""
    from glane.demo.corpus import write_corpus
    from glane.languages import say
    from glane.settings import demo_corpus_settings

    settings = demo_corpus_settings(values)
    write_corpus(Path(settings.path), documents=settings.documents, seed=settings.seed)
    say(f"{settings.path}: documents.parquet, gold.parquet, gold_spans.parquet ({settings.documents} synthetic notes)")
