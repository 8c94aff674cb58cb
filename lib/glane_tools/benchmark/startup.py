"""Where the seconds go between a command and its first answer: `python -m glane_tools.benchmark.startup model=demo`.

Runs `glane extract` as a user would, on a few documents, several times (`runs=3`), and tells of each part of the start
when it began, how long it took, and the processor time of its process meanwhile. Parts that overlap are told as they
are. Other words are those of `extract`. Where the machine has other work, only the processor time means much.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from glane_tools.benchmark import marks
from glane_tools.benchmark.corpora import CorpusName, written
from glane_tools.benchmark.measure import last_line, wait

# In the order in which they begin. The last one is the first step of the engine that ends.
PARTS: Mapping[str, str] = {
    "settings composed": "glane.composition.compose:_checked_compose",
    "the job": "glane.job.here:extract_here",
    "imports of vLLM, in the server of forks": "glane.engine.preload:preload",
    "task, weights and data found": "glane.job.several:resolve_all",
    "run prepared": "glane.run.prepare:prepare_run",
    "Ray's processes started": "glane.cluster.ray_compat:start_node",
    "the worker": "glane.run.worker:run_worker",
    "the engine": "glane.engine.registry:start_engine",
    "vLLM's settings": "vllm.engine.arg_utils:EngineArgs.create_engine_config",
    "weights read": "vllm.v1.worker.cpu_model_runner:CPUModelRunner.load_model",
    "memory measured": "vllm.v1.worker.cpu_worker:CPUWorker.determine_available_memory",
    "the model tried, or compiled": "vllm.v1.worker.cpu_worker:CPUWorker.compile_or_warm_up_model",
    "tokenizer for prompts": "glane.engine.chat_tokenizer:ChatTokenizer.__init__",
    "first question given": "glane.engine.vllm:VllmEngine.add",
    "first grammar compiled": "glane.engine.grammars:SharedGrammars.compile_grammar",
    "first step": "glane.engine.vllm:VllmEngine.step",
}
_TIMEOUT_S = 300.0
_REPOSITORY = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A part of the start, in seconds: from the command to its begin, its length, and its processor time."""

    begins: float
    takes: float
    works: float


Times = dict[str, Span]


def started(words: Sequence[str], folder: Path) -> Times:
    """Run the command once. Also returns "total", from the command to its end.

    Raises:
        RuntimeError: if it fails, with the last line that it said.
    """
    folder.mkdir()
    found = folder / "marks.jsonl"
    (folder / "sitecustomize.py").write_text("from glane_tools.benchmark.marks import install\ninstall()\n")
    path = os.pathsep.join([str(folder), str(_REPOSITORY / "lib")])
    command = [sys.executable, str(_REPOSITORY / "jobs" / "extract.py"), *words, f"run.dir={folder / 'run'}"]
    environment = {**os.environ, **marks.environment(str(found), PARTS), "PYTHONPATH": path}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
    code, ended = wait([*command, "progress=plain"], environment, folder / "log.txt", _TIMEOUT_S)
    if code != 0:
        raise RuntimeError(last_line(folder / "log.txt"))
    worked = resource.getrusage(resource.RUSAGE_CHILDREN)
    works = worked.ru_utime + worked.ru_stime - before.ru_utime - before.ru_stime
    times = {"total": Span(begins=0.0, takes=ended - began, works=works)}
    for mark, start, end, works in map(json.loads, found.read_text().splitlines()):
        if mark not in times:  # of several engines, the first
            times[mark] = Span(begins=start - began, takes=end - start, works=works)
    return times


def lines(runs: Sequence[Times]) -> list[str]:
    """A table in Markdown: medians over the runs."""
    head = ["| part | begins, s | takes, s | of the processor, s |", "| --- | --: | --: | --: |"]
    rows = []
    for part in (*PARTS, "total"):
        spans = [run[part] for run in runs if part in run]
        if spans:
            begins, takes, works = (
                statistics.median(getattr(span, name) for span in spans) for name in ("begins", "takes", "works")
            )
            rows.append(f"| {part} | {begins:.1f} | {takes:.2f} | {works:.2f} |")
    return [*head, *rows]


def main() -> None:
    """Measure, and print the table."""
    own = {"documents": "16", "runs": "3", "corpus": "notes"}
    told = {**own, **dict(word.split("=", 1) for word in sys.argv[1:] if word.split("=", 1)[0] in own)}
    words = [word for word in sys.argv[1:] if word.split("=", 1)[0] not in own] or ["model=demo"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpus = written(
            cast(CorpusName, told["corpus"]), folder / "corpus", ["task=ed_visit", *words],
            documents=int(told["documents"]), seed=5,
        )  # fmt: skip
        asked = [*corpus.words, f"data.path={corpus.documents}"]
        runs = [started(asked, folder / str(number)) for number in range(int(told["runs"]))]
    print("\n".join(lines(runs)))


if __name__ == "__main__":
    main()
