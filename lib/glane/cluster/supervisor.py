"""The supervisor of workers: one Ray actor per engine, started, watched, killed when it hangs, started again."""

from __future__ import annotations

import contextlib
import pickle
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from glane.cluster.endings import Ending, dies_with_anything, ending_of, num_isolated, record_ending
from glane.cluster.hangs import Hangs
from glane.cluster.layout import Layout, Place
from glane.cluster.losses import has_lost_node, is_lost
from glane.cluster.patience import Patience
from glane.cluster.ray_nodes import alive_nodes, free, reserve
from glane.cluster.signs import Signs
from glane.cluster.slot import Slot, start_actor
from glane.cluster.watch import AwakeClock, Silence
from glane.errors import EngineError, GlaneError, LostError
from glane.run.deaths import forget_window
from glane.run.heartbeat import Heartbeat, read_heartbeat
from glane.run.nested import with_nested
from glane.run.node_faults import record_failed_start
from glane.run.worker import WorkerReport, WorkerSpec
from glane.settings import ClusterSettings

_POLL_S = 0.5
_CHECK_NODES_S = 2.0
_ASK_GROUP_S = 0.05
_DEATHS_AT_START = 2  # an engine that dies twice before it is ready will not start a third time


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """A place whose GPUs, on several nodes, are asked for and not there yet."""

    place: Place
    group: Any
    since: float


class Supervisor:
    """The workers of one driver."""

    def __init__(
        self,
        ray: Any,
        *,
        layout: Layout,
        spec: WorkerSpec,
        cluster: ClusterSettings,
        say: Callable[[str], None],
        warn: Callable[[str], None],
    ) -> None:
        """`spec` is what all workers have in common. Their names and starting places are set here."""
        self._ray, self._layout, self._cluster, self._say, self._warn = ray, layout, cluster, say, warn
        self._directory = spec.directory
        self._spec = replace(
            spec, device=layout.device, cpus=layout.cpus, gpus=layout.gpus, nodes=layout.nodes_per_engine
        )
        self._name = secrets.token_hex(8)
        self._attempts = 0
        self._deaths_at_start = 0
        self._clock = AwakeClock()
        self._patience = Patience(limit=spec.run.max_deaths_without_progress)
        self._slots: list[Slot] = []
        self._known_nodes: dict[str, str] = {}  # every node ever seen, with its host
        self._waiting: list[_Waiting] = []
        self._done_places: set[Place] = set()  # where a worker found no work left, or an engine was given up
        self._last_node_check = 0.0
        self._signs = Signs(ray, read=partial(read_heartbeat, self._directory), clock=self._clock)
        self._hangs = Hangs(ray, start_within_s=cluster.engine_start_timeout_s, step_within_s=spec.run.hang_after_s)

    def run(self, *, tick: Callable[[], object], should_stop: Callable[[], bool] = lambda: False) -> None:
        """Supervise until every worker has ended with no work left. `tick` is called a few times a second.

        Nodes may be lost and come back meanwhile. Once `should_stop` returns True, workers finish the shards that
        they have begun, and end.

        Raises:
            GlaneError: if a worker reports one.
            EngineError: if engines keep dying, or no node is left.
        """
        try:
            self._fill()
            while self._slots or self._waiting:
                self._clock()
                for slot in self._finished():
                    self._ended(slot)
                self._admit()
                self._signs.ask(self._slots)
                for slot in self._slots:
                    self._hangs.look(slot, self._signs.of(slot))
                if should_stop():
                    self._ask_to_stop()
                elif time.monotonic() - self._last_node_check > _CHECK_NODES_S:
                    self._fill()
                tick()
        finally:
            for slot in self._slots:
                self._end(slot)
            for one in self._waiting:
                free(one.group)

    def _finished(self) -> list[Slot]:
        """The slots whose worker has ended, after a short wait."""
        if not self._slots:
            time.sleep(_POLL_S)
            return []
        ready, _ = self._ray.wait([slot.future for slot in self._slots], timeout=_POLL_S)
        return [slot for slot in self._slots if slot.future in ready]

    def _end(self, slot: Slot) -> None:
        """End a worker on purpose: nothing in its engine becomes suspect."""
        with contextlib.suppress(Exception):
            self._ray.kill(slot.actor)
        for place in with_nested(self._directory):
            with contextlib.suppress(OSError):
                forget_window(place, slot.spec.worker)

    def _fill(self) -> None:
        """Start a worker in every free slot of the nodes that are alive, and drop workers of lost nodes."""
        nodes = alive_nodes(self._ray)
        self._last_node_check = time.monotonic()
        alive = {node.node_id for node in nodes}
        for slot in [slot for slot in self._slots if not alive.issuperset(slot.place.nodes)]:
            self._drop_lost(slot)
        for one in [one for one in self._waiting if not alive.issuperset(one.place.nodes)]:
            self._give_back(one)
        is_first_time = not self._known_nodes
        for node in nodes:
            if node.node_id not in self._known_nodes:
                self._known_nodes[node.node_id] = node.host
                if not is_first_time:
                    self._say(f"node {node.host} joins")
        taken = {slot.place for slot in self._slots} | {one.place for one in self._waiting} | self._done_places
        if self._layout.nodes_per_engine > 1:  # an engine keeps its nodes, whichever others come and go
            busy = {node for place in taken for node in place.nodes}
            nodes = [node for node in nodes if node.node_id not in busy]
        for place in self._layout.places(nodes):
            if place not in taken:
                self._begin(place)
        if not self._slots and not self._waiting and not self._done_places:
            raise LostError("no node is left to work on. What is committed stays; run the same command again.")

    def _begin(self, place: Place) -> None:
        """Start a worker at a place, or ask for its GPUs first if they are on several nodes."""
        if len(place.nodes) > 1:
            self._waiting.append(_Waiting(place=place, group=reserve(self._layout, place), since=time.monotonic()))
        else:
            self._slots.append(self._start_worker(place))

    def _admit(self) -> None:
        """Start the workers whose GPUs are there now, and give up those that waited too long.

        Raises:
            EngineError: if no engine is left.
        """
        limit = self._cluster.start_timeout_s
        for one in list(self._waiting):
            if one.group.wait(timeout_seconds=_ASK_GROUP_S):
                self._waiting.remove(one)
                self._slots.append(self._start_worker(one.place, one.group))
            elif time.monotonic() - one.since > limit:
                self._give_back(one)
                self._done_places.add(one.place)
                said = f"{self._layout.gpus} GPUs over several nodes were not free within {limit:.0f} s"
                if not self._slots and not self._waiting:
                    raise EngineError(f"{said}. What is committed stays; run the same command again.")
                self._warn(f"{said}; the other engines go on")

    def _give_back(self, one: _Waiting) -> None:
        self._waiting.remove(one)
        free(one.group)

    def _start_worker(self, place: Place, group: Any = None) -> Slot:
        self._attempts += 1
        num_places = max(1, len(self._layout.places(alive_nodes(self._ray))))
        spec = replace(
            self._spec,
            worker=f"{self._name}-{self._attempts}",
            # Workers begin at different places in the plan, so that they rarely meet.
            start=(self._spec.start + (self._attempts - 1) % num_places / num_places) % 1,
        )
        actor, future = start_actor(self._ray, self._layout, place, spec, group)
        return Slot(
            place=place,
            spec=spec,
            actor=actor,
            future=future,
            group=group,
            silence=Silence(self._clock),
            heard_at=self._clock(),
        )

    def _ended(self, slot: Slot) -> None:
        try:
            report: WorkerReport = pickle.loads(self._ray.get(slot.future))
        except Exception as error:  # the process is gone, or Ray cannot reach it, which is treated alike
            if is_lost(self._ray, slot, error):
                self._drop_lost(slot)
                return
            report, ending = WorkerReport(outcome="died"), ending_of(error)
        else:
            ending = Ending(cause=report.cause, words=report.message)
        if report.outcome != "done" and not slot.killed_because and has_lost_node(self._ray, slot):
            self._drop_lost(slot)
            return
        self._release(slot)
        if report.outcome == "failed":
            raise GlaneError(report.message)
        if report.outcome == "done":
            self._done_places.add(slot.place)
        else:
            if slot.killed_because:
                ending = Ending(cause="hang", words=slot.killed_because)
            self._died(slot, ending)

    def _drop_lost(self, slot: Slot) -> None:
        alive = {node.node_id for node in alive_nodes(self._ray)}
        lost = [self._known_nodes.get(node, "?") for node in slot.place.nodes if node not in alive]
        self._warn(f"node {', '.join(lost) or '?'} is lost; its shards are redone elsewhere")
        self._release(slot)

    def _release(self, slot: Slot) -> None:
        self._slots.remove(slot)
        with contextlib.suppress(Exception):
            self._ray.kill(slot.actor)
        if slot.group is not None:
            free(slot.group)

    def _ask_to_stop(self) -> None:
        """Ask every worker, once, to claim no further shard. A worker that is still starting is killed."""
        for slot in [slot for slot in self._slots if not slot.is_stopping]:
            slot.is_stopping = True
            if self._is_starting(slot):
                self._end(slot)
            else:
                slot.actor.stop.remote()

    def _died(self, slot: Slot, ending: Ending) -> None:
        """Record a death, and start another worker in its place unless engines keep dying there.

        Raises:
            EngineError: if engines die while they start, or the place was the last one.
        """
        if slot.is_stopping:
            if not self._is_starting(slot):  # or it was ended on purpose
                record_ending(self._directory, slot.spec.worker, ending)
            return
        was_starting, beats = self._is_starting(slot), (slot.heard, self._heartbeat(slot))
        before = num_isolated(self._directory)
        deaths = record_ending(self._directory, slot.spec.worker, ending)
        num_suspects = sum(len(death.suspects) for death in deaths) if deaths[0].weight else 0
        self._warn(f"engine {slot.spec.worker} died ({ending}); {num_suspects} prompt(s) are suspect")
        if was_starting:
            self._died_at_start(slot, ending)
        has_committed = any(beat is not None and beat.progress.shards > 0 for beat in beats)
        given_up = self._patience.lost(
            slot.place,
            has_progress=has_committed or num_isolated(self._directory) > before,
            dies_with_anything=any(map(dies_with_anything, deaths)),
        )
        if given_up is None:
            self._begin(slot.place)
        elif self._slots:
            self._done_places.add(slot.place)
            self._warn(f"{given_up} ({ending}); the other engines go on without it")
        else:
            raise EngineError(
                f"{given_up} ({ending}). What is committed stays; mend the cause and run the same command again."
            )

    def _died_at_start(self, slot: Slot, ending: Ending) -> None:
        if len(slot.place.nodes) == 1:  # of several, nobody knows which
            node = self._known_nodes[slot.place.nodes[0]]
            record_failed_start(self._directory, node=node, cause=ending.cause, detail=str(ending))
        self._deaths_at_start += 1
        if self._deaths_at_start >= _DEATHS_AT_START:
            raise EngineError(
                f"{self._spec.work.label}: the engine died {self._deaths_at_start} times while it "
                f"started ({ending}). {self._spec.work.start_hint}"
            )

    def _heartbeat(self, slot: Slot) -> Heartbeat | None:
        return read_heartbeat(self._directory, slot.spec.worker)

    def _is_starting(self, slot: Slot) -> bool:
        """Whether a worker has not begun to work yet, by its last heartbeat."""
        beat = self._heartbeat(slot)
        return beat is None or beat.state == "starting"
