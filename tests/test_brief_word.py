"""`brief.docx`: it says what the brief says; edits of it come back as labels, however a program writes them."""

from __future__ import annotations

import copy
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import polars as pl
import pytest
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn

import glane
from glane.api.brief_labels import Labelled, brief_labels
from glane.briefs.record import BriefSummary, Claim, Quote
from glane.briefs.word import bookmark_of, brief_word
from glane.errors import ConfigError, DataError, GlaneError, RunError
from glane.records import read_record
from glane.settings import brief_settings
from test_brief import definition, run_of


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_of(tmp_path_factory.mktemp("word"))


@pytest.fixture(scope="module")
def brief(run: Path) -> Path:
    glane.brief(run, definition(), run.parent / "brief")
    return run.parent / "brief"


@pytest.fixture
def claims(brief: Path) -> list[dict[str, Any]]:
    return pl.read_parquet(brief / "claims.parquet").to_dicts()


def marked(document: Any, claim_id: str) -> Any:
    """The paragraph of a sentence."""
    name = bookmark_of(claim_id)
    return next(
        one.getparent() for one in document.element.iter(qn("w:bookmarkStart")) if one.get(qn("w:name")) == name
    )


def run_in(paragraph: Any) -> Any:
    """The run of the sentence."""
    start = paragraph.find(qn("w:bookmarkStart"))
    return start.getnext()


def edited(brief: Path, tmp_path: Path, change: Callable[[Any], None]) -> Labelled:
    document = docx.Document(str(brief / "brief.docx"))
    change(document)
    document.save(str(tmp_path / "edited.docx"))
    return brief_labels(brief, tmp_path / "edited.docx")


def by_status(found: Labelled) -> dict[str, str]:
    return {one.id: one.status for one in found.labels.labels}


def test_the_word_file_says_what_the_markdown_says_with_its_draft_ids_and_footer(
    brief: Path, claims: list[dict[str, Any]]
) -> None:
    document = docx.Document(str(brief / "brief.docx"))
    lines = [one.text for one in document.paragraphs]
    for one in claims:
        assert f"{one['en']} [{one['id']}]" in lines
        assert one["id"] in (brief / "brief.md").read_text()
    assert any("Draft: nobody has signed" in one for one in lines)
    assert "Draft" in document.sections[0].header.paragraphs[0].text
    summary = read_record(BriefSummary, brief / "brief.json")
    assert summary.fingerprint in document.sections[0].footer.paragraphs[0].text
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    for told in (summary.fingerprint, summary.models[0].name, claims[0]["id"]):
        assert any(told in one for one in cells)
    assert any("fever" in one for one in cells)  # the condition
    table = next(one for one in document.tables if one.rows[0].cells[0].text == "Id")
    head = [cell.text for cell in table.rows[0].cells]
    assert head[:4] == ["Id", "Counted", "Among", "Documents counted"]
    first = dict(zip(head, [cell.text for cell in table.rows[1].cells], strict=True))
    assert (first["Id"], first["Documents counted"], first["Documents looked at"]) == (claims[0]["id"], "12", "20")


def test_a_signed_one_is_no_draft_and_french_is_french(run: Path, tmp_path: Path) -> None:
    glane.brief(run, definition(language="fr"), tmp_path / "b")
    glane.brief(run, definition(language="fr"), tmp_path / "b", sign="A. Martin")
    document = docx.Document(str(tmp_path / "b" / "brief.docx"))
    text = "\n".join(one.text for one in document.paragraphs)
    assert "Lu et signé par A. Martin" in text
    assert "Brouillon" not in text + document.sections[0].header.paragraphs[0].text
    assert "Nombres" in text


def test_statements_stand_with_their_quotes_and_nothing_that_xml_cannot_hold(brief: Path) -> None:
    summary = read_record(BriefSummary, brief / "brief.json")
    told = summary.model_copy(
        update={"definition": definition(statements={"fields": ["what"], "question": {"fr": "Q", "en": "Q"}})}
    )
    quote = Quote(number=1, document="d\x00<1>", text="Un cas\x08 & <w:p>\ud800", start=0, end=3)
    one = Claim(id="s-00000000000a", kind="statement", fr="Un <b>cas</b>\x0b.", quotes=(quote,), status="unverified")
    content = brief_word(told, [one], language="en")
    assert content == brief_word(told, [one], language="en")
    document = docx.Document(io.BytesIO(content))
    assert any("Unverified – Un <b>cas</b>\ufffd. [s-00000000000a]" in line.text for line in document.paragraphs)
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    assert "Un cas\ufffd & <w:p>\ufffd" in cells


def test_a_file_that_nobody_touched_or_that_word_saved_anew_keeps_all(brief: Path, tmp_path: Path) -> None:
    for found in (brief_labels(brief, brief / "brief.docx"), edited(brief, tmp_path, lambda _: None)):
        assert set(by_status(found).values()) == {"kept"}
        assert (found.labels.added, found.labels.removed) == ((), 0)
        assert all(one.is_verified for one in found.labels.labels)


def test_kept_edited_deleted_and_added_are_told_and_a_number_is_a_persons(
    brief: Path, tmp_path: Path, claims: list[dict[str, Any]]
) -> None:
    def change(document: Any) -> None:
        first = run_in(marked(document, claims[0]["id"]))
        text = first.find(qn("w:t"))
        text.text = re.sub(r"\d+ documents", "99 documents", text.text)
        words = run_in(marked(document, claims[1]["id"])).find(qn("w:t"))
        words.text = words.text.replace("by the model", "after the model")
        gone = marked(document, claims[2]["id"])
        gone.getparent().remove(gone)
        document.add_paragraph("A person adds that 7 schools were closed.")
        document.add_paragraph("And a thought.")

    found = edited(brief, tmp_path, change)
    told = {one.id: one for one in found.labels.labels}
    assert [told[one["id"]].status for one in claims[:4]] == ["edited", "edited", "deleted", "kept"]
    assert told[claims[0]["id"]].numbers_changed
    assert not told[claims[0]["id"]].is_verified
    assert "99 documents" in (told[claims[0]["id"]].text or "")
    assert not told[claims[1]["id"]].numbers_changed
    assert [(one.text, one.has_number) for one in found.labels.added] == [
        ("A person adds that 7 schools were closed.", True), ("And a thought.", False),
    ]  # fmt: skip
    lines = str(found)
    assert f"{claims[0]['id']}: a person changed a number" in lines
    assert "added hold numbers" in lines
    assert "99" not in lines
    rows = pl.read_parquet(found.folder / "*.parquet")
    assert rows.filter(pl.col("status") == "edited")["numbers_changed"].sum() == 1
    assert pl.read_parquet(brief / "claims.parquet")["en"].to_list() == [one["en"] for one in claims]  # as it was


def test_tracked_changes_tell_who(brief: Path, tmp_path: Path, claims: list[dict[str, Any]]) -> None:
    def track(run: Any, name: str, author: str) -> None:
        box = OxmlElement(name)
        box.set(qn("w:id"), "900")
        box.set(qn("w:author"), author)
        run.addprevious(box)
        box.append(run)
        if name == "w:del":
            for text in run.findall(qn("w:t")):
                text.tag = qn("w:delText")

    def change(document: Any) -> None:
        track(run_in(marked(document, claims[0]["id"])), "w:del", "Reader One")
        paragraph = marked(document, claims[1]["id"])
        run = copy.deepcopy(run_in(paragraph))
        run.find(qn("w:t")).text = " Surely."
        run_in(paragraph).addnext(run)
        track(run, "w:ins", "Reader Two")
        moved = marked(document, claims[2]["id"])
        track(run_in(moved), "w:moveFrom", "Reader One")
        body = document.element.body
        body.append(parse_xml(
            f'<w:p {nsdecls("w")}><w:moveTo w:id="901" w:author="Reader One"><w:r><w:t>{claims[2]["en"].replace("<", "&lt;")}'
            "</w:t></w:r></w:moveTo></w:p>"
        ))  # fmt: skip

    found = edited(brief, tmp_path, change)
    told = {one.id: one for one in found.labels.labels}
    assert (told[claims[0]["id"]].status, told[claims[0]["id"]].editors) == ("deleted", ("Reader One",))
    assert (told[claims[1]["id"]].status, told[claims[1]["id"]].editors) == ("edited", ("Reader Two",))
    assert (told[claims[1]["id"]].text or "").endswith("Surely.")
    assert told[claims[2]["id"]].status == "kept"
    assert found.labels.added == ()


def test_sentences_moved_split_merged_and_copied(brief: Path, tmp_path: Path, claims: list[dict[str, Any]]) -> None:
    ids = [one["id"] for one in claims]

    def change(document: Any) -> None:
        paragraphs = [marked(document, one) for one in ids]
        paragraphs[-1].addnext(paragraphs[0])  # moved
        text = run_in(paragraphs[1]).find(qn("w:t"))  # split in two paragraphs
        first, second = text.text.split(" ", 1)
        rest = copy.deepcopy(paragraphs[1])
        rest.remove(rest.find(qn("w:bookmarkStart")))
        text.text, rest.find(qn("w:r")).find(qn("w:t")).text = first, second
        for one in paragraphs[1].findall(qn("w:bookmarkEnd")) + paragraphs[1].findall(qn("w:r"))[1:]:
            paragraphs[1].remove(one)
        paragraphs[1].addnext(rest)
        for one in list(paragraphs[3]):  # merged with the one before
            if one.tag != qn("w:pPr"):
                paragraphs[2].append(one)
        paragraphs[3].getparent().remove(paragraphs[3])
        paragraphs[4].addnext(copy.deepcopy(paragraphs[4]))  # copied, its bookmark too
        twin = copy.deepcopy(paragraphs[5])  # and without it, as Word does
        for tag in ("w:bookmarkStart", "w:bookmarkEnd"):
            twin.remove(twin.find(qn(tag)))
        paragraphs[5].addnext(twin)

    found = edited(brief, tmp_path, change)
    told = by_status(found)
    assert [told[one] for one in ids[:6]] == ["kept", "kept", "kept", "kept", "unclear", "unclear"]
    assert not any(one.is_verified for one in found.labels.labels if one.status == "unclear")


def test_a_program_that_loses_bookmarks_still_tells_by_the_id_beside_the_sentence(
    brief: Path, tmp_path: Path, claims: list[dict[str, Any]]
) -> None:
    def change(document: Any) -> None:
        for one in claims:
            paragraph = marked(document, one["id"])
            for tag in ("w:bookmarkStart", "w:bookmarkEnd"):
                paragraph.remove(paragraph.find(qn(tag)))
        texts = next(p for p in document.paragraphs if claims[0]["id"] in p.text)
        texts.runs[0].text = "Something else."

    found = edited(brief, tmp_path, change)
    told = by_status(found)
    assert told[claims[0]["id"]] == "edited"
    assert {told[one["id"]] for one in claims[1:]} == {"kept"}


def test_runs_cut_in_pieces_as_libreoffice_writes_them_change_nothing(
    brief: Path, tmp_path: Path, claims: list[dict[str, Any]]
) -> None:
    def change(document: Any) -> None:
        for one in claims:
            run = run_in(marked(document, one["id"]))
            text = run.find(qn("w:t")).text
            for at in range(0, len(text), 5):
                piece = copy.deepcopy(run)
                piece.find(qn("w:t")).text = text[at : at + 5]
                piece.find(qn("w:t")).set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
                run.addprevious(piece)
                run.addprevious(OxmlElement("w:proofErr"))
            run.getparent().remove(run)
        for number, name in enumerate(("w:bookmarkStart", "w:bookmarkEnd")):  # other ids, as saving anew gives
            for at, one in enumerate(document.element.iter(qn(name))):
                one.set(qn("w:id"), str(1000 + at))

    assert set(by_status(edited(brief, tmp_path, change)).values()) == {"kept"}


def test_what_a_warning_or_a_cell_says_is_not_changed_in_silence(brief: Path, tmp_path: Path) -> None:
    def change(document: Any) -> None:
        warning = next(p for p in document.paragraphs if "Draft" in p.text)
        warning._p.getparent().remove(warning._p)
        document.tables[0].rows[1].cells[3].text = "1000000"

    found = edited(brief, tmp_path, change)
    assert found.labels.removed == 2
    assert [(one.text, one.has_number) for one in found.labels.added] == [("1000000", True)]
    assert "2 paragraphs that are no sentence" in str(found)


def test_another_brief_a_damaged_file_and_no_word_file_are_refused(run: Path, brief: Path, tmp_path: Path) -> None:
    glane.brief(run, definition(level=0.9), tmp_path / "other")
    with pytest.raises(DataError, match="is of another brief"):
        brief_labels(brief, tmp_path / "other" / "brief.docx")
    document = docx.Document(str(brief / "brief.docx"))
    title = next(one for one in document.element.iter(qn("w:bookmarkStart")))
    title.getparent().remove(title)
    document.save(str(tmp_path / "untitled.docx"))
    with pytest.raises(DataError, match="tells no brief"):
        brief_labels(brief, tmp_path / "untitled.docx")
    content = (brief / "brief.docx").read_bytes()
    (tmp_path / "cut.docx").write_bytes(content[: len(content) // 2])
    (tmp_path / "text.docx").write_text("Hello.")
    for name in ("cut.docx", "text.docx", "gone.docx"):
        with pytest.raises(DataError, match=f"edited: .*{name}"):
            brief_labels(brief, tmp_path / name)
    with pytest.raises(RunError, match="not there"):
        brief_labels(tmp_path, brief / "brief.docx")
    with pytest.raises(ConfigError, match="Leave sign out"):
        brief_settings(
            {"brief": definition().model_dump(), "run": {"dir": "r"}, "out": {"dir": "o"}, "edited": "e", "sign": "A"}
        )


def with_document(brief: Path, path: Path, change: Callable[[bytes], bytes]) -> Path:
    with zipfile.ZipFile(brief / "brief.docx") as found, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as told:
        for name in found.namelist():
            content = found.read(name)
            told.writestr(name, change(content) if name == "word/document.xml" else content)
    return path


def test_bombs_and_entities_are_refused_within_bounds(brief: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("s3cret")
    entity = f'<!DOCTYPE x [<!ENTITY a SYSTEM "{secret.as_uri()}">]>'.encode()
    outside = with_document(
        brief, tmp_path / "entity.docx", lambda one: re.sub(rb"(<\?xml[^>]*>)", rb"\1" + entity, one).replace(b"</w:t>", b"&a;</w:t>", 1)
    )  # fmt: skip
    assert "s3cret" not in said_of(brief, outside)
    bomb = with_document(
        brief, tmp_path / "bomb.docx", lambda one: one.replace(b"</w:body>", b" " * (80 << 20) + b"</w:body>")
    )
    with pytest.raises(DataError, match="MiB"):
        brief_labels(brief, bomb)
    laughs = "".join(f'<!ENTITY l{at} "{f"&l{at - 1};" * 10}">' for at in range(1, 10))
    billion = f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]>'.encode()
    many = with_document(
        brief, tmp_path / "laughs.docx", lambda one: re.sub(rb"(<\?xml[^>]*>)", rb"\1" + billion, one).replace(b"</w:t>", b"&l9;</w:t>", 1)
    )  # fmt: skip
    assert "haha" not in said_of(brief, many)


def said_of(brief: Path, file: Path) -> str:
    """All that is told of a file, or why it is refused."""
    try:
        return brief_labels(brief, file).labels.model_dump_json()
    except GlaneError as error:
        return str(error)
