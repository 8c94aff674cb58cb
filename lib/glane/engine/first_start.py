"""The first start of an engine on a node, one at a time: it compiles kernels and graphs, and leaves them to the others.

Without turns, all engines of a node, of all jobs there, would compile the same at once, on the same few cores. The lock
is let go when its holder ends in whatever way. The mark of a start that is done lies in the cache that it filled: who
removes one removes the other.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from glane.locks import lock
from glane.settings import ModelSettings
from glane.versions import installed_version, vllm_version

_FOLDER = "glane-first-starts"
# What vLLM compiles nothing for. With another value of anything else, the cache of before may not serve: a setting that
# is new decides, too, until it is known here not to.
_DOES_NOT_DECIDE = frozenset(
    {
        "name", "licence", "released", "restricted", "accept_licence", "toy_for", "script", "tokenizer",
        "tokenizer_mode", "chat_template", "chat_template_kwargs", "prompt_style", "prompt_shape", "max_tokens",
        "reasoning", "reasoning_parser", "reasoning_tokens", "sampling", "load_format", "engines", "cpus_per_engine",
        "window", "gpu_memory_utilization", "kv_cache_mib", "in_process", "ask_duplicates", "quote_mass",
    }
)  # fmt: skip


@contextlib.contextmanager
def first_start(settings: ModelSettings, *, wait_s: float) -> Iterator[None]:
    """Start such an engine in the block: alone on this node for the first time, at once if one has started here before.

    After `wait_s` seconds the block is entered without the turn, and so it is where no lock can be had. A start that
    fails leaves the turn to the next.
    """
    mark = _mark(settings, os.environ)
    turn = _turn(mark, deadline=time.monotonic() + wait_s)
    try:
        yield
        if turn is not None:
            with contextlib.suppress(OSError):
                mark.touch(mode=0o600)
    finally:
        if turn is not None:
            os.close(turn)


def _turn(mark: Path, *, deadline: float) -> int | None:
    """The descriptor of the lock; None if no turn is needed, or none came in time."""
    with contextlib.suppress(OSError):
        mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if mark.exists():
            return None
        descriptor = os.open(mark.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        is_ours = lock(descriptor, deadline=deadline, is_needless=mark.exists)
        if is_ours and not mark.exists():  # it may have appeared just before
            return descriptor
        os.close(descriptor)
    return None


def _mark(settings: ModelSettings, environment: Mapping[str, str]) -> Path:
    """The file that says that such an engine has started on this node, in the folder of what vLLM compiles."""
    home = environment.get("XDG_CACHE_HOME") or "~/.cache"
    root = Path(environment.get("VLLM_CACHE_ROOT") or Path(home, "vllm").expanduser())
    about = settings.model_dump(mode="json", exclude=set(_DOES_NOT_DECIDE))
    versions = [vllm_version(), installed_version("torch")]
    told = json.dumps([about, versions, socket.gethostname(), os.getuid()], sort_keys=True)
    return root / _FOLDER / f"{hashlib.sha256(told.encode()).hexdigest()[:32]}.done"
