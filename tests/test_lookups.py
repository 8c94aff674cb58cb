"""Values looked up in reference tables: what is found, what is told, and that a table cannot change under a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from rapidfuzz import fuzz

import glane
from conftest import ROOT, extract_here, make_settings, prepare_run, spec, write_documents
from glane.assess.review.data import review_data
from glane.assess.sampling import draw_random
from glane.errors import ConfigError, GlaneError
from glane.extraction.checked import checked_lines
from glane.extraction.summary import extraction_summary, summary_lines
from glane.job.resolve import absolute
from glane.normalisation.derive import Derivation
from glane.normalisation.names import far_key
from glane.normalisation.reference import Reference
from glane.normalisation.similar import Similar
from glane.normalisation.tables import read_table
from glane.run.worker import run_worker
from glane.task.lookups import Lookup
from glane.task.task import load_task
from glane.types import ExtractedValue, Extraction, Found, Status

ROWS = [
    ("Saint-Denis", "", "93066", "93"), ("Saint-Denis", "", "97411", "974"), ("L'Haÿ-les-Roses", "", "94038", "94"),
    ("Bourg-en-Bresse", "Bourg|Bourg en B.", "01053", "01"), ("Le Havre", "", "76351", "76"), ("Paris", "", "75056", "75"),
    ("Paris 13e Arrondissement", "", "75113", "75"), ("Ouœille", "", "99001", "99"), ("Mées", "", "28239", "28"),
    ("Les Mées", "", "04116", "04"), ("Chalon-sur-Saône", "", "71076", "71"), ("Hépatite A", "", "B15", ""),
    ("Hépatite B", "", "B16", ""), ("Hypoparathyroïdie", "", "E20", ""), ("Montrevalle", "", "11111", "11"),
    ("Montrevelle", "", "22222", "22"), ("Sainte-Mère-Église", "", "50523", "50"),
]  # fmt: skip


def csv_of(folder: Path, *, encoding: str = "cp1252", separator: str = ";", rows: list[Any] = ROWS) -> Path:
    """As a spreadsheet in French writes it."""
    lines = [separator.join(("nom", "autres", "insee", "dep")), *(separator.join(row) for row in rows)]
    path = folder / "communes.csv"
    path.write_bytes("\r\n".join([*lines, ""]).encode(encoding))
    return path


def lookup_in(path: Path, **more: Any) -> Lookup:
    return Lookup(**{"path": str(path), "match": ["nom", "autres"], "several": "|", "code": "insee", **more})


@pytest.fixture(scope="module")
def communes(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    lookup = lookup_in(csv_of(tmp_path_factory.mktemp("tables")), also="dep", within={"dep": "dep"})
    return Reference(lookup, read_table("commune", lookup))


@pytest.mark.parametrize(
    ("value", "within", "how", "code"),
    [
        ("Saint-Denis", "93", "exact", "93066"), ("Saint-Denis", "974", "exact", "97411"),
        ("Saint-Denis", None, "ambiguous", None), ("Saint-Denis", "75", "none", None),
        ("ST DENIS", "93", "folded", "93066"), ("St.-Denis", "974", "folded", "97411"),
        ("Saint‑Denis", "93", "folded", "93066"), ("SAINTDENIS", "93", "fuzzy", "93066"),
        ("L’Haÿ les Roses", None, "folded", "94038"), ("l'hay-les-roses", None, "folded", "94038"),
        ("L'HAY LES ROSES", "94", "folded", "94038"), ("Bourg", None, "exact", "01053"),
        ("Havre", None, "folded", "76351"), ("Havre (Le)", None, "folded", "76351"),
        ("Paris 13e", None, "folded", "75113"), ("PARIS 13ème arr.", None, "folded", "75113"),
        ("Paris 14e", None, "none", None), ("Paris", None, "exact", "75056"), ("Pariss", None, "fuzzy", "75056"),
        ("ouoeille", None, "folded", "99001"), ("OUŒILLE", None, "folded", "99001"),
        ("Mées", None, "exact", "28239"), ("LES MEES", None, "folded", "04116"), ("mees", None, "folded", "28239"),
        ("Chalon s/ Saône", None, "folded", "71076"), ("Ste Mère Eglise", None, "folded", "50523"),
        ("hépatite C", None, "none", None), ("hepatite b", None, "folded", "B16"),
        ("hyperparathyroïdie", None, "none", None), ("hypoparathyroidie", None, "folded", "E20"),
        ("Montrevulle", None, "ambiguous", None), ("Montrevulle", "11", "fuzzy", "11111"),
        ("", None, "none", None), ("—", None, "none", None), ("\ud800", None, "none", None), ("x" * 5000, None, "none", None),
        ("Paris et Saint-Denis", None, "none", None), ("=1+1", None, "none", None),
    ],
)  # fmt: skip
def test_a_value_has_the_code_of_its_name_or_none(
    communes: Reference, value: str, within: str | None, how: str, code: str | None
) -> None:
    found = communes.match(value, {"dep": within})
    assert (str(found.how), found.code) == (how, code)
    assert (found.code is None) == (found.how in (Found.AMBIGUOUS, Found.NONE))
    assert communes.match(value, {"dep": within}) == found


def test_what_decides_nothing_is_told_up_to_a_bound(communes: Reference, tmp_path: Path) -> None:
    assert communes.match("Saint-Denis", {}).candidates == ("93066 Saint-Denis", "97411 Saint-Denis")
    assert communes.match("Saint-Denis", {"dep": "75"}).candidates == ("93066 Saint-Denis", "97411 Saint-Denis")
    lookup = lookup_in(csv_of(tmp_path, rows=[("Bourg", "", f"{i:05d}", "") for i in range(25)]))
    found = Reference(lookup, read_table("c", lookup)).match("bourg")
    assert (found.how, len(found.candidates), found.candidates[-1]) == (Found.AMBIGUOUS, 11, "… 15 more")


def test_one_name_twice_with_one_code_is_not_ambiguous_and_likeness_can_be_left_out(tmp_path: Path) -> None:
    lookup = lookup_in(csv_of(tmp_path, rows=[("Bourg", "Bourg", "01053", "")] * 3), similarity=None)
    table = Reference(lookup, read_table("c", lookup))
    assert (table.match("Bourg").code, table.match("Bourgg").how) == ("01053", Found.NONE)


def test_the_index_finds_what_a_comparison_with_every_name_finds() -> None:
    keys = sorted(
        {f"{a} {b}{c}" for a in ("saint", "mont", "bois") for b in ("mar", "ric", "lou") for c in ("tin", "vel", "e")}
    )
    keys = sorted(keys, key=len)
    index = Similar(keys)
    for wanted in ("saint martin", "sain martin", "mont ricvel", "boismare", "saint loue x", "zzz", "a"):
        for least in (80.0, 85.0, 90.0, 100.0):
            brute = {at: fuzz.ratio(wanted, key) for at, key in enumerate(keys)}
            assert dict(index.near(wanted, least)) == {at: score for at, score in brute.items() if score >= least}


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8-sig", "utf-8", "utf-16"])
@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_a_csv_file_of_a_spreadsheet_is_read_with_its_leading_zeros(
    tmp_path: Path, encoding: str, separator: str
) -> None:
    rows = [("L'Haÿ-les-Roses", "", "01053", "01"), ("", "", "", ""), ('"a; b, c"', "", " 00001 ", "")]
    lookup = lookup_in(csv_of(tmp_path, encoding=encoding, separator=separator, rows=rows), several=None)
    if separator != ";" or encoding != "utf-16":
        table = read_table("c", lookup)
        found = Reference(lookup, table)
        assert found.match("l’hay les roses").code == "01053"
        assert found.match("a; b, c").code == "00001"
        assert any("1 rows of 3 have no name" in note for note in table.notes)
        assert any("Windows-1252" in note for note in table.notes) == (encoding == "cp1252")


@pytest.mark.parametrize(
    ("content", "changes", "told"),
    [
        ({"nom": ["a"], "insee": [1001]}, {}, r"code: column 'insee' is of type whole number.*zfill"),
        ({"nom": [1], "insee": ["1"]}, {}, "match: column 'nom' is of type whole number"),
        ({"nom": ["a", "b"], "insee": ["1", " "]}, {}, "1 rows of .* have a name and no 'insee', the first of them row 2"),
        ({"nom": [None, " "], "insee": ["1", "2"]}, {}, "no row of .* has a name"),
        ({"nom": [], "insee": []}, {}, "0 rows"),
        ({"nom": ["a"], "insee": ["1"]}, {"code": "isnee"}, "no column 'isnee'. Did you mean 'insee'"),
        ({"nom": ["a"], "insee": ["1"]}, {"also": "dep"}, "also: .* no column 'dep'"),
        ({"nom": ["a"], "insee": ["1"]}, {"separator": ";"}, "separator and encoding are of CSV"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_used_is_refused_with_the_remedy(
    tmp_path: Path, content: dict[str, Any], changes: dict[str, Any], told: str
) -> None:
    schema = {name: pl.String for name, cells in content.items() if not cells}
    pl.DataFrame(content, schema_overrides=schema).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(ConfigError, match=rf"^task\.lookups\.c.*{told}"):
        read_table("c", Lookup(**{"path": str(tmp_path / "t.parquet"), "match": "nom", "code": "insee", **changes}))


@pytest.mark.parametrize(
    "content", [b"", b"nom;insee\r\n", b"nom;insee\r\na;1;2;3\r\n", b'nom;insee\r\n"a;1\r\n', b"\x00\x01"]
)
def test_a_damaged_csv_file_is_refused_and_its_cells_are_not_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(ConfigError, match=r"^task\.lookups\.c") as error:
        read_table("c", Lookup(path=str(tmp_path / "t.csv"), match="nom", code="insee"))
    assert "a;1" not in str(error.value)


def test_a_file_that_is_not_there_or_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.xlsx").write_bytes(b"x")
    for path in ("none.csv", "t.xlsx"):
        with pytest.raises(ConfigError, match=path):
            read_table("c", Lookup(path=str(tmp_path / path), match="nom", code="insee"))


def task_of(path: Path, **changes: Any) -> dict[str, Any]:
    lookup = {"path": str(path), "match": ["nom", "autres"], "several": "|", "code": "insee", "also": ["dep"]}
    place = {"type": "string", "lookup": "commune", "nullable": True}
    return {
        "name": "t", "instructions": "Lis.", "repairs": 0, "inputs": ["text", "dep"],
        "lookups": {"commune": {**lookup, "within": {"dep": "dep"}}},
        "fields": {
            "place": {**place, "evidence": True},
            "places": {"type": "list", "items": {"type": "string", "lookup": "commune"}},
            "events": {"type": "list", "items": {"type": "object", "fields": {"where": place, "dep": {"type": "string", "nullable": True}}}},
        },
        **changes,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"fields": {"a": {"type": "string", "lookup": "comune"}}}, "task.fields.a.lookup: no table 'comune'.*Did you mean 'commune'"),
        ({"fields": {"a": {"type": "string"}}}, "task.lookups.commune: no field names this table"),
        ({"inputs": ["text"], "fields": {"a": {"type": "string", "lookup": "commune"}}}, "within.dep: 'dep' is no field beside"),
        ({"fields": {"a": {"type": "list", "lookup": "commune", "items": {"type": "string"}}}}, "set it on `items`"),
        ({"fields": {"a": {"type": "integer", "lookup": "commune"}}}, "unknown key"),
    ],
)  # fmt: skip
def test_a_wrong_declaration_is_refused_before_a_file_is_opened(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        load_task({**task_of(Path("nowhere.csv")), **changes})


ANSWER = {
    "place": {"value": "ST DENIS", "quote": "ST DENIS"}, "places": ["Saint-Denis", "Nulle Part", "bourg"],
    "events": [{"where": "Saint-Denis", "dep": "974"}, {"where": None, "dep": None}],
}  # fmt: skip


def test_a_run_has_codes_beside_values_in_lists_and_records_and_counts_them(tmp_path: Path) -> None:
    task = task_of(csv_of(tmp_path))
    texts = [f"ST DENIS [[answer {json.dumps(ANSWER)}]]"] * 2
    data = write_documents(tmp_path / "d.parquet", texts, dep=["93", None])
    rows = extract_here(make_settings(data, tmp_path / "run", task))
    first, second = rows["place__lookup"].to_list()
    assert (first["code"], first["label"], first["how"], first["dep"]) == ("93066", "Saint-Denis", "folded", "93")
    assert (second["code"], second["how"], len(second["candidates"])) == (None, "ambiguous", 2)
    assert rows["place"].to_list() == ["ST DENIS"] * 2  # what the document says stays
    assert [one["code"] for one in rows["places__lookup"][0]] == ["93066", None, None]
    assert [one["code"] for one in rows["places__lookup"][1]] == [None, None, "01053"]
    # A field beside the value comes before an input of the same name.
    assert [[one["where__lookup"] and one["where__lookup"]["code"] for one in events] for events in rows["events"]] == [
        ["97411", None]
    ] * 2
    run = glane.open_run(tmp_path / "run")
    table = run.line_list().collect()
    assert table["places__lookup.code"].to_list() == ["93066; ; ", "; ; 01053"]
    assert table["place__lookup.code"].to_list() == ["93066", None]
    assert run.line_list(explode="events").collect()["events.where__lookup.code"].to_list() == ["97411", None] * 2
    assert {"place__lookup.code", "places__lookup.code"} <= set(run.line_list(values_only=True).collect_schema())
    assert "place__lookup.how" not in run.line_list(values_only=True).collect_schema()
    book = dict(run.codebook().select("column", "description").rows())
    assert {"place__lookup", "places__lookup", "events.where__lookup"} <= set(book)
    assert "commune: insee, dep" in book["place__lookup"]
    summary = extraction_summary(run.directory)
    counts = {one.field: one.by for one in summary.derived}
    assert counts == {
        "place": {"folded": 1, "ambiguous": 1}, "places": {"exact": 1, "none": 3, "ambiguous": 1, "folded": 1},
        "events.where": {"exact": 2},
    }  # fmt: skip
    assert any("lookup     place: 1 folded, 1 ambiguous" in line for line in summary_lines(run.directory, summary))


def test_another_table_makes_another_run_and_a_moved_one_does_not(tmp_path: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", [f"x [[answer {json.dumps(ANSWER)}]]"], dep=["93"])
    path = csv_of(tmp_path)
    extract_here(make_settings(data, tmp_path / "run", task_of(path)))
    moved = path.rename(tmp_path / "elsewhere.csv")
    extract_here(make_settings(data, tmp_path / "run", task_of(moved)))
    moved.write_bytes(moved.read_bytes().replace(b"93066", b"93067"))
    with pytest.raises(GlaneError, match=r"lookups\.commune\.digest"):
        extract_here(make_settings(data, tmp_path / "run", task_of(moved)))


def test_a_path_means_the_same_in_any_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = absolute(make_settings(tmp_path / "d", tmp_path / "run", task_of(Path("tables/c.csv"))))
    assert settings.task["lookups"]["commune"]["path"] == str(tmp_path / "tables" / "c.csv")


def test_a_preview_shows_the_code_beside_the_value(tmp_path: Path) -> None:
    values = {**task_of(csv_of(tmp_path)), "fields": {"place": {"type": "string", "lookup": "commune"}}}
    found = {"place": ExtractedValue(value="St Denis")}
    for dep, told in (
        ("93", "-> folded: 93066 Saint-Denis"),
        ("", "-> ambiguous: 93066 Saint-Denis, 97411 Saint-Denis"),
    ):
        result = Derivation(load_task(values)).of(Extraction(status=Status.OK, found=found), {"dep": dep})
        assert checked_lines(result)[0].endswith(told)


def test_keys_do_not_lose_a_name_of_articles_only() -> None:
    assert [far_key(name) for name in ("La", "Le", "L'", "Les", "—", "")] == ["la", "le", "l", "les", "", ""]


def test_the_example_of_the_guide_finds_its_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = (ROOT / "conf" / "task" / "README.md").read_text(encoding="utf-8")
    block = next(one for one in text.split("```yaml\n") if one.startswith("lookups:")).split("```")[0]
    task = load_task({"name": "t", "instructions": "Lis.", **yaml.safe_load(block)})
    lookup = task.lookups["commune"]
    table = Reference(lookup, read_table("commune", lookup))
    assert table.match("vaubelle le haut").code == "00101"
    assert table.match("St-Orens des Mares", {"departement": "902"}).code == "00203"
    assert table.match("St-Orens des Mares").how == Found.AMBIGUOUS


def test_a_worker_refuses_a_table_that_changed_after_its_run_was_begun(tmp_path: Path) -> None:
    path = csv_of(tmp_path)
    data = write_documents(tmp_path / "d.parquet", [f"x [[answer {json.dumps(ANSWER)}]]"], dep=["93"])
    settings = make_settings(data, tmp_path / "run", task_of(path))
    run = prepare_run(settings, load_task(settings.task))
    path.write_bytes(path.read_bytes().replace(b"93066", b"93067"))
    report = run_worker(spec(settings, run, "w0"))
    assert report.outcome != "done"
    assert "communes.csv has changed since the run began" in report.message


def test_the_review_page_shows_the_code_beside_the_value(tmp_path: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", [f"ST DENIS [[answer {json.dumps(ANSWER)}]]"], dep=["93"])
    rows = extract_here(make_settings(data, tmp_path / "run", task_of(csv_of(tmp_path))))
    task = load_task(task_of(tmp_path / "communes.csv"))
    texts = pl.read_parquet(data).select("id", "text")
    sample = draw_random(rows, id_column="id", num_rows=1, seed=0)
    page = review_data(
        task, rows.join(texts, on="id"), sample, id_column="id", text_column="text", run="r", fields=list(task.fields),
        context=[],
    )  # fmt: skip
    fields = page["documents"][0]["fields"]
    assert fields["place"]["derived"] == ["place → 93066 Saint-Denis · folded"]
    assert fields["places"]["derived"][1] == "places[2] → none"
    assert fields["events"]["derived"] == ["events[1].where → 97411 Saint-Denis · exact"]
