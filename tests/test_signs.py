"""Signs that a value is not its document's: told by the run, and heeded by all that judges it."""

from __future__ import annotations

import datetime
import json
import math
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import glane
from conftest import extract_here, make_settings, write_documents
from glane.assess.calibrate.acceptance import accept
from glane.assess.calibrate.doubted import with_doubts
from glane.assess.calibrate.tested import Risks
from glane.assess.review.data import review_data
from glane.assess.sampling import draw
from glane.extraction.attention import Attention, attention_lines
from glane.extraction.checked import checked_lines
from glane.extraction.results import Run
from glane.extraction.summary import extraction_summary
from glane.reading.reading import Reading, ReadingPlan
from glane.reading.support import forced_quote
from glane.task.arrow import columns, row_values
from glane.task.task import load_task
from glane.types import (
    Alignment,
    Chunk,
    Completion,
    Document,
    Evidence,
    ExtractedValue,
    Extraction,
    Missing,
    Status,
    TokenScores,
)

EXAMPLE = {
    "text": "On compte 417 cas en Freedonia.",
    "output": {"country": {"value": "Freedonia", "quote": "en Freedonia"}, "cases": {"value": 417, "quote": "417 cas"}},
}
TASK = {
    "name": "signs", "instructions": "Lis.", "repairs": 0, "rules": ["cases < 1000"], "examples": [EXAMPLE],
    "fields": {
        "country": {"type": "string", "evidence": True, "nullable": True},
        "cases": {"type": "integer", "evidence": True, "nullable": True},
    },
}  # fmt: skip
TEXT = "On compte 31 cas en France."


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("signs")
    answers = [
        {"country": {"value": "France", "quote": "en France"}, "cases": {"value": 31, "quote": "31 cas"}},
        {"country": {"value": "Freedonia", "quote": "en France"}, "cases": {"value": 31, "quote": "31 cas"}},
        {"country": {"value": "France", "quote": "en France"}, "cases": {"value": 32, "quote": "31 cas"}},
        {"country": {"value": "France", "quote": "en France"}, "cases": {"value": 2000, "quote": "31 cas"}},
    ]
    # Escaped, an answer is no part of the text that could be quoted, and does not look like one.
    hidden = [json.dumps(one).replace("a", "\\u0061").replace("o", "\\u006f") for one in answers]
    texts = [f"{TEXT} [[answer {one}]]" for one in hidden]
    data = write_documents(folder / "d.parquet", texts)
    extract_here(make_settings(data, folder / "run", TASK, model__max_model_len=20000))
    return glane.open_run(folder / "run")


def test_a_run_tells_the_signs_of_each_value(run: Run) -> None:
    found = run.doubts().sort("id", "sign").collect()
    assert found.rows() == [
        ("d1", "country", "leaked_from_example", None),
        ("d1", "country", "not_in_quote", None),
        ("d2", "cases", "not_in_quote", None),
        ("d3", None, "broken_rules", "cases < 1000"),
        ("d3", "cases", "not_in_quote", None),
    ]
    told = {one.sign: (one.rows, one.usable, one.by) for one in extraction_summary(run.directory).attention}
    assert told == {
        "leaked_from_example": (1, 4, {"country": 1}),
        "not_in_quote": (3, 4, {"cases": 2, "country": 1}),
        "broken_rules": (1, 4, {"cases < 1000": 1}),
    }


def test_a_run_warns_above_a_share_and_not_at_it(run: Run) -> None:
    found = extraction_summary(run.directory).attention
    lines = attention_lines(found, above=0.25)
    assert lines[0] == "3 of 4 usable rows have a value that cannot be read in its own quote (cases 2, country 1)"
    assert len(lines) == 2
    assert attention_lines(found, above=0.75) == []
    many = Attention(sign="not_in_quote", rows=9, usable=9, by={f"f{i}": 9 - i for i in range(7)})
    assert attention_lines((many,), above=0.0)[0].endswith("(f0 9, f1 8, f2 7, f3 6, f4 5, ...)")


def test_doubted_documents_are_drawn_as_if_the_model_were_not_sure(run: Run) -> None:
    drawn = draw(
        run.usable(), run.inputs(), id_column="id", method="uncertain", fields=["country"], num_rows=2, seed=1
    )  # fmt: skip
    chances = draw(
        run.usable().with_columns(pl.lit(1.0).alias("country__confidence")), run.inputs(), id_column="id",
        method="uncertain", fields=["country"], num_rows=2, seed=1,
    )  # fmt: skip
    assert drawn.height == 2
    # d1 has a leaked country and d3 a broken rule; the number of d2 is not among the fields.
    assert set(chances["id"]) == {"d1", "d3"}


def test_doubted_values_are_never_accepted(run: Run) -> None:
    found = with_doubts(run.evidence().collect(), run.doubts().collect(), id_column="id")
    doubted = found.filter("doubted").select("id", "field").sort("id", "field").rows()
    assert doubted == [("d1", "country"), ("d2", "cases"), ("d3", "cases"), ("d3", "country")]
    many = pl.DataFrame(
        {
            "id": [f"d{i}" for i in range(1000)], "field": "age", "item": None, "value": "67", "confidence": 0.99,
            "doubted": [i % 10 == 0 for i in range(1000)],
        },
        schema_overrides={"item": pl.Int64},
    )  # fmt: skip
    judged = many.head(400).select("id", "field", "item", verdict=pl.lit("correct"))
    result = accept(many, judged, id_column="id", risks=Risks(alpha=0.1, delta=0.1))
    accepted = set(result.accepted.filter(pl.col("source") == "accepted")["id"])
    assert accepted == {f"d{i}" for i in range(400, 1000) if i % 10}
    entry = result.summary.fields["age"]
    assert (entry.run.values, entry.run.accepted, entry.run.doubted, entry.judged) == (1000, 540, 100, 360)
    assert result.to_review.height == 60  # those that nobody judged


def test_the_review_page_says_what_speaks_against_a_value(run: Run) -> None:
    task = load_task(TASK)
    rows = run.usable().join(run.documents().rename({"text": "__text"}), on="id").collect()
    sample = rows.select("id", inclusion_probability=pl.lit(1.0), stratum=pl.lit("all"))
    shown = review_data(
        task, rows, sample, id_column="id", text_column="__text", run="r", fields=["country", "cases"], context=[]
    )
    by_id = {one["id"]: one for one in shown["documents"]}
    assert by_id["d0"]["fields"]["country"]["signs"] == []
    assert by_id["d1"]["fields"]["country"]["signs"] == ["leaked_from_example", "not_in_quote"]
    assert by_id["d3"]["broken_rules"] == ["cases < 1000"]


def read_with_masses(masses: dict[str, float]) -> Extraction:
    """A document whose quotes have these masses: what the mask left to their first letter."""
    task = load_task({**TASK, "rules": [], "examples": []})
    said = {"country": {"value": "France", "quote": "en France"}, "cases": {"value": 31, "quote": "31 cas"}}
    text = json.dumps(said, separators=(",", ":"))
    allowed = [0.0] * len(text)
    for name, mass in masses.items():
        allowed[text.index(f'"quote":"{said[name]["quote"]}') + len('"quote":"')] = math.log(mass)
    scores = TokenScores(
        pieces=[letter.encode() for letter in text], logprobs=[0.0] * len(text), others=[[] for _ in text],
        allowed=allowed,
    )  # fmt: skip
    reading = Reading(
        ReadingPlan(task, style="full"), Document(id="d", text=TEXT, inputs={}), [Chunk(text=TEXT, start=0, end=len(TEXT))]
    )  # fmt: skip
    (turn,) = reading.turns()
    done = Completion(text=text, finish_reason="stop", num_prompt_tokens=1, num_output_tokens=1, scores=lambda: scores)
    assert reading.take(turn, done) == []
    return reading.extraction()


def test_a_quote_that_the_model_did_not_want_is_a_sign() -> None:
    result = read_with_masses({"country": 0.009, "cases": 0.011})
    assert result.forced_quote == ["country"]
    assert result.not_in_quote == []
    assert result.found is not None
    row = row_values(result.found, columns(load_task(TASK)))
    assert row["country__evidence"]["quote_mass"] == pytest.approx(0.009)
    assert row["country__confidence"] == pytest.approx(0.009)
    assert row["cases__confidence"] == pytest.approx(0.011)
    assert checked_lines(result)[0].endswith("confidence 0.01  <- forced_quote")
    assert read_with_masses({"country": 1.0}).forced_quote == []


def test_only_values_with_a_forced_quote_are_doubted_for_it() -> None:
    field = load_task(TASK).fields["cases"]
    for value, mass, expected in ((1, 0.009, True), (1, 0.01, False), (1, None, False), (None, 0.009, False)):
        passage = Evidence(quote="x", start=0, end=1, alignment=Alignment.EXACT, quote_mass=mass)
        missing = None if value else Missing.DENIED
        found = {"cases": ExtractedValue(value=value, missing=missing, quote="x", evidence=passage)}
        assert forced_quote(found, {"cases": field}) == (["cases"] if expected else [])
    signs = pl.DataFrame(
        {"id": ["a"], "field": ["x"], "sign": ["forced_quote"], "what": [None]}, schema_overrides={"what": pl.String}
    )
    told = pl.DataFrame(
        {
            "id": ["a"] * 3, "field": ["x"] * 3, "item": [None] * 3, "supports": [True] * 3,
            "quote_mass": [0.009, 0.01, None],
        },
        schema_overrides={"item": pl.Int64},
    )  # fmt: skip
    assert with_doubts(told, signs, id_column="id")["doubted"].to_list() == [True, False, False]


def test_the_preview_shows_values_with_their_quotes_and_signs() -> None:
    def value(supports: bool | None, alignment: Alignment = Alignment.EXACT, **more: Any) -> ExtractedValue:
        passage = Evidence(quote="en France", start=0, end=9, alignment=alignment, supports=supports)
        return ExtractedValue(value="Freedonia", quote="en France", evidence=passage, confidence=0.955, **more)

    result = Extraction(
        status=Status.OK, found={"country": value(False), "other": value(True), "third": ExtractedValue()},
        broken_rules=["a < b"], leaked=["country"], not_in_quote=["country"],
    )  # fmt: skip
    assert checked_lines(result) == [
        '    country = "Freedonia"  "en France" (exact, does not show it)  confidence 0.95'
        "  <- leaked_from_example, not_in_quote",
        '    other = "Freedonia"  "en France" (exact, shows it)  confidence 0.95',
        "    third = null",
        "    breaks the rule: a < b",
        "",
    ]
    assert checked_lines(Extraction(status=Status.EMPTY)) == []
    timed = Extraction(status=Status.OK, found={"at": ExtractedValue(value=datetime.time(1, 30))})
    assert checked_lines(timed) == ['    at = "01:30:00"', ""]


def test_a_run_that_was_made_before_a_sign_was_thought_of_is_still_read(run: Run, tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(run.directory.root, old)
    for path in sorted((old / "records").glob("*.parquet")):
        rows = pl.read_parquet(path).drop("forced_quote", "recalled", "recalled_without_passage")
        cut = {
            name: pl.struct(pl.col(name).struct.field(one.name) for one in kind.fields if one.name != "quote_mass")
            for name, kind in rows.schema.items()
            if isinstance(kind, pl.Struct) and name.endswith("__evidence")
        }
        assert cut
        rows.with_columns(**cut).write_parquet(path)
    found = glane.open_run(old)
    assert found.doubts().collect().equals(run.doubts().filter(pl.col("sign") != "forced_quote").collect())
    assert found.evidence().collect()["quote_mass"].null_count() == found.evidence().collect().height > 0
    assert found.line_list().collect().height == run.line_list().collect().height
    summary = json.loads((old / "summary.json").read_text())
    del summary["reading"]["rows_with_forced_quotes"], summary["reading"]["rows_recalled"]
    (old / "summary.json").write_text(json.dumps(summary))
    assert extraction_summary(found.directory).reading.rows_with_forced_quotes == 0
