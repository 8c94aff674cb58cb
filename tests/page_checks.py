"""What can be wrong with a page: its commands, configuration, programs and links, each checked against the code."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

import glane
import glane.settings
from conftest import ROOT
from glane.cli import COMMANDS
from glane.composition.bare import with_keys
from glane.composition.compose import compose, plain
from glane.composition.words import quoted
from glane.errors import GlaneError
from glane.extraction.results import Run
from glane.settings.words import key_types
from glane.task.task import load_task
from glane.types import KeyType
from markdown_pages import Block, Page, commands_of, split_command

CONF = ROOT / "conf"
LANGUAGES = ("sh", "console", "yaml", "python", "text")

# What an ellipsis, or a name in capitals, stands for in a command.
_PLACEHOLDERS = {
    "task": "ed_visit",
    "model": "demo",
    "table": "weekly_co",
    "brief": "co",
    "linkage": "outbreak_events",
    "runs": "[runs/a,runs/b]",
    "by": "[hospital]",
    "field": "fever",
    "task.sentinels": "runs/sentinels",
}
# What each job cannot do without: added where a command says `…` for the rest.
_OF_A_RUN = {"run.dir": "runs/a", "out.dir": "runs/b"}
_REQUIRED = {
    "extract": {"task": "ed_visit", "model": "demo", "data.path": "notes.parquet"},
    "plan": {"task": "ed_visit", "model": "demo", "data.path": "notes.parquet"},
    "status": {"run.dir": "runs/a"},
    "clean": {"run.dir": "runs/a"},
    "erase": {"run.dir": "runs/a", "ids": ["a"]},
    "convert": {"source": "liste.csv", "data.path": "liste.parquet"},
    "pseudonymise": {"data.path": "notes.parquet", "out.dir": "b", "offsets": "c", "key_file": "k"},
    "review": _OF_A_RUN,
    "export": {**_OF_A_RUN, "to": "csv"},
    "try_programs": {**_OF_A_RUN, "tables": "tables.yaml"},
    "sentinels": _OF_A_RUN,
    "plant": _OF_A_RUN,
    "evaluate": {**_OF_A_RUN, "gold": "gold.parquet"},
    "estimate": {**_OF_A_RUN, "gold": "gold.parquet", "field": "fever"},
    "checklists": _OF_A_RUN,
    "studies": _OF_A_RUN,
    "prisma": _OF_A_RUN,
    "aggregate": {"table": "weekly_co", **_OF_A_RUN},
    "brief": {"brief": "co", **_OF_A_RUN},
    "trace": {"brief.dir": "runs/a", "id": "f-1"},
    "stage_model": {"source": "models/a"},
    "keys": {"file": "keys.yaml", "name": "a"},
    "verify": {"run.dir": "runs/a"},
    "replay": {"run.dir": "runs/a"},
    "link": {"linkage": "outbreak_events", **_OF_A_RUN},
    "calibrate": {**_OF_A_RUN, "values": "values.parquet"},
    "compare": {"runs": "[runs/a,runs/b]", "out.dir": "runs/b"},
    "multiverse": {"runs": "[runs/a,runs/b]", "chosen": "runs/a", "field": "fever", "out.dir": "runs/b"},
}
_WITH_VALUE = ("--config-dir", "--cfg", "--package")
# Commands of others, which are named and not checked further.
_OTHERS = (
    "cd", "cp", "export", "git", "ls", "mkdir", "module", "pip", "rm", "scancel", "sha256sum", "squeue", "sinfo", "tail",
)  # fmt: skip
_COMMAND_SPAN = re.compile(r"(?:\.venv/bin/)?(?:python3? )?jobs/\w+\.py .|make \w|sbatch .*slurm/|glane [a-z_-]+ ")
_SETTING_SPAN = re.compile(r"[+~]?[a-z_]+(?:\.[a-z_]+)+=\S")


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
    if named and (named[1] != "task" or "defaults" in values):
        path = folder / named[1] / f"{named[2]}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
        job, told = "extract", {"task": "ed_visit", "model": "demo", named[1]: named[2], "data.path": "x"}
        if named[1] == "table":
            job, told = "aggregate", {"table": named[2], **_OF_A_RUN}
        if named[1] == "brief":
            job, told = "brief", {"brief": named[2], **_OF_A_RUN}
        if named[1] == "linkage":
            job, told = "link", {"linkage": named[2], **_OF_A_RUN}
        _typed(job, _composed(job, [f"{key}={value}" for key, value in told.items()], folder))
        return
    if not isinstance(values, dict):
        raise ValueError("neither a task nor a configuration file; begin it with a line # my_folder/GROUP/NAME.yaml")
    whole = {"name": "a", "instructions": "x", **values} if "fields" in values else {**earlier, **values}
    if not {"sentinels", "json_schema_file", "pydantic_model"} & whole.keys():
        load_task(whole)
    if "fields" in values and ("instructions" in values or not earlier):  # one that only shows fields is no new task
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


def jobs_called(page: Page) -> Iterator[list[str]]:
    """The jobs that a page calls, each as `jobs/NAME.py` and what follows."""
    for block in page.blocks:
        if block.language in ("sh", "console"):
            for words in commands_of(block):
                job = _job_of(words)
                if job:
                    yield job


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
    while re.fullmatch(r"[A-Z_]+=\S*", words[0]):  # variables for one command
        words = words[1:]
    is_glane = Path(words[0]).name == "glane" and len(words) > 1
    if is_glane and words[1][0] not in "-…" and words[1] not in (*COMMANDS, "completion", "help"):
        raise ValueError(f"glane {words[1]}: there is no such command")
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
        targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
        if unknown := [word for word in rest if "=" not in word and word not in targets]:
            raise ValueError(f"make {unknown[0]}: the Makefile has {', '.join(sorted(targets))}")
    elif Path(name).name in ("python", "python3", "pytest", ".", "source", "bash"):
        _check_program(Path(name).name, rest)
    elif Path(name).name in ("ruff", "mypy", "lint-imports", "glane", "hf") or name in _OTHERS:
        pass
    else:
        raise ValueError(f"{name}: a command that this test knows nothing of")


def _check_program(name: str, rest: list[str]) -> None:
    if rest[:1] == ["-m"]:
        if not resolves(rest[1]) and rest[1] not in ("venv", "pip"):
            raise ValueError(f"-m {rest[1]}: there is no such module")
        return
    for word in rest:
        path = word.partition("::")[0]
        if "/" in path and "=" not in path and not path.startswith(("-", "/", ".slurm")) and not (ROOT / path).exists():
            raise ValueError(f"{name} {path}: there is no such file")


def _check_overrides(job: str, arguments: list[str], folder: Path) -> None:
    own, overrides, is_sweep, is_cut = None, [], False, False
    is_whole = arguments[:1] not in (["…"], ["[…]"])
    words = iter(with_keys(job, arguments) if is_whole else arguments)
    for word in words:
        if word in _WITH_VALUE:
            next(words)
            own = folder if word == "--config-dir" else own
        elif word in ("-m", "--multirun"):
            is_sweep = True
        elif word in ("…", "[…]"):
            is_cut = True  # what else the command needs is left to the reader
        elif not word.startswith("--"):
            overrides.append(word)
    overrides = [_filled(word, key_types(job), is_sweep=is_sweep) for word in overrides]
    task = next((word.removeprefix("task=") for word in overrides if word.startswith("task=")), None)
    if own is not None and task and not (own / "task" / f"{task}.yaml").exists():
        (own / "task").mkdir(exist_ok=True)  # a task of the reader's, which the page does not print
        shutil.copy(CONF / "task" / "ed_visit.yaml", own / "task" / f"{task}.yaml")
    for chosen in _sweep(overrides) if is_sweep else [overrides]:
        told = {word.lstrip("+").partition("=")[0] for word in chosen}
        rest = [f"{key}={value}" for key, value in _REQUIRED.get(job, {}).items() if is_cut and key not in told]
        _typed(job, _composed(job, [*chosen, *rest], own))


def _filled(word: str, types: Mapping[str, KeyType], *, is_sweep: bool) -> str:
    """An override with something in the place of `…` and of names in capitals."""
    key, equals, value = word.partition("=")
    if not equals or key == "…":
        raise ValueError(f"{word}: neither an option nor KEY=VALUE")
    if value in ("…", "[…]") or re.fullmatch(r"[A-Z]{3,}|\[[A-Z]{3,}, ?…\]", value):
        return f"{key}={_PLACEHOLDERS.get(key, 'placeholder')}"
    return quoted(word.replace("…", "x"), types, is_sweep=is_sweep)


def _sweep(overrides: list[str]) -> Iterator[list[str]]:
    """One list of overrides for each choice of a sweep, one key at a time; the others stand at their first."""
    parsed = OverridesParser.create().parse_overrides(overrides)
    choices = [
        [f"{one.get_key_element()}={value}" for value in one.sweep_string_iterator()]
        if one.is_sweep_override()
        else [word]
        for word, one in zip(overrides, parsed, strict=True)
    ]
    first = [words[0] for words in choices]
    for place, words in enumerate(choices):
        for word in words if len(words) > 1 else []:
            yield [*first[:place], word, *first[place + 1 :]]


def _composed(job: str, overrides: list[str], own: Path | None) -> DictConfig:
    return _composed_once(job, tuple(overrides)) if own is None else compose(job, overrides, [own])


@cache
def _composed_once(job: str, overrides: tuple[str, ...]) -> DictConfig:
    return compose(job, overrides)


def _typed(job: str, config: DictConfig) -> None:
    """Read the composed configuration as the job does."""
    if job == "benchmark":
        from glane_tools.benchmark.settings import benchmark_settings

        benchmark_settings(plain(config, job, []))
        return
    getattr(glane.settings, f"{job}_settings")(plain(config, job, []))


def resolves(name: str) -> bool:
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
