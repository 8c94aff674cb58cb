"""Reviews without the model's answers: what the page holds, who is drawn, and what becomes gold."""

# ruff: noqa: F811 (fixtures of another file)

import json
from collections import Counter

import numpy as np
import polars as pl
import pytest

from glane.assess.arms import with_arms
from glane.assess.review.page import write_review
from glane.assess.review.reviewed_sample import read_sample
from glane.errors import ConfigError, DataError, RunError
from glane.settings import review_settings
from test_review import (
    ANSWER,
    NASTY,
    chromium,  # noqa: F401  (a fixture)
    corrections_of,
    gold_of,
    hidden,
    make_run,
    page_data,
    reader,  # noqa: F401  (a fixture)
    review,
    run,  # noqa: F401  (a fixture)
    sample_of,
)

# Of the model alone: no text says so in these letters.
OWN = {"events": [{"disease": "rubivirose", "when": "1987-11", "cases": {"value": 3, "quote": "3"}}]}


def sample(num, *, strata=("all",)):
    names = [f"d{i}" for i in range(num)]
    return pl.DataFrame(
        {
            "id": names,
            "inclusion_probability": 0.5,
            "weight": 2.0,
            "stratum": [strata[i % len(strata)] for i in range(num)],
        }
    )


def told(share, num=40, seed=0, **kinds):
    return with_arms(sample(num, **kinds), share=share, seed=seed, id_column="id", stratum="stratum")


# --- Arms ---


@pytest.mark.parametrize(("share", "num_blind"), [(0, {0}), (1, {40}), (0.2, {8}), (0.33, {13, 14})])
def test_the_blind_arm_has_its_share(share, num_blind):
    counts = {Counter(told(share, seed=seed)["arm"])["blind"] for seed in range(20)}
    assert counts <= num_blind


def test_every_document_is_blind_with_the_same_probability_and_strata_get_their_share():
    """600 allocations: each of 30 documents is blind as often as any, and no stratum is left out."""
    often = np.zeros(30)
    for seed in range(600):
        found = told(0.3, 30, seed, strata=("a", "b", "b"))
        assert found["id"].to_list() == [f"d{i}" for i in range(30)]  # the order of the page is kept
        is_blind = (found["arm"] == "blind").to_numpy()
        assert is_blind.sum() == 9
        assert 2 <= is_blind[(found["stratum"] == "a").to_numpy()].sum() <= 4
        often += is_blind
    assert np.abs(often / 600 - 0.3).max() < 4.5 * np.sqrt(0.3 * 0.7 / 600)


def test_an_arm_depends_on_ids_and_seed_only():
    first = told(0.5)
    again = with_arms(sample(40)[::-1], share=0.5, seed=0, id_column="id", stratum="stratum")
    assert dict(first.select("id", "arm").iter_rows()) == dict(again.select("id", "arm").iter_rows())
    assert not first.equals(told(0.5, seed=1))


@pytest.mark.parametrize("share", [0.02, 0.98])
def test_an_arm_of_one_document_is_refused(share):
    with pytest.raises(ConfigError, match="fewer than two in one arm"):
        told(share)


@pytest.mark.parametrize(("value", "share"), [(True, 1.0), (False, 0.0), (0.2, 0.2)])
def test_blind_is_yes_no_or_a_share(value, share):
    assert review_settings({"run": {"dir": "a"}, "out": {"dir": "b"}, "blind": value}).blind == share


@pytest.mark.parametrize("value", [1.5, -0.1, "some"])
def test_what_is_no_share_is_refused(value):
    with pytest.raises(ConfigError, match="blind"):
        review_settings({"run": {"dir": "a"}, "out": {"dir": "b"}, "blind": value})


# --- The page ---


@pytest.fixture
def telling(tmp_path):
    """A run whose answers are told from its texts: what they say stands in no text."""
    answers = [ANSWER | OWN, ANSWER | OWN, ANSWER | OWN, ANSWER | OWN | {"sex": "M"}]
    return make_run(tmp_path, [f"{NASTY}[[answer {in_escapes(one)}]]" for one in answers])


def in_escapes(value):
    """JSON whose quotes and whose disease are written in escapes."""
    return hidden(value).replace("rubivirose", "".join(f"\\u{ord(letter):04x}" for letter in "rubivirose"))


@pytest.mark.parametrize("method", [{}, {"sample": "uncertain"}, {"sample": "by_answer", "field": "sex", "value": "F"}])
def test_a_blind_page_holds_nothing_of_the_model(telling, tmp_path, method):
    review(tmp_path / "run", tmp_path / "open", rows=4, **method)
    review(tmp_path / "run", tmp_path / "blind", rows=4, blind=True, **method)
    of_model = ["rubivirose", "model says", 'inclusion_probability":', '"confidence":', '"quote":']
    shown = (tmp_path / "open" / "review.html").read_text()
    assert [one for one in of_model if one not in shown and one != "model says"] == []
    for name in ("review.html", "review.csv"):
        held = (tmp_path / "blind" / name).read_text()
        assert [one for one in of_model if one in held] == []
    assert "mark" not in held
    table = pl.read_csv(tmp_path / "blind" / "review.csv")
    assert table.height == 4 * 8
    assert table.drop("id", "field").null_count().sum_horizontal().item() == 4 * 8 * 4
    assert set(pl.read_parquet(tmp_path / "blind" / "sample.parquet")["arm"]) == {"blind"}


def test_of_two_arms_only_one_has_answers(telling, tmp_path):
    review(tmp_path / "run", tmp_path / "both", rows=4, blind=0.5)
    page = (tmp_path / "both" / "review.html").read_text()
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    arms = dict(pl.read_parquet(tmp_path / "both" / "sample.parquet").select("id", "arm").iter_rows())
    assert Counter(arms.values()) == {"blind": 2, "assisted": 2}
    for document in data["documents"]:
        is_blind = arms[document["id"]] == "blind"
        assert ("rubivirose" in json.dumps(document)) != is_blind
        assert not is_blind or set(document) == {"id", "text", "context", "blind"}
        assert document["context"] == {"hospital": "AB"[int(document["id"][1:]) % 2]}  # what the model was shown


def test_a_sample_of_before_is_one_that_showed_answers(run, tmp_path):
    review(tmp_path / "run", tmp_path / "old", rows=3)
    path = tmp_path / "old" / "sample.parquet"
    pl.read_parquet(path).drop("arm").write_parquet(path)
    written = json.loads((tmp_path / "old" / ".glane-files").read_text())  # no digests, as that glane wrote it
    (tmp_path / "old" / ".glane-files").write_text(json.dumps({**written, "digests": {}}))
    assert {one.arm for one in read_sample(tmp_path / "old", id_column="id").drawn.values()} == {"assisted"}
    review(tmp_path / "run", tmp_path / "old", rows=3)  # the same sample
    with pytest.raises(RunError, match="holds another sample"):
        review(tmp_path / "run", tmp_path / "old", rows=3, blind=True)


def test_the_line_says_how_many_are_blind(run, tmp_path):
    drawn = pl.DataFrame({"id": ["d0"], "arm": ["blind"]})
    assert "1 documents to review (1 of them without the model's answers)" in write_review(
        tmp_path / "x", drawn, page_data(run)
    )


# --- Gold ---


def blind_sample(tmp_path, arms):
    folder = sample_of(tmp_path).path
    pl.read_parquet(folder).with_columns(pl.Series("arm", arms)).write_parquet(folder)
    return read_sample(folder.parent, id_column="id")


GIVEN = {
    "age": {"decision": "given", "answer": {"value": 68}},
    "sex": {"decision": "missing", "reason": "unreadable"},
    "onset": {"decision": "given", "answer": {"value": "2024"}},
    "seen": {"decision": "given", "answer": "2025-03-05"},
    "fever": {"decision": "missing", "reason": "denied"},
    "temperature": {"decision": "given", "answer": {"value": 38.5}},
    "signs": {"decision": "given", "answer": [{"value": "toux", "assertion": "present"}]},
    "events": {"decision": "given", "answer": []},
}


def both_arms(run, **changes):
    """d0 blind, d1 with the model's answers."""
    content = corrections_of(run, {"d0": GIVEN | changes, "d1": {}})
    del content["documents"][0]["inclusion_probability"], content["documents"][0]["stratum"]
    return content


def test_gold_keeps_the_arm_and_what_blind_readers_gave(run, tmp_path):
    drawn = blind_sample(tmp_path, ["blind", "assisted", "blind", "assisted", "blind"])
    gold = gold_of(run, tmp_path, both_arms(run), sample=drawn)
    found = pl.from_arrow(gold.table)
    assert dict(found.select("id", "arm").iter_rows()) == {"d0": "blind", "d1": "assisted"}
    row = found.row(0, named=True)
    assert (row["age"], row["sex"], row["sex__missing"], row["fever__missing"]) == (68, None, "unreadable", "denied")
    assert (row["events"], row["stratum"], row["weight"]) == ([], "all", 10.0)
    assert gold.agreement.as_values()["fields"]["age"] == {
        "reviewed": 2, "blind": 1, "accepted": 1, "corrected": 0, "missing": 0, "share_accepted": 1.0
    }  # fmt: skip


def test_a_field_that_a_blind_reader_left_open_is_no_null(run, tmp_path):
    """The document is not reviewed, as one that was shown the model's answers."""
    content = both_arms(run)
    del content["documents"][0]["fields"]["sex"]
    gold = gold_of(run, tmp_path, content, sample=blind_sample(tmp_path, ["blind"] + ["assisted"] * 4))
    assert gold.table["id"].to_pylist() == ["d1"]
    assert gold.agreement.as_values()["reviews"][0]["begun"] == 2


@pytest.mark.parametrize(
    ("arms", "decided", "words"),
    [
        ("blind", {"decision": "accepted"}, "held no answer of the model to accept"),
        ("blind", {"decision": "corrected", "answer": {"value": 3}}, "held no answer of the model to accept"),
        ("assisted", {"decision": "given", "answer": {"value": 3}}, "but its page showed one"),
    ],
)
def test_a_decision_that_its_arm_cannot_take_is_refused(run, tmp_path, arms, decided, words):
    content = both_arms(run, age=decided) if arms == "blind" else corrections_of(run, {"d0": {"age": decided}})
    with pytest.raises(DataError, match=words):
        gold_of(run, tmp_path, content, sample=blind_sample(tmp_path, [arms] + ["assisted"] * 4))


def test_only_a_blind_document_may_come_without_its_probability(run, tmp_path):
    content = corrections_of(run, {"d0": {}})
    del content["documents"][0]["inclusion_probability"]
    with pytest.raises(DataError, match="inclusion_probability"):
        gold_of(run, tmp_path, content)


# --- The browser ---


@pytest.mark.slow
def test_a_blind_reader_fills_in_every_field_at_the_keyboard(telling, tmp_path, reader):
    from selenium.webdriver.common.keys import Keys

    fields = ["age", "sex", "fever", "events"]
    review(tmp_path / "run", tmp_path / "blind", rows=4, blind=True, fields=fields)
    reader.open(tmp_path / "blind" / "review.html")
    assert reader.see(".value") == ["à remplir"] * 4
    assert reader.see("#place") == ["document 1 sur 4 · en aveugle"]
    assert reader.see("mark") == reader.see(".confidence") == reader.see("#rest") == []
    reader.type("a", "A")  # nothing to accept
    assert reader.see("#message") == ["Lecture en aveugle : répondez (c), ou marquez manquant (m)."]
    assert reader.see("#count") == ["0 / 4 relus"]
    reader.type("c", Keys.ENTER)  # no answer is none
    assert reader.see(".complaint") == ["Un nombre entier."]
    reader.type("67", Keys.ENTER)
    reader.type("c", Keys.ENTER)
    assert reader.see(".complaint") == ["Choisissez."]
    reader.type("2", Keys.ENTER)
    reader.type("m", Keys.ENTER)  # why fever is missing must be said
    assert reader.see(".complaint") == ["Choisissez."]
    reader.type("2", Keys.ENTER)
    assert reader.see(".field.missing .value") == ["nié par le texte"]
    reader.type("c", "grippe", Keys.ENTER)  # whether there is a date and a number of cases must be said
    assert reader.see(".complaint") == ["Choisissez."]
    reader.do(
        "for (const one of document.querySelectorAll('.member > select')) "
        "{ one.value = '0'; one.dispatchEvent(new Event('change', {bubbles: true})); }"
    )
    reader.type(Keys.ENTER)
    assert reader.see(".field .verdict") == ["répondu", "répondu", "marqué manquant", "répondu"]
    assert reader.see("#count") == ["1 / 4 relus"]
    reader.driver.find_element("id", "reviewer").send_keys("Zoë Ådám", Keys.ENTER)
    reader.driver.find_element("id", "save").click()
    (file,) = reader.saved()
    assert "-zoe-adam-" in file.name
    review(tmp_path / "run", tmp_path / "blind", corrections=[str(file)])
    (row,) = pl.read_parquet(tmp_path / "blind" / "gold.parquet").to_dicts()
    assert (row["age"], row["sex"], row["fever__missing"], row["arm"]) == (67, "M", "denied", "blind")
    assert row["events"] == [
        {"disease": "grippe", "when": None, "when__precision": None, "cases": None, "cases__missing": "not_stated"}
    ]
    assert row["reviewer"] == "Zoë Ådám"
    assert reader.complaints() == []
