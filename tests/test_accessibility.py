"""Every page: no fault by the accessibility rules of axe, in both languages, and nothing beyond the edge of a screen."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

import glane
from conftest import ROOT, extract_here, job, job_here, make_settings
from glane.demo.corpus import write_corpus
from programs_cases import CASES, text_of
from test_review import Reader, chromium  # noqa: F401  (a fixture)

pytestmark = pytest.mark.slow

WIDTHS = (360, 800, 1400)
REVIEW = ("effect_sizes", "risk_of_bias_randomised")
PAGES = {
    "evaluation": "evaluate/report.html",
    "comparison": "compare/report.html",
    "calibration": "calibrate/report.html",
    "review": "review/review.html",
    "estimate": "estimate/report.html",
    "runs": "runs/index.html",
    "screening": "screen/report.html",
    "batch": "screen/batch-0001/review.html",
    "attacks": "attacks/attacks.html",
    "codebook": "export/codebook.html",
    "checklists": "checklists/checklists.html",
    "programs": "programs/report.html",
    "studies": "studies/report.html",
    "prisma": "prisma/report.html",
}


def axe() -> str:
    """The source of axe-core, which a package of the tests carries."""
    (folder,) = importlib.util.find_spec("axe_playwright_python").submodule_search_locations  # type: ignore[union-attr]
    return (Path(folder) / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One page of each kind, of synthetic notes that a scripted engine read at random."""
    folder = tmp_path_factory.mktemp("accessible")
    task = yaml.safe_load((ROOT / "conf" / "task" / "ed_visit.yaml").read_text())
    write_corpus(folder / "corpus", documents=120, seed=3)
    notes = folder / "corpus" / "documents.parquet"
    for name in ("one", "other"):
        changes = {} if name == "one" else {"task__passes__samples": 3}
        extract_here(make_settings(notes, folder / name, task, data__carry_columns=["hospital"], **changes))
    run, gold, few = f"run.dir={folder}/one", f"gold={folder}/corpus/gold.parquet", "bootstrap.samples=100"
    job_here(run, gold, few, "by=[hospital]", f"out.dir={folder}/evaluate", name="evaluate")
    job_here(f"runs=[{folder}/one,{folder}/other]", gold, few, f"out.dir={folder}/compare", name="compare")
    job_here(run, f"values={folder}/evaluate/values.parquet", f"out.dir={folder}/calibrate", name="calibrate")
    job_here(run, "rows=6", f"out.dir={folder}/review", name="review")
    job_here(run, gold, "field=fever", "by=hospital", f"out.dir={folder}/estimate", name="estimate")
    job(run, "field=fever", "rows=5", f"out.dir={folder}/screen", name="screen")
    job(run, "rows=20", f"out.dir={folder}/planted", name="plant")
    planted = folder / "planted" / "documents.parquet"
    extract_here(make_settings(planted, folder / "attacked", task))
    job_here(f"run.dir={folder}/attacked", f"attacks={planted}", f"out.dir={folder}/attacks", name="evaluate")
    job(run, "to=csv", f"out.dir={folder}/export", name="export")
    case, tried = CASES[0], folder / "programs"
    tried.mkdir()
    for name, body in {"right": case.right, **case.wrong}.items():
        (tried / f"{name}.py").write_text(text_of(body))
    twins = {"tables": case.tables}
    made = glane.try_programs(programs=tried, tables=twins, out_dir=str(tried)).twins["passages"]
    for place in ("right", "a_missing_age_becomes_0"):
        (tried / "expected" / place).mkdir(parents=True)
        made.filter(pl.col("age") < 40).write_csv(tried / "expected" / place / f"{case.output}.csv")
    glane.try_programs(programs=tried, tables=tried / "twins", expected=tried / "expected", out_dir=str(tried))
    job(f"folder=[{folder}]", f"out.dir={folder}/runs", name="runs")
    job(run, f"made=[{folder}]", f"out.dir={folder}/checklists", name="checklists")
    effects, bias = (yaml.safe_load((ROOT / "conf" / "task" / f"{name}.yaml").read_text()) for name in REVIEW)
    for name, asked in (("effects", effects), ("bias", bias)):
        extract_here(make_settings(notes, folder / name, asked, data__limit=6, model__max_model_len=200_000))
    job_here(f"run.dir={folder}/effects", f"bias={folder}/bias", f"out.dir={folder}/studies", name="studies")
    job_here(f"run.dir={folder}/bias", "decision=q1_1", f"out.dir={folder}/prisma", name="prisma")
    return folder


@pytest.fixture(scope="module")
def reader(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:  # noqa: F811
    reader = Reader(chromium, tmp_path_factory.mktemp("browser"))
    yield reader
    reader.driver.quit()


def resized(reader: Any, width: int) -> None:
    reader.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    )


@pytest.mark.parametrize("name", PAGES)
def test_a_page_breaks_no_rule_of_accessibility(pages: Path, reader: Any, name: str) -> None:
    reader.open(pages / PAGES[name])
    reader.do(axe())
    for language in ("fr", "en"):
        for choice in reader.driver.find_elements("css selector", f"label[for={language}]"):
            choice.click()
        found = reader.driver.execute_async_script(
            "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then((r) => done(r.violations));"
        )
        told = [
            f"{one['id']} ({one['impact']}): {one['help']}: {node['target']} {json.dumps(node['failureSummary'])[:300]}"
            for one in found
            for node in one["nodes"][:3]
        ]
        assert told == [], "\n".join(told)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_the_screen(pages: Path, reader: Any, name: str, width: int, tmp_path: Path) -> None:
    """Tables may be scrolled within the page. The page itself is not wider than the screen."""
    resized(reader, width)
    try:
        reader.open(pages / PAGES[name])
        wide = reader.do("return document.documentElement.scrollWidth")
        (tmp_path / f"{name}-{width}.png").write_bytes(reader.driver.get_screenshot_as_png())
    finally:
        reader.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert wide <= width + 1
