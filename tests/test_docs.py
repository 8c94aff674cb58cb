"""The documentation: every command, configuration, program, link and picture of every page is right.

Every Markdown file of the repository is read. A fenced block says what it is: `sh` (commands), `console` (commands
after `$ ` and what they print), `yaml`, `python`, or `text` (anything else). A page must write its YAML so that it can be
loaded: as a task or a part of one, or with a first line `# my_folder/GROUP/NAME.yaml`.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

import glane
import glane.settings
from conftest import ROOT, extract_here, make_settings
from glane.cli import _quoted
from glane.errors import GlaneError
from glane.extraction.results import Run
from glane.run.directory import RunDirectory
from glane.task.task import load_task
from markdown_pages import Block, Page, commands_of, pages_under, split_command

PAGES = pages_under(ROOT)
CONF = ROOT / "conf"
LANGUAGES = ("sh", "console", "yaml", "python", "text")

# What an ellipsis, or a name in capitals, stands for in a command.
_PLACEHOLDERS = {
    "task": "ed_visit",
    "model": "demo",
    "runs": "[runs/a,runs/b]",
    "by": "[hospital]",
    "field": "fever",
    "task.sentinels": "runs/sentinels",
}
_REQUIRED = {"data.path": "notes.parquet", "run.dir": "runs/a", "out.dir": "runs/b", "path": "runs/c", "values": "v.parquet",
             "gold": "gold.parquet", "runs": "[runs/a,runs/b]", "field": "fever"}  # fmt: skip
_WITH_VALUE = ("--config-dir", "--cfg", "--package")
# Commands of others, which are named and not checked further.
_OTHERS = ("cd", "cp", "git", "ls", "mkdir", "module", "pip", "rm", "scancel", "squeue", "sinfo", "tail")
_COMMAND_SPAN = re.compile(r"(?:\.venv/bin/)?(?:python3? )?jobs/\w+\.py .|make \w|sbatch .*slurm/|glane [a-z_-]+ ")
_SETTING_SPAN = re.compile(r"[+~]?[a-z_]+(?:\.[a-z_]+)+=\S")


@pytest.fixture(autouse=True)
def _resolver() -> None:
    OmegaConf.register_new_resolver("repository", lambda: str(ROOT), replace=True)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_says_nothing_that_is_not_so(path: Path, tmp_path: Path) -> None:
    assert list(problems(Page(path=path, text=path.read_text(encoding="utf-8")), tmp_path)) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("```sh\n.venv/bin/python jobs/extract.py data.pth=x\n```", "data.pth"),
        ("```sh\n.venv/bin/python jobs/extract.py data.path=x \\\n    model.max_tokns=3\n```", "max_tokns"),
        ("```sh\nglane extract data.path=x task=ed_visite\n```", "ed_visite"),
        ("```sh\nglane extract data.path=x data.limit=0\n```", "data.limit"),
        ("```sh\nglane extrct data.path=x\n```", "extrct"),
        ("```console\n$ .venv/bin/python jobs/status.py run.dri=x\nprinted\n```", "run.dri"),
        ("```sh\nsbatch --nodes=2 slurm/extract.sbatch modle=demo data.path=x\n```", "modle"),
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
    assert sum(len(list(_commands(page))) for page in pages) > 60


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


# Named in the map before they are there. A name that is there must not stand here: the list empties itself.
_TO_COME = frozenset({
    "lib/glane/cluster/ray_compat.py",
    "lib/glane/cluster/scheduler.py",
    "lib/glane/cluster/slurm/",
    "lib/glane/engine/vllm_compat.py",
    "lib/glane/records.py",
    "lib/glane/task/kinds/",
})  # fmt: skip


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
            if not _resolves(span):
                missing.add(span)
    assert checked > 50
    assert missing == _TO_COME


def test_the_rooms_of_the_map_are_those_of_the_library() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    told = set(re.findall(r"^\| `lib/glane/(\w+)(?:/|\.py)` \|", text, re.M))
    there = {path.stem for path in (ROOT / "lib" / "glane").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert told - {name.removeprefix("lib/glane/").removesuffix(".py") for name in _TO_COME} == there - {"__init__"}


def test_both_readmes_have_the_same_shape() -> None:
    english, french = (Page(path=ROOT / name, text=(ROOT / name).read_text()) for name in ("README.md", "README.fr.md"))
    for page in (english, french):
        assert page.text.count("\n") < 200
    assert len(english.anchors) == len(french.anchors)
    assert [block.language for block in english.blocks] == [block.language for block in french.blocks]
    assert [*_jobs(english)] == [*_jobs(french)]


@pytest.mark.slow
def test_the_commands_of_the_documentation_run_as_they_are_printed(tmp_path: Path) -> None:
    """In an empty folder, after `make demo` with the scripted engine in place of the model."""
    notes = tmp_path / "runs" / "demo-corpus"
    _run(["jobs/demo_corpus.py", "path=runs/demo-corpus", "documents=300", "seed=1"], tmp_path)
    task = yaml.safe_load((CONF / "task" / "ed_visit.yaml").read_text())
    extract_here(
        make_settings(notes / "documents.parquet", tmp_path / "runs" / "demo", task, data__carry_columns=["hospital", "visit_date"])
    )
    printed = [
        words
        for path in PAGES
        for words in _commands(Page(path=path, text=path.read_text(encoding="utf-8")))
        if words[0] == "jobs/" + Path(words[0]).name and Path(words[0]).stem not in ("extract", "plan", "benchmark")
    ]
    done = {"jobs/demo_corpus.py"}
    for words in sorted({tuple(words) for words in printed}, key=lambda words: _STEPS.index(Path(words[0]).stem)):
        line = " ".join(words)
        if any(sign in line for sign in ("…", "runs/*", "corrections=", "watch=true", "sweep")) or "=runs/demo" not in line:
            continue
        gold = tmp_path / "runs" / "review" / "gold.parquet"  # what reviewers would have made
        if "gold=" in line and gold.parent.exists() and not gold.exists():
            shutil.copy(notes / "gold.parquet", gold)
        _run(list(words), tmp_path)
        done.add(words[0])
    assert {"jobs/status.py", "jobs/review.py", "jobs/evaluate.py", "jobs/calibrate.py", "jobs/estimate.py"} <= done


_STEPS = ("demo_corpus", "status", "review", "evaluate", "calibrate", "estimate", "sentinels", "compare")


def _run(words: list[str], folder: Path) -> None:
    command = [sys.executable, str(ROOT / words[0]), *words[1:]]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"


# --- what can be wrong with a page ------------------------------------------------------------------------------------


def problems(page: Page, folder: Path) -> Iterator[str]:
    """Everything on a page that is not so, a sentence each. `folder` is for configuration that the page tells to write."""
    earlier: dict[str, object] = {}  # the page's last whole task, which its fragments belong to
    for block in page.blocks:
        place = f"{page.path.name}, line {block.line}"
        if block.language not in LANGUAGES:
            yield f"{place}: a block without a known language ({block.language!r}); it must be one of {', '.join(LANGUAGES)}"
        elif block.language == "yaml":
            yield from _said(place, lambda block=block: _check_yaml(block.content, earlier, folder))
        elif block.language == "python":
            yield from _said(place, lambda block=block: _check_python(block.content))
        elif block.language in ("sh", "console"):
            yield from _said(place, lambda block=block: _check_commands(block, folder))
    for span in page.spans:
        if _COMMAND_SPAN.match(span):
            yield from _said(f"{page.path.name}, `{span}`", lambda span=span: _check_line(span, folder))
        elif _SETTING_SPAN.match(span):
            yield from _said(f"{page.path.name}, `{span}`", lambda span=span: _check_settings(span))
    for target in page.links:
        yield from _said(f"{page.path.name}, link {target}", lambda target=target: _check_link(page, target))


_WRONG = (GlaneError, HydraException, OmegaConfBaseException, yaml.YAMLError, SyntaxError, ValueError, LookupError)


def _said(place: str, check: Callable[[], None]) -> Iterator[str]:
    try:
        check()
    except _WRONG as error:
        causes = f"{error.__cause__ or ''}"
        kind = "not yaml: " if isinstance(error, yaml.YAMLError) else ""
        yield f"{place}: {kind}{error} {causes}".strip()


def _check_yaml(content: str, earlier: dict[str, object], folder: Path) -> None:
    named = re.match(r"# \S*?(\w+)/(\w+)\.yaml\b", content)
    values = yaml.safe_load(content)
    if named and named[1] != "task":
        path = folder / named[1] / f"{named[2]}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
        job = "extract"
        _typed(job, _composed(job, [f"{named[1]}={named[2]}", "data.path=x"], folder))
        return
    if not isinstance(values, dict):
        raise ValueError("neither a task nor a configuration file; begin it with a line # my_folder/GROUP/NAME.yaml")
    whole = {"name": "a", "instructions": "x", **values} if "fields" in values else {**earlier, **values}
    if not {"sentinels", "json_schema_file", "pydantic_model"} & whole.keys():
        load_task(whole)
    if "fields" in values:
        earlier.clear()
        earlier.update({key: value for key, value in whole.items() if key != "examples"})
    if named:
        (folder / "task").mkdir(exist_ok=True)
        (folder / "task" / f"{named[2]}.yaml").write_text(content)


def _check_python(content: str) -> None:
    tree = ast.parse(content)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = {"glane": glane, "run": Run}.get(node.value.id)
            if owner is not None and not hasattr(owner, node.attr):
                raise ValueError(f"{node.value.id}.{node.attr}: there is no such name")


def _check_commands(block: Block, folder: Path) -> None:
    for words in commands_of(block):
        _check_command(words, folder)


def _check_line(line: str, folder: Path) -> None:
    for words in split_command(line):
        _check_command(words, folder)


def _check_settings(span: str) -> None:
    known = {key for path in CONF.glob("*.yaml") for key in _keys(path.stem)}
    for word in span.split():
        key = word.lstrip("+~").partition("=")[0]
        if "=" in word and "." in key and key not in known and not word.startswith("+"):
            raise ValueError(f"{key}: no job has this setting")


def _keys(job: str) -> set[str]:
    if job not in _KEYS:
        config = OmegaConf.to_container(_composed(job, [], None), resolve=False)
        slurm = _composed(job, ["cluster=slurm"], None) if job in ("extract", "plan") else OmegaConf.create()
        _KEYS[job] = set(_dotted(config)) | set(_dotted(OmegaConf.to_container(slurm, resolve=False)))
    return _KEYS[job]


_KEYS: dict[str, set[str]] = {}


def _dotted(values: object, prefix: str = "") -> Iterator[str]:
    if isinstance(values, dict):
        for key, value in values.items():
            yield f"{prefix}{key}"
            yield from _dotted(value, f"{prefix}{key}.")


def _check_link(page: Page, target: str) -> None:
    if re.match(r"\w+:", target):
        return
    name, _, place = target.partition("#")
    path = (page.path.parent / name).resolve() if name else page.path
    if not path.exists():
        raise ValueError(f"{name}: there is no such file")
    if place:
        there = page if not name else Page(path=path, text=path.read_text(encoding="utf-8"))
        if place not in there.anchors:
            raise ValueError(f"#{place}: {path.name} has no such heading")


# --- commands ---------------------------------------------------------------------------------------------------------


def _commands(page: Page) -> Iterator[list[str]]:
    """The jobs that a page calls, each as `jobs/NAME.py` and what follows."""
    for block in page.blocks:
        if block.language in ("sh", "console"):
            for words in commands_of(block):
                job = _job_of(words)
                if job:
                    yield job


def _jobs(page: Page) -> Iterator[str]:
    return (words[0] for words in _commands(page))


def _job_of(words: list[str]) -> list[str]:
    """A call of a job, however it is written, as `jobs/NAME.py` and its arguments; empty for another command."""
    if Path(words[0]).name in ("python", "python3") and len(words) > 1:
        words = words[1:]
    if words[0].startswith("jobs/"):
        return words
    if Path(words[0]).name == "glane" and len(words) > 1 and not words[1].startswith("-"):
        return [f"jobs/{words[1].replace('-', '_')}.py", *words[2:]]
    return []


def _check_command(words: list[str], folder: Path) -> None:
    if job := _job_of(words):
        if not (ROOT / job[0]).is_file():
            raise ValueError(f"{job[0]}: there is no such job")
        _check_overrides(Path(job[0]).stem, job[1:], folder)
        return
    name, rest = words[0], words[1:]
    if name == "sbatch":
        script = next((word for word in rest if not word.startswith("-")), "")
        if not (ROOT / script).is_file() and script != "…":
            raise ValueError(f"{script}: there is no such batch script")
        _check_overrides("extract", rest[rest.index(script) + 1 :] if script else [], folder)
    elif name == "make":
        targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
        if unknown := [word for word in rest if "=" not in word and word not in targets]:
            raise ValueError(f"make {unknown[0]}: the Makefile has {', '.join(sorted(targets))}")
    elif Path(name).name in ("python", "python3", "pytest", ".", "source", "bash"):
        _check_program(Path(name).name, rest)
    elif Path(name).name in ("ruff", "mypy", "lint-imports", "glane") or name in _OTHERS:
        pass
    else:
        raise ValueError(f"{name}: a command that this test knows nothing of")


def _check_program(name: str, rest: list[str]) -> None:
    if rest[:1] == ["-m"]:
        if not _resolves(rest[1]) and rest[1] not in ("venv", "pip"):
            raise ValueError(f"-m {rest[1]}: there is no such module")
        return
    for word in rest:
        path = word.partition("::")[0]
        if "/" in path and "=" not in path and not path.startswith(("-", "/", ".slurm")) and not (ROOT / path).exists():
            raise ValueError(f"{name} {path}: there is no such file")


def _check_overrides(job: str, arguments: list[str], folder: Path) -> None:
    own, overrides, is_sweep = None, [], False
    words = iter(arguments)
    for word in words:
        if word in _WITH_VALUE:
            value = next(words)
            own = folder if word == "--config-dir" else own
        elif word in ("-m", "--multirun"):
            is_sweep = True
        elif not word.startswith("--") and not set(word) <= set("….[]"):
            overrides.append(_filled(word))
    task = next((word.removeprefix("task=") for word in overrides if word.startswith("task=")), None)
    if own is not None and task and not (own / "task" / f"{task}.yaml").exists():
        (own / "task").mkdir(exist_ok=True)  # a task of the reader's, which the page does not print
        shutil.copy(CONF / "task" / "ed_visit.yaml", own / "task" / f"{task}.yaml")
    for chosen in _sweep(overrides) if is_sweep else [overrides]:
        told = {word.lstrip("+").partition("=")[0] for word in chosen}
        missing = [f"{key}={value}" for key, value in _REQUIRED.items() if key in _keys(job) and key not in told and _is_open(job, key)]
        _typed(job, _composed(job, [*chosen, *missing], own))


def _filled(word: str) -> str:
    """An override with something in the place of `…` and of names in capitals."""
    key, equals, value = word.partition("=")
    if not equals or key == "…":
        raise ValueError(f"{word}: neither an option nor KEY=VALUE")
    if value in ("…", "[…]") or re.fullmatch(r"[A-Z]{3,}|\[[A-Z]{3,}, ?…\]", value):
        return f"{key}={_PLACEHOLDERS.get(key, 'placeholder')}"
    return _quoted(word.replace("…", "x"))


def _is_open(job: str, key: str) -> bool:
    return bool(OmegaConf.is_missing(_parent(_composed(job, [], None), key), key.rpartition(".")[2]))


def _parent(config: DictConfig, key: str) -> DictConfig:
    for name in key.split(".")[:-1]:
        config = config[name]
    return config


def _sweep(overrides: list[str]) -> Iterator[list[str]]:
    """One list of overrides for each choice of a sweep, one key at a time."""
    parsed = OverridesParser.create().parse_overrides(overrides)
    for one in parsed:
        if one.is_sweep_override():
            for value in one.sweep_string_iterator():
                rest = [word for word, other in zip(overrides, parsed, strict=True) if not other.is_sweep_override()]
                yield [*rest, f"{one.get_key_element()}={value}"]


def _composed(job: str, overrides: list[str], own: Path | None) -> DictConfig:
    GlobalHydra.instance().clear()
    search = [f"hydra.searchpath=[file://{own}]"] if own is not None else []
    with initialize_config_dir(config_dir=str(CONF), version_base=None):
        return compose(job, overrides=[*overrides, *search])


def _typed(job: str, config: DictConfig) -> None:
    """Read the composed configuration as the job does."""
    if job == "benchmark":
        from glane_tools.benchmark.settings import benchmark_settings

        benchmark_settings(config)
        return
    getattr(glane.settings, f"{job}_settings")(config)


def _is_in_a_run(name: str) -> bool:
    directory = RunDirectory(root=Path("/run"))
    names = {n for n in dir(RunDirectory) if isinstance(getattr(RunDirectory, n), property)}
    there = {path for n in names if isinstance(path := getattr(directory, n), Path)}
    return Path("/run") / name in there


def _resolves(name: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    try:
        if importlib.util.find_spec(name) is not None:
            return True
    except ModuleNotFoundError:
        pass
    module, _, attribute = name.rpartition(".")
    try:
        return hasattr(importlib.import_module(module), attribute)
    except ImportError:
        return False
