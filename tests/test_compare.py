"""Runs beside each other: differences, tests, agreement, what is refused, and the job."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from omegaconf import OmegaConf
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.contingency_tables import mcnemar

import glane
from conftest import SMALL_TASK, extract_here, job, job_here, make_settings, write_documents
from glane.assess.clusters import CLUSTER, cluster_numbers, numbers_for
from glane.assess.compare.candidates import Candidate, shared_fields
from glane.assess.compare.comparison import compare_runs
from glane.assess.compare.paired_test import paired_test, sign_flip_p
from glane.assess.compare.report import comparison_report
from glane.assess.compare.runs_table import cost_of, differing_settings, runs_table
from glane.assess.compare.terminal import comparison_text
from glane.assess.evaluate.measures import Chance
from glane.errors import ConfigError, DataError, RunError
from glane.run.energy_total import EnergyTotal
from glane.run.find import find_runs
from glane.run.summary import Flow, Summary, Tokens
from glane.settings import compare_settings
from glane.task.fields import Field, fields_from

NO_INTERVALS = Chance(samples=0)
ASKED = fields_from(
    {
        "sign": {"type": "enum", "values": ["a", "b", "c"]},
        "fever": {"type": "boolean"},
        "age": {"type": "integer"},
    },
    place="task.fields",
)


def candidate(name: str, rows: list[dict[str, Any]], fields: dict[str, Field] | None = None) -> Candidate:
    full = [{"id": f"d{place}", "status": "OK", **row} for place, row in enumerate(rows)]
    return Candidate(
        name=name,
        fields=fields or ASKED,
        rows=pl.LazyFrame(full, infer_schema_length=None),
        id_column="id",
        task="t 1",
        model="m",
    )


def answers(rng: Any, truth: list[dict[str, Any]], share_right: float) -> list[dict[str, Any]]:
    def other() -> dict[str, Any]:
        return {
            "sign": ["a", "b", "c", None][rng.integers(4)],
            "fever": [True, False, None][rng.integers(3)],
            "age": int(rng.integers(90)),
        }

    return [
        {name: value if rng.random() < share_right else other()[name] for name, value in row.items()} for row in truth
    ]


def drawn(size: int = 300) -> tuple[pl.DataFrame, list[list[dict[str, Any]]]]:
    """Right answers, and three runs of falling quality."""
    rng = np.random.default_rng(5)
    none = [{"sign": None, "fever": None, "age": None}] * size
    truth = answers(rng, none, 0.0)
    runs = [answers(rng, truth, share) for share in (0.9, 0.7, 0.69)]
    gold = pl.DataFrame([{"id": f"d{place}", **row} for place, row in enumerate(truth)], infer_schema_length=None)
    return gold, runs


def test_tests_and_agreement_are_those_of_the_libraries() -> None:
    gold, runs = drawn()
    candidates = [candidate(name, rows) for name, rows in zip("abc", runs, strict=True)]
    found = compare_runs(candidates, gold, chance=Chance(samples=300)).summary.as_values()
    truth = gold.to_dicts()
    tests = []
    for place, entry in enumerate(found["comparisons"], start=1):
        assert entry["run"] == "abc"[place]
        for name in ASKED:
            first = np.array([row[name] == right[name] for row, right in zip(runs[0], truth, strict=True)])
            other = np.array([row[name] == right[name] for row, right in zip(runs[place], truth, strict=True)])
            table = [[(first & other).sum(), (first & ~other).sum()], [(~first & other).sum(), (~first & ~other).sum()]]
            field = entry["fields"][name]
            assert field["p"] == pytest.approx(mcnemar(table, exact=True).pvalue)
            assert [field["only_first_right"], field["only_other_right"]] == [table[0][1], table[1][0]]
            tests.append(field)
            low, high = field["f1_difference_ci95"]
            assert low <= field["f1_difference"] <= high
        for name in ("sign", "fever"):
            kappa = cohen_kappa_score([str(row[name]) for row in runs[0]], [str(row[name]) for row in runs[place]])
            assert entry["fields"][name]["kappa"] == pytest.approx(kappa)
        assert "kappa" not in entry["fields"]["age"]
        equal = np.mean([a["age"] == b["age"] for a, b in zip(runs[0], runs[place], strict=True)])
        assert entry["fields"]["age"]["equal_share"] == pytest.approx(equal)
    # Holm: the smallest p times their number, and none below the one before.
    ordered = sorted(tests, key=lambda one: one["p"])
    assert ordered[0]["p_holm"] == pytest.approx(min(1, ordered[0]["p"] * len(tests)))
    corrected = [one["p_holm"] for one in ordered]
    assert corrected == sorted(corrected)
    assert all(one["p_holm"] >= one["p"] for one in tests)
    # The first is better than both, by the averages too.
    assert all(entry["overall"]["micro"]["f1_difference_ci95"][1] < 0 for entry in found["comparisons"])
    f1s = [run["overall"]["micro"]["f1"] for run in found["runs"]]
    assert found["comparisons"][0]["overall"]["micro"]["f1_difference"] == pytest.approx(f1s[1] - f1s[0])


def test_paired_intervals_are_narrower_than_those_of_unrelated_runs() -> None:
    """Two runs that err on the same documents differ little, and the interval says so."""
    rng = np.random.default_rng(2)
    gold, runs = drawn()
    nearly = [row if rng.random() < 0.9 else {**row, "age": 1000} for row in runs[1]]
    twins = compare_runs(
        [candidate("a", runs[1]), candidate("b", nearly)], gold, chance=Chance(samples=300)
    ).summary.as_values()
    others = compare_runs(
        [candidate("a", runs[1]), candidate("b", runs[2])], gold, chance=Chance(samples=300)
    ).summary.as_values()

    def width(summary: dict[str, Any]) -> float:
        low, high = summary["comparisons"][0]["overall"]["micro"]["f1_difference_ci95"]
        return float(high - low)

    assert width(twins) < width(others) / 2


def test_runs_that_say_the_same_have_no_difference_and_no_interval() -> None:
    gold, runs = drawn(40)
    found = compare_runs([candidate("a", runs[0]), candidate("b", runs[0])], gold, chance=Chance(samples=200))
    entry = found.summary.as_values()["comparisons"][0]
    assert entry["equal_share"] == 1.0
    assert entry["fields"]["sign"]["p_holm"] == 1.0
    assert entry["overall"]["micro"]["f1_difference"] == 0.0
    assert entry["overall"]["micro"]["f1_difference_ci95"] is None
    assert found.differences.is_empty()
    json.dumps(found.summary.as_values(), allow_nan=False)


def test_without_right_answers_there_is_agreement_only() -> None:
    first = [{"sign": "a", "fever": True, "age": 1}, {"sign": None, "fever": None, "age": None}]
    other = [{"sign": "a", "fever": False, "age": 1}, {"sign": None, "fever": None, "age": 2}]
    found = compare_runs([candidate("a", first), candidate("b", other)])
    entry = found.summary.as_values()["comparisons"][0]
    assert found.summary.as_values()["with_gold"] is False
    assert (entry["equal"], entry["equal_share"]) == (0, 0.0)
    assert entry["fields"]["sign"]["kappa"] == 1.0
    assert entry["fields"]["sign"]["equal_share"] == 1.0
    assert "p" not in entry["fields"]["sign"]
    rows = found.differences.drop("first_right", "other_right", "first_item", "other_item").rows()
    assert rows == [("d0", "b", "fever", "true", "false"), ("d1", "b", "age", None, "2")]
    assert found.summary.as_values()["documents_that_differ"][0] == {"run": "b", "id": "d0", "fields": ["fever"]}


def test_kappa_is_not_defined_where_all_is_one_category() -> None:
    rows = [{"sign": "a", "fever": True, "age": 1}] * 3
    entry = compare_runs([candidate("a", rows), candidate("b", rows)]).summary.as_values()["comparisons"][0]
    assert entry["fields"]["sign"]["kappa"] is None


def test_only_what_all_runs_have_is_compared() -> None:
    first = candidate("a", [{"sign": "a", "fever": True, "age": 1}] * 3)
    wider = fields_from(
        {"sign": {"type": "enum", "values": ["a", "z"]}, "age": {"type": "string"}, "fever": {"type": "boolean"}},
        place="task.fields",
    )
    rows = [{"id": f"d{place}", "sign": "z", "fever": True, "age": "1"} for place in (2, 1, 7)]
    other = candidate("b", rows, wider)
    found = compare_runs([first, other]).summary.as_values()
    assert found["documents"] == {"compared": 2, "in_all_runs": 2}
    assert found["fields_left_out"] == ["age"]
    assert found["comparisons"][0]["fields"]["sign"]["equal"] == 0
    assert found["comparisons"][0]["fields"]["fever"]["equal"] == 2


def test_records_are_shared_as_far_as_both_have_them() -> None:
    def task(**inner: str) -> dict[str, Field]:
        items = {"type": "object", "fields": {name: {"type": kind} for name, kind in inner.items()}}
        return fields_from({"cases": {"type": "list", "keys": ["place"], "items": items}}, place="task.fields")

    first = candidate("a", [{"cases": []}], task(place="string", age="integer"))
    shared = shared_fields([first, candidate("b", [{"cases": []}], task(place="string", age="string"))], [])
    assert list(shared["cases"].items.fields) == ["place"]  # type: ignore[union-attr]
    assert shared["cases"].keys == ("place",)  # type: ignore[union-attr]


def test_what_cannot_be_compared() -> None:
    rows = [{"sign": "a", "fever": True, "age": 1}]
    first = candidate("a", rows)
    other_fields = fields_from({"weight": {"type": "number"}}, place="task.fields")
    with pytest.raises(DataError, match="no field is in all of them.*a: sign, fever, age; b: weight"):
        compare_runs([first, candidate("b", [{"weight": 1.0}], other_fields)])
    with pytest.raises(DataError, match="no document is in all of them. Their ids: a: d0, …; b: x, …"):
        compare_runs([first, candidate("b", [{"id": "x", **rows[0]}])])
    with pytest.raises(DataError, match="the ids of b are of type whole number, those of a of type text"):
        compare_runs([first, candidate("b", [{"id": 1, **rows[0]}])])
    with pytest.raises(DataError, match="fields: 'sing' is no field that all runs share. Did you mean 'sign'"):
        compare_runs([first, candidate("b", rows)], wanted=["sing"])
    with pytest.raises(DataError, match="no id is one of the run's"):
        compare_runs([first, candidate("b", rows)], pl.DataFrame({"id": ["z"], "age": [1]}))
    with pytest.raises(DataError, match="gold: no column 'age'"):
        compare_runs([first, candidate("b", rows)], pl.DataFrame({"id": ["d0"], "sign": ["a"]}), wanted=["age"])


def test_one_table_of_runs() -> None:
    gold, runs = drawn()
    candidates = [candidate(name, rows) for name, rows in zip("abc", runs, strict=True)]
    record = compare_runs(candidates, gold, chance=Chance(samples=200)).summary
    table, found = runs_table(record), record.as_values()
    assert table["run"].to_list() == ["a", "b", "c"]
    assert table["f1"].to_list() == [one["overall"]["micro"]["f1"] for one in found["runs"]]
    assert table["f1_difference"][0] is None
    for place, entry in enumerate(found["comparisons"], start=1):
        row = table.row(place, named=True)
        whole = entry["overall"]["exact"]
        assert [row["f1_difference_low"], row["f1_difference_high"]] == entry["overall"]["micro"]["f1_difference_ci95"]
        assert (row["p"], row["p_holm"]) == (whole["p"], whole["p_holm"])
    # Whole documents are a family of their own, of as many tests as runs.
    ps = sorted(table["p"].drop_nulls())
    assert sorted(table["p_holm"].drop_nulls()) == pytest.approx([min(1, 2 * ps[0]), max(min(1, 2 * ps[0]), ps[1])])
    lines = comparison_text(record).splitlines()
    assert [line.split()[0] for line in lines[-3:]] == ["a", "b", "c"]
    # Without right answers, and without a summary, the rest is there.
    alone = runs_table(compare_runs(candidates).summary)
    assert alone["f1"].to_list() == [None] * 3
    assert alone["equal_share"].null_count() == 1


def test_unequal_weights_reach_differences() -> None:
    gold, runs = drawn(200)
    weights = np.where(np.arange(200) < 100, 5.0, 1.0)
    heavy = gold.with_columns(pl.Series("weight", weights))
    twice = [row for place, row in enumerate(runs[0]) for _ in range(int(weights[place]))]
    pair = [candidate("a", runs[0]), candidate("b", runs[1])]
    found = compare_runs(pair, heavy, chance=Chance(samples=200)).summary.as_values()
    # A weight of five is five documents, but for what is said of uncertainty.
    repeated = [place for place in range(200) for _ in range(int(weights[place]))]
    many = compare_runs(
        [candidate("a", twice), candidate("b", [runs[1][place] for place in repeated])],
        gold[repeated].with_columns(pl.Series("id", [f"d{place}" for place in range(len(repeated))])),
        chance=NO_INTERVALS,
    ).summary.as_values()
    entry, same = found["comparisons"][0], many["comparisons"][0]
    assert entry["overall"]["micro"]["f1_difference"] == pytest.approx(same["overall"]["micro"]["f1_difference"])
    assert entry["equal_share"] == pytest.approx(same["equal_share"])
    assert found["runs"][0]["overall"]["exact"] == pytest.approx(many["runs"][0]["overall"]["exact"])
    low, high = entry["overall"]["micro"]["f1_difference_ci95"]
    assert low < entry["overall"]["micro"]["f1_difference"] < high
    assert found["weights"]["used"]
    plain = compare_runs(pair, heavy, is_weighted=False, chance=NO_INTERVALS).summary.as_values()
    unweighted = compare_runs(pair, gold, chance=NO_INTERVALS).summary.as_values()
    assert plain["comparisons"] == unweighted["comparisons"]


def test_what_tells_runs_apart() -> None:
    def settings(model: str, words: str, **more: Any) -> dict[str, Any]:
        return {
            "model": {"name": model, "max_tokens": 10},
            "task": {"instructions": words, "examples": [{"text": "Fièvre"}], **more},
            "run": {"dir": f"runs/{model}"}, "cluster": {"nodes": len(model)},
        }  # fmt: skip

    found = differing_settings([settings("a", "Lis."), settings("bb", "Lis." * 50)])
    assert found[0] == {"model.name": "a", "task.instructions": "Lis."}
    assert found[1]["model.name"] == "bb"
    assert found[1]["task.instructions"].startswith("200 characters, ")
    shown = differing_settings([settings("a", "Lis."), settings("a", "Lis.", examples=[{"text": "Toux"}])])
    assert "Toux" not in json.dumps(shown)
    assert differing_settings([settings("a", "x"), settings("a", "x")]) == [{}, {}]


def test_runs_are_found_by_pattern(tmp_path: Path) -> None:
    for name in ("b", "a", "begun", "evaluation"):
        (tmp_path / name).mkdir()
        if name != "evaluation":
            (tmp_path / name / "run.yaml").write_text("{}")
        if len(name) == 1:
            (tmp_path / name / "records").mkdir()
    (tmp_path / "notes.txt").write_text("")
    found = find_runs([f"{tmp_path}/*"])
    assert found.paths == (f"{tmp_path}/a", f"{tmp_path}/b")
    assert found.incomplete == (f"{tmp_path}/begun",)
    assert find_runs([f"{tmp_path}/b/", f"{tmp_path}/*"]).paths == (f"{tmp_path}/b", f"{tmp_path}/a")
    assert find_runs(["nowhere"]).paths == ("nowhere",)  # for its reader to refuse
    with pytest.raises(RunError, match="runs: no complete run is called .*beg.*; 1 there are not complete"):
        find_runs([f"{tmp_path}/beg*"])


@pytest.mark.parametrize(("runs", "message"), [([], "at least 1"), (["a", "a"], "twice")])
def test_settings_that_are_wrong(runs: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=f"runs: .*{message}"):
        compare_settings(OmegaConf.create({"runs": runs, "out": {"dir": "o"}}))


def test_the_cost_of_a_run() -> None:
    summary = Summary(
        finished="2025-01-01T00:00:00+00:00", flow=Flow(read=400, selected=400), tokens=Tokens(prompt=1000, output=200),
        shards=1, seconds_working=8.0, rows_per_s=50.0, engine_hours=0.5, gpu_hours=2.0, engines=1, record_bytes=1,
        energy=EnergyTotal.model_construct(), hosts=("a",), engine_deaths=0,
    )  # fmt: skip
    found = cost_of(summary)
    assert (found.tokens_per_1000, found.seconds_per_1000, found.gpu_hours_per_1000) == (3000, 20, 5)


def answer(**values: Any) -> str:
    plain = {"age": 1, "sex": "F", "onset": None, "seen": "2025-01-01", "note": "n", "temperature": None,
             "fever": None, "cases": []}  # fmt: skip
    return f"[[answer {json.dumps(plain | values)}]]"


@pytest.mark.slow
def test_the_job(tmp_path: Path) -> None:
    runs = []
    for name, shift in (("a", 0), ("b", 1)):
        texts = [answer(age=place + (shift if place < 10 else 0)) for place in range(30)]
        documents = write_documents(tmp_path / f"{name}.parquet", texts)
        runs.append(tmp_path / name)
        extract_here(make_settings(documents, runs[-1], SMALL_TASK))
    gold = tmp_path / "gold.parquet"
    pl.DataFrame({"id": [f"d{place}" for place in range(30)], "age": list(range(30))}).write_parquet(gold)
    out = tmp_path / "out"
    given = f"runs=[{runs[0]},{runs[1]}]"
    done = job(given, f"gold={gold}", f"out.dir={out}", "bootstrap.samples=200", name="compare")
    assert "30 documents compared" in done.stdout
    found = json.loads((out / "comparison.json").read_text())
    age = found["comparisons"][0]["fields"]["age"]
    assert (age["only_first_right"], age["only_other_right"]) == (10, 0)
    assert age["p_holm"] == pytest.approx(2 * 0.5**10)
    assert age["f1_difference"] == pytest.approx(-1 / 3)
    assert found["runs"][0]["cost"]["selected"] == 30
    assert found["runs"][0]["cost"]["prompt_tokens"] > 0
    differences = pl.read_parquet(out / "differences.parquet")
    assert len(differences) == 10
    assert differences.row(0) == ("d0", str(runs[1]), "age", None, None, "0", "1", True, False)
    report = (out / "report.html").read_text()
    for reference in ("http://", "https://", "src=", "href=", "url(", "@import", "<script"):
        assert reference not in report
    assert "Heures GPU" in report
    assert "GPU-hours" in report
    assert pl.read_parquet(out / "runs.parquet")["f1_difference"].to_list() == [None, pytest.approx(-1 / 3)]
    alone = job_here(f"runs=[{runs[0]}]", f"out.dir={out}", name="compare", check=2)
    assert f"runs: only {runs[0]}; at least two are needed" in alone.stderr
    tolerant = job_here(given, f"out.dir={out}", "+compare.age.tolerance=1", name="compare")
    assert "30 documents compared" in tolerant.stdout
    assert json.loads((out / "comparison.json").read_text())["comparisons"][0]["equal_share"] == 1.0
    one = job_here(given, f"gold={gold}", f"out.dir={out}", "cluster=status", name="compare")  # of one value
    assert "in 1 cluster, which intervals follow: so few" in one.stdout
    assert json.loads((out / "comparison.json").read_text())["comparisons"][0]["fields"]["age"]["p"] == 1.0
    strange = job_here(given, f"out.dir={out}", "clusters=[statut]", name="compare", check=2)
    assert "clusters: no column 'statut'" in strange.stderr
    assert "Did you mean 'status'" in strange.stderr
    (runs[1] / "records").rename(runs[1] / "elsewhere")
    refused = job_here(given, f"out.dir={out}", name="compare", check=2)
    assert "this run is not complete" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.ray
def test_a_sweep_ends_in_one_table(tmp_path: Path) -> None:
    """As an analyst would: one command for the runs, one for their table."""
    documents = write_documents(tmp_path / "documents.parquet", [f"Fièvre, {place} ans" for place in range(20)])
    sweep = tmp_path / "sweep"
    job(
        "-m", "task=ed_visit", "model=scripted", "model.sampling.temperature=0,1", f"data.path={documents}",
        f"run.dir={sweep}/t${{model.sampling.temperature}}", "progress=none", timeout=500,
    )  # fmt: skip
    (sweep / "notes").mkdir()
    gold = tmp_path / "gold.parquet"
    pl.DataFrame({"id": [f"d{place}" for place in range(20)], "age": list(range(20))}).write_parquet(gold)
    out = tmp_path / "out"
    done = job(f"runs={sweep}/*", f"gold={gold}", f"out.dir={out}", "bootstrap.samples=200", name="compare")
    assert "the runs differ in: model.sampling.temperature" in done.stdout
    table = pl.read_parquet(out / "runs.parquet")
    assert table["run"].to_list() == [f"{sweep}/t0", f"{sweep}/t1"]
    assert table["settings"].to_list() == ["model.sampling.temperature=0.0", "model.sampling.temperature=1.0"]
    assert table["prompt_tokens"].min() > 0  # type: ignore[operator]
    assert [line for line in done.stdout.splitlines() if line.startswith(f"{sweep}/t1 ")]
    assert "glane compare runs='runs/sweep/*'" in job("--help", name="compare").stdout


def by_exchange(gains: list[int]) -> float:
    """The same p by going through every exchange of the two runs."""
    sums = [abs(sum(signs)) for signs in itertools.product(*((gain, -gain) for gain in gains))]
    return sum(one >= abs(sum(gains)) for one in sums) / len(sums)


@pytest.mark.parametrize(
    "gains", [[], [0, 0], [3], [1, 1, 1, 1], [2, -1, 0, 4, 1, 1], [5, 5, -3, 2, -2, 1, 1, 1, 7], [-4, -4, -4, -1, 2]]
)
def test_the_test_of_clusters_goes_through_every_exchange(gains: list[int]) -> None:
    assert sign_flip_p(np.array(gains, dtype=np.int64)) == pytest.approx(by_exchange(gains) if gains else 1.0)


def test_with_one_document_in_each_cluster_it_is_mcnemars() -> None:
    rng = np.random.default_rng(3)
    for size in (1, 7, 40, 2000):
        first, other = rng.random(size) < 0.7, rng.random(size) < 0.75
        assert paired_test(first, other, np.arange(size)) == pytest.approx(paired_test(first, other))


def test_copies_of_a_document_prove_nothing() -> None:
    """Each document ten times: as sure as the documents once, where without clusters all would be surer."""
    gold, runs = drawn(60)
    copied = pl.concat([gold] * 10).with_columns(pl.format("d{}", pl.int_range(pl.len())).alias("id"))
    once = compare_runs([candidate(name, rows) for name, rows in zip("ab", runs, strict=False)], gold)
    many = [candidate(name, rows * 10) for name, rows in zip("ab", runs, strict=False)]
    ids = copied["id"]
    clusters = pl.DataFrame({"id": ids, CLUSTER: [place % 60 for place in range(600)]})
    together, apart = compare_runs(many, copied, clusters=clusters), compare_runs(many, copied)
    told = [one.summary.comparisons[0] for one in (once, together, apart)]
    for name in ASKED:
        fields = [dict(one.fields[name]) for one in told]
        assert fields[1]["p"] == pytest.approx(fields[0]["p"])
        assert fields[2]["p"] < fields[0]["p"]
        width = [one["f1_difference_ci95"][1] - one["f1_difference_ci95"][0] for one in fields]
        assert width[1] == pytest.approx(width[0], rel=0.15)
        assert width[2] < 0.5 * width[0]
        low, high = ([one["equal_ci95"][end] for one in fields] for end in (0, 1))
        assert high[1] - low[1] == pytest.approx(high[0] - low[0], rel=0.1)
    assert told[1].fields["sign"].kappa_ci95 is None
    assert told[2].fields["sign"].kappa_ci95 is not None
    assert together.summary.intervals.clusters == 60
    assert "in 60 clusters" in comparison_text(together.summary)
    for language, words in (("fr", "60 grappes"), ("en", "60 clusters")):
        assert words in comparison_report(together.summary, language=language)
    assert apart.summary.intervals.clusters is None


def test_of_the_smallest_chances_nothing_is_rounded_away() -> None:
    assert sign_flip_p(np.ones(200, dtype=np.int64)) == pytest.approx(2 * 0.5**200)
    both = np.concatenate([np.ones(100), np.full(60, 3)]).astype(np.int64)
    assert sign_flip_p(both) == pytest.approx(2 * 0.5**160)


@pytest.mark.parametrize("name", ["id", "cluster", "_0", "_text"])
def test_a_failed_document_is_of_its_patient_too(name: str, tmp_path: Path) -> None:
    """In the run named first most documents fail: they are judged as wrong, and six patients remain six."""
    runs, patients = [], [place // 10 for place in range(60)]
    for run, failed in (("a", 27), ("b", 0)):
        texts = ["[[invalid]]" if place % 10 * 6 < failed else answer(age=place) for place in range(60)]
        path = write_documents(tmp_path / f"{run}.parquet", texts, patient=patients)
        pl.read_parquet(path).rename({"id": name}).write_parquet(path)
        runs.append(tmp_path / run)
        extract_here(make_settings(path, runs[-1], SMALL_TASK, data__id_column=name))
    gold = pl.DataFrame({name: [f"d{place}" for place in range(60)], "age": range(60)})
    for order in (runs, runs[::-1]):
        found = glane.compare(order, gold=gold, clusters="patient", samples=100).summary
        assert found.intervals.clusters == 6
        assert found.comparisons[0].fields["age"].p == pytest.approx(2 * 0.5**6)
    judged = glane.evaluate(runs[0], gold, clusters="patient", samples=100).summary
    assert judged.intervals.clusters == 6


@pytest.mark.parametrize("name", ["field", "value", "verdict", "__cluster", "__id"])
def test_an_id_is_not_named_as_columns_beside_it(name: str, tmp_path: Path) -> None:
    path = write_documents(tmp_path / "d.parquet", ["a"])
    pl.read_parquet(path).rename({"id": name}).write_parquet(path)
    with pytest.raises(ConfigError, match="[Rr]ename it in the input"):
        extract_here(make_settings(path, tmp_path / "run", SMALL_TASK, data__id_column=name))


def test_a_cell_that_holds_nothing_is_a_cluster_by_itself() -> None:
    rows = pl.DataFrame({"x": [1.0, 1.0, None, float("nan"), float("nan")]})
    assert cluster_numbers(rows, ["x"]).to_list() == [0, 0, 1, 2, 3]
    named = pl.DataFrame({"id": ["a", "b"], CLUSTER: [0, 0]})
    assert numbers_for(pl.Series("id", ["a", "b", "c", "d"]), named).tolist() == [2, 2, 1, 0]  # type: ignore[union-attr]
