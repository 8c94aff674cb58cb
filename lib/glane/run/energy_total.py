"""The electricity that all workers of a run used together, from their last heartbeats."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from glane.run.energy import EnergyReading
from glane.validation import Strict


class PartOfTotal(Strict):
    """The energy of one kind of hardware in a whole run."""

    kwh: float
    source: str


class EnergyTotal(Strict):
    """The energy of all workers of a run. `kwh` and `co2_g` are null, with a `reason`, where no worker was measured."""

    kwh: float | None
    co2_g: float | None
    source: str | None  # measured, modelled or partly measured
    parts: Mapping[str, PartOfTotal] = {}
    country: str | None = None
    grams_per_kwh: float | None = None
    workers_unknown: int  # workers without a figure: their part is missing in the sum
    reason: str | None


class MeteredWorker(Protocol):
    """The part of a worker's heartbeat that is used here. Times are in seconds since 1970."""

    @property
    def identity(self) -> str:
        """The machine that it ran on."""
        ...

    @property
    def started(self) -> float:
        """When it began."""
        ...

    @property
    def time(self) -> float:
        """When it wrote its last heartbeat."""
        ...

    @property
    def energy(self) -> EnergyReading | None:
        """The energy that it used by then."""
        ...


def total_energy(workers: Sequence[MeteredWorker]) -> EnergyTotal:
    """The energy of all workers of a run, from their last heartbeats.

    The counters of a machine are counted once, however many workers read them.
    """
    metered = [(worker, worker.energy) for worker in workers if worker.energy is not None]
    known = [(worker, energy) for worker, energy in metered if energy.parts]
    reason = "; ".join(sorted({energy.reason for _, energy in metered if energy.reason}))
    num_unknown = len(workers) - len(known)
    if not known:
        reason = reason or "not tracked (run.energy=none), or the work took no longer than its first look"
        return EnergyTotal(kwh=None, co2_g=None, source=None, workers_unknown=num_unknown, reason=reason)
    kwh: dict[str, float] = defaultdict(float)
    sources: dict[str, set[str]] = defaultdict(set)
    shared: dict[tuple[str, str], list[tuple[float, float, float]]] = defaultdict(list)
    for worker, energy in known:
        for name, part in energy.parts.items():
            sources[name].add(part.source)
            if part.scope == "machine":
                shared[name, worker.identity].append((worker.started, worker.time, part.kwh))
            else:
                kwh[name] += part.kwh
    for (name, _), spans in shared.items():
        kwh[name] += _of_one_machine(spans)
    grams = next((energy.grams_per_kwh for _, energy in known if energy.grams_per_kwh), None)
    total = sum(kwh.values())
    parts = {name: PartOfTotal(kwh=kwh[name], source=" and ".join(sorted(sources[name]))) for name in sorted(sources)}
    every = set().union(*sources.values())
    return EnergyTotal(
        kwh=total,
        co2_g=None if grams is None else total * grams,
        source=every.pop() if len(every) == 1 else "partly measured",
        parts=parts,
        country=known[0][1].country,
        grams_per_kwh=grams,
        workers_unknown=num_unknown,
        reason=reason or None,
    )


def _of_one_machine(spans: Iterable[tuple[float, float, float]]) -> float:
    """The kWh of one machine, from workers that each measured all of it, as (begin, end, kWh).

    At any time the machine's power is the mean of those that the workers measured.
    """
    spans = [span for span in spans if span[1] > span[0]]
    times = sorted({moment for begin, end, _ in spans for moment in (begin, end)})
    total = 0.0
    for begin, end in itertools.pairwise(times):
        powers = [kwh / (last - first) for first, last, kwh in spans if first <= begin and end <= last]
        total += sum(powers) / len(powers) * (end - begin) if powers else 0.0
    return total
