"""Embedding documents: what a row is, chunks, what cannot be embedded, and what decides the vectors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import glane
from conftest import job
from embed_runs import SCRIPTED, embed_alone, embed_told
from glane.embedding.batch import EngineWindow
from glane.embedding.summary import embedding_summary
from glane.engine.chat_tokenizer import ChatTokenizer
from glane.engine.protocol import RequestRefused
from glane.engine.registry import start_embedder
from glane.engine.scripted_embedder import ScriptedEmbedder
from glane.errors import ConfigError, DataError, RunError
from glane.run.deaths import Window
from glane.run.directory import run_directory
from glane.settings import ModelSettings, embed_settings, read_job
from glane.validation import validated

WORDS = ["fever", "cough", "asthma", "ward", "child", "night", "visit", "dose", "rash", "pain"]


def write_documents(path: Path, count: int, *, words: int = 12) -> Path:
    rng = np.random.default_rng(7)
    texts = [" ".join(rng.choice(WORDS, words)) + f" n{number}" for number in range(count)]
    pl.DataFrame({"id": [f"d{n:04}" for n in range(count)], "text": texts, "ward": [n % 3 for n in range(count)]}).write_parquet(path)  # fmt: skip
    return path


def records(run: Path) -> pl.DataFrame:
    return pl.read_parquet(run / "records" / "*.parquet")


def vectors_of(settings, texts: list[str]) -> list[np.ndarray]:
    engine = start_embedder(settings.model, device="cpu", cpus=1)
    for number, text in enumerate(texts):
        engine.add(str(number), engine.encode(settings.prefix.document + text))
    found = dict(engine.step())
    return [found[str(number)] for number in range(len(texts))]


def test_a_document_is_a_row_with_its_chunks_and_what_is_none_says_why(tmp_path: Path) -> None:
    long = " ".join(f"{word}." for word in WORDS * 20)
    texts = ["Fever at night.", long, None, "  \n", "[[refuse]] me", "[[nothing]] here", "été 🤒 toux"]
    table = pa.table({"id": list(range(7)), "text": pa.array(texts), "ward": list("abcdefg")})
    pq.write_table(table, tmp_path / "in.parquet")
    settings = embed_told(
        tmp_path / "in.parquet", tmp_path / "run", split={"max_tokens": 300, "overlap_tokens": 40},
        prefix={"document": "passage: "}, data__carry_columns=["ward"],
    )  # fmt: skip
    run = embed_alone(settings)
    rows = records(tmp_path / "run")
    assert rows.columns == ["id", "ward", "status", "reason", "chunks"]
    assert rows["status"].to_list() == ["OK", "OK", "EMPTY", "EMPTY", "REJECTED", "REJECTED", "OK"]
    assert rows["reason"].to_list() == [
        None, None, "the text is null", "the text is blank", "scripted refusal",
        "the model makes no vector of this text", None,
    ]  # fmt: skip
    assert rows["chunks"].list.len().to_list()[2:6] == [0, 0, 0, 0]
    chunks = rows.filter(pl.col("status") == "OK").explode("chunks").unnest("chunks")
    assert chunks.schema["vector"] == pl.Array(pl.Float32, 32)
    assert chunks.height > 4
    found = {row["id"]: [] for row in chunks.iter_rows(named=True)}
    for row in chunks.iter_rows(named=True):
        assert row["chunk"] == len(found[row["id"]])
        found[row["id"]].append((row["start"], row["end"]))
        part = texts[row["id"]][row["start"] : row["end"]]
        assert np.array_equal(np.array(row["vector"], np.float32), vectors_of(settings, [part])[0])
    assert found[0] == [(0, len(texts[0]))]
    assert found[6] == [(0, len(texts[6]))]  # code points, not bytes
    covered = {place for start, end in found[1] for place in range(start, end)}
    assert all(place in covered or long[place].isspace() for place in range(len(long)))
    lengths = np.linalg.norm(np.array(chunks["vector"].to_list()), axis=1)
    assert np.allclose(lengths, 1, atol=1e-6)
    summary = embedding_summary(run.directory)
    assert (summary.chunks, summary.dimensions, summary.flow.OK) == (chunks.height, 32, 3)
    assert summary.tokens.prompt >= sum(end - start for spans in found.values() for start, end in spans)


def test_a_text_that_does_not_fit_is_too_long_where_nothing_is_cut(tmp_path: Path) -> None:
    path = write_documents(tmp_path / "in.parquet", 3, words=40)
    embed_alone(embed_told(path, tmp_path / "whole", split=None, model__max_model_len=100, run__shard_rows=2))
    rows = records(tmp_path / "whole")
    assert rows["status"].to_list() == ["TOO_LONG"] * 3
    assert rows["reason"].str.contains("and the model takes 100 tokens").all()
    assert rows.schema["chunks"].inner.fields[-1].dtype == pl.Array(pl.Float32, 32)
    embed_alone(embed_told(path, tmp_path / "cut", model__max_model_len=100))
    assert records(tmp_path / "cut")["status"].to_list() == ["OK"] * 3


@pytest.mark.parametrize("split", [None, {"max_tokens": 512}])
def test_a_prefix_that_leaves_no_room_ends_the_run_before_a_document_is_read(tmp_path: Path, split) -> None:
    path = write_documents(tmp_path / "in.parquet", 3, words=4)
    told = {"model__max_model_len": 100, "split": split, "prefix": {"document": "p" * 95}}
    with pytest.raises(AssertionError, match=r"prefix\.document: of the 100 tokens that the model takes, 1 are left"):
        embed_alone(embed_told(path, tmp_path / "prefix", **told))
    assert not (tmp_path / "prefix" / "records").exists()
    embed_alone(embed_told(path, tmp_path / "fits", **{**told, "prefix": {"document": "p" * 40}}))
    assert records(tmp_path / "fits")["status"].to_list() == ["OK"] * 3


@pytest.mark.parametrize("changes", [{"run__shard_rows": 1}, {"model__max_num_seqs": 1}, {"data__limit": 20}])
def test_vectors_do_not_depend_on_what_is_embedded_beside_them(tmp_path: Path, changes) -> None:
    path = write_documents(tmp_path / "in.parquet", 50, words=150)
    embed_alone(embed_told(path, tmp_path / "one"))
    embed_alone(embed_told(path, tmp_path / "other", **changes))
    limit = changes.get("data__limit", 50)
    assert records(tmp_path / "one").head(limit).equals(records(tmp_path / "other"))


def test_half_precision_is_what_single_precision_rounds_to(tmp_path: Path) -> None:
    path = write_documents(tmp_path / "in.parquet", 9)
    embed_alone(embed_told(path, tmp_path / "single"))
    embed_alone(embed_told(path, tmp_path / "half", vectors="float16"))
    single = pq.read_table(tmp_path / "single" / "records")["chunks"].combine_chunks().flatten().field("vector")
    half = pq.read_table(tmp_path / "half" / "records")["chunks"].combine_chunks().flatten().field("vector")
    assert half.type == pa.list_(pa.float16(), 32)
    assert np.array_equal(half.flatten().to_numpy(), single.flatten().to_numpy().astype(np.float16))


def test_what_decides_vectors_is_in_the_fingerprint_and_what_does_not_is_not(tmp_path: Path) -> None:
    path = write_documents(tmp_path / "in.parquet", 3)
    embed_alone(embed_told(path, tmp_path / "run"))
    same = [{"model__max_num_seqs": 3}, {"prefix": {"query": "query: "}}, {"run__record_mib": 1}]
    for changes in same:
        assert not embed_alone(embed_told(path, tmp_path / "run", **changes)).is_new
    others = [
        {"model__name": "another"}, {"model__max_model_len": 90}, {"prefix": {"document": "p: "}}, {"split": None},
        {"split": {"max_tokens": 99}}, {"vectors": "float16"}, {"data__limit": 2},
    ]  # fmt: skip
    for changes in others:
        with pytest.raises(RunError, match="would answer differently"):
            embed_alone(embed_told(path, tmp_path / "run", **changes))


def test_a_column_that_would_stand_beside_one_of_the_results_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    pl.DataFrame({"id": [1], "text": ["a"], "vector": [2]}).write_parquet(path)
    with pytest.raises(ConfigError, match="column 'vector' would stand beside a result column"):
        embed_alone(embed_told(path, tmp_path / "run", data__carry_columns=["vector"]))
    for name in ("rank", "score", "cosine", "bm25", "passage", "group", "size"):
        with pytest.raises(ConfigError, match=f"column '{name}' would stand beside a result column.*Rename it"):
            embed_alone(embed_told(path, tmp_path / "run", data__carry_columns=[name]))
        with pytest.raises(ConfigError, match=f"column '{name}' would stand beside"):
            embed_alone(embed_told(path, tmp_path / "run", data__id_column=name))
    with pytest.raises(ConfigError, match="column 'text' has the texts, and no result"):
        embed_alone(embed_told(path, tmp_path / "run", data__carry_columns=["text"]))
    with pytest.raises(DataError, match="no column 'words'"):
        embed_alone(embed_told(path, tmp_path / "run", data__text_column="words"))
    assert not (tmp_path / "run").exists()


def test_all_of_a_models_context_is_for_a_chunk(tmp_path: Path) -> None:
    settings = embed_told(tmp_path, tmp_path / "run", model__max_model_len=64, model__max_tokens=1024)
    assert settings.model.max_tokens == 1


def test_what_is_of_extractions_is_refused(tmp_path: Path) -> None:
    for name, value in {"group_by": "x", "extend": "y", "skip_done_in": ["z"]}.items():
        with pytest.raises(ConfigError, match=rf"data\.{name} is of extractions"):
            embed_told(tmp_path / "in.parquet", tmp_path / "run", **{f"data__{name}": value})
    with pytest.raises(ConfigError, match="overlap_tokens 50 must be below max_tokens 50"):
        embed_told(tmp_path / "in.parquet", tmp_path / "run", split={"max_tokens": 50})


def test_the_nodes_of_a_job_read_what_was_told(tmp_path: Path) -> None:
    path = write_documents(tmp_path / "in.parquet", 1)
    settings = embed_told(path, tmp_path / "run", prefix={"query": "q: "}, split=None)
    assert read_job(settings.model_dump_json()) == settings
    assert type(read_job(settings.model_dump_json())) is type(settings)
    assert embed_settings(settings.model_dump(mode="json")) == settings


def test_special_tokens_of_a_prefix_stay_special_and_those_of_a_text_do_not() -> None:
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = Tokenizer(models.WordLevel({"[UNK]": 0, "[": 1, "INST": 2, "]": 3, "fever": 4}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.add_special_tokens(["[INST]"])
    special = words.token_to_id("[INST]")
    plain = transformers.PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]")
    settings = validated(ModelSettings, SCRIPTED, place="model")
    tokenizer = ChatTokenizer(settings, plain)
    assert tokenizer.encode_text("[INST] fever", prefix="[INST]") == [special, 1, 2, 3, 4]
    assert tokenizer.encode_text("[INST] fever") == [1, 2, 3, 4]
    assert special not in tokenizer.encode_text("ST] fever", prefix="[IN")  # neither has one by itself
    assert tokenizer.encode_text("", prefix="[INST]") == [special]


def test_suspects_are_tried_in_another_order_each_time_and_a_refused_control_ends_nothing(tmp_path: Path) -> None:
    settings = embed_told(write_documents(tmp_path / "in.parquet", 1), tmp_path / "run")

    class Refusing(ScriptedEmbedder):
        def add(self, request_id: str, tokens: list[int]) -> None:
            if request_id == "control":
                raise RequestRefused("too short")
            super().add(request_id, tokens)

    class AllSuspects:
        refresh = staticmethod(lambda: None)
        verdict = staticmethod(lambda _: None)
        is_suspect = staticmethod(lambda _: True)

    directory = run_directory(settings.run)
    directory.create()
    orders = []
    for number in range(4):
        window = Window(directory, f"w{number}", num_slots=4)
        engine = Refusing(settings.model, seconds_per_step=0)
        through = EngineWindow(engine, size=4, window=window, suspects=AllSuspects(), key="k")
        found = list(through.vectors([((row, 0), engine.encode(f"note {row}")) for row in range(30)]))
        assert all(isinstance(answer, np.ndarray) for _, answer in found)
        orders.append([row for (row, _), _ in found])
        assert sorted(orders[-1]) == list(range(30))
    assert len({tuple(order) for order in orders}) > 1


@pytest.mark.ray
def test_the_command_and_the_call_embed_search_and_find_nothing_to_do_again(tmp_path: Path) -> None:
    path = write_documents(tmp_path / "in.parquet", 40)
    words = ["model=scripted", f"data.path={path}", f"run.dir={tmp_path}/run", "data.carry_columns=[ward]"]
    done = job(*words, "run.energy=none", "progress=plain", name="embed")
    assert "vectors  40 chunks, 32 dimensions, of length 1" in done.stderr
    assert "fever" not in done.stderr + (tmp_path / "run" / "extract.log").read_text()
    again = job(*words, "run.energy=none", "prefix.query='query: '", name="embed").stderr
    assert "complete already, nothing to do" in again
    assert "prefix.query: the run keeps '', as it was begun. Give glane search prefix=…" in again
    status = json.loads(job(f"run.dir={tmp_path}/run", "json=true", name="status").stdout)
    assert (status["state"], status["work"], status["done"]) == ("complete", "embedding", 40)
    frame = pl.read_parquet(path).rename({"text": "note"})
    keys = {"data__text_column": "note", "data__carry_columns": ["ward"], "run__energy": "none"}
    embedded = glane.embed(frame, model="scripted", run_dir=tmp_path / "called", **keys)
    assert embedded.all().collect().equals(records(tmp_path / "run"))
    assert embedded.chunks().collect().columns == ["id", "ward", "chunk", "start", "end", "vector"]
    assert str(embedded).splitlines()[0].startswith("Random answers")
    found = glane.search(embedded, str(frame["note"][7]), by="meaning", top=1)
    assert (found.rows["id"][0], round(found.rows["score"][0], 5)) == ("d0007", 1)
