"""What the tests share: small data sets, settings for the scripted engine, and a run without Ray."""

from __future__ import annotations

import copy
import io
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import settings as hypothesis_settings

from glane.cli import run as run_command
from glane.extraction.work import ExtractionWork, prepare_extraction
from glane.host import process_start
from glane.parquet import scan_parquet
from glane.run.directory import RunDirectory
from glane.run.heartbeat import heartbeats
from glane.run.prepare import PreparedRun
from glane.run.publish import finish_run
from glane.run.worker import WorkerReport, WorkerSpec, run_worker
from glane.settings import Beside, ExtractSettings, ModelSettings, SeveralSettings
from glane.storage import listed
from glane.task.task import Task, load_task
from glane.validation import validated
from neighbours import write_attempts
from passes import names

os.environ["GLANE_LANG"] = "en"  # messages are compared, whatever the machine's locale is

ROOT = Path(__file__).resolve().parents[1]

# Of `make check`; `make test` draws as many examples as Hypothesis does by itself.
# No deadline: how long an example takes depends on what else the machine does.
hypothesis_settings.register_profile("whole", deadline=None)
hypothesis_settings.register_profile("check", max_examples=20, deadline=None)
hypothesis_settings.load_profile("whole")

# Of `make check`: the tests of what was changed, then others as chance will have it, until the time is up.


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seconds", type=float, help="of tests: those of what git says was changed, then a random sample")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--seconds") is None:
        return
    changed = _changed_names()
    wanted = {path for path in {item.path for item in items} if any(name in path.read_text() for name in changed)}
    wanted |= {item.path for item in items if item.path.name in changed}
    order = random.Random(os.environ.get("PYTEST_XDIST_TESTRUNUID", ""))  # of all its workers alike
    items.sort(key=lambda item: (item.path not in wanted, order.random()))
    config.stash[_ENDS_AT] = time.monotonic() + config.getoption("--seconds")


def pytest_itemcollected(item: pytest.Item) -> None:
    """The passes of `make test` look for engines, Ray and Slurm in files that name them only."""
    for kind in ("engine", "ray", "slurm"):
        if item.get_closest_marker(kind) is not None and not names(_text(item.path), kind):
            raise pytest.UsageError(f"{item.nodeid} is marked {kind}: its file must say pytest.mark.{kind} itself.")


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if time.monotonic() > item.config.stash.get(_ENDS_AT, math.inf):
        pytest.skip("the time is up")


_ENDS_AT = pytest.StashKey[float]()


def _changed_names() -> set[str]:
    """Of what differs from the last commit but one: modules as `glane.run.publish`, other files by their names."""
    asked = (["git", "diff", "--name-only", "HEAD~1"], ["git", "ls-files", "--others", "--exclude-standard"])
    told = [subprocess.run(one, cwd=ROOT, capture_output=True, text=True, check=False).stdout for one in asked]
    paths = [Path(line) for line in "".join(told).splitlines()]
    return {
        ".".join(path.with_suffix("").parts[1:]) if path.suffix == ".py" and path.parts[0] == "lib" else path.name
        for path in paths
    }


SMALL_TASK: dict[str, Any] = {
    "name": "small",
    "language": "fr",
    "instructions": "Lis le texte.",
    "confidence": False,
    "fields": {
        "age": {"type": "integer", "minimum": 0, "maximum": 120, "nullable": True},
        "sex": {"type": "enum", "values": ["F", "M"], "nullable": True},
        "onset": {"type": "date", "precision": "partial", "nullable": True},
        "seen": {"type": "date"},
        "note": {"type": "string", "max_length": 40},
        "temperature": {"type": "number", "minimum": 30, "maximum": 45, "nullable": True},
        "fever": {"type": "boolean", "nullable": True},
        "cases": {
            "type": "list",
            "max_items": 5,
            "items": {"type": "object", "fields": {"place": {"type": "string"}, "when": {"type": "date"}}},
        },
    },
}


def write_documents(
    path: Path, texts: Sequence[str | bytes | None], *, row_group_size: int = 50, **columns: Any
) -> Path:
    """A data set with ids d0, d1, …"""
    kind = pa.binary() if any(isinstance(text, bytes) for text in texts) else pa.string()
    table = pa.table({"id": [f"d{i}" for i in range(len(texts))], "text": pa.array(texts, kind), **columns})
    pq.write_table(table, path, row_group_size=row_group_size)
    return path


DEMO_MODEL = ModelSettings(
    name="demo", path=str(ROOT / "lib" / "glane" / "demo" / "model"), prompt_style="bare", max_model_len=2048, max_tokens=256,
    dtype="float32", max_num_seqs=16, kv_cache_mib=128, engine_args={"enforce_eager": True},
)  # fmt: skip


def copy_tekken(folder: Path) -> Path:
    """Mistral's own tokenizer, from its package, beside a model's configuration that has nothing to do with it."""
    import mistral_common

    (file,) = sorted(Path(mistral_common.__file__).parent.rglob("tekken_240911.json"))[:1]
    shutil.copy(file, folder / "tekken.json")
    shutil.copy(Path(DEMO_MODEL.path) / "config.json", folder / "config.json")
    return folder


def make_settings(data: Path, run: Path, task: Mapping[str, Any] = SMALL_TASK, **changes: Any) -> ExtractSettings:
    """Settings of a scripted run; `changes` are dotted keys with `__` for the dot."""
    values: dict[str, Any] = {
        "task": dict(task),
        "data": {"path": str(data)},
        "model": {
            "name": "scripted", "engine": "scripted", "path": "none", "max_model_len": 20000, "max_tokens": 512,
            "max_num_seqs": 8,
        },
        "run": {"dir": str(run), "shard_rows": 16, "heartbeat_s": 0.2, "lease_s": 2.0, "allow_toy": True},
        "progress": "none",
    }  # fmt: skip
    for key, value in changes.items():
        *path, last = key.split("__")
        here = values
        for part in path:
            here = here.setdefault(part, {})
        here[last] = value
    return validated(ExtractSettings, values, place="")


def prepare_run(settings: ExtractSettings, task: Task) -> PreparedRun:
    """The run of an extraction, prepared."""
    return prepare_extraction(ExtractionWork(settings=settings, task=task))


def prepare_each(settings: ExtractSettings) -> list[PreparedRun]:
    """The runs of all tasks, prepared. The work of the first asks the others beside its own."""
    first, *others = [prepare_run(one, load_task(one.task)) for one in settings.each()]
    return [replace(first, work=replace(first.work, beside=tuple(one.work for one in others))), *others]


def several(settings: ExtractSettings, *more: Mapping[str, Any]) -> SeveralSettings:
    """The settings with more tasks over the same reading. Each run is a folder in that of the settings."""
    tasks = [settings.task, *more]
    folders = [f"{settings.run.dir}/{task['name']}" for task in tasks]
    beside = [Beside(task=task, run_dir=folder) for task, folder in zip(more, folders[1:], strict=True)]
    values = {name: getattr(settings, name) for name in ExtractSettings.model_fields}
    run = settings.run.model_copy(update={"dir": folders[0]})
    return SeveralSettings(**{**values, "run": run}, beside=tuple(beside))


def work(settings: ExtractSettings, worker: str = "w0") -> tuple[PreparedRun, WorkerReport]:
    """Prepare the run and work on it in this process."""
    run = prepare_run(settings, load_task(settings.task))
    return run, run_worker(spec(settings, run, worker))


def spec(settings: ExtractSettings, run: PreparedRun, worker: str, start: float = 0.0) -> WorkerSpec:
    return WorkerSpec(
        worker=worker, work=run.work, run=settings.run, key=run.key, start=start, device="cpu", cpus=1, gpus=0
    )


def left_alone(folder: Path) -> PreparedRun:
    """A run whose two documents are answered and not published, with no sign of who worked on it."""
    run, _ = work(make_settings(write_documents(folder / "d.parquet", ["a", "b"]), folder / "run"))
    for path in run.directory.workers.iterdir():
        path.unlink()
    return run


def stand_ins(folder: Path) -> Callable[[str, str], None]:
    """Make a folder for commands that answer in the place of others. Returns what writes one: its name, and a script."""
    folder.mkdir()

    def answer(name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/bash\n{script}\n")
        (folder / name).chmod(0o755)

    return answer


def extract_here(settings: ExtractSettings) -> pl.DataFrame:
    """A whole run in this process; the published rows."""
    run, report = work(settings)
    assert report.outcome == "done", report.message
    finish_run(run, record_mib=128)
    return scan_parquet(listed(run.directory.records, "*.parquet")).collect()


# What tests of extractions leave unsaid: users must say it.
_CHOSEN = ("task=ed_visit", "model=demo", "run.allow_toy=true")


def chosen(arguments: Sequence[str], name: str) -> list[str]:
    """The words of a command line, with a task and a model where it names none, and toys allowed."""
    given = {word.partition("=")[0] for word in arguments}
    unsaid = _CHOSEN if name in ("extract", "plan") else ()
    return [*arguments, *(word for word in unsaid if word.partition("=")[0] not in given)]


def launch(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    """Start the extraction as a user would, and go on."""
    words = chosen(arguments, "extract")
    return subprocess.Popen(
        [sys.executable, str(ROOT / "jobs" / "extract.py"), *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, **options,
    )  # fmt: skip


def worker_pids(run: Path) -> list[int]:
    """The processes of a run's workers that are at work."""
    beats = heartbeats(RunDirectory(root=run))
    return [beat.pid for beat in beats if beat.state == "working" and process_start(beat.pid) == beat.process_start]


def wait_for(condition: Callable[[], Any], seconds: float = 60.0, *, every_s: float = 0.05) -> Any:
    """What `condition` returns once it is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(every_s)
    raise AssertionError(f"not within {seconds} s")


def job(*arguments: str, name: str = "extract", check: int | None = 0, timeout: float = 300, **options: Any) -> Any:
    """Run a job as a user would."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "jobs" / f"{name}.py"), *chosen(arguments, name)],
        capture_output=True, text=True, timeout=timeout, check=False, **options,
    )  # fmt: skip
    if check is not None:
        assert done.returncode == check, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def job_here(
    *arguments: str, name: str = "extract", check: int | None = 0, cwd: Path | None = None, as_told: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a job as `job` does, in this process: for what ends before Ray and engines are started.

    With `as_told`, nothing is added to the arguments. To start Python and to import the libraries takes seconds, each time.
    """
    said, complained, code = io.StringIO(), io.StringIO(), 0
    former_umask = os.umask(0o022)  # as in most shells; the job sets its own
    try:
        with redirect_stdout(said), redirect_stderr(complained), chdir(cwd or Path.cwd()):
            run_command(name.replace("_", "-"), list(arguments) if as_told else chosen(arguments, name))
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        os.umask(former_umask)
    done = subprocess.CompletedProcess([name, *arguments], code, said.getvalue(), complained.getvalue())
    assert check in (None, done.returncode), f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


@cache
def _parsed(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def read_yaml(path: Path) -> Any:
    """The values of a file of the repository, to be changed at will: it is parsed once."""
    return copy.deepcopy(_parsed(path))


@pytest.fixture(scope="session")
def demo_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """400 notes of a seed, and of places, that the demo model never saw in training, with the right answers."""
    from glane.demo.corpus import write_corpus

    folder = tmp_path_factory.mktemp("corpus")
    write_corpus(folder, documents=400, seed=20_261)
    return folder


@pytest.fixture(scope="session")
def demo_run(demo_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo model's run over `demo_corpus`, whose driver and engine were killed while they worked."""

    folder = tmp_path_factory.mktemp("run")
    run = folder / "run"
    arguments = [
        "task=ed_visit", "model=demo", f"data.path={demo_corpus}/documents.parquet",
        "data.carry_columns=[visit_date,hospital]", f"run.dir={run}", "run.shard_rows=40", "progress=plain",
        "run.heartbeat_s=0.5",
    ]  # fmt: skip
    driver = launch(*arguments, cwd=folder)
    pids = wait_for(lambda: worker_pids(run), 240)
    wait_for(lambda: any((run / "parts").glob("part-*.parquet")), 120)
    pids = worker_pids(run)
    for pid in pids:  # stopped, or the run would have ended before all was tried
        os.kill(pid, signal.SIGSTOP)
    write_attempts(driver.pid, run, folder / "attempts.json")
    os.kill(pids[0], signal.SIGKILL)  # the engine's own process
    for pid in pids[1:]:
        os.kill(pid, signal.SIGCONT)
    wait_for(lambda: [pid for pid in worker_pids(run) if pid not in pids], 240)
    time.sleep(1)
    driver.kill()
    driver.communicate()
    job(*arguments, cwd=folder, timeout=400)
    return run


def execute_notebook(name: str, folder: Path = ROOT / "notebooks") -> Any:
    """Execute a notebook of the repository where it stands; the executed one is returned, never written."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(folder / f"{name}.ipynb", as_version=4)
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=300, resources=resources, kernel_name="python3").execute()
    return notebook


def plots_of(notebook: Any) -> list[str]:
    """The plots of an executed notebook: base64 of PNG."""
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return [output["data"]["image/png"] for output in outputs if "image/png" in output.get("data", {})]


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """120 plain documents in three row groups."""
    return write_documents(tmp_path / "documents.parquet", [f"note {i}" for i in range(120)])


@pytest.fixture
def shipped_task() -> Callable[[str], dict[str, Any]]:
    def load(name: str) -> dict[str, Any]:
        return read_yaml(ROOT / "conf" / "task" / f"{name}.yaml")

    return load


@pytest.fixture(autouse=True)
def _private_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    if "XDG_CACHE_HOME" not in os.environ:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.getbasetemp() / "state"))


@pytest.fixture(scope="session")
def slurm_cluster() -> Iterator[Any]:
    """A private Slurm of two nodes, started once."""
    from slurm_site import private_slurm

    slurm = private_slurm()
    folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
    try:
        cluster = slurm.cluster.start(folder)
    except slurm.errors.MissingError as missing:
        warnings.warn(f"NOT TESTED ON SLURM: {missing}", stacklevel=1)
        pytest.skip(f"NOT TESTED ON SLURM: {missing}")
    yield cluster
    slurm.cluster.stop(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def site(slurm_cluster: Any, tmp_path: Path) -> Iterator[Any]:
    """The cluster as one test uses it: nothing of ours may be left on any node afterwards."""
    from slurm_site import Site

    site = Site(slurm_cluster, tmp_path)
    yield site
    site.close()
