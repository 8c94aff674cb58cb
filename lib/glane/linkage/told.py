"""A linkage in a few lines, for the terminal."""

from __future__ import annotations

from glane.assess.rounding import outward
from glane.linkage.record import LinkSummary
from glane.toys import notice_lines

FEW = 30


def link_text(summary: LinkSummary) -> str:
    """How many entities, by how many comparisons, and what the number rests on."""
    one = summary
    lines = [
        *notice_lines(one.toy),
        f"{one.definition.name}: {one.records:,} records, {one.entities:,} entities by the links; records of the "
        f"largest: {one.largest:,}.",
        f"Pairs compared: {one.compared:,}; to be looked at, in pairs.parquet: {one.to_review:,}.",
    ]
    if one.count is not None:
        low, high = outward(one.count.low, one.count.high)
        lines.append(
            f"By the reviewed pairs: {one.count.estimate:,.0f} entities [{low:,.0f}, {high:,.0f}]. This does "
            "not count what no rule of block brought together."
        )
    else:
        lines.append(_no_interval(one))
    if empty := [f"{part.stratum} {part.empty:,}/{part.empty + part.reviewed:,}" for part in one.strata if part.empty]:
        lines.append(
            f"Pairs of the sample of which its reader said nothing: {', '.join(empty)}. They are taken to be as the "
            "others of their stratum: if they are the hard ones, the number is wrong."
        )
    lines += _warnings(one)
    return "\n".join(lines)


def _no_interval(one: LinkSummary) -> str:
    lacking = [part.stratum for part in one.strata if not part.reviewed]
    if one.reviewed is not None and lacking:
        return f"No interval: of the strata {', '.join(lacking)} no pair was reviewed."
    return (
        "No interval: no pair was reviewed, so nothing tells how many links are right. Draw some with sample=200, fill "
        "the column same, and give them back with reviewed=FILE."
    )


def _warnings(one: LinkSummary) -> list[str]:
    lines = []
    expected = [part.expected for part in one.strata if part.expected is not None]
    if expected and sum(expected) < FEW:
        lines.append(
            f"Warning: {sum(expected):,.0f} decisions are expected to be true, and fewer than {FEW} tell little of how "
            "records of one entity differ. Have all pairs reviewed, or choose method: keys."
        )
    if one.is_one_far_larger:
        lines.append(
            f"Warning: the largest entity has {one.largest:,} records, and 95 of 100 have at most {one.usual:,}. Look "
            "at it: where a value stands for nothing (unknown, 1900-01-01), make it null and link again."
        )
    if one.contested:
        lines.append(f"Warning: pairs of one entity that speak against it, in pairs.parquet: {one.contested:,}.")
    if one.is_converged is False:
        lines.append(
            "Warning: the probabilities did not settle (EM); do not use them before the columns are looked at."
        )
    lines += [
        f"Records in no block of {', '.join(rule.columns)}, since a value is missing: {rule.without:,}."
        for rule in one.rules
        if rule.without
    ]
    unverified = [f"{part.column} {part.unverified:,}" for part in one.columns if part.unverified]
    if unverified:
        lines.append(f"Values that their document does not show count as missing: {', '.join(unverified)}.")
    if one.contradictions:
        lines.append(
            f"Contradictions between records of one entity, in contradictions.parquet: {one.contradictions:,}."
        )
    return lines
