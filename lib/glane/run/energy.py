"""The electricity that a worker uses: read from the GPUs' counters, or else modelled by codecarbon, offline.

A GPU counts its energy since its driver was loaded. The difference between a worker's end and its start is what its
engine used, idle power included. Where no GPU counts, codecarbon models the worker's processes from their CPU time and
memory, or reads the processors' RAPL counters where the system permits it.

codecarbon is imported and started in a thread, half a minute after the engine is ready, so its figures leave out the
time before. Importing it takes about one second of one core. No failure of it may delay or end a run.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

from glane.run.usage import gpu_handles
from glane.validation import Strict

_JOULES_PER_KWH = 3.6e6
_MEASURE_EVERY_S = 10.0
_PATIENCE_S = 30.0  # starting codecarbon takes a core two seconds, which would make a short run longer
_STOP_WAIT_S = 5.0
_MEASURED_MODES = ("intel_rapl",)  # codecarbon's names for the modes that read a counter


class EnergyPart(Strict):
    """The energy of one kind of hardware since the worker began. `scope` says whose use is counted."""

    kwh: float
    source: Literal["measured", "modelled"]
    scope: Literal["worker", "machine"]


class EnergyReading(Strict):
    """The energy of one worker so far. Times are seconds since it began; what is counted is from `from_s` to `to_s`."""

    kwh: float | None
    kwh_at_ready: float
    ready_s: float | None
    from_s: float
    to_s: float
    parts: Mapping[str, EnergyPart]  # by hardware: cpu, memory, gpu
    grams_per_kwh: float | None
    country: str
    reason: str | None


class EnergyMeter:
    """Measures the energy of one worker. Never raises: a figure that cannot be known is null, with a reason."""

    def __init__(
        self,
        *,
        country: str,
        num_gpus: int,
        every_s: float = _MEASURE_EVERY_S,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        """`country` is an ISO code of three letters. The mean emissions of its electricity turn kWh into grams of CO2.

        codecarbon measures every `every_s` seconds, starting `patience_s` seconds after the engine is ready.
        """
        self._country, self._every_s, self._patience_s = country, every_s, patience_s
        self._began, self._kwh_at_ready = time.monotonic(), 0.0
        self._ready_s: float | None = None
        self._from_s = self._to_s = 0.0  # the time that is counted, in seconds since the worker began
        self._parts: dict[str, EnergyPart] = {}
        self._grams_per_kwh: float | None = None
        self._reason: str | None = None
        self._tracker: Any = None
        self._is_stopped = False
        self._delayed_start: threading.Timer | None = None
        self._first_mj: list[int] | None = _counters() if num_gpus else None
        if num_gpus and not self._first_mj:
            self._reason = "NVML tells no energy of the GPUs"

    def engine_is_ready(self) -> None:
        """Note that the engine has started: energy from here on is that of work. Returns at once."""
        self._ready_s = time.monotonic() - self._began
        self._read_gpus()
        self._kwh_at_ready = sum(part.kwh for part in self._parts.values())
        self._delayed_start = threading.Timer(self._patience_s, self._start_codecarbon)
        self._delayed_start.daemon = True
        self._delayed_start.start()

    def reading(self) -> EnergyReading:
        """The energy so far, for a heartbeat."""
        self._read_gpus()
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
        if self._delayed_start is not None:
            self._delayed_start.cancel()
        thread = threading.Thread(target=self._stop_codecarbon, name="energy-stop", daemon=True)
        thread.start()
        thread.join(timeout=_STOP_WAIT_S)

    def _read_gpus(self) -> None:
        if self._first_mj and (now := _counters()) and len(now) == len(self._first_mj):
            joules = sum(now) / 1000 - sum(self._first_mj) / 1000
            self._to_s = time.monotonic() - self._began
            self._parts["gpu"] = EnergyPart(kwh=joules / _JOULES_PER_KWH, source="measured", scope="worker")

    def _start_codecarbon(self) -> None:
        try:
            try:
                self._grams_per_kwh = grams_per_kwh(self._country)
            except KeyError:
                self._add_reason(f"codecarbon has no emissions of electricity in {self._country!r} (run.country)")
            if not self._first_mj and not self._is_stopped:
                self._tracker = _tracker(self._country, self._every_s, self._record)
                self._tracker.start()
                if not self._parts:
                    self._add_reason("codecarbon tells nothing here")
        except Exception as error:  # the run goes on whatever codecarbon raises
            self._add_reason(f"codecarbon does not start ({type(error).__name__})")

    def _add_reason(self, reason: str) -> None:
        self._reason = "; ".join(filter(None, [self._reason, reason]))

    def _stop_codecarbon(self) -> None:
        with contextlib.suppress(Exception):
            if self._delayed_start is not None:
                self._delayed_start.join(timeout=_STOP_WAIT_S)
            if self._tracker is not None:
                self._tracker.stop()

    def _record(self, data: Any) -> None:
        """Record codecarbon's totals so far."""
        self._to_s = time.monotonic() - self._began
        self._from_s = self._from_s or self._to_s  # its first report comes as it begins to count
        modes = [getattr(item, "_mode", None) for item in getattr(self._tracker, "_hardware", [])]
        is_read = any(mode in _MEASURED_MODES for mode in modes)
        # A processor's counter covers everything that runs on it; the model covers this worker's processes only.
        self._parts["cpu"] = EnergyPart(
            kwh=data.cpu_energy,
            source="measured" if is_read else "modelled",
            scope="machine" if is_read else "worker",
        )
        self._parts["memory"] = EnergyPart(kwh=data.ram_energy, source="modelled", scope="worker")
        if data.gpu_energy:
            self._parts["gpu"] = EnergyPart(kwh=data.gpu_energy, source="measured", scope="machine")


def grams_per_kwh(country: str) -> float:
    """The emissions of one kWh of a country's electricity, in grams of CO2 equivalents, by codecarbon's table.

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
    """codecarbon's tracker, set to make no request, to write no file and to log nothing."""
    _quiet()
    from codecarbon import OfflineEmissionsTracker, emissions_tracker
    from codecarbon.output_methods.base_output import BaseOutput

    class Taker(BaseOutput):
        def out(self, total: Any, delta: Any) -> None:  # noqa: ARG002
            take(total)

        def live_out(self, total: Any, delta: Any) -> None:  # noqa: ARG002
            take(total)

    # It would read ~/.codecarbon.config and the environment, where a user may have enabled uploads for other work.
    emissions_tracker.get_hierarchical_config = dict
    return OfflineEmissionsTracker(
        country_iso_code=country,
        tracking_mode="process",  # several workers on a machine each count their own processes
        measure_power_secs=every_s,
        api_call_interval=1,
        output_methods=[],  # no file, no service
        output_handlers=[Taker()],
        emissions_endpoint=None,
        electricitymaps_api_token=None,
        allow_multiple_runs=True,  # otherwise it makes a lock file in /tmp and installs signal handlers
        log_level="critical",
    )


def _quiet() -> None:
    logging.getLogger("codecarbon").disabled = True


def _counters() -> list[int] | None:
    """Millijoules that each GPU of this process has used since its driver was loaded; None if they cannot be read."""
    with contextlib.suppress(Exception):
        import pynvml

        return [int(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)) for handle in gpu_handles()]
    return None
