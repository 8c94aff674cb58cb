"""What the corpus generator is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field as Key

from glane.settings.shapes import HomePath
from glane.validation import Strict, validated


class DemoCorpusSettings(Strict):
    """What `jobs/demo_corpus.py` is told."""

    path: HomePath
    documents: int = Key(default=300, ge=1)
    seed: int = 0


def demo_corpus_settings(values: Mapping[str, Any]) -> DemoCorpusSettings:
    """Read the composed configuration of the corpus generator; raises `ConfigError` as `extract_settings` does."""
    return validated(DemoCorpusSettings, values, place="")
