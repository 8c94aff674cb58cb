"""Files that one call of a command wrote: whoever reads them has all of one call, whatever ended another one."""

from __future__ import annotations

import contextlib
import datetime
import functools
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

import glane
from conftest import extract_here, make_settings
from dying import dying, each_death
from glane.api.brief import FILES
from glane.api.error_rates import read_error_rates
from glane.api.several_runs import together
from glane.api.sources import run_of
from glane.assess.cascade.files import read_calibration
from glane.assess.files import as_parquet, read_table, write_folder
from glane.demo.corpus import write_corpus
from glane.errors import DataError, GlaneError, RunError
from glane.job.runs.collect import collect
from glane.run.links import RunLink
from glane.run.whole import read_together
from glane.run.written import WRITTEN, digest_of, read_written

SEEN = ("replace", "unlink", "rename", "link")  # operations after which a folder holds something else
DAY = datetime.date(2026, 1, 5)
TASK = {
    "name": "t", "language": "en", "instructions": "Read.",
    "fields": {"fever": {"type": "boolean"}, "age": {"type": "integer", "minimum": 0, "maximum": 120, "nullable": True}},
}  # fmt: skip
BRIEF = {
    "name": "b", "title": {"fr": "Fièvres", "en": "Fevers"}, "language": "en",
    "period": {"column": "day", "every": "week"},
    "measures": [{"name": "all", "case": "fever", "label": {"fr": "fièvre", "en": "fever"}}],
}  # fmt: skip
TABLE = {"name": "t", "unit": "document", "field": "fever", "time": {"column": "day", "every": "week"}}
SIGNALS = TABLE | {"signals": {"methods": ["ears_c1"], "by": []}}
LEAVING = TABLE | {"disclosure": {"least": 5}}
KEYS = {"name": "l", "method": "keys", "block": [["patient"]], "compare": []}


@dataclass(frozen=True)
class Call:
    """What one call of a command wrote into a folder."""

    files: Mapping[str, bytes]  # its own first
    runs: tuple[RunLink, ...]


def made(root: Path, name: str, patients: int) -> Path:
    ids = [f"d{at:02}" for at in range(40)]
    rows = {
        "id": ids, "text": [f"{name} {at}" for at in range(40)],
        "day": [DAY + datetime.timedelta(days=at % 14) for at in range(40)],
        "patient": [f"p{at % patients}" for at in range(40)],
    }  # fmt: skip
    pl.DataFrame(rows).write_parquet(root / f"{name}.parquet")
    extract_here(make_settings(root / f"{name}.parquet", root / name, TASK))
    return root / name


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("whole")
    return made(root, "A", 13), made(root, "B", 7)


def gold_of(run: Path) -> pl.DataFrame:
    return glane.open_run(run).usable().select("id", "fever", "age").collect().head(30)


def evaluated(run: Path, out: str) -> object:
    return glane.evaluate(run, gold_of(run), samples=0, out_dir=out)


def estimated(run: Path, out: str) -> object:
    if run.name == "A":
        return glane.estimate(run, gold_of(run), "fever", out_dir=out)  # with error rates
    return glane.estimate(run, gold_of(run), "age", what="mean", out_dir=out)  # without


def calibrated(run: Path, out: str) -> object:
    return glane.calibrate(run, glane.evaluate(run, gold_of(run), samples=0), out_dir=out)


def linked(run: Path, out: str) -> object:
    return glane.link(run, KEYS, sample=5 if run.name == "A" else 0, out_dir=out)


def counted(run: Path, out: str) -> object:
    return glane.aggregate(run, SIGNALS if run.name == "A" else TABLE, out_dir=out)


def seed_of(run: Path) -> int:
    return "AB".index(run.name)


COMMANDS: dict[str, Callable[[Path, str], object]] = {
    "evaluate": evaluated,
    "estimate": estimated,
    "calibrate": calibrated,
    "link": linked,
    "aggregate": counted,
    "checklists": lambda run, out: glane.checklists(run, made=str(run), out_dir=out),
    "review": lambda run, out: glane.review(run, out, rows=8),
    "brief": lambda run, out: glane.brief(run, BRIEF, out),
    "plant": lambda run, out: glane.plant_attacks(run, rows=8, out_dir=out),
    "runs": lambda run, out: glane.runs(run.parent if run.name == "A" else run).write(out),
    "demo-corpus": lambda run, out: write_corpus(Path(out), documents=3, seed=seed_of(run)),
    "try-programs": lambda run, out: glane.try_programs(
        tables={"tables": {"t": {"columns": {"x": {"type": "integer", "minimum": 1, "maximum": 9}}}}},
        rows=5, seed=seed_of(run), out_dir=out,
    ),
    "screen": lambda run, out: glane.screen(run, out, "fever", rows=5),
    "export": lambda run, out: glane.export(run, "csv", out, evidence=run.name == "A"),
}  # fmt: skip


Calls = Callable[[str], list[dict[str, Call]]]


@pytest.fixture(scope="module")
def calls(runs: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Calls:
    """For a command and each run, what it wrote, by the file that is its own."""
    root = tmp_path_factory.mktemp("calls")
    return functools.cache(lambda name: [recorded(COMMANDS[name], run, root / f"{name}-{run.name}") for run in runs])


def recorded(write: Callable[[Path, str], object], run: Path, out: Path) -> dict[str, Call]:
    write(run, str(out))
    found = {}
    for place in sorted(out.rglob(WRITTEN)):
        for mark, call in read_written(place.parent).calls.items():
            assert call.is_whole
            files = {name: (place.parent / name).read_bytes() for name in call.now.files}
            found[f"{place.parent.relative_to(out)}/{mark}"] = Call(files=files, runs=call.now.runs)
    return found


def held(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.iterdir() if not one.name.startswith(".")}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_call_that_is_killed_leaves_what_stood_what_was_to_stand_or_what_is_refused(
    calls: Calls, tmp_path: Path, command: str
) -> None:
    first, second = calls(command)
    assert first.keys() == second.keys()
    for number, mark in enumerate(first):
        one, other = first[mark], second[mark]
        out, told = tmp_path / f"{number}", {"whole": 0, "refused": 0}

        def write(call: Call, out: Path = out) -> None:
            write_folder(out, call.files, of=call.runs)

        write(one)
        for _ in each_death(lambda write=write, other=other: write(other), SEEN):  # type: ignore[misc]
            for name in {*one.files, *other.files}:
                told[read_whole(out, name, [one, other])] += 1
            write(other)  # the same command again
            assert held(out) == dict(other.files)
            with read_together(out, list(other.files), place="out.dir") as runs:
                assert runs == other.runs
            write(one)
        assert held(out) == dict(other.files)
        assert told["whole"] > 0
        differing = [name for name in {*one.files, *other.files} if one.files.get(name) != other.files.get(name)]
        assert (told["refused"] > 0) == (len(differing) > 1)


def read_whole(out: Path, name: str, calls: list[Call]) -> str:
    """Read a file with all that is beside it, and tell whether it was refused or of one call."""
    there = list(held(out))
    try:
        with read_together(out, [name, *there], place="out.dir") as runs:
            assert any(held(out) == dict(call.files) and runs == call.runs for call in calls), name
    except DataError as error:
        told = str(error)
    else:
        return "whole"
    assert "Run that command again" in told
    return "refused"


def test_a_file_that_was_changed_after_a_kill_is_not_lost(tmp_path: Path) -> None:
    new = {"a": b"new", "b": b"new", "c": b"new"}
    for number in range(1, 40):
        out = tmp_path / str(number)
        write_folder(out, {"a": b"old", "b": b"old", "c": b"old", "d": b"old"})
        if not dying(lambda out=out: write_folder(out, new), number):  # type: ignore[misc]
            break
        for name in ("b", "d"):
            (out / name).write_bytes(b"by hand")
        with pytest.raises(RunError, match="was changed since glane wrote it"):
            write_folder(out, new)
        assert (out / "b").read_bytes() == (out / "d").read_bytes() == b"by hand"
        (out / "b").unlink()
        write_folder(out, new)
        assert held(out) == {**new, "d": b"by hand"}
    assert number > 10


def test_what_an_earlier_call_wrote_and_the_later_did_not_is_gone(calls: Calls, tmp_path: Path) -> None:
    for command, name in (
        ("estimate", "error_rates.json"),
        ("link", "sample.parquet"),
        ("aggregate", "signals.parquet"),
    ):
        for call in (next(iter(one.values())) for one in calls(command)):
            write_folder(tmp_path / command, call.files, of=call.runs)
        assert name in next(iter(calls(command)[0].values())).files
        assert not (tmp_path / command / name).exists()


def test_the_files_of_another_command_are_not_replaced_though_its_own_are_gone(tmp_path: Path) -> None:
    write_folder(tmp_path, {"evaluation.json": b"{}", "report.html": b"one"})
    (tmp_path / "evaluation.json").unlink()
    with pytest.raises(RunError, match="was written by another command"):
        write_folder(tmp_path, {"estimates.json": b"{}", "report.html": b"two"})


# What other commands read.


def test_what_was_made_of_a_run_stays_its_own_whatever_is_written_beside_it(
    runs: tuple[Path, Path], tmp_path: Path
) -> None:
    a, b = runs
    out = tmp_path / "made"
    evaluated(a, str(out))
    glane.checklists(b, made=str(tmp_path), out_dir=str(out))
    found = {one.path.name: one for one in collect([a.parent, tmp_path])}
    assert [one.kind for one in found["A"].assessments] == ["evaluation"]
    assert found["B"].assessments == ()
    assert glane.checklists(b, made=str(tmp_path)).made == ()
    assert [str(one) for one in glane.checklists(a, made=str(tmp_path)).made] == [str(out)]


def as_version_1(folder: Path, *, run: Path) -> None:
    """As an earlier glane would have it, when a command of a run wrote into the folder last."""
    told = read_written(folder)
    links = [one.model_dump() for call in told.calls.values() for one in call.now.runs if one.path == str(run)]
    old = {"kind": "glane files", "version": 1, "names": told.names, "digests": dict(told.digests), "runs": links[:1]}
    (folder / WRITTEN).write_text(json.dumps(old))


def test_a_folder_of_an_earlier_glane_gives_no_run_what_is_of_another(runs: tuple[Path, Path], tmp_path: Path) -> None:
    a, b = runs
    for name, write in (("evaluation", evaluated), ("calibration", calibrated)):
        write(a, str(tmp_path / name))
        glane.checklists(b, made=str(a), out_dir=str(tmp_path / name))
        as_version_1(tmp_path / name, run=b)
    found = {one.path.name: one for one in collect([a.parent, tmp_path])}
    assert found["B"].assessments == ()
    with pytest.raises(DataError, match=r"is the calibration of .*A, not of .*B"):
        read_calibration(tmp_path / "calibration", run_of(b).directory, setting="calibration")


def test_an_evaluation_of_which_a_call_was_ended_is_told_and_left_out(
    runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = runs
    out, new = tmp_path / "made", glane.evaluate(b, gold_of(b), samples=0)
    evaluated(a, str(out))
    refused = 0
    for _ in each_death(lambda: new.write(str(out)), SEEN):
        found = {one.path.name: one.assessments for one in collect([a.parent, tmp_path])}
        told = "a call of it was ended" in capsys.readouterr().err
        assert told == (not found["A"] and not found["B"])
        refused += told
        for name, other in (("A", a), ("B", b)):
            for one in found[name]:
                with read_together(out, ["evaluation.json"], place="x"):
                    assert json.loads((out / "evaluation.json").read_bytes())["run"] == str(other), name
                assert one.folder == out
        shutil.rmtree(out)
        evaluated(a, str(out))
        capsys.readouterr()
    assert refused == 3  # of four files


@pytest.mark.parametrize("version", [1, 2])
def test_links_of_two_linkages_are_refused(runs: tuple[Path, Path], tmp_path: Path, version: int) -> None:
    a, b = runs
    out, new = tmp_path / "links", glane.link(b, KEYS)
    persons = {run.name: glane.aggregate(run, TABLE | {"unit": "person", "person": "patient"}).table for run in runs}
    linked(a, str(out))
    told = set()
    for _ in each_death(lambda: new.write(str(out)), SEEN):
        if version == 1:
            as_version_1(out, run=b)
        for run in (a, b):
            try:
                found = glane.aggregate(run, TABLE | {"unit": "person", "links": str(out)}).table
            except DataError as error:
                told.add(str(error).partition(":")[0])
                continue
            assert found["model"].sum() == persons[run.name]["model"].sum()
            told.add(run.name)
        shutil.rmtree(out)
        linked(a, str(out))
    assert {"A", "table.links"} <= told


def test_right_answers_of_a_review_that_was_ended_are_refused(runs: tuple[Path, Path], tmp_path: Path) -> None:
    a, out = runs[0], tmp_path / "review"
    gold = gold_of(a)
    new = {"gold.parquet": as_parquet(gold.with_columns(~pl.col("fever"))), "agreement.json": b"{}\n"}
    write_folder(out, {"gold.parquet": as_parquet(gold), "agreement.json": b"{}"})
    figures: set[object] = set()
    for _ in each_death(lambda: write_folder(out, new)):
        try:
            figures.add(glane.evaluate(a, str(out / "gold.parquet"), samples=0).summary.overall.micro.f1)
        except DataError as error:
            figures.add(str(error).partition("no whole result")[1])
        write_folder(out, new)
        write_folder(out, {"gold.parquet": as_parquet(gold), "agreement.json": b"{}"})
    assert "no whole result" in figures
    assert len(figures) == 3
    gold.head(20).write_parquet(out / "gold.parquet")  # somebody's own
    assert read_table(str(out / "gold.parquet"), place="gold").height == 20


def test_error_rates_and_judged_values_are_those_of_what_is_beside_them(
    runs: tuple[Path, Path], calls: Calls, tmp_path: Path
) -> None:
    a = runs[0]
    estimated(a, str(tmp_path / "e"))
    several = together([run_of(a)])
    assert read_error_rates(str(tmp_path / "e" / "error_rates.json"), several, "fever").reviewed == 30
    rates = tmp_path / "e" / "error_rates.json"
    rates.write_bytes(rates.read_bytes() + b" ")
    with pytest.raises(DataError, match="error_rates.json was changed since"):
        read_error_rates(str(rates), several, "fever")
    one, other = (next(iter(both.values())) for both in calls("evaluate"))
    write_folder(tmp_path / "v", one.files)
    write_folder(tmp_path / "v", other.files)
    (tmp_path / "v" / "evaluation.json").write_bytes(one.files["evaluation.json"])
    with pytest.raises(DataError, match="evaluation.json is of another call"):
        glane.calibrate(a, str(tmp_path / "v" / "values.parquet"))


# Who signs has read the page.


def test_a_page_of_an_earlier_brief_is_not_signed(runs: tuple[Path, Path], tmp_path: Path) -> None:
    out, new = tmp_path / "out", BRIEF | {"title": {"fr": "Toux", "en": "Coughs"}}
    glane.brief(runs[0], BRIEF, out)
    refused = 0
    for _ in each_death(lambda: glane.brief(runs[0], new, out), SEEN):
        page = (out / "brief.html").read_text()
        try:
            glane.brief(runs[0], new, out, sign="A. Martin")
        except RunError:
            refused += 1
            glane.brief(runs[0], new, out)
            assert "Coughs" in (out / "brief.html").read_text()
        else:
            assert "Coughs" in page
        shutil.rmtree(out)
        glane.brief(runs[0], BRIEF, out)
    assert refused > 5


def test_a_page_that_an_earlier_glane_did_not_write_to_its_end_is_not_signed(
    runs: tuple[Path, Path], tmp_path: Path
) -> None:
    new = BRIEF | {"title": {"fr": "Toux", "en": "Coughs"}}
    glane.brief(runs[0], BRIEF, tmp_path)
    page = (tmp_path / "brief.md").read_bytes()
    glane.brief(runs[0], new, tmp_path)
    as_version_1(tmp_path, run=runs[0])
    (tmp_path / "brief.md").write_bytes(page)  # as it stands if `brief.json` was written before it
    with pytest.raises(RunError, match=r"the pages in .* are not those of brief.json"):
        glane.brief(runs[0], new, tmp_path, sign="A. Martin")
    glane.brief(runs[0], new, tmp_path)
    glane.brief(runs[0], new, tmp_path, sign="A. Martin")
    assert "Coughs" in (tmp_path / "brief.md").read_text()


def test_one_who_is_ended_while_signing_signs_again(runs: tuple[Path, Path], tmp_path: Path) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    glane.brief(runs[0], BRIEF, whole)
    shutil.copytree(whole, out)

    def sign() -> object:
        return glane.brief(runs[0], BRIEF, out, sign="A. Martin")

    signed = 0
    for at in each_death(sign, SEEN):
        if at % 2:  # and again
            with contextlib.suppress(RunError):
                dying(sign, at // 2 + 1, SEEN)
        try:
            sign()
        except RunError:
            signed += 1  # all but the last word was written; what is there is traced below
        claim = glane.trace(out, glane.briefs.tables.claims_of(pl.read_parquet(out / "claims.parquet"))[0].id)
        assert claim.chain.signature is not None
        assert claim.chain.signature.name == "A. Martin"
        shutil.rmtree(out)
        shutil.copytree(whole, out)
    assert signed < 8


@pytest.mark.parametrize("name", FILES)
def test_a_signed_brief_is_not_replaced_whatever_is_gone_of_it(
    runs: tuple[Path, Path], tmp_path: Path, name: str
) -> None:
    glane.brief(runs[0], BRIEF, tmp_path)
    glane.brief(runs[0], BRIEF, tmp_path, sign="A. Martin")
    (tmp_path / name).unlink()
    kept = held(tmp_path)
    for told in ({}, {"sign": "B. Autre"}):
        with pytest.raises(RunError, match="signed|no brief"):
            glane.brief(runs[0], BRIEF | {"alpha": 0.04}, tmp_path, **told)  # type: ignore[arg-type]
    assert held(tmp_path) == kept


# A digest tells what was in a table.


def test_no_digest_of_a_raw_table_stands_beside_one_that_leaves(runs: tuple[Path, Path], tmp_path: Path) -> None:
    out, raw, leaving = tmp_path / "out", glane.aggregate(runs[0], SIGNALS), glane.aggregate(runs[0], LEAVING)
    raw.write(str(out))
    protected = tmp_path / "protected"
    leaving.write(str(protected))
    digests = [{digest_of(one) for one in held(folder).values()} for folder in (out, protected)]
    secret, released = digests[0] - digests[1], digests[1] - digests[0]
    beside = 0
    for _ in each_death(lambda: leaving.write(str(out)), SEEN):
        if {digest_of(one) for one in held(out).values()} & released:
            assert not [one for one in secret if one in (out / WRITTEN).read_text()]
            beside += 1
        leaving.write(str(out))
        assert held(out) == held(protected)
        shutil.rmtree(out)
        raw.write(str(out))
    assert beside > 3


# What goes on.


def test_a_batch_whose_page_was_not_written_to_its_end_is_written_again(
    runs: tuple[Path, Path], tmp_path: Path
) -> None:
    whole = tmp_path / "whole"
    glane.screen(runs[0], str(whole), "fever", rows=5)
    wanted = {
        str(one.relative_to(whole)): digest_of(one) for one in whole.rglob("*") if one.is_file() and one.name[0] != "."
    }
    for at in (3, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65):
        out = tmp_path / str(at)
        dying(lambda out=out: glane.screen(runs[0], str(out), "fever", rows=5), at)  # type: ignore[misc]
        glane.screen(runs[0], str(out), "fever", rows=5)
        found = {
            str(one.relative_to(out)): digest_of(one) for one in out.rglob("*") if one.is_file() and one.name[0] != "."
        }
        assert {name: found.get(name) for name in wanted} == wanted


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"kind": "glane files", "version": 3}'])
def test_what_tells_the_files_of_a_folder_is_damaged(tmp_path: Path, content: bytes) -> None:
    write_folder(tmp_path, {"gold.parquet": as_parquet(pl.DataFrame({"id": ["a"]}))})
    (tmp_path / WRITTEN).write_bytes(content)
    with pytest.raises(GlaneError, match=r"\.glane-files"):
        read_table(str(tmp_path / "gold.parquet"), place="gold")
