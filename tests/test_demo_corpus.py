"""The synthetic notes: reproducible, consistent with the task, and right about what they quote."""

import json
import random
from collections import Counter
from datetime import date
from pathlib import Path
from statistics import median

import pyarrow.parquet as pq
import pytest
import yaml

from glane.demo.corpus import generate_corpus, write_corpus
from glane.demo.marks import bare, capital, mark, mistype, resolve
from glane.demo.note import Note, generate_note
from glane.demo.places import municipality, normal_form, split_of
from glane.errors import DataError
from glane.types import Missing

TASK = yaml.safe_load((Path(__file__).parents[1] / "conf" / "task" / "ed_visit.yaml").read_text(encoding="utf-8"))
FIELDS = TASK["fields"]
REASONS = {str(reason) for reason in Missing}


@pytest.fixture(scope="module")
def notes() -> list[Note]:
    rng = random.Random(7)
    return [generate_note(rng) for _ in range(2000)]


def told(note: Note) -> set[str]:
    return {field for field, value in note.answer.items() if value is not None}


def explained(note: Note) -> set[str]:
    """The null fields that the note speaks of."""
    return {field for field, reason in note.missing.items() if reason != "not_stated"}


def quotes(note: Note) -> dict[str, list[str]]:
    return {name: [note.text[start:end] for start, end in spans] for name, spans in note.spans.items()}


def test_the_same_seed_gives_the_same_notes() -> None:
    first, again, other = (list(generate_corpus(documents=50, seed=seed)) for seed in (3, 3, 4))
    assert first == again
    assert [item.note for item in first] != [item.note for item in other]


def test_answers_have_the_fields_of_the_task_in_its_order(notes: list[Note]) -> None:
    assert all(list(note.answer) == list(FIELDS) for note in notes)


def test_answers_keep_to_the_types_bounds_and_values_of_the_task(notes: list[Note]) -> None:
    kinds = {"integer": int, "number": float, "boolean": bool, "string": str, "enum": str, "list": list, "date": str}
    for note in notes:
        for name, value in note.answer.items():
            field = FIELDS[name]
            if value is None:
                assert name != "syndrome"
                continue
            assert type(value) is kinds[field["type"]], name
            if field["type"] in ("integer", "number"):
                assert field["minimum"] <= value <= field["maximum"], name
            if field["type"] == "enum":
                assert value in field["values"], name
            if field["type"] == "string":
                assert 0 < len(value) <= field["max_length"], name
            if field["type"] == "list":
                assert 1 <= len(value) == len(set(value)) <= field["max_items"], name
                assert set(value) <= set(field["items"]["values"]), name
            if field["type"] == "date":
                assert date.fromisoformat(value) <= note.visit_date, name


def test_what_the_note_speaks_of_is_quoted_and_nothing_else(notes: list[Note]) -> None:
    for note in notes:
        assert set(note.spans) == told(note) | explained(note)
        for name, spans in note.spans.items():
            assert spans == sorted(spans)
            assert all(0 <= start < end <= len(note.text) for start, end in spans)
            for quote in quotes(note)[name]:
                assert quote == quote.strip()
                assert len(quote) <= 90
                assert not set(quote) & set('"\\\n'), "a quote stands in the answer without escapes"


def test_every_null_has_a_reason_and_nothing_else_has_one(notes: list[Note]) -> None:
    for note in notes:
        assert set(note.missing) == set(FIELDS) - told(note)
        assert set(note.missing.values()) <= REASONS
        assert len(set(note.missing) & {"comorbidities"}) or note.answer["comorbidities"]


def test_antecedents_are_denied_only_where_the_note_says_so(notes: list[Note]) -> None:
    seen = Counter(note.missing.get("comorbidities") for note in notes)
    assert set(seen) == {None, "denied", "not_stated"}
    assert 0.05 < seen["denied"] / len(notes) < 0.25
    for note in notes:
        if note.missing.get("comorbidities") == "denied":
            (quote,) = quotes(note)["comorbidities"]
            assert any(word in bare(quote).upper() for word in ("ATCD", "ANTEC", "ANTTEC", "ANETC", "ANTEEC"))


def test_reasons_are_varied_and_modest(notes: list[Note]) -> None:
    spoken = [explained(note) - {"comorbidities"} for note in notes]
    assert 0.1 < sum(map(bool, spoken)) / len(notes) < 0.16
    rng = random.Random(8)
    every = [generate_note(rng, gap_share=1.0) for _ in range(1500)]
    kinds = {(name, note.missing[name]) for note in every for name in explained(note)}
    signs = {"fever", "cough", "dyspnea", "vomiting", "diarrhea"}
    assert kinds == {
        ("comorbidities", "denied"),
        *((name, "uncertain") for name in signs | {"age", "onset_date", "duration_days", "similar_cases"}),
        *((name, "unreadable") for name in ("age", "municipality", "onset_date", "temperature")),
        *((name, "conflicting") for name in signs | {"age", "sex", "duration_days", "temperature"}),
    }
    wordings: dict[str, set[str]] = {}
    for note in every:
        for name in explained(note):
            wordings.setdefault(note.missing[name], set()).update(quotes(note)[name])
    assert all(len(said) > (20 if reason == "denied" else 40) for reason, said in wordings.items())


def test_the_items_of_a_list_are_quoted_in_order(notes: list[Note]) -> None:
    for note in notes:
        listed = note.answer["comorbidities"]
        if isinstance(listed, list):
            assert len(note.spans["comorbidities"]) == len(listed)


def test_a_denied_sign_is_quoted_with_its_negation(notes: list[Note]) -> None:
    shared = 0
    for note in notes:
        denied = [name for name in ("cough", "dyspnea", "vomiting", "diarrhea") if note.answer[name] is False]
        starts = Counter(note.spans[name][0][0] for name in denied)
        shared += any(number > 1 for number in starts.values())
        # One negation for several signs: each passage begins with it and ends with its own sign.
        assert len({note.spans[name][0] for name in denied}) == len(denied)
    assert shared > 50


def test_quotes_say_what_the_answer_says(notes: list[Note]) -> None:
    for note in notes:
        said = {name: found for name, found in quotes(note).items() if name in told(note)}
        for place in said.get("municipality", []):
            assert place == note.answer["municipality"]
        for degrees in said.get("temperature", []):
            figures = "".join(char if char.isdigit() else "." for char in degrees).strip(".")
            assert float(figures) == note.answer["temperature"]
        for day in said.get("onset_date", []):
            assert str(date.fromisoformat(str(note.answer["onset_date"])).year)[2:] in day
        for age in said.get("age", []):
            assert age[0].isdigit() or age.lower().startswith(("un", "j"))


def test_a_temperature_agrees_with_fever(notes: list[Note]) -> None:
    for note in notes:
        degrees, fever = note.answer["temperature"], note.answer["fever"]
        if isinstance(degrees, float):
            assert fever is not None
            assert fever or degrees < 38.0


def test_nothing_private_is_left_in_the_text(notes: list[Note]) -> None:
    for note in notes:
        assert not any("\ue000" <= char <= "\uf8ff" or char in "·{}" for char in note.text)


def test_lengths_are_skewed_and_facts_are_often_left_out(notes: list[Note]) -> None:
    lengths = sorted(len(note.text) for note in notes)
    assert lengths[0] < 100
    assert 250 <= median(lengths) <= 450
    assert 1200 < lengths[-1] <= 2500
    for name in FIELDS:
        if name != "syndrome":
            share = sum(name in told(note) for note in notes) / len(notes)
            assert 0.1 < share < 0.95, name


def test_every_value_of_every_category_occurs(notes: list[Note]) -> None:
    for name in ("sex", "syndrome", "disposition"):
        assert {note.answer[name] for note in notes} - {None} == set(FIELDS[name]["values"])
    listed = {item for note in notes for item in note.answer["comorbidities"] or []}  # type: ignore[attr-defined]
    assert listed == set(FIELDS["comorbidities"]["items"]["values"])


def test_no_place_of_training_is_a_place_of_evaluation() -> None:
    train, test = (
        {normal_form(municipality(random.Random(seed), half)) for seed in range(4000)} for half in ("train", "test")
    )
    assert len(train) > 2000
    assert len(test) > 2000
    assert not train & test


def test_the_half_of_a_place_ignores_case_and_accents(notes: list[Note]) -> None:
    for note in notes:
        place = note.answer["municipality"]
        if isinstance(place, str):
            assert split_of(place) == split_of(place.upper()) == "test"


def test_some_documents_are_exact_duplicates() -> None:
    items = list(generate_corpus(documents=2000, seed=0))
    copies = len(items) - len({item.note.text for item in items})
    assert 40 <= copies <= 120
    assert len({item.id for item in items}) == len(items)
    assert items[17].id == "ed-0000017"
    assert set(Counter(item.triage for item in items)) == {1, 2, 3, 4, 5}


def test_written_files_agree_with_one_another(tmp_path: Path) -> None:
    write_corpus(tmp_path, documents=1200, seed=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".glane-files",
        "documents.parquet",
        "gold.parquet",
        "gold_spans.parquet",
    ]
    documents = pq.read_table(tmp_path / "documents.parquet")
    gold = pq.read_table(tmp_path / "gold.parquet")
    texts = dict(zip(documents["id"].to_pylist(), documents["text"].to_pylist(), strict=True))
    assert documents["id"].to_pylist() == gold["id"].to_pylist()
    nullable = [name for name in FIELDS if name != "syndrome"]
    assert gold.column_names == ["id", *FIELDS, *(f"{name}__missing" for name in nullable)]
    assert not set(documents.column_names) & set(FIELDS)
    rows = {row["id"]: row for row in gold.to_pylist()}
    for row in rows.values():
        for name in nullable:
            assert (row[name] is None) == (row[f"{name}__missing"] in REASONS), name
            assert row[name] != []
    quoted = pq.read_table(tmp_path / "gold_spans.parquet").to_pylist()
    assert {row["field"] for row in quoted} == set(FIELDS)
    for row in quoted:
        assert texts[row["id"]][row["start"] : row["end"]] == row["quote"]
        value = rows[row["id"]][row["field"]]
        assert (row["item"] is not None) == isinstance(value, list)
        assert row["item"] is None or row["item"] < len(value)
    assert any(rows[row["id"]][f"{row['field']}__missing"] == "denied" for row in quoted if row["field"] != "syndrome")


def test_writing_twice_gives_the_same_rows(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_corpus(tmp_path / name, documents=60, seed=5)
    for name in ("documents", "gold", "gold_spans"):
        assert pq.read_table(tmp_path / "a" / f"{name}.parquet").equals(
            pq.read_table(tmp_path / "b" / f"{name}.parquet")
        )


def test_bad_requests_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="documents"):
        write_corpus(tmp_path / "none", documents=0, seed=0)
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="path"):
        write_corpus(tmp_path / "file", documents=1, seed=0)


def test_marks_survive_what_happens_to_the_text() -> None:
    marked = f"{mark('Fièvre à ' + mark('39,5', 'temperature'), 'fever')}, vit à {mark('Évroult', 'municipality')}"
    text, spans = resolve(bare(capital(marked)).upper())
    assert text == "FIEVRE A 39,5, VIT A EVROULT"
    assert {name: [text[start:end] for start, end in found] for name, found in spans.items()} == {
        "temperature": ["39,5"],
        "fever": ["FIEVRE A 39,5"],
        "municipality": ["EVROULT"],
    }


def test_typos_leave_figures_and_places_alone() -> None:
    marked = f"patiente hypertendue 1234567 domiciliée à {mark('villeneuvette', 'municipality')}"
    for seed in range(50):
        text, _ = resolve(mistype(marked, random.Random(seed), typos=3))
        assert "1234567" in text
        assert text.endswith("villeneuvette")


@pytest.mark.slow
def test_the_tokenizer_gives_back_every_answer_and_copies_quotes(notes: list[Note]) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from glane_tools.demo_model.score import ANSWER_TOKENS
    from glane_tools.demo_model.tokenizer import answer_text, encode, train_tokenizer

    tokenizer = train_tokenizer(notes=1000, seed=0, max_tokens=2048)
    assert len(tokenizer.encode('{"missing":"not_stated"}', add_special_tokens=False)) == 1
    lengths, copied, all_quotes = [], 0, 0
    for note in notes[:200]:
        prompt, answer = encode(tokenizer, note)
        lengths.append(len(answer))
        assert tokenizer.decode(answer[:-1]) == answer_text(note)
        assert tokenizer.decode(prompt, skip_special_tokens=True) == note.text
        joined = " ".join(map(str, ["", *prompt, ""]))
        for quote in {quote for found in quotes(note).values() for quote in found}:
            # What opens a quote and what ends one are tokens of their own, whatever stands between.
            ids = tokenizer.encode(f',"quote":"{quote}"}},"sex":', add_special_tokens=False)[1:-1]
            copied += " ".join(map(str, ["", *ids, ""])) in joined
            all_quotes += 1
    assert max(lengths) <= ANSWER_TOKENS
    assert copied / all_quotes > 0.97


def test_an_answer_is_written_as_the_task_asks_it(notes: list[Note]) -> None:
    pytest.importorskip("transformers")
    from glane_tools.demo_model.tokenizer import answer_text

    for note in notes[:500]:
        text = answer_text(note)
        answer = json.loads(text)
        assert text == json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
        assert list(answer) == list(FIELDS)
        for name, told_of in answer.items():
            for item in told_of if isinstance(told_of, list) else [told_of]:
                keys = list(item)
                assert keys in (["value", "quote"], ["missing", "quote"], ["missing"]), name
                assert keys != ["missing"] or item == {"missing": "not_stated"}
                assert item.get("quote", "") in note.text
