"""What is told when a task is read."""

from __future__ import annotations

import sys

from glane.task.task import Task


def tell_notes(task: Task) -> None:
    """Say on the terminal what of an imported schema is not kept as it stands there; `run.yaml` has it, too."""
    for note in task.notes:
        print(f"note: {note}", file=sys.stderr)
