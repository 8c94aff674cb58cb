"""From documents to a corrected figure, as an analyst goes: run, sample, review in a browser, gold, measures, estimates.

The reviewer is a script at a real browser's keyboard and mouse that knows the right answers of the synthetic corpus.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

import glane
from conftest import ROOT, execute_notebook, extract_here, job, make_settings, plots_of
from glane.assess.estimate.estimate import estimate
from glane.assess.estimate.question import Question, with_weights
from glane.assess.share_estimators import gold_only
from glane.demo.marks import FIELDS
from test_review import Reader, chromium  # noqa: F401  (a fixture)

pytestmark = [pytest.mark.engine, pytest.mark.ray, pytest.mark.slow]

ROWS = {"random": 120, "uncertain": 60}  # documents of each sample
SEED = 1  # of every draw
SIGNS = ("fever", "cough", "dyspnea", "vomiting", "diarrhea")
SYNDROMES = ("syndrome_grippal", "gastro_enterite", "traumatisme", "autre")
FIGURES = [  # what is estimated: a field, and the value whose share is asked for, or its mean
    *((sign, "true") for sign in SIGNS), *(("syndrome", value) for value in SYNDROMES), ("comorbidities", "hta"),
    ("temperature", "mean"),
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The folders of the chain, as an analyst's `runs/` would hold them."""

    run: Path
    corpus: Path
    folder: Path

    def __call__(self, name: str, *arguments: str, **options: Any) -> str:
        """A job on this run."""
        out: str = job(*arguments, f"run.dir={self.run}", name=name, cwd=self.folder, **options).stdout
        return out

    def gold(self) -> pl.DataFrame:
        return pl.read_parquet(self.corpus / "gold.parquet")


class Reviewer:
    """Who answers each field of a page as the right answers say: accepts, corrects, or marks as missing."""

    def __init__(self, reader: Any, gold: pl.DataFrame) -> None:
        self.reader = reader
        self.gold = {row["id"]: row for row in gold.iter_rows(named=True)}
        self.waiting: list[str] = []  # keys not typed yet: one call of the browser for many

    def review(self, page: Path, *, name: str) -> Path:
        """Review all documents of a page, and return the file that it saves."""
        from selenium.webdriver.common.keys import Keys

        known = set((self.reader.folder / "saved").glob("*.json"))
        self.reader.open(page)
        data = json.loads(self.reader.do("return document.getElementById('data').textContent"))
        self.reader.driver.find_element("id", "reviewer").click()
        self.type(*name, Keys.ENTER)
        for place, document in enumerate(data["documents"]):
            decisions = {
                field: self.decision(schema, field, document["fields"][field]["answer"], self.gold[document["id"]])
                for field, schema in data["fields"].items()
            }
            if place % 5 == 0:  # field by field, at the keyboard
                for field, (kind, answer) in decisions.items():
                    self.decide(data["fields"][field], kind, answer)
            else:  # what is wrong, by the mouse, and the rest at once
                for field, (kind, answer) in decisions.items():
                    if kind != "accept":
                        self.flush()
                        self.reader.driver.find_element("css selector", f".field[data-field={field}] h3").click()
                        self.decide(data["fields"][field], kind, answer)
                self.type("A")
                self.flush()
                # What is marked is not accepted at once, but one by one.
                self.type(*"a" * self.reader.do("return document.querySelectorAll('.field.open').length"))
            self.type("n")
        self.type("s")
        self.flush()
        assert self.reader.see("#count") == [f"{len(data['documents'])} / {len(data['documents'])} relus"]
        deadline = time.monotonic() + 20
        while not (new := set((self.reader.folder / "saved").glob("*.json")) - known):
            assert time.monotonic() < deadline, "nothing was saved"
            time.sleep(0.1)
        return new.pop()

    def decision(self, schema: Mapping[str, Any], field: str, shown: Any, right: Mapping[str, Any]) -> tuple[str, Any]:
        """What to do about a field that shows this answer."""
        reason = shown.get("missing") if isinstance(shown, dict) else None
        value = shown.get("value") if isinstance(shown, dict) else shown
        truth = right[field]
        if truth in (None, []):
            wanted = right[f"{field}__missing"]
            return ("accept", None) if value in (None, []) and reason == wanted else ("missing", wanted)
        if schema["type"] == "list":
            return ("accept", None) if sorted(value or []) == sorted(truth) else ("correct", truth)
        truth = str(truth) if schema["type"] == "date" else truth
        return ("accept", None) if value == truth else ("correct", truth)

    def decide(self, schema: Mapping[str, Any], kind: str, answer: Any) -> None:
        from selenium.webdriver.common.keys import Keys
        from selenium.webdriver.support.select import Select

        if kind == "accept":
            return self.type("a")
        if kind == "missing":
            return self.type("m", str(schema["missing"].index(answer) + 1), Keys.ENTER)
        self.type("c")
        if schema["type"] in ("boolean", "enum"):
            choices = [True, False] if schema["type"] == "boolean" else schema["values"]
            return self.type(str(choices.index(answer) + 1), Keys.ENTER)
        if schema["type"] == "list":
            self.flush()
            find = self.reader.driver.find_elements
            for button in find("css selector", ".list-editor .rows button"):
                button.click()
            for item in answer:
                find("css selector", ".list-editor > button")[0].click()
                Select(find("css selector", ".list-editor select")[-1]).select_by_visible_text(item)
            find("css selector", "#fields form .buttons .main")[0].click()
            return None
        if schema["type"] == "date":  # as it is written here
            year, month, day = answer.split("-")
            answer = f"{day}/{month}/{year}"
        return self.type(*str(answer).replace(".", "," if schema["type"] == "number" else "."), Keys.ENTER)

    def type(self, *keys: str) -> None:
        self.waiting += keys

    def flush(self) -> None:
        from selenium.webdriver import ActionChains

        ActionChains(self.reader.driver).send_keys(*self.waiting).perform()
        self.waiting.clear()


@pytest.fixture(scope="module")
def chain(demo_run: Path, demo_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return Chain(run=demo_run, corpus=demo_corpus, folder=tmp_path_factory.mktemp("chain"))


@pytest.fixture(scope="module")
def reviewed(chain: Chain, chromium: Any) -> Chain:  # noqa: F811
    """Both samples drawn, reviewed in the browser, and turned into gold."""
    for method, rows in ROWS.items():
        chain("review", f"out.dir={method}", f"sample={method}", f"rows={rows}", f"seed={SEED}")
    reader = Reader(chromium, chain.folder)
    try:
        reviewer = Reviewer(reader, chain.gold())
        for method in ROWS:
            file = reviewer.review(chain.folder / method / "review.html", name="Zoé")
            file.rename(chain.folder / f"{method}.json")
        pages = {(chain.folder / method / "review.html").as_uri() for method in ROWS}
        assert {url for url in reader.requests() if not url.startswith(("data:", "blob:"))} == pages
        assert reader.complaints() == []
    finally:
        reader.driver.quit()
    for method in ROWS:
        chain("review", f"out.dir={method}", f"corrections={method}.json")
    return chain


@pytest.fixture(scope="module")
def evaluated(reviewed: Chain) -> Chain:
    """Measured against all right answers, and against those of the random sample alone."""
    gold = f"gold={reviewed.corpus}/gold.parquet"
    spans = f"spans={reviewed.corpus}/gold_spans.parquet"
    reviewed("evaluate", gold, spans, "by=[hospital]", "out.dir=evaluation", "bootstrap.samples=200")
    reviewed("evaluate", "gold=random/gold.parquet", "out.dir=of_review", "bootstrap.samples=200")
    reviewed("calibrate", "values=of_review/values.parquet", "out.dir=calibration", "alpha=0.1")
    return reviewed


def read_json(path: Path) -> Any:
    return json.loads(path.read_text())


@pytest.mark.parametrize("method", ROWS)
def test_what_was_reviewed_is_the_truth(reviewed: Chain, method: str) -> None:
    folder = reviewed.folder / method
    found, sample = pl.read_parquet(folder / "gold.parquet"), pl.read_parquet(folder / "sample.parquet")
    assert found["id"].to_list() == sample["id"].to_list()
    assert found["weight"].to_list() == pytest.approx(sample["weight"].to_list())
    assert set(found["reviewer"]) == {"Zoé"}
    right = sample.select("id").join(reviewed.gold(), on="id", maintain_order="left")
    for name in FIELDS:
        ours, truth = found[name].cast(right.schema[name]), right[name]
        if isinstance(truth.dtype, pl.List):
            assert ours.list.sort().to_list() == truth.list.sort().to_list(), name
        else:
            assert ours.to_list() == truth.to_list(), name
        reasons = f"{name}__missing"
        assert found[reasons].to_list() == (
            right[reasons].to_list() if reasons in right.columns else [None] * len(right)
        )
    counts = read_json(folder / "agreement.json")["fields"]
    assert all(sum(one[kind] for kind in ("accepted", "corrected", "missing")) == len(right) for one in counts.values())
    for kind in ("corrected", "missing"):  # the model does err, and the script did correct it
        assert sum(one[kind] for one in counts.values()) > 0


def test_the_reviewed_sample_measures_what_the_whole_corpus_does(evaluated: Chain) -> None:
    whole, part = (read_json(evaluated.folder / name / "evaluation.json") for name in ("evaluation", "of_review"))
    assert whole["documents"]["compared"] == 400
    assert part["documents"]["compared"] == ROWS["random"]
    f1 = whole["overall"]["micro"]["f1"]
    low, high = part["overall"]["micro"]["f1_ci95"]
    print(f"micro-F1 {f1:.4f} of all, {part['overall']['micro']['f1']:.4f} [{low:.4f}, {high:.4f}] of the reviewed")
    assert f1 >= 0.94
    assert abs(part["overall"]["micro"]["f1"] - f1) < 0.03
    assert low <= f1 <= high
    assert set(whole["by"]["hospital"]) == set(pl.read_parquet(evaluated.corpus / "documents.parquet")["hospital"])


def test_what_is_accepted_without_review_is_right_as_often_as_promised(evaluated: Chain) -> None:
    """Judged on the reviewed sample, checked on the documents that nobody reviewed."""
    accepted = pl.read_parquet(evaluated.folder / "calibration" / "accepted.parquet")
    rest = pl.read_parquet(evaluated.folder / "calibration" / "to_review.parquet")
    values = pl.read_parquet(evaluated.folder / "evaluation" / "values.parquet")
    verdicts = values.filter(pl.col("predicted").is_not_null()).select(
        "id", "field", pl.col("predicted_item").alias("item"), pl.col("verdict") == "correct"
    )
    seen = pl.read_parquet(evaluated.folder / "random" / "sample.parquet")["id"]
    unseen = accepted.filter(pl.col("source") == "accepted")
    judged = unseen.join(verdicts, on=["id", "field", "item"], how="left", nulls_equal=True)
    assert judged["verdict"].null_count() == 0
    assert not set(judged["id"]) & set(seen)
    categories = pl.when(pl.col("field").is_in([*SIGNS, "syndrome", "comorbidities", "sex", "disposition"])).then(
        "value"
    )
    risks = judged.group_by("field", categories.alias("of")).agg((~pl.col("verdict")).mean().alias("wrong"), pl.len())
    share = unseen.height / (unseen.height + rest.height)
    print(
        f"{share:.1%} of values accepted, in {risks.height} groups; at most {risks['wrong'].max():.1%} of a group wrong"
    )
    assert risks.height >= 2  # of what few documents tell nothing can be promised, with so few judged
    assert share > 0.15
    assert risks["wrong"].max() <= 0.1


def test_corrected_figures_hold_the_truth(reviewed: Chain) -> None:
    """Eleven figures by the job, from the plain random sample."""
    gold = "gold=random/gold.parquet"
    reviewed("estimate", "-m", f"field={','.join(SIGNS)}", "out.dir=estimates/${field}_true", gold)
    reviewed(
        "estimate",
        "-m",
        "field=syndrome",
        f"value={','.join(SYNDROMES)}",
        "out.dir=estimates/syndrome_${value}",
        gold,
    )
    reviewed("estimate", "field=comorbidities", "value=hta", "out.dir=estimates/comorbidities_hta", gold)
    reviewed("estimate", "what=mean", "field=temperature", "out.dir=estimates/temperature_mean", gold)
    found = {
        (field, value): pl.read_parquet(reviewed.folder / "estimates" / f"{field}_{value}" / "estimates.parquet")
        for field, value in FIGURES
    }
    assert len(missed(found, reviewed, rows=ROWS["random"])) <= 1


def test_corrected_figures_hold_the_truth_though_doubtful_documents_were_drawn_more_often(reviewed: Chain) -> None:
    """The same shares from the other sample, whose weights differ by more than ten times."""
    gold = with_weights(
        pl.read_parquet(reviewed.folder / "uncertain" / "gold.parquet"), weight=None, inclusion_probability=None
    )
    run = glane.open_run(reviewed.run).usable().collect()
    found = {}
    for field, value in FIGURES:
        if value == "mean":
            continue  # of 60 documents too few tell the temperature
        estimates = estimate(run, gold, Question(what="prevalence", field=field, value=value), id_column="id").estimates
        found[field, value] = pl.DataFrame([asdict(one) for one in estimates])
    assert len(missed(found, reviewed, rows=ROWS["uncertain"])) <= 1


def test_weights_undo_the_draw_of_doubtful_documents(reviewed: Chain) -> None:
    """The share of documents with an error: far too high in that sample, and right when it is weighted."""
    gold = reviewed.gold()
    run = glane.open_run(reviewed.run).usable().collect().select("id", *FIELDS)
    run = run.with_columns(pl.col(name).cast(gold.schema[name]) for name in FIELDS)
    lists = [name for name in FIELDS if isinstance(gold.schema[name], pl.List)]
    both = run.join(gold, on="id", suffix="_gold").with_columns(
        pl.col(*lists, *(f"{name}_gold" for name in lists)).list.sort()
    )
    errs = both.select("id", err=pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_gold")) for name in FIELDS))
    sample = errs.join(pl.read_parquet(reviewed.folder / "uncertain" / "sample.parquet"), on="id")
    truth = errs["err"].mean()
    known = gold_only(sample["err"].cast(pl.Float64).to_numpy(), sample["weight"].to_numpy(), 0.95)
    print(f"documents with an error: {truth:.3f}, drawn {sample['err'].mean():.3f}, weighted {known}")
    assert sample["weight"].max() > 10 * sample["weight"].min()
    assert sample["err"].mean() > truth + 0.1
    assert known.low <= truth <= known.high


def missed(found: Mapping[tuple[str, str], pl.DataFrame], chain: Chain, *, rows: int) -> list[tuple[str, str]]:
    """The figures whose interval of 95 % does not hold the truth: one of ten or eleven may.

    Every draw has its seed, the first that was tried, so the outcome is the same every time, but for rare tokens of the
    model. A sound interval misses 1 of 20 times at most; here less, since it takes the 400 documents for a sample of more
    although a good part of them was reviewed. Were the figures independent, and did each miss as often as it may, two of
    eleven or more would miss for 1 seed of 10. How often intervals hold, over many draws, is what test_estimate.py is
    about; this is about the chain: weights, nulls, lists and categories on their way through it.
    """
    gold, misses = chain.gold(), []
    for (field, value), table in found.items():
        (one,) = table.to_dicts()
        truth = true_figure(gold[field], value)
        print(
            f"{field} {value}: {truth:.4f}, estimated {one['estimate']:.4f} [{one['low']:.4f}, {one['high']:.4f}] "
            f"({one['method']}), by the model alone {one['model']:.4f}"
        )
        assert (one["n_gold"], one["n_run"]) == (rows, gold.height)
        if not one["low"] <= truth <= one["high"]:
            misses.append((field, value))
    return misses


def true_figure(truth: pl.Series, value: str) -> float:
    if value == "mean":
        return float(truth.mean())
    if isinstance(truth.dtype, pl.List):
        return float(truth.list.contains(value).fill_null(False).mean())
    return float((truth.cast(pl.String) == value).fill_null(False).mean())


@pytest.fixture(scope="module")
def compared(evaluated: Chain) -> Chain:
    """Beside another run over the same notes: one that answers at random."""
    task = yaml.safe_load((ROOT / "conf" / "task" / "ed_visit.yaml").read_text())
    other = evaluated.folder / "at_random"
    extract_here(make_settings(evaluated.corpus / "documents.parquet", other, task))
    job(f"runs=[{evaluated.run},{other}]", f"gold={evaluated.corpus}/gold.parquet", "out.dir=comparison",
        "bootstrap.samples=100", name="compare", cwd=evaluated.folder)  # fmt: skip
    return evaluated


def test_a_run_at_random_is_seen_to_be_worse(compared: Chain) -> None:
    (other,) = read_json(compared.folder / "comparison" / "comparison.json")["comparisons"]
    assert other["overall"]["micro"]["f1_difference"] < -0.5
    assert all(one["p_holm"] < 0.001 for one in other["fields"].values())


@pytest.mark.parametrize("name", ["02_evaluate", "03_review_and_calibrate", "04_estimate"])
def test_the_notebooks_tell_it(compared: Chain, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = compared.folder
    places = {
        "RUN": compared.run, "GOLD": compared.corpus / "gold.parquet", "EVALUATION": folder / "evaluation",
        "COMPARISON": folder / "comparison", "REVIEW": folder / "random", "CALIBRATION": folder / "calibration",
    }  # fmt: skip
    for key, place in places.items():
        monkeypatch.setenv(f"GLANE_{key}", str(place))
    assert len(plots_of(execute_notebook(name))) >= 4
