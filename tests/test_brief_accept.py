"""Labels of edited briefs accept types of statements, or tell that they are too few; statements of a brief that leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import glane
from conftest import extract_here, make_settings
from glane.api.brief_labels import brief_labels
from glane.assess.calibrate.risk import binomial_p_value
from glane.briefs.accepted_types import accepted_types, is_supported
from glane.briefs.claim_types import STATEMENT, STATEMENT_NUMBER, statement_type
from glane.briefs.edit_record import BriefLabels, ClaimLabel, LabelStatus
from glane.briefs.page import BriefText
from glane.briefs.record import LabelledTypes, ModelUsed
from glane.errors import DataError
from simulations.briefs import TASK, corpus, definition, scripted
from test_brief_statements import Honest

MODELS = (
    ModelUsed(name="m", role="records", fingerprint="r"), ModelUsed(name="m", role="statements", fingerprint="s"),
    ModelUsed(name="c", role="support", fingerprint="t"),
)  # fmt: skip


def label(at: int, status: LabelStatus = "kept", kind: str = STATEMENT, **told: Any) -> ClaimLabel:
    base: dict[str, Any] = {
        "id": f"s-{at}", "kind": "statement", "type": kind, "status": status, "is_verified": status == "kept",
        "had_passed": True, "sentence": "A brazier was lit.",
    }  # fmt: skip
    return ClaimLabel(**(base | told))


def labels(*found: ClaimLabel, models: tuple[ModelUsed, ...] = MODELS, digest: str = "d") -> BriefLabels:
    return BriefLabels(brief="b", claims="c", file="f", digest=digest, saved_by=None, labels=found, models=models)


def outcome(*records: BriefLabels) -> dict[str, Any]:
    found = accepted_types(records, MODELS, alpha=0.05, delta=0.05)
    return {one.type: one for one in found.types} | {"others": found.others}


def test_a_type_is_accepted_from_as_many_labels_on_as_the_exact_test_asks_for() -> None:
    few = outcome(labels(*map(label, range(10))))[STATEMENT]
    assert (few.labels, few.unsupported, few.is_accepted) == (10, 0, False)
    assert few.needed is not None
    enough = 10 + few.needed
    assert outcome(labels(*map(label, range(enough))))[STATEMENT].is_accepted
    assert not outcome(labels(*map(label, range(enough - 1))))[STATEMENT].is_accepted
    assert binomial_p_value(0, enough, 0.05) <= 0.025 < binomial_p_value(0, enough - 1, 0.05)
    assert not outcome(labels(*map(label, range(enough))))[STATEMENT_NUMBER].is_accepted  # each type by itself


def test_with_many_unsupported_it_is_not_accepted_however_many_there_are() -> None:
    found = outcome(labels(*(label(at, "deleted" if at % 10 == 0 else "kept") for at in range(500))))[STATEMENT]
    assert (found.unsupported, found.is_accepted, found.needed) == (50, False, None)


def test_one_reader_who_takes_it_out_outweighs_another_who_keeps_it() -> None:
    both = labels(label(1)), labels(label(1, "deleted"), digest="e")
    for records in (both, both[::-1]):
        found = outcome(*records)[STATEMENT]
        assert (found.labels, found.unsupported) == (1, 1)


@pytest.mark.parametrize(
    ("one", "is_right"),
    [
        (label(1, "edited", text="a  brazier was lit."), True),
        (label(1, "edited", text="A brazier was not lit."), False),
        (label(1, "edited", text="A brazier was lit.", numbers_changed=True), False),
        (label(1, "deleted"), False),
        (label(1), True),
    ],
)
def test_an_edit_counts_as_unsupported_unless_it_is_of_the_spelling(one: ClaimLabel, is_right: bool) -> None:
    assert is_supported(one) == is_right


def test_labels_of_figures_of_what_had_failed_and_of_other_models_tell_nothing() -> None:
    others = tuple(one.model_copy(update={"fingerprint": "x"}) for one in MODELS)
    found = outcome(
        labels(
            label(1, had_passed=False),
            label(2, "unclear"),
            label(3, kind="count").model_copy(update={"kind": "figure"}),
        ),
        labels(*map(label, range(200)), models=others, digest="e"),
    )
    assert (found[STATEMENT].labels, found["others"]) == (0, 1)
    assert not found[STATEMENT].is_accepted


def test_types_are_by_numbers_in_digits_or_words() -> None:
    assert statement_type("Douze cas ont été signalés.") == STATEMENT_NUMBER
    assert statement_type("Un brasero a été allumé.") == STATEMENT


@pytest.fixture(scope="module")
def writer() -> Honest:
    return Honest(3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, writer: Honest) -> Path:
    """A run, and a brief of it with what a scripted model made."""
    root = tmp_path_factory.mktemp("accept")
    with scripted(writer):
        settings = make_settings(corpus(root, writer, 1), root / "run", TASK, data__carry_columns=["brief"])
        extract_here(settings)
        glane.brief(root / "run", definition(0), root / "brief", model="scripted")
    return root


def verified(claims: Any) -> list[str]:
    return [one.id for one in claims if one.kind == "statement" and one.status == "verified"]


def test_what_labels_do_not_accept_is_unverified_and_the_page_says_how_many_are_lacking(
    folder: Path, writer: Honest, tmp_path: Path
) -> None:
    written = brief_labels(folder / "brief", folder / "brief" / "brief.docx").folder
    with scripted(writer):
        before = glane.brief(folder / "run", definition(0), tmp_path / "before", model="scripted")
        found = glane.brief(folder / "run", definition(0), tmp_path / "few", model="scripted", labels=str(written))
        easy = glane.brief(
            folder / "run", definition(0), tmp_path / "easy", model="scripted", labels=str(written), alpha=0.6, delta=0.5
        )  # fmt: skip
    assert verified(before.claims)
    assert verified(found.claims) == []
    assert {one.status for one in found.claims if one.kind == "figure"} == {"verified"}
    assert found.summary.failures.get("labelled", 0) >= len(verified(before.claims))
    page = (tmp_path / "few" / "brief.md").read_text()
    assert "are too few; at least" in page
    assert easy.summary.labelled is not None
    kinds = easy.summary.labelled.accepted
    assert kinds
    assert set(verified(easy.claims)) == {
        one.id for one in before.claims
        if one.id in verified(before.claims) and statement_type(one.sentence("en")) in kinds
    }  # fmt: skip
    again = brief_labels(tmp_path / "few", tmp_path / "few" / "brief.docx").labels  # they go on to count
    assert any(one.had_passed for one in again.labels if one.kind == "statement")
    with pytest.raises(DataError, match="no labels in"):
        glane.brief(folder / "run", definition(0), tmp_path / "none", labels=str(tmp_path))


def test_each_outcome_of_a_type_has_its_sentence(folder: Path) -> None:
    found = glane.brief(folder / "run", definition(0), folder / "again")
    for records in ((labels(*map(label, range(400))),), (labels(*(label(at, "deleted") for at in range(50))),)):
        told: LabelledTypes = accepted_types(records, MODELS, alpha=0.05, delta=0.05)
        for language in ("fr", "en"):
            notes = list(
                BriefText(found.summary.model_copy(update={"labelled": told}), found.claims, language).statement_notes()
            )
            assert len([one for one in notes if "400" in one or "50" in one]) == 1


def test_statements_of_a_brief_that_leaves_have_no_number_passage_or_document(
    folder: Path, writer: Honest, tmp_path: Path
) -> None:
    table = {
        "name": "t", "unit": "document", "case": "event IS NOT NULL", "groups": ["brief"],
        "time": {"column": "day", "every": "year"}, "disclosure": {"least": 3},
    }  # fmt: skip
    glane.aggregate(folder / "run", table, out_dir=str(tmp_path / "issued"))
    rule = {"tables": [str(tmp_path / "issued")], "statements": True}
    told = definition(0) | {"policy": "drop", "disclosure": rule}
    documents = pl.read_parquet(folder / "documents.parquet")
    with scripted(writer):
        found = glane.brief(folder / "run", told, tmp_path / "left", model="scripted")
    assert (tmp_path / "left-work").is_dir()
    assert not (tmp_path / "left" / "work").exists()
    stated = [one for one in found.claims if one.kind == "statement"]
    assert all((one.documents, one.quotes, one.checks) == ((), (), ()) for one in stated)
    text = "".join(
        path.read_text() for path in (tmp_path / "left").iterdir() if path.suffix in (".md", ".html", ".json")
    ) + pl.read_parquet(tmp_path / "left" / "claims.parquet").write_json()  # fmt: skip
    assert not [one for one in documents["id"] if one in text]
    assert (found.summary.statements, found.summary.coverage) == (None, None)
    assert "first check that failed" not in text
    if stated:
        with pytest.raises(DataError, match="made to leave"):
            glane.trace(tmp_path / "left", stated[0].id)
