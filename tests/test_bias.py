"""Risk of bias: every path of the published algorithm, no other one, and judgements that rest on quotes."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args

import lxml.html
import polars as pl
import pytest

import glane
from conftest import extract_here, job_here, make_settings, write_documents
from glane.errors import ConfigError, DataError
from glane.synthesis.bias import ALL_QUESTIONS
from glane.synthesis.rob2 import DOMAINS, QUESTIONS, Answer, judged, overall
from glane.task.prompt import compact_json
from test_studies import answer, counts

# Each path through the published flow charts, read off them: answers by question (Y: yes or probably yes, N: no or
# probably no, -: no information; several letters: any of these), and the judgement at its end. A question that a path
# does not name may have any answer.
PATHS: Mapping[str, list[tuple[str, str]]] = {
    "randomisation": [
        ("2:N", "high"), ("2:- 3:Y", "high"), ("2:- 3:N-", "some_concerns"), ("2:Y 1:N", "some_concerns"),
        ("2:Y 1:Y- 3:Y", "some_concerns"), ("2:Y 1:Y- 3:N-", "low"),
    ],
    "missing_data": [
        ("1:Y", "low"), ("1:N- 2:Y", "low"), ("1:N- 2:N- 3:N", "low"), ("1:N- 2:N- 3:Y- 4:N", "some_concerns"),
        ("1:N- 2:N- 3:Y- 4:Y-", "high"),
    ],
    "measurement": [
        ("1:Y", "high"), ("1:N- 2:Y", "high"), ("1:N- 2:N 3:N", "low"), ("1:N- 2:N 3:Y- 4:N", "low"),
        ("1:N- 2:N 3:Y- 4:Y- 5:N", "some_concerns"), ("1:N- 2:N 3:Y- 4:Y- 5:Y-", "high"),
        ("1:N- 2:- 3:N", "some_concerns"), ("1:N- 2:- 3:Y- 4:N", "some_concerns"),
        ("1:N- 2:- 3:Y- 4:Y- 5:N", "some_concerns"), ("1:N- 2:- 3:Y- 4:Y- 5:Y-", "high"),
    ],
    "selection": [
        ("2:Y", "high"), ("2:N- 3:Y", "high"), ("2:N 3:N 1:Y", "low"), ("2:N 3:N 1:N-", "some_concerns"),
        ("2:- 3:N-", "some_concerns"), ("2:N 3:-", "some_concerns"),
    ],
}  # fmt: skip
DEVIATIONS = [  # the first part of the second domain, and its second
    [
        ("1:N 2:N", "low"), ("1:Y- 3:N", "low"), ("1:N 2:Y- 3:N", "low"), ("1:Y- 3:-", "some_concerns"),
        ("1:N 2:Y- 3:-", "some_concerns"), ("1:Y- 3:Y 4:N", "some_concerns"), ("1:N 2:Y- 3:Y 4:N", "some_concerns"),
        ("1:Y- 3:Y 4:Y- 5:Y", "some_concerns"), ("1:N 2:Y- 3:Y 4:Y- 5:Y", "some_concerns"),
        ("1:Y- 3:Y 4:Y- 5:N-", "high"), ("1:N 2:Y- 3:Y 4:Y- 5:N-", "high"),
    ],
    [("6:Y", "low"), ("6:N- 7:N", "some_concerns"), ("6:N- 7:Y-", "high")],
]  # fmt: skip
LETTERS = {"yes": "Y", "probably_yes": "Y", "no": "N", "probably_no": "N", None: "-"}
RANK = ["low", "some_concerns", "high"]


def follows(path: str, answers: Mapping[str, Answer | None], prefix: str) -> bool:
    steps = (step.split(":") for step in path.split())
    return all(LETTERS[answers[prefix + number]] in letters for number, letters in steps)


def at_end(paths: list[tuple[str, str]], answers: Mapping[str, Answer | None], prefix: str) -> str:
    (found,) = (judgement for path, judgement in paths if follows(path, answers, prefix))  # one and no other
    return found


@pytest.mark.parametrize("domain", DOMAINS)
def test_all_answers_come_to_the_judgement_at_the_end_of_their_path(domain: Any) -> None:
    names, number = QUESTIONS[domain], DOMAINS.index(domain) + 1
    # of seven questions all five answers are many: there, each with and without "probably" is of the other domains
    options = ["yes", "no", None] if domain == "deviations" else [*get_args(Answer), None]
    for told in itertools.product(options, repeat=len(names)):
        answers = dict(zip(names, told, strict=True))
        if domain == "deviations":
            parts = [at_end(paths, answers, "q2_") for paths in DEVIATIONS]
            expected = max(parts, key=RANK.index)
        else:
            expected = at_end(PATHS[domain], answers, f"q{number}_")
        assert judged(answers)[domain] == expected, answers


def test_without_any_information_nothing_is_low() -> None:
    nothing = judged(dict.fromkeys(ALL_QUESTIONS))
    assert nothing == {
        "randomisation": "some_concerns", "deviations": "high", "missing_data": "high", "measurement": "high",
        "selection": "some_concerns",
    }  # fmt: skip


def test_the_worst_domain_is_that_of_the_trial() -> None:
    low = dict.fromkeys(DOMAINS, "low")
    assert overall(low) == "low"  # type: ignore[arg-type]
    assert overall({**low, "selection": "some_concerns"}) == "some_concerns"  # type: ignore[dict-item]
    assert overall({**low, "deviations": "some_concerns", "selection": "high"}) == "high"  # type: ignore[dict-item]


BEST = {
    "q1_1": "yes", "q1_2": "yes", "q1_3": "no", "q2_1": "no", "q2_2": "no", "q2_6": "yes", "q3_1": "yes", "q4_1": "no",
    "q4_2": "no", "q4_3": "no", "q5_1": "yes", "q5_2": "no", "q5_3": "no",
}  # fmt: skip
QUOTE = "Zzyzx wrote this passage"


def questions_answered(*, quote: str = QUOTE, **told: str | None) -> dict[str, Any]:
    def of(value: str | None) -> dict[str, Any]:
        return {"missing": "not_stated"} if value is None else {"value": value, "quote": quote}

    head = {"study": of("Zzyzx"), "registration": None, "outcome": of("<falls>")}
    return {**head, **{name: of(told.get(name)) for name in ALL_QUESTIONS}}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Effects of five reports, and answers on the risk of bias of four of them and of one more."""
    from conftest import ROOT, read_yaml

    root = tmp_path_factory.mktemp("bias")
    effects = {**read_yaml(ROOT / "conf" / "task" / "effect_sizes.yaml"), "split": None}
    names = list(effects["fields"]["effects"]["items"]["fields"])
    designs = ["randomised", "cluster_randomised", None, "non_randomised", None]
    told = [compact_json(answer(counts(at + 3, 60, 9, 61), names=names, design=one)) for at, one in enumerate(designs)]
    quote = "Result / {} / 60 / 9 / 61"
    texts = [f"Zzyzx. {quote.format(at + 3)}\n[[answer {one}]]" for at, one in enumerate(told)]
    data = write_documents(root / "effects.parquet", texts)
    extract_here(make_settings(data, root / "effects", effects, model__max_model_len=200_000))
    answers = {
        "d0": questions_answered(**BEST),
        "d1": questions_answered(**{**BEST, "q5_1": None}),
        "d2": questions_answered(**BEST, quote="t"),  # too short to be found
        "d3": questions_answered(**BEST),
        "d9": questions_answered(**{**BEST, "q1_2": "no"}),
    }
    bias = read_yaml(ROOT / "conf" / "task" / "risk_of_bias_randomised.yaml")
    texts = [f"{QUOTE}.\n[[answer {compact_json(one)}]]" for one in answers.values()]
    data = write_documents(root / "bias.parquet", texts)
    pl.read_parquet(data).with_columns(id=pl.Series(list(answers))).write_parquet(data)
    extract_here(make_settings(data, root / "bias", bias, model__max_model_len=200_000, task__quotes="free"))
    return root


def test_judgements_rest_on_answers_with_quotes_and_stand_beside_the_effects(place: Path, tmp_path: Path) -> None:
    found = glane.studies(place / "effects", bias=place / "bias")
    rows = {row.report: row for row in found.bias}
    assert {key: row.state for key, row in rows.items()} == {
        "d0": "judged", "d1": "judged", "d2": "judged", "d3": "not_randomised", "d4": "not_assessed", "d9": "judged",
    }  # fmt: skip
    assert (rows["d0"].overall, rows["d1"].overall, rows["d9"].overall) == ("low", "some_concerns", "high")
    assert rows["d2"].overall == "high"  # the same answers as d0, without a quote in the document
    assert len(rows["d2"].without_quote) == len(BEST)
    assert rows["d2"].answers == dict.fromkeys(ALL_QUESTIONS)
    assert (rows["d3"].overall, rows["d3"].domains) == (None, {})
    by_report = dict(found.table().select("id", "bias").iter_rows())
    assert by_report == {"d0": "low", "d1": "some_concerns", "d2": "high", "d3": None, "d4": None}
    assert found.summary.bias is not None
    assert dict(found.summary.bias.judged) == {"low": 1, "some_concerns": 1, "high": 2}
    assert "risk of bias, overall: high 2, low 1, some_concerns 1; without" in str(found)


def test_the_traffic_lights_are_on_the_page_and_in_the_files(place: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run = (f"run.dir={place / 'effects'}", f"out.dir={out}")
    said = job_here(*run, f"bias={place / 'bias'}", name="studies").stdout
    assert "Zzyzx" not in said
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "<falls>" not in page
    tree = lxml.html.fromstring(page)
    for code, words in (("fr", ("+ faible", "! réserves", "× élevé", "non évalué", "pas un essai randomisé")),
                        ("en", ("+ low", "! some concerns", "× high", "not assessed", "no randomised trial"))):  # fmt: skip
        text = tree.xpath(f"//article[@lang='{code}']")[0].text_content()
        for word in words:
            assert word in text
        assert QUOTE in text
    assert "Of cluster randomised trials" in page
    table = pl.read_csv(out / "risk_of_bias.csv")
    assert table.height == 6
    assert table.filter(pl.col("id") == "d9").select("randomisation", "overall").row(0) == ("high", "high")
    assert "q1_1__quote" not in table.columns
    assert "q1_1__quote" in pl.read_parquet(out / "risk_of_bias.parquet").columns
    assert json.loads((out / "studies.json").read_text())["bias"]["without_quote"] == len(BEST)
    job_here(*run, name="studies")  # without them, nothing of the earlier judgements stays
    assert not (out / "risk_of_bias.csv").exists()


def test_other_runs_are_refused(place: Path, shipped_task: Callable[[str], dict[str, Any]]) -> None:
    with pytest.raises(ConfigError, match=r"lacks 22 questions \(q1_1 is the first\)"):
        glane.studies(place / "effects", bias=place / "effects")
    with pytest.raises(DataError, match="in more than one of the runs"):
        glane.studies(place / "effects", bias=[place / "bias", place / "bias"])
    assert set(ALL_QUESTIONS) == {one for one in shipped_task("risk_of_bias_randomised")["fields"] if one[0] == "q"}
