"""One Ray actor per engine: started, watched, ended when it hangs, and started again when it dies."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from glane.cluster.layout import Layout
from glane.errors import EngineError, GlaneError
from glane.run.deaths import Suspects, record_death
from glane.run.directory import RunDirectory
from glane.run.ledger import host_identity
from glane.run.session import WorkerReport, WorkerSpec, run_worker
from glane.settings import RunSettings

_POLL_S = 0.5
_DEATHS_AT_START = 2  # an engine that dies twice before it is ready will not start a third time


class _EngineActor:
    """The actor: a process of its own for one worker."""

    def work(self, spec: WorkerSpec) -> WorkerReport:
        return run_worker(spec)


@dataclass(slots=True, kw_only=True)
class _Seat:
    """A place for one engine, and who sits there now."""

    index: int
    spec: WorkerSpec
    actor: Any
    future: Any
    started: float = field(default_factory=time.monotonic)
    killed_because: str = ""


class Crew:
    """The workers of one driver."""

    def __init__(
        self, ray: Any, *, layout: Layout, spec: WorkerSpec, directory: RunDirectory, say: Callable[[str], None]
    ) -> None:
        """`spec` is the workers' common part; names and starting places are given here."""
        self._ray, self._layout, self._directory, self._say = ray, layout, directory, say
        self._spec = replace(spec, device=layout.device, cpus=layout.cpus, gpus=layout.gpus)
        self._name = secrets.token_hex(3)
        self._attempts = 0
        self._deaths_at_start = 0
        self._fruitless_deaths = 0
        self._fruit = -1
        self._seats: list[_Seat] = []

    def run(self, *, tick: Callable[[], None]) -> None:
        """Work until every worker has ended with nothing left to do. `tick` is called a few times a second.

        Raises:
            GlaneError: what a worker reports, or that engines keep dying.
        """
        try:
            self._seats = [self._seat(index) for index in range(self._layout.num_engines)]
            while self._seats:
                ready, _ = self._ray.wait([seat.future for seat in self._seats], timeout=_POLL_S)
                for seat in [seat for seat in self._seats if seat.future in ready]:
                    self._ended(seat)
                for seat in self._seats:
                    self._watch(seat, self._spec.settings.run)
                tick()
        finally:
            for seat in self._seats:
                self._ray.kill(seat.actor)

    def _seat(self, index: int) -> _Seat:
        self._attempts += 1
        spec = replace(
            self._spec,
            worker=f"{self._name}-{index}-{self._attempts}",
            start=index / self._layout.num_engines,
        )
        environment = {"OMP_NUM_THREADS": str(spec.cpus)}  # Ray would set 1
        actor = (
            self._ray.remote(_EngineActor)
            .options(
                num_cpus=0 if self._spec.settings.model.engine == "scripted" else spec.cpus,
                num_gpus=spec.gpus,
                max_restarts=0,  # we start it again ourselves, after the death was recorded
                runtime_env={"env_vars": environment},
            )
            .remote()
        )
        return _Seat(index=index, spec=spec, actor=actor, future=actor.work.remote(spec))

    def _ended(self, seat: _Seat) -> None:
        self._seats.remove(seat)
        try:
            report = self._ray.get(seat.future)
        except Exception as error:  # the process is gone, or Ray cannot reach it: to us the same
            report = WorkerReport(outcome="engine_died", message=seat.killed_because or type(error).__name__)
        with contextlib.suppress(Exception):
            self._ray.kill(seat.actor)
        if report.outcome == "failed":
            raise GlaneError(report.message)
        if report.outcome == "engine_died":
            self._mourn(seat, report.message)
            self._seats.append(self._seat(seat.index))

    def _mourn(self, seat: _Seat, cause: str) -> None:
        """Record a death, and give up when deaths bear no fruit."""
        sign = self._sign(seat)
        num_suspects = record_death(self._directory, seat.spec.worker, cause=cause)
        self._say(f"engine {seat.index} died ({cause}); {num_suspects} prompt(s) were in it; starting it again")
        if sign.get("state", "starting") == "starting":
            self._deaths_at_start += 1
            if self._deaths_at_start >= _DEATHS_AT_START:
                raise EngineError(
                    f"model {self._spec.settings.model.name!r}: the engine died {self._deaths_at_start} times while it "
                    f"started ({cause}). Is there enough memory for the weights and model.max_model_len?"
                )
        suspects = Suspects(self._directory)
        suspects.refresh()
        fruit = sum(1 for _ in self._directory.parts.glob("part-*.parquet")) + suspects.num_rejected
        self._fruitless_deaths = self._fruitless_deaths + 1 if fruit == self._fruit else 0
        self._fruit = fruit
        limit = self._spec.settings.run.max_fruitless_deaths
        if self._fruitless_deaths >= limit:
            raise EngineError(
                f"engines died {limit} times in a row without a committed shard in between ({cause}). What is "
                "committed stays; mend the cause and run the same command again."
            )

    def _watch(self, seat: _Seat, run: RunSettings) -> None:
        """End a worker that makes no step, or never becomes ready. It is killed from outside: it may be beyond help."""
        if seat.killed_because:
            return
        sign, age_s = self._sign(seat), time.monotonic() - seat.started
        silent_s = time.time() - sign["time"] if sign else 0.0
        if sign.get("state", "starting") == "starting":
            limit = self._spec.settings.cluster.engine_start_timeout_s
            if age_s > limit:
                self._end(seat, sign, f"not ready after {limit:.0f} s")
        elif sign["state"] == "working" and (sign["step_age_s"] > run.hang_after_s or silent_s > run.hang_after_s):
            self._end(seat, sign, f"no step for {run.hang_after_s:.0f} s")

    def _end(self, seat: _Seat, sign: dict[str, Any], why: str) -> None:
        seat.killed_because = why
        self._ray.kill(seat.actor)
        if sign.get("identity") == host_identity():  # on this host: surely, even if the process ignores Ray
            with contextlib.suppress(ProcessLookupError):
                os.kill(sign["pid"], signal.SIGKILL)

    def _sign(self, seat: _Seat) -> dict[str, Any]:
        try:
            sign: dict[str, Any] = json.loads((self._directory.workers / f"{seat.spec.worker}.json").read_text())
        except (OSError, ValueError):
            return {}
        return sign
