"""How often the pilot's 90 % intervals hold: python tests/simulations/pilot.py [corpora=100] [jobs=12]

`corpora` are simulated whole: lengths of many shapes, an engine whose window is refilled as answers end, a speed that
wanders within a run and differs between runs. `jobs` go through the real job with the scripted engine instead, pilot
and run, in this process. With 100 corpora, two standard errors of a coverage of 0.90 are 6 points.
"""

from __future__ import annotations

import heapq
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from glane.pilot.frame import Frame, draw, strata_of
from glane.pilot.pace import PROMPT_WEIGHT, Commits, Pace, pace_of
from glane.pilot.predict import Assumptions, Observed, Population, Size, predict

LEVEL = 0.9
_AT_ONCE = 4  # jobs: the scripted engine sleeps most of the time
SHAPES = ("lognormal", "long tail", "two kinds", "even", "mostly short")


def lengths(shape: str, num: int, rng: np.random.Generator) -> np.ndarray:
    """Characters of documents."""
    match shape:
        case "lognormal":
            drawn = rng.lognormal(6.5, 0.7, num)
        case "long tail":
            drawn = rng.lognormal(6.0, 1.3, num)
        case "two kinds":
            drawn = np.where(rng.random(num) < 0.1, rng.normal(9000, 1500, num), rng.normal(700, 150, num))
        case "even":
            drawn = rng.uniform(100, 3000, num)
        case _:
            drawn = rng.exponential(400, num)
    return np.clip(drawn, 20, 40_000).astype(np.int64)


class Corpus:
    """Documents of a shape, sorted by length in a third of the corpora, as files often are."""

    def __init__(self, shape: str, rng: np.random.Generator) -> None:
        num = int(rng.integers(3000, 9000))
        self.chars = lengths(shape, num, rng)
        if rng.random() < 1 / 3:
            self.chars.sort()
        self.prompt = np.round(300 + self.chars / rng.uniform(3, 5) * rng.lognormal(0, 0.1, num))
        slope = rng.uniform(0.0, 0.1)
        self.output = np.round(rng.gamma(4, rng.uniform(5, 20), num) + slope * self.chars * rng.random(num)) + 5
        self.is_failed = rng.random(num) < rng.choice([0.0, 0.005, 0.03]) * (1 + self.chars / self.chars.mean()) / 2


class Engine:
    """Answers `window` documents at once, a token of each per step; a step takes longer with more prompt to read."""

    def __init__(self, window: int, *, within: float, between: float, rng: np.random.Generator) -> None:
        self.window, self.within, self.rng = window, within, rng
        self.step_s, self.per_prompt_token_s = 0.02, float(rng.uniform(1e-6, 1e-5))
        self.between = between
        self.rest_s = float(rng.uniform(5, 60))  # how long a change of speed lasts

    def run(self, prompt: np.ndarray, output: np.ndarray, num_engines: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Per engine, the documents in the order in which they end, and when. Engines take from one queue."""
        factor = float(np.exp(self.rng.normal(0, self.between)))
        queue = iter(range(len(output)))
        engines = [_Running(self, factor, queue, prompt, output) for _ in range(num_engines)]
        clocks = [(0.0, index) for index in range(num_engines)]
        heapq.heapify(clocks)
        while clocks:
            _, index = heapq.heappop(clocks)
            if engines[index].advance():
                heapq.heappush(clocks, (engines[index].now, index))
        return [(np.array(engine.order), np.array(engine.times)) for engine in engines]


class _Running:
    def __init__(self, engine: Engine, factor: float, queue: Any, prompt: np.ndarray, output: np.ndarray) -> None:
        self.engine, self.factor, self.queue, self.prompt, self.output = engine, factor, queue, prompt, output
        self.now, self.wander, self.steps = 0.0, 0.0, 0.0
        self.active: list[tuple[float, int]] = []  # the step at which each ends
        self.order: list[int] = []
        self.times: list[float] = []

    def advance(self) -> bool:
        """Go on to the next answer's end. False when nothing is left."""
        engine = self.engine
        read = 0.0
        while len(self.active) < engine.window and (place := next(self.queue, None)) is not None:
            heapq.heappush(self.active, (self.steps + self.output[place], place))
            read += self.prompt[place]
        if not self.active:
            return False
        until, place = heapq.heappop(self.active)
        # A fuller batch takes a little longer per step.
        step_s = engine.step_s * (0.6 + 0.4 * (len(self.active) + 1) / engine.window)
        spent = ((until - self.steps) * step_s + read * engine.per_prompt_token_s) * self.factor
        kept = np.exp(-spent / engine.rest_s)
        self.wander = self.wander * kept + engine.within * np.sqrt(1 - kept**2) * engine.rng.normal()
        self.now += spent * np.exp(self.wander)
        self.steps = until
        self.order.append(place)
        self.times.append(self.now)
        return True


def simulated(seed: int, *, between: float, assumed: float) -> dict[str, tuple[bool, float]]:
    """Per figure, whether the interval holds the truth, and its width over the truth."""
    rng = np.random.default_rng(seed)
    corpus = Corpus(SHAPES[seed % len(SHAPES)], rng)
    engine = Engine(int(rng.choice([16, 32, 64])), within=float(rng.uniform(0, 0.1)), between=between, rng=rng)
    num, num_engines = len(corpus.chars), int(rng.choice([1, 2, 4]))
    frame = Frame(
        chars=corpus.chars, lag=np.zeros(num, np.int64), is_blank=np.zeros(num, np.bool_), read_s=0.0
    )  # fmt: skip
    places = draw(frame, rows=max(200, 8 * engine.window), seed=seed)
    pace = _pace_of(engine, corpus, places)
    strata = strata_of(corpus.chars[places])
    stratum = strata.of(corpus.chars)
    asked = np.bincount(stratum, minlength=strata.count)
    sums = np.bincount(stratum, weights=corpus.chars, minlength=strata.count)
    sample_bytes = 40 + corpus.output[places] * 3
    found = predict(
        Population(num_rows=num, num_blank=0, asked=asked, mean_chars=sums / np.maximum(asked, 1)),
        Observed(
            stratum=strata.of(corpus.chars[places]), chars=corpus.chars[places], prompt_tokens=corpus.prompt[places],
            output_tokens=corpus.output[places], is_failed=corpus.is_failed[places],
            is_repeated=np.zeros(len(places), np.bool_),
        ),
        pace,
        Assumptions(level=LEVEL, run_to_run=assumed, shard_rows=max(16, num // 64), startup_s=0.0),
        engines=[num_engines], seed=seed, power=None,
        size=Size(
            fixed=0.0, per_row=float(sample_bytes.mean()),
            relative_error=float(sample_bytes.std() / sample_bytes.mean() / np.sqrt(len(places))),
        ),
    )  # fmt: skip
    ends = max(times[-1] for _, times in engine.run(corpus.prompt, corpus.output, num_engines) if len(times))
    truth = {
        "prompt_tokens": corpus.prompt.sum(), "output_tokens": corpus.output.sum(),
        "failure_rate": corpus.is_failed.mean(), "documents_per_s": num / ends, "working_s": ends,
    }  # fmt: skip
    intervals = {**found["figures"], **found["by_engines"][str(num_engines)]}
    return {name: _verdict(intervals[name], value) for name, value in truth.items()}


def _pace_of(engine: Engine, corpus: Corpus, places: np.ndarray) -> Pace:
    """The pilot's pace, as read off commits of shards: a shard is committed when its last document is answered."""
    [(order, times)] = engine.run(corpus.prompt[places], corpus.output[places], 1)
    per_shard = max(1, min(engine.window // 4, len(places) // 40))
    shard = np.arange(len(places)) // per_shard
    ended = np.empty(len(places))
    ended[order] = times
    commits = np.array([ended[shard == index].max() for index in range(shard[-1] + 1)])
    work = np.bincount(shard, weights=(PROMPT_WEIGHT * corpus.prompt + corpus.output)[places])
    by_time = np.argsort(commits)
    worker = Commits(
        began=0.0, times=commits[by_time], rows=np.bincount(shard)[by_time].astype(float), work=work[by_time]
    )
    return pace_of([worker], [0.0], [{"host": "h", "started": 0.0, "time": 1.0, "gpus": 0}], window=engine.window)


def _verdict(interval: dict[str, float], truth: float) -> tuple[bool, float]:
    width = (interval["high"] - interval["low"]) / truth if truth else 0.0
    return interval["low"] <= truth <= interval["high"], width


def real_job(seed: int, folder: Path) -> dict[str, tuple[bool, float]]:
    """The same of a corpus that goes through the job itself: pilot, run, and the summary's comparison."""
    import glane.pilot.trial as trial
    from conftest import SMALL_TASK, work, write_documents
    from glane.extraction.prediction import compare
    from glane.pilot.job import run_pilot
    from glane.run.publish import finish_run
    from glane.settings.plan import PlanSettings
    from glane.validation import validated

    def in_process(settings: Any) -> dict[str, Any]:
        run, report = work(settings)
        assert report.outcome == "done", report.message
        return finish_run(run, record_mib=128)

    trial.extract_here = in_process  # without Ray, whose start would be most of the time
    rng = np.random.default_rng(seed)
    chars = lengths(SHAPES[seed % len(SHAPES)], int(rng.integers(700, 1000)), rng)
    share = rng.choice([0.0, 0.02, 0.06])
    bad = [" [[invalid]]" if rng.random() < share else "" for _ in chars]
    texts = [f"{i} " + "mot " * int(length // 40) + mark for i, (length, mark) in enumerate(zip(chars, bad))]
    data = write_documents(folder / "documents.parquet", texts, row_group_size=200)
    values = {
        "task": {**SMALL_TASK, "repairs": 0}, "data": {"path": str(data)}, "progress": "none",
        "model": {
            "name": "scripted", "engine": "scripted", "path": "none", "max_model_len": 20000, "max_tokens": 512,
            "max_num_seqs": 16,
            "script": {"seconds_per_step": float(rng.uniform(0.2, 0.4)), "steps_per_answer": int(rng.integers(3, 6))},
        },
        "run": {"dir": str(folder / "run"), "heartbeat_s": 0.5, "lease_s": 5.0, "allow_toy": True},
        "out": {"dir": str(folder / "plan")}, "pilot": {"engines": [1], "seed": seed},
    }  # fmt: skip
    settings = validated(PlanSettings, values, place="")
    report = run_pilot(settings, say=lambda _: None)
    found = compare(report, in_process(settings.extraction()))["figures"]
    return {
        name: (one["inside"], (one["high"] - one["low"]) / one["actual"] if one["actual"] else 0.0)
        for name, one in found.items()
        if one is not None and name != "gpu_hours"
    }


def table(title: str, found: list[dict[str, tuple[bool, float]]]) -> None:
    """Coverage and median width by figure."""
    verdicts: dict[str, list[tuple[bool, float]]] = defaultdict(list)
    for one in found:
        for name, verdict in one.items():
            verdicts[name].append(verdict)
    print(f"\n{title}")
    print(f"{'figure':<18}{'corpora':>8}{'held':>7}{'coverage':>10}{'width (median, of the truth)':>31}")
    for name, held in verdicts.items():
        inside = [verdict[0] for verdict in held]
        width = np.median([verdict[1] for verdict in held])
        print(f"{name:<18}{len(held):>8}{sum(inside):>7}{np.mean(inside):>10.3f}{width:>31.3f}", flush=True)


def main(corpora: int, jobs: int) -> None:
    """Print the tables."""
    for between in (0.0, 0.05, 0.1):
        found = [simulated(seed, between=between, assumed=0.05) for seed in range(corpora)]
        table(f"Simulated; speed differs by {between:.0%} between runs, 5% assumed; level {LEVEL:.0%}", found)
    if jobs:
        began = time.monotonic()
        with ProcessPoolExecutor(_AT_ONCE, mp_context=get_context("spawn")) as pool:
            found = list(pool.map(_in_a_folder, range(jobs)))
        table(f"Through the job with the scripted engine ({time.monotonic() - began:.0f} s); level {LEVEL:.0%}", found)


def _in_a_folder(seed: int) -> dict[str, tuple[bool, float]]:
    with tempfile.TemporaryDirectory() as folder:
        return real_job(seed, Path(folder))


if __name__ == "__main__":
    told = dict(word.split("=") for word in sys.argv[1:])
    main(int(told.get("corpora", 100)), int(told.get("jobs", 12)))
