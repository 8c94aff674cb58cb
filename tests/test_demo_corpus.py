"""The synthetic notes: reproducible, consistent with the task, and right about what they quote."""

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

TASK = yaml.safe_load((Path(__file__).parents[1] / "conf" / "task" / "ed_visit.yaml").read_text(encoding="utf-8"))
FIELDS = TASK["fields"]


@pytest.fixture(scope="module")
def notes() -> list[Note]:
    rng = random.Random(7)
    return [generate_note(rng) for _ in range(2000)]


def told(note: Note) -> set[str]:
    return {field for field, value in note.answer.items() if value is not None and value != []}


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
                assert field.get("nullable"), name
                continue
            assert type(value) is kinds[field["type"]], name
            if field["type"] in ("integer", "number"):
                assert field["minimum"] <= value <= field["maximum"], name
            if field["type"] == "enum":
                assert value in field["values"], name
            if field["type"] == "string":
                assert 0 < len(value) <= field["max_length"], name
            if field["type"] == "list":
                assert len(value) == len(set(value)) <= field["max_items"], name
                assert set(value) <= set(field["items"]["values"]), name
            if field["type"] == "date":
                assert date.fromisoformat(value) <= note.visit_date, name


def test_every_told_field_is_quoted_and_no_other(notes: list[Note]) -> None:
    for note in notes:
        assert set(note.spans) == told(note)
        for spans in note.spans.values():
            for start, end in spans:
                assert 0 <= start < end <= len(note.text)
                assert note.text[start:end].strip()


def test_quotes_say_what_the_answer_says(notes: list[Note]) -> None:
    for note in notes:
        quotes = {name: [note.text[start:end] for start, end in spans] for name, spans in note.spans.items()}
        for place in quotes.get("municipality", []):
            assert place == note.answer["municipality"]
        for degrees in quotes.get("temperature", []):
            figures = "".join(char if char.isdigit() else "." for char in degrees).strip(".")
            assert float(figures) == note.answer["temperature"]
        for day in quotes.get("onset_date", []):
            assert str(date.fromisoformat(str(note.answer["onset_date"])).year)[2:] in day


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
    listed = {item for note in notes for item in note.answer["comorbidities"]}  # type: ignore[attr-defined]
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
        "documents.parquet",
        "gold.parquet",
        "gold_spans.parquet",
    ]
    documents = pq.read_table(tmp_path / "documents.parquet")
    gold = pq.read_table(tmp_path / "gold.parquet")
    texts = dict(zip(documents["id"].to_pylist(), documents["text"].to_pylist(), strict=True))
    assert documents["id"].to_pylist() == gold["id"].to_pylist()
    assert gold.column_names == ["id", *FIELDS]
    assert not set(documents.column_names) & set(FIELDS)
    for row in pq.read_table(tmp_path / "gold_spans.parquet").to_pylist():
        assert row["field"] in FIELDS
        assert texts[row["id"]][row["start"] : row["end"]] == row["quote"]


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
