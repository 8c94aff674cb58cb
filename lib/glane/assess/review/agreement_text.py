"""How far readers agree, in lines for a terminal. They hold no values of documents."""

from __future__ import annotations

from glane.assess.clusters import FEW_CLUSTERS
from glane.assess.review.record import AgreementSummary, FieldReliability


def agreement_lines(summary: AgreementSummary) -> list[str]:
    """Krippendorff's alpha of each field, where documents were read twice; nothing where none was."""
    if not summary.together:
        return []
    num = max(one.documents for one in summary.together.values())
    width = max(map(len, summary.together))
    lines = [f"readers agree, on {num} documents that two or more have read (Krippendorff's alpha, 95 % interval):"]
    lines += [f"  {name:{width}}  {_figures(one)}" for name, one in summary.together.items()]
    if summary.clusters is not None:
        few = ": so few that they are too short" if summary.clusters < FEW_CLUSTERS else ""
        lines.append(f"  intervals follow {summary.clusters} clusters of these documents{few}")
    return lines


def _figures(one: FieldReliability) -> str:
    differ = f"differ on {len(one.differ)}"
    if one.alpha is None:
        return f"not defined (all readings are the same)  {differ}" if not one.differ else f"not defined  {differ}"
    ends = "" if one.alpha_ci95 is None else f" [{one.alpha_ci95[0]:.3f}, {one.alpha_ci95[1]:.3f}]"
    return f"{one.alpha:.3f}{ends}  {differ}"
