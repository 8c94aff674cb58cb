"""Some of the documents that an extraction would ask about, read before there is a run."""

from __future__ import annotations

from glane.corpus.group_plan import make_group_plan
from glane.corpus.plan import make_plan
from glane.extraction.prepare import checked_files
from glane.extraction.reader import reader_of
from glane.extraction.selection import selected_rows
from glane.settings import DataSettings
from glane.task.task import Task
from glane.types import Document


def some_documents(
    data: DataSettings, task: Task, *, most: int, shard_bytes: int
) -> tuple[list[Document], tuple[str, ...]]:
    """The first `most` selected documents, and what there is to note of the selection.

    Raises:
        GlaneError: as the extraction itself would.
    """
    files = checked_files(data.path, data, task)
    selected = selected_rows(files, data.model_copy(update={"limit": min(most, data.limit or most)}))
    make = make_plan if selected.groups is None else make_group_plan
    plan = make(files, selected, shard_rows=most, shard_bytes=shard_bytes)
    reader = reader_of(data, task, plan.files, carry_columns=())
    found = [row for index in range(plan.num_shards) for row in reader.read(plan.shard(index)).documents]
    return found, selected.notes
