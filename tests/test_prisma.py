"""The flow of a review: counted from what was done, adding up, and silent about nothing that is not known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import lxml.html
import polars as pl
import pytest

import glane
from conftest import extract_here, job_here, make_settings, write_documents
from glane.errors import ConfigError, DataError
from glane.settings.link import LinkDefinition
from glane.synthesis.prisma.record import PrismaFlow
from glane.synthesis.prisma.words import WORDS
from glane.validation import validated
from ingest_runs import ingest_told, read_alone
from test_screen import read_page

TASK: dict[str, Any] = {
    "name": "screening", "version": "1", "language": "en", "instructions": "Decide.", "inputs": ["text"],
    "fields": {
        "decision": {"type": "enum", "values": ["include", "exclude", "unclear"], "description": "Decision."},
        "exclusion_reason": {
            "type": "enum", "values": ["population", "<design>"], "nullable": True, "description": "Reason."
        },
    },
}  # fmt: skip
TITLES = ["include", "include", "exclude", "exclude", "unclear", "include", "include", "exclude", "include", "bad"]
FULL = {  # of the records that screening by the model passes: d0, d1, d4, d5, d6, d8, d9
    "d0": ("include", None), "d1": ("exclude", "population"), "d4": ("exclude", "<design>"),
    "d5": ("exclude", None), "d6": ("unclear", None), "d8": ("include", None),
}  # fmt: skip


def text_of(decision: str, reason: str | None = None, more: str = "") -> str:
    if decision == "bad":
        return "Zzyzx [[answer {]]"
    return f"Zzyzx {more} [[answer {json.dumps({'decision': decision, 'exclusion_reason': reason})}]]"


def run_over(folder: Path, name: str, texts: dict[str, str | None]) -> Path:
    data = write_documents(folder / f"{name}.parquet", list(texts.values()))
    pl.read_parquet(data).with_columns(id=pl.Series(list(texts))).write_parquet(data)
    extract_here(make_settings(data, folder / name, TASK, task__repairs=0))
    return folder / name


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run over titles, and one over the full texts of most of those that it passes."""
    root = tmp_path_factory.mktemp("review")
    run_over(root, "titles", {f"d{at}": text_of(one, more=str(at)) for at, one in enumerate(TITLES)})
    full: dict[str, str | None] = {key: text_of(*told, more=key) for key, told in FULL.items()}
    run_over(root, "full", {**full, "d9": None})  # d9: a document without a text
    return root


def answered(folder: Path, path: Path) -> str:
    """The file that a reader saves who has read the page of a batch, and follows the texts."""
    data = read_page(folder)
    documents = [
        {
            "id": one["id"],
            "fields": {
                "decision": {"decision": "given", "answer": "include" if '"include"' in one["text"] else "exclude"}
            },
        }
        for one in data["documents"]
    ]
    content = {
        "kind": "glane corrections", "version": 1, "run": data["run"], "page": data["page"], "task": data["task"],
        "reviewer": "Anne", "saved": "by Anne", "fields": list(data["fields"]), "sampled": len(documents),
        "documents": documents,
    }  # fmt: skip
    path.write_text(json.dumps(content))
    return str(path)


def sources(**more: list[Any]) -> pl.DataFrame:
    """The ten records, and four that were taken out before: a copy, a near copy, an unreadable and another one."""
    ids = [*(f"d{at}" for at in range(10)), "c", "n", "u", "o"]
    return pl.DataFrame(
        {
            "id": ids, "source": ["base A"] * 9 + ["base B"] * 5,
            "duplicate_of": [None] * 10 + ["d0", None, None, None],
            "near_duplicate_of": [None] * 10 + [None, "d1", None, None],
            "outcome": ["OK"] * 12 + ["CORRUPT", "OK"], **more,
        }
    )  # fmt: skip


def test_every_number_is_counted_and_adds_up(place: Path) -> None:
    flow = glane.prisma(place / "titles", sources=[sources()], full_text=place / "full").flow
    came, screened, full = flow.identified, flow.screened, flow.assessed
    assert came is not None
    assert full is not None
    assert (came.total, came.exact, came.near, came.unreadable, came.other) == (14, 1, 1, 1, 1)
    assert dict(came.by_source) == {"base A": 9, "base B": 5}
    assert (screened.records, screened.excluded_by_model, screened.sought) == (10, 3, 7)
    assert (screened.unclear, screened.without_answer, screened.waiting) == (1, 1, 0)
    assert (screened.excluded_by_people, screened.excluded_unread, screened.recall) == (None, None, None)
    assert (full.not_retrieved, full.unreadable, full.assessed) == (0, 1, 6)
    assert (full.excluded, full.waiting, full.included, full.studies) == (3, 1, 2, None)
    assert dict(full.reasons) == {"population": 1, "<design>": 1, "": 1}
    assert flow.broken == ()
    assert len(flow.checks) == 7


def test_what_nothing_recorded_is_not_known(place: Path) -> None:
    flow = glane.prisma(place / "titles").flow
    assert (flow.identified, flow.assessed) == (None, None)
    plain = glane.prisma(place / "titles", sources=[sources().select("id")]).flow.identified
    assert plain is not None
    assert (plain.exact, plain.near, plain.unreadable, plain.other, plain.by_source) == (None, None, None, 4, {})
    found = glane.prisma(place / "titles")
    for code, words in (("fr", "non connu"), ("en", "not known")):
        page = lxml.html.fromstring(found.flow and _page(found.flow, code)).xpath(f"//article[@lang='{code}']")[0]
        text = page.text_content()
        assert text.count(words) >= 4
        assert "Reports included: 0" not in text
    assert "identified not known" in str(found)


def _page(flow: PrismaFlow, code: Any) -> str:
    from glane.synthesis.prisma.page import flow_page

    return flow_page(flow, language=code)


@pytest.mark.parametrize(
    ("told", "name"),
    [
        (lambda table: table.filter(pl.col("id") != "d3"), "records_of_sources"),
        (lambda table: pl.concat([table, table.head(1)]), "ids_once"),
    ],
)
def test_sources_that_do_not_fit_the_run_are_told(place: Path, told: Any, name: str) -> None:
    found = glane.prisma(place / "titles", sources=[told(sources())])
    assert name in {one.name for one in found.flow.broken}
    assert f"NOT EQUAL: {name}" in str(found)
    assert "Do not publish" in _page(found.flow, "en")


def test_full_texts_that_no_screening_passed_are_told(place: Path, tmp_path: Path) -> None:
    other = run_over(tmp_path, "other", {"d0": text_of("include"), "d2": text_of("include", more="2")})
    flow = glane.prisma(place / "titles", full_text=other).flow
    assert [(one.name, one.told, one.found) for one in flow.broken] == [("full_texts_passed", 2, 1)]
    assert flow.assessed is not None
    assert (flow.assessed.included, flow.assessed.not_retrieved) == (1, 6)


def test_copies_that_were_screened_all_the_same_are_told(place: Path) -> None:
    copies = [None] * 9 + ["d0", "d0", None, None, None]
    came = glane.prisma(place / "titles", sources=[sources(duplicate_of=copies)]).flow.identified
    assert came is not None
    assert (came.exact, came.kept_duplicates) == (1, 1)


def test_what_people_said_of_full_texts_replaces_the_model(place: Path) -> None:
    people = pl.DataFrame(
        {"id": ["d0", "d6", "d9"], "decision": ["exclude", "include", "include"], "exclusion_reason": ["population", None, None]}
    )  # fmt: skip
    full = glane.prisma(place / "titles", full_text=place / "full", reviewed=people).flow.assessed
    assert full is not None
    assert (full.excluded, full.waiting, full.included, full.decided_by_people) == (4, 0, 3, 3)
    assert (full.unreadable, full.assessed) == (0, 7)  # a person read d9
    assert full.reasons["population"] == 2
    with pytest.raises(DataError, match="1 documents are not of the run"):
        glane.prisma(
            place / "titles", full_text=place / "full", reviewed=people.with_columns(id=pl.Series(["d0", "d6", "x"]))
        )
    with pytest.raises(DataError, match="no column exclusion_reason"):
        glane.prisma(place / "titles", full_text=place / "full", reviewed=people.drop("exclusion_reason"))
    with pytest.raises(ConfigError, match="no field 'verdict'"):
        glane.prisma(place / "titles", decision="verdict")


def test_reports_of_one_study_are_counted_as_one(place: Path, tmp_path: Path) -> None:
    definition = validated(LinkDefinition, {"name": "x", "method": "keys", "block": [["who"]]}, place="linkage")
    rows = pl.DataFrame({"id": [*FULL, "d9"], "who": ["a", "b", "c", "d", "e", "a", "f"]})
    glane.link(rows, definition, id_column="id", out_dir=str(tmp_path / "links"))
    full = glane.prisma(place / "titles", full_text=place / "full", links=tmp_path / "links").flow.assessed
    assert full is not None
    assert (full.included, full.studies) == (2, 1)


def test_a_screening_by_people_tells_its_certified_recall(place: Path, tmp_path: Path) -> None:
    out = tmp_path / "screening"
    ask = {"value": "include", "rows": 4, "recall": 0.5, "certainty": 0.6}
    found = glane.screen(place / "titles", str(out), "decision", **ask)
    under_way = glane.prisma(place / "titles", screening=out).flow
    assert (under_way.screened.waiting, under_way.screened.excluded_unread, under_way.screened.sought) == (10, None, 0)
    assert under_way.broken == ()
    batch = 1
    while not found.state.is_reached:
        path = answered(out / f"batch-{batch:04}", tmp_path / f"{batch}.json")
        found = glane.screen(place / "titles", str(out), "decision", corrections=path, **ask)
        batch += 1
    flow = glane.prisma(place / "titles", screening=out).flow
    told = flow.screened
    assert flow.broken == ()
    assert (told.by, told.sought, told.waiting) == ("people", found.state.found, 0)
    assert told.excluded_by_people == found.state.read - found.state.found
    assert told.excluded_unread == 10 - found.state.read > 0
    assert told.recall == found.state.recall_at_least >= 0.5
    # a file that was changed is told
    read = pl.read_parquet(out / "read.parquet")
    read.with_columns(is_case=pl.lit(False)).write_parquet(out / "read.parquet")
    assert [one.name for one in glane.prisma(place / "titles", screening=out).flow.broken] == ["found_are_counted"]
    with pytest.raises(DataError, match="is of another run"):
        glane.prisma(place / "full", screening=out)


def test_a_data_set_of_files_gives_its_counts(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    for name in ("a", "b"):
        (files / f"{name}.txt").write_text(text_of("include"))
    (files / "c.txt").write_text(text_of("exclude"))
    (files / "d.pdf").write_bytes(b"%PDF-1.7 broken")
    read_alone(ingest_told(files, tmp_path / "documents", near_duplicates=None))
    where = "duplicate_of IS NULL AND outcome = 'OK'"
    settings = make_settings(tmp_path / "documents", tmp_path / "run", TASK, data__where=where)
    extract_here(settings)
    flow = glane.prisma(tmp_path / "run", sources=[str(tmp_path / "documents")]).flow
    came = flow.identified
    assert came is not None
    assert (came.total, came.exact, came.near, came.unreadable, came.other) == (4, 1, None, 1, 0)
    assert {one.name: one.holds for one in flow.checks}["rows_of_data_sets"]
    assert flow.broken == ()


def test_the_page_draws_the_flow_in_both_languages_and_shows_no_document(place: Path, tmp_path: Path) -> None:
    assert WORDS["en"].keys() == WORDS["fr"].keys()
    for name, text in WORDS["en"].items():
        assert {part.split("}")[0] for part in text.split("{")[1:]} == {
            part.split("}")[0] for part in WORDS["fr"][name].split("{")[1:]
        }, name
    table = tmp_path / "sources.parquet"
    sources().write_parquet(table)
    said = job_here(
        f"run.dir={place / 'titles'}", f"full_text={place / 'full'}", f"sources={table}", f"out.dir={tmp_path / 'out'}",
        "language=en", name="prisma",
    ).stdout  # fmt: skip
    assert "identified 14, screened 10, passed 7" in said
    assert "assessed 6, excluded 3, without a decision 1, included 2" in said
    out = tmp_path / "out"
    page, listed = (out / "report.html").read_text(), (out / "prisma.md").read_text()
    for text in (page, listed, said, (out / "prisma.json").read_text()):
        assert "Zzyzx" not in text
    assert "http" not in page.lower()
    tree = lxml.html.fromstring(page)
    for code, told in (("fr", "Rapports inclus\u00a0: 2"), ("en", "Reports included: 2")):
        (drawn,) = tree.xpath(f"//article[@lang='{code}']//svg")
        assert told in drawn.text_content()
        assert int(drawn.get("width")) <= 330  # a screen of 360 px holds it
    assert "<design>" not in page.replace("&lt;design&gt;", "")
    assert "\\<design\\>: 1" in listed
    assert "    - exact copies: 1" in listed
