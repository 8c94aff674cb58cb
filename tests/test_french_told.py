"""What every command prints, and every page that it writes, is French where a French reader reads it.

English words are those that the messages of glane have in English and nowhere in French. What stands as it is typed is
left out: quoted texts, paths, keys with values, names with a dot or an underscore, commands, columns and codes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

from conftest import ROOT, extract_here, job_here, make_settings, read_yaml
from glane.cli import COMMANDS
from glane.demo.corpus import write_corpus
from glane.languages.catalogue import PLACES, catalogue

pytestmark = pytest.mark.slow

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_AS_TYPED = re.compile(
    r"glane [a-z-]+|\S*[/._=]\w\S*|'[^'\n]*'|\"[^\"\n]*\"|«[^»]*»|“[^”]*”|\S*\w_\w\S*|\w+: (?=\w)|\(\w+ :"
)
_VOID = frozenset({"br", "img", "meta", "link", "input", "hr", "col", "path", "circle", "rect", "line", "use"})
_BLOCKS = frozenset(
    {"p", "div", "tr", "li", "h1", "h2", "h3", "summary", "section", "td", "th", "br", "title", "dt", "dd"}
)
# Of the trade, and in French nothing but names of columns and files.
_TECHNICAL = frozenset("folded reviewed row rows shard shards unusable usable verified".split())  # noqa: SIM905
# Codes that a data set has, and names of settings that a report lists.
_CODES = frozenset(
    "an chunks denied estimate events normalised orders public reason repairs samples seed signs truncated "
    "unreadable Submit read yes".lower().split()
)


def words_of(text: str) -> set[str]:
    """The words of a text that are none of what is typed."""
    return {word.lower() for word in _WORD.findall(_AS_TYPED.sub(" ", text))}


@cache
def english() -> frozenset[str]:
    """The words that only English messages have."""
    told = [one for one in catalogue("fr") if one.english != one.other]
    here = {word for one in told for word in words_of(PLACES.sub(" ", one.english))}
    there = {part for one in told for word in map(str.lower, _WORD.findall(one.other)) for part in (word, word[2:])}
    return frozenset({word for word in here - there if len(word) > 1} | _TECHNICAL) - _CODES


class Visible(HTMLParser):
    """The text that a French reader sees: without what is of the other language, code, and scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[tuple[str, bool]] = []
        self.found: list[str] = []

    @property
    def is_hidden(self) -> bool:
        return any(hidden for _, hidden in self.stack)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag not in _VOID:
            self.stack.append((tag, told.get("lang") == "en" or tag in ("script", "style", "code")))
        self.found += (
            [] if self.is_hidden else [f"\n{told[name]}\n" for name in ("title", "aria-label", "alt") if told.get(name)]
        )
        self.found.append("\n" if tag in _BLOCKS else "")

    def handle_endtag(self, tag: str) -> None:
        at = next((at for at in range(len(self.stack) - 1, -1, -1) if self.stack[at][0] == tag), None)
        del self.stack[at if at is not None else len(self.stack) :]

    def handle_data(self, data: str) -> None:
        self.found += [] if self.is_hidden else [data]


def visible(page: str) -> str:
    reader = Visible()
    reader.feed(page)
    return "".join(reader.found)


def strange(text: str, known: set[str]) -> Iterator[str]:
    """The lines that hold English words, and those."""
    for line in text.splitlines():
        if found := (words_of(line) & english()) - known:
            yield f"{sorted(found)}: {line.strip()[:160]}"


def commands(here: Path) -> Iterator[tuple[str, ...]]:
    """A command line of each kind, after those that it needs."""
    run, gold = f"run.dir={here / 'run'}", f"gold={here / 'corpus' / 'gold.parquet'}"
    co, notes = "table=weekly_co", here / "corpus" / "documents.parquet"
    yield "review", run, f"out.dir={here / 'review'}", "rows=20"
    yield "evaluate", run, gold, "by=[hospital]", "bootstrap.samples=100", f"out.dir={here / 'evaluation'}", \
        f"spans={here / 'corpus' / 'gold_spans.parquet'}"  # fmt: skip
    yield "estimate", run, gold, "field=fever", "by=hospital", f"out.dir={here / 'estimate'}"
    yield "estimate", run, gold, "field=fever", f"out.dir={here / 'estimate-all'}"
    yield "calibrate", run, f"values={here / 'evaluation' / 'values.parquet'}", f"out.dir={here / 'calibration'}"
    yield "aggregate", co, run, gold, "table.time.every=month", f"out.dir={here / 'monthly'}"
    yield "aggregate", co, run, "linelist=true", "table.signals={methods: [ears_c1], by: [hospital]}", \
        "table.time.incomplete=2", f"out.dir={here / 'weekly'}"  # fmt: skip
    yield "brief", "brief=co", run, gold, f"out.dir={here / 'brief'}"
    yield "checklists", run, f"made=[{here}]", f"out.dir={here / 'checklists'}"
    yield from (("export", run, f"to={to}", f"out.dir={here / to}") for to in ("csv", "r", "xlsx"))
    yield "export", run, "to=brat", "text=true", f"out.dir={here / 'brat'}"
    yield "status", run
    yield "runs", str(here)
    yield "clean", run
    yield "sentinels", run, "rows=30", f"out.dir={here / 'sentinels'}"
    yield "plant", run, gold, "rows=10", f"out.dir={here / 'planted'}"
    yield "screen", run, "field=fever", f"out.dir={here / 'screen'}"
    yield "convert", f"source={here / 'csv' / 'records.csv'}", f"data.path={here / 'again.parquet'}"
    yield "link", "linkage=persons", f"source={notes}", "id_column=id", "linkage.block=[[hospital, visit_date]]", \
        "linkage.compare=[{column: triage, how: exact}]", f"out.dir={here / 'links'}"  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    """Where all was written, and what the terminal showed of each command."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLANE_LANG", "fr")
        here = tmp_path_factory.mktemp("told")
        write_corpus(here / "corpus", documents=120, seed=5)
        task = read_yaml(ROOT / "conf" / "task" / "ed_visit.yaml")
        settings = make_settings(here / "corpus" / "documents.parquet", here / "run", task,
                                 data__carry_columns=["hospital", "visit_date"])  # fmt: skip
        extract_here(settings)
        said = {}
        for number, (name, *arguments) in enumerate(commands(here)):
            done = job_here(*arguments, name=name, check=None)
            said[f"{number} {name}"] = f"{done.stdout}\n{done.stderr}".replace(str(here), "/here")
        (claim,) = pl.read_parquet(here / "brief" / "claims.parquet")["id"].to_list()[:1]
        said["trace"] = job_here(f"brief.dir={here / 'brief'}", f"id={claim}", name="trace").stdout
        yield here, said


def known_in(here: Path) -> set[str]:
    """Names and values of this run: its fields, columns and categories."""
    task = read_yaml(ROOT / "conf" / "task" / "ed_visit.yaml")
    values = [
        value
        for field in task["fields"].values()
        for value in [*field.get("values", []), *field.get("items", {}).get("values", [])]
    ]
    columns = pl.read_parquet_schema(here / "corpus" / "documents.parquet")
    names = [*task["fields"], *values, *columns, "persons"]  # the last of the linkage
    return {word.lower() for name in names for word in _WORD.findall(str(name))}


def test_what_commands_print_is_french(told: tuple[Path, dict[str, str]]) -> None:
    here, said = told
    assert [text for text in said.values() if re.search(r"^erreur", text, re.MULTILINE)] == []
    assert {name: found for name, text in said.items() if (found := list(strange(text, known_in(here))))} == {}


def test_pages_are_french(told: tuple[Path, dict[str, str]]) -> None:
    here, _ = told
    pages = [path for path in here.rglob("*.html") if path.name not in ("review.html", "adjudicate.html")]
    assert len(pages) >= 9
    pages += list(here.rglob("brief.md"))
    texts = {path: path.read_text(encoding="utf-8") for path in pages}
    shown = {
        path: visible(text) if path.suffix == ".html" else re.sub(r"`[^`]*`", "", text) for path, text in texts.items()
    }
    known = known_in(here) | {"reporting", "checklists", "papers"}  # the title of both languages
    assert {str(path): found for path, text in shown.items() if (found := list(strange(text, known)))} == {}


def test_signs_on_pages_are_set_as_in_french(told: tuple[Path, dict[str, str]]) -> None:
    here, _ = told
    pages = [path for path in here.rglob("*.html") if path.name not in ("review.html", "adjudicate.html")]
    shown = {path.name: visible(path.read_text(encoding="utf-8")) for path in pages}
    assert {
        name: found for name, text in shown.items() if (found := re.findall(r".{0,30}[\w»)][:;!?](?!\S).{0,20}", text))
    } == {}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_first_line_of_help_is_french(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLANE_LANG", "fr")
    said = job_here("--help", name=name, as_told=True).stdout
    assert list(strange(said.split("\n")[0], set())) == []


@pytest.mark.parametrize(
    "line",
    [
        "f-1 : figure, verified ; tout ce qui le porte est inchangé.",
        "0/300 documents, 0/19 shards, 0,0 rows/s, 0 not usable, ETA unknown",
        "municipality | folded | 229",
        "corrigées par ceux qui ont été relus (prediction-powered inference)",
        "… and 591 more",
    ],
)
def test_english_that_a_reader_once_met_is_seen(line: str) -> None:
    assert list(strange(line, set()))
