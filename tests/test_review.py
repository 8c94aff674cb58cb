"""Human review of a run: samples, the page in a real browser, and gold out of corrections."""

import base64
import hashlib
import html
import json
import os
import re
import shutil
import stat
import sys
import time
import warnings
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from sklearn.metrics import cohen_kappa_score

import glane
import glane.assess.review.page as review_page
from conftest import ROOT, SMALL_TASK, extract_here, job, make_settings, write_documents
from glane.assess import sampling
from glane.assess.review.agreement import agreement
from glane.assess.review.corrections import Corrections, read_corrections
from glane.assess.review.data import answer_of, review_data, shown_digest, without_evidence
from glane.assess.review.gold import make_gold, write_gold
from glane.assess.review.page import chosen_fields, render, review_table
from glane.assess.review.record import ReviewState
from glane.assess.review.reviewed_sample import read_sample, state_text
from glane.assess.review.two_readers import ac1, kappa, of_each, resampled_ci
from glane.errors import ConfigError, DataError, RunError
from glane.task.answer import read_answer
from glane.task.locate import locate
from glane.task.task import load_task
from test_reading import hidden

TASK = {
    "name": "visit",
    "instructions": "Lis le texte.",
    "split": {},
    "fields": {
        "age": {"type": "integer", "minimum": 0, "maximum": 120, "evidence": True, "missing": True},
        "sex": {"type": "enum", "values": ["F", "M"], "nullable": True},
        "onset": {"type": "date", "precision": "partial", "evidence": True, "missing": True},
        "seen": {"type": "date"},
        "fever": {
            "type": "boolean",
            "evidence": True,
            "missing": ["not_stated", "denied", "unreadable"],
            "assertion": True,
        },
        "temperature": {"type": "number", "minimum": 30, "maximum": 45, "missing": ["not_stated"]},
        "signs": {"type": "list", "items": {"type": "string"}, "evidence": True, "missing": True, "assertion": True},
        "events": {
            "type": "list",
            "items": {
                "type": "object",
                "fields": {
                    "disease": {"type": "string"},
                    "when": {"type": "date", "precision": "partial", "nullable": True},
                    "cases": {"type": "integer", "missing": ["not_stated", "uncertain"], "evidence": True},
                },
            },
        },
    },
}
NASTY = (
    "Âge : 67 ans 🌡. </script><script>window.broken = 1</script><!-- <script> --> &amp; &lt; \"x\" 'y' \\ \u2028\u2029 "
    "<img src=x onerror='window.broken = 2'> ]]> {{data}} $& Fièvre depuis le 3 mars 2025. Toux.\r\n\x0b"
)
ANSWER = {
    "age": {"value": 67, "quote": "67 ans"},
    "sex": "F",
    "onset": {"value": "2025-03-03", "quote": "le 3 mars 2025"},
    "seen": "2025-03-05",
    "fever": {"value": True, "assertion": "present", "quote": "Fièvre"},
    "temperature": {"value": 38.5},
    "signs": [{"value": "toux", "assertion": "present", "quote": "Toux"}],
    "events": [{"disease": "grippe", "when": "2025-03", "cases": {"value": 3, "quote": "3"}}],
}
NOTHING = {
    "age": {"missing": "uncertain", "quote": "x"},
    "sex": None,
    "onset": {"missing": "not_stated"},
    "fever": {"missing": "not_stated"},
    "temperature": {"missing": "not_stated"},
    "signs": {"missing": "not_stated"},
    "events": [],
}


def text_of(**changes):
    return f"{NASTY}[[answer {hidden(ANSWER | changes)}]]"


@pytest.fixture
def run(tmp_path):
    """A run of six documents; the last one's answer cannot be used."""
    texts = [
        text_of(),
        text_of(age={"value": 5, "quote": "67"}),
        text_of(**NOTHING),
        text_of(sex="M"),
        text_of(events=[]),
    ]
    return make_run(tmp_path, [*texts, "[[invalid]]"])


def make_run(folder, texts, task=TASK):
    data = write_documents(
        folder / "d.parquet", texts, hospital=["AB"[i % 2] for i in range(len(texts))], ward=list(range(len(texts)))
    )
    extract_here(make_settings(data, folder / "run", task, data__carry_columns=["hospital"]))
    return glane.open_run(folder / "run")


def page_data(run, *, fields=None, num_rows=5):
    described, task = run.description(), load_task(run.settings.task)
    sample = sampling.draw_random(run.usable().select("id").collect(), id_column="id", num_rows=num_rows, seed=0)
    rows = run.usable().join(run.documents(), on="id").collect()
    return review_data(
        task, rows, sample, id_column="id", text_column="text", run=described.fingerprint_digest,
        fields=fields or list(task.fields), context=["hospital"],
    )  # fmt: skip


# --- Samples ---


def population(size=90):
    generator = np.random.default_rng(5)
    return pl.DataFrame(
        {
            "id": [f"d{i}" for i in range(size)],
            "hospital": ["a"] * (size - 20) + ["b"] * 15 + [None] * 5,
            "lowest": generator.beta(5, 1, size),
            "wrong": generator.random(size),
        }
    )


DRAWS = {
    "random": lambda rows, n, seed: sampling.draw_random(rows, id_column="id", num_rows=n, seed=seed),
    "proportional": lambda rows, n, seed: sampling.draw_stratified(
        rows, id_column="id", by="hospital", num_rows=n, allocation="proportional", seed=seed
    ),
    "equal": lambda rows, n, seed: sampling.draw_stratified(
        rows, id_column="id", by="hospital", num_rows=n, allocation="equal", seed=seed
    ),
    "uncertain": lambda rows, n, seed: sampling.draw_uncertain(
        rows, id_column="id", confidence="lowest", num_rows=n, seed=seed
    ),
}


@pytest.mark.parametrize("method", DRAWS)
def test_inclusion_probabilities_are_true_and_weighted_totals_unbiased(method):
    """500 draws: each document as often as its probability says, and the mean of the estimated totals is the total."""
    rows, num_rows, repeats = population(), 18, 500
    told = dict.fromkeys(rows["id"], 0.0)
    drawn = dict.fromkeys(rows["id"], 0)
    wrong = dict(zip(rows["id"], rows["wrong"]))
    totals = []
    for seed in range(repeats):
        sample = DRAWS[method](rows, num_rows, seed)
        assert sample["id"].n_unique() == sample.height == num_rows
        assert sample["weight"].to_numpy() == pytest.approx(1 / sample["inclusion_probability"].to_numpy())
        totals.append(sum(wrong[name] * weight for name, weight in zip(sample["id"], sample["weight"])))
        for name, probability in zip(sample["id"], sample["inclusion_probability"]):
            assert told[name] in (0.0, probability)  # the same in every draw
            told[name] = probability
            drawn[name] += 1
    probabilities = np.array(list(told.values()))
    assert probabilities.min() > 0
    assert probabilities.sum() == pytest.approx(num_rows)
    often = np.array(list(drawn.values())) / repeats
    error = np.sqrt(probabilities * (1 - probabilities) / repeats)
    assert np.all(np.abs(often - probabilities) <= 4.5 * error + 1e-12)
    standard_error = np.std(totals) / np.sqrt(repeats)
    assert abs(np.mean(totals) - rows["wrong"].sum()) < 4 * standard_error


@pytest.mark.parametrize("method", DRAWS)
def test_a_sample_depends_on_ids_and_seed_only(method):
    rows = population()
    first = DRAWS[method](rows, 12, 1)
    assert first.equals(DRAWS[method](rows.sample(fraction=1, shuffle=True, seed=3), 12, 1))
    assert not first["id"].equals(DRAWS[method](rows, 12, 2)["id"])
    everything = DRAWS[method](rows, rows.height, 0)
    assert everything["inclusion_probability"].to_list() == pytest.approx([1.0] * rows.height)
    with pytest.raises(ConfigError, match="rows: 91 asked, and the run has 90"):
        DRAWS[method](rows, 91, 0)


def test_strata_get_their_share_or_the_same():
    rows = population()
    shares = dict(DRAWS["proportional"](rows, 18, 0).group_by("stratum").len().iter_rows())
    assert shares == {"a": 14, "b": 3, "(no value)": 1}
    same = dict(DRAWS["equal"](rows, 24, 0).group_by("stratum").len().iter_rows())
    assert same == {"a": 10, "b": 9, "(no value)": 5}
    with pytest.raises(ConfigError, match="by: 'id' makes 90 strata"):
        sampling.draw_stratified(rows, id_column="id", by="id", num_rows=5, allocation="equal", seed=0)


@pytest.mark.parametrize("allocation", ["proportional", "equal"])
def test_every_stratum_has_one_and_none_more_than_it_holds(allocation):
    generator = np.random.default_rng(0)
    for _ in range(200):
        counts = generator.integers(1, 40, generator.integers(1, 9)).astype(np.int64)
        num_rows = int(generator.integers(len(counts), counts.sum() + 1))
        taken = getattr(sampling, f"_{allocation}")(counts, num_rows)
        assert taken.sum() == num_rows
        assert np.all((taken >= 1) & (taken <= counts))


def test_doubtful_documents_are_drawn_more_often_and_certain_ones_still_can_be():
    rows = pl.DataFrame({"id": range(100), "lowest": [0.0] * 5 + [None] + [1.0] * 94})
    sample = sampling.draw_uncertain(rows, id_column="id", confidence="lowest", num_rows=11, seed=0)
    by_id = dict(sample.select("id", "inclusion_probability").iter_rows())
    assert {0, 1, 2, 3, 4, 5} <= set(by_id)
    assert by_id[0] == by_id[5] == 1.0  # no confidence is full doubt
    assert [value for name, value in by_id.items() if name > 5] == pytest.approx([5 / 94] * 5)


def test_the_lowest_confidence_is_that_of_any_field_or_item(run):
    rows = run.usable()
    fields = ["age", "onset", "events"]
    found = rows.select("id", sampling.lowest_confidence(rows.collect_schema(), fields).alias("c")).collect()
    by_id = dict(found.iter_rows())
    assert by_id["d0"] == pytest.approx(0.9**8)  # the figures of the date
    with pytest.raises(ConfigError, match="no confidences"):
        sampling.lowest_confidence(pl.Schema({"age": pl.Int64}), fields)


# --- The page ---


class Blocks(HTMLParser):
    """The scripts and styles of a page, as a browser's parser tells them apart."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.found, self.tags, self.inside = [], [], None

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag in ("script", "style"):
            self.inside = (tag, dict(attributes).get("id"))
            self.found.append([self.inside, ""])

    def handle_endtag(self, tag):  # noqa: ARG002
        self.inside = None

    def handle_data(self, data):
        if self.inside:
            self.found[-1][1] += data


def blocks(page):
    parser = Blocks()
    parser.feed(page)
    return dict(map(tuple, parser.found)), parser.tags


def test_a_text_never_breaks_out_of_its_block(run):
    data = page_data(run)
    page = render(data)
    found, tags = blocks(page)
    assert list(found) == [("style", None), ("script", "data"), ("script", None)]
    assert "img" not in tags
    assert json.loads(found["script", "data"]) == data
    assert any(document["text"].startswith(NASTY) for document in data["documents"])
    assert not re.search("[<>&\u2028\u2029]", found["script", "data"])
    assert page.count("window.broken") == found["script", "data"].count("window.broken") > 0


def test_the_page_allows_its_own_script_and_nothing_else(run):
    page = render(page_data(run))
    found, _ = blocks(page)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1]
    for kind in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(found[kind, None].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    own = page.replace(found["script", "data"], "")
    assert not re.search(r"https?:|//[a-z]|innerHTML|insertAdjacentHTML|document\.write|\beval\b", own)
    assert "</" not in found["script", None]


def test_passages_are_counted_as_a_browser_counts(run):
    (document,) = [one for one in page_data(run)["documents"] if one["id"] == "d0"]
    units = document["text"].encode("utf-16-le")
    found = {name: shown["passages"] for name, shown in document["fields"].items()}
    for name, quote in {"age": "67 ans", "onset": "le 3 mars 2025", "signs": "Toux", "events": "3"}.items():
        (passage,) = found[name]
        assert units[2 * passage["start"] : 2 * passage["end"]].decode("utf-16-le") == quote
    assert (found["events"][0]["item"], found["events"][0]["part"]) == (0, "cases")


def test_a_text_that_changed_after_the_run_is_refused(run, tmp_path):
    frame = pl.read_parquet(tmp_path / "d.parquet").with_columns(pl.lit("other").alias("text"))
    frame.write_parquet(tmp_path / "d.parquet")
    with pytest.raises(DataError, match="has changed since the run began"):
        page_data(run)


def test_what_the_page_holds_can_be_read_back_as_an_answer(run):
    task = load_task(TASK)
    for row in run.usable().collect().iter_rows(named=True):
        for name, field in task.fields.items():
            answer = answer_of(field, name, row)
            read_answer({name: without_evidence(field)}, locate(json.dumps({name: answer})))
    first = run.usable().collect().row(0, named=True)
    assert answer_of(task.fields["onset"], "onset", first) == {"value": "2025-03-03"}
    assert answer_of(task.fields["events"], "events", first) == [
        {"disease": "grippe", "when": "2025-03", "cases": {"value": 3}}
    ]


def test_the_table_is_safe_in_a_spreadsheet(run):
    data = page_data(run)
    data["documents"][0]["id"] = "=1+1"
    data["documents"][1]["id"] = "-2+3+cmd|' /C calc'!A0"
    data["documents"][2]["id"] = "-2,5"
    table = review_table(data)
    ids = table["id"].unique(maintain_order=True)
    assert ids[:3].to_list() == ["'=1+1", "'-2+3+cmd|' /C calc'!A0", "'-2,5"]
    assert table.height == 5 * len(TASK["fields"])
    assert set(table.filter(pl.col("field") == "sex")["value"]) == {"F", "M", None}


def test_the_table_invites_nobody_to_fill_in_what_nothing_reads(run):
    table = review_table(page_data(run))
    assert table.columns == ["id", "field", "value", "missing", "quote", "confidence"]


@pytest.mark.parametrize("command", ["review", "evaluate", "estimate"])
def test_files_of_a_review_that_are_no_right_answers_name_the_way_to_them(run, tmp_path, command):
    table, saved = tmp_path / "review.csv", tmp_path / "corrections-x.json"
    table.write_text("id,field,value\n1,age,3\n")
    saved.write_text('{\n  "kind": "glane corrections",\n  "version": 1}')
    if command == "review":
        with pytest.raises(DataError, match=r"Decide on review.html"):
            read_corrections(table, run="x")
        return
    ask = {
        "evaluate": lambda gold: glane.evaluate(run, gold),
        "estimate": lambda gold: glane.estimate(run, gold, "sex"),
    }
    with pytest.raises(DataError, match=r"is a list of what the page shows.* glane review .*corrections="):
        ask[command](str(table))
    with pytest.raises(DataError, match=r"decisions of a reader.* glane review .*corrections=.*corrections-x.json"):
        ask[command](str(saved))


# --- Gold ---


def corrections_of(run, decisions, *, reviewer="Ada", fields=None, **changes):
    fields = fields or list(TASK["fields"])
    every = {name: {"decision": "accepted"} for name in fields}
    documents = [
        {"id": name, "inclusion_probability": 0.25, "stratum": "all", "fields": every | decided}
        for name, decided in decisions.items()
    ]
    rows = {str(row["id"]): row for row in run.usable().collect().to_dicts()}
    known = {name: run.task.fields[name] for name in fields if name in run.task.fields}
    for document in documents:
        if document["id"] in rows:
            document["shown"] = shown_digest(known, rows[document["id"]])
    return {
        "kind": "glane corrections", "version": 1, "run": run.description().fingerprint_digest, "page": "p",
        "task": "visit", "reviewer": reviewer, "saved": "2025-01-01T00:00:00Z", "fields": fields, "sampled": 5,
        "documents": documents,
    } | changes  # fmt: skip


def sample_of(tmp_path, names=("d0", "d1", "d2", "d3", "d4"), probability=0.25, strata=None):
    """A sample as the job writes it, in its folder."""
    folder = tmp_path / "sample"
    folder.mkdir(exist_ok=True)
    pl.DataFrame(
        {"id": names, "inclusion_probability": probability, "weight": 1 / np.asarray(probability),
         "stratum": strata or ["all"] * len(names)}
    ).write_parquet(folder / "sample.parquet")  # fmt: skip
    return read_sample(folder, id_column="id")


def gold_of(run, tmp_path, *contents, sample=None):
    reviews = {}
    for i, content in enumerate(contents):
        path = tmp_path / f"c{i}.json"
        path.write_text(json.dumps(content) if not isinstance(content, str) else content)
        reviews[str(path)] = read_corrections(path, run=run.description().fingerprint_digest)
    sample = sample or sample_of(tmp_path)
    return make_gold(load_task(TASK), run.usable().collect(), sample, reviews, id_column="id")


def test_what_is_accepted_is_what_the_run_says(run, tmp_path):
    gold = gold_of(run, tmp_path, corrections_of(run, {f"d{i}": {} for i in range(5)}))
    rows, found = run.usable().collect(), pl.from_arrow(gold.table)
    assert found["id"].to_list() == rows["id"].to_list()
    for name in ("age", "age__missing", "sex", "onset", "onset__precision", "seen", "fever", "fever__assertion",
                 "temperature", "signs", "signs__missing", "signs__assertion"):  # fmt: skip
        assert found[name].to_list() == rows[name].to_list(), name
        assert found.schema[name] == rows.schema[name], name
    plain = {"disease", "when", "when__precision", "cases", "cases__missing"}
    for mine, its in zip(found["events"].to_list(), rows["events"].to_list(), strict=True):
        assert mine == [{key: item[key] for key in item if key in plain} for item in its]
    assert found["sex__missing"].null_count() == 5
    assert found["weight"].to_list() == [4.0] * 5
    assert gold.agreement.as_values()["fields"]["age"] == {
        "reviewed": 5, "blind": 0, "accepted": 5, "corrected": 0, "missing": 0, "share_accepted": 1.0
    }  # fmt: skip


def shown_by(run, contents, **changes):
    """Corrections of a page that showed something else."""
    rows = {row["id"]: row | changes for row in run.usable().collect().to_dicts()}
    fields = {name: run.task.fields[name] for name in contents["fields"]}
    for document in contents["documents"]:
        document["shown"] = shown_digest(fields, rows[document["id"]])
    return contents


@pytest.mark.parametrize(
    "shown",
    [{"age": 12}, {"sex": None}, {"onset__precision": "year"}, {"fever__assertion": "absent"}, {"signs": ["toux", "x"],
     "signs__assertion": ["present", "present"]}, {"events": []}],
    ids=lambda shown: next(iter(shown)),
)  # fmt: skip
def test_what_was_accepted_of_other_answers_is_refused(run, tmp_path, shown):
    """Two runs of one fingerprint may answer otherwise: the page of one says nothing of the other."""
    assert gold_of(run, tmp_path, corrections_of(run, {"d0": {}})).table.num_rows == 1
    with pytest.raises(
        DataError, match="c0.json, number 1: document 'd0': its page showed other answers than those of"
    ):
        gold_of(run, tmp_path, shown_by(run, corrections_of(run, {"d0": {}}), **shown))
    silent = corrections_of(run, {"d0": {}})
    del silent["documents"][0]["shown"]
    with pytest.raises(DataError, match="does not say which answers its page showed"):
        gold_of(run, tmp_path, silent)


def test_what_was_accepted_in_bulk_is_told(run, tmp_path):
    in_bulk = {"decision": "accepted", "in_bulk": True}
    gold = gold_of(run, tmp_path, corrections_of(run, {"d0": {"age": in_bulk, "sex": in_bulk}, "d1": {}}))
    assert gold.table["accepted_in_bulk"].to_pylist() == [["age", "sex"], []]
    assert gold.agreement.fields["age"].in_bulk == 1
    assert "in_bulk" not in gold.agreement.as_values()["fields"]["onset"]
    assert "2 values were accepted together" in write_gold(tmp_path / "out", gold)
    wrong = {"decision": "missing", "reason": "denied", "in_bulk": True}
    with pytest.raises(DataError, match="in_bulk stands with the decision accepted"):
        gold_of(run, tmp_path, corrections_of(run, {"d0": {"sex": wrong}}))


@pytest.mark.parametrize("reviewer", ["Ada", " ada ", "Bob"])
def test_one_reader_is_not_two(run, tmp_path, reviewer):
    """Neither a copy of a file nor a second file under the same name tells how far two people agree."""
    one = corrections_of(run, {"d0": {}, "d1": {}})
    with pytest.raises(DataError, match=r"c1\.json (is a copy of|and) .*that is no second reading"):
        gold_of(run, tmp_path, one, one | {"reviewer": reviewer})
    later = corrections_of(run, {"d1": {"sex": {"decision": "missing", "reason": "not_stated"}}}, reviewer=reviewer)
    later["saved"] = "2025-02-02T00:00:00Z"
    if reviewer == "Bob":
        assert gold_of(run, tmp_path, one, later).table.num_rows == 2
        return
    with pytest.raises(DataError, match="and 1 documents are in both"):
        gold_of(run, tmp_path, one, later)
    rest = corrections_of(run, {"d2": {}}, reviewer=reviewer)
    assert gold_of(run, tmp_path, one, rest).table.num_rows == 3  # two sittings of one reader


def test_corrections_become_typed_values(run, tmp_path):
    decided = {
        "age": {"decision": "corrected", "answer": {"value": 68}},
        "sex": {"decision": "missing", "reason": "unreadable"},
        "onset": {"decision": "corrected", "answer": {"value": "2024"}},
        "seen": {"decision": "missing", "reason": "not_stated"},
        "signs": {"decision": "corrected", "answer": [{"value": "rash", "assertion": "absent"}]},
        "events": {"decision": "corrected", "answer": [
            {"disease": "rougeole", "when": None, "cases": {"missing": "uncertain"}},
            {"disease": "grippe", "when": "2025-04-02", "cases": {"value": 2}},
        ]},
    }  # fmt: skip
    gold = gold_of(run, tmp_path, corrections_of(run, {"d0": decided}))
    (row,) = pl.from_arrow(gold.table).to_dicts()
    assert (row["age"], row["sex"], row["sex__missing"], row["seen__missing"]) == (68, None, "unreadable", "not_stated")
    assert (str(row["onset"]), row["onset__precision"]) == ("2024-01-01", "year")
    assert (row["signs"], row["signs__assertion"]) == (["rash"], ["absent"])
    assert [(one["cases"], one["cases__missing"]) for one in row["events"]] == [(None, "uncertain"), (2, None)]
    assert gold.agreement.as_values()["fields"]["sex"]["missing"] == 1


def test_only_documents_that_are_reviewed_whole_become_gold(run, tmp_path):
    content = corrections_of(run, {"d0": {}, "d1": {}})
    del content["documents"][1]["fields"]["age"]
    gold = gold_of(run, tmp_path, content)
    assert gold.table["id"].to_pylist() == ["d0"]
    assert gold.agreement.as_values()["reviews"][0] | {"file": ""} == {
        "file": "", "reviewer": "Ada", "sampled": 5, "begun": 2, "reviewed": 1
    }  # fmt: skip


def test_reviewers_are_compared_where_they_overlap(run, tmp_path):
    male = {"sex": {"decision": "corrected", "answer": "M"}}
    first = corrections_of(run, {"d0": {}, "d1": male, "d3": {}, "d4": {}})
    other = corrections_of(run, {"d0": {}, "d1": {}, "d3": {}, "d2": {}}, reviewer="Béa")
    gold = gold_of(run, tmp_path, first, other)
    found = pl.from_arrow(gold.table)
    assert dict(found.select("id", "reviewer").iter_rows()) == {
        "d0": "Ada",
        "d1": "Ada",
        "d3": "Ada",
        "d4": "Ada",
        "d2": "Béa",
    }
    assert found.filter(pl.col("id") == "d1")["sex"].to_list() == ["M"]
    (between,) = gold.agreement.as_values()["between"]
    assert (between["reviewers"], between["documents"]) == (["Ada", "Béa"], 3)
    sex = between["fields"]["sex"]  # F M M against F F M: chance would agree on 4 of 9
    assert (sex["agreement"], sex["differ"]) == (pytest.approx(2 / 3), ["d1"])
    assert sex["kappa"] == pytest.approx((2 / 3 - 4 / 9) / (5 / 9))
    assert sex["of_each"] == {"F": pytest.approx(2 / 3), "M": pytest.approx(2 / 3)}
    seen = between["fields"]["seen"]
    assert (seen["agreement"], seen["kappa"], seen["ac1"], seen["differ"]) == (1.0, None, 1.0, [])
    assert seen["agreement_ci95"][0] < 0.5  # three documents


def test_of_a_rare_sign_kappa_says_little_and_ac1_what_is_so():
    one = np.array([1] * 1 + [1] * 1 + [0] * 2 + [0] * 196)
    other = np.array([1] * 1 + [0] * 1 + [1] * 2 + [0] * 196)
    assert kappa(one, other) == pytest.approx(cohen_kappa_score(one, other))
    shares = np.array([5 / 400, 395 / 400])  # Gwet 2008, by hand
    chance = (shares * (1 - shares)).sum()
    assert ac1(one, other) == pytest.approx((0.985 - chance) / (1 - chance))
    assert kappa(one, other) < 0.4 < 0.98 < ac1(one, other)
    low, high = resampled_ci(ac1, one, other)
    assert low < ac1(one, other) <= high
    assert of_each(one.tolist(), other.tolist()) == {1: pytest.approx(2 / 5), 0: pytest.approx(392 / 395)}


@pytest.mark.parametrize(
    ("field", "one", "other", "is_same"),
    [
        ({"type": "string"}, "Évry", "EVRY", True),
        ({"type": "string", "compare": "exact"}, "Évry", "EVRY", False),
        ({"type": "number", "compare": {"tolerance": 0.5}}, 38.5, 38.9, True),
        ({"type": "number"}, 38.5, 38.9, False),
        ({"type": "integer"}, None, 3, False),
        ({"type": "integer"}, None, None, True),
    ],
)
def test_two_readers_say_the_same_by_the_rule_of_the_field(field, one, other, is_same):
    values = {"x": {"d": {"a": one}}, "y": {"d": {"a": other}}}
    review = Corrections(run="r", page="p", task="t", reviewer="R", saved="", fields=("a",), sampled=1, documents=())
    asked = load_task({**SMALL_TASK, "fields": {"a": field}}).fields
    state = ReviewState(sampled=1, reviewed=1, skipped=(), strata={})
    found = agreement({"x": review, "y": review}, values, asked, sample=state)
    assert found.between[0].fields["a"].agreement == is_same


@pytest.mark.parametrize(
    ("name", "decided", "words"),
    [
        ("d0", {"age": {"decision": "corrected", "answer": {"value": "68"}}}, "field age.value: not a whole number"),
        ("d0", {"age": {"decision": "corrected", "answer": {"value": 121}}}, "field age.value: above the maximum 120"),
        ("d0", {"age": {"decision": "corrected", "answer": 68}}, "field age: not an object"),
        ("d0", {"sex": {"decision": "corrected", "answer": "X"}}, "field sex: none of the values"),
        ("d0", {"seen": {"decision": "corrected", "answer": "2025-02-30"}}, "field seen: no such day"),
        ("d0", {"fever": {"decision": "corrected", "answer": {"value": "yes", "assertion": "absent"}}}, "not true or false"),
        ("d0", {"signs": {"decision": "corrected", "answer": []}}, "field signs: has not 1 to"),
        ("d0", {"temperature": {"decision": "missing", "reason": "denied"}}, "reason 'denied' is none of the task's"),
        ("d0", {"weight": {"decision": "accepted"}}, "no field 'weight' on this page"),
        ("d5", {}, "no usable document of this id"),
        ("d77", {}, "document 'd77': the run has no usable document"),
    ],
)  # fmt: skip
def test_corrections_that_do_not_fit_are_refused(run, tmp_path, name, decided, words):
    with pytest.raises(DataError) as raised:
        gold_of(run, tmp_path, corrections_of(run, {name: decided}))
    assert words in str(raised.value)
    assert "c0.json" in str(raised.value)


def test_files_that_are_no_corrections_of_this_run_are_refused(run, tmp_path):
    good = corrections_of(run, {"d0": {}})
    for content, words in [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ({"kind": "other"}, "not a file that the review page saved"),
        (good | {"version": 2}, "this glane reads version 1"),
        ({key: value for key, value in good.items() if key != "kind"}, "not a file that the review page saved"),
        (good | {"run": "0" * 64}, "belong to another run"),
        (good | {"reviewer": ""}, "reviewer"),
        (good | {"documents": good["documents"] * 2}, "stands twice"),
        (corrections_of(run, {"d0": {"age": {"decision": "missing"}}}), "a reason stands with"),
    ]:
        with pytest.raises(DataError, match=words):
            gold_of(run, tmp_path, content)
    with pytest.raises(DataError, match="No such file"):
        read_corrections(tmp_path / "none.json", run="x")
    saved = json.dumps(good | {"reviewer": "Hélène"}, ensure_ascii=False)
    (tmp_path / "saved_again.json").write_bytes(saved.encode("cp1252"))
    with pytest.raises(DataError, match="letters are not UTF-8"):
        read_corrections(tmp_path / "saved_again.json", run=good["run"])
    with pytest.raises(DataError, match="another review page"):
        gold_of(run, tmp_path, good, good | {"page": "q"})


def test_ids_may_be_numbers(run, tmp_path):
    content, rows = corrections_of(run, {}), run.usable().collect()
    content["documents"] = [one | {"id": str(2**60 + 1)} for one in corrections_of(run, {"d1": {}})["documents"]]
    (tmp_path / "c.json").write_text(json.dumps(content))
    rows = rows.with_columns(pl.int_range(2**60, 2**60 + 5).alias("id"))
    review = {"c.json": read_corrections(tmp_path / "c.json", run=content["run"])}
    sample = sample_of(tmp_path, [2**60 + i for i in range(5)])
    gold = make_gold(load_task(TASK), rows, sample, review, id_column="id")
    assert (gold.table["id"].to_pylist(), gold.table["age"].to_pylist()) == ([2**60 + 1], [5])


def test_a_field_with_the_name_of_a_sample_column_is_refused():
    fields = {"weight": {"type": "number"}, "age": {"type": "integer"}}
    task = load_task({"name": "t", "instructions": "x", "fields": fields})
    with pytest.raises(ConfigError, match="'weight' is also a column of the sample"):
        chosen_fields(task, [])
    assert chosen_fields(task, ["age"]) == ["age"]


# --- Weights of a review that is not finished ---


def test_weights_of_a_part_keep_the_size_of_the_run(run, tmp_path):
    gold = gold_of(run, tmp_path, corrections_of(run, {"d0": {}, "d1": {}}))
    found = pl.from_arrow(gold.table)
    assert found["inclusion_probability"].to_list() == pytest.approx([0.25 * 2 / 5] * 2)
    assert found["weight"].sum() == pytest.approx(5 / 0.25)  # the run has 20 documents, whatever was reviewed
    assert gold.agreement.as_values()["sample"] == {
        "sampled": 5, "reviewed": 2, "skipped": [], "strata": {"all": {"sampled": 5, "reviewed": 2}}
    }  # fmt: skip


def test_weights_of_a_part_keep_the_size_of_every_stratum(run, tmp_path):
    drawn = {"probability": [0.5, 0.5, 0.5, 0.1, 0.1], "strata": ["a", "a", "a", "b", "b"]}  # 6 and 20 documents
    sample = sample_of(tmp_path, ("d0", "d1", "d2", "d3", "d4"), **drawn)
    of = dict(zip(sample.drawn, zip(drawn["probability"], drawn["strata"], strict=True), strict=True))

    def reviewed(names):
        content = corrections_of(run, {name: {} for name in names})
        for one in content["documents"]:
            one["inclusion_probability"], one["stratum"] = of[one["id"]]
        return gold_of(run, tmp_path, content, sample=sample)

    found = pl.from_arrow(reviewed(["d0", "d3", "d4"]).table)
    assert dict(found.group_by("stratum").agg(pl.col("weight").sum()).iter_rows()) == pytest.approx({"a": 6, "b": 20})
    # No document of a stratum yet: the others stand for it, and that is told.
    gold = reviewed(["d0", "d1"])
    assert pl.from_arrow(gold.table)["weight"].to_list() == pytest.approx([13, 13])
    assert "in 1 strata, 'b' for example" in state_text(gold.agreement.sample)
    assert gold.agreement.as_values()["sample"]["strata"]["b"] == {"sampled": 2, "reviewed": 0}


@pytest.mark.parametrize(
    ("allocation", "num_reviewed"),
    [
        ("equal", 15),
        pytest.param("equal", 30, marks=pytest.mark.slow),
        pytest.param("proportional", 30, marks=pytest.mark.slow),
    ],
)
def test_totals_from_the_first_documents_of_a_sample_are_unbiased(tmp_path, allocation, num_reviewed):
    """400 draws of 40 of which the first few are reviewed: the mean of the estimated totals is the total."""
    rows = population(200).with_columns(pl.col("hospital").fill_null("b"))
    wrong = dict(zip(rows["id"], rows["wrong"] + 2 * (rows["hospital"] == "b").cast(pl.Int64), strict=True))
    totals = []
    for seed in range(400):
        drawn = sampling.draw_stratified(
            rows, id_column="id", by="hospital", num_rows=40, allocation=allocation, seed=seed
        )
        sample = sample_of(
            tmp_path, drawn["id"].to_list(), drawn["inclusion_probability"].to_list(), drawn["stratum"].to_list()
        )  # fmt: skip
        probabilities = sample.probabilities(drawn["id"].to_list()[:num_reviewed])
        totals.append(sum(wrong[name] / probability for name, probability in probabilities.items()))
    error = np.std(totals) / np.sqrt(len(totals))
    assert abs(np.mean(totals) - sum(wrong.values())) < 4 * error


def test_documents_that_were_skipped_are_told(run, tmp_path):
    from glane.assess.review.gold import write_gold

    gold = gold_of(run, tmp_path, corrections_of(run, {"d0": {}, "d1": {}, "d4": {}}))
    assert gold.agreement.as_values()["sample"]["skipped"] == ["d2", "d3"]
    line = write_gold(tmp_path / "gold", gold)
    assert "2 documents of the sample are not reviewed yet" in line
    assert "2 were skipped" in line
    # What another person reviewed is not skipped.
    other = corrections_of(run, {"d2": {}, "d3": {}}, reviewer="Béa")
    both = gold_of(run, tmp_path, corrections_of(run, {"d0": {}, "d1": {}, "d4": {}}), other)
    assert both.agreement.as_values()["sample"]["skipped"] == []
    assert "documents_skipped" not in both.table.column_names


def test_figures_say_that_documents_were_skipped(run, tmp_path):
    corrections = corrections_of(run, {"d0": {}, "d1": {}, "d4": {}})
    path = tmp_path / "gold.parquet"
    pl.from_arrow(gold_of(run, tmp_path, corrections).table).write_parquet(path)
    opened, field = run.directory.root, "fever"
    for found in (glane.evaluate(opened, path, samples=0), glane.estimate(opened, path, field)):
        assert "Warning: Documents of the sample that reviewers skipped: 2." in str(found)
        found.write(str(tmp_path / "out"))
        page = html.unescape((tmp_path / "out" / "report.html").read_text(encoding="utf-8"))
        assert "reviewers skipped: 2." in page
        assert "que les relecteurs ont passés : 2." in page
        shutil.rmtree(tmp_path / "out")
    assert "a simple random sample, of which 2 documents were skipped" in str(found)
    without = pl.read_parquet(path).drop("documents_skipped")
    assert "skipped" not in str(glane.estimate(opened, without, field))


def test_probabilities_are_those_of_the_sample_not_of_the_file(run, tmp_path):
    good = corrections_of(run, {"d0": {}})
    changed = json.loads(json.dumps(good))
    changed["documents"][0]["inclusion_probability"] = 0.5
    with pytest.raises(DataError, match=r"inclusion_probability 0.5 in stratum 'all', but .*sample.parquet has 0.25"):
        gold_of(run, tmp_path, changed)
    moved = json.loads(json.dumps(good))
    moved["documents"][0]["stratum"] = "b"
    with pytest.raises(DataError, match="of another sample"):
        gold_of(run, tmp_path, moved)
    with pytest.raises(DataError, match=r"document 'd0': not in .*sample.parquet"):
        gold_of(run, tmp_path, good, sample=sample_of(tmp_path, ("d1", "d2", "d3", "d4", "d9")))
    with pytest.raises(DataError, match="its page has 7 documents"):
        gold_of(run, tmp_path, good | {"sampled": 7})


def test_a_folder_without_its_sample_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"no .*sample.parquet"):
        read_sample(tmp_path, id_column="id")
    (tmp_path / "sample.parquet").write_bytes(b"no")
    with pytest.raises(DataError, match="not readable Parquet"):
        read_sample(tmp_path, id_column="id")
    pl.DataFrame({"id": [1]}).write_parquet(tmp_path / "sample.parquet")
    with pytest.raises(DataError, match="no column 'inclusion_probability'"):
        read_sample(tmp_path, id_column="id")


# --- The job ---


def review(run, out, **changes):
    """The job, in this process."""
    from glane.commands.review import main

    defaults = yaml.safe_load((ROOT / "conf" / "review.yaml").read_text())
    values = {key: value for key, value in defaults.items() if key not in ("defaults", "hydra")}
    values |= {"run": {"dir": str(run)}, "out": {"dir": str(out)}}
    main(values | changes)


def test_the_job_draws_writes_and_keeps_what_is_under_review(run, tmp_path):
    out = tmp_path / "review"
    where = [f"run.dir={tmp_path / 'run'}", f"out.dir={out}"]
    said = job(*where, "sample=stratified", "by=ward", "rows=5", "fields=[age,sex]", name="review").stdout
    assert "5 documents to review" in said
    sample = pl.read_parquet(out / "sample.parquet")
    assert sample.columns == ["id", "inclusion_probability", "weight", "stratum", "arm"]
    assert sorted(sample["stratum"]) == ["0", "1", "2", "3", "4"]  # of the input: the run does not carry it
    for name in ("sample.parquet", "review.html", "review.csv"):
        assert stat.S_IMODE((out / name).stat().st_mode) == 0o600
    with pytest.raises(RunError, match="holds another sample"):
        review(tmp_path / "run", out, rows=3)
    review(tmp_path / "run", out, sample="stratified", by="ward", rows=5)  # the same sample, with all fields


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sample": "stratified"}, "sample=stratified needs a column"),
        ({"sample": "stratified", "by": "hopital"}, "Did you mean 'hospital'"),
        ({"sample": "stratified", "by": "events"}, "'events' is a list or a record"),
        ({"by": "hospital"}, "set sample=stratified"),
        ({"fields": ["agee"]}, "Did you mean 'age'"),
        ({"rows": 6}, "the run has 5 usable documents"),
    ],
)
def test_a_sample_that_cannot_be_drawn_is_explained(run, tmp_path, changes, words):
    with pytest.raises(ConfigError, match=re.escape(words)):
        review(tmp_path / "run", tmp_path / "out", **({"rows": 3} | changes))
    assert not (tmp_path / "out").exists()


def test_an_input_that_went_away_is_explained(run, tmp_path):
    (tmp_path / "d.parquet").unlink()
    with pytest.raises(DataError, match="Put it back"):
        review(tmp_path / "run", tmp_path / "out", rows=3)


def test_a_doubtful_sample_becomes_a_page(run, tmp_path):
    review(tmp_path / "run", tmp_path / "out", rows=4, sample="uncertain", fields=["age"])
    sample = pl.read_parquet(tmp_path / "out" / "sample.parquet")
    assert sample.height == 4
    assert sample["inclusion_probability"].is_between(0, 1, closed="right").all()


# --- The browser ---


@pytest.fixture(scope="session")
def chromium():
    """Where Debian's Chromium and its driver are."""
    sys.path.insert(0, str(ROOT / "lib" / "glane_tools"))
    try:
        import browser
    finally:
        sys.path.pop(0)
    try:
        browser.install()
    except browser.MissingError as missing:
        warnings.warn(f"REVIEW PAGE NOT TESTED IN A BROWSER: {missing}", stacklevel=1)
        pytest.skip(f"REVIEW PAGE NOT TESTED IN A BROWSER: {missing}")
    import shutil

    return shutil.which("chromium"), shutil.which("chromedriver")


class Reader:
    """Somebody at the keyboard, with a page open."""

    def __init__(self, chromium, folder):
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        os.environ["SE_OFFLINE"] = "true"
        options = webdriver.ChromeOptions()
        options.binary_location = chromium[0]
        for option in (
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
            "--window-size=1280,800", f"--user-data-dir={folder / 'profile'}",
        ):  # fmt: skip
            options.add_argument(option)
        options.add_experimental_option("prefs", {"download.default_directory": str(folder / "saved")})
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        (folder / "saved").mkdir(exist_ok=True)
        self.folder = folder
        self.driver = webdriver.Chrome(options=options, service=Service(chromium[1]))
        self.driver.get("about:blank")
        self.driver.get_log("performance")

    def open(self, page):
        """Open a page, and wait until it was drawn: until then, what is drawn when it comes into view has no text."""
        self.driver.get(page.as_uri())
        self.driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")

    def type(self, *keys):
        from selenium.webdriver import ActionChains

        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()

    def replace(self, *keys):
        """Type over what the focused input holds."""
        self.do("document.activeElement.select()")
        self.type(*keys)

    def see(self, selector):
        """The visible texts of all that the selector chooses."""
        return self.do(
            "return [...document.querySelectorAll(arguments[0])].filter((one) => one.checkVisibility())"
            ".map((one) => one.innerText)",
            selector,
        )

    def do(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def saved(self):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if found := sorted((self.folder / "saved").glob("*.json")):
                return found
            time.sleep(0.1)
        raise AssertionError("nothing was saved")

    def requests(self):
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return {
            one["params"]["request"]["url"] for one in messages if one["method"] == "Network.requestWillBeSent"
        }  # fmt: skip

    def complaints(self):
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]


@pytest.fixture
def reader(chromium, tmp_path):
    reader = Reader(chromium, tmp_path)
    yield reader
    reader.driver.quit()


@pytest.mark.slow
def test_a_review_in_a_browser_from_the_first_key_to_the_gold(run, tmp_path, reader):
    from selenium.webdriver.common.keys import Keys

    where = [f"run.dir={tmp_path / 'run'}", f"out.dir={tmp_path / 'review'}"]
    review(tmp_path / "run", tmp_path / "review", rows=5, fields=["age", "sex", "onset", "fever", "events"])
    order = pl.read_parquet(tmp_path / "review" / "sample.parquet")["id"].to_list()
    first = order.index("d0")
    reader.open(tmp_path / "review" / "review.html")
    assert reader.do("return document.documentElement.lang") == "fr"
    assert reader.see(".documents .id") == order
    reader.type(*["n"] * first)
    assert reader.see("#title") == ["d0"]
    # The text is on the screen as it is, and nothing of it was run.
    assert reader.do("return document.getElementById('text').textContent") == text_of()
    assert reader.do("return window.broken") is None
    assert reader.see("#text mark.active") == ["67 ans"]
    reader.type("a")  # the age
    assert reader.see(".field.accepted h3") == ["age"]
    reader.type("c", "2", Keys.ENTER)  # the sex, by the number of the choice
    assert "".join(reader.see("#text mark.active")) == "le 3 mars 2025"
    reader.type("c", "31/02/2025", Keys.ENTER)
    assert reader.see(".complaint") == ["Ce jour n’existe pas."]
    reader.replace("02/03/2025", Keys.ENTER)
    reader.type("m", "2", Keys.ENTER)  # fever: denied
    reader.type("a", "u", "a")  # events, taken back, and again
    assert reader.see(".documents .all .id") == ["d0"]
    reader.type("s")
    assert reader.see("#message") == ["Indiquez d’abord votre nom."]
    reader.type("Zoé <b>", Keys.ENTER)
    reader.type("A")
    # A second page load takes up where this one was left.
    reader.open(tmp_path / "review" / "review.html")
    assert reader.see("#title") == ["d0"]
    assert reader.do("return document.getElementById('reviewer').value") == "Zoé <b>"
    assert reader.see(".field .verdict") == ["accepté", "corrigé", "corrigé", "marqué manquant", "accepté"]
    assert reader.see("#count") == ["1 / 5 relus"]
    reader.driver.find_element("id", "en").click()
    assert reader.see("#count") == ["1 / 5 reviewed"]
    reader.driver.find_element("id", "save").click()
    (file,) = reader.saved()
    content = json.loads(file.read_text())
    assert [one["id"] for one in content["documents"]] == ["d0"]
    # Erased from the browser, and read back from the file.
    reader.type(Keys.ESCAPE)
    reader.do("localStorage.clear()")
    reader.open(tmp_path / "review" / "review.html")
    assert reader.see("#count") == ["0 / 5 relus"]
    reader.driver.find_element("id", "file").send_keys(str(file))
    deadline = time.monotonic() + 10
    while reader.see("#count") != ["1 / 5 relus"]:
        assert time.monotonic() < deadline
    assert {url for url in reader.requests() if not url.startswith(("data:", "blob:"))} == {
        (tmp_path / "review" / "review.html").as_uri()
    }
    assert reader.complaints() == []
    # Even a script of the page could not reach the network.
    refused = "return fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')"
    assert reader.do(refused) == "refused"
    assert any("Content Security Policy" in complaint for complaint in reader.complaints())

    said = job(*where, f"corrections={file}", name="review").stdout
    assert "1 reviewed document " in said
    (row,) = pl.read_parquet(tmp_path / "review" / "gold.parquet").to_dicts()
    assert (row["id"], row["age"], row["sex"], row["reviewer"]) == ("d0", 67, "M", "Zoé <b>")
    assert (str(row["onset"]), row["onset__precision"]) == ("2025-03-02", "day")
    assert (row["fever"], row["fever__missing"]) == (None, "denied")
    assert row["events"][0]["disease"] == "grippe"
    agreement = json.loads((tmp_path / "review" / "agreement.json").read_text())
    assert agreement["fields"]["sex"]["corrected"] == 1


@pytest.mark.slow
def test_a_sign_is_on_the_screen_before_anything_is_accepted_in_bulk(run, tmp_path, reader):
    page = page_data(run, fields=["age", "sex", "onset", "fever"])
    first, second, third = page["documents"][:3]
    for document in (first, second, third):
        document.update(broken_rules=[], suspicious=[])
        for shown in document["fields"].values():
            shown["signs"] = []
    first["fields"]["onset"]["signs"] = ["not_in_quote"]
    second["broken_rules"] = ["age < 60"]
    (tmp_path / "page.html").write_text(render(page))
    reader.open(tmp_path / "page.html")
    assert reader.see(".field[aria-current] h3") == ["age"]
    assert reader.see(".sign") == ["valeur qui ne se lit pas dans sa propre citation"]
    assert reader.see("[data-field=onset] .sign") == reader.see(".sign")
    reader.type("A")
    assert reader.see(".field.accepted h3") == ["age", "sex", "fever"]
    assert reader.see(".field[aria-current] h3") == ["onset"]
    assert reader.see("#message") == ["1 champ avec un signe : à lire un par un."]
    reader.type("a", "n")
    assert reader.see(".sign") == ["règle enfreinte : age < 60"]
    reader.type("A")
    assert reader.see(".field.accepted h3") == []
    reader.type("n", "A")
    assert len(reader.see(".field.accepted h3")) == 4
    reader.do("document.getElementById('reviewer').value = 'Ada'; state.reviewer = 'Ada'")
    reader.type("s")
    saved = json.loads(reader.saved()[0].read_text())["documents"]
    assert [one["shown"] for one in saved] == [first["shown"], third["shown"]]
    assert [[name for name, one in each["fields"].items() if one.get("in_bulk")] for each in saved] == [
        ["age", "sex", "fever"], ["age", "sex", "onset", "fever"]
    ]  # fmt: skip
    assert reader.complaints() == []


@pytest.mark.slow
def test_records_and_lists_are_corrected_in_the_browser(run, tmp_path, reader):
    from selenium.webdriver.common.keys import Keys

    (tmp_path / "page.html").write_text(render(page_data(run, fields=["signs", "events", "temperature"])))
    reader.open(tmp_path / "page.html")
    while reader.see("#title") != ["d0"]:
        reader.type("n")
    reader.type("c", "toux sèche", Keys.TAB, Keys.TAB, Keys.TAB, Keys.ENTER, "fièvre", Keys.ENTER)  # one more item
    assert reader.see(".field.corrected .value li")[:2] == ["toux sèche présent", "fièvre présent"]
    reader.type("c", "rougeole", Keys.TAB, Keys.TAB, "2024", Keys.TAB, Keys.TAB, "7,5", Keys.ENTER)
    assert reader.see(".complaint") == ["Un nombre entier."]
    reader.replace("7", Keys.ENTER)
    reader.type("c", "46", Keys.ENTER)
    assert reader.see(".complaint") == ["Au plus 45."]
    reader.type(Keys.ESCAPE)
    kept = reader.do("return Object.values(JSON.parse(Object.values(localStorage)[0]).decisions)[0]")
    assert kept == {
        "signs": {"decision": "corrected", "answer": [
            {"value": "toux sèche", "assertion": "present"}, {"value": "fièvre", "assertion": "present"}
        ]},
        "events": {"decision": "corrected", "answer": [
            {"disease": "rougeole", "when": "2024", "cases": {"value": 7}}
        ]},
    }  # fmt: skip


@pytest.mark.slow
def test_the_page_opens_in_the_language_of_the_task(tmp_path, reader):
    for language, shown in (("en", "0 / 1 reviewed"), ("fr", "0 / 1 relus")):
        (tmp_path / language).mkdir()
        run = make_run(tmp_path / language, [text_of()], TASK | {"language": language})
        sample = sampling.draw_random(run.usable().select("id").collect(), id_column="id", num_rows=1, seed=0)
        rows = run.usable().join(run.documents(), on="id").collect()
        data = review_data(
            load_task(TASK | {"language": language}), rows, sample, id_column="id", text_column="text", run="r",
            fields=["age"], context=[],
        )  # fmt: skip
        (tmp_path / f"{language}.html").write_text(render(data))
        reader.open(tmp_path / f"{language}.html")
        assert reader.do("return document.documentElement.lang") == language
        assert reader.see("#count") == [shown]
    assert reader.complaints() == []


@pytest.mark.slow
def test_a_document_of_two_megabytes_can_be_reviewed(tmp_path, reader):
    line = "Le patient consulte à l’hôpital pour une toux évoluant depuis trois jours. 🌡 Pas d’autre plainte.\n"
    run = make_run(tmp_path, [text_of() + line * 20_000 + "x" * 60_000 + "🌡" * 30_000 + " FIN"])  # 2 MB and more
    begin = time.monotonic()
    (tmp_path / "page.html").write_text(render(page_data(run, num_rows=1)))
    assert time.monotonic() - begin < 30
    reader.open(tmp_path / "page.html")
    (shown,) = page_data(run, num_rows=1)["documents"]
    assert reader.do("return document.getElementById('text').textContent === data.documents[0].text")
    assert reader.do("return document.getElementById('text').textContent.length") > 2_000_000
    assert len(shown["text"]) > 2_000_000
    assert reader.see("#text mark.active") == ["67 ans"]
    spent = reader.do(
        "const key = (key) => document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));"
        "const begin = performance.now(); for (let i = 0; i < 8; i++) key('a'); return (performance.now() - begin) / 8"
    )
    assert spent < 1500, spent  # milliseconds for a decision
    assert reader.see("#count") == ["1 / 1 relus"]
    assert reader.do("return document.querySelectorAll('#text .block').length") > 50
    assert reader.complaints() == []


@pytest.mark.slow
def test_five_hundred_long_documents_stay_quick(run, tmp_path, reader):
    data = page_data(run)
    document = next(one for one in data["documents"] if one["id"] == "d0")
    for shown in document["fields"].values():
        shown["signs"] = []  # what is marked is not accepted with the rest
    many = [
        document | {"id": f"doc {i}", "text": document["text"] + " mot" * 1250, "broken_rules": [], "suspicious": []}
        for i in range(500)
    ]
    (tmp_path / "page.html").write_text(render(data | {"documents": many}))
    begin = time.monotonic()
    reader.open(tmp_path / "page.html")
    assert len(reader.see(".documents .id")) >= 1
    assert time.monotonic() - begin < 60
    spent = reader.do(
        "const key = (key) => document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));"
        "const begin = performance.now(); for (let i = 0; i < 20; i++) { key('A'); key('n'); }"
        "return (performance.now() - begin) / 20"
    )
    assert spent < 1500, spent  # milliseconds for a whole document, on a machine that does other things, too
    assert reader.see("#count") == ["20 / 500 relus"]
    assert reader.complaints() == []


def test_the_job_writes_where_it_may(run, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    from glane.assess.review.page import write_review

    with pytest.raises(RunError, match="out.dir"):
        write_review(blocked, pl.DataFrame({"id": []}), page_data(run))
    assert Path(blocked).is_file()


def test_scripts_of_the_page_stay_short_and_are_all_in_it() -> None:
    files = sorted(path.name for path in Path(review_page.__file__).parent.glob("*.js"))
    page = render({"documents": [], "fields": {}})
    for name in files:
        text = (Path(review_page.__file__).parent / name).read_text(encoding="utf-8")
        assert text.count("\n") <= 300
        assert text.strip() in page
