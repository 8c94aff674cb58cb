"""Small pieces of work as Ray tasks on the cores of all nodes, once the engines are stopped."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from glane.cluster.ray_nodes import alive_nodes
from glane.errors import GlaneError, RunError, where

_LEAST_TASKS = 4  # fewer are done sooner here than Ray starts processes for them
_MOST_PER_NODE = 16  # each has some hundred MiB of rows, and all write to one file system
A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """What became of a task. An error is told by its message: what Ray would say of it could quote a document."""

    result: Any = None
    error: str = ""


def ray_map(ray: Any) -> Callable[[Callable[[A], B], Sequence[A]], Iterable[B]]:
    """A function that does what `map` does, by Ray tasks where there are several, and here where Ray is lost.

    The tasks must be such that each can be done twice, as Ray repeats those of a node that is lost. They and what they
    return are pickled: small, and without text of documents.

    Raises:
        RunError: of the function, with what a task raised.
    """

    def run_all(do: Callable[[A], B], tasks: Sequence[A]) -> Iterable[B]:
        if len(tasks) < _LEAST_TASKS:
            return map(do, tasks)
        cores = max((node.cpus for node in alive_nodes(ray)), default=1)
        options = {
            "num_cpus": max(1, cores // _MOST_PER_NODE), "scheduling_strategy": "SPREAD", "max_retries": 3,
        }  # fmt: skip
        remote = ray.remote(_do).options(**options)
        answers = [remote.remote(pickle.dumps((do, task))) for task in tasks]
        return [_result(ray, answer, do, task) for answer, task in zip(answers, tasks, strict=True)]

    return run_all


def _result(ray: Any, answer: Any, do: Callable[[A], B], task: A) -> B:
    try:
        done: _Done = pickle.loads(ray.get(answer))
    except Exception:  # the node is lost, or all of Ray
        return do(task)
    if done.error:
        raise RunError(done.error)
    result: B = done.result
    return result


def _do(work: bytes) -> bytes:
    """Do a pickled task in a process of Ray. Never raises."""
    do, task = pickle.loads(work)
    try:
        return pickle.dumps(_Done(result=do(task)))
    except GlaneError as error:
        return pickle.dumps(_Done(error=str(error)))
    except Exception as error:  # its message may quote a document
        return pickle.dumps(_Done(error=f"internal error, please report it: {where(error)}"))
