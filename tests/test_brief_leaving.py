"""What leaves of a brief with a rule of disclosure: no file, word or id of it tells a count that its tables hide."""

from __future__ import annotations

import datetime
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.optimize import linprog

import glane
from conftest import extract_here, make_settings
from glane.api.brief_leaving import told_figures
from glane.briefs.ids import figure_id
from glane.briefs.leaving import has_number, leaving_statements
from glane.briefs.record import Claim, Quote
from glane.errors import ConfigError, DataError, GlaneError, RunError
from glane.extraction.results import open_run
from glane.run.written import digest_of
from glane.settings import estimate_settings, export_settings
from test_brief import BRIEF, FEVER, TASK, answer
from test_brief import definition as brief_of

DAY = datetime.date
LEAST = 5
# Fevers and documents by hospital, in the week before and in the last one: all told; one small; one small, and of few.
NUMBERS = {
    "Alpha": ((11, 30), (20, 40)), "Bravo": ((9, 20), (8, 21)), "Carol": ((3, 22), (2, 24)), "Delta": ((6, 15), (7, 16)),
}  # fmt: skip
MEASURES = [one for one in BRIEF["measures"] if one.get("kind") != "median"]
MEASURES.append({"name": "shares", "kind": "share", "case": "fever", "label": FEVER, "by": "hospital"})
TABLE: dict[str, Any] = {
    "name": "t", "unit": "document", "case": "fever", "time": {"column": "day", "every": "week", "last": "2026-01-18"},
    "groups": ["hospital"],
}  # fmt: skip


def made(folder: Path, instructions: str = "Read.") -> Path:
    rows = []
    for hospital, weeks in NUMBERS.items():
        for week, (fevers, documents) in enumerate(weeks):
            for at in range(documents):
                quote = f"Seen at {at}h"
                told = answer(fever=at < fevers, age=30, what={"value": quote, "quote": quote})
                day = DAY(2026, 1, 5) + datetime.timedelta(days=7 * week + at % 7)
                rows.append(
                    {"id": f"{hospital}-{week}-{at}", "text": f"{quote}. {told}", "day": day, "hospital": hospital}
                )
    pl.DataFrame(rows).write_parquet(folder / "documents.parquet")
    task = TASK | {"instructions": instructions}
    extract_here(make_settings(folder / "documents.parquet", folder / "run", task, data__carry_columns=["hospital"]))
    return folder / "run"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("leaving"))


@pytest.fixture(scope="module")
def table(run: Path) -> Path:
    out = run.parent / "issued"
    rule = {"least": LEAST, "register": str(run.parent / "register")}
    glane.aggregate(run, TABLE | {"disclosure": rule}, out_dir=str(out))
    return out


def definition(table: Path, **told: Any) -> Any:
    return brief_of(measures=MEASURES, disclosure={"tables": [str(table)]}, **told)


@pytest.fixture(scope="module")
def left(run: Path, table: Path) -> Path:
    out = run.parent / "left"
    glane.brief(run, definition(table), out)
    return out


def suppressed(table: Path) -> set[str]:
    rows = pl.read_parquet(table / "table.parquet").filter(
        (pl.col("margin") == "period × hospital") & (pl.col("period") == DAY(2026, 1, 12))
    )
    return set(rows.filter(pl.col("suppressed") == "row")["hospital"])


def told_files(folder: Path) -> str:
    """All that leaves, as text: Parquet as JSON."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return "\n".join(map(as_text, paths))


def as_text(path: Path) -> str:
    if path.suffix == ".docx":
        with zipfile.ZipFile(path) as found:
            return "\n".join(found.read(name).decode(errors="replace") for name in found.namelist())
    return pl.read_parquet(path).write_json() if path.suffix == ".parquet" else path.read_text()


def test_figures_are_the_cells_of_the_table_and_hidden_ones_are_nowhere(left: Path, table: Path) -> None:
    gone = suppressed(table)
    assert "Carol" in gone
    assert len(gone) >= 2  # and one more, or the total tells it
    assert gone != set(NUMBERS)
    claims = pl.read_parquet(left / "measures.parquet")
    told = {row["group"]: row for row in claims.filter(pl.col("name") == "each").iter_rows(named=True)}
    assert set(told) == set(NUMBERS) - gone
    for hospital, row in told.items():
        assert (row["counted"], row["documents"]) == NUMBERS[hospital][1]
    text = told_files(left)
    assert not [hospital for hospital in gone if hospital in text]
    assert 'unknown":null' in text
    assert pl.read_parquet(left / "claims.parquet")["documents"].list.len().sum() == 0


def test_no_small_count_follows_from_all_that_the_brief_tells(left: Path, table: Path) -> None:
    """Who knows the names of the hospitals adds up: totals less the rest, shares times documents, rates times people."""
    names = sorted(NUMBERS)
    text = (left / "brief.md").read_text() + (left / "brief.html").read_text()
    measures = pl.read_parquet(left / "measures.parquet")
    rows: list[tuple[list[int], float]] = []
    for one in measures.iter_rows(named=True):
        of = [1 if one["group"] in (None, name) else 0 for name in names]
        if one["kind"] == "share":
            rows.append((of, round(one["value"] * one["documents"])))
        elif one["kind"] == "rate":
            rows.append((of, round(one["value"] * 50_000 / 100_000)))
        rows.append((of, one["counted"]))
    equations = np.array([row for row, _ in rows], dtype=float)
    known = np.array([value for _, value in rows], dtype=float)
    for name in suppressed(table):
        sign = np.array([float(one == name) for one in names])
        low, high = (linprog(way * sign, A_eq=equations, b_eq=known, bounds=(0, None)) for way in (1, -1))
        assert -high.fun - low.fun >= LEAST - 1e-6, name
        fevers, documents = NUMBERS[name][1]
        assert f"{fevers} of {documents}" not in text
        assert f"{100 * fevers / documents:.1f}" not in text


def test_ids_are_of_what_is_told_so_that_trying_numbers_finds_none(run: Path, table: Path) -> None:
    claims = told_figures(open_run(run), definition(table), None).figures.claims
    fingerprint = open_run(run).description().fingerprint_digest
    assert claims
    for one in claims:
        assert one.measure is not None
        assert one.value is not None
        assert one.id == figure_id(fingerprint, one.measure, one.value)
        assert (one.value.unknown, one.value.failed, one.documents) == (None, None, ())


def test_terminal_page_and_chain_tell_no_more(run: Path, table: Path, left: Path, tmp_path: Path) -> None:
    found = glane.brief(run, definition(table), tmp_path / "again")
    lines = str(found)
    assert "Only what protected tables have told: counts below 5" in lines
    assert "left out" in lines
    claim = next(one for one in found.claims if one.measure is not None and one.measure.name == "shares")
    trace = glane.trace(left, claim.id, out=tmp_path / "chain.json")
    chain = json.loads((tmp_path / "chain.json").read_text())
    assert chain["claim"]["documents"] == []
    assert not [name for name in suppressed(table) if name in str(trace) + (tmp_path / "chain.json").read_text()]
    assert "moins de 5" in (left / "brief.html").read_text()
    assert digest_of(left / "claims.parquet") == digest_of(tmp_path / "again" / "claims.parquet")


def test_nothing_of_an_earlier_brief_stays_beside_one_that_leaves(run: Path, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "brief"
    glane.brief(run, brief_of(measures=MEASURES), out)
    raw = {digest_of(one) for one in out.iterdir() if one.name != ".glane-files"}
    glane.brief(run, definition(table), out)
    text = told_files(out)
    assert not [name for name in suppressed(table) if name in text]
    assert not [one for one in raw if one in text]
    (out / "work").mkdir()
    with pytest.raises(RunError, match="holds passages"):
        glane.brief(run, definition(table), out)


def test_tables_of_one_case_that_were_not_protected_together_are_refused(
    run: Path, table: Path, tmp_path: Path
) -> None:
    """One by hospital and one by age, each by itself: their sums may tell what each of them hides."""
    alone = TABLE | {"groups": [], "disclosure": {"least": LEAST}}
    glane.aggregate(run, alone, out_dir=str(tmp_path / "alone"))
    told = brief_of(measures=MEASURES, disclosure={"tables": [str(table), str(tmp_path / "alone")]})
    with pytest.raises(ConfigError, match="were not protected together"):
        glane.brief(run, told, tmp_path / "out")
    rule = {"least": LEAST, "register": str(run.parent / "register")}
    glane.aggregate(run, alone | {"disclosure": rule}, out_dir=str(tmp_path / "together"))
    both = brief_of(measures=MEASURES, disclosure={"tables": [str(table), str(tmp_path / "together")]})
    found = glane.brief(run, both, tmp_path / "out").claims
    assert [one.id for one in found] == [one.id for one in glane.brief(run, definition(table), tmp_path / "one").claims]


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"measures": BRIEF["measures"]}, "a median is a value of few documents"),
        ({"where": {"case": "age > 3", "label": FEVER}}, "where is no key of a table"),
        ({"measures": [MEASURES[1] | {"among": {"case": "age > 3", "label": FEVER}}]}, "among"),
        ({"measures": [MEASURES[0] | {"case": "NOT fever"}]}, "no table of .* has this figure"),
        ({"measures": [MEASURES[0] | {"by": "age"}]}, "no table of .* rows by day, age"),
        ({"period": {"column": "day", "first": "2026-01-12", "last": "2026-01-17"}, "measures": MEASURES[:1]}, "no table of"),
        ({"level": 0.9}, "level 0.9"),
        ({"statements": {"fields": ["what"], "question": FEVER}}, "which no table protects"),
    ],
)  # fmt: skip
def test_what_no_table_tells_is_refused_with_the_remedy(
    run: Path, table: Path, tmp_path: Path, told: dict[str, Any], message: str
) -> None:
    base = {"measures": MEASURES, "disclosure": {"tables": [str(table)]}}
    with pytest.raises(ConfigError, match=message) as error:
        glane.brief(run, brief_of(**(base | told)), tmp_path / "out")
    assert not re.search(r"\b(20|40|61|37|101)\b", str(error.value))
    assert not (tmp_path / "out").exists()


def test_conditions_of_the_same_documents_or_of_all_others_are_refused(run: Path, table: Path, tmp_path: Path) -> None:
    """A table of one by other keys may tell what that of the other hides, and no register holds both."""
    for at, case in enumerate(("NOT fever", "fever AND age = 30")):
        out = tmp_path / str(at)
        glane.aggregate(run, TABLE | {"case": case, "groups": [], "disclosure": {"least": LEAST}}, out_dir=str(out))
        asked = [MEASURES[0], MEASURES[0] | {"name": "other", "case": case}]
        told = brief_of(measures=asked, disclosure={"tables": [str(table), str(out)]})
        with pytest.raises(ConfigError, match="all and other count the same documents by two conditions"):
            glane.brief(run, told, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_conditions_that_tell_a_small_count_together_are_refused(run: Path, table: Path, tmp_path: Path) -> None:
    """Of Alpha's forty documents, those at 0 h to 19 h have fever: all but two of them tell these two."""

    def but(*hours: int) -> str:
        return " AND ".join(f"what <> 'Seen at {at}h'" for at in hours)

    for name, case, is_told in (
        ("within", f"fever AND {but(0, 1)}", False),
        ("excluding", f"NOT fever AND {but(38, 39)}", False),
        ("apart", f"fever AND {but(*range(8))}", True),
    ):
        out = tmp_path / name
        glane.aggregate(run, TABLE | {"case": case, "disclosure": {"least": LEAST}}, out_dir=str(out))
        asked = [MEASURES[0] | {"by": "hospital"}, MEASURES[0] | {"name": "other", "case": case, "by": "hospital"}]
        told = brief_of(measures=asked, disclosure={"tables": [str(table), str(out)]})
        if is_told:
            glane.brief(run, told, tmp_path / "told")
            continue
        with pytest.raises(ConfigError, match="all and other tell a count below 5 together"):
            glane.brief(run, told, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_tables_without_a_rule_changed_or_of_other_documents_are_refused(
    run: Path, table: Path, tmp_path: Path
) -> None:
    glane.aggregate(run, TABLE, out_dir=str(tmp_path / "raw"))
    glane.aggregate(run, TABLE | {"disclosure": {"least": 5, "method": "round"}}, out_dir=str(tmp_path / "round"))
    for name in ("raw", "round"):
        with pytest.raises(ConfigError, match="without a rule that suppresses"):
            glane.brief(run, definition(tmp_path / name), tmp_path / "out")
    short = TABLE | {"time": {"column": "day", "every": "week", "first": "2026-01-06", "last": "2026-01-18"}}
    glane.aggregate(run, short | {"disclosure": {"least": 5}}, out_dir=str(tmp_path / "short"))
    whole = [one | {"name": f"m{at}"} for at, one in enumerate(MEASURES[:1])]
    with pytest.raises(DataError, match="other documents than its cell"):
        glane.brief(
            run,
            brief_of(measures=whole, period=None, disclosure={"tables": [str(tmp_path / "short")]}),
            tmp_path / "out",
        )
    glane.aggregate(run, TABLE | {"disclosure": {"least": 5}}, out_dir=str(tmp_path / "changed"))
    rows = pl.read_parquet(tmp_path / "changed" / "table.parquet")
    rows.with_columns(pl.lit(None, pl.String).alias("suppressed")).write_parquet(tmp_path / "changed" / "table.parquet")
    with pytest.raises(RunError, match="not as glane wrote it"):
        glane.brief(run, definition(tmp_path / "changed"), tmp_path / "out")
    with pytest.raises(ConfigError, match="another run"):
        glane.brief(made(tmp_path, "Read well."), definition(table), tmp_path / "out")
    with pytest.raises(GlaneError, match=r"table\.parquet is not there"):
        glane.brief(run, definition(tmp_path), tmp_path / "out")


def test_corrected_figures_are_those_of_the_table(run: Path, tmp_path: Path) -> None:
    documents = pl.read_parquet(run.parent / "documents.parquet")
    sample = documents.with_columns(pl.col("text").str.contains('"fever": true').alias("fever")).sample(90, seed=2)
    sample = sample.with_columns(
        pl.Series("fever", [not one if at % 15 == 0 else one for at, one in enumerate(sample["fever"])])
    )
    sample.select("id", "fever").write_parquet(tmp_path / "gold.parquet")
    gold = str(tmp_path / "gold.parquet")
    glane.aggregate(run, TABLE | {"disclosure": {"least": LEAST}}, gold, out_dir=str(tmp_path / "issued"))
    told = definition(tmp_path / "issued")
    with pytest.raises(ConfigError, match=r"no review \(gold\)"):
        glane.brief(run, told, tmp_path / "out")
    found = glane.brief(run, told, tmp_path / "out", gold=gold)
    rows = pl.read_parquet(tmp_path / "issued" / "table.parquet").filter(pl.col("margin") == "period × hospital")
    rows = rows.filter((pl.col("period") == DAY(2026, 1, 12)) & pl.col("suppressed").is_null())
    each = {
        one.measure.group: one.value for one in found.claims if one.measure is not None and one.measure.name == "each"
    }
    assert set(each) == set(rows["hospital"])
    for row in rows.iter_rows(named=True):
        value = each[row["hospital"]]
        assert value is not None
        assert (value.value, value.low, value.high, value.reviewed) == (row["estimate"], row["low"], row["high"], 90)
    # a rate has the chance in it that cases occur by, as in a brief that stays
    stays = glane.brief(run, brief_of(measures=MEASURES), tmp_path / "stays", gold=gold)
    rate, other = (
        next(one.value for one in made.claims if one.measure is not None and one.measure.kind == "rate")
        for made in (found, stays)
    )
    assert rate is not None
    assert other is not None
    assert (rate.value, rate.low, rate.high) == pytest.approx((other.value, other.low, other.high), rel=0.05)


def test_estimates_and_exports_of_rows_do_not_leave_under_a_rule() -> None:
    base: dict[str, Any] = {"run": {"dir": "r"}, "out": {"dir": "o"}, "disclosure": {"least": 11}}
    with pytest.raises(ConfigError, match="no rule for small counts protects rows"):
        export_settings(base | {"to": "csv"})
    assert export_settings(base | {"to": "csv", "rows": True}).rows
    with pytest.raises(ConfigError, match="Make a table with glane aggregate"):
        estimate_settings(base | {"gold": "g", "field": "fever"})


@pytest.mark.parametrize(
    "sentence",
    [
        "Three children fell ill.", "Trois enfants sont malades.", "Il y a eu 3 cas.", "A case was reported in Hull.",
        "Un cas a été signalé.", "One child died.", "About half of them were admitted.", "Une dizaine de cas.",
        "Several cases were seen.", "8 % of 120 visits.", "On 5 January cases were seen.", "Ⅲ cases.", "½ of them.",
        "Deux cas ou plus.", "No. 2 was ill.", "Zéro cas.", "The only case was fatal.", "A pair of twins fell ill.",
        "Nobody fell ill.", "Aucun cas n'a été signalé.", "Les deux enfants vont bien.", "A single nurse fell ill.",
        "One of the residents died.", "L'un des résidents est décédé.", "Une des victimes était enceinte.",
        "Another resident died.", "Cases doubled in a week.", "Les cas ont triplé.", "The number was halved.",
        "Il n'y a pas eu de décès.", "Sans décès.", "Neither of them died.", "Cas isolé chez un soignant.",
    ],
)  # fmt: skip
def test_a_statement_with_a_number_does_not_leave(sentence: str) -> None:
    quote = Quote(number=1, document="d1", text="Mr X, 3 cases", start=0, end=13)
    one = Claim(id="s-1", kind="statement", en=sentence, documents=("d1",), quotes=(quote,), status="verified")
    assert has_number(sentence)
    assert leaving_statements([one]) == ()


def test_a_statement_without_one_leaves_alone_and_what_failed_does_not() -> None:
    quote = Quote(number=1, document="d1", text="Mr X", start=0, end=4)
    told = "A brazier was lit indoors."
    one = Claim(id="s-1", kind="statement", en=told, documents=("d1",), quotes=(quote,), status="verified")
    (left,) = leaving_statements([one, *(one.model_copy(update={"status": name}) for name in ("dropped", "left_out"))])
    assert (left.en, left.documents, left.quotes, left.checks) == (told, (), (), ())
    other = one.model_copy(update={"quotes": (quote.model_copy(update={"document": "d2"}),)})
    assert leaving_statements([other])[0].id == left.id  # the id tells no document
