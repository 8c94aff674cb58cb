"""The imports of a vLLM engine, and the environment variables that they are made under."""

from __future__ import annotations

import contextlib
import importlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from glane.versions import looking_absent

# Nothing is fetched, nothing is reported.
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_DO_NOT_TRACK": "1",
    "DO_NOT_TRACK": "1",
    "TOKENIZERS_PARALLELISM": "false",  # each worker has one feeder thread; a thread pool would take the engine's cores
}


_INDUCTOR = "TORCHINDUCTOR_CACHE_DIR"
_OF_TORCH = "torchinductor_"  # begins the name of the folder that torch takes by itself

# What libraries of vLLM import where it is there, for what no engine of glane does: to compute curves of classifiers,
# and to check internationalised addresses. Together a quarter of the time.
NEEDLESS = ("sklearn", "rfc3987_syntax")

# The public modules that an engine imports while it starts, which is most of the time that it takes.
_IMPORTED = ("vllm", "vllm.engine.arg_utils", "vllm.inputs", "vllm.sampling_params", "llguidance.hf")


def preload() -> None:
    """Import what an engine on CPU needs, and start nothing. For a process that forks engines.

    A module that cannot be imported is named on standard error. An engine that needs it will fail by itself.
    """
    from glane.engine.vllm_compat import PRELOADED

    set_environment()
    with looking_absent(*NEEDLESS):
        for name in (*_IMPORTED, *PRELOADED):
            try:
                importlib.import_module(name)
            except ImportError as error:
                print(f"not preloaded: {name} ({error})", file=sys.stderr, flush=True)


def set_environment() -> None:
    """Set vLLM and its libraries to be offline and quiet. Call it before they are imported: some read it then."""
    os.environ.update(OFFLINE)
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
    if _is_default(os.environ.get(_INDUCTOR)):
        os.environ[_INDUCTOR] = _own_folder()


def _is_default(told: str | None) -> bool:
    """Whether nobody has chosen where torch keeps what it compiles: it writes its own choice into the environment."""
    return told is None or (Path(told).is_relative_to(tempfile.gettempdir()) and Path(told).name.startswith(_OF_TORCH))


def _own_folder() -> str:
    """Where torch keeps what it compiles, on a CPU, too, and loads it as code: where only this user writes.

    By itself it takes a folder of temporary files with a known name, whoever has made it. One that is this user's is
    taken there: a home that nodes share is small, and may have no locks, which torch asks for. Else it is the cache;
    without one, a folder of this process's is made.
    """
    for folder in _folders():
        with contextlib.suppress(OSError):  # there is no home, or none that can be written
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = folder.lstat()
            is_ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o022
            if is_ours and os.access(folder, os.W_OK):
                return str(folder)
    return tempfile.mkdtemp(prefix="glane-inductor-")


def _folders() -> Iterator[Path]:
    temporary = Path(tempfile.gettempdir())
    status = temporary.stat()
    if status.st_uid in (0, os.getuid()) and (not status.st_mode & 0o022 or status.st_mode & stat.S_ISVTX):
        yield temporary / f"glane-inductor-{os.getuid()}"  # elsewhere, others could put theirs in its place
    with contextlib.suppress(RuntimeError):
        yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "glane" / "inductor"
