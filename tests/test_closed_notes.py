"""The two closed sets of documents are marked rightly. Nothing here runs the rules that they measure."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

import closed_notes
import closed_notes_2
from identified_notes import Identified
from simulations import pseudonyms

KINDS = {"name", "town", "date", "hospital", "phone", "identifier", "address", "birth_date", "postcode", "email", "nir"}


@pytest.mark.parametrize("notes", [closed_notes, closed_notes_2])
def test_spans_are_whole_words_in_order_and_of_known_kinds(notes: ModuleType) -> None:
    for seed in range(120):
        text, last = (document := notes.closed(seed)).text, 0
        for start, end, kind in document.spans:
            assert last <= start < end <= len(text)
            assert any(letter.isalnum() for letter in text[start:end])
            assert kind in KINDS
            last = end
        assert document == notes.closed(seed)
        assert not set("[]|{}") & set(text)


def test_no_mark_of_the_second_set_cuts_a_word() -> None:
    for seed in range(120):
        document = closed_notes_2.closed(seed)
        for start, end, _ in document.spans:
            for border in (start, end):  # "E.Martin" is two marks, and "Ma" and "rtin" would be none
                assert not (
                    document.text[border - 1 : border].isalnum() and document.text[border : border + 1].isalnum()
                )


def test_the_second_set_has_all_styles_and_hands_and_no_document_twice() -> None:
    documents = [closed_notes_2.closed(seed) for seed in range(300)]
    assert {one.style for one in documents} == set(closed_notes_2.STYLES)
    assert {one.hand for one in documents} == {"plain", "hurried", "lower", "capitals", "scanned"}
    assert len({one.text for one in documents}) == 300
    assert 0.3 < sum(bool(one.kept) for one in documents) / 300 < 0.6


def test_the_second_set_is_measured_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """What finds all and nothing else has both figures of 1, for each style."""

    def perfect(document: Identified, **_: Any) -> list[tuple[int, int, str]]:
        return list(document.spans)

    monkeypatch.setattr(pseudonyms, "found_by_rules", perfect)
    figures = pseudonyms.measure_closed(120, second=True)
    assert list(figures) == [*closed_notes_2.STYLES, "all"]
    assert all(one.recall == one.precision == 1 for one in figures.values())
    assert figures["all"].documents == 120
    assert figures["all"].leaking == figures["all"].eponyms_replaced == 0 < figures["all"].eponyms
