"""What reviewers decided, counted, and how far they agree."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from glane.assess.review.corrections import Corrections
from glane.assess.review.record import (
    AgreementSummary,
    DecisionCounts,
    FieldAgreement,
    ReviewerFile,
    ReviewerPair,
    ReviewState,
)
from glane.assess.review.two_readers import ac1, agreement_ci, coded, kappa, of_each, resampled_ci
from glane.task.arrow import Column
from glane.task.fields import Field, ListField, ObjectField
from glane.types import Assertion

Values = Mapping[str, Mapping[str, Mapping[str, Any]]]  # gold by file, document and column


def agreement(
    reviews: Mapping[str, Corrections],
    values: Values,
    fields: Mapping[str, Field],
    kept: Mapping[str, list[Column]],
    *,
    sample: ReviewState,
    blind: Collection[str] = (),
) -> AgreementSummary:
    """Counts by field, and for each pair of reviewers their agreement on each; see `glane.assess.review.two_readers`.

    Values are the same that are so by the field's rule `compare`, as in an evaluation. For kappa and AC1 they are
    categories, which values within a tolerance are not.

    Args:
        reviews: by the path of their file.
        values: what they said of the documents that they reviewed whole.
        fields: those of the page.
        kept: the columns of each field.
        sample: how far the review is.
        blind: the documents that were shown without the model's answers.
    """
    return AgreementSummary(
        sample=sample,
        reviews=tuple(
            ReviewerFile(
                file=Path(path).name,
                reviewer=review.reviewer,
                sampled=review.sampled,
                begun=len(review.documents),
                reviewed=len(values[path]),
            )
            for path, review in reviews.items()
        ),
        fields={name: _counts(name, reviews, values, blind) for name in fields},
        between=tuple(
            _between(one, other, reviews, values, fields, kept) for one, other in itertools.combinations(reviews, 2)
        ),
    )


def _counts(
    name: str, reviews: Mapping[str, Corrections], values: Values, blind: Collection[str]
) -> DecisionCounts:  # fmt: skip
    whole = [
        document for path, review in reviews.items() for document in review.documents if document.id in values[path]
    ]
    made = [document.fields[name].decision for document in whole if document.id not in blind]
    accepted = made.count("accepted")
    return DecisionCounts(
        reviewed=len(whole),
        blind=len(whole) - len(made),
        accepted=accepted,
        corrected=made.count("corrected"),
        missing=made.count("missing"),
        share_accepted=accepted / len(made) if made else None,
    )


def _between(
    one: str,
    other: str,
    reviews: Mapping[str, Corrections],
    values: Values,
    fields: Mapping[str, Field],
    kept: Mapping[str, list[Column]],
) -> ReviewerPair:
    both = [key for key in values[one] if key in values[other]]
    found = {}
    for name, field in fields.items():
        first, second = ([_cells(values[path][key], kept[name]) for key in both] for path in (one, other))
        found[name] = _of_field(field, both, first, second)
    return ReviewerPair(
        reviewers=(reviews[one].reviewer, reviews[other].reviewer),
        files=(Path(one).name, Path(other).name),
        documents=len(both),
        fields=found,
    )


def _cells(row: Mapping[str, Any], columns: Sequence[Column]) -> list[Any]:
    return [row[column.name] for column in columns]


def _of_field(
    field: Field, documents: Sequence[str], first: list[list[Any]], second: list[list[Any]]
) -> FieldAgreement:
    same = [_is_same(field, one, other) for one, other in zip(first, second, strict=True)]
    categories = [[_category(field, cells) for cells in side] for side in (first, second)]
    for place, is_same in enumerate(same):  # what is the same within a tolerance is one category here
        if is_same:
            categories[1][place] = categories[0][place]
    codes = coded(*categories)
    return FieldAgreement(
        agreement=sum(same) / len(same) if same else None,
        agreement_ci95=agreement_ci(*codes),
        kappa=kappa(*codes),
        kappa_ci95=resampled_ci(kappa, *codes),
        ac1=ac1(*codes),
        ac1_ci95=resampled_ci(ac1, *codes),
        of_each={name: share for key, share in of_each(*categories).items() if (name := _name(field, key))},
        differ=tuple(key for key, is_same in zip(documents, same, strict=True) if not is_same),
    )


def _is_same(field: Field, one: list[Any], other: list[Any]) -> bool:
    if isinstance(field, ListField | ObjectField) or one[0] is None or other[0] is None:
        return _category(field, one) == _category(field, other)
    return field.same(one[0], other[0]) and _text(one[1:]) == _text(other[1:])


def _category(field: Field, cells: Sequence[Any]) -> str:
    """A value as one category: equal texts for equal values, reasons, precisions and assertions."""
    value, *beside = cells
    if value is not None and not isinstance(field, ListField | ObjectField) and field.is_equivalence:
        value = field.key(value)
    return _text([value, *beside])


def _text(cells: Sequence[Any]) -> str:
    return json.dumps(list(cells), ensure_ascii=False, sort_keys=True, default=str)


def _name(field: Field, category: str) -> str | None:
    """The value of a boolean or enum that a category stands for; None for a reason, another assertion, other fields."""
    value, *beside = json.loads(category)
    name = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
    is_plain = all(one in (None, Assertion.PRESENT) for one in beside)
    known = () if isinstance(field, ListField | ObjectField) else field.categories
    return name if is_plain and name in known else None
