"""Notes for the user about a task that was read."""

from __future__ import annotations

import sys

from glane.task.task import Task


def tell_notes(task: Task) -> None:
    """Print what was changed or left out of an imported schema, and what examples should not show, on the terminal.

    `run.yaml` holds the same notes.
    """
    for note in task.notes:
        print(f"note: {note}", file=sys.stderr)
