"""Runs the benchmark: makes one corpus, runs all contenders in order, and writes the results."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from glane.assess.files import as_json, write_folder
from glane.cluster.layout import Node, plan_layout
from glane.composition import files_of
from glane.engine.arguments import engine_arguments
from glane.engine.device import gpu_bytes, num_gpus
from glane.engine.weights import resolve_weights, weights_bytes
from glane.errors import ConfigError, EngineError, RunError
from glane.extraction.prompts import shape_of
from glane.run.environment import versions
from glane.run.written import refuse_inside_run
from glane.settings import ModelSettings
from glane.storage import storage_errors
from glane.task.prompt import messages
from glane.task.task import TEXT_INPUT, Task, load_task
from glane_tools.benchmark.contenders import COMPARISONS, CONTENDERS, schedule
from glane_tools.benchmark.corpora import task_of, written
from glane_tools.benchmark.measure import Bench, Run, measure
from glane_tools.benchmark.profiles import profiles
from glane_tools.benchmark.ratios import all_ratios
from glane_tools.benchmark.report import markdown, picture, summary
from glane_tools.benchmark.settings import BenchmarkSettings
from glane_tools.benchmark.work import Work

_BUSY = 0.3  # load per core, before the benchmark starts anything; above it, a warning is given
_MARK = "\x00"  # placeholder of the document in a prompt


_OF_GLANE = ("task", "model", "reading")  # what glane's own command is told, too


def overrides_of_glane(words: Sequence[str]) -> list[str]:
    """Of the overrides of this command, those that glane's own command is told, too.

    What this command chooses by itself is named: glane's has no default task and no default model. Nobody takes these
    answers for results.
    """
    told = [word for word in words if word.lstrip("+~").partition("=")[0].partition(".")[0] in _OF_GLANE]
    chosen = {group: path.stem for group, path in files_of("benchmark", words) if group in ("task", "model")}
    unsaid = [f"{group}={name}" for group, name in chosen.items() if not any(w.startswith(f"{group}=") for w in told)]
    return [*unsaid, *told, "run.allow_toy=true"]


def run_benchmark(settings: BenchmarkSettings, *, typed: Sequence[str], say: Callable[[str], None]) -> dict[str, Any]:
    """Run all contenders. Write `benchmark.json`, `benchmark.md` and `benchmark.svg` again after each run.

    `typed` holds the user's overrides of task and model, which are passed to glane's own command. A contender that
    cannot run here is listed with the reason, and the others go on.

    Raises:
        ConfigError: if not all contenders can handle the task or the model.
        EngineError: if glane itself fails, or the contenders' prompts were not the same.
    """
    out = Path(settings.out.dir).expanduser().absolute()
    task = task_of(settings.corpus, settings.task)
    has_others = any(CONTENDERS[name].kind != "glane" for name in settings.contenders)
    work = plain_work(
        task, settings.model, documents=out, has_others=has_others
    )  # first, as it may refuse the settings
    if out.exists() and not out.is_dir():
        raise RunError(f"out.dir: {settings.out.dir} is a file. Choose another directory.")
    refuse_inside_run(out, setting="out.dir")
    with storage_errors(out):
        out.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = Path(tempfile.mkdtemp(prefix="work-", dir=out))
    try:
        corpus = written(
            settings.corpus, folder / "corpus", typed, documents=settings.num_documents, seed=settings.seed
        )
        work = replace(work, documents=str(corpus.documents))
        bench = Bench(work=work, extract=corpus.words, folder=folder, timeout_s=settings.timeout_s)
        found = _run_all(settings, bench, say)
        found["profile"] = profiles(settings, task, work, folder / "profiles")
        _write(settings, found)
    finally:
        if settings.keep:
            say(f"{folder}: what each run wrote and said")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    _check(found)
    return found


def _run_all(settings: BenchmarkSettings, bench: Bench, say: Callable[[str], None]) -> dict[str, Any]:
    order = schedule(settings.contenders, pairs=settings.num_pairs, visits=settings.visits)
    load = os.getloadavg()[0]
    if load > _BUSY * len(os.sched_getaffinity(0)):
        say(f"others are at work on this machine (load {load:.1f}): expect wide ratios")
    runs: list[Run] = []
    unable: dict[str, str] = {}
    for number, name in enumerate(order, start=1):
        if name in unable or (runs and runs[-1].contender == name):  # the contender between the two cannot run
            continue
        say(f"{number} of {len(order)}: {CONTENDERS[name].shown}")
        run = measure(bench, CONTENDERS[name], number=number)
        if run.failure:
            unable[name] = run.failure
            say(f"  cannot run: {run.failure}")
        else:
            runs.append(run)
            say(f"  {_figures(run)}")
        _write(settings, _summed_up(settings, runs, unable, load=load, is_complete=False))
        if not settings.keep:
            shutil.rmtree(bench.folder / f"{number:02}-{name}", ignore_errors=True)
    found = _summed_up(settings, runs, unable, load=load, is_complete=True)
    _write(settings, found)
    return found


def plain_work(task: Mapping[str, Any], model: ModelSettings, *, documents: Path, has_others: bool = True) -> Work:
    """The plain prompt and the engine arguments as glane resolves them, for the contenders' scripts, if there are any.

    Raises:
        ConfigError: if the task needs more than one message with one answer, or the engine is not vLLM.
    """
    plain = load_task({**task, "confidence": False, "quotes": "free", "repairs": 0})
    _refuse_what_others_cannot(plain, model, has_others=has_others)
    model = resolve_weights(model)
    cores = len(os.sched_getaffinity(0))
    here = Node(node_id="", host="", cpus=cores, gpus=num_gpus())
    layout = plan_layout(model, [here], weights_bytes=weights_bytes(model), gpu_bytes=gpu_bytes())
    device, model = layout.device, model.model_copy(update={"tensor_parallel_size": layout.tensor_parallel_size})
    *shared, message = messages(plain, {TEXT_INPUT: _MARK}, style=model.prompt_style, shape=shape_of(model))
    before, _, after = message["content"].partition(_MARK)
    return Work(
        documents=str(documents), records="", times="", scratch="", id_column="id", text_column=TEXT_INPUT,
        shared=[{"role": one["role"], "content": one["content"]} for one in shared], before=before, after=after,
        schema=json.loads(plain.answer_schema), engine=engine_arguments(model, device),
        temperature=model.sampling.temperature, top_p=model.sampling.top_p, max_tokens=model.max_tokens,
        device=device, cpus=cores if model.cpus_per_engine == "auto" else model.cpus_per_engine, ask_once=False,
    )  # fmt: skip


def _refuse_what_others_cannot(task: Task, model: ModelSettings, *, has_others: bool) -> None:
    if model.engine == "scripted" and not has_others:  # tells what surrounds an engine
        return
    if model.engine != "vllm":
        raise ConfigError(f"model.engine: the benchmark compares engines of vLLM; it is {model.engine!r}.")
    if model.chat_template is not None:
        raise ConfigError("model.chat_template: the benchmark asks with the tokenizer's own template; leave it null.")
    if tuple(task.inputs) != (TEXT_INPUT,):
        raise ConfigError(f"task.inputs: the benchmark's corpus has only {TEXT_INPUT!r}; the task wants {task.inputs}.")
    if task.split is not None or task.passes.samples > 1 or task.passes.recall:
        raise ConfigError("task: the benchmark asks each document once; set reading=default and task.split=null.")


def _summed_up(
    settings: BenchmarkSettings, runs: Sequence[Run], unable: Mapping[str, str], *, load: float, is_complete: bool
) -> dict[str, Any]:
    measured: dict[str, list[float | None]] = {
        "steady": [run.steady_rows_per_s for run in runs],
        "total": [run.total_s for run in runs],
        "steps": [run.steps for run in runs],
        "start": [run.start_s for run in runs],
        "processor": [run.processor_s_per_1000_rows for run in runs],
    }
    ratios = all_ratios([run.contender for run in runs], measured, COMPARISONS)
    about = {
        "size": settings.size,
        "documents": settings.num_documents,
        "pairs": settings.num_pairs,
        "seed": settings.seed,
        "corpus": settings.corpus,
        "task": str(task_of(settings.corpus, settings.task)["name"]),
        "model": settings.model.name,
        "versions": versions(),
        "load_before": round(load, 2),  # load of the machine from other programs
        "complete": is_complete,
    }
    return summary(runs, ratios, unable=unable, about=about)


def _write(settings: BenchmarkSettings, found: Mapping[str, Any]) -> None:
    files = {"benchmark.json": as_json(found), "benchmark.md": markdown(found).encode()}
    if (drawn := picture(found["ratios"])) is not None:
        files["benchmark.svg"] = drawn
    write_folder(settings.out.dir, files)


def _figures(run: Run) -> str:
    steady = "-" if run.steady_rows_per_s is None else f"{run.steady_rows_per_s:.1f}"
    valid = run.answers.num_valid if run.answers else 0
    return f"start-up {run.start_s:.1f} s, steady {steady} rows/s, total {run.total_s:.1f} s, {valid} valid rows"


def _check(found: Mapping[str, Any]) -> None:
    if failed := [name for name in found["unable"] if CONTENDERS[name].kind == "glane"]:
        raise EngineError("\n".join(f"{name}: {found['unable'][name]}" for name in failed))
    if found["outputs"] and not found["outputs"]["prompts_equal"]:
        raise EngineError(
            "contenders were not asked the same: their prompts differ in length. These figures compare nothing."
        )
