"""Groups of documents of near meaning: connected components of pairs whose cosine reaches a threshold.

A document's direction is the mean of its passages'. All pairs are compared, a tile at a time. A chain of near documents
is one group, though its ends may be far apart (single linkage).
"""

from __future__ import annotations

from typing import cast

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from glane.embedding.columns import OF_GROUPS
from glane.embedding.results import Embedded
from glane.engine.protocol import Vector
from glane.retrieval.blocks import Places, blocks

_TILE_ROWS = 2048
_ROUNDED = {"float32": 1e-6, "float16": 1e-3}  # what rounding takes from the cosine of texts that are the same


def groups(embedded: Embedded, least: float) -> pl.DataFrame:
    """The group of each document: id, group (numbered from 0 by its first document), size; null without vectors.

    A cosine that is less than `least` by no more than rounding counts as `least`: 0.000001, or 0.001 for float16.

    Memory: 4 bytes a document and dimension. Time: quadratic in the documents.
    """
    embedded.refuse_beside([embedded.id_column], OF_GROUPS)
    ids = embedded.all().select(embedded.id_column).collect()
    rows, means = _directions(embedded)
    labels = _labels(means, least - _ROUNDED[embedded.settings.vectors])
    _, first, numbers, sizes = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(np.argsort(first))  # of the labels, by their first document
    found = {"group": order[numbers], "size": sizes[numbers]}
    return ids.with_columns(_spread(name, values, rows, ids.height) for name, values in found.items())


def _spread(name: str, values: Places, rows: Places, height: int) -> pl.Series:
    """A column that has `values` in `rows`, and null elsewhere."""
    return pl.Series(name, [None], pl.Int64).new_from_index(0, height).scatter(rows, values)


def _directions(embedded: Embedded) -> tuple[Places, Vector]:
    """Of the rows that have vectors: their numbers, and the means of their vectors, of length 1."""
    rows, means = [], []
    for block in blocks(embedded.files):
        here = np.flatnonzero(np.diff(block.bounds))
        if len(here):
            sums = np.add.reduceat(block.vectors, block.bounds[here], axis=0)
            means.append(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12))
            rows.append(here + block.first_row)
    if not rows:
        return np.zeros(0, np.int64), np.zeros((0, 1), np.float32)
    return np.concatenate(rows), np.concatenate(means).astype(np.float32)


def _labels(means: Vector, least: float) -> Places:
    """A number for each row, the same for those of one component."""
    labels = np.arange(len(means), dtype=np.int64)
    for start in range(0, len(means), _TILE_ROWS):
        for other in range(start, len(means), _TILE_ROWS):
            cosines = means[start : start + _TILE_ROWS] @ means[other : other + _TILE_ROWS].T
            left, right = np.nonzero(cosines >= least)
            labels = _merged(labels, labels[left + start], labels[right + other])
    return labels


def _merged(labels: Places, left: Places, right: Places) -> Places:
    """The labels once those of each pair are the same."""
    apart = left != right
    if not apart.any():
        return labels
    pairs = np.unique(np.column_stack([left[apart], right[apart]]), axis=0)
    graph = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(len(labels), len(labels)))
    _, component = connected_components(graph, directed=False)
    return cast(Places, component.astype(np.int64)[labels])
