"""Data sets of `glane pseudonymise` that know documents by digests: which, by the places that are kept apart."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from glane.corpus.unchanged import content_digest
from glane.errors import RecordError
from glane.job.erase.tables import groups_of, is_in, is_telling
from glane.parquet import is_parquet, parquet_schema, read_parquet
from glane.pseudonyms.offsets_file import is_offsets
from glane.pseudonyms.table import DOCUMENTS, MANIFEST, PseudonymisedTable
from glane.records import read_record
from glane.run.erased import Erased, known_erased


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """What some documents are called in data sets of pseudonyms, and where that leads to none."""

    new_ids: frozenset[str]
    lost: Mapping[Path, tuple[str, ...]]  # files of places, with the ids that no data set has that was looked at
    unknown: Mapping[Path, int]  # data sets, with of how many of the documents nobody can tell whether they have them


def apart_of(
    folders: Mapping[Path, Collection[str]], ids: Collection[str], *, read: Collection[Path], erased: Sequence[Erased]
) -> Apart:
    """Look for documents with these ids in the places and the data sets of some folders, none below them.

    As where rows are erased, ids that could be anything are looked for only in the folders that are `read` by runs.
    `erased` is what was erased of these before: of which data sets, too.

    Raises:
        GlaneError: if a file cannot be read.
    """
    telling = [one for one in ids if is_telling(one)]
    found: dict[Path, dict[str, str]] = {}
    for folder, names in folders.items():
        for path in _places(folder, names):
            found[path] = _new_ids(path, ids if folder in read else telling)
    new_ids = frozenset(new for held in found.values() for new in held)
    sets = {
        folder / DOCUMENTS: _held(folder / DOCUMENTS, new_ids.union(ids))
        for folder, names in folders.items()
        if _has_digests(folder, names)
    }
    there = frozenset[str]().union(*sets.values())
    lost = {path: tuple(sorted(held.keys() - there)) for path, held in found.items()}
    return Apart(
        new_ids=new_ids, lost={path: one for path, one in lost.items() if one},
        unknown={
            path: num for path, held in sets.items()
            if (num := _num_unknown(path, ids, held, found.values(), erased))
        },
    )  # fmt: skip


def _places(folder: Path, names: Collection[str]) -> Iterator[Path]:
    for name in sorted(names):
        path = folder / name
        if name.endswith(".parquet") and is_parquet(path) and is_offsets(path):
            yield path


def _new_ids(path: Path, ids: Collection[str]) -> dict[str, str]:
    """The digests that stand for documents, with the ids of these; none where ids were kept."""
    found: dict[str, str] = {}
    for table, _ in groups_of(path):
        rows = table.select(["id", "new_id"]).filter(pa.array(is_in(table["id"], ids)))
        found |= {row["new_id"]: row["id"] for row in rows.to_pylist() if row["new_id"] != row["id"]}
    return found


def _has_digests(folder: Path, names: Collection[str]) -> bool:
    if not {DOCUMENTS, MANIFEST} <= {*names}:
        return False
    try:
        return not read_record(PseudonymisedTable, folder / MANIFEST).keeps_ids
    except (FileNotFoundError, RecordError):
        return True  # so that it is told


def _held(path: Path, ids: Collection[str]) -> set[str]:
    name = parquet_schema(path).names[0]
    column = read_parquet(path, columns=[name])[name]
    return {str(one) for one in column.filter(pa.array(is_in(column, ids))).to_pylist()}


def _num_unknown(
    path: Path, ids: Collection[str], held: Collection[str], places: Collection[Mapping[str, str]],
    erased: Sequence[Erased],
) -> int:  # fmt: skip
    known = {old for one in places for new, old in one.items() if new in held}
    left = {*ids} - known - {*held}
    digest = content_digest(str(path)) if left and any(one.erasures for one in erased) else ""
    for one in erased:
        if left and digest in one.former:  # as an erasure left it: not made again since
            left -= known_erased(one, sorted(left), emptied=str(path))
    return len(left)
