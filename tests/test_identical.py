"""Answers in several manners: where two part, and how near the tokens were."""

import pytest

from glane.types import Completion, TokenScores
from glane_tools.benchmark.identical import Manner, Parting, manners, parting, row


def answer(pieces, logprobs=None, others=None):
    spelled = [piece.encode() for piece in pieces]
    scores = TokenScores(
        pieces=spelled,
        logprobs=logprobs or [0.0] * len(spelled),
        others=[[(piece.encode(), value) for piece, value in some] for some in others or [[]] * len(spelled)],
    )
    return Completion(
        text="".join(pieces), finish_reason="stop", num_prompt_tokens=1, num_output_tokens=len(pieces),
        scores=lambda: scores,
    )  # fmt: skip


FIRST = answer(["{", "12", "}"], [0.0, -0.70, 0.0], [[], [("12", -0.70), ("1", -0.72), ("3", -4.0)], []])


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (["{", "12", "}"], None),
        (["{", "1", "2", "}"], None),  # the same bytes
        (["{", "1", "4", "}"], Parting(gap=pytest.approx(0.02), is_respelled=False)),
        (["{", "3", "}"], Parting(gap=pytest.approx(3.3), is_respelled=False)),
        (["{", "7", "}"], Parting(gap=None, is_respelled=False)),
    ],
)
def test_where_an_answer_becomes_another_one(other, expected):
    assert parting(FIRST, answer(other)) == expected


def test_other_tokens_before_are_told_from_a_near_tie():
    first = answer(['{"', "a", ":1"], [0.0, 0.0, -0.7], [[], [], [(":1", -0.7), (":2", -0.71)]])
    found = parting(first, answer(["{", '"', "a", ":2"]))
    assert found == Parting(gap=pytest.approx(0.01), is_respelled=True)


def test_an_answer_that_was_cut_parts_at_its_end():
    assert parting(FIRST, answer(["{", "12"])) == Parting(gap=None, is_respelled=False)


def test_a_row_tells_how_near_the_tokens_were_where_answers_part():
    asked = Manner(steps=6, answers=(FIRST, FIRST, FIRST))
    other = Manner(steps=4, answers=(answer(["{", "7", "}"]), FIRST, answer(["{", "1", "4", "}"])))
    assert row("asked", asked, asked) == f"| asked | 3 | `{asked.digest}` | 6 | 0 |  | 0 |"
    assert row("forced", other, asked) == f"| forced | 3 | `{other.digest}` | 4 | 2 | 0.020, ? | 0 |"
    assert asked.digest != other.digest


@pytest.mark.engine
@pytest.mark.slow
def test_the_demo_model_answers_the_same_in_all_manners():
    found = dict(manners(["model=demo"], corpus="notes", documents=8))
    assert {one.digest for one in found.values()} == {found["asked"].digest}
    assert found["drafted"].steps < found["forced"].steps < found["asked"].steps
