"""A run of which too little is usable is no success: it says so first, and ends with an exit code of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

import glane
from conftest import SMALL_TASK, extract_here, job, job_here, make_settings, write_documents
from glane.composition import run_composed
from glane.errors import ConfigError, GlaneError, UnusableError
from glane.extraction.results import open_run
from glane.extraction.summary import check_usable, extraction_summary, not_usable, shortfall
from glane.run.directory import RunDirectory
from glane.settings import ExtractRunSettings
from glane.types import Status

TASK = {**SMALL_TASK, "repairs": 0}
REFUSED, INVALID, TRUNCATED, GOOD, EMPTY = "[[refuse]]", "[[invalid]]", "[[truncate]]", "note", " "


def run_of(folder: Path, texts: Sequence[str], **changes: object) -> RunDirectory:
    data = write_documents(
        folder / "d.parquet", [f"{text} {i}" if text.strip() else text for i, text in enumerate(texts)]
    )
    extract_here(make_settings(data, folder / "run", TASK, **changes))
    return RunDirectory(root=folder / "run")


def said_of(run: RunDirectory, share: float = 0.0) -> str | None:
    said = shortfall(extraction_summary(run), share)
    settings = ExtractRunSettings(dir=str(run.root), min_usable_share=share)
    if said is None:
        check_usable(run, settings)
    else:
        with pytest.raises(UnusableError) as refused:
            check_usable(run, settings)
        assert said in str(refused.value)
        assert refused.value.exit_code == 4
    return said


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ([REFUSED] * 8, "none of 8 rows: REJECTED 8, 8 of them: scripted refusal"),
        ([EMPTY] * 3, "none of 3 rows: EMPTY 3, 3 of them: the text is blank"),
        ([TRUNCATED] * 3, "none of 3 rows: TRUNCATED 3, 3 of them: the answer was cut after "),
        (
            [REFUSED, REFUSED, EMPTY],
            "none of 3 rows: EMPTY 1, 1 of them: the text is blank; REJECTED 2, 2 of them: scr",
        ),
        (["x" * 30_000] * 2, "none of 2 rows: TOO_LONG 2, 2 of them: the prompt has "),
    ],
)
def test_a_run_with_no_usable_row_says_why(texts: list[str], words: str, tmp_path: Path) -> None:
    run = run_of(tmp_path, texts)
    said = said_of(run)
    assert said is not None
    assert said.startswith("nothing is usable, ")
    assert words in said
    assert open_run(run.root).all().collect().height == len(texts)  # the records are kept


def test_one_usable_row_is_enough_unless_more_are_asked_for(tmp_path: Path) -> None:
    run = run_of(tmp_path, [GOOD, REFUSED, REFUSED, INVALID])
    assert said_of(run) is None
    assert said_of(run, 0.25) is None
    said = said_of(run, 0.26)
    assert said is not None
    assert said.startswith("1 of 4 rows are usable, less than run.min_usable_share=0.26 asks for: ")
    assert "REJECTED 2, 2 of them: scripted refusal" in said
    assert "INVALID 1, 1 of them: " in said
    assert said_of(run, 1.0) is not None


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_whole_run_is_usable_at_any_share(share: float, tmp_path: Path) -> None:
    assert said_of(run_of(tmp_path, [GOOD] * 3), share) is None


def test_the_share_is_one() -> None:
    for wrong in (-0.1, 1.1, "half"):
        with pytest.raises(ValueError, match="min_usable_share"):
            ExtractRunSettings(dir="x", min_usable_share=wrong)


def test_the_commonest_reason_is_found_beside_figures_that_differ() -> None:
    reasons = {(Status.TOO_LONG, f"the prompt has {n} tokens"): 1 for n in range(5)}
    reasons |= {(Status.TOO_LONG, "another"): 4, (Status.INVALID, None): 2}
    found = {one.status: one for one in not_usable(reasons)}
    assert found[Status.TOO_LONG].rows == 9
    assert found[Status.TOO_LONG].rows_with_reason == 5
    assert found[Status.TOO_LONG].reason == "the prompt has 0 tokens"
    assert found[Status.INVALID].reason is None
    assert [one.status for one in not_usable(reasons)] == [Status.TOO_LONG, Status.INVALID]


def test_status_says_it(tmp_path: Path) -> None:
    run = run_of(tmp_path, [REFUSED] * 8)
    words = f"run.dir={run.root}"
    shown = job_here(words, name="status").stdout
    assert "UNUSABLE   nothing is usable, none of 8 rows: REJECTED 8, 8 of them: scripted refusal" in shown
    assert json.loads(job_here(words, "json=true", name="status").stdout)["shortfall"].startswith("nothing is usable")


def test_status_heeds_the_share_that_the_run_was_told(tmp_path: Path) -> None:
    texts = [GOOD, REFUSED]
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    told = run_of(tmp_path / "a", texts, run__min_usable_share=0.9)
    assert "UNUSABLE   1 of 2 rows" in job_here(f"run.dir={told.root}", name="status").stdout
    plain = run_of(tmp_path / "b", texts)
    assert "UNUSABLE" not in job_here(f"run.dir={plain.root}", name="status").stdout
    assert json.loads(job_here(f"run.dir={plain.root}", "json=true", name="status").stdout)["shortfall"] is None


@pytest.mark.parametrize(
    ("errors", "kind"),
    [
        ([UnusableError], UnusableError),
        ([UnusableError] * 2, UnusableError),
        ([UnusableError, ConfigError], GlaneError),
    ],
)
def test_a_sweep_ends_as_all_of_its_runs_did(errors: list[type[GlaneError]], kind: type[GlaneError]) -> None:
    left = list(errors)

    def job_of_the_sweep(values: object) -> None:
        raise left.pop(0)("so it is")

    limits = ",".join(str(number + 1) for number in range(len(errors)))
    words = ["-m", "task=ed_visit", "model=demo", "data.path=x", f"data.limit={limits}"]
    with pytest.raises(GlaneError) as ended:
        run_composed(job_of_the_sweep, config_name="extract", arguments=words)
    assert type(ended.value) is kind
    assert ended.value.exit_code == (4 if kind is UnusableError else 2)


@pytest.mark.ray
def test_the_command_ends_with_its_own_code_each_time_and_says_so_first(tmp_path: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", [f"{REFUSED} {i}" for i in range(6)])
    (tmp_path / "own" / "task").mkdir(parents=True)
    (tmp_path / "own" / "task" / "small.yaml").write_text(json.dumps({**TASK, "name": "small"}))
    words = [
        "--config-dir",
        "own",
        "task=small",
        "model=scripted",
        f"data.path={data}",
        "run.dir=run",
        "progress=plain",
    ]
    for _ in range(2):  # a run that is complete already is as little of use
        done = job(*words, cwd=tmp_path, check=4)
        lines = done.stderr.splitlines()
        first = next(i for i, line in enumerate(lines) if "nothing is usable" in line)
        assert first < next(i for i, line in enumerate(lines) if "records  " in line)
        assert lines[-1].startswith(
            "error: run: nothing is usable, none of 6 rows: REJECTED 6, 6 of them: scripted refusal"
        )
    assert "Traceback" not in done.stderr
    assert open_run(tmp_path / "run").rejected().collect().height == 6
    frame = pl.DataFrame({"id": ["a"], "text": [REFUSED]})
    with pytest.raises(UnusableError, match="nothing is usable"):
        glane.extract(frame, task=TASK, model="scripted", run_dir=tmp_path / "api", run__allow_toy=True)
    assert open_run(tmp_path / "api").all().collect().height == 1
