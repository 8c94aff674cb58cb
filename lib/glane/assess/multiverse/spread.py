"""How far the figures of several specifications lie apart, and which of their differences goes with it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

import numpy as np

from glane.assess.multiverse.record import FACTORS, Figure, Part, Specification, Spread, Variation


def raw_spread(found: Sequence[Specification], chosen: Specification, *, is_contrast: bool) -> Spread:
    """The spread of the figures of the models' answers alone."""
    differing = sum(bool(one.difference.excludes(0.0)) for one in found if one is not chosen)
    pairs = [(one, one.figure) for one in found]
    return _spread(pairs, chosen, chosen.figure, is_contrast=is_contrast, differing=differing)


def corrected_spread(found: Sequence[Specification], chosen: Specification, *, is_contrast: bool) -> Spread:
    """The spread of the corrected figures. Their differences are not tested: they share their right answers."""
    pairs = [(one, one.corrected) for one in found if one.corrected is not None]
    assert chosen.corrected is not None
    return _spread(pairs, chosen, chosen.corrected, is_contrast=is_contrast, differing=None)


def _spread(
    pairs: Sequence[tuple[Specification, Figure]], chosen: Specification, of_chosen: Figure, *, is_contrast: bool,
    differing: int | None,
) -> Spread:  # fmt: skip
    values = [figure.value for _, figure in pairs if figure.value is not None]
    others = [figure for one, figure in pairs if one is not chosen]
    return Spread(
        figures=len(values),
        lowest=min(values, default=None),
        highest=max(values, default=None),
        median=float(np.median(values)) if values else None,
        others=len(others),
        reversed=sum(is_reversed(one, of_chosen) for one in others) if is_contrast else None,
        excluding=sum(bool(one.excludes(of_chosen.value)) for one in others),
        differing=differing,
        variation=variation(pairs),
    )


def is_reversed(figure: Figure, chosen: Figure) -> bool:
    """Whether a figure has the opposite sign of the chosen one; 0 has none."""
    return (figure.value or 0.0) * (chosen.value or 0.0) < 0


def variation(pairs: Sequence[tuple[Specification, Figure]]) -> Variation:
    """The share of the sum of squares of all figures that lies between the levels of each factor, main effects alone.

    Each share is of its factor by itself (the correlation ratio, eta squared: Fisher, Statistical Methods for Research
    Workers, 1925). Where every level of a factor meets those of the others equally often, the shares add up, and what
    is left is interactions. Else factors overlap: what one tells another may tell, too, and nothing is left over.
    """
    known = [(one, figure.value) for one, figure in pairs if figure.value is not None]
    values = np.array([value for _, value in known], dtype=np.float64)
    names = [[one.level(factor) for one, _ in known] for factor in FACTORS]
    total = float(((values - values.mean()) ** 2).sum()) if len(values) else 0.0
    has_spread = total > 1e-12 * float((values**2).sum()) if len(values) else False
    shares = [_between(values, levels) / total if has_spread else None for levels in names]
    is_balanced = all(_meet_equally(one, other) for one, other in itertools.combinations(names, 2))
    told = sum(share for share in shares if share is not None)
    return Variation(
        figures=len(values),
        standard_deviation=float(values.std(ddof=1)) if len(values) > 1 else None,
        parts=tuple(
            Part(factor=factor, levels=len(set(levels)), share=share)
            for factor, levels, share in zip(FACTORS, names, shares, strict=True)
        ),
        rest=max(0.0, 1 - told) if has_spread and is_balanced else None,
        is_balanced=is_balanced,
    )


def _between(values: np.ndarray[tuple[int], np.dtype[np.float64]], levels: Sequence[str]) -> float:
    """The sum of squares between levels."""
    mean, found = values.mean(), 0.0
    for level in set(levels):
        own = values[[one == level for one in levels]]
        found += len(own) * float((own.mean() - mean) ** 2)
    return found


def _meet_equally(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two factors are orthogonal: every pair of levels as often as their own numbers make expected."""
    pairs, ones, others = Counter(zip(one, other, strict=True)), Counter(one), Counter(other)
    return all(pairs[a, b] * len(one) == ones[a] * others[b] for a in ones for b in others)
