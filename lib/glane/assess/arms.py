"""The two arms of a review: documents shown with the model's answers, and documents shown without.

Who sees an answer first leans towards it (anchoring), and agreement with the model is then partly made by the page.
Documents that are given to the blind arm at random measure how much.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl

from glane.errors import ConfigError

Arm = Literal["blind", "assisted"]
ARM = "arm"  # the column of a sample and of the gold
BLIND: Arm = "blind"
ASSISTED: Arm = "assisted"
_STREAM = 1  # of chance, apart from that of the draw, which has the same seed


def with_arms(sample: pl.DataFrame, *, share: float, seed: int, id_column: str, stratum: str) -> pl.DataFrame:
    """Give each document of a sample to an arm, in the column `arm`.

    Every document has the same probability `share` to be blind; strata get their share of blind documents, but for
    rounding (systematic allocation along the strata, in random order within each; Särndal, Swensson and Wretman, Model
    Assisted Survey Sampling, 1992, section 3.4.1).

    Args:
        sample: As it was drawn; its order is kept.
        share: Of the documents that are blind: 0 for none, 1 for all.
        seed: The same as of the draw.
        id_column: The name of the id.
        stratum: The name of the column of strata.

    Raises:
        ConfigError: if one of two arms would have fewer than two documents.
    """
    num = sample.height
    if 0 < share < 1 and min(share, 1 - share) * num < 2:
        raise ConfigError(
            f"blind: {share:g} of {num} documents leaves fewer than two in one arm, and nothing to compare. "
            "Give another share, more rows, or blind=true for all."
        )
    generator = np.random.default_rng([seed, _STREAM])
    shuffled = sample.select(id_column, stratum).sort(id_column)[generator.permutation(num)]
    ordered = shuffled.sort(stratum, maintain_order=True)
    ends = np.floor(share * np.arange(num + 1) + (generator.random() if 0 < share < 1 else 0.0))
    arms = pl.Series(ARM, np.where(np.diff(ends) > 0, BLIND, ASSISTED), pl.String)
    return sample.join(ordered.select(id_column, arms), on=id_column, how="left", maintain_order="left")
