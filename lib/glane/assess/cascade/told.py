"""What a cascade does, guarantees and costs, in lines for a terminal. They hold no values of documents."""

from __future__ import annotations

from collections.abc import Iterator

from glane.assess.cascade.record import CascadePlan, CascadeSummary, KeptGroup
from glane.toys import notice_lines


def plan_lines(plan: CascadePlan) -> Iterator[str]:
    """Which documents stay, and what is known of their values."""
    yield (
        f"{plan.stay} of {plan.documents} documents stay with {plan.small.model}, {plan.asked} are for the large "
        f"model; {', '.join(plan.fields)} decide"
    )
    if not plan.stay:
        yield (
            "no document has accepted values in all of these fields. glane calibrate says what was accepted: more "
            "judged documents, a larger alpha, or fewer fields that decide accept more"
        )
        return
    for one in plan.groups:
        yield group_line(one, plan)
    if any(one.judged_wrong for one in plan.groups):
        yield (
            "what people found wrong stays, so that the judged documents of the large model are a random part of its "
            "own; their answers are in line_list.parquet of the calibration"
        )
    if plan.others:
        yield f"nothing is guaranteed of {', '.join(plan.others)}: fields that do not decide"


def group_line(one: KeptGroup, plan: CascadePlan) -> str:
    """What is known of a group of values that stay."""
    if one.is_silence:
        return (
            f"  {one.field}, without a value: {one.kept} stay, of which at most {one.wrong_at_most} hide one "
            f"(certainty {1 - plan.delta:g}; at most {plan.missed:g} of the {one.accepted} in the run); people found "
            f"{one.judged_wrong} of them"
        )
    what = "all values" if one.value is None else f'"{one.value}"'
    return (
        f"  {one.field}, {what}: {one.kept + one.judged} stay, of which at most {one.wrong_at_most + one.judged_wrong} "
        f"are wrong: at most {one.wrong_at_most} of {one.kept} that nobody judged (certainty {1 - plan.delta:g}; at "
        f"most {plan.alpha:g} of the {one.accepted} accepted in the run), and {one.judged_wrong} of {one.judged} that "
        "people judged"
    )


def summary_lines(summary: CascadeSummary) -> Iterator[str]:
    """The joined result: its plan, its rows by model, its costs, and what is known of each part."""
    yield from notice_lines(summary.toy)
    yield from plan_lines(summary.plan)
    for part, cost in summary.costs.items():
        rows = ", ".join(f"{name} {num}" for name, num in summary.statuses[part].items()) or "no rows"
        model = summary.plan.small.model if part == "small" else summary.large.model
        yield (
            f"{part}: {model} was asked {cost.documents} documents, {cost.prompt_tokens} prompt and "
            f"{cost.output_tokens} output tokens, {cost.engine_s:.0f} engine-seconds, {cost.gpu_s:.0f} GPU-seconds; in "
            f"the joined result: {rows}"
        )
    yield f"the large model's part: {summary.large_guarantee or 'not calibrated'}"
