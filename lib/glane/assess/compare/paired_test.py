"""Paired tests of two runs: which documents only one of them has right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom
from statsmodels.stats.contingency_tables import mcnemar

from glane.assess.compare.record import PairedTest
from glane.assess.holm import holm as corrected_by_holm

Flags = NDArray[np.bool_]


def paired_test(first: Flags, other: Flags, clusters: NDArray[np.int64] | None = None) -> dict[str, Any]:
    """McNemar's exact test of documents that only one of two runs has right; with clusters, `sign_flip_p`.

    Args:
        first: Whether the first run has a document right.
        other: Whether the other has.
        clusters: Of the documents, numbers from 0, if some go together.
    """
    table = [
        [int((first & other).sum()), int((first & ~other).sum())],
        [int((~first & other).sum()), int((~first & ~other).sum())],
    ]
    if clusters is None:
        p = float(mcnemar(table, exact=True).pvalue)
    else:
        gains = other.astype(np.int64) - first.astype(np.int64)
        p = sign_flip_p(np.rint(np.bincount(clusters, gains)).astype(np.int64))
    return {
        "both_right": table[0][0],
        "only_first_right": table[0][1],
        "only_other_right": table[1][0],
        "neither_right": table[1][1],
        "p": p,
    }


def sign_flip_p(gains: NDArray[np.int64]) -> float:
    """The two-sided p of gains by cluster, if each were as likely with the other sign (Fisher 1935); exact.

    If no run is better, exchanging the two runs in any cluster changes nothing, however alike its documents are. The
    sum of the gains is compared with its distribution over all such exchanges. With one document in each cluster this
    is McNemar's exact test.

    Args:
        gains: By cluster, documents that only the other run has right less those that only the first has.
    """
    sizes = Counter(np.abs(gains[gains != 0]).tolist())
    chances, reach = np.ones(1), 0  # of the sums from -reach to reach
    for size, num in sizes.items():
        reach += size * num
        # A sum of positive terms keeps the smallest chances right, where a Fourier transform rounds them to 1e-16.
        summed = np.zeros(2 * reach + 1)
        for place, chance in enumerate(binom.pmf(np.arange(num + 1), num, 0.5)):
            summed[2 * size * place :][: len(chances)] += chance * chances
        chances = summed
    away = abs(int(gains.sum()))
    if away == 0:
        return 1.0
    return float(min(1.0, chances[: reach - away + 1].sum() + chances[reach + away :].sum()))


def holm(tests: Sequence[Mapping[str, Any]]) -> list[PairedTest]:
    """One family of tests, each with its p-value corrected after Holm (1979)."""
    corrected = corrected_by_holm([one["p"] for one in tests])
    return [PairedTest(**one, p_holm=p) for one, p in zip(tests, corrected, strict=True)]
