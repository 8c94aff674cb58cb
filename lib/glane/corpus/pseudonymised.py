"""Documents of a run that were pseudonymised before a model reads them: what is told of them beside their file.

Their texts, and nothing else, are what a run on them reads, quotes and shows. The originals stay where they were.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from glane.corpus.unchanged import KnownFile
from glane.records import Record, read_record
from glane.storage import exists
from glane.validation import Strict

RECORD = "pseudonyms.json"
PROBLEM = "__glane_problem"  # a column: why a text could not be replaced; null where it could


class PseudonymRules(Strict):
    """By what identifiers were found and replaced. The key is known by a digest, by which it cannot be found."""

    rules: int  # the version of the rules
    key: str
    dates: Literal["kept", "shifted"]
    texts: tuple[str, ...]  # columns whose texts were replaced
    person_column: str | None
    known_columns: tuple[str, ...]
    shift_columns: tuple[str, ...]
    keep: tuple[str, ...]
    style: str
    scope: str
    most_days: int
    whole_weeks: bool
    oldest_age: int | None


class PseudonymisedInput(Record):
    """What `pseudonyms.json` says: of which files the one beside it was made, how, and how much was replaced."""

    kind: Literal["glane pseudonymised input"] = "glane pseudonymised input"
    version: Literal[1] = 1
    rules: PseudonymRules
    columns: tuple[str, ...]  # that were written as they are
    sources: tuple[KnownFile, ...]
    rows: int
    without_text: int  # null or blank, or no UTF-8
    without_identifiers: int  # in which nothing was found
    failed: int  # in which the rules failed: they are answered by nobody
    replaced: Mapping[str, int]  # in texts, by kind
    values: Mapping[str, int] = {}  # cells of columns that are known of the person, by column
    holding: Mapping[str, int] = {}  # rows whose cell in a carried column holds what was replaced, by column


def made_of_digest(rules: PseudonymRules, sources: Sequence[KnownFile]) -> str:
    """What a file of offsets is known by: the rules, and the content of the files."""
    told = [rules.model_dump(mode="json"), [one.digest for one in sources]]
    return hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=16).hexdigest()


def pseudonymised_beside(path: str) -> PseudonymisedInput | None:
    """What is told of the file or folder that `data.path` names, if a run's documents were pseudonymised into it.

    None of others.

    Raises:
        RecordError: if it is damaged.
    """
    for folder in (Path(path), Path(path).parent):
        if exists(record := folder / RECORD):
            return read_record(PseudonymisedInput, record)
    return None


def pseudonym_marks(path: str) -> Mapping[str, Any] | None:
    """What a fingerprint says of pseudonymised documents; None of others."""
    found = pseudonymised_beside(path)
    return None if found is None else found.rules.model_dump(mode="json")


def problem_column(path: str) -> str | None:
    """The column that tells which texts could not be replaced; None where the documents are as they were given."""
    return None if pseudonymised_beside(path) is None else PROBLEM
