"""The reference tables of a task as part of a run: their content decides its result, and may not change under it."""

from __future__ import annotations

from typing import Any

from glane.corpus.unchanged import content_digest
from glane.errors import DataError
from glane.normalisation.derive import Derivation
from glane.run.fingerprint import Fingerprint
from glane.task.task import Task


def lookup_marks(task: Task) -> dict[str, Any]:
    """How each table is read, and the digest of its content; not where it is.

    Raises:
        DataError: if a table cannot be read.
    """
    return {
        name: {**one.model_dump(mode="json", exclude={"path"}), "digest": content_digest(one.path)}
        for name, one in task.lookups.items()
    }


def derivation_of(task: Task, fingerprint: Fingerprint) -> Derivation:
    """Read the tables of a run, and prove that they are those that it was begun with.

    Raises:
        GlaneError: naming the table that is missing, unreadable or has changed.
    """
    found = Derivation(task)  # before the digests: a table that changes meanwhile is seen
    begun = fingerprint["task"].get("lookups", {})
    for name, mark in lookup_marks(task).items():
        if mark != begun.get(name):
            raise DataError(
                f"task.lookups.{name}: {task.lookups[name].path} has changed since the run began. Put the former table "
                "back and run the same command again, or choose another run.dir for the new one."
            )
    return found
