"""Where the rows of some documents are in a run: in its result or its parts, and in its plan where none is yet."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from glane.corpus.ids import as_ids
from glane.corpus.plan import Plan, read_plan
from glane.corpus.read import SpanReader
from glane.corpus.unchanged import KnownFile
from glane.errors import DataError, GlaneError, RunError
from glane.job.erase.plan import Fewer
from glane.job.erase.tables import Mask, is_in
from glane.job.erase.walk import Place, originals_of
from glane.parquet import parquet_schema, read_parquet
from glane.run.description import RunDescription, read_description
from glane.run.directory import RunDirectory
from glane.storage import exists, listed
from glane.types import DOCUMENTS

_BATCH_ROWS = 65_536


@dataclass(frozen=True, kw_only=True)
class RunRows:
    """A run, and which of its rows are of the documents that go."""

    directory: RunDirectory
    ids: frozenset[str]

    @cached_property
    def description(self) -> RunDescription:
        """Of the run."""
        return read_description(self.directory)

    @property
    def data(self) -> Mapping[str, Any]:
        """Its settings of the input."""
        told = self.description.settings.get("data")
        return told if isinstance(told, Mapping) else {}

    @property
    def name(self) -> str:
        """The column of ids of the result."""
        return str(self.data.get("group_by") or self.data.get("id_column") or "id")

    @property
    def is_grouped(self) -> bool:
        """Whether a row is of a group of documents."""
        return self.data.get("group_by") is not None

    @cached_property
    def plan(self) -> Plan | None:
        """As it is on the disk; None where it was not made."""
        return read_plan(self.directory.plan) if exists(self.directory.plan) else None

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """The files that hold rows: of the result, else the parts that are committed."""
        folder, pattern = (
            (self.directory.records, "*.parquet")
            if self.directory.is_complete
            else (self.directory.parts, "part-*.parquet")
        )
        return tuple(path for path in listed(folder, pattern) if self.name in parquet_schema(path).names)

    @cached_property
    def read(self) -> tuple[KnownFile, ...]:
        """The files that the run reads, and the originals of those that it pseudonymised: ids are the same in both."""
        return (*(() if self.plan is None else self.plan.files), *originals_of(self.directory.root))

    @property
    def inputs(self) -> tuple[Path, ...]:
        """The input files that are there; those that the run made, also once it was moved."""
        paths = (*(Path(file.path) for file in self.read), *listed(self.directory.input, "*.parquet"))
        return tuple(dict.fromkeys(path for path in paths if path.is_file()))

    @cached_property
    def held(self) -> dict[Path, Mask]:
        """Of each file that holds rows, which go."""
        return {path: is_in(read_parquet(path, columns=[self.name])[self.name], self.ids) for path in self.files}

    @cached_property
    def planned(self) -> dict[int, Fewer]:
        """What goes of shards that are planned and not committed.

        Raises:
            RunError: if the input is not as it was, so that nobody can tell.
        """
        if self.plan is None or self.directory.is_complete:
            return {}
        committed = set(self.directory.committed_shards(self.plan.num_shards))
        found = {}
        for shard in range(self.plan.num_shards):
            if shard not in committed:
                ids, groups = self._read(shard)
                goes = is_in(groups, self.ids)
                if goes.any():
                    found[shard] = self._fewer(ids, goes, groups)
        return found

    @property
    def num_rows(self) -> int:
        """How many rows of the run go, committed or not."""
        return sum(int(mask.sum()) for mask in self.held.values()) + sum(
            one.num_groups or int(one.goes.sum()) for one in self.planned.values()
        )

    @cached_property
    def members(self) -> frozenset[str]:
        """The ids of the documents that go: of a run over groups, of those in them; otherwise those of the rows."""
        if not self.is_grouped:
            return self.ids
        found: set[str] = set()
        for path, mask in self.held.items():
            rows = read_parquet(path, columns=[DOCUMENTS]).filter(pa.array(mask))
            found |= {str(one["document"]) for cell in rows[DOCUMENTS].to_pylist() for one in cell or ()}
        for one in self.planned.values():
            found |= {str(name) for name in one.ids.filter(pa.array(one.goes)).to_pylist()}
        return frozenset(found).union(*map(self._members_in, () if self.plan is None else self.plan.files))

    def _members_in(self, file: KnownFile) -> set[str]:
        """The ids of the documents of the groups in an input file, as far as it tells: their rows may be gone here."""
        name, moved = str(self.data.get("id_column", "id")), self.directory.input / Path(file.path).name
        path = Path(file.path) if Path(file.path).is_file() else moved
        try:
            if not path.is_file() or not {name, self.name} <= {*parquet_schema(path).names}:
                return set()
            told = read_parquet(path, columns=[name, self.name])
            goes = told.filter(pa.array(is_in(told[self.name], self.ids)))
            return {str(one) for one in as_ids(goes[name].combine_chunks(), place=str(path)).to_pylist()}
        except (GlaneError, OSError, pa.ArrowException):
            return set()

    def holds_any(self, documents: Collection[str]) -> bool:
        """Whether a group of a run over groups has any of these documents, or may have: not all of it is answered."""
        if not self.directory.is_complete:
            return True
        cells = (cell for path in self.files for cell in read_parquet(path, columns=[DOCUMENTS])[DOCUMENTS].to_pylist())
        return any(str(one["document"]) in documents for cell in cells for one in cell or ())

    @property
    def documents(self) -> frozenset[str]:
        """All ids that go: those of the rows, and of groups also those of the documents in them."""
        return self.ids | self.members

    def fewer(self) -> dict[int, Fewer]:
        """What goes of each shard of the plan as it is on the disk; nothing where the plan was made without it already.

        Raises:
            RunError: if plan and rows do not fit each other, or the input of groups cannot be read.
        """
        if self.plan is None:
            return {}
        found = dict(self.planned)
        for shard, ids, mask in self._shards():
            wanted = self.plan.shard(shard).num_rows
            if len(mask) - int(mask.sum()) == wanted:
                continue  # of an erasure that was ended between the plan and this file
            if len(mask) != wanted:
                raise RunError(f"{self.directory.root}: shard {shard} has {len(mask)} rows, and {wanted} are planned.")
            if mask.any():
                found[shard] = self._of_rows(shard, ids, mask)
        return found

    def _of_rows(self, shard: int, ids: pa.Array, mask: Mask) -> Fewer:
        if not self.is_grouped:
            return Fewer(goes=mask, ids=ids)
        documents, groups = self._read(shard)
        return Fewer(
            goes=is_in(groups, self.ids),
            ids=documents,
            num_groups=int(mask.sum()),
            group_ids=ids.filter(pa.array(~mask)),
        )

    def _shards(self) -> Iterator[tuple[int, pa.Array, Mask]]:
        """The ids of the rows of each committed shard, and which go."""
        assert self.plan is not None
        if not self.directory.is_complete:
            for path, mask in self.held.items():
                if mask.any():
                    yield int(path.stem.removeprefix("part-")), self._ids(path), mask
            return
        if not self.held:
            return
        masks = np.concatenate(list(self.held.values()))
        if len(masks) != self.plan.num_selected:  # else all of it was planned without them
            if len(masks) - int(masks.sum()) == self.plan.num_selected:
                return
            raise RunError(
                f"{self.directory.records}: {len(masks)} rows, and {self.plan.num_selected} are planned. Restore the "
                "run from a copy."
            )
        ids = pa.concat_arrays([self._ids(path) for path in self.files])
        start = 0
        for shard in range(self.plan.num_shards):
            size = self.plan.shard(shard).num_rows
            here = masks[start : start + size]
            if here.any():
                yield shard, ids.slice(start, size), here
            start += size

    def _ids(self, path: Path) -> pa.Array:
        return read_parquet(path, columns=[self.name])[self.name].combine_chunks()

    def _fewer(self, ids: pa.Array, goes: Mask, groups: pa.ChunkedArray) -> Fewer:
        if not self.is_grouped:
            return Fewer(goes=goes, ids=ids)
        kept = groups.filter(pa.array(~goes)).combine_chunks().unique()
        num = len(groups.unique()) - len(kept)
        return Fewer(goes=goes, ids=ids, num_groups=num, group_ids=kept)

    def _read(self, shard: int) -> tuple[pa.Array, pa.ChunkedArray]:
        """The ids of the documents of a shard, in the order of its spans, and what names their rows."""
        assert self.plan is not None
        group_by = self.data.get("group_by")
        reader = SpanReader(
            self.plan.files, id_column=None if self.data.get("number_rows") else str(self.data.get("id_column", "id")),
            columns=[] if group_by is None else [str(group_by)], batch_rows=_BATCH_ROWS,
        )  # fmt: skip
        ids, groups = [], []
        try:
            for span in self.plan.shard(shard).spans:
                for held, batch in reader.read(span):
                    ids.append(held)
                    groups.append(held if group_by is None else batch.column(str(group_by)))
        except DataError as error:
            if any(file.erased for file in self.plan.files):
                raise RunError(
                    f"{self.directory.root}: {error} Without its input as it was, nobody can tell which of its rows "
                    "are of the documents that are to be erased now: remove the folder of this run."
                ) from None
            raise RunError(
                f"{self.directory.root}: {error} Without its input nobody can tell which of its rows are of the "
                "documents: put the file back, erase, and remove the document from it then."
            ) from None
        return pa.concat_arrays(ids), pa.chunked_array(groups)


def runs_with(roots: Sequence[Path], asked: RunRows, *, also: frozenset[str] = frozenset()) -> list[RunRows]:
    """The runs, each with the ids that go of it: of one over documents, where groups were asked for, those in them.

    `also` are the ids of the documents in data sets of pseudonyms.

    Raises:
        RunError: if one is over other groups, which have some of the documents.
    """
    every = [replace(asked, directory=RunDirectory(root=root)) for root in roots]
    same = [one for one in every if one.name == asked.name]
    documents = also.union(*(one.members for one in same))
    for one in every:
        has_others = one.name != asked.name or (also and not one.num_rows)  # its groups may have other ids, too
        if one.is_grouped and has_others and one.holds_any(documents):
            raise RunError(
                f"{one.directory.root}: its rows are of groups ({one.name!r}) that have, or may have, some of these "
                "documents, and no id of such a group was given. Nothing was done: erase the groups of that run, by "
                "run.dir and the ids of the groups, or remove its folder."
            )
    ids = documents if asked.is_grouped else asked.ids | also
    plain = [replace(one, ids=ids) for one in every if not one.is_grouped]
    return [*plain, *(one for one in same if one.is_grouped)]  # groups last, as they tell the documents


def columns_of(runs: Sequence[RunRows]) -> dict[str, frozenset[str]]:
    """The columns of ids that runs have, with the ids that go of each: a group's number can be a document's, too."""
    found: dict[str, frozenset[str]] = {}
    for one in runs:
        for name, ids in ((str(one.data.get("id_column", "id")), one.members), (one.name, one.ids)):
            found[name] = found.get(name, frozenset()) | ids
    return found


def folders_of(place: Place, runs: Sequence[RunRows]) -> tuple[dict[Path, list[str]], set[Path]]:
    """The folders that may hold data sets, with the names of their files; and those that the runs read."""
    read = {Path(file.path).parent.resolve() for one in runs for file in one.read}
    folders = dict(place.folders)
    for folder in read:
        if folder.is_dir():
            folders.setdefault(folder, sorted(path.name for path in folder.iterdir() if path.is_file()))
    return folders, read
