"""How far a screening is, in lines for a terminal. They hold no values of documents."""

from __future__ import annotations

from glane.assess.screen.record import ScreeningState
from glane.toys import notice_lines


def state_lines(state: ScreeningState) -> list[str]:
    """What was read and found, what is certain, and whether to go on."""
    asked = state.screening
    lines = [
        *notice_lines(state.toy),
        f"read {state.read} of {asked.documents} documents ({state.without_answer} without an answer of the model are "
        f"candidates, too), cases found {state.found}",
        f"certain with {asked.certainty:g}: at most {state.most_cases} cases in all, so a recall of at least "
        f"{state.recall_at_least:.3f}, wanted {asked.recall:g}",
    ]
    if state.is_reached:
        return [*lines, "stop: the recall is reached. read.parquet has every document that was read"]
    return [
        *lines,
        f"go on: {state.still_to_draw} more at random would do if none of them were a case; where cases turn up, it "
        "takes another number",
    ]
