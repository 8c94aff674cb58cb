"""Tables of counts for tests of disclosure control, and one who tries all whole numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from glane.disclosure.counts import Counts
from glane.disclosure.layout import Layout, Span

Floats = NDArray[np.float64]


def key(name: str, num: int) -> tuple[Span, ...]:
    """Values of a key, and all of them."""
    labels = [f"{name}{i:03}" for i in range(num)]
    return (*(Span(labels=(one,)) for one in labels), Span(labels=tuple(labels)))


def whole_layout(*sizes: int) -> Layout:
    """All margins of a table by so many values of each key, its rows in the order of `with_margins`."""
    spans = {f"k{place}": key(f"k{place}v", num) for place, num in enumerate(sizes)}
    return layout(spans)


def layout(spans: Mapping[str, tuple[Span, ...]]) -> Layout:
    """A row for each combination of spans."""
    rows = list(product(*(range(len(one)) for one in spans.values())))
    return Layout(spans=spans, rows=np.array(rows, dtype=np.int64).reshape(len(rows), len(spans)))


def with_margins(cells: NDArray[np.int64]) -> Floats:
    """The cells with their sums over each key, the last of it, flat."""
    for axis in range(cells.ndim):
        cells = np.concatenate([cells, cells.sum(axis=axis, keepdims=True)], axis=axis)
    return cells.ravel().astype(np.float64)


def counts(cases: NDArray[np.int64], documents: NDArray[np.int64]) -> Counts:
    return Counts(cases=with_margins(cases), others=with_margins(documents - cases))


def tables(equations: csr_array, told: Floats, *, most: int) -> Iterator[Floats]:
    """All tables of whole numbers up to `most` that agree with what is told: slow, and knows no linear programming."""
    dense = equations.toarray()
    parts = dense.shape[1]

    def further(chosen: list[int], rest: Floats) -> Iterator[Floats]:
        if (rest < 0).any():
            return
        done = len(chosen)
        if done == parts:
            if not rest.any():
                yield np.array(chosen, dtype=np.float64)
            return
        closed = ~dense[:, done:].any(axis=1)
        if rest[closed].any():
            return
        column = dense[:, done]
        bound = int(min(rest[column > 0].min(initial=most), most))
        for value in range(bound + 1):
            yield from further([*chosen, value], rest - value * column)

    yield from further([], told.copy())
