"""A shard: the rows that are claimed, asked about and committed together."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Consecutive rows of one row group. `row_start` counts from the start of the row group."""

    file_index: int
    row_group: int
    row_start: int
    num_rows: int
    selected: tuple[int, ...] | None = None  # offsets from row_start of the selected rows; None means all
    ids: bytes | None = None  # the digest of their ids, if the plan has one

    @property
    def num_selected(self) -> int:
        """How many rows of this span are selected: each becomes a row of the result."""
        return self.num_rows if self.selected is None else len(self.selected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """The unit of claims and commits: a few spans, with one or two minutes of work.

    Where documents are grouped, it holds whole groups: `num_groups` of them, and the digest of their ids.
    """

    index: int
    spans: tuple[Span, ...]
    num_groups: int | None = None
    group_ids: bytes | None = None

    @property
    def num_documents(self) -> int:
        """How many input rows the shard reads."""
        return sum(span.num_selected for span in self.spans)

    @property
    def num_rows(self) -> int:
        """How many rows the shard's committed part holds."""
        return self.num_documents if self.num_groups is None else self.num_groups
