"""Documents of a run that were pseudonymised before a model reads them: what is told of them beside their file.

Their texts, and nothing else, are what a run on them reads, quotes and shows. The originals stay where they were.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from glane.corpus.unchanged import KnownFile
from glane.errors import RecordError
from glane.plain_values import json_values
from glane.records import Record, parse_record, read_record
from glane.storage import bytes_digest, exists
from glane.validation import Strict

RECORD = "pseudonyms.json"
MARK = b"glane.pseudonyms"  # in the metadata of a Parquet file: how its documents were pseudonymised
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

    def as_values(self) -> dict[str, Any]:
        """The rules as plain values, which a fingerprint holds."""
        return self.model_dump(mode="json")


class PseudonymisedInput(Record):
    """What `pseudonyms.json` says: of which files the one beside it was made, how, and how much was replaced."""

    kind: Literal["glane pseudonymised input"] = "glane pseudonymised input"
    version: Literal[1] = 1
    rules: PseudonymRules
    columns: tuple[str, ...]  # that were written as they are
    true_dates: tuple[str, ...] = ()  # those of these that hold dates, where dates of texts are shifted
    sources: tuple[KnownFile, ...]
    rows: int
    without_text: int  # null or blank, or no UTF-8
    without_identifiers: int  # in which nothing was found
    failed: int  # in which the rules failed: they are answered by nobody
    dates_left: int = 0  # months without a year and weeks, where other dates are shifted
    replaced: Mapping[str, int]  # in texts, by kind
    values: Mapping[str, int] = {}  # cells of columns that are known of the person, by column
    holding: Mapping[str, int] = {}  # rows whose cell in a carried column holds what was replaced, by column


class PseudonymMark(Record):
    """What a Parquet file of pseudonymised documents says of itself, wherever it is copied to."""

    kind: Literal["glane pseudonymised file"] = "glane pseudonymised file"
    version: Literal[1] = 1
    rules: PseudonymRules


def made_of_digest(rules: PseudonymRules, sources: Sequence[KnownFile], *, ids: Sequence[str] = ()) -> str:
    """What a file of offsets is known by: the rules, the content of the files, and how ids are written if told."""
    told = [rules.model_dump(mode="json"), [one.digest for one in sources], *ids]
    return bytes_digest(json.dumps(told, sort_keys=True).encode())


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


def digests_of_originals(folder: Path) -> list[tuple[str, str]]:
    """The paths and digests of the files of which the documents of a run's `input` were made; none of others."""
    try:
        return [(one.path, one.digest) for one in read_record(PseudonymisedInput, folder / RECORD).sources]
    except (OSError, RecordError):
        return []


def with_mark(schema: pa.Schema, rules: PseudonymRules | None) -> pa.Schema:
    """A schema whose file says how its documents were pseudonymised; None: it is as it was."""
    if rules is None:
        return schema
    return schema.with_metadata({**(schema.metadata or {}), MARK: PseudonymMark(rules=rules).model_dump_json()})


def rules_of(path: str, marks: Iterable[bytes | None]) -> PseudonymRules | None:
    """How the documents that `data.path` names were pseudonymised, by a run or before; None if none of them were.

    Args:
        path: What `data.path` names.
        marks: What its files say of themselves (`InputFile.mark`).

    Raises:
        RecordError: if what is told is damaged, or of another version.
    """
    if (found := pseudonymised_beside(path)) is not None:
        return found.rules
    different = list(dict.fromkeys(marks))
    told = [_read_mark(one, path) for one in different if one is not None]
    if len(different) < 2:
        return told[0] if told else None
    return _of_several(told)


def _read_mark(mark: bytes, path: str) -> PseudonymRules:
    try:
        values = json_values(mark)
    except ValueError:
        raise RecordError(f"{path}: damaged; what a file says of its pseudonyms is not JSON.") from None
    return parse_record(PseudonymMark, values, place=path).rules


def _of_several(told: Sequence[PseudonymRules]) -> PseudonymRules:
    """What files that were not pseudonymised alike have in common: dates are shifted if those of one file are."""
    most = max(told, key=lambda one: (one.dates == "shifted", one.most_days))
    shifted = dict.fromkeys(name for one in told for name in one.shift_columns)
    keys = ",".join(sorted({one.key for one in told}))
    return most.model_copy(update={"shift_columns": tuple(shifted), "key": keys})


def known_rules(fingerprint: Mapping[str, Any]) -> PseudonymRules | None:
    """How the documents of the run with a fingerprint were pseudonymised, before or by the run; None if not."""
    told = fingerprint.get("pseudonyms")
    return None if told is None else PseudonymRules.model_validate(told)


def shifted_rules(fingerprint: Mapping[str, Any]) -> PseudonymRules | None:
    """By which rules the dates of the documents of the run with a fingerprint were shifted; None if they were not."""
    rules = known_rules(fingerprint)
    return None if rules is None or rules.dates != "shifted" else rules


def problem_column(path: str) -> str | None:
    """The column that tells which texts could not be replaced; None where the documents are as they were given."""
    return None if pseudonymised_beside(path) is None else PROBLEM
