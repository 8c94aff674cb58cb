"""A task that a model drafts is one that can be asked, whatever the model proposes."""

from __future__ import annotations

import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import glane
from conftest import job_here
from glane.api.first_texts import first_texts
from glane.api.new_task import NewTask
from glane.composition.files import as_yaml, read_mapping
from glane.errors import ConfigError, DataError, UnusableError
from glane.settings import new_task_settings
from glane.task.draft import drafted, drafting_task, with_examples
from glane.task.task import load_task

TEXTS = [
    "Trois enfants de la crèche de Vaubelle vomissent depuis mars 2025.",
    "Intoxication au CO à Brillac, 4 personnes hospitalisées, chauffe-eau défectueux.",
]


def proposal(name="cases", kind="whole_number", description="Number of cases.", values=(), unit=None):
    return {"name": name, "kind": kind, "description": description, "values": list(values), "unit": unit}


def draft(*proposals):
    return drafted(proposals, name="co", about="CO poisoning", language="en")


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_question_that_asks_for_fields_is_a_task(language):
    task = load_task(drafting_task(language, most_fields=5))
    assert list(task.fields) == ["fields"]


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("text", (), {"type": "string"}),
        ("yes_no", (), {"type": "boolean"}),
        ("whole_number", (), {"type": "integer", "minimum": 0}),
        ("number", (), {"type": "number", "minimum": 0}),
        ("date", (), {"type": "date", "precision": "partial"}),
        ("category", ("a", "b", "a", " "), {"type": "enum", "values": ["a", "b"]}),
        ("category", ("a",), {"type": "string"}),  # one value is no category
        ("list_of_texts", (), {"type": "list"}),
    ],
)
def test_a_proposal_becomes_a_field_with_a_quote_and_a_reason(kind, values, expected):
    found = draft(proposal(kind=kind, values=values)).values["fields"]["cases"]
    assert expected.items() <= found.items()
    assert found["evidence"] is found["missing"] is True


def test_what_cannot_be_asked_is_left_out_and_told():
    found = draft(proposal(), proposal(), proposal(name="status"), proposal(name="text"), proposal(name="ok_one"))
    assert list(found.values["fields"]) == ["cases", "ok_one"]
    assert [one.partition(":")[0] for one in found.left_out] == ["cases", "status", "text"]


def test_a_category_without_values_is_told_as_asked_as_text(tmp_path):
    found = draft(proposal(kind="category", values=("a", " a")), proposal(name="place", kind="category", values="ab"))
    assert found.left_out == ()
    assert found.as_text == ("cases: proposed as a category, without two values that differ",)
    shown = str(NewTask(path=tmp_path, values=found.values, left_out=(), as_text=found.as_text))
    assert "as text    cases: proposed as a category" in shown


@pytest.mark.parametrize(("documents", "is_right"), [(2, True), (1, False)])
def test_examples_are_among_the_documents_that_are_shown(documents, is_right):
    values = {"from": "d.parquet", "about": "x", "model": {"name": "m", "path": "/m"}, "out": "t.yaml"}
    told = {**values, "documents": documents, "examples": 2}
    if is_right:
        assert new_task_settings(told).examples == 2
    else:
        with pytest.raises(ConfigError, match="examples=2 are more than documents=1"):
            new_task_settings(told)


def test_a_unit_is_told_and_a_description_is_one_line():
    found = draft(proposal(kind="number", description="Dose\n of it.", unit="mg"), proposal(name="place", unit="mg"))
    assert found.values["fields"]["cases"]["description"] == "Dose of it (mg)."


def test_nothing_that_can_be_asked_is_an_error_with_remedies():
    with pytest.raises(ConfigError, match="no field that was proposed can be asked"):
        draft(proposal(name="status"))


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "name": st.from_regex("^[a-z][a-z0-9_]{1,23}$", fullmatch=True),
                "kind": st.sampled_from(
                    ["text", "yes_no", "whole_number", "number", "date", "category", "list_of_texts"]
                ),
                "description": st.text(max_size=160),
                "values": st.lists(st.text(max_size=30) | st.sampled_from(["1E50", "1e5", ".5e3", "no"]), max_size=12),
                "unit": st.none() | st.text(max_size=12),
            }
        ),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_is_proposed_the_draft_can_be_loaded_from_its_yaml(proposals):
    try:
        found = drafted(proposals, name="co", about="x", language="fr")
    except ConfigError:
        return
    task = load_task(read_mapping(as_yaml(found.values), place="x"))
    assert len(task.fields) + len(found.left_out) == len(proposals)


def test_a_field_named_as_the_ids_are_is_left_out_as_no_run_could_ask_it():
    found = draft(proposal(name="id"), proposal())
    assert list(found.values["fields"]) == ["cases"]
    assert found.left_out == ("id: the name of the column with the ids of documents",)


def test_codes_that_look_like_numbers_stay_texts_in_the_file(tmp_path, monkeypatch):
    """1E50 is a code of ICD-11, and a number to glane's reader of YAML."""
    codes = proposal(name="code", kind="category", description="1e5", values=["1E50", "1E51"])
    monkeypatch.setattr("glane.api.new_task.drafted", lambda _, **named: drafted([codes], **named))
    monkeypatch.setattr("glane.api.new_task.extract", lambda *_, **__: _Answered())
    out = tmp_path / "co.yaml"
    glane.new_task(pl.DataFrame({"text": TEXTS}), "CO", model="scripted", out=out, num_examples=0)
    field = load_task(read_mapping(out.read_text(), place="x")).fields["code"]
    assert (field.description, list(field.values)) == ("1e5", ["1E50", "1E51"])


class _Answered:
    """A run whose proposals are not looked at."""

    toy = None

    def usable(self):
        return pl.LazyFrame({"fields": [[""]]})

    def description(self):
        return self

    model = "m"


def test_examples_stand_beside_what_was_drafted():
    example = {"text": "Two cases.", "output": {"cases": {"value": 2, "quote": "Two"}}}
    assert load_task(with_examples(draft(proposal()), [example])).examples


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"about": " "}, ConfigError, "about: say in a sentence"),
        ({"out": "x.txt"}, ConfigError, "ends in .yaml"),
        ({"text_column": "txt"}, DataError, "no column 'txt'; set text_column. Did you mean 'text'"),
        (
            {"text_column": "n"},
            DataError,
            "column 'n' is of type whole number, and texts are needed; set text_column to one of: text",
        ),
        ({"documents": pl.DataFrame({"text": [" ", None]})}, DataError, "has no text"),
    ],
)
def test_what_cannot_be_drafted_from_is_refused_before_a_model_is_asked(tmp_path, changes, error, match):
    told = {
        "documents": pl.DataFrame({"text": TEXTS, "n": [1, 2]}),
        "about": "CO",
        "out": tmp_path / "co.yaml",
    } | changes
    with pytest.raises(error, match=match):
        glane.new_task(told.pop("documents"), told.pop("about"), model="scripted", **told)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_not_replaced(tmp_path):
    (tmp_path / "co.yaml").write_text("mine")
    with pytest.raises(ConfigError, match="is there already"):
        glane.new_task(pl.DataFrame({"text": TEXTS}), "CO", model="scripted", out=tmp_path / "co.yaml")
    assert (tmp_path / "co.yaml").read_text() == "mine"


@pytest.mark.ray
def test_a_drafted_task_is_written_for_its_owner_alone_and_can_be_asked(tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    out = tmp_path / "tasks" / "co.yaml"
    found = glane.new_task(
        pl.DataFrame({"text": TEXTS}),
        "Intoxications au CO",
        model="scripted",
        out=out,
        num_examples=3,
        run__allow_toy=True,
    )  # fewer texts than examples are as many examples
    assert list((tmp_path / "temporary").iterdir()) == []
    assert out.stat().st_mode & 0o777 == 0o600
    content = out.read_text()
    assert content.startswith("# Brouillon du modèle scripted")
    assert "Random answers" in content  # a toy is named as one
    assert load_task(yaml.safe_load(content)).name == "co"
    assert "which nobody has checked" in str(found)


def _first(documents, number=3, column="text"):
    return first_texts(str(documents), column, number, place="from")


def test_texts_are_read_wherever_data_path_has_them(tmp_path):
    frame = pl.DataFrame({"id": ["a", "b", "c", "d"], "text": [None, " \u200b ", TEXTS[0], TEXTS[1]]})
    frame.write_parquet(tmp_path / "d.parquet")
    frame.with_columns(pl.col("text").cast(pl.Binary)).write_parquet(tmp_path / "binary.parquet")
    frame.with_columns(pl.col("text").cast(pl.Categorical)).write_parquet(tmp_path / "category.parquet")
    (tmp_path / "f.csv").write_bytes(f"id;text\na;\nb; \nc;{TEXTS[0]}\nd;{TEXTS[1]}\n".encode("cp1252"))
    frame.write_ndjson(tmp_path / "d.jsonl")
    frame.write_excel(tmp_path / "d.xlsx")
    for name in ("d.parquet", "binary.parquet", "category.parquet", "f.csv", "d.jsonl", "d.xlsx"):
        assert _first(tmp_path / name) == TEXTS, name
        assert _first(tmp_path / name, 1) == TEXTS[:1]
    folder = tmp_path / "data set"
    (folder / "more").mkdir(parents=True)
    frame[:3].write_parquet(folder / "documents-00000.parquet")
    frame[3:].select("text").write_parquet(folder / "more" / "documents-00001.parquet")
    (folder / "data_set.json").write_text("{}")
    assert _first(folder) == _first(folder / "**") == TEXTS


@pytest.mark.ray
def test_what_ingest_wrote_is_taken(tmp_path):
    (tmp_path / "letters").mkdir()
    for number, text in enumerate(TEXTS):
        (tmp_path / "letters" / f"{number}.txt").write_text(text, encoding="utf-8")
    glane.ingest(tmp_path / "letters", tmp_path / "read", near_duplicates=None, language=False)
    assert sorted(_first(tmp_path / "read")) == sorted(TEXTS)


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("absent.csv", None, r"from: no file matches .*absent.csv"),
        ("a.docx", b"PK\x03\x04", r"a.docx: cannot be read \(not Parquet\). .* glane ingest source=.*a.docx"),
        ("a.parquet", b"PAR1" + b"x" * 40, "a.parquet: cannot be read .*damaged"),
        ("a.csv", b"", "glane convert source=.*a.csv"),
        ("a.csv", b"id,note\n1,x\n", r"from: .*no column 'text'; set text_column. .*note"),
        ("a.sas7bdat", b"not SAS", "a.sas7bdat.*glane convert source="),
        ("letters/1.pdf", b"%PDF", "glane ingest source=.*letters data.path=.*letters.ingested"),
        ("tables/1.csv", b"id,text\n1,x\n", r"give the file, or from=.*tables/\*.csv"),
    ],
)
def test_what_no_text_can_be_read_of_is_a_sentence(tmp_path, name, content, match):
    path = tmp_path / name
    if content is not None:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    with pytest.raises((ConfigError, DataError), match=match) as told:
        _first(path if path.parent == tmp_path else path.parent)
    assert "data.path: " not in str(told.value)


def test_descriptions_are_for_eyes_alone(tmp_path, monkeypatch):
    secret = "Cas de Vaubelle en mars"
    monkeypatch.setattr(
        "glane.api.new_task.drafted", lambda _, **named: drafted([proposal(description=secret)], **named)
    )
    monkeypatch.setattr("glane.api.new_task.extract", lambda *_, **__: _Answered())
    monkeypatch.setenv("GLANE_SITE_LOG", str(tmp_path / "site.log"))
    (tmp_path / "d.csv").write_text(f"id,text\n1,{secret}\n", encoding="utf-8")
    out = tmp_path / "co.yaml"
    words = (f"from={tmp_path}/d.csv", "about=CO", "model=scripted", f"out={out}", "examples=0", "allow_toy=true")
    done = job_here(*words, name="new_task")
    assert secret not in done.stdout + done.stderr
    assert "cases (integer)\n" in done.stdout
    assert "descriptions are in the file alone" in done.stdout
    assert secret in out.read_text(encoding="utf-8")
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name not in ("co.yaml", "d.csv")]
    assert not any(secret.encode() in path.read_bytes() for path in files)
    out.unlink()
    found = glane.new_task(tmp_path / "d.csv", "CO", model="scripted", out=out, num_examples=0)
    assert secret in str(found)


class _Rejected:
    """A run of one answer that cannot be used, as `open_run` finds it."""

    def rejected(self):
        return pl.LazyFrame({"status": ["TRUNCATED"], "reason": ["it reached max_tokens"]})


def test_answers_that_cannot_be_used_are_told_with_what_helps(tmp_path, monkeypatch):
    """A weak model: its proposal is cut off, or it proposes and cannot answer."""

    def asked(_, *, run_dir, **__):
        if run_dir.name in fails:
            raise UnusableError(f"{run_dir}: nothing is usable. The records are kept.")
        return _Answered()

    monkeypatch.setattr("glane.api.new_task.extract", asked)
    monkeypatch.setattr("glane.api.new_task.open_run", lambda _: _Rejected())
    monkeypatch.setattr("glane.api.new_task.drafted", lambda _, **named: drafted([proposal()], **named))
    told = {"model": "scripted", "out": tmp_path / "co.yaml"}
    fails = ("fields",)
    with pytest.raises(UnusableError, match=r"TRUNCATED: it reached max_tokens.* larger model, or for less") as error:
        glane.new_task(pl.DataFrame({"text": TEXTS}), "CO", **told)
    assert "run.dir" not in str(error.value)
    assert not (tmp_path / "co.yaml").exists()
    fails = ("examples",)
    found = glane.new_task(pl.DataFrame({"text": TEXTS}), "CO", **told)
    assert "examples   none: the model could not answer its own draft (TRUNCATED" in str(found)
    assert "examples" not in load_task(read_mapping((tmp_path / "co.yaml").read_text(), place="x")).fields
