"""A private Ray on this machine: loopback only, token required, gone when the driver is."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from glane.errors import EngineError
from glane.run.ledger import process_start
from glane.settings import ClusterSettings

_FOREIGN = ("RAY_ADDRESS", "RAY_AUTH_TOKEN")  # another cluster's: never joined
_PREFIX = "gl-"  # the path must stay short: Unix sockets inside it may have 107 bytes


@contextlib.contextmanager
def local_ray(settings: ClusterSettings) -> Iterator[Any]:
    """Start Ray, yield the `ray` module, and stop what was started.

    Raises:
        EngineError: if Ray does not start.
    """
    _remove_abandoned()
    root = Path(tempfile.gettempdir())
    if len(str(root)) > 40:
        root = Path("/tmp")
    folder = Path(
        tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getuid()}-{os.getpid()}-{process_start(os.getpid())}-", dir=root)
    )
    token = folder / "token"
    token.touch(mode=0o600)
    token.write_text(_process_token())
    environment = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token),
        # Without this, Ray replaces a loopback address by the host's outward one.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_DEDUP_LOGS": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    }
    former = {name: os.environ.get(name) for name in (*environment, *_FOREIGN)}
    os.environ.update(environment)
    for name in _FOREIGN:
        os.environ.pop(name, None)
    try:
        import ray

        options: dict[str, Any] = {}
        if settings.gpus != "auto":
            options["num_gpus"] = settings.gpus
        try:
            ray.init(
                num_cpus=available_cpus() if settings.cpus == "auto" else settings.cpus,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                configure_logging=False,
                object_store_memory=80 * 2**20,  # nothing but small specifications passes through it
                _node_ip_address="127.0.0.1",
                _temp_dir=str(folder / "r"),
                _system_config={
                    "enable_worker_prestart": False,
                    "prestart_worker_first_driver": False,
                    # The engines' memory is bounded by their settings; Ray's own killer would only add deaths.
                    "memory_monitor_refresh_ms": 0,
                },
                **options,
            )
        except Exception as error:  # Ray raises many kinds here
            raise EngineError(f"Ray does not start on this machine ({type(error).__name__}: {error}).") from None
        try:
            yield ray
        finally:
            ray.shutdown()
    finally:
        for name, value in former.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        shutil.rmtree(folder, ignore_errors=True)


@cache
def _process_token() -> str:
    """Ray reads the token once per process: a sweep that starts Ray again must show the same one."""
    return secrets.token_hex(32)


def available_cpus() -> int:
    """The cores that this process may use, as its affinity says."""
    return len(os.sched_getaffinity(0))


def _remove_abandoned() -> None:
    """Remove the directories of drivers that were killed before they could."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}{os.getuid()}-*-*-*"):
        with contextlib.suppress(OSError, ValueError):
            _, _, pid, started, *_ = path.name.split("-")
            status = path.lstat()
            if status.st_uid == os.getuid() and stat.S_ISDIR(status.st_mode) and process_start(int(pid)) != started:
                shutil.rmtree(path, ignore_errors=True)
