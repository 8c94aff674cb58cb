"""What a worker uses of electricity: read off the GPUs' own counters, and elsewhere modelled by codecarbon, offline.

A GPU counts its energy since its driver was loaded; the difference over a worker's life is what its engine used, idle
power included. Where no counter answers, codecarbon models the worker's processes from their CPU time and memory, or
reads the processors' RAPL counters where the system lets it. It is imported and started beside the engine, once that
is ready: the engine's start-up, and the half minute after it, are not in what it tells. Importing it costs about one
second of one core, and nothing of it may delay or end a run.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol

from glane.run.usage import gpu_handles
from glane.validation import Strict

_JOULES_PER_KWH = 3.6e6
_MEASURE_EVERY_S = 10.0
_PATIENCE_S = 30.0  # a short run is not made longer by what takes a core two seconds
_STOP_WAIT_S = 5.0
_MEASURED_MODES = ("intel_rapl",)  # codecarbon's names of ways that read a counter


class EnergyPart(Strict):
    """What one kind of hardware used since the worker began. `scope` is whose use is counted."""

    kwh: float
    source: Literal["measured", "modelled"]
    scope: Literal["worker", "machine"]


class EnergyReading(Strict):
    """The energy of one worker so far; times are seconds since it began."""

    kwh: float | None
    kwh_at_ready: float
    ready_s: float | None
    from_s: float
    to_s: float
    parts: Mapping[str, EnergyPart]  # by hardware: cpu, memory, gpu
    grams_per_kwh: float | None
    country: str
    reason: str | None


class PartOfTotal(Strict):
    """What one kind of hardware used in a whole run."""

    kwh: float
    source: str


class EnergyTotal(Strict):
    """What all workers of a run used. `kwh` and `co2_g` are null where no worker could tell, with the `reason`."""

    kwh: float | None
    co2_g: float | None
    source: str | None  # measured, modelled or partly measured
    parts: Mapping[str, PartOfTotal] = {}
    country: str | None = None
    grams_per_kwh: float | None = None
    workers_unknown: int  # could not tell: their part is missing in the sum
    reason: str | None


class Life(Protocol):
    """What is asked of a worker's heartbeat here. Times are in seconds since 1970."""

    @property
    def identity(self) -> str:
        """Its machine."""
        ...

    @property
    def started(self) -> float:
        """When it began."""
        ...

    @property
    def time(self) -> float:
        """When it was last heard of."""
        ...

    @property
    def energy(self) -> EnergyReading | None:
        """What it used."""
        ...


class EnergyMeter:
    """The energy of one worker. Never raises: what cannot be known is null, with a reason."""

    def __init__(
        self,
        *,
        country: str,
        num_gpus: int,
        every_s: float = _MEASURE_EVERY_S,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        """`country` is an ISO code of three letters; its electricity's mean emissions turn kWh into grams of CO2.

        codecarbon measures every `every_s`, from `patience_s` after the engine was ready.
        """
        self._country, self._every_s, self._patience_s = country, every_s, patience_s
        self._began, self._kwh_at_ready = time.monotonic(), 0.0
        self._ready_s: float | None = None
        self._from_s = self._to_s = 0.0  # what part of the worker's life is counted
        self._parts: dict[str, EnergyPart] = {}
        self._grams_per_kwh: float | None = None
        self._reason: str | None = None
        self._tracker: Any = None
        self._is_stopped = False
        self._beginning: threading.Timer | None = None
        self._first_mj: list[int] | None = _counters() if num_gpus else None
        if num_gpus and not self._first_mj:
            self._reason = "NVML tells no energy of the GPUs"

    def engine_is_ready(self) -> None:
        """The engine has started: what is used from here on is work. Returns at once."""
        self._ready_s = time.monotonic() - self._began
        self._look()
        self._kwh_at_ready = sum(part.kwh for part in self._parts.values())
        self._beginning = threading.Timer(self._patience_s, self._start_codecarbon)
        self._beginning.daemon = True
        self._beginning.start()

    def reading(self) -> EnergyReading:
        """The state of things, for a heartbeat."""
        self._look()
        return EnergyReading(
            kwh=sum(part.kwh for part in self._parts.values()) if self._parts else None,
            kwh_at_ready=self._kwh_at_ready,
            ready_s=self._ready_s,
            from_s=self._from_s,
            to_s=self._to_s,
            parts=dict(self._parts),
            grams_per_kwh=self._grams_per_kwh,
            country=self._country,
            reason=self._reason,
        )

    def stop(self) -> None:
        """Measure a last time. Takes a few seconds at most."""
        self._is_stopped = True
        if self._beginning is not None:
            self._beginning.cancel()
        thread = threading.Thread(target=self._stop_codecarbon, name="energy-stop", daemon=True)
        thread.start()
        thread.join(timeout=_STOP_WAIT_S)

    def _look(self) -> None:
        if self._first_mj and (now := _counters()) and len(now) == len(self._first_mj):
            joules = sum(now) / 1000 - sum(self._first_mj) / 1000
            self._to_s = time.monotonic() - self._began
            self._parts["gpu"] = EnergyPart(kwh=joules / _JOULES_PER_KWH, source="measured", scope="worker")

    def _start_codecarbon(self) -> None:
        try:
            try:
                self._grams_per_kwh = grams_per_kwh(self._country)
            except KeyError:
                self._tell(f"codecarbon has no emissions of electricity in {self._country!r} (run.country)")
            if not self._first_mj and not self._is_stopped:
                self._tracker = _tracker(self._country, self._every_s, self._take)
                self._tracker.start()
                if not self._parts:
                    self._tell("codecarbon tells nothing here")
        except Exception as error:  # whatever it is, the run goes on
            self._tell(f"codecarbon does not start ({type(error).__name__})")

    def _tell(self, reason: str) -> None:
        self._reason = "; ".join(filter(None, [self._reason, reason]))

    def _stop_codecarbon(self) -> None:
        with contextlib.suppress(Exception):
            if self._beginning is not None:
                self._beginning.join(timeout=_STOP_WAIT_S)
            if self._tracker is not None:
                self._tracker.stop()

    def _take(self, data: Any) -> None:
        """Take codecarbon's totals so far."""
        self._to_s = time.monotonic() - self._began
        self._from_s = self._from_s or self._to_s  # its first word comes as it begins to count
        modes = [getattr(item, "_mode", None) for item in getattr(self._tracker, "_hardware", [])]
        is_read = any(mode in _MEASURED_MODES for mode in modes)
        # A counter of the processor counts all that runs on it; the model, what this worker's processes do.
        self._parts["cpu"] = EnergyPart(
            kwh=data.cpu_energy,
            source="measured" if is_read else "modelled",
            scope="machine" if is_read else "worker",
        )
        self._parts["memory"] = EnergyPart(kwh=data.ram_energy, source="modelled", scope="worker")
        if data.gpu_energy:
            self._parts["gpu"] = EnergyPart(kwh=data.gpu_energy, source="measured", scope="machine")


def grams_per_kwh(country: str) -> float:
    """What a kWh of a country's electricity emits, in grams of CO2 equivalents, by codecarbon's own table.

    Raises:
        KeyError: if the table does not have the country.
        Exception: whatever importing codecarbon raises.
    """
    _quiet()
    from codecarbon.core.emissions import Emissions
    from codecarbon.core.units import Energy
    from codecarbon.external.geography import GeoMetadata
    from codecarbon.input import DataSource

    source = DataSource()
    name = source.get_global_energy_mix_data()[country]["country_name"]
    place = GeoMetadata(country_iso_code=country, country_name=name)
    return float(Emissions(source).get_country_emissions(Energy.from_energy(1.0), place)) * 1000


def _tracker(country: str, every_s: float, take: Callable[[Any], None]) -> Any:
    """codecarbon's tracker, told to ask nobody, write nothing and say nothing."""
    _quiet()
    from codecarbon import OfflineEmissionsTracker, emissions_tracker
    from codecarbon.output_methods.base_output import BaseOutput

    class Taker(BaseOutput):
        def out(self, total: Any, delta: Any) -> None:  # noqa: ARG002
            take(total)

        def live_out(self, total: Any, delta: Any) -> None:  # noqa: ARG002
            take(total)

    # It reads ~/.codecarbon.config and the environment, by which a user's other work may have told it to upload.
    emissions_tracker.get_hierarchical_config = dict
    return OfflineEmissionsTracker(
        country_iso_code=country,
        tracking_mode="process",  # of several workers on a machine, each tells its own
        measure_power_secs=every_s,
        api_call_interval=1,
        output_methods=[],  # no file, no service
        output_handlers=[Taker()],
        emissions_endpoint=None,
        electricitymaps_api_token=None,
        allow_multiple_runs=True,  # otherwise a lock file in /tmp, and handlers of signals
        log_level="critical",
    )


def _quiet() -> None:
    logging.getLogger("codecarbon").disabled = True


def _counters() -> list[int] | None:
    """Millijoules that each GPU of this process has used since its driver was loaded; None if one does not tell."""
    with contextlib.suppress(Exception):
        import pynvml

        return [int(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)) for handle in gpu_handles()]
    return None


def total_energy(lives: Sequence[Life]) -> EnergyTotal:
    """What all workers of a run used, from their last heartbeats.

    What a machine's counters say is counted once, however many workers read them.
    """
    known = [(life, life.energy) for life in lives if life.energy is not None]
    told = [(life, energy) for life, energy in known if energy.parts]
    reason = "; ".join(sorted({energy.reason for _, energy in known if energy.reason}))
    num_unknown = len(lives) - len(told)
    if not told:
        reason = reason or "not tracked (run.energy=none), or the work took no longer than its first look"
        return EnergyTotal(kwh=None, co2_g=None, source=None, workers_unknown=num_unknown, reason=reason)
    kwh: dict[str, float] = defaultdict(float)
    sources: dict[str, set[str]] = defaultdict(set)
    shared: dict[tuple[str, str], list[tuple[float, float, float]]] = defaultdict(list)
    for life, energy in told:
        for name, part in energy.parts.items():
            sources[name].add(part.source)
            if part.scope == "machine":
                shared[name, life.identity].append((life.started, life.time, part.kwh))
            else:
                kwh[name] += part.kwh
    for (name, _), spans in shared.items():
        kwh[name] += _of_one_machine(spans)
    grams = next((energy.grams_per_kwh for _, energy in told if energy.grams_per_kwh), None)
    total = sum(kwh.values())
    parts = {name: PartOfTotal(kwh=kwh[name], source=" and ".join(sorted(sources[name]))) for name in sorted(sources)}
    every = set().union(*sources.values())
    return EnergyTotal(
        kwh=total,
        co2_g=None if grams is None else total * grams,
        source=every.pop() if len(every) == 1 else "partly measured",
        parts=parts,
        country=told[0][1].country,
        grams_per_kwh=grams,
        workers_unknown=num_unknown,
        reason=reason or None,
    )


def _of_one_machine(lives: Iterable[tuple[float, float, float]]) -> float:
    """The kWh of one machine, of which several workers (begin, end, kWh) each told all: at any time, their mean."""
    lives = [life for life in lives if life[1] > life[0]]
    times = sorted({moment for begin, end, _ in lives for moment in (begin, end)})
    total = 0.0
    for begin, end in itertools.pairwise(times):
        powers = [kwh / (last - first) for first, last, kwh in lives if first <= begin and end <= last]
        total += sum(powers) / len(powers) * (end - begin) if powers else 0.0
    return total
