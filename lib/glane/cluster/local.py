"""A private Ray cluster on this machine: on loopback only, with a token, and ended with the driver."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from glane.cluster.address import network_variables
from glane.cluster.endings import handlers_kept
from glane.cluster.processes import raise_open_files
from glane.cluster.ray_compat import import_ray, refuse_other_settings, silence_errors, start_node
from glane.cluster.scratch import write_token
from glane.errors import EngineError
from glane.guard.hold import hold_this_process, is_hold_lacking
from glane.guard.policy import WHOLE
from glane.settings import LocalSettings

_LOOPBACK = "127.0.0.1"
FOREIGN = (  # of another cluster, which must not be joined
    "RAY_ADDRESS", "RAY_AUTH_TOKEN", "RAY_USE_TLS", "RAY_TLS_CA_CERT", "RAY_TLS_SERVER_CERT", "RAY_TLS_SERVER_KEY",
)  # fmt: skip


@contextlib.contextmanager
def local_ray(settings: LocalSettings, folder: Path, variables: Mapping[str, str] | None = None) -> Iterator[Any]:
    """Start Ray in a private folder, yield the `ray` module, and stop what was started.

    Its processes find `variables` in their environment.

    Raises:
        EngineError: if Ray does not start.
    """
    raise_open_files()
    token = write_token(folder, _process_token())
    # As in a job of one node: what asks for this machine's outward address would listen there.
    network = network_variables(_LOOPBACK)
    environment = ray_environment(token, is_loopback=True) | network | dict(variables or {})
    former = {name: os.environ.get(name) for name in (*environment, *FOREIGN)}
    os.environ.update(environment)
    for name in FOREIGN:
        os.environ.pop(name, None)
    try:
        ray = import_ray()
        node = None
        try:
            try:
                refuse_other_settings()
                silence_errors()
                with handlers_kept():
                    node = start_node(
                        address=_LOOPBACK,
                        folder=folder,
                        cpus=available_cpus() if settings.cpus == "auto" else settings.cpus,
                        gpus=None if settings.gpus == "auto" else settings.gpus,
                        head=None,
                    )
                    if os.environ.pop(WHOLE, None):
                        hold_this_process()
                        if is_hold_lacking():
                            raise EngineError(
                                "run.guard=kernel: the kernel did not hold this process, though it could at the start "
                                "of the run. Try again; with run.guard=auto, Python alone guards it, and that is told."
                            )
                    ray.init(
                        address=node.address,
                        log_to_driver=False,
                        logging_level=logging.ERROR,
                        configure_logging=False,
                        _node_ip_address=_LOOPBACK,
                    )
            except EngineError:
                raise
            except Exception as error:  # Ray raises many kinds here
                raise EngineError(f"Ray does not start on this machine ({type(error).__name__}: {error}).") from None
            yield ray
        finally:
            ray.shutdown()
            if node is not None:
                # Gracefully, because a killed raylet leaves its agents behind for a minute.
                node.kill_all_processes(check_alive=False, allow_graceful=True)
    finally:
        for name, value in former.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def ray_environment(token: Path, *, is_loopback: bool) -> dict[str, str]:
    """The environment variables for every process of a private Ray cluster."""
    # Without it, Ray replaces a loopback address by the host's outward one.
    loopback = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"} if is_loopback else {}
    return loopback | {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_DEDUP_LOGS": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    }


@cache
def _process_token() -> str:
    """The token of this process. Ray reads it only once, so a sweep that starts Ray again must use the same one."""
    return secrets.token_hex(32)


def available_cpus() -> int:
    """The number of cores that this process may use, by its affinity."""
    return len(os.sched_getaffinity(0))
