"""The pages of evaluation, comparison and calibration in a real browser: alone on screen, whole on paper."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import extract_here, job_here, make_settings
from glane.demo.corpus import write_corpus
from test_review import Reader, chromium  # noqa: F401  (a fixture)

pytestmark = pytest.mark.slow

TITLES = {
    "evaluate": {"fr": "Évaluation d'une extraction", "en": "Evaluation of an extraction"},
    "compare": {"fr": "Comparaison", "en": "Comparison"},
    "calibrate": {"fr": "Confiance et acceptation", "en": "Confidence and acceptance"},
}
A4_MM = (210, 297)
MARGIN_MM = 10


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The three reports, of all fields and hospitals of synthetic notes, which a scripted engine read at random."""
    import yaml

    from conftest import ROOT

    folder = tmp_path_factory.mktemp("pages")
    task = yaml.safe_load((ROOT / "conf" / "task" / "ed_visit.yaml").read_text())
    write_corpus(folder / "corpus", documents=150, seed=3)
    notes = folder / "corpus" / "documents.parquet"
    for name in ("one", "other"):
        changes = {} if name == "one" else {"task__passes__samples": 3}
        extract_here(make_settings(notes, folder / name, task, data__carry_columns=["hospital"], **changes))
    gold, few = f"gold={folder}/corpus/gold.parquet", "bootstrap.samples=100"
    values = f"values={folder}/evaluate/values.parquet"
    job_here(f"run.dir={folder}/one", gold, few, "by=[hospital]", f"spans={folder}/corpus/gold_spans.parquet",
        f"out.dir={folder}/evaluate", name="evaluate")  # fmt: skip
    job_here(f"runs=[{folder}/one,{folder}/other]", gold, few, f"out.dir={folder}/compare", name="compare")
    job_here(f"run.dir={folder}/one", values, f"out.dir={folder}/calibrate", name="calibrate")
    return {name: folder / name / "report.html" for name in TITLES}


@pytest.fixture(scope="module")
def reader(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:  # noqa: F811
    reader = Reader(chromium, tmp_path_factory.mktemp("browser"))
    yield reader
    reader.driver.quit()


@pytest.fixture
def opened(pages: dict[str, Path], reader: Any) -> Callable[[str], None]:
    def open_page(name: str) -> None:
        reader.requests(), reader.complaints()  # what an earlier test left in the logs
        reader.open(pages[name])

    return open_page


@pytest.mark.parametrize("name", TITLES)
def test_a_page_asks_the_network_for_nothing_and_speaks_both_languages(
    opened: Callable[[str], None], pages: dict[str, Path], reader: Any, name: str
) -> None:
    opened(name)
    for language in ("fr", "en"):
        reader.driver.find_element("css selector", f"label[for={language}]").click()
        (title,) = reader.see("article h1")
        assert TITLES[name][language] in title
        shown = reader.do(
            "return [...document.querySelectorAll('article')].filter((one) => one.checkVisibility()).map((one) => one.lang)"
        )
        assert shown == [language]
        words = reader.see("article")[0]
        assert len(words) > 500
        assert "undefined" not in words
        assert "None" not in words
    assert {url for url in reader.requests() if not url.startswith("data:")} == {pages[name].as_uri()}
    assert reader.complaints() == []


@pytest.mark.parametrize("name", TITLES)
def test_a_page_is_whole_on_paper(opened: Callable[[str], None], reader: Any, name: str, tmp_path: Path) -> None:
    """What is on the screen is on the paper but for the choice of language, and nothing leaves the sheet."""
    opened(name)
    on_screen = reader.see("article")[0]
    command = reader.driver.execute_cdp_cmd
    margins = {f"margin{side}": MARGIN_MM / 25.4 for side in ("Top", "Bottom", "Left", "Right")}
    sheet = {"paperWidth": A4_MM[0] / 25.4, "paperHeight": A4_MM[1] / 25.4, "preferCSSPageSize": True, **margins}
    printed = base64.b64decode(command("Page.printToPDF", sheet)["data"])
    (tmp_path / f"{name}.pdf").write_bytes(printed)
    num_pages = len(re.findall(rb"/Type\s*/Page\b", printed))
    points = float(re.search(rb"/MediaBox\s*\[0 0 ([\d.]+) ", printed)[1])  # upright or not, as the page wishes
    width = round(points / 72 * 96 - 2 * MARGIN_MM / 25.4 * 96)
    command("Emulation.setEmulatedMedia", {"media": "print"})
    command(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": 700, "deviceScaleFactor": 1, "mobile": False}
    )
    try:
        assert reader.see(".choice") == []
        assert re.sub(r"\s+", "", reader.see("article")[0]) == re.sub(r"\s+", "", on_screen)
        beyond = reader.do(
            "return [...document.querySelectorAll('article *')].filter((one) => one.checkVisibility()"
            " && one.getBoundingClientRect().right > arguments[0] + 1).map((one) => one.textContent.slice(0, 30))",
            width,
        )
    finally:
        command("Emulation.clearDeviceMetricsOverride", {})
        command("Emulation.setEmulatedMedia", {"media": ""})
    print(f"{name}: {num_pages} pages, {width} pixels wide, {len(beyond)} elements beyond")
    assert 1 <= num_pages <= 20
    assert beyond == []
