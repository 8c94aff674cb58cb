"""Read the groups of a shard: the documents of each in their order, joined to one text that remembers where each is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from glane.corpus.blank import is_blank
from glane.corpus.columns import is_string, is_text
from glane.corpus.ids import as_ids, ids_digest
from glane.corpus.read import ShardRows, SpanReader, decoded, raw, texts_of, told_columns
from glane.corpus.readable import readable
from glane.corpus.shard import Shard
from glane.corpus.unchanged import KnownFile
from glane.errors import RunError
from glane.form import WALL
from glane.types import DOCUMENTS, Document, Piece

MOST_DOCUMENTS = 10_000  # of a group: a value such as "unknown" gathers documents of many cases
MOST_BYTES = 32 * 2**20  # of the texts of a group
_LONGEST_ORDER = 40  # characters of what documents are ordered by, as it is shown
_NO_TIME = re.compile(r"[ T]00:00(?::00(?:\.0+)?)?(?:Z|[+-]\d{2}:?\d{2})?\Z|(?<=:\d\d)\.0+(?=Z|[+-]|\Z)")


class GroupReader:
    """Reads shards of groups. Every document of a group is listed in the column `documents`, whatever became of it."""

    def __init__(
        self,
        files: Sequence[KnownFile],
        *,
        id_column: str,
        group_by: str,
        order_by: str | None,
        text_column: str,
        input_columns: Sequence[str],
        carry_columns: Sequence[str],
        number_rows: bool = False,
        problem_column: str | None = None,
    ) -> None:
        """`id_column` names the documents; with `number_rows` it is no column of the input.

        `problem_column` is that of `Reader`.
        """
        self._files, self._group, self._order, self._text = files, group_by, order_by, text_column
        self._problem = problem_column
        self._inputs = tuple(input_columns)
        self._carried = tuple(name for name in dict.fromkeys(carry_columns) if name != group_by)
        columns = [group_by, *told_columns(order_by), *self._carried, text_column, *input_columns]
        columns += told_columns(problem_column)
        self._spans = SpanReader(
            files, id_column=None if number_rows else id_column, columns=list(dict.fromkeys(columns))
        )

    def read(self, shard: Shard) -> ShardRows:
        """Return the shard's groups, in the order in which their first documents stand in the input.

        Raises:
            DataError: if a file is missing, damaged, or has changed since the plan was made.
        """
        rows = _Rows()
        for span in shard.spans:
            place = self._files[span.file_index].path
            for ids, batch in self._spans.read(span):
                groups = as_ids(batch.column(self._group), place=place, setting="data.group_by")
                inputs = {name: raw(batch.column(name)) for name in self._inputs}
                carried = {name: readable(batch.column(name)) for name in self._carried}
                order = pa.nulls(len(ids)) if self._order is None else _sortable(batch.column(self._order))
                rows.add(groups, ids, order, texts_of(batch, self._text, self._problem), inputs, pa.table(carried))
        found = rows.joined()
        if found.count != shard.num_groups or ids_digest(found.ids) != shard.group_ids:
            raise RunError(f"shard {shard.index} has other groups than planned.")
        pieces = [found.piece(group, rows) for group in range(found.count)]
        kept = {self._group: found.ids, DOCUMENTS: _listed(pieces, found)}
        carried = pa.concat_tables(rows.carried).take(pa.array(found.firsts))
        kept |= {name: carried.column(name) for name in self._carried}
        return ShardRows(documents=[one.document for one in pieces], kept=pa.table(kept))


@dataclass(slots=True)
class _Rows:
    """The rows of a shard as they are read. Texts of groups that are too large are let go."""

    groups: list[pa.Array] = field(default_factory=list)
    ids: list[pa.Array] = field(default_factory=list)
    orders: list[pa.Array] = field(default_factory=list)
    texts: list[object] = field(default_factory=list)
    inputs: dict[str, list[object]] = field(default_factory=dict)
    carried: list[pa.Table] = field(default_factory=list)
    num_documents: Counter[str | int] = field(default_factory=Counter)
    num_bytes: Counter[str | int] = field(default_factory=Counter)

    def add(
        self,
        groups: pa.Array,
        ids: pa.Array,
        order: pa.Array,
        texts: list[object],
        inputs: dict[str, list[object]],
        carried: pa.Table,
    ) -> None:
        for group, text in zip(groups.to_pylist(), texts, strict=True):
            self.num_documents[group] += 1
            self.num_bytes[group] += len(text) if isinstance(text, bytes) else 0
            self.texts.append(None if self.too_long(group) else text)
        for name, values in inputs.items():
            self.inputs.setdefault(name, []).extend(values)
        self.groups.append(groups)
        self.ids.append(ids)
        self.orders.append(order)
        self.carried.append(carried)

    def too_long(self, group: str | int) -> str | None:
        """Why a group is too large to be asked; None if it is not, as far as it was read."""
        if (count := self.num_documents[group]) > MOST_DOCUMENTS:
            return f"the group has {count} documents, and at most {MOST_DOCUMENTS} are asked as one"
        if (size := self.num_bytes[group]) > MOST_BYTES:
            return f"the texts of the group have {size} bytes, and at most {MOST_BYTES} are asked as one"
        return None

    def joined(self) -> _Joined:
        """Groups in the order of their first rows; the rows of each in the order of documents."""
        groups = pa.chunked_array(self.groups).combine_chunks()
        plain = groups.cast(pa.large_string()) if is_string(groups.type) else groups
        numbers = plain.dictionary_encode().indices.to_numpy(zero_copy_only=False)
        _, firsts = np.unique(numbers, return_index=True)
        orders = pa.chunked_array(self.orders).combine_chunks()
        keys = {
            "group": pa.array(numbers),
            "has_none": orders.is_null(),
            "order": orders,
            "row": _counted(len(numbers)),
        }
        if pa.types.is_null(orders.type):
            del keys["order"]
        order = pc.sort_indices(pa.table(keys), sort_keys=[(name, "ascending") for name in keys]).to_numpy()
        return _Joined(
            ids=groups.take(pa.array(firsts)),
            firsts=firsts,
            rows=order,
            bounds=np.searchsorted(numbers[order], np.arange(len(firsts) + 1)),
            documents=pa.chunked_array(self.ids).combine_chunks().take(pa.array(order)),
            orders=_shown(orders.take(pa.array(order))),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """One group, and of each of its documents: how many characters it has, or why it is not read."""

    document: Document
    characters: list[int | None]
    skipped: list[str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Joined:
    """The rows of a shard, group by group. Group i has those from `bounds[i]` to `bounds[i + 1]`."""

    ids: pa.Array
    firsts: np.ndarray
    rows: np.ndarray
    bounds: np.ndarray
    documents: pa.Array
    orders: list[str]

    @property
    def count(self) -> int:
        """How many groups there are."""
        return len(self.ids)

    def piece(self, group: int, read: _Rows) -> _Group:
        """Assemble one group."""
        identifier = self.ids[group].as_py()
        here = range(int(self.bounds[group]), int(self.bounds[group + 1]))
        inputs, problem = _inputs_of(read.inputs, int(self.firsts[group]))
        if (why := read.too_long(identifier)) is not None:
            document = Document(id=identifier, text=None, inputs=inputs, too_long=why, pieces=())
            return _Group(document=document, characters=[None] * len(here), skipped=[None] * len(here))
        texts, pieces, characters, skipped, end = [], [], [], [], -len(WALL)
        for place in here:
            text, bad = decoded(read.texts[int(self.rows[place])])
            why = bad or ("null" if text is None else "blank" if is_blank(text) else None)
            skipped.append(why)
            characters.append(None if text is None or why else len(text))
            if text is not None and why is None:
                start = end + len(WALL)
                end = start + len(text)
                name = self.documents[place].as_py()
                pieces.append(Piece(id=name, order=self.orders[place], start=start, end=end))
                texts.append(text)
        if lost := sum(why not in (None, "null", "blank") for why in skipped):
            first = next(why for why in skipped if why not in (None, "null", "blank"))
            problem = f"{lost} of {len(skipped)} documents of the group cannot be read ({first})"
        document = Document(
            id=identifier,
            text=WALL.join(texts) if texts else None,
            inputs=inputs,
            problem=problem,
            pieces=tuple(pieces),
        )
        return _Group(document=document, characters=characters, skipped=skipped)


def _inputs_of(inputs: dict[str, list[object]], row: int) -> tuple[dict[str, str], str | None]:
    found, problem = {}, None
    for name, values in inputs.items():
        text, bad = decoded(values[row])
        found[name], problem = text or "", problem or bad
    return found, problem


def _listed(groups: Sequence[_Group], joined: _Joined) -> pa.Array:
    """The column `documents`: of each group the ids of its documents, in order, and what became of them."""
    characters = [one for group in groups for one in group.characters]
    skipped = [one for group in groups for one in group.skipped]
    columns = {
        "document": joined.documents,
        "order": pa.array([one or None for one in joined.orders], pa.string()),
        "characters": pa.array(characters, pa.int64()),
        "skipped": pa.array(skipped, pa.string()),
    }
    items = pa.StructArray.from_arrays(list(columns.values()), names=list(columns))
    return pa.ListArray.from_arrays(pa.array(joined.bounds, pa.int32()), items)


def _counted(rows: int) -> pa.Array:
    return pa.array(np.arange(rows))


def _sortable(column: pa.Array) -> pa.Array:
    """A column that Arrow can sort: texts by their bytes, which is by code points, and NaN as null."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if is_text(column.type):
        return column.cast(pa.large_binary())
    if pa.types.is_floating(column.type):
        return pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    return column


def _shown(column: pa.Array) -> list[str]:
    """What documents are ordered by as one short line each: dates and times as ISO 8601, without a time of midnight."""
    if pa.types.is_null(column.type):
        return [""] * len(column)
    if pa.types.is_large_binary(column.type):
        return [_line(cell) for cell in column.to_pylist()]
    return [_NO_TIME.sub("", cell or "") for cell in column.cast(pa.string()).to_pylist()]


def _line(cell: bytes | None) -> str:
    text = "" if cell is None else cell.decode("utf-8", "replace")
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())[:_LONGEST_ORDER]
