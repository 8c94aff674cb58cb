"""Draft a task from a few documents and a sentence, with a model, for you to edit.

  glane new-task from=documents.parquet about="Intoxications au CO" model=mistral_small out=tasks/task/co.yaml
  glane extract --config-dir tasks task=co data.path=documents.parquet model=mistral_small preview=10

The model proposes fields, and answers the drafted task for the examples. What could not be asked is left out and told.
Nobody has checked a draft: read each field and each example before you use it. On a terminal descriptions are shown,
which may repeat documents; not where output goes to a file or another program.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Draft the task, write it, and say what it asks."""
    from glane.api.new_task import new_task
    from glane.languages import say
    from glane.settings import new_task_settings

    told = new_task_settings(values)
    found = new_task(
        told.source, told.about, model=told.model.model_dump(mode="json"), out=told.out, language=told.language,
        text_column=told.text_column, num_documents=told.documents, num_examples=told.examples,
        most_fields=told.most_fields, longest=told.longest, run__allow_toy=told.allow_toy,
    )  # fmt: skip
    say(found.told(with_descriptions=sys.stdout.isatty()))
