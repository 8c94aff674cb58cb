"""What no sentence of a brief tells: key events are counted and listed, those of documents that were not read too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import glane
from conftest import extract_here, make_settings
from glane.briefs.key_events import grouped, of_case, of_groups
from glane.errors import ConfigError, DataError
from simulations.briefs import TASK, corpus, definition, scripted
from test_brief_statements import Honest

WORDS = {"fr": "tous les cas", "en": "all cases"}


def test_an_event_is_told_if_a_sentence_cites_one_of_its_documents() -> None:
    groups = {"a": ["1", "2", "3"], "b": ["4"], "c": ["5", "6"]}
    events, cited, absent = of_groups(groups, {"2", "9"}, listed=5)
    assert (events, cited, [one.name for one in absent]) == (3, 1, ["c", "b"])
    assert of_groups(groups, {"1", "4", "6"}, listed=5) == (3, 3, ())
    assert of_groups(groups, set(), listed=5)[1] == 0


@pytest.mark.parametrize(("listed", "names"), [(4, "jiba"), (3, "jia"), (1, "j"), (20, "jihgfedcba")])
def test_of_many_the_largest_and_the_rarest_are_listed(listed: int, names: str) -> None:
    groups = {name: [f"{name}{at}" for at in range(size)] for size, name in enumerate("abcdefghij", 1)}
    events, cited, absent = of_groups(groups, set(), listed=listed)
    assert (events, cited) == (10, 0)
    assert "".join(one.name or "" for one in absent) == names
    assert all(one.num == len(groups[one.name or ""]) for one in absent)


def test_a_document_of_its_own_is_an_event_by_itself() -> None:
    events, cited, absent = of_case(["1", "2", "3", "4"], {"2"}, listed=2)
    assert (events, cited) == (4, 1)
    assert [one.documents for one in absent] == [("1",), ("3",)]


def test_documents_without_a_value_are_of_no_event() -> None:
    assert grouped(pl.Series([1, 2, 3]), pl.Series(["x", None, "x"])) == {"x": ["1", "3"]}


class Silent(Honest):
    """Says nothing of some passages."""

    passages: tuple[str, ...] = ()

    def _claims(self, document: str) -> Iterator[tuple[str, str]]:
        yield from (one for one in super()._claims(document) if one[1] not in self.passages)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Silent]:
    """A run with two documents of the south, of which the model says nothing."""
    root, writer = tmp_path_factory.mktemp("key"), Silent(4)
    with scripted(writer):
        path = corpus(root, writer, 1)
        rows = pl.read_parquet(path)
        is_quiet = pl.int_range(pl.len()) < 2
        writer.passages = tuple(one for one in writer.facts if any(one in text for text in rows["text"][:2]))
        rows.with_columns(
            pl.when(is_quiet)
            .then(pl.lit("quiet-") + pl.int_range(pl.len()).cast(pl.String))
            .otherwise("id")
            .alias("id"),
            pl.when(is_quiet).then(pl.lit("Sud")).otherwise(pl.lit("Nord")).alias("site"),
        ).write_parquet(path)
        extract_here(make_settings(path, root / "run", TASK, data__carry_columns=["brief", "site"]))
    return root / "run", writer


def told(**key: Any) -> dict[str, Any]:
    base = definition(0)
    return base | {"policy": "drop", "statements": base["statements"] | {"key": key}}


def test_a_place_of_which_nobody_speaks_is_listed_with_its_documents(run: tuple[Path, Silent], tmp_path: Path) -> None:
    directory, writer = run
    asked = told(cases=[{"case": "site = 'Sud'", "label": WORDS}], by=["site"])
    with scripted(writer):
        found = glane.brief(directory, asked, tmp_path / "out", model="scripted")
    assert found.summary.coverage is not None
    assert found.summary.coverage.key is not None
    case, group = found.summary.coverage.key
    assert (case.events, case.cited) == (2, 0)
    assert [one.documents for one in case.absent] == [("quiet-0",), ("quiet-1",)]
    assert (group.events, group.cited, group.column) == (2, 1, "site")
    assert [(one.name, one.num, one.documents) for one in group.absent] == [("Sud", 2, ("quiet-0", "quiet-1"))]
    page = (tmp_path / "out" / "brief.md").read_text()
    assert "Key events, all cases: 2, of which verified statements cite 0." in page
    assert "Sud (2) – quiet-0, quiet-1." in page
    assert "Événements clés, tous les cas" in (tmp_path / "out" / "brief.html").read_text()


def test_without_key_events_the_page_says_that_nothing_tells_of_them(run: tuple[Path, Silent], tmp_path: Path) -> None:
    directory, writer = run
    with scripted(writer):
        glane.brief(directory, definition(0), tmp_path / "out", model="scripted")
    assert "Nobody said what the key events are" in (tmp_path / "out" / "brief.md").read_text()


def test_events_that_links_make_of_several_documents_are_counted(run: tuple[Path, Silent], tmp_path: Path) -> None:
    directory, writer = run
    linkage = {"name": "l", "method": "keys", "block": [["site"]], "compare": []}
    links = tmp_path / "links"
    glane.link(directory, linkage, out_dir=str(links))
    with scripted(writer):
        found = glane.brief(directory, told(links=str(links)), tmp_path / "out", model="scripted")
    assert found.summary.coverage is not None
    assert found.summary.coverage.key is not None
    (linked,) = found.summary.coverage.key
    assert linked.of == "linked"
    assert (linked.events, linked.cited) == (2, 1)
    assert [one.documents for one in linked.absent] == [("quiet-0", "quiet-1")]
    with scripted(writer), pytest.raises(DataError, match=r"brief\.statements\.key\.links: no link\.json"):
        glane.brief(directory, told(links=str(tmp_path)), tmp_path / "out2", model="scripted")


def test_what_is_asked_for_must_be_there(run: tuple[Path, Silent], tmp_path: Path) -> None:
    directory, _ = run
    with pytest.raises(ConfigError, match="name cases, by or links"):
        glane.brief(directory, told(), tmp_path / "out")
    with pytest.raises(ConfigError, match="'sites'"):
        glane.brief(directory, told(by=["sites"]), tmp_path / "out")
