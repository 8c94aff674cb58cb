"""The corpora that the benchmark can ask about, each with its task: French notes of the demo, and English reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl
import yaml

from glane.demo.corpus import write_corpus
from glane.errors import ConfigError
from glane_tools.english_reports import TASK, reports

CorpusName = Literal["notes", "reports"]
_OWN_TASK = "ed_visit"  # of the notes: what conf/benchmark.yaml chooses
_READING = ("confidence", "quotes", "keys", "order", "split", "passes", "repairs")  # what is no part of a question


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """Documents on disk, and how their task is told to glane's own command."""

    documents: Path
    words: tuple[str, ...]


def task_of(corpus: CorpusName, task: Mapping[str, Any]) -> Mapping[str, Any]:
    """The task of a corpus, read in the way that `task`, the one that was configured, is read.

    Raises:
        ConfigError: if another task was chosen for a corpus that has its own.
    """
    if corpus == "notes":
        return task
    if task.get("name") != _OWN_TASK:
        raise ConfigError(f"task: corpus={corpus} has a task of its own, {TASK['name']!r}. Leave out task=.")
    return {**{name: task[name] for name in _READING if name in task}, **TASK}


def written(corpus: CorpusName, folder: Path, words: Sequence[str], *, documents: int, seed: int) -> Corpus:
    """Write the documents into `folder`. `words` tell glane's own command what to ask; they are returned changed."""
    if corpus == "notes":
        write_corpus(folder, documents=documents, seed=seed)
        return Corpus(documents=folder / "documents.parquet", words=tuple(words))
    (folder / "task").mkdir(parents=True)
    (folder / "task" / f"{TASK['name']}.yaml").write_text(yaml.safe_dump(TASK, sort_keys=False), encoding="utf-8")
    texts = [one.text for one in reports(documents, seed=seed)]
    ids = [f"report-{number:07}" for number in range(documents)]
    pl.DataFrame({"id": ids, "text": texts}).write_parquet(folder / "documents.parquet")
    rest = [word for word in words if not word.startswith("task=")]
    chosen = ("--config-dir", str(folder), f"task={TASK['name']}")
    return Corpus(documents=folder / "documents.parquet", words=(*chosen, *rest))
