"""Which usable row of an earlier run each row of a run was: the same id, text, and further inputs.

Where both runs read a file of the same content, the place of a document in it tells that, and no text is read.
Elsewhere both texts are read once, and compared by digests. The rows are numbered in the order of the earlier result.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field as Key

from glane.corpus.buckets import Buckets
from glane.corpus.converted import shapes_beside
from glane.corpus.plan import Plan, read_plan
from glane.corpus.shard import Shard
from glane.corpus.unchanged import KnownFile, Unchanged
from glane.errors import ConfigError, DataError, RunError
from glane.extraction.extension import open_earlier, refuse_other_numbers
from glane.extraction.reader import AnyReader, reader_of
from glane.extraction.results import Run
from glane.parquet import open_parquet, read_parquet, write_parquet
from glane.records import Record
from glane.run.description import EarlierRun
from glane.run.directory import RunDirectory
from glane.run.erased import read_erased
from glane.settings import DataSettings
from glane.storage import bytes_digest, exists, listed, patiently, write_once
from glane.task.prompt import PromptStyle
from glane.task.task import Task
from glane.types import Document, Status

_IN_MEMORY = 8_000_000  # rows of both runs: 192 MB; more than this are split over temporary files
_BUCKET = 4_000_000
_BUFFER = 2**20
_HERE = np.uint64(2**63)  # of a number: a row of this run
_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2 to the power of 64 by the golden ratio: spreads numbers over all bits
_ROW_GROUP = 65_536
_COLUMN, _KEY = "earlier", b"glane"
Numbers = npt.NDArray[np.int64]
Halves = npt.NDArray[np.uint64]  # rows of two


class LineageFacts(Record):
    """What the file of a lineage says of itself. `unread` are files of the earlier run that changed since."""

    kind: Literal["glane lineage"] = "glane lineage"
    version: Literal[1] = 1
    earlier: str  # the id of the earlier run's directory
    plan: str  # digest of its shards
    rows: int
    same: int  # rows of which the earlier run has values
    unread: tuple[str, ...] = ()
    erasures: int = Key(default=0, exclude_if=lambda value: not value)  # of the earlier run, before it was made


def prepare_lineage(
    directory: RunDirectory, plan: Plan, extends: EarlierRun, data: DataSettings, task: Task
) -> LineageFacts:
    """Find and keep the lineage of a run that extends another, unless that is done. Several processes may do it.

    Raises:
        GlaneError: if a file cannot be read, or the earlier run has values of no document.
    """
    if not exists(directory.lineage):
        found, unread = _find(plan, data, task)
        same = int(np.count_nonzero(found >= 0))
        if not same:
            raise ConfigError(
                f"data.extend: {data.extend} has no values of any selected document with the same text, so nothing of "
                f"it could be kept.{_of_unread(unread)} Leave data.extend out."
            )
        facts = LineageFacts(
            earlier=extends.id, plan=_digest_of(plan), rows=len(found), same=same, unread=unread,
            erasures=len(read_erased(open_earlier(data.extend or extends.path).directory).erasures),
        )  # fmt: skip
        table = pa.table({_COLUMN: pa.array(found, mask=found < 0)})
        table = table.replace_schema_metadata({_KEY: facts.model_dump_json()})
        write_once(
            directory.lineage,
            lambda stream: write_parquet(table, stream, row_group_size=_ROW_GROUP),
            mode=directory.file_mode,
        )
    return Lineage(directory.lineage, plan).facts


def lineage_lines(facts: LineageFacts, extends: EarlierRun, *, style: PromptStyle) -> tuple[str, ...]:
    """What the start of a run says of its lineage."""
    asked, rest = ", ".join(extends.asked) or "nothing", facts.rows - facts.same
    lines = [f"extends {extends.path}: of {facts.same} documents {asked} is asked, of {rest} everything"]
    if facts.unread:
        lines.append(_of_unread(facts.unread).strip())
    if facts.erasures:
        lines.append(
            f"documents were erased of {extends.path}: where the input of this run holds them, they are asked again. "
            "Take them out of it, or leave them out with data.where"
        )
    if style == "bare" and extends.asked:
        lines.append(
            "the model was trained to answer all fields in their order (prompt_style: bare): asked some of them, it "
            "often answers otherwise"
        )
    return tuple(lines)


class Lineage:
    """The lineage of a run, read shard by shard."""

    def __init__(self, path: Path, plan: Plan) -> None:
        """Raises:
        RunError: if the file is damaged, or of another plan.
        """
        self._path = path
        self._starts = np.cumsum([0, *plan.shard_rows])
        try:
            with patiently(lambda: open_parquet(path)) as parquet:
                self.facts = LineageFacts.model_validate_json(parquet.schema_arrow.metadata[_KEY])
                sizes = [parquet.metadata.row_group(i).num_rows for i in range(parquet.num_row_groups)]
        except (pa.ArrowException, KeyError, TypeError, ValueError, FileNotFoundError):
            raise self._damaged() from None
        self._bounds = np.cumsum([0, *sizes])
        if self.facts.plan != _digest_of(plan) or self._bounds[-1] != plan.num_selected:
            raise self._damaged()

    def of(self, shard: int) -> Numbers:
        """Of each row of a shard, its number in the earlier result; -1 where that has no values of it."""
        start, end = int(self._starts[shard]), int(self._starts[shard + 1])
        first = int(np.searchsorted(self._bounds, start, side="right")) - 1
        last = int(np.searchsorted(self._bounds, end - 1, side="right")) - 1
        try:
            with patiently(lambda: open_parquet(self._path)) as parquet:
                column = parquet.read_row_groups(range(first, last + 1))[_COLUMN]
        except (pa.ArrowException, FileNotFoundError):
            raise self._damaged() from None
        offset = start - int(self._bounds[first])
        return column.slice(offset, end - start).fill_null(-1).to_numpy()

    def _damaged(self) -> RunError:
        return RunError(
            f"{self._path}: missing, damaged or of another plan. Remove it and run the same command again: it is made "
            "anew."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """The documents of one of the two runs."""

    plan: Plan
    reader: AnyReader
    shared: dict[str, int]  # of files that both runs read, the number, by the digest of their content
    readable: tuple[bool, ...]  # by file

    def halves(self) -> Iterator[tuple[Halves, npt.NDArray[np.bool_]]]:
        """In the order of the result, of some rows at once: what only the same document has, and if that is known."""
        if self.plan.num_documents is not None:
            for index in range(self.plan.num_shards):
                yield self._read(self.plan.shard(index))
            return
        for span in self.plan.spans():
            file = self.plan.files[span.file_index]
            if (number := self.shared.get(file.digest)) is not None:
                offsets = np.arange(span.num_rows) if span.selected is None else np.array(span.selected)
                rows = (offsets + span.row_start).astype(np.uint64)
                place = np.full_like(rows, (number << 32) | span.row_group)
                yield np.column_stack([rows * _ODD, place]), np.ones(len(rows), np.bool_)
            elif self.readable[span.file_index]:
                yield self._read(Shard(index=0, spans=(span,)))
            else:
                yield np.zeros((span.num_selected, 2), np.uint64), np.zeros(span.num_selected, np.bool_)

    def _read(self, shard: Shard) -> tuple[Halves, npt.NDArray[np.bool_]]:
        digests = b"".join(map(_digest, self.reader.read(shard).documents))
        halves = np.frombuffer(digests, ">u8").reshape(-1, 2).astype(np.uint64)
        return halves, np.ones(len(halves), np.bool_)


def _digest_of(plan: Plan) -> str:
    return bytes_digest(np.ascontiguousarray(plan.shard_rows, np.int64).tobytes())


def _digest(document: Document) -> bytes:
    """Of all that a prompt shows of a document, and its id."""
    pieces = [[one.id, one.order, one.start, one.end] for one in document.pieces or ()]
    content = [document.id, document.text, sorted(document.inputs.items()), pieces]
    return blake2b(json.dumps(content).encode(), digest_size=16).digest()  # lone surrogates are escaped


def _find(plan: Plan, data: DataSettings, task: Task) -> tuple[Numbers, tuple[str, ...]]:
    """Of each row its number in the earlier result, or -1; and the files of the earlier run that changed since."""
    assert data.extend is not None
    earlier = open_earlier(data.extend)
    numbered = [(file.digest, file.rows) for file in plan.files]
    refuse_other_numbers(data, numbered, shapes_beside(data.path), earlier.description())
    before = read_plan(earlier.directory.plan)
    here = {file.digest: file for file in reversed(plan.files)}
    # A file of the same content is read where it is now: it may have been moved.
    files = [here.get(file.digest, file) for file in before.files]
    readable = tuple(_is_unchanged(file) for file in files)
    unread = tuple(file.path for file, is_there in zip(files, readable, strict=True) if not is_there)
    if unread and plan.num_documents is not None and any(file.erased for file in before.files):
        raise DataError(
            f"data.extend: {unread[0]} has changed or is gone since {data.extend} read it, and documents were erased "
            "of that run, so nobody can tell which of its groups are the same. Leave data.extend out."
        )
    if unread and plan.num_documents is not None:
        raise DataError(
            f"data.extend: {unread[0]} has changed or is gone since {data.extend} read it, so nobody can tell which of "
            "its groups are the same. Put the former file back, or leave data.extend out."
        )
    both = sorted({file.digest for file in before.files} & set(here) - {""})
    shared = {digest: number for number, digest in enumerate(both)}
    sides = [
        _Side(plan=which, reader=reader_of(data, task, read, carry_columns=()), shared=shared, readable=can_be)
        for which, read, can_be in ((before, files, readable), (plan, plan.files, (True,) * len(plan.files)))
    ]
    found = _matched(*sides)
    found[~_usable(earlier)[found]] = -1
    return found, unread


def _usable(earlier: Run) -> npt.NDArray[np.bool_]:
    """Of each row of a result, whether it has values; and False at the end, which -1 is an index of."""
    files = [read_parquet(path, columns=["status"]) for path in listed(earlier.directory.records, "*.parquet")]
    told = [pc.equal(table["status"].cast(pa.string()), Status.OK.value).to_numpy() for table in files]
    return np.concatenate([*told, [False]])


def _matched(before: _Side, now: _Side) -> Numbers:
    expected = before.plan.num_selected + now.plan.num_selected
    found = np.full(now.plan.num_selected, -1, np.int64)
    with Buckets(
        expected,
        num_columns=3,
        in_memory=_IN_MEMORY,
        bucket=_BUCKET,
        buffer=_BUFFER,
        prefix="glane-lineage-",
        what=f"Finding which of {expected} documents are the same",
        error=RunError,
    ) as buckets:
        for side, mark in ((before, np.uint64(0)), (now, _HERE)):
            first = 0
            for halves, is_known in side.halves():
                numbers = np.arange(first, first + len(halves), dtype=np.uint64) | mark
                first += len(halves)
                buckets.add(np.column_stack([halves, numbers])[is_known])
        for entries in buckets.each():
            rows, earlier = _pairs(entries)
            found[rows] = earlier
    return found


def _pairs(entries: Halves) -> tuple[Numbers, Numbers]:
    """The rows of this run that have the halves of an earlier one, and the first such row of the earlier run.

    Entries of the earlier run come first, and stay so.
    """
    entries = entries[np.lexsort((entries[:, 1], entries[:, 0]))]
    is_first = np.ones(len(entries), np.bool_)
    is_first[1:] = (entries[1:, :2] != entries[:-1, :2]).any(axis=1)
    firsts = entries[is_first, 2][np.cumsum(is_first) - 1]
    is_pair = (entries[:, 2] >= _HERE) & (firsts < _HERE)
    return (entries[is_pair, 2] - _HERE).astype(np.int64), firsts[is_pair].astype(np.int64)


def _is_unchanged(file: KnownFile) -> bool:
    try:
        Unchanged([file]).prove(0)
    except DataError:
        return False
    return True


def _of_unread(paths: Sequence[str]) -> str:
    if not paths:
        return ""
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return f" {paths[0]}{more} of the earlier run changed or is gone since, so its documents cannot be told again."
