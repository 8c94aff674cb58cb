"""Every column of the flat tables is described, in the language of the task."""

import polars as pl
import pytest

import glane
from conftest import extract_here, make_settings, write_documents
from glane.extraction.flat_codebook import flat_entries
from test_review import TASK, text_of

PLAIN = {
    "name": "t",
    "instructions": "x",
    "fields": {"n": {"type": "integer"}, "tags": {"type": "list", "items": {"type": "string"}}},
}
TASKS = {
    "fr": {**TASK, "confidence": True},
    "en": {**TASK, "language": "en"},
    "plain": {**PLAIN, "language": "en"},
}  # fmt: skip


@pytest.mark.parametrize("name", TASKS)
def test_every_column_of_a_line_list_is_described(name, tmp_path):
    text = '[[answer {"n": 1, "tags": ["a"]}]]' if name == "plain" else text_of()
    data = write_documents(tmp_path / "d.parquet", [text, text], hospital=["a", "b"])
    extract_here(make_settings(data, tmp_path / "run", TASKS[name], data__carry_columns=["hospital"]))
    run = glane.open_run(tmp_path / "run")
    book = run.codebook()
    assert "" not in book["type"].to_list()
    assert book["column"].is_unique().all()
    lists = [
        one
        for one, kind in run.all().collect_schema().items()
        if isinstance(kind, pl.List) and one in TASKS[name]["fields"]
    ]
    for explode in (None, *lists):
        columns = run.line_list(explode=explode).collect_schema().names()
        assert set(columns) <= set(book["column"]), sorted(set(columns) - set(book["column"]))
    of_lines = book.filter(pl.col("role") == "line_list")
    own = of_lines.filter(
        pl.col("column").str.contains("__(quote|start|end|alignment|supports|quote_mass|count|item)$")
    )
    assert own["description"].str.contains("Tableau à plat" if name == "fr" else "Flat table").all()
    assert not of_lines["description"].str.contains("a part of|une partie de").any()
    told = dict(of_lines.select("column", "type").rows())
    assert told["tags__item" if name == "plain" else "events__item"] == ("entier" if name == "fr" else "integer")
    if name == "fr":
        assert told | {"age__quote": "texte", "age__start": "entier", "age__supports": "vrai ou faux",
                       "age__quote_mass": "nombre", "events__count": "entier", "events.cases__quote": "texte"} == told  # fmt: skip


def test_moments_and_categories_of_a_line_list_have_the_words_of_their_kind():
    schema = pl.Schema(
        {"seen": pl.Datetime(), "at": pl.Time(), "day": pl.Date(), "kind": pl.Enum(["a"]), "tags": pl.List(pl.Int8())}
        | {"share": pl.Float32(), "ward": pl.Struct({"bed": pl.Datetime()})}
    )
    told = {
        language: {one["column"]: one["type"] for one in flat_entries(schema, ["tags", "ward"], (), language)}
        for language in ("en", "fr")
    }
    assert told["en"]["seen"] == "date and time"
    assert told["fr"]["at"] == "heure"
    assert told["en"]["day"] == "date"
    assert told["en"]["share"] == "number"
    assert told["en"]["ward.bed"] == "date and time"
