"""The worker: keeps one engine busy from the first claimed shard to the last committed one.

It has three threads and no barrier between shards. The feeder claims shards, reads documents and encodes prompts ahead
of the engine. The engine's loop keeps a rolling window of requests. The committer parses answers and writes shards.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from glane.engine.protocol import Engine, EngineProcessDied, RequestRefused
from glane.errors import where
from glane.extraction.counts import Counts
from glane.extraction.feeder import Feeder, Request, Result, Target
from glane.extraction.task_in_work import TaskInWork
from glane.reading.parse import Outcome
from glane.reading.reading import Turn
from glane.run.deaths import Window
from glane.run.heartbeat import Progress
from glane.run.session import WorkerDied
from glane.run.suspects import Suspects
from glane.settings import ModelSettings
from glane.types import Completion, Extraction, Status

REMEMBERED_TOKENS = 500_000  # tokens of answers kept for duplicates: some 30 MB with log-probabilities
_WAIT_S = 0.2
_FOLLOWER_WAIT_S = 0.01  # while the engine is idle and an answer in the committer may lead to another prompt
_LAST_CLAIM_S = 10.0
_CONTROL = "control"  # the request id of the harmless prompt


class Worker:
    """Works on a run until every shard of it is committed."""

    def __init__(self, *, engine: Engine, model: ModelSettings, tasks: Sequence[TaskInWork]) -> None:
        """Of several `tasks`, the first is that whose shards are claimed. The others have runs of the same shards."""
        self._engine, self._tasks, self._shards = engine, tasks, tasks[0].shards
        self._window_size = model.window_size
        self._asks_duplicates = model.ask_duplicates
        self._window = Window(self._shards.directory, self._shards.heartbeat.worker, num_slots=self._window_size)
        self._prepared: queue.Queue[Request | None] = queue.Queue(maxsize=self._window_size)
        self._finished: queue.Queue[Result | None] = queue.Queue(maxsize=8 * self._window_size + 1024)
        self._feeder = Feeder(
            tasks=tasks,
            suspects=Suspects(self._shards.directory),
            ask=lambda request: self._put(self._prepared, request),
            judge=self._answer,
            has_failed=lambda: self._failure is not None,
        )
        self._in_engine: dict[str, Request] = {}
        self._waiting: dict[bytes, list[Target]] = {}  # rows that wait for an answer in the engine
        self._answers: OrderedDict[bytes, Completion] = OrderedDict()
        self._num_remembered = 0  # tokens in `_answers`
        self._followups: deque[Request] = deque()  # prompts that follow from answers: bounded by the rows in work
        self._num_answered = self._num_judged = 0  # results given to the committer, and results that it finished
        self._count_lock = threading.Lock()
        self._num_requests = 0
        self._num_steps = 0
        self._survived_control = False  # whether a single prompt was the last that the engine answered
        self._failure: BaseException | None = None

    def run(self) -> None:
        """Work until every shard is committed, by this worker or by others.

        Raises:
            GlaneError: if the input or the run directory fails. Committed shards stay.
        """
        for task in self._tasks:
            task.shards.heartbeat.report(partial(self._progress, task.counts))
            task.shards.heartbeat.write()  # from here on, a death counts as one during work, not at the start
        feeder = threading.Thread(
            target=self._guarded, args=(self._feeder.run, self._prepared), name="feeder", daemon=True
        )
        committer = threading.Thread(target=self._guarded, args=(self._commit_all, None), name="committer", daemon=True)
        feeder.start()
        committer.start()
        try:
            self._serve()
            self._put(self._finished, None)
            committer.join()
            self._raise_failure()
            self._window.close()
        except BaseException as error:
            self._failure = self._failure or error  # the other threads end by it
            raise
        finally:
            feeder.join(timeout=_LAST_CLAIM_S)  # a claim after the release would never be released
            self._shards.ledger.release_all()

    # The engine's thread: keep the window full.

    def _serve(self) -> None:
        is_fed = True
        while is_fed or self._in_engine or self._more_may_follow():
            self._raise_failure()
            is_fed = self._refill(is_fed)
            if self._in_engine:
                self._step()

    def _more_may_follow(self) -> bool:
        """Whether an answer in the committer, or one just finished, may lead to another prompt."""
        # The order matters: an answer counts as judged only after its follow-up prompts are in the queue.
        return self._num_judged < self._num_answered or bool(self._followups)

    def _refill(self, is_fed: bool) -> bool:
        """Move requests into the engine, follow-up prompts first. Wait only if it is idle. False after the last one."""
        while len(self._in_engine) < self._window_size:
            if self._followups:
                request: Request | None = self._followups.popleft()
            elif is_fed:
                try:
                    wait_s = _FOLLOWER_WAIT_S if self._more_may_follow() else _WAIT_S
                    request = self._prepared.get(block=not self._in_engine, timeout=wait_s)
                except queue.Empty:
                    return True
                if request is None:
                    return False
            else:
                if not self._in_engine and self._more_may_follow():
                    time.sleep(_FOLLOWER_WAIT_S)
                return False
            assert request is not None
            if request.alone:
                self._ask_alone(request)
            else:
                self._ask(request)
        return is_fed

    def _ask(self, request: Request) -> None:
        if self._asks_duplicates:
            request = replace(request, identity=str(self._num_requests).encode())  # unique, so that no answer is reused
        if (known := self._answers.get(request.identity)) is not None:
            self._answers.move_to_end(request.identity)
            self._answer(Result(target=request.target, outcome=known, duplicate=True))
            return
        if request.identity in self._waiting:
            self._waiting[request.identity].append(request.target)
            return
        self._waiting[request.identity] = []
        self._num_requests += 1
        request_id = str(self._num_requests)
        try:
            prompt = request.prompt
            self._engine.add(request_id, prompt.tokens, form=prompt.form, text=prompt.text, sampling=prompt.sampling)
        except RequestRefused as refusal:
            refused = Outcome(status=Status.REJECTED, reason=str(refusal))
            self._answer(Result(target=request.target, outcome=refused))
            self._waiting.pop(request.identity, None)
            return
        self._survived_control = False
        self._in_engine[request_id] = request
        self._window.enter(request_id, request.digest, alone=request.alone)

    def _ask_alone(self, request: Request) -> None:
        """Ask a suspect with nothing else in the engine. If the engine dies of it, it would have survived another."""
        self._drain()
        if not self._survived_control:
            self._ask_control(request)
        self._ask(request)
        self._drain()
        self._survived_control = True

    def _drain(self) -> None:
        while self._in_engine:
            self._step()

    def _ask_control(self, suspect: Request) -> None:
        """Ask a harmless prompt in the way of a suspect: an engine that dies with anything must blame no document."""
        prompt = self._feeder.control(suspect)
        with contextlib.suppress(RequestRefused):
            self._engine.add(_CONTROL, prompt.tokens, form=prompt.form, text=prompt.text, sampling=prompt.sampling)
            self._window.enter_control(_CONTROL)
            while not self._finished_now():
                pass
            self._window.leave(_CONTROL)

    def _finished_now(self) -> list[tuple[str, Completion]]:
        """What the engine has finished after one more step."""
        try:
            finished = self._engine.step()
        except EngineProcessDied as ended:
            raise WorkerDied(str(ended), exit_code=ended.code) from None
        except Exception as error:  # after any error, the state of the engine is unknown
            raise WorkerDied(where(error)) from None
        self._num_steps += 1
        return finished

    def _step(self) -> None:
        for request_id, completion in self._finished_now():
            request = self._in_engine.pop(request_id)
            self._window.leave(request_id)
            self._answer(Result(target=request.target, outcome=completion))
            for target in self._waiting.pop(request.identity):
                self._answer(Result(target=target, outcome=completion, duplicate=True))
            self._remember(request.identity, completion)

    def _remember(self, identity: bytes, completion: Completion) -> None:
        self._answers[identity] = completion
        self._num_remembered += completion.num_output_tokens
        while self._num_remembered > REMEMBERED_TOKENS:
            self._num_remembered -= self._answers.popitem(last=False)[1].num_output_tokens

    def _answer(self, result: Result) -> None:
        """Hand a result to the committer. Also called by the feeder's thread."""
        with self._count_lock:
            self._num_answered += 1
        self._put(self._finished, result)

    # The committer's thread: judge, collect, write.

    def _commit_all(self) -> None:
        while (result := self._finished.get()) is not None:
            self._judge(result)
            self._num_judged += 1

    def _judge(self, result: Result) -> None:
        target, outcome = result.target, result.outcome
        if isinstance(outcome, Completion) and not result.duplicate:
            target.work.task.counts.answered(outcome)
        if target.reading is None:
            assert isinstance(outcome, Outcome)
            self._close_row(target, Extraction(status=outcome.status, reason=outcome.reason), duplicate=False)
            return
        for turn in self._taken(result):
            follower = self._feeder.request(replace(target, turn=turn))
            if isinstance(follower, Request):
                self._followups.append(follower)
            else:
                self._judge(follower)
        if target.reading.is_done and not target.work.is_judged(target.row):
            extraction = target.work.task.result(target.reading)
            self._close_row(target, extraction, duplicate=target.reading.is_duplicate)

    def _taken(self, result: Result) -> list[Turn]:
        """Give an answer to its reading. Return the prompts to ask next; none where nothing was asked."""
        target = result.target
        assert target.reading is not None
        if target.turn is None:
            return []
        return target.reading.take(target.turn, result.outcome, duplicate=result.duplicate)

    def _close_row(self, target: Target, extraction: Extraction, *, duplicate: bool) -> None:
        work = target.work
        work.task.counts.closed(extraction.status, duplicate=duplicate)
        if work.judge(target.row, extraction) and work.is_whole:
            for one in work.beside:
                one.task.commit(one)

    # Between the threads.

    def _guarded(self, work: Callable[[], None], sink: queue.Queue[Any] | None) -> None:
        """Run a thread's work. Report its failure to the engine's loop, and its end to `sink`."""
        try:
            work()
        except BaseException as error:
            self._failure = error
        finally:
            if sink is not None:
                self._put(sink, None)

    def _put(self, sink: queue.Queue[Any], item: Any) -> None:
        """Put an item, unless another thread has failed, so that nobody would take it."""
        while True:
            try:
                sink.put(item, timeout=1)
                return
            except queue.Full:
                if self._failure is not None:
                    return

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _progress(self, counts: Counts) -> Progress:
        return counts.progress(in_window=len(self._window), window_size=self._window_size, steps=self._num_steps)
