"""What reviewers decided, counted, and how far they agree."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from glane.assess.review.all_readers import numbers_of, reliability
from glane.assess.review.corrections import Corrections
from glane.assess.review.record import (
    AgreementSummary,
    DecisionCounts,
    FieldAgreement,
    ReviewerFile,
    ReviewerPair,
    ReviewState,
)
from glane.assess.review.same import Reading, category, is_same, label
from glane.assess.review.two_readers import (
    Codes,
    ac1,
    agreement_ci,
    coded,
    kappa,
    of_each,
    pabak,
    pabak_ci,
    resampled_ci,
)
from glane.task.fields import Field

Values = Mapping[str, Mapping[str, Reading]]  # gold by file and document


def agreement(
    reviews: Mapping[str, Corrections],
    values: Values,
    fields: Mapping[str, Field],
    *,
    sample: ReviewState,
    blind: Collection[str] = (),
    clusters: Mapping[str, int] = {},
) -> AgreementSummary:
    """Counts by field, the agreement of all readers on each, and that of each pair.

    Readings are the same that are so by the field's rule `compare` (`glane.assess.review.same`). For kappa, AC1 and
    PABAK (`glane.assess.review.two_readers`) they are categories, which values within a tolerance are not;
    Krippendorff's alpha (`glane.assess.review.krippendorff`) takes pairs as the rule does.

    Args:
        reviews: by the path of their file.
        values: what they said of the documents that they reviewed whole.
        fields: those of the page.
        sample: how far the review is.
        blind: the documents that were shown without the model's answers.
        clusters: the number of the cluster of each document, where some go together: intervals follow them.
    """
    twice = sorted(
        key for key, num in Counter(key for of_file in values.values() for key in of_file).items() if num > 1
    )
    go_together = numbers_of(twice, clusters)
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
        clusters=None if go_together is None else int(go_together.max()) + 1,
        together={
            name: reliability(field, name, {key: _readings(key, values) for key in twice}, go_together)
            for name, field in (fields if twice else {}).items()
        },
        between=tuple(
            _between(one, other, reviews, values, fields, clusters) for one, other in itertools.combinations(reviews, 2)
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
        in_bulk=sum(bool(document.fields[name].in_bulk) for document in whole) or None,
    )


def _readings(document: str, values: Values) -> list[Reading]:
    return [of_file[document] for of_file in values.values() if document in of_file]


def _between(
    one: str, other: str, reviews: Mapping[str, Corrections], values: Values, fields: Mapping[str, Field],
    clusters: Mapping[str, int],
) -> ReviewerPair:  # fmt: skip
    both = [key for key in values[one] if key in values[other]]
    go_together = numbers_of(both, clusters)
    return ReviewerPair(
        reviewers=(reviews[one].reviewer, reviews[other].reviewer),
        files=(Path(one).name, Path(other).name),
        documents=len(both),
        fields={
            name: _of_field(
                field, name, both, [[values[path][key] for key in both] for path in (one, other)], go_together
            )
            for name, field in fields.items()
        },
    )


def _of_field(
    field: Field, name: str, documents: Sequence[str], readings: Sequence[Sequence[Reading]], clusters: Codes | None
) -> FieldAgreement:
    same = [is_same(field, name, one, other) for one, other in zip(*readings, strict=True)]
    categories = [[category(field, name, one) for one in side] for side in readings]
    for place, agrees in enumerate(same):  # what is the same within a tolerance is one category here
        if agrees:
            categories[1][place] = categories[0][place]
    codes = coded(*categories)
    return FieldAgreement(
        agreement=sum(same) / len(same) if same else None,
        agreement_ci95=agreement_ci(*codes, clusters),
        kappa=kappa(*codes),
        kappa_ci95=resampled_ci(kappa, *codes, clusters),
        ac1=ac1(*codes),
        ac1_ci95=resampled_ci(ac1, *codes, clusters),
        pabak=pabak(*codes),
        pabak_ci95=pabak_ci(*codes, clusters),
        of_each={one: share for key, share in of_each(*categories).items() if (one := label(field, key))},
        differ=tuple(key for key, agrees in zip(documents, same, strict=True) if not agrees),
    )
