"""Notes for the user about a task that was read."""

from __future__ import annotations

import sys

from glane.languages import say
from glane.normalisation.tables import read_table
from glane.task.task import Task


def tell_notes(task: Task) -> None:
    """Print what was changed or left out of an imported schema, and what examples should not show, on the terminal.

    `run.yaml` holds the same notes.
    """
    for note in task.notes:
        say(f"note: {note}", to=sys.stderr)


def tell_tables(task: Task) -> None:
    """Read the reference tables of a task, and print what of them cannot be found or told apart.

    Raises:
        ConfigError: for a table that is missing or cannot be used.
    """
    for name, lookup in task.lookups.items():
        for note in read_table(name, lookup).notes:
            say(f"note: {note}", to=sys.stderr)
