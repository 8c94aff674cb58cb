"""Two readers who disagree: the page that shows it, what an adjudicator decides, and the consensus."""

# ruff: noqa: F811 (fixtures of another file)

import json

import polars as pl
import pytest

from glane.assess.review.adjudication import digest_of, read_adjudication, shown_readings
from glane.assess.review.corrections import read_corrections
from glane.assess.review.readings import read_readings
from glane.errors import ConfigError, DataError
from glane.settings import review_settings
from glane.task.task import load_task
from test_blind_review import GIVEN
from test_review import (
    TASK,
    chromium,  # noqa: F401  (a fixture)
    corrections_of,
    gold_of,
    reader,  # noqa: F401  (a fixture)
    review,
    run,  # noqa: F401  (a fixture)
    sample_of,
)

MALE = {"sex": {"decision": "corrected", "answer": "M"}}
OLD = {"age": {"decision": "corrected", "answer": {"value": 99}}}
SEEN = {
    "events": {"decision": "corrected", "answer": [{"disease": "GRIPPE", "when": "2025-03", "cases": {"value": 3}}]}
}


def two(run):
    """They disagree on the sex of d1, on age and sex of d3; d4 has one reader; d0's events differ in letters only."""
    first = corrections_of(run, {"d0": {}, "d1": MALE, "d3": OLD, "d4": {}})
    second = corrections_of(run, {"d0": SEEN, "d1": {}, "d3": {"sex": {"decision": "missing", "reason": "unreadable"}}})
    return first, second | {"reviewer": "Béa"}


def read(run, tmp_path, *contents):
    reviews = {}
    for place, content in enumerate(contents):
        path = tmp_path / f"r{place}.json"
        path.write_text(json.dumps(content))
        reviews[str(path)] = read_corrections(path, run=content["run"])
    rows = run.usable().collect()
    sample = sample_of(tmp_path)
    return read_readings(load_task(TASK), rows, sample, reviews, id_column="id"), sample, reviews


def decided(run, tmp_path, settled, **changes):
    """The file of an adjudicator of `two`."""
    readings, sample, _ = read(run, tmp_path, *two(run))
    content = corrections_of(run, {}) | {
        "reviewer": "Cyr", "adjudicates": digest_of(shown_readings(readings, sample)), "sampled": 2,
        "documents": [{"id": key, "fields": fields} for key, fields in settled.items()],
    }  # fmt: skip
    path = tmp_path / "settled.json"
    path.write_text(json.dumps(content | changes))
    return str(path)


def consensus_of(run, tmp_path, adjudicated=None, contents=None):
    from glane.assess.review.gold import make_gold

    _, sample, reviews = read(run, tmp_path, *(contents or two(run)))
    rows = run.usable().collect()
    return make_gold(load_task(TASK), rows, sample, reviews, id_column="id", adjudicated=adjudicated)


def sources(gold, field):
    return dict(pl.from_arrow(gold.table).select("id", f"{field}__source").iter_rows())


# --- What is in dispute ---


def test_disputes_are_by_the_rule_of_the_field(run, tmp_path):
    readings, sample, _ = read(run, tmp_path, *two(run))
    assert readings.disputes() == {"d1": ("sex",), "d3": ("age", "sex")}
    shown = shown_readings(readings, sample)
    assert sorted(json.dumps(one) for one in shown["d1"]["sex"]) == [
        '{"decision": "given", "answer": "F"}', '{"decision": "given", "answer": "M"}'
    ]  # fmt: skip
    assert {"decision": "missing", "reason": "unreadable"} in shown["d3"]["sex"]
    assert {"decision": "given", "answer": {"value": 99}} in shown["d3"]["age"]


def test_the_page_does_not_tell_whose_reading_is_whose(run, tmp_path):
    """The order of the files changes nothing, and readings do not stand in the order of their readers."""
    first, second = two(run)
    readings, sample, _ = read(run, tmp_path, first, second)
    turned, _, _ = read(run, tmp_path, second, first)
    assert shown_readings(readings, sample) == shown_readings(turned, sample)
    places = set()
    for seed in range(12):
        shown = shown_readings(readings, sample, seed=seed)
        places.add(shown["d1"]["sex"].index({"decision": "given", "answer": "M"}))
    assert places == {0, 1}
    assert "Béa" not in json.dumps(shown)


def test_three_readers_give_each_different_reading_once(run, tmp_path):
    first, second = two(run)
    third = corrections_of(run, {"d1": MALE, "d3": OLD | MALE}, reviewer="Cyr")
    readings, sample, _ = read(run, tmp_path, first, second, third)
    shown = shown_readings(readings, sample)
    assert len(shown["d1"]["sex"]) == 2
    assert len(shown["d3"]["age"]) == 2


def test_readings_within_a_tolerance_that_do_not_all_agree_are_all_shown(tmp_path):
    from types import SimpleNamespace

    from conftest import SMALL_TASK
    from glane.assess.review.readings import Readings

    task = load_task({**SMALL_TASK, "fields": {"a": {"type": "number", "compare": {"tolerance": 1}}}})
    values = {name: {"d0": {"a": one}} for name, one in (("x", 1.0), ("y", 2.0), ("z", 3.0))}
    readings = Readings(fields=task.fields, kept={}, values=values)
    assert readings.disputes() == {"d0": ("a",)}
    shown = shown_readings(readings, SimpleNamespace(drawn={"d0": None}))
    assert sorted(one["answer"] for one in shown["d0"]["a"]) == [1.0, 2.0, 3.0]


# --- The consensus ---


def test_without_an_adjudicator_the_first_file_counts_and_that_is_told(run, tmp_path):
    from glane.assess.review.gold import write_gold

    gold = consensus_of(run, tmp_path)
    assert sources(gold, "sex") == {"d0": "agreed", "d1": "first_reader", "d3": "first_reader", "d4": "one_reader"}
    assert sources(gold, "age") == {"d0": "agreed", "d1": "agreed", "d3": "first_reader", "d4": "one_reader"}
    found = pl.from_arrow(gold.table)
    assert found.filter(pl.col("id") == "d3")["age"].to_list() == [99]
    line = write_gold(tmp_path / "gold", gold)
    assert "readers disagree on 3 fields of 2 documents, and nothing settles it: there the first file counts" in line
    assert "99" not in line


def test_what_the_adjudicator_decided_counts(run, tmp_path):
    settled = {
        "d1": {"sex": {"decision": "given", "answer": "F"}},
        "d3": {
            "age": {"decision": "given", "answer": {"value": 41}},
            "sex": {"decision": "missing", "reason": "uncertain"},
        },
    }
    gold = consensus_of(run, tmp_path, decided(run, tmp_path, settled))
    assert gold.unsettled == {}
    assert sources(gold, "sex") == {"d0": "agreed", "d1": "adjudicated", "d3": "adjudicated", "d4": "one_reader"}
    rows = {row["id"]: row for row in pl.from_arrow(gold.table).to_dicts()}
    assert (rows["d1"]["sex"], rows["d3"]["age"], rows["d3"]["sex"], rows["d3"]["sex__missing"]) == (
        "F", 41, None, "uncertain"
    )  # fmt: skip
    assert {key: row["reviewer"] for key, row in rows.items()} == {
        "d0": "Ada, Béa", "d1": "Ada, Béa, Cyr", "d3": "Ada, Béa, Cyr", "d4": "Ada"
    }  # fmt: skip
    assert gold.agreement.together["sex"].differ == ("d1", "d3")  # agreement is that of the readers before


def test_a_reading_that_is_chosen_is_taken_as_it_was(run, tmp_path):
    """Also one that the task would not let anybody write: what the run says, and a reader accepted."""
    readings, sample, _ = read(run, tmp_path, *two(run))
    row = readings.values[str(tmp_path / "r0.json")]["d3"]
    row["age"], row["age__missing"] = None, None
    shown = shown_readings(readings, sample)
    nothing = {"decision": "given", "answer": None}
    assert nothing in shown["d3"]["age"]
    content = corrections_of(run, {}) | {
        "reviewer": "Cyr", "adjudicates": digest_of(shown), "sampled": 2,
        "documents": [{"id": "d3", "fields": {"age": nothing}}],
    }  # fmt: skip
    (tmp_path / "c.json").write_text(json.dumps(content))
    found = read_adjudication(str(tmp_path / "c.json"), readings, sample, run=content["run"])
    assert found.values == {"d3": {"age": {"age": None, "age__missing": None}}}


def test_what_is_not_settled_yet_is_told(run, tmp_path):
    gold = consensus_of(run, tmp_path, decided(run, tmp_path, {"d1": {"sex": {"decision": "given", "answer": "F"}}}))
    assert gold.unsettled == {"d3": ("age", "sex")}
    assert sources(gold, "sex")["d3"] == "first_reader"
    assert sources(gold, "sex")["d1"] == "adjudicated"


def test_gold_of_one_file_has_no_sources(run, tmp_path):
    gold = gold_of(run, tmp_path, two(run)[0])
    assert not [name for name in gold.table.column_names if name.endswith("__source")]
    assert gold.unsettled == {}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"adjudicates": None}, "holds the corrections of a reader"),
        ({"adjudicates": "0" * 32}, "decides on other readings"),
        ({"documents": [{"id": "d0", "fields": {"sex": {"decision": "given", "answer": "F"}}}]}, "nothing to adjudicate"),
        ({"documents": [{"id": "d1", "fields": {"sex": {"decision": "accepted"}}}]}, "nothing to adjudicate"),
        ({"documents": [{"id": "d1", "fields": {"sex": {"decision": "given", "answer": "X"}}}]}, "field sex: none of the values"),
    ],
)  # fmt: skip
def test_a_file_that_settles_something_else_is_refused(run, tmp_path, changes, words):
    path = decided(run, tmp_path, {}, **changes)
    with pytest.raises(DataError, match=words):
        consensus_of(run, tmp_path, path)


def test_an_adjudicators_file_is_no_readers(run, tmp_path):
    path = decided(run, tmp_path, {})
    content = json.loads((tmp_path / "settled.json").read_text())
    with pytest.raises(DataError, match=r"is of an adjudicator. Give it as adjudicated="):
        consensus_of(run, tmp_path, contents=[content, two(run)[1]])
    assert path.endswith("settled.json")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"adjudicate": ["a.json"]}, "two readers or more"),
        ({"adjudicate": ["a.json", "a.json"]}, "two readers or more"),
        ({"adjudicate": ["a.json", "b.json"], "corrections": ["a.json"]}, "stands without corrections"),
        ({"adjudicated": "c.json"}, "goes with corrections"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(told, words):
    with pytest.raises(ConfigError, match=words):
        review_settings({"run": {"dir": "a"}, "out": {"dir": "b"}} | told)


# --- The job and the page ---


def drawn(run, tmp_path, *, blind=False):
    """The job's own sample of all documents, and two readers' files of it."""
    out = tmp_path / "out"
    review(tmp_path / "run", out, rows=5, blind=blind)
    files = []
    for content in two(run):
        for document in content["documents"]:
            if blind:
                del document["inclusion_probability"], document["stratum"]
                edited = {key: one for key, one in document["fields"].items() if one["decision"] != "accepted"}
                given = {key: one | {"decision": "given"} if "answer" in one else one for key, one in edited.items()}
                document["fields"] = GIVEN | {"sex": {"decision": "given", "answer": "F"}} | given
            else:
                document["inclusion_probability"] = 1.0
        files.append(tmp_path / f"{content['reviewer']}.json")
        files[-1].write_text(json.dumps(content))
    return out, [str(one) for one in files]


def data_of(page):
    return json.loads(page.read_text().split('id="data">')[1].split("</script>")[0])


@pytest.mark.parametrize("blind", [False, True])
def test_the_page_holds_what_differs_and_nothing_else(run, tmp_path, blind, capsys):
    out, files = drawn(run, tmp_path, blind=blind)
    review(tmp_path / "run", out, adjudicate=files)
    said = capsys.readouterr().out
    documents = {one["id"]: one for one in data_of(out / "adjudication.html")["documents"]}
    found = {key: list(one["readings"]) for key, one in documents.items()}
    assert {key: found[key] for key in ("d1", "d3")} == {"d1": ["sex"], "d3": ["age", "sex"]}
    assert "d4" not in documents
    assert all(set(one) == {"id", "text", "context", "blind", "readings"} for one in documents.values())
    for name in ("Ada", "Béa"):
        assert name not in (out / "adjudication.html").read_text()
    num = sum(len(one["readings"]) for one in documents.values())
    assert f"{num} fields of {len(documents)} documents on which readers disagree" in said


def test_readers_who_agree_leave_nothing_to_adjudicate(run, tmp_path, capsys):
    out, files = drawn(run, tmp_path)
    same = json.loads((tmp_path / "Ada.json").read_text()) | {"reviewer": "Cyr", "saved": "2025-01-02T00:00:00Z"}
    (tmp_path / "same.json").write_text(json.dumps(same))
    review(tmp_path / "run", out, adjudicate=[files[0], str(tmp_path / "same.json")])
    assert "there is nothing to adjudicate" in capsys.readouterr().out
    assert not (out / "adjudication.html").exists()


@pytest.mark.slow
def test_an_adjudicator_decides_at_the_keyboard(run, tmp_path, reader):
    from selenium.webdriver.common.keys import Keys

    out, files = drawn(run, tmp_path)
    review(tmp_path / "run", out, adjudicate=files)
    page = out / "adjudication.html"
    documents = data_of(page)["documents"]
    reader.open(page)
    assert reader.see(".documents .id") == [one["id"] for one in documents]
    while reader.see("#title") != ["d1"]:
        reader.type("n")
    assert reader.see(".field h3") == ["sex"]
    assert reader.see("#place")[0].endswith("désaccord à trancher")
    assert sorted(reader.see(".candidate .value")) == ["F", "M"]
    assert reader.see("mark") == reader.see(".confidence") == []
    reader.type("a")
    assert reader.see("#message") == ["Choisissez une lecture par son numéro, ou répondez autrement (c)."]
    chosen = reader.see(".candidate .value").index("F")
    reader.type(str(chosen + 1))
    assert reader.see(".field.given > .value") == ["F"]
    while reader.see("#title") != ["d3"]:
        reader.type("n")
    assert reader.see(".field h3") == ["age", "sex"]
    reader.type("c", "41", Keys.ENTER, "m", "3", Keys.ENTER)  # neither of the readings
    assert reader.see(".field .verdict") == ["répondu", "marqué manquant"]
    assert reader.see("#count") == ["2 / 2 relus"]
    reader.driver.find_element("id", "reviewer").send_keys("Cyrille Éluard", Keys.ENTER)
    reader.driver.find_element("id", "save").click()
    (file,) = reader.saved()
    assert file.name.startswith("adjudication-visit-cyrille-eluard-")
    assert reader.complaints() == []
    review(tmp_path / "run", out, corrections=files, adjudicated=str(file))
    rows = {row["id"]: row for row in pl.read_parquet(out / "gold.parquet").to_dicts()}
    assert (rows["d1"]["sex"], rows["d1"]["sex__source"]) == ("F", "adjudicated")
    assert (rows["d3"]["age"], rows["d3"]["sex__missing"], rows["d3"]["reviewer"]) == (
        41, "uncertain", "Ada, Béa, Cyrille Éluard"
    )  # fmt: skip


# --- Narrow windows, and paper ---


def pages_of(run, tmp_path):
    """A page with the model's answers, one without, and one of an adjudicator."""
    out, files = drawn(run, tmp_path)
    review(tmp_path / "run", out, adjudicate=files)
    review(tmp_path / "run", tmp_path / "blind", rows=5, blind=True)
    return [out / "review.html", tmp_path / "blind" / "review.html", out / "adjudication.html"]


@pytest.mark.slow
def test_the_pages_work_in_a_window_of_360_pixels(run, tmp_path, reader):
    reader.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
    )
    for page in pages_of(run, tmp_path):
        reader.open(page)
        assert reader.do("return innerWidth") == 360
        assert reader.do("return document.documentElement.scrollWidth") <= 360
        wide = (
            "return [...document.querySelectorAll('button, input, textarea, select, .field, #text, h1')]"
            ".filter((one) => one.checkVisibility() && !one.closest('.skip, [hidden], dialog'))"
            ".map((one) => [one.id || one.className || one.tagName, one.getBoundingClientRect().right])"
            ".filter(([, right]) => right > 361)"
        )
        assert reader.do(wide) == []
        for _ in range(len(data_of(page)["documents"])):
            for name in reader.see(".field h3"):
                reader.do(
                    "[...document.querySelectorAll('.field')].find((one) => one.dataset.field === arguments[0]).click()",
                    name,
                )
                reader.type("c")
                assert reader.do(wide) == [], name
                assert reader.do("return document.documentElement.scrollWidth") <= 360, name
                reader.do("document.querySelector('.field form .buttons button:not(.main)').click()")
            reader.type("n")
        assert reader.complaints() == []


@pytest.mark.slow
def test_every_document_is_printed_on_every_page(run, tmp_path, reader):
    for page in pages_of(run, tmp_path):
        reader.open(page)
        data = data_of(page)
        reader.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        reader.do("window.dispatchEvent(new Event('beforeprint'))")
        assert reader.see("#printed h2") == [one["id"] for one in data["documents"]]
        texts = reader.do("return [...document.querySelectorAll('#printed .text')].map((one) => one.textContent)")
        assert texts == [one["text"] for one in data["documents"]]
        fields = sum(len(one.get("readings", data["fields"])) for one in data["documents"])
        assert len(reader.see("#printed .field h3")) == fields
        is_blind = [one.get("blind", False) for one in data["documents"]]
        assert (len(reader.see("#printed .to-answer")) > 0) == any(is_blind)
        assert reader.see("main") == reader.see(".bar") == []
        reader.do("window.dispatchEvent(new Event('afterprint'))")
        assert reader.see("#printed h2") == []
        reader.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
        assert reader.complaints() == []
    assert len(reader.driver.print_page()) > 1000
