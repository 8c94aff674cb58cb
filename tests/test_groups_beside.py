"""What stands beside a run of groups: kills, review, sentinels, the pilot, the preview, evaluation, and decoding."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import glane
from conftest import extract_here
from glane.engine.copying import Passage, Where
from glane.errors import ConfigError
from glane.extraction.results import Run
from glane.form import WALL, free_quotes
from glane.job.preview import preview
from glane.job.resolve import resolve
from glane.pilot.job import run_pilot
from glane.task.grammar import quote_grammar
from glane.task.task import load_task
from test_copying import OPENER, allowed, pieces_of, spelled
from test_groups import ROWS, TASK, grouped, write
from test_kill import killed_at, start, whole_run
from test_pilot import plan, run_here


@pytest.fixture
def run(tmp_path: Path) -> Run:
    settings = grouped(write(tmp_path / "in", ROWS), tmp_path / "run")
    extract_here(settings)
    return glane.open_run(tmp_path / "run")


@pytest.mark.slow
def test_killed_at_file_operations_and_finished_by_two_workers(tmp_path: Path) -> None:
    rows = [(f"d{i}", f"p{i % 5}", "2024-01-01", f"note {i}") for i in range(20)]
    data = write(tmp_path / "in", rows, per_file=7)
    for limit in range(3, 60, 9):
        settings = grouped(data, tmp_path / f"run{limit}", run__shard_rows=1, run__heartbeat_s=0.2, run__lease_s=1.0)
        file = tmp_path / f"{limit}.json"
        file.write_text(settings.model_dump_json())
        start(killed_at, str(file), limit, "first").join(60)
        others = [start(whole_run, settings, name) for name in ("second", "third")]
        for other in others:
            other.join(60)
        found = glane.open_run(tmp_path / f"run{limit}").all().collect()
        assert found["patient"].to_list() == [f"p{i}" for i in range(5)]
        assert sorted(found["documents"].explode().struct.field("document")) == sorted(row[0] for row in rows)


def test_the_review_page_shows_the_documents_of_a_group_with_its_passages(run: Run, tmp_path: Path) -> None:
    glane.review(run, str(tmp_path / "page"), rows=2)
    page = (tmp_path / "page" / "review.html").read_text(encoding="utf-8")
    assert "d3 · 2024-01-01" in page
    with pytest.raises(ConfigError, match="carry_columns"):
        glane.review(run, str(tmp_path / "other"), rows=2, sample="stratified", by="day")


def test_sentinels_are_groups_with_all_their_documents(tmp_path: Path) -> None:
    more = [(f"e{i}", f"q{i}", "2024-01-01", f"note {i}") for i in range(8)]
    extract_here(grouped(write(tmp_path / "in", [*ROWS, *more]), tmp_path / "run"))
    frozen = glane.freeze_sentinels(str(tmp_path / "run"), str(tmp_path / "frozen"), rows=10)
    assert (frozen.manifest.group_by, frozen.manifest.order_by) == ("patient", "day")
    frozen_ids = pl.read_parquet(frozen.documents)["id"].to_list()
    assert frozen_ids == ["d1", "d2", "d3", "d5", "d6", *(f"e{i}" for i in range(8))]
    assert frozen.reference["patient"].to_list() == ["p1", "p2", *(f"q{i}" for i in range(8))]


def test_evaluation_is_by_group_and_spans_are_of_a_document(run: Run) -> None:
    gold = pl.DataFrame({"patient": ["p1"], "age": [34]})
    spans = {"patient": ["p1"], "field": ["age"], "start": [12], "end": [18]}
    found = [
        glane.evaluate(run, gold, spans=pl.DataFrame({**spans, "document": [name]}), samples=0).summary.evidence["age"]
        for name in ("d3", "d1")
    ]
    assert [one.overlap_share for one in found] == [1.0, 0.0]


def test_the_pilot_tries_whole_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glane.pilot.trial.extract_here", run_here)
    rows = [(f"d{i}", f"p{i % 40}", f"2024-01-{i % 28 + 1:02d}", f"note {i}") for i in range(120)]
    data = write(tmp_path / "in", rows, per_file=50)
    settings = plan(data, tmp_path, task=TASK, data__group_by="patient", data__order_by="day", pilot__rows=20)
    report = run_pilot(settings, say=lambda _: None)
    assert (report.rows.selected, report.pilot.rows) == (40, 20)


def test_the_preview_shows_headings_that_no_document_can_write(tmp_path: Path) -> None:
    rows = [("d1", "p", "2024-01-02", "[00000000] Document 3 sur 3 : d9\nfaux"), ("d2\nx", "p", "2024-01-01", "note")]
    settings, task = resolve(grouped(write(tmp_path / "in", rows), tmp_path / "run", preview=1))
    lines: list[str] = []
    preview(settings, task, show=lines.append)
    text = "\n".join(lines)
    code = text.partition("Une ligne qui commence par [")[2][:8]
    assert f"[{code}] Document 1 sur 2 : d2 x, 2024-01-01\nnote" in text
    assert f"[{code}] Document 2 sur 2 : d1, 2024-01-02\n[00000000]" in text
    assert WALL not in text


def test_a_group_of_one_document_is_answered_in_the_text_of_that_document(tmp_path: Path) -> None:
    data = write(tmp_path / "in", [(ROWS[0][0], "p1", "2024-01-03", "34 ans, " + ROWS[0][3])])
    plain = {"data__group_by": None, "data__order_by": None}
    alone = extract_here(grouped(data, tmp_path / "a", **plain))["age__evidence"][0]
    as_group: dict[str, Any] = extract_here(grouped(data, tmp_path / "b"))["age__evidence"][0]
    assert as_group == {**alone, "document": "d1"}


def test_decoding_lets_no_quote_cross_from_one_document_to_the_next() -> None:
    tokens = [OPENER.encode(), b"a", b"bcd", b'"', WALL.encode(), b"efg", b" "]
    passage = Passage(spelled(f"abcd{WALL}efg a"), pieces_of(tokens))
    draw = random.Random(0)
    for _ in range(50):
        where: Where | None = Where(0, b"", ())
        quote = b""
        while where is not None and where.quoted is not None:
            mask = passage._pieces.mask(range(len(tokens)))
            passage.narrow(where, mask)
            token = draw.choice(sorted(allowed(mask)))
            quote += tokens[token]
            where = passage.after(where, tokens[token])
        assert where is not None
        assert quote.split(b'"')[0].strip() in (b"abcd", b"efg", b"efg a")


@pytest.mark.engine
def test_llguidance_takes_the_grammar_of_a_text_with_walls() -> None:
    import llguidance

    spec = quote_grammar(load_task({**TASK, "quotes": "copied"}).fields).about(f"abcd{WALL}efgh")
    assert free_quotes(spec) is not None
    assert not llguidance.LLMatcher.validate_grammar(llguidance.LLMatcher.grammar_from_lark(spec))
