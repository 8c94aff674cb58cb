"""Reporting checklists: what is recorded fills items, nothing else does, and no document shows."""

from __future__ import annotations

import json
import re
from pathlib import Path

import lxml.html
import polars as pl
import pytest

import glane
from conftest import extract_here, job_here, make_settings, work, write_documents
from glane.api.checklists import ALL
from glane.assess.pages.page import decimal
from glane.errors import ConfigError, RunError
from glane.guard.refusals import PREFIX
from glane.reporting.facts import FACTS
from glane.reporting.items import checklist
from glane.reporting.words import WORDS
from glane.run.directory import RunDirectory
from glane.run.erased import Erasure, read_erased
from test_encryption import ring_at

SECRET = "Mme Zzyzx tousse"
PLACES = {
    "stard": 34, "record": 13, "tripod_llm": 59, "aipd": 34, "register": 8, "flows": 7, "model_card": 11, "data_sheet": 12,
}  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with an evaluation, an estimate and a comparison; and another run with an evaluation of its own."""
    root = tmp_path_factory.mktemp("work")
    data = write_documents(root / "d.parquet", [f"{SECRET} {at}" for at in range(60)])
    for name in ("first", "second"):
        extract_here(make_settings(data, root / name))
    usable = glane.open_run(root / "first").usable().select("id", "fever", "age", "sex").collect()
    gold = usable.sample(40, seed=1)
    glane.evaluate(root / "first", gold, samples=0, out_dir=str(root / "made" / "evaluation"))
    glane.estimate(root / "first", gold, "fever", out_dir=str(root / "made" / "estimate"))
    other = glane.open_run(root / "second").usable().select("id", "fever").collect()
    glane.evaluate(root / "second", other, samples=0, out_dir=str(root / "made" / "other"))
    return root


def state_of(found: glane.api.checklists.Checklists, name: str, item: str) -> tuple[str, str]:  # type: ignore[name-defined]
    row = found.table("en").filter((pl.col("checklist") == name) & (pl.col("item") == item)).row(0, named=True)
    return row["state"], row["told"]


def test_items_are_those_of_the_guidelines_and_their_facts_are_known() -> None:
    for name, num in PLACES.items():
        items = checklist(name).items  # type: ignore[arg-type]
        assert len(items) == num
        assert len({one.item for one in items}) == num
        assert all(one.en and one.fr for one in items)
    used = {fact for name in ALL for one in checklist(name).items for fact in one.facts}
    assert used == set(FACTS)


def test_both_languages_have_the_same_words_and_places() -> None:
    assert WORDS["en"].keys() == WORDS["fr"].keys()
    for name, text in WORDS["en"].items():
        assert {part.split("}")[0] for part in text.split("{")[1:]} == {
            part.split("}")[0] for part in WORDS["fr"][name].split("{")[1:]
        }, name


def test_what_is_recorded_fills_items_and_the_rest_says_who_tells(place: Path) -> None:
    found = glane.checklists(place / "first", [place / "made"])
    run = glane.open_run(place / "first")
    digest = run.description().fingerprint["task"]["prompt"]
    state, told = state_of(found, "STARD 2015", "10a")
    assert state == "told"
    assert digest in told
    assert "temperature 0.0" in told
    evaluation = json.loads((place / "made" / "evaluation" / "evaluation.json").read_text())
    f1 = decimal(evaluation["overall"]["micro"]["f1"], "en")
    assert f"F1 {f1}" in state_of(found, "TRIPOD-LLM", "17")[1]
    estimates = json.loads((place / "made" / "estimate" / "estimates.json").read_text())["validation"]
    told = state_of(found, "STARD 2015", "23")[1]
    assert f"true positive {estimates['true_positive']}, false positive {estimates['false_positive']}" in told
    assert "fever = true" in told
    assert state_of(found, "STARD 2015", "13b")[0] == "told"
    assert state_of(found, "STARD 2015", "8") == ("authors", "")
    assert state_of(found, "TRIPOD-LLM", "8b") == ("to_make", "To be recorded by: glane review.")
    assert state_of(found, "TRIPOD-LLM", "7e") == ("to_make", "To be recorded by: glane compare.")


def test_without_anything_made_of_the_run_nothing_is_told_of_accuracy(place: Path, tmp_path: Path) -> None:
    found = glane.checklists(place / "first", [tmp_path], which="stard")
    assert state_of(found, "STARD 2015", "24") == ("to_make", "To be recorded by: glane estimate, glane evaluate.")
    assert state_of(found, "STARD 2015", "19")[0] == "told"
    assert found.made == ()


def test_without_a_folder_that_of_the_run_is_looked_through(place: Path, tmp_path: Path) -> None:
    found = glane.checklists(place / "first", which="stard")
    assert {one.name for one in found.made} >= {"evaluation", "estimate"}
    with pytest.raises(RunError, match="^made: .*nowhere is no directory"):
        glane.checklists(place / "first", tmp_path / "nowhere")


def test_what_was_made_of_another_run_is_not_taken_for_this_ones(place: Path) -> None:
    found = glane.checklists(place / "second", [place / "made"])
    assert [one.name for one in found.made] == ["other"]
    assert state_of(found, "STARD 2015", "23")[0] == "to_make"


def test_the_page_and_table_are_written_in_both_languages_and_quote_nothing(place: Path, tmp_path: Path) -> None:
    said = job_here(
        f"run.dir={place / 'first'}", f"made=[{place / 'made'}]", f"out.dir={tmp_path / 'out'}", "language=fr",
        name="checklists",
    ).stdout  # fmt: skip
    assert "STARD 2015" in said
    table = pl.read_parquet(tmp_path / "out" / "checklists.parquet")
    assert table.height == sum(PLACES.values())
    page = (tmp_path / "out" / "checklists.html").read_text()
    papers = [(tmp_path / "out" / f"{name}.md").read_text() for name in PLACES]
    for text in (page, said, table.write_json(), *papers):
        assert "Zzyzx" not in text
    assert 'lang="en"' in page
    assert "Résultats du test selon ceux de la référence" in page
    assert "Test results by results of the reference" in page
    assert "http" not in page.lower().replace("http-equiv", "")


def test_wrong_words_and_runs_under_way_are_refused(place: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no directory"):
        glane.checklists(place / "first", [tmp_path / "nowhere"])
    data = write_documents(tmp_path / "d.parquet", ["a", "b", "c"])
    run, _ = work(make_settings(data, tmp_path / "part"))
    run.directory.part(0).unlink(missing_ok=True)
    with pytest.raises(RunError, match="not complete"):
        glane.checklists(tmp_path / "part", [tmp_path])
    with pytest.raises(ConfigError, match="which"):
        glane.settings.checklists_settings({"run": {"dir": "a"}, "out": {"dir": "b"}, "which": ["strobe"]})  # type: ignore[attr-defined]


def test_estimates_that_rest_on_the_same_right_answers_are_told_once(place: Path, tmp_path: Path) -> None:
    usable = glane.open_run(place / "first").usable().select("id", "fever", "sex").collect()
    for name, changes in {"a": {}, "b": {"what": "count"}}.items():
        glane.estimate(place / "first", usable.sample(40, seed=1), "fever", out_dir=str(tmp_path / name), **changes)
    found = glane.checklists(place / "first", tmp_path)
    for language, colon in (("en", ": "), ("fr", "\u00a0: ")):
        rows = found.table(language).filter(pl.col("told").str.contains("fever = true" + colon))
        assert rows.height
        for told in rows["told"]:
            assert told.count(f"fever = true{colon}true positive" if language == "en" else "vrais positifs") <= 1


def test_each_sentence_is_whole_and_in_its_language(place: Path) -> None:
    found = glane.checklists(place / "first", [place / "made"])
    told = " ".join(found.table("fr")["told"])
    assert "bootstrap" in told
    assert "over documents" not in told
    assert not any(
        f"{status} {number}." in told.replace(f"({status} {number}).", "") for status, number in [("EMPTY", 2)]
    )
    assert "fever = true:" not in told


@pytest.mark.parametrize("folders", [["nothing"], ["nothing", "b"]])
def test_where_nothing_was_found_the_key_is_named(place: Path, tmp_path: Path, folders: list[str]) -> None:
    for name in folders:
        (tmp_path / name).mkdir()
    told = str(glane.checklists(place / "first", [tmp_path / name for name in folders]))
    assert f"lies below {', '.join(str(tmp_path / name) for name in folders)}. Name the folder" in told
    assert "made=…" in told


def test_each_cell_names_its_column_for_narrow_screens(place: Path, tmp_path: Path) -> None:
    glane.checklists(place / "first", [place / "made"], out_dir=str(tmp_path / "out"))
    page = lxml.html.fromstring((tmp_path / "out" / "checklists.html").read_text(encoding="utf-8"))
    found = page.xpath("//div[contains(@class, 'prose')]")
    assert len(found) == 2 * len(ALL)
    for one in found:
        heads = [head.text_content() for head in one.xpath(".//th")]
        rows = one.xpath(".//tbody/tr | .//table/tr")
        assert rows
        assert all([cell.get("data-head") for cell in row.xpath("td")] == heads for row in rows)


def test_an_impact_assessment_tells_what_the_run_did_and_leaves_the_rest_to_complete(
    place: Path, tmp_path: Path
) -> None:
    found = glane.checklists(place / "first", [place / "made"], which="aipd")
    found.write(str(tmp_path), language="fr")
    text = (tmp_path / "aipd.md").read_text()
    assert text.count("\n### ") == PLACES["aipd"] == text.count("*À compléter\u00a0:*")
    assert state_of(found, "DPIA", "2.2") == ("authors", "")  # a legal basis is nothing that a program knows
    assert "columns text" in state_of(found, "DPIA", "1.4")[1]
    assert "(0600)" in state_of(found, "DPIA", "4.3")[1]
    assert state_of(found, "DPIA", "4.1") == ("told", "The files of the run are not encrypted by glane.")
    assert glane.open_run(place / "first").description().fingerprint_digest in state_of(found, "DPIA", "3.2")[1]


def test_what_no_program_knows_is_left_to_people_whatever_is_told_beside_it(place: Path) -> None:
    """A place of storage is no time of retention, a host no controller, a task no purpose."""
    found = glane.checklists(place / "first", [place / "made"], which=["aipd", "register"])
    for paper, items in {
        "DPIA": ["1.1", "1.2", "2.1", "2.5", "2.10", "3.1"],
        "Record of processing": ["a", "b", "d", "e", "f"],
    }.items():
        assert {state_of(found, paper, item)[0] for item in items} == {"authors"}
    assert state_of(found, "DPIA", "1.4")[0] == "told"
    assert "Weights were read" not in state_of(found, "DPIA", "1.7")[1]  # the scripted engine has none


def test_guard_encryption_and_place_are_told_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = write_documents(tmp_path / "d.parquet", ["a", "b"])
    settings = make_settings(data, tmp_path / "run", run__allow_hosts=["10.1.0.7:5000"])
    extract_here(settings)
    (tmp_path / "run").rename(tmp_path / "moved")
    told = glane.checklists(tmp_path / "moved", [tmp_path], which="aipd")
    assert "the guard was off. Allowed were: 10.1.0.7:5000." in state_of(told, "DPIA", "4.4")[1]
    assert "not encrypted by glane" in state_of(told, "DPIA", "4.1")[1]
    assert str(tmp_path / "moved") in state_of(told, "DPIA", "1.6")[1]
    monkeypatch.setenv("GLANE_KEY_FILE", str(ring_at(tmp_path / "keys.yaml", "one")))
    extract_here(make_settings(data, tmp_path / "other"))
    told = glane.checklists(tmp_path / "other", [tmp_path], which="aipd")
    assert "are encrypted (AES-GCM" in state_of(told, "DPIA", "4.1")[1]


def test_a_file_in_the_place_of_the_folder_is_told_by_its_setting(place: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.yaml").write_text("a: 1\n")
    said = job_here(
        f"run.dir={place / 'first'}", f"out.dir={tmp_path / 'notes.yaml'}", "which=aipd", name="checklists", check=2
    ).stderr
    assert said == f"error: out.dir: {tmp_path / 'notes.yaml'} is a file. Choose another directory.\n"


def test_documents_that_were_pseudonymised_before_are_told_as_such(tmp_path: Path) -> None:
    """Their file says so, wherever it was copied to: the paper of a run on it does not leave it out."""
    data = write_documents(tmp_path / "d.parquet", ["Mme Dupont, vue le 3 mars 2024"])
    (tmp_path / "key").write_text("k" * 20 + "0123456789" * 2)
    (tmp_path / "key").chmod(0o600)
    glane.pseudonymise(data, tmp_path / "p", offsets=tmp_path / "offsets.parquet", key_file=tmp_path / "key")
    extract_here(make_settings(tmp_path / "p" / "documents.parquet", tmp_path / "run"))
    found = glane.checklists(tmp_path / "run", which=["aipd", "register"])
    for paper, item in (("DPIA", "4.2"), ("Record of processing", "g")):
        told = state_of(found, paper, item)[1]
        assert "had been pseudonymised by glane before" in told
        assert "Dates were shifted." in told


def test_the_weakest_guard_of_all_starts_and_the_audit_log_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the first start recorded is not what a run was held to that went on elsewhere."""
    data = write_documents(tmp_path / "d.parquet", ["a", "b"])
    settings = make_settings(data, tmp_path / "run")
    extract_here(settings)
    told = glane.checklists(tmp_path / "run", [tmp_path], which=["aipd", "register"])
    assert "No audit log was named" in state_of(told, "DPIA", "4.5")[1]
    assert state_of(told, "DPIA", "4.2")[0] == "told"
    assert "did not pseudonymise" in state_of(told, "DPIA", "4.2")[1]
    assert [one.state for one in told.lists["aipd"]].count("authors") == int(re.findall(r"(\d+) are for", str(told))[0])
    (tmp_path / "audit").mkdir()
    monkeypatch.setenv("GLANE_AUDIT", str(tmp_path / "audit"))
    extract_here(make_settings(data, tmp_path / "other"))
    path = tmp_path / "other" / "ledger" / "starts.jsonl"
    as_begun = path.read_text()
    assert '"guard":"off"' in as_begun
    path.write_text(as_begun.replace('"guard":"off"', '"guard":"kernel"'))
    refusal = {
        "kind": "glane refusal", "version": 1, "time": 1.0, "host": "vm", "pid": 1, "program": "python", "by": "kernel",
        "what": "connect", "address": "10.9.8.7:443",
    }  # fmt: skip
    (path.parent / f"{PREFIX}vm-1.jsonl").write_text(json.dumps(refusal))
    told = glane.checklists(tmp_path / "other", [tmp_path], which=["aipd", "register"])
    network, audit = (state_of(told, "DPIA", item)[1] for item in ("4.4", "4.5"))
    assert "the kernel and Python refused" in network
    assert "refused and written down: 1 (" in network
    assert f"into the audit log {tmp_path / 'audit'} who" in audit
    assert "into the audit log" in state_of(told, "Record of processing", "g")[1]
    path.write_text(path.read_text() + as_begun.replace(str(tmp_path / "audit"), ""))
    found = glane.checklists(tmp_path / "other", [tmp_path], which="aipd")
    network, audit = (state_of(found, "DPIA", item)[1] for item in ("4.4", "4.5"))
    assert "the guard was off. The run was started 2 times" in network
    assert "At 1 of the 2 starts" in audit
    french = {one.item.item: one.told["fr"] for one in found.lists["aipd"]}
    assert "le contrôle le plus faible" in french["4.4"]
    assert "aucun journal d'audit n'était nommé" in french["4.5"]


def test_tls_of_all_starts_erasures_and_the_site_s_ages_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extract_here(make_settings(write_documents(tmp_path / "d.parquet", ["a", "b"]), tmp_path / "run"))
    site, papers = tmp_path / "site.yaml", ["aipd", "register"]
    monkeypatch.setenv("GLANE_SITE", str(site))
    site.write_text("keep: {}\n")
    found = glane.checklists(tmp_path / "run", [tmp_path], which=papers)
    assert "TLS" not in state_of(found, "DPIA", "4.4")[1]  # on one node
    assert state_of(found, "DPIA", "2.8") == (
        "authors", "No document of the run was erased by glane erase until this page was made.",
    )  # fmt: skip
    assert state_of(found, "Record of processing", "f") == ("authors", "")
    path = tmp_path / "run" / "ledger" / "starts.jsonl"
    plain = path.read_text()
    path.write_text(plain.replace('"between_nodes":""', '"between_nodes":"tls"'))
    found = glane.checklists(tmp_path / "run", [tmp_path], which=papers)
    assert "spoke TLS" in state_of(found, "DPIA", "4.4")[1]
    path.write_text(path.read_text() + plain.replace('"between_nodes":""', '"between_nodes":"plain"') + plain)
    for documents in (1, 3):
        erasure = Erasure(
            id="a", time=f"2026-0{documents}-07T10:00:00+00:00", user="u", glane="0", documents=documents, salt="",
            digests=(),
        )  # fmt: skip
        directory = RunDirectory(root=tmp_path / "run")
        known = read_erased(directory)
        directory.erased.write_bytes(known.model_copy(update={"erasures": (*known.erasures, erasure)}).as_json())
    site.write_text("keep:\n  parts: 8w\n  logs: 36h\n  unpublished: never\n")
    found = glane.checklists(tmp_path / "run", [tmp_path], which=papers)
    for paper, item in (("DPIA", "4.4"), ("Record of processing", "g")):
        told = state_of(found, paper, item)[1]
        assert "sent each other was not encrypted" in told
        assert "Of 3 starts of the run, 1 were with TLS, 1 without, and 1 on one node" in told
    erased = state_of(found, "DPIA", "2.8")[1]
    assert "2026-01-07T10:00:00+00:00, 1 document of the run was erased" in erased
    assert "2026-03-07T10:00:00+00:00, 3 documents of the run were erased" in erased
    for paper, item in (("DPIA", "2.5"), ("Record of processing", "f")):
        state, told = state_of(found, paper, item)
        assert state == "authors"  # no time limit of the results, which people set
        assert "holds: 56 days; parts that no result holds: never; logs: 1.5 days." in told
    french = {one.item.item: one.told["fr"] for one in found.lists["aipd"]}
    assert "n'était pas chiffré" in french["4.4"]
    assert "journaux\u00a0: 1,5 jours" in french["2.5"]


def test_who_may_read_is_told_as_the_run_was_made(tmp_path: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", ["a", "b"])
    settings = make_settings(data, tmp_path / "run")
    changes = {"group_access": True, "core_dumps": True, "site_log": str(tmp_path / "log.jsonl")}
    extract_here(settings.model_copy(update={"run": settings.run.model_copy(update=changes)}))
    found = glane.checklists(tmp_path / "run", [tmp_path], which=["aipd", "flows"])
    told = state_of(found, "DPIA", "4.3")[1]
    assert "(0640)" in told
    assert "(0600)" not in told
    assert "may leave their memory" in told
    assert "log.jsonl" in state_of(found, "Data flows", "5")[1]


def test_a_paper_that_was_completed_by_hand_is_not_replaced(place: Path, tmp_path: Path) -> None:
    glane.checklists(place / "first", [place / "made"], which="register", out_dir=str(tmp_path))
    path = tmp_path / "register.md"
    path.write_text(path.read_text() + "Durée : dix ans.\n")
    with pytest.raises(RunError, match=r"register\.md was changed since glane wrote it"):
        glane.checklists(place / "first", [place / "made"], which="register", out_dir=str(tmp_path))
    assert path.read_text().endswith("dix ans.\n")
