"""The process with the core of a vLLM engine, where that is not this process: how it ended, and that it has ended.

Private names of vLLM are used here: `engine_core.resources.engine_manager.processes` of an `LLMEngine`, and its
`engine_core.outputs_queue`, of which `step` raises the exceptions. Where a version has them not, nothing is told. They
stand apart from vllm_compat.py, which nobody imports with model.shared_grammars=false.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from multiprocessing import connection
from typing import Any

from glane.engine.protocol import EngineProcessDied

_EXIT_CODE_S = 2.0


def core_exit_code(engine: Any) -> int | None:
    """The exit code of the process with an engine's core, once it has ended; None if it has not, or cannot be known."""
    return next((process.exitcode for process in _cores(engine) if process.exitcode is not None), None)


def stepped(engine: Any) -> Any:
    """The outputs of one more step of an engine.

    Raises:
        EngineProcessDied: if the process with its core has ended.
    """
    try:
        return engine.step()
    except Exception:
        if (code := core_exit_code(engine)) is not None:
            raise EngineProcessDied(code) from None
        raise


def shut_down(engine: Any) -> None:
    """End the engine's own processes, where it has any."""
    core = getattr(engine, "engine_core", None)
    if core is not None:
        core.shutdown()


def raise_when_core_ends(engine: Any) -> None:
    """Have `step` raise an error once the process with an engine's core has ended.

    vLLM itself would wait for ever for the answers of a core that was killed. Where its inside is not as expected,
    nothing changes, and the watch over workers ends the engine after `run.hang_after_s`.
    """
    sentinels = [process.sentinel for process in _cores(engine)]
    answers: Any = getattr(getattr(engine, "engine_core", None), "outputs_queue", None)

    def watch() -> None:
        connection.wait(sentinels)
        deadline = time.monotonic() + _EXIT_CODE_S
        while core_exit_code(engine) is None and time.monotonic() < deadline:
            time.sleep(0.02)  # vLLM's own watch has read it and not yet noted it
        answers.put_nowait(RuntimeError("the core of the engine has ended"))

    if sentinels and answers is not None:
        threading.Thread(target=watch, name="core", daemon=True).start()


def _cores(engine: Any) -> Sequence[Any]:
    """The processes with an engine's core; none where it runs in this process."""
    resources = getattr(getattr(engine, "engine_core", None), "resources", None)
    return getattr(getattr(resources, "engine_manager", None), "processes", ())
