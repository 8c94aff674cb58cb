"""What the corpus generator is told."""

from __future__ import annotations

from omegaconf import DictConfig
from pydantic import Field as Key

from glane.settings.read import plain
from glane.validation import Strict, validated


class DemoCorpusSettings(Strict):
    """What `jobs/demo_corpus.py` is told."""

    path: str
    documents: int = Key(default=300, ge=1)
    seed: int = 0


def demo_corpus_settings(config: DictConfig) -> DemoCorpusSettings:
    """Read the composed configuration of the corpus generator; raises `ConfigError` as `extract_settings` does."""
    return validated(DemoCorpusSettings, plain(config), place="")
