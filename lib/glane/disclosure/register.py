"""The register of a series: every table of it that was issued, as it was issued.

A folder with a file for each table, which appears whole under the next number, or not at all. It holds what was told,
and which rows were suppressed; never a suppressed count. All count the same (`glane.disclosure.series`). Keys are known
by their columns, so a table by place of residence and one by place of the hospital have two keys.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import numpy as np

from glane.disclosure.counts import Former
from glane.disclosure.layout import Layout, Span
from glane.disclosure.series import Series, refuse_other_roles
from glane.errors import RunError
from glane.locks import lock
from glane.records import Record, read_record
from glane.storage import listed, storage_errors, write_once
from glane.validation import Strict

_SETTING = "table.disclosure.register"
_PATIENCE_S = 60.0
_MODE = 0o600


class IssuedKey(Strict):
    """A key of an issued table."""

    name: str  # the column
    role: str  # what it is taken for: two tables of one register take a column for the same
    spans: tuple[Span, ...]


class IssuedTable(Record):
    """A table as it was issued."""

    kind: Literal["glane issued table"] = "glane issued table"
    version: Literal[2] = 2
    name: str
    series: Series
    issued: datetime.datetime
    keys: tuple[IssuedKey, ...]
    rows: tuple[tuple[int, ...], ...]  # of each row: the number of the span of each key
    cases: tuple[int | None, ...]  # None: suppressed
    documents: tuple[int | None, ...]

    def layout(self) -> Layout:
        """What its rows count."""
        rows = np.array(self.rows, dtype=np.int64).reshape(len(self.rows), len(self.keys))
        return Layout(spans={key.name: key.spans for key in self.keys}, rows=rows)

    def tells(self, other: IssuedTable) -> bool:
        """Whether it says the same as another."""
        told = {"name", "series", "keys", "rows", "cases", "documents"}
        return self.model_dump(include=told) == other.model_dump(include=told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """The tables of a folder."""

    folder: Path
    tables: tuple[IssuedTable, ...]  # the oldest first

    def refuse_other(self, series: Series, roles: Mapping[str, str]) -> None:
        """Refuse a table that counts something else than those that are there, or takes a column for something else.

        Raises:
            ConfigError: naming what differs.
        """
        folders = tuple(sorted({one for table in self.tables for one in table.series.collection}))
        for table in self.tables:
            series.refuse_other(table.series.model_copy(update={"collection": folders}), register=self.folder)
            refuse_other_roles({key.name: key.role for key in table.keys}, roles, register=self.folder)

    def former(self) -> list[Former]:
        """What was told, and suppressed; of each row what was told last."""
        latest: dict[tuple[tuple[str, Span], ...], tuple[float, float]] = {}
        for table in self.tables:
            for name, cases, documents in zip(table.layout().names(), table.cases, table.documents, strict=True):
                if cases is not None and documents is not None:
                    latest[name] = (cases, documents - cases)
                else:
                    latest.setdefault(name, (np.nan, np.nan))
        by_keys: dict[tuple[str, ...], list[tuple[tuple[str, Span], ...]]] = {}
        for name in latest:
            by_keys.setdefault(tuple(key for key, _ in name), []).append(name)
        return [_former(keys, names, [latest[name] for name in names]) for keys, names in by_keys.items()]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToIssue:
    """A table that is issued when it is written, and the register that it was protected by."""

    table: IssuedTable
    after: Register


def read_register(folder: str | Path) -> Register:
    """Read the register of a series; one that is not there is empty.

    Raises:
        RunError: if it cannot be read.
        RecordError: if a table of it is damaged, or of another version.
    """
    root = Path(folder)
    with storage_errors(root, setting=_SETTING):
        paths = listed(root, "table-??????.json")
    return Register(folder=root, tables=tuple(read_record(IssuedTable, path) for path in paths))


def issue(one: ToIssue) -> bool:
    """Add a table to its register, before it leaves. Return False if it is there already, as it was issued last.

    Raises:
        RunError: if another table was issued since, or the file system refuses.
    """
    table, after = one.table, one.after
    with _locked(after.folder):
        now = read_register(after.folder)
        if any(table.tells(last) for last in now.tables[-1:]):
            return False
        if len(now.tables) != len(after.tables):
            raise RunError(
                f"table.disclosure.register: a table was issued to {after.folder} since this one was protected, so "
                "both may tell of small counts together. Run the same command again."
            )
        path = after.folder / f"table-{len(now.tables) + 1:06d}.json"
        content = table.model_dump_json().encode()

        def write(stream: IO[bytes]) -> None:
            stream.write(content)

        if not write_once(path, write, mode=_MODE, setting=_SETTING):
            raise RunError(
                f"table.disclosure.register: {path} was written at the same time, so the locks of its file system do "
                "not hold. Put the register elsewhere."
            )
        return True


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with storage_errors(folder, setting=_SETTING):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / ".lock", os.O_WRONLY | os.O_CREAT, _MODE)
    try:
        if not lock(descriptor, deadline=time.monotonic() + _PATIENCE_S, take=fcntl.flock):
            raise RunError(
                f"table.disclosure.register: {folder} has been locked by another command for a minute, or its file "
                "system has no locks. Wait for that command, or put the register elsewhere."
            )
        yield
    finally:
        os.close(descriptor)


def _former(
    keys: tuple[str, ...], names: Sequence[tuple[tuple[str, Span], ...]], values: Sequence[tuple[float, float]]
) -> Former:
    spans = {key: tuple(dict.fromkeys(name[place][1] for name in names)) for place, key in enumerate(keys)}
    at = {key: {span: number for number, span in enumerate(of)} for key, of in spans.items()}
    rows = np.array([[at[key][span] for key, span in name] for name in names], dtype=np.int64)
    cases, others = np.array(values, dtype=np.float64).T
    return Former(layout=Layout(spans=spans, rows=rows.reshape(len(names), len(keys))), cases=cases, others=others)
