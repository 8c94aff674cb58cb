"""What reviewers decided, counted, and how far they agree."""

from __future__ import annotations

import itertools
import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from glane.assess.review.corrections import Corrections
from glane.task.arrow import Column

Values = Mapping[str, Mapping[str, Mapping[str, Any]]]  # gold by file, document and column


def agreement(
    reviews: Mapping[str, Corrections], values: Values, fields: Sequence[str], kept: Mapping[str, list[Column]]
) -> dict[str, Any]:
    """Counts by field, and for each pair of reviewers their agreement on each, with Cohen's kappa (1960).

    Values are taken as categories. Kappa is None where it is not defined.

    Args:
        reviews: by the path of their file.
        values: what they said of the documents that they reviewed whole.
        fields: of the page.
        kept: the columns of each field.
    """
    return {
        "reviews": [
            {
                "file": Path(path).name,
                "reviewer": review.reviewer,
                "sampled": review.sampled,
                "begun": len(review.documents),
                "reviewed": len(values[path]),
            }
            for path, review in reviews.items()
        ],
        "fields": {name: _counts(name, reviews, values) for name in fields},
        "between": [
            _between(one, other, reviews, values, fields, kept) for one, other in itertools.combinations(reviews, 2)
        ],
    }


def _counts(name: str, reviews: Mapping[str, Corrections], values: Values) -> dict[str, float | None]:
    made = [
        document.fields[name].decision
        for path, review in reviews.items()
        for document in review.documents
        if document.id in values[path]
    ]
    counts = {kind: made.count(kind) for kind in ("accepted", "corrected", "missing")}
    return {"reviewed": len(made), **counts, "share_accepted": counts["accepted"] / len(made) if made else None}


def _between(
    one: str, other: str, reviews: Mapping[str, Corrections], values: Values,
    fields: Sequence[str], kept: Mapping[str, list[Column]],
) -> dict[str, Any]:  # fmt: skip
    both = [key for key in values[one] if key in values[other]]
    found: dict[str, Any] = {}
    for name in fields:
        first, second = (
            [_category([values[path][key][column.name] for column in kept[name]]) for key in both]
            for path in (one, other)
        )
        same = [a == b for a, b in zip(first, second, strict=True)]
        found[name] = {
            "agreement": sum(same) / len(both) if both else None,
            "kappa": _kappa(first, second),
            "differ": [key for key, is_same in zip(both, same, strict=True) if not is_same],
        }
    people = [reviews[one].reviewer, reviews[other].reviewer]
    return {"reviewers": people, "files": [Path(one).name, Path(other).name], "documents": len(both), "fields": found}


def _category(cells: Sequence[Any]) -> str:
    """A value as one category: equal texts for equal values, reasons, precisions and assertions."""
    return json.dumps(cells, ensure_ascii=False, sort_keys=True, default=str)


def _kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    if len({*first, *second}) < 2:  # chance alone would agree always: not defined
        return None
    from sklearn.metrics import cohen_kappa_score

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kappa = float(cohen_kappa_score(first, second))
    return None if kappa != kappa else kappa
