"""What an engine of vLLM imports, and in which environment."""

from __future__ import annotations

import importlib
import os
import sys

# Nothing is fetched, nothing is reported.
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_DO_NOT_TRACK": "1",
    "DO_NOT_TRACK": "1",
    "TOKENIZERS_PARALLELISM": "false",  # one feeder thread a worker; a pool of its own would take the engine's cores
}


# The public part of what an engine comes to import while it starts: most of the seconds it takes.
_IMPORTED = ("vllm", "vllm.engine.arg_utils", "vllm.inputs", "vllm.sampling_params", "llguidance.hf")


def preload() -> None:
    """Import what an engine on CPU needs, and start nothing: for a process that forks engines.

    What cannot be imported is named on standard error: an engine that needs it will fail by itself.
    """
    from glane.engine.vllm_compat import PRELOADED

    set_environment()
    for name in (*_IMPORTED, *PRELOADED):
        try:
            importlib.import_module(name)
        except ImportError as error:
            print(f"not preloaded: {name} ({error})", file=sys.stderr, flush=True)


def set_environment() -> None:
    """Tell vLLM, and what it is made of, to stay offline and quiet. Some of it is read when they are imported."""
    os.environ.update(OFFLINE)
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
