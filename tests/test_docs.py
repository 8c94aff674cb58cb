"""The documentation: every command, configuration, program, link and picture of every page is right.

Every Markdown file of the repository is read. A fenced block says what it is: `sh` (commands), `console` (commands
after `$ ` and what they print), `yaml`, `python`, or `text` (anything else). A page must write its YAML so that it can be
loaded: as a task or a part of one, or with a first line `# my_folder/GROUP/NAME.yaml`.
"""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

from conftest import ROOT, extract_here, job_here, make_settings
from glane.run.directory import RunDirectory
from glane_tools import room_map
from markdown_pages import Page, pages_under
from page_checks import jobs_called, problems, resolves

PAGES = pages_under(ROOT)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_says_nothing_that_is_not_so(path: Path, tmp_path: Path) -> None:
    assert list(problems(Page(path=path, text=path.read_text(encoding="utf-8")), tmp_path)) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("```sh\n.venv/bin/python jobs/extract.py data.pth=x\n```", "data.pth"),
        ("```sh\n.venv/bin/python jobs/extract.py data.path=x \\\n    model.max_tokns=3\n```", "max_tokns"),
        ("```sh\nglane extract data.path=x task=ed_visite\n```", "ed_visite"),
        ("```sh\nglane extract task=ed_visit model=demo data.path=x data.limit=0\n```", "data.limit"),
        ("```sh\nglane extrct data.path=x\n```", "extrct"),
        ("```sh\n.venv/bin/glane benchmark out.dir=x\n```", "benchmark"),
        ("```console\n$ .venv/bin/python jobs/status.py run.dri=x\nprinted\n```", "run.dri"),
        ("```sh\nsbatch --nodes=2 slurm/extract.sbatch modle=demo data.path=x\n```", "modle"),
        ("```sh\n.venv/bin/python jobs/compare.py runs='runs/*'\n```", "out.dir"),
        ("```sh\nmake dmo\n```", "dmo"),
        ("```sh\nunheard_of\n```", "unheard_of"),
        ("```sh\nglane extract 'data.path=x\n```", "quotation"),
        ("Say `jobs/extract.py task=… data.pth=…`.", "data.pth"),
        ("Say `model.max_tokns=3`.", "max_tokns"),
        ("```yaml\na: {b: c, d e, f}: g\n```", "yaml"),
        ("```yaml\nname: a\ninstructions: x\nfields: {age: {type: integr}}\n```", "integr"),
        ("```yaml\nfields: {age: {type: integer}}\nsplitt: {}\n```", "splitt"),
        ("```yaml\n# mine/cluster/site.yaml\ndefaults: [slurm, _self_]\npartitoin: gpu\n```", "partitoin"),
        ("```python\nrun = glane.open_run('x'\n```", "never closed"),
        ("```python\nimport glane\nglane.opn_run('x')\n```", "opn_run"),
        ("```python\nrun.usabel()\n```", "usabel"),
        ("```\nno language\n```", "language"),
        ("[a page](nowhere.md)", "nowhere.md"),
        ("[a place](README.md#nowhere)", "nowhere"),
        ("[a place](#nowhere)", "nowhere"),
    ],
)
def test_a_planted_mistake_is_found(text: str, words: str, tmp_path: Path) -> None:
    found = list(problems(Page(path=ROOT / "README.md", text=text), tmp_path))
    assert len(found) == 1, found
    assert words in found[0]


def test_all_pages_are_read_and_their_commands_are_many() -> None:
    names = {str(path.relative_to(ROOT)) for path in PAGES}
    assert {"README.md", "README.fr.md", "CONTRIBUTING.md", "docs/architecture.md", "conf/task/README.md"} <= names
    pages = [Page(path=path, text=path.read_text(encoding="utf-8")) for path in PAGES]
    assert sum(len(list(jobs_called(page))) for page in pages) > 40


@pytest.mark.parametrize("path", sorted((ROOT / "docs").rglob("*.svg")), ids=lambda path: path.name)
def test_a_picture_is_drawn_without_scripts_and_asks_for_nothing(path: Path) -> None:
    root = ET.parse(path).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("viewBox")
    assert root.find("{http://www.w3.org/2000/svg}title") is not None  # for who cannot see it
    for element in root.iter():
        assert element.tag.rpartition("}")[2] not in {"script", "image", "foreignObject", "use"}
        for name, value in element.attrib.items():
            assert not name.startswith("on")
            assert "href" not in name
            assert "url(http" not in value


def test_every_path_and_module_of_the_map_exists() -> None:
    page = Page(path=ROOT / "docs" / "architecture.md", text=(ROOT / "docs" / "architecture.md").read_text())
    missing, checked = set(), 0
    for span in page.spans:
        if re.fullmatch(r"<run>(/[\w.-]+)+/?", span):
            checked += 1
            if not _is_in_a_run(span.removeprefix("<run>/").rstrip("/")):
                missing.add(span)
        elif re.fullmatch(r"[\w.-]+/|[\w.-]+(/[\w.*-]+)+/?|[\w-]+\.(py|md|yaml|toml|svg|sbatch|sh)|Makefile", span):
            checked += 1
            if not any(ROOT.glob(span)):
                missing.add(span)
        elif re.fullmatch(r"glane(_tools)?(\.\w+)+", span):
            checked += 1
            if not resolves(span):
                missing.add(span)
    assert checked > 50
    assert missing == set()


def test_the_rooms_of_the_map_are_those_of_the_library() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    told = set(re.findall(r"^\| `lib/glane/(\w+)(?:/|\.py)` \|", text, re.MULTILINE))
    there = {
        path.stem
        for path in (ROOT / "lib" / "glane").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert told == there - {"__init__"}


def test_the_layers_of_the_map_are_those_that_the_linter_holds() -> None:
    page = Page(path=ROOT / "docs" / "architecture.md", text=(ROOT / "docs" / "architecture.md").read_text())
    text = page.blocks[0].content
    shown = {
        room: row for row, line in enumerate(text.splitlines()) for room in re.findall(r"\w+", line.split("  ")[0])
    }
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = [
        re.findall(r"\w+", layer) for layer in next(one for one in contracts if one["type"] == "layers")["layers"]
    ]
    for above, below in itertools.combinations(layers, 2):
        for upper, lower in itertools.product(above, below):
            assert shown[upper] <= shown[lower], f"{upper} is shown below {lower}"


def test_both_readmes_have_the_same_shape() -> None:
    english, french = (Page(path=ROOT / name, text=(ROOT / name).read_text()) for name in ("README.md", "README.fr.md"))
    for page in (english, french):
        assert page.text.count("\n") < 200
    assert len(english.anchors) == len(french.anchors)
    assert [block.language for block in english.blocks] == [block.language for block in french.blocks]
    assert [words[0] for words in jobs_called(english)] == [words[0] for words in jobs_called(french)]


def test_the_picture_of_the_rooms_is_drawn_from_their_map() -> None:
    assert room_map.drawn(room_map.rooms_of_page()) == room_map.PICTURE.read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_commands_of_the_documentation_run_as_they_are_printed(tmp_path: Path) -> None:
    """In an empty folder, after `make demo` with the scripted engine in place of the model.

    Each job is started once as users start it; its further commands run in this process.
    """
    notes = tmp_path / "runs" / "demo-corpus"
    _run(["jobs/demo_corpus.py", "path=runs/demo-corpus", "documents=300", "seed=1"], tmp_path)
    task = yaml.safe_load((ROOT / "conf" / "task" / "ed_visit.yaml").read_text())
    extract_here(
        make_settings(
            notes / "documents.parquet",
            tmp_path / "runs" / "demo",
            task,
            data__carry_columns=["hospital", "visit_date"],
        )
    )
    gold = tmp_path / "runs" / "review" / "gold.parquet"  # what reviewers would have made
    done = set()
    for words in sorted(_cheap_commands(), key=lambda words: (_STEPS.index(Path(words[0]).stem), words)):
        if gold.parent.exists() and not gold.exists():
            shutil.copy(notes / "gold.parquet", gold)
        if words[0] in done:
            job_here(*words[1:], name=Path(words[0]).stem, cwd=tmp_path, as_told=True)
        else:
            _run(words, tmp_path)
        done.add(words[0])
    assert {"jobs/status.py", "jobs/review.py", "jobs/evaluate.py", "jobs/calibrate.py", "jobs/estimate.py"} <= done


# Each may read what those before it wrote.
_STEPS = ("status", "review", "screen", "evaluate", "calibrate", "cascade", "estimate", "brief", "sentinels", "export")


def _cheap_commands() -> list[list[str]]:
    """The commands on the run of the demo that need no engine and leave nothing to the reader."""
    found = set()
    for path in PAGES:
        for words in jobs_called(Page(path=path, text=path.read_text(encoding="utf-8"))):
            line = " ".join(words)
            is_whole = not any(sign in line for sign in ("…", "corrections=", "watch=true", "large.dir="))
            is_of_demo = {"run.dir=runs/demo", "small.dir=runs/demo"} & set(words)
            if Path(words[0]).stem in _STEPS and is_whole and is_of_demo:
                found.add(tuple(words))
    return [list(words) for words in found]


def _run(words: list[str], folder: Path) -> None:
    command = [sys.executable, str(ROOT / words[0]), *words[1:]]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"


def _is_in_a_run(name: str) -> bool:
    directory = RunDirectory(root=Path("/run"))
    names = {n for n in dir(RunDirectory) if isinstance(getattr(RunDirectory, n), property)}
    there = {path for n in names if isinstance(path := getattr(directory, n), Path)}
    return Path("/run") / name in there
