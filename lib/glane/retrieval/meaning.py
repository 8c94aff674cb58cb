"""Search by meaning: the cosine of a question with every vector, exact, in one pass over the files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from glane.engine.protocol import Vector
from glane.retrieval.blocks import blocks
from glane.retrieval.ranked import NOTHING, Mask, Ranked, best_passages


def nearest(files: Sequence[Path], questions: Vector, *, wanted: Mask, top: int) -> Ranked:
    """The `top` documents whose nearest passage has the largest cosine with the nearest of `questions`.

    `questions` are rows of length 1, and so are the stored vectors; `wanted` says which rows of the run count.
    """
    found = NOTHING
    for block in blocks(files):
        here = wanted[block.first_row : block.first_row + len(block.bounds) - 1]
        if not here.any():
            continue
        cosines = (block.vectors @ questions.T).max(axis=1).astype(np.float64)
        best = best_passages(
            block.bounds, cosines, block.starts, block.ends, first_row=block.first_row, wanted=here, top=top
        )
        found = found.joined(best).best(top)
    return found


def vectors_of_row(files: Sequence[Path], row: int) -> Vector:
    """The vectors of one row of a run; none if it has none."""
    for block in blocks(files):
        if row < block.first_row + len(block.bounds) - 1:
            start, end = block.bounds[row - block.first_row], block.bounds[row - block.first_row + 1]
            return block.vectors[start:end]
    return np.zeros((0, 0), np.float32)
