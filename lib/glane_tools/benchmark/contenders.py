"""Who is compared with whom, and under which settings.

Three levels, so that what the framework costs and what the levers gain are never mixed:

- `off`: vLLM's own layout (an engine core in a process of its own), and every document asked. The engine's arguments,
  the prefix cache among them, are the same for all.
- `on`: the levers, for everybody who can take them: repeated documents asked once (the baselines by their own
  script), and the engine's core in the worker's process (Ray Data LLM has no such layout). One engine with all cores.
  Grammars shared by all answers are glane's alone: `glane_unshared` is without them, as the baselines are.
- `engines`: these, and as many engines as glane finds right for the model (on a CPU and a small model, one a core). The
  bare loop is given as many processes, each with its share of the documents.

On all levels everybody asks the plainest question that all can ask: greedy, the task's JSON Schema, no
log-probabilities, quotes free, nothing asked again. What glane does beyond that is a contender of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

_PLAIN = ("task.confidence=false", "task.quotes=free", "task.repairs=0", "run.energy=none")

_ONE = "model.engines=1"

Kind = Literal["glane", "bare", "bare_parts", "ray_data", "run_batch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One way to do the work."""

    name: str
    kind: Kind
    shown: str
    in_process: bool = False  # the engine's core; where the contender offers the choice
    ask_once: bool = False
    is_plain: bool = True  # asks the plain question, so that its answers are compared with the others'
    overrides: tuple[str, ...] = ()  # of glane's command line
    options: dict[str, Any] = field(default_factory=dict)  # of a baseline's script


_ALL = (
    Contender(
        name="glane_off",
        kind="glane",
        shown="glane, levers off",
        overrides=(
            *_PLAIN,
            _ONE,
            "model.in_process=false",
            "++model.ask_duplicates=true",
            "++model.shared_grammars=false",
        ),
    ),
    Contender(name="bare_off", kind="bare", shown="bare vLLM, as documented"),
    Contender(name="bare_on", kind="bare", shown="bare vLLM, levers on", in_process=True, ask_once=True),
    Contender(
        name="glane_on",
        kind="glane",
        shown="glane, levers on",
        in_process=True,
        ask_once=True,
        overrides=(*_PLAIN, _ONE, "model.in_process=true"),
    ),
    Contender(
        name="glane_unshared",
        kind="glane",
        shown="glane, levers on, vLLM's own grammars",
        in_process=True,
        ask_once=True,
        overrides=(*_PLAIN, _ONE, "model.in_process=true", "++model.shared_grammars=false"),
    ),
    Contender(
        name="bare_engines",
        kind="bare_parts",
        shown="bare vLLM, levers on, a process for each core",
        in_process=True,
        ask_once=True,
    ),
    Contender(
        name="glane_engines",
        kind="glane",
        shown="glane, levers on, engines as it finds right",
        in_process=True,
        ask_once=True,
        overrides=_PLAIN,
    ),
    Contender(name="ray_data_llm_off", kind="ray_data", shown="Ray Data LLM, its defaults"),
    Contender(
        name="ray_data_llm_on",
        kind="ray_data",
        shown="Ray Data LLM, tuned, levers on",
        ask_once=True,
        options={"tuned": True},
    ),
    Contender(name="run_batch_off", kind="run_batch", shown="vllm run-batch"),
    Contender(
        name="glane_confidence",
        kind="glane",
        shown="glane, the same with confidence",
        in_process=True,
        ask_once=True,
        is_plain=False,
        overrides=("task.confidence=true", *_PLAIN[1:]),
    ),
    Contender(
        name="glane_default",
        kind="glane",
        shown="glane as it comes: confidence, copied quotes, repairs",
        in_process=True,
        ask_once=True,
        is_plain=False,
    ),
)
CONTENDERS = {contender.name: contender for contender in _ALL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A ratio: what `ours` did over what `theirs` did. Its name is put behind `steady_` and `total_`."""

    name: str
    ours: str
    theirs: str
    kind: Literal["framework", "both", "levers", "cost"]
    reach: int = 1  # how far apart in the order of runs a pair may lie


COMPARISONS = (
    Comparison(name="vs_bare_off", ours="glane_off", theirs="bare_off", kind="framework"),
    Comparison(name="vs_bare_on", ours="glane_on", theirs="bare_on", kind="both"),
    Comparison(name="vs_bare_unshared", ours="glane_unshared", theirs="bare_on", kind="framework", reach=2),
    Comparison(name="vs_ray_data_llm_off", ours="glane_off", theirs="ray_data_llm_off", kind="framework"),
    Comparison(name="vs_ray_data_llm_on", ours="glane_on", theirs="ray_data_llm_on", kind="both"),
    Comparison(name="vs_run_batch_off", ours="glane_off", theirs="run_batch_off", kind="framework"),
    Comparison(name="vs_bare_engines", ours="glane_engines", theirs="bare_engines", kind="both"),
    Comparison(name="grammars_of_glane", ours="glane_on", theirs="glane_unshared", kind="levers"),
    Comparison(name="engines_of_glane", ours="glane_engines", theirs="glane_on", kind="levers", reach=2),
    Comparison(name="engines_of_bare", ours="bare_engines", theirs="bare_on", kind="levers", reach=3),
    Comparison(name="levers_of_glane", ours="glane_on", theirs="glane_off", kind="levers", reach=3),
    Comparison(name="levers_of_bare", ours="bare_on", theirs="bare_off", kind="levers"),
    Comparison(name="confidence_cost", ours="glane_confidence", theirs="glane_engines", kind="cost"),
    Comparison(name="copied_quotes_cost", ours="glane_default", theirs="glane_confidence", kind="cost"),
    Comparison(name="default_cost", ours="glane_default", theirs="glane_engines", kind="cost", reach=2),
)

# The way there and back: whoever stands next to each other here is run next to each other.
_PATH = ("glane_off", "bare_off", "bare_on", "glane_on")
_BESIDE = {
    "glane_off": (("ray_data_llm_off",), ("run_batch_off",)),
    "glane_on": (
        ("glane_unshared",),
        ("ray_data_llm_on",),
        ("bare_engines", "glane_engines", "glane_confidence", "glane_default"),
    ),
}


def schedule(chosen: tuple[str, ...], *, pairs: int, visits: int) -> list[str]:
    """Return the order of runs: the path there and back (A B B A), so that drift of the machine falls on both sides.

    Neighbours are pairs, and a turn is one run that belongs to two. At its ends, `visits` times each, the others are
    run between two runs of glane.
    """
    path = [name for name in _PATH if name in chosen]
    order = path[:1] if path else list(chosen[:1])
    left = dict.fromkeys(_BESIDE, visits)
    for number in range(pairs):
        order += _excursions(order[-1], chosen, left)
        order += path[1:] if number % 2 == 0 else path[::-1][1:]
    if path:
        order += _excursions(order[-1], chosen, left)
    seen = set(order)
    return order + [name for name in chosen if name not in seen]


def _excursions(end: str, chosen: tuple[str, ...], left: dict[str, int]) -> list[str]:
    if not left.get(end):
        return []
    left[end] -= 1
    trips = [[name for name in trip if name in chosen] for trip in _BESIDE[end]]
    return [name for trip in trips if trip for name in (*trip, end)]
