"""Search in an embedded corpus: exact by meaning, BM25 by words, both by ranks; conditions, groups, what is refused."""

from __future__ import annotations

import io
import json
import math
import re
import unicodedata
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.sparse.csgraph import connected_components

import glane
from conftest import job_here
from embed_runs import embed_alone, embed_told
from glane.api.search import group
from glane.composition import with_keys
from glane.embedding.results import Embedded, open_embedded
from glane.errors import ConfigError, DataError, RunError
from glane.retrieval import blocks
from glane.retrieval.fusion import fused
from glane.retrieval.question import model_of, question_vectors
from glane.retrieval.ranked import ranked
from glane.retrieval.where import rows_where
from glane.retrieval.words import words_in
from test_embed import WORDS, write_documents

SECRET = "zanthoxylum"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Embedded:
    folder = tmp_path_factory.mktemp("search")
    path = write_documents(folder / "in.parquet", 400, words=50)
    table = pl.read_parquet(path)
    texts = table["text"].to_list()
    texts[33], texts[34], texts[35] = None, " ", "Réf. B-1617 : éternuements, ŒDÈME. " + texts[35]
    table.with_columns(text=pl.Series(texts)).write_parquet(path)
    split = {"max_tokens": 120, "overlap_tokens": 20}
    embed_alone(embed_told(path, folder / "run", data__carry_columns=["ward"], split=split, run__record_mib=1))
    return open_embedded(folder / "run")


def brute_force(run: Embedded, question: np.ndarray, top: int, where: pl.Expr | None = None) -> pl.DataFrame:
    chunks = run.chunks() if where is None else run.chunks().filter(where)
    rows = chunks.collect()
    scores = rows["vector"].to_numpy() @ question
    best = rows.drop("vector").with_columns(score=pl.Series(scores, dtype=pl.Float64)).with_row_index("place")
    best = best.sort("score", "place", descending=[True, False]).group_by("id", maintain_order=True).first()
    order = best.join(run.all().select("id").with_row_index("row").collect(), on="id")
    return order.sort("score", "row", descending=[True, False]).head(top)


@pytest.mark.parametrize("top", [1, 7, 1000])
@pytest.mark.parametrize("where", [None, "ward = 2"])
def test_search_by_meaning_is_what_all_cosines_give(run: Embedded, top: int, where: str | None, monkeypatch) -> None:
    question = question_vectors(run, ["fever at night, and a rash"])[0]
    expected = brute_force(run, question, top, None if where is None else pl.col("ward") == 2)
    for num_bytes in (64 * 2**20, 3_000):
        monkeypatch.setattr(blocks, "_BLOCK_BYTES", num_bytes)
        found = glane.search(run, "fever at night, and a rash", by="meaning", top=top, where=where).rows
        assert found["id"].to_list() == expected["id"].to_list()
        assert np.allclose(found["score"], expected["score"], atol=1e-6)
        assert found.select("start", "end").rows() == expected.select("start", "end").rows()
    assert found["rank"].to_list() == list(range(1, len(found) + 1))
    assert "d0033" not in found["id"].to_list()


def plain_words(text: str) -> list[str]:
    decomposed = unicodedata.normalize("NFKD", text)
    return re.findall(r"\w+", "".join(c for c in decomposed if unicodedata.category(c)[0] != "M").lower())


def test_search_by_words_is_bm25_of_the_passages(run: Embedded) -> None:
    texts = dict(run.documents().collect().rows())
    chunks = run.chunks().filter(pl.col("ward") != 1).collect()
    passages = [plain_words(texts[row["id"]][row["start"] : row["end"]]) for row in chunks.iter_rows(named=True)]
    words = plain_words("Cough, fever or n17? Cough!")
    mean = sum(map(len, passages)) / len(passages)
    best: dict[str, float] = {}
    for identifier, passage in zip(chunks["id"], passages, strict=True):
        score = 0.0
        for word in dict.fromkeys(words):
            holders = sum(word in one for one in passages)
            weight = math.log(1 + (len(passages) - holders + 0.5) / (holders + 0.5))
            often = passage.count(word)
            score += weight * often * 2.2 / (often + 1.2 * (0.25 + 0.75 * len(passage) / mean))
        if score > 0:
            best[identifier] = max(best.get(identifier, 0.0), score)
    found = glane.search(run, "Cough, fever or n17? Cough!", by="words", top=50, where="ward <> 1").rows
    expected = sorted(best.items(), key=lambda one: (-round(one[1], 9), one[0]))[:50]
    assert found["id"].to_list() == [identifier for identifier, _ in expected]
    assert np.allclose(found["score"], [score for _, score in expected])
    assert found["bm25"].equals(found["score"].alias("bm25"))


@pytest.mark.parametrize("query", ["B-1617", "eternuements", "ÉTERNUEMENTS", "œdème"])
def test_a_code_and_a_rare_word_are_found_whatever_their_accents(run: Embedded, query: str) -> None:
    found = glane.search(run, query, by="words")
    assert found.rows["id"].to_list() == ["d0035"]
    assert query.split("-")[-1].casefold()[-4:] in found.passages()["passage"][0].casefold() or query == "eternuements"
    assert "d0035" in glane.search(run, query, top=2).rows["id"].to_list()


def test_words_are_whole_words_and_signs_are_none() -> None:
    assert words_in("Été: l'été a+b (c.d) ǅ") == ("ete", "l", "a", "b", "c", "d", "dz")
    assert words_in(" ?! ") == ()
    assert words_in("cœur COEUR Straße ẞ Æther hyper\u00adtension a\u200bb ﬁèvre") == (
        "coeur", "strasse", "ss", "aether", "hypertension", "ab", "fievre",
    )  # fmt: skip
    assert words_in("क\u093fत") == ("क\u093fत",)  # a vowel sign is a part of its letter
    assert words_in("e\u0301te\u0301") == words_in("été")


def test_a_word_is_found_whatever_ligatures_and_signs_it_is_written_with(tmp_path: Path) -> None:
    texts = ["bat de l'œil", "Straße 7", "hyper\u00adtension", "क\u093fत", "कत", "nothing"]
    pl.DataFrame({"id": range(6), "text": texts}).write_parquet(tmp_path / "in.parquet")
    embed_alone(embed_told(tmp_path / "in.parquet", tmp_path / "run"))
    for query, expected in {"OEIL": [0], "strasse": [1], "hypertension": [2], "क\u093fत": [3], "कत": [4]}.items():
        assert glane.search(tmp_path / "run", query, by="words").rows["id"].to_list() == expected
    assert glane.search(tmp_path / "run", "é" * 10_000, by="words").rows.is_empty()
    many = " ".join(f"w{number}" for number in range(63))
    assert glane.search(tmp_path / "run", f"{many} oeil", by="words").rows["id"].to_list() == [0]


def test_what_stands_before_a_question_can_be_told_anew(tmp_path: Path, monkeypatch) -> None:
    path = write_documents(tmp_path / "in.parquet", 3)
    embed_alone(embed_told(path, tmp_path / "run", prefix={"query": "night "}))
    run = open_embedded(tmp_path / "run")
    of = {
        prefix: question_vectors(run, ["fever"], prefix=prefix)[0].tolist() for prefix in (None, "night ", "dose ", "")
    }
    assert of[None] == of["night "]
    assert len({tuple(vector) for vector in of.values()}) == 3
    assert of["dose "] == question_vectors(run, ["dose fever"], prefix="")[0].tolist()
    place = f"run.dir={run.directory.root}"
    told = {}
    for words in (["prefix=dose "], ["prefix="], []):
        done = job_here(place, "query=fever", "by=meaning", "json=true", *words, name="search", as_told=True)
        told[tuple(words)] = [row["score"] for row in json.loads(done.stdout)]
    for words, prefix in ((("prefix=dose ",), "dose "), (("prefix=",), ""), ((), None)):
        assert told[words] == glane.search(run, "fever", by="meaning", prefix=prefix).rows["score"].to_list()
    assert len({str(scores) for scores in told.values()}) == 3


def test_a_folder_of_weights_may_lie_at_home(run: Embedded, monkeypatch, tmp_path: Path) -> None:
    seen = []
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("glane.retrieval.question.resolve_weights", lambda model: seen.append(model.path) or model)
    glane.search(run, "fever", weights="~/w", by="meaning")
    assert seen == [f"{tmp_path}/w"]


def test_numbers_that_json_does_not_have_are_null(tmp_path: Path) -> None:
    values = [math.nan, math.inf, 1.5, None]
    pl.DataFrame({"id": range(4), "text": ["fever"] * 4, "crp": values}).write_parquet(tmp_path / "in.parquet")
    embed_alone(embed_told(tmp_path / "in.parquet", tmp_path / "run", data__carry_columns=["crp"]))
    found = glane.search(tmp_path / "run", "fever").as_values()
    assert [row["crp"] for row in sorted(found, key=lambda row: row["id"])] == [None, None, 1.5, None]
    json.dumps(found, allow_nan=False)


def test_a_query_without_words_finds_nothing_by_words(run: Embedded) -> None:
    assert str(glane.search(run, "?!", by="words")).endswith("nothing was found")
    assert glane.search(run, "aucunmotdelà", by="words").rows.is_empty()
    assert glane.search(run, "fever", where="ward = 99").rows.is_empty()


def test_ranks_are_fused_and_the_passage_is_that_of_the_higher_rank() -> None:
    def of(rows: list[int]):
        places = np.arange(len(rows))
        return ranked(np.array(rows), np.array([1.0 - place for place in places]), places + 10 * rows[0], places + 99)

    both = fused(of([4, 2, 9]), of([9, 4]))
    assert both.rows.tolist() == [4, 9, 2]
    assert np.allclose(both.scores, [1 / 61 + 1 / 62, 1 / 63 + 1 / 61, 1 / 62])
    assert both.starts.tolist() == [40, 90, 41]
    assert fused().rows.tolist() == []


def test_documents_like_one_are_near_any_of_its_passages_and_not_itself(run: Embedded) -> None:
    chunks = run.chunks().collect()
    vectors, ids = chunks["vector"].to_numpy(), chunks["id"].to_numpy()
    cosines = (vectors @ vectors[ids == "d0007"].T).max(axis=1)
    best: dict[str, float] = {}
    for identifier, cosine in zip(ids, cosines, strict=True):
        best[identifier] = max(best.get(identifier, -1.0), float(cosine))
    del best["d0007"]
    expected = sorted(best, key=lambda one: -best[one])[:20]
    found = glane.search(run, like="d0007", top=20)
    assert found.rows["id"].to_list() == expected
    texts = dict(run.documents().collect().rows())
    for row in found.passages().iter_rows(named=True):
        assert row["passage"] == texts[row["id"]][row["start"] : row["end"]]


def test_groups_are_the_components_of_all_near_pairs(run: Embedded, monkeypatch) -> None:
    monkeypatch.setattr("glane.retrieval.groups._TILE_ROWS", 37)
    found = group(run, 0.97)
    chunks = run.chunks().collect()
    sums = chunks.group_by("id", maintain_order=True).agg(pl.col("vector"))
    means = np.array([np.array(vectors.to_list()).sum(axis=0) for vectors in sums["vector"]])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    number, labels = connected_components(means @ means.T >= 0.97)
    assert found["group"].max() == number - 1
    assert found["group"].drop_nulls().to_list() == labels.tolist()  # both number by the first document
    sizes = np.bincount(labels)
    assert found["size"].drop_nulls().to_list() == sizes[labels].tolist()
    assert sizes.max() > 3
    assert found.filter(pl.col("group").is_null())["id"].to_list() == ["d0033", "d0034"]


@pytest.mark.parametrize(("id_column", "text_column"), [("row", "start"), ("place", "rank"), ("rows", "passage")])
def test_any_other_name_of_the_users_is_kept_beside_the_results(tmp_path: Path, id_column, text_column) -> None:
    table = pl.read_parquet(write_documents(tmp_path / "in.parquet", 9))
    table.rename({"id": id_column, "text": text_column}).write_parquet(tmp_path / "in.parquet")
    told = {"data__id_column": id_column, "data__text_column": text_column, "data__carry_columns": ["ward"]}
    embed_alone(embed_told(tmp_path / "in.parquet", tmp_path / "run", **told))
    found = glane.search(tmp_path / "run", "fever n3", top=9)
    texts = dict(table.select("id", "text").rows())
    assert [texts[row[id_column]] for row in found.passages().iter_rows(named=True)] == found.passages()["passage"].to_list()  # fmt: skip
    groups = group(tmp_path / "run", 0.5)
    assert groups.columns == [id_column, "group", "size"]
    assert groups[id_column].to_list() == table["id"].to_list()


@pytest.mark.parametrize("name", ["rank", "bm25", "passage", "group", "size"])
def test_of_runs_made_before_a_column_beside_a_results_is_refused(tmp_path: Path, name: str, monkeypatch) -> None:
    table = pl.read_parquet(write_documents(tmp_path / "in.parquet", 3)).rename({"ward": name})
    table.write_parquet(tmp_path / "in.parquet")
    monkeypatch.setattr("glane.embedding.prepare.refuse_columns", lambda _: None)
    embed_alone(embed_told(tmp_path / "in.parquet", tmp_path / "run", data__carry_columns=[name, "text"]))
    is_of_groups = name in ("group", "size")
    if is_of_groups:
        rows = glane.search(tmp_path / "run", "fever").rows
        assert rows.columns == ["rank", "id", name, "score", "cosine", "bm25", "start", "end"]  # and not the texts
        group(tmp_path / "run", 0.5)  # which takes the ids alone
        embed_alone(embed_told(tmp_path / "in.parquet", tmp_path / "ids", data__id_column=name))
    with pytest.raises(ConfigError, match=f"run has a column '{name}', and so has this result. Rename it"):
        group(tmp_path / "ids", 0.5) if is_of_groups else glane.search(tmp_path / "run", "fever")


@pytest.mark.parametrize("vectors", ["float32", "float16"])
def test_texts_that_are_the_same_are_a_group_at_a_cosine_of_one(tmp_path: Path, vectors: str) -> None:
    texts = [" ".join(WORDS[(n + i) % 10] for i in range(n + 2)) for n in range(40)]
    table = pl.DataFrame({"id": range(80), "text": [*texts, *texts]})
    table.write_parquet(tmp_path / "in.parquet")
    embed_alone(embed_told(tmp_path / "in.parquet", tmp_path / "run", vectors=vectors))
    numbers = group(tmp_path / "run", 1)["group"].to_list()
    assert numbers[:40] == numbers[40:]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"where": "wards = 2"}, "'wards' is no column that the run carries .*Did you mean 'ward'"),
        ({"where": "ward"}, "cannot be computed"),
        ({"where": "1 = 1"}, "names no column"),
        ({"like": "d9999"}, "the run has no document 'd9999'"),
        ({"like": "d0033"}, "has no vectors: its status is EMPTY"),
        ({"like": "d0001", "query": "x"}, "one of both"),
        ({"query": "x", "top": 0}, "0 documents are none"),
        ({"query": " "}, "nothing is looked for"),
        ({"query": ""}, "nothing is looked for"),
        ({"query": "who \ud800"}, "^query: character 5 is half of a pair"),
        (
            {"query": "é" * 10_001, "by": "words"},
            "^query: a word of 10001 characters, and texts are searched for words",
        ),
        ({"query": " ".join(f"w{n}" for n in range(65))}, "^query: 65 different words, and .* at most 64.*by=meaning"),
    ],
)
def test_what_cannot_be_searched_is_said(run: Embedded, keys, said: str) -> None:
    keys = {"query": None if "like" in keys else "fever", **keys}
    with pytest.raises(ConfigError, match=said):
        glane.search(run, **keys)


def test_a_run_of_another_kind_or_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run in"):
        glane.search(tmp_path, "fever")
    path = write_documents(tmp_path / "in.parquet", 3)
    settings = embed_told(path, tmp_path / "run")
    embed_alone(settings)
    found = open_embedded(tmp_path / "run")
    found.__dict__["description"] = found.description.model_copy(
        update={"fingerprint": found.description.fingerprint | {"model": {"digests": {"weights": "others"}}}}
    )
    with pytest.raises(ConfigError, match="holds other weights"):
        model_of(found)
    path.write_bytes(path.read_bytes() + b" ")
    assert glane.search(tmp_path / "run", "fever", by="meaning").rows.height == 3  # vectors are the run's own
    with pytest.raises(DataError, match="changed"):
        glane.search(tmp_path / "run", "fever", by="words")


def test_the_command_shows_a_table_and_writes_rows_and_never_the_query(run: Embedded, tmp_path: Path, capfd) -> None:
    before = {path: path.stat().st_mtime_ns for path in run.directory.root.rglob("*")}
    place = f"run.dir={run.directory.root}"
    done = job_here(f"query={SECRET} fever", place, "where=ward = 1", f"out={tmp_path}/found.parquet", name="search", as_told=True)  # fmt: skip
    assert "d0" in done.stdout
    assert SECRET not in done.stdout + done.stderr
    rows = pl.read_parquet(tmp_path / "found.parquet")
    assert rows.columns == ["rank", "id", "ward", "score", "cosine", "bm25", "start", "end"]
    assert rows["ward"].unique().to_list() == [1]
    assert all(SECRET.encode() not in path.read_bytes() for path in tmp_path.iterdir())
    assert {path: path.stat().st_mtime_ns for path in run.directory.root.rglob("*")} == before
    done = job_here(place, f"query={SECRET}, fever", "json=true", "top=3", name="search", as_told=True)
    assert [row["rank"] for row in json.loads(done.stdout)] == [1, 2, 3]
    done = job_here(place, "like=d0001", "show=30", "top=1", name="search", as_told=True)
    assert any(word in done.stdout for word in WORDS)
    (tmp_path / "found.parquet").write_bytes(b"mine")
    done = job_here(place, "like=d0001", f"out={tmp_path}/found.parquet", name="search", check=2, as_told=True)
    assert "was changed since glane wrote it" in done.stderr
    done = job_here(place, "groups=0.97", f"out={tmp_path}/groups.parquet", name="search", as_told=True)
    assert "groups.parquet: 400 rows" in done.stdout
    assert pl.read_parquet(tmp_path / "groups.parquet").columns == ["id", "group", "size"]
    done = job_here(place, "groups=0.97", f"out={run.directory.root}/x.parquet", name="search", check=2, as_told=True)
    assert "lies in the directory of a run" in done.stderr


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (["run.dir=x", "who has fever?"], ["query=who has fever?", "run.dir=x"]),
        (["who", "has", "fever", "run.dir=x", "top=3"], ["query=who has fever", "run.dir=x", "top=3"]),
        (["run.dir=x", "--cfg", "job"], ["run.dir=x", "--cfg", "job"]),
        (["run.dir=x", "--cfg", "job", "fever"], ["query=fever", "run.dir=x", "--cfg", "job"]),
        (["fever"], ["query=fever"]),
        (["--help"], ["--help"]),
        (["help"], ["help"]),
        ([], []),
        (["run.dir=x", "CRP=120 and fever"], ["query=CRP=120 and fever", "run.dir=x"]),
        (["CRP = 120", "run.dir=x", "where=ward = 2"], ["query=CRP = 120", "run.dir=x", "where=ward = 2"]),
        (["top = 3 doses?", "top=3"], ["query=top = 3 doses?", "top=3"]),
        (["fever", "wher=ward = 2"], ["query=fever", "wher=ward = 2"]),  # a misspelt key, and not the question's words
        (["like=d1", "wher=ward = 2"], ["like=d1", "wher=ward = 2"]),
        (["run.dir=my runs", "hydra.run.dir=a b"], ["run.dir=my runs", "hydra.run.dir=a b"]),
        (["--config-dir", "a=b c"], ["--config-dir", "a=b c"]),
        (["wehre=1", "run.dir=x"], ["wehre=1", "run.dir=x"]),
    ],
)
def test_the_query_may_stand_first_or_last(given: list[str], read: list[str]) -> None:
    assert with_keys("search", given) == read


def test_a_query_is_read_from_standard_input(run: Embedded, monkeypatch) -> None:
    place = f"run.dir={run.directory.root}"
    monkeypatch.setattr("sys.stdin", io.StringIO("B-1617\n"))
    assert "d0035" in job_here(place, "by=words", name="search", as_told=True).stdout
    monkeypatch.setattr("sys.stdin", io.StringIO("who\n\nsneezes with\nB-1617?\n"))
    assert "d0035" in job_here(place, "by=words", name="search", as_told=True).stdout  # all lines are the question
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{SECRET} " * 100_000))
    done = job_here(place, name="search", check=2, as_told=True)
    assert "standard input has more than 1000000 characters" in done.stderr
    assert SECRET not in done.stdout + done.stderr
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("fièvre".encode("latin-1")), encoding="utf-8"))
    assert "standard input is not UTF-8" in job_here(place, name="search", check=2, as_told=True).stderr
    terminal = io.StringIO("B-1617\nnext\n")
    terminal.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", terminal)
    assert "d0035" in job_here(place, "by=words", name="search", as_told=True).stdout
    assert terminal.read() == "next\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    done = job_here(place, name="search", check=2, as_told=True)
    assert "nothing is looked for" in done.stderr


@pytest.mark.parametrize(
    ("words", "english", "french"),
    [
        (["query=a", "like=b"], "query, like are asked at once", "query, like sont demandés à la fois"),
        (["groups=0.9"], "give out=FILE.parquet", "indiquez out=FICHIER.parquet"),
        (["query=a", "out=x.csv"], "must end in .parquet", "doit finir par .parquet"),
        (["query=a", "where=wards = 1"], "no column that the run carries", "n'est pas une colonne que le travail garde"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_both_languages(run: Embedded, words, english, french, monkeypatch) -> None:
    place = f"run.dir={run.directory.root}"
    assert english in job_here(place, *words, name="search", check=2, as_told=True).stderr
    monkeypatch.setenv("GLANE_LANG", "fr")
    assert french in job_here(place, *words, name="search", check=2, as_told=True).stderr


@pytest.mark.parametrize(
    ("where", "notes"),
    [
        ("ward = 'Nord'", []),
        ("ward = 'nord'", ["no row has 'nord' in ward; the nearest that is there is 'Nord'"]),
        ("age = 1 OR ward IN ('Sud', 'Est')", ["no row has 'Est' in ward"]),
        ("ward <> 'Sudd' AND age = 1", ["no row has 'Sudd' in ward; the nearest that is there is 'Sud'"]),
    ],
)
def test_a_text_of_a_condition_that_no_document_has_is_told(where: str, notes: list[str], capsys) -> None:
    rows = pl.DataFrame({"id": range(20), "ward": ["Nord", "Sud"] * 10, "age": [1, 2] * 10})
    rows_where(rows, where)
    assert capsys.readouterr().err.splitlines() == [f"note: where: {note}" for note in notes]
