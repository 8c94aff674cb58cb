"""P-values of one family of tests, corrected so that any false rejection among them is as rare as the level says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float]) -> list[float]:
    """Each p-value, corrected after Holm (Scandinavian Journal of Statistics 1979), in the order given.

    As `statsmodels.stats.multitest.multipletests` with its method "holm", which has Python search the whole memory for
    garbage at each call: up to half a second.
    """
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p, kind="stable")
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return [float(one) for one in corrected]
