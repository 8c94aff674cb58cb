"""The contenders, their settings, and the comparisons between them.

There are three levels, so that the overhead of a framework is separated from the gain of optimisations:

- `off`: vLLM's own layout (an engine core in a process of its own), and every document is asked. All contenders have
  the same engine arguments, including the prefix cache.
- `on`: the optimisations, for all contenders that can have them. Repeated documents are asked once (the baselines do it
  in their own script). The engine core runs in the worker's process (Ray Data LLM has no such layout). There is one
  engine with all cores. Only glane has grammars that all answers share; `glane_unshared` is without them, as the
  baselines are.
- `engines`: also as many engines as glane chooses for the model (on a CPU with a small model, one per core). The bare
  loop has as many processes, each with a part of the documents.

On all levels, all contenders ask the simplest prompt that each of them can ask: greedy decoding, the task's JSON
Schema, no log-probabilities, quotes not constrained, no repeated prompts. The further features of glane are contenders
of their own.

What protects the documents (guard, encryption, audit log) is compared apart: glane as it comes, without it and with it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Literal

from glane_tools.benchmark.protections import Protection, switched

_PLAIN = ("task.confidence=false", "task.quotes=free", "task.repairs=0", "run.energy=none")

_ONE = "model.engines=1"

Kind = Literal["glane", "bare", "bare_parts", "ray_data", "run_batch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One way to do the work."""

    name: str
    kind: Kind
    shown: str
    in_process: bool = False  # whether the engine core is in the worker's process, if there is a choice
    ask_once: bool = False
    is_plain: bool = True  # asks the plain prompt, so its answers are compared with the others'
    overrides: tuple[str, ...] = ()  # for glane's command line
    options: dict[str, Any] = field(default_factory=dict)  # for a baseline's script
    protections: frozenset[Protection] | None = None  # None: as the environment says


def _protected(name: str, shown: str, *on: Protection) -> Contender:
    """glane as it comes, with these protections and no others."""
    return Contender(
        name=name, kind="glane", shown=f"glane as it comes, {shown}", in_process=True, ask_once=True, is_plain=False,
        overrides=switched(on), protections=frozenset(on),
    )  # fmt: skip


def _with_more(name: str, shown: str, *overrides: str) -> Contender:
    """glane with its levers on, asked for more than the plain answers."""
    return Contender(
        name=name, kind="glane", shown=shown, in_process=True, ask_once=True, is_plain=False, overrides=overrides
    )


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
    _with_more("glane_confidence", "glane, the same with confidence", "task.confidence=true", *_PLAIN[1:]),
    _with_more("glane_default", "glane as it comes: confidence, copied quotes, repairs"),
    _with_more("glane_asked", "the same, every token asked for", "++model.forced_tokens=false"),
    _with_more(
        "glane_drafted",
        "glane as it comes, and within quotes the document is drafted",
        "++model.quote_drafts=true",
    ),
    _protected("glane_open", "with nothing of what protects documents"),
    _protected("glane_guarded", "with the guard alone", "guard"),
    _protected("glane_encrypted", "with encryption alone", "encryption"),
    _protected("glane_audited", "with the audit log alone", "audit"),
    _protected("glane_protected", "with guard, encryption and audit log", "guard", "encryption", "audit"),
)
CONTENDERS = {contender.name: contender for contender in _ALL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A ratio of `ours` to `theirs`. Its name gets a prefix for what is measured, as `steady_`."""

    name: str
    ours: str
    theirs: str
    kind: Literal["framework", "both", "levers", "cost", "protection"]
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
    Comparison(name="forced_vs_off", ours="glane_default", theirs="glane_asked", kind="levers"),
    Comparison(name="drafted_vs_off", ours="glane_drafted", theirs="glane_default", kind="levers", reach=2),
    Comparison(name="confidence_cost", ours="glane_confidence", theirs="glane_engines", kind="cost"),
    Comparison(name="copied_quotes_cost", ours="glane_default", theirs="glane_confidence", kind="cost"),
    Comparison(name="default_cost", ours="glane_default", theirs="glane_engines", kind="cost", reach=2),
    Comparison(name="guard_cost", ours="glane_guarded", theirs="glane_open", kind="protection"),
    Comparison(name="encryption_cost", ours="glane_encrypted", theirs="glane_open", kind="protection"),
    Comparison(name="audit_cost", ours="glane_audited", theirs="glane_open", kind="protection"),
    Comparison(name="protection_cost", ours="glane_protected", theirs="glane_open", kind="protection"),
)

# The order of runs, forwards and then backwards. Neighbours here are run one after the other.
_PATH = ("glane_off", "bare_off", "bare_on", "glane_on")
_OPEN = "glane_open"
_BESIDE = {
    "glane_off": (("ray_data_llm_off",), ("run_batch_off",)),
    "glane_on": (
        ("glane_unshared",),
        ("ray_data_llm_on",),
        ("bare_engines", "glane_engines", "glane_confidence", "glane_default", "glane_asked", "glane_drafted"),
    ),
}


def schedule(chosen: tuple[str, ...], *, pairs: int, visits: int) -> list[str]:
    """Return the order of runs: forwards and backwards (A B B A), so that drift of the machine affects both sides.

    Neighbours are pairs. The run at a turning point belongs to two pairs. There, the other contenders are run between
    two runs of glane, `visits` times each. Without any of the four that make the way, those that were chosen make it.
    What protects documents is compared at the end, each between two runs without it, `visits` times.
    """
    tour = _tour(chosen, visits)
    chosen = tuple(name for name in chosen if name not in tour)
    path = [name for name in _PATH if name in chosen] or list(chosen)
    if not path:
        return tour
    order = path[:1]
    left = dict.fromkeys(_BESIDE, visits)
    for number in range(pairs):
        order += _excursions(order[-1], chosen, left)
        order += path[1:] if number % 2 == 0 else path[::-1][1:]
    order += _excursions(order[-1], chosen, left)
    seen = set(order)
    return [*order, *(name for name in chosen if name not in seen), *tour]


def _tour(chosen: Collection[str], visits: int) -> list[str]:
    compared = [one.ours for one in COMPARISONS if one.theirs == _OPEN and one.ours in chosen]
    if _OPEN not in chosen or not compared:
        return []
    return [_OPEN, *(name for _ in range(visits) for one in compared for name in (one, _OPEN))]


def _excursions(end: str, chosen: tuple[str, ...], left: dict[str, int]) -> list[str]:
    if not left.get(end):
        return []
    left[end] -= 1
    trips = [[name for name in trip if name in chosen] for trip in _BESIDE[end]]
    return [name for trip in trips if trip for name in (*trip, end)]
