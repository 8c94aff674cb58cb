"""Ids that are words of a run itself: `true`, a field, the value of one, a number of its settings."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from glane.job.erase.pieces import strings_in
from glane.job.erase.rows import RunRows
from glane.job.erase.standing import Standing
from glane.job.erase.tables import is_telling, is_word
from glane.rewritten import REWRITTEN
from glane.run.written import WRITTEN


def words_in(runs: Sequence[RunRows], ids: Collection[str]) -> frozenset[str]:
    """Those of some ids that the files of any run hold, or that the codebooks of these do."""
    standing = Standing(ids)
    found = {one for one in ids if is_word(one) and not is_telling(one)}
    for rows in runs:
        for entry in rows.description.codebook:
            found |= standing.in_text("\n".join(strings_in(entry.model_dump())))
    return frozenset(found)


def holds_words(path: Path, runs: Sequence[RunRows]) -> bool:
    """Whether words of a run tell nothing in the text of a file: where it is a run's own, and in what tells of files.

    There they are looked for where an id can stand: in columns of ids, by `ids_held`, and in `words_told`.
    """
    return path.name in (WRITTEN, REWRITTEN) or any(path.is_relative_to(one.directory.root) for one in runs)


def words_told(path: Path, words: Collection[str], runs: Sequence[RunRows]) -> set[str]:
    """Those of some words that a run says of its input, if a file is where it says so."""
    rows = next((one for one in runs if path == one.directory.description), None)
    if rows is None:
        return set()
    told = rows.description
    said = strings_in([rows.data, told.fingerprint.get("data"), [file.path for file in told.files]])
    return Standing(words).in_text("\n".join(said))
