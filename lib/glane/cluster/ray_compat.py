"""Starts Ray's processes on one node by private names of Ray, which may change with any version.

`ray start` and a bare `ray.init` do not do. `ray start` always opens a port for Ray's client, and its processes outlive
the one that started them. Both start a dashboard server, an autoscaler and a log monitor that nobody needs, which take
longer than the rest of Ray together.

All private names of Ray are used here: `Node` with its method `start_api_server`, `RayParams` with the arguments below
and `_system_config`, `services.RAY_PATH`, `services.start_ray_process`, the mode of tokens, and the module that
Ray's agents import to see whether there is a dashboard. Callers also use the `address`, `dead_processes` and
`kill_all_processes` of a node. To try a new version, run the tests marked `ray` and `slurm`, and add it to TRIED.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from glane.errors import EngineError
from glane.guard.hold import held
from glane.versions import looking_absent

TRIED = ("2.60",)  # major and minor
SYSTEM_CONFIG = {
    "enable_worker_prestart": False,
    "prestart_worker_first_driver": False,
    # The memory of engines is bounded by their settings. Ray's memory monitor would only add deaths.
    "memory_monitor_refresh_ms": 0,
}
_GUARDED = ("gcs_server", "raylet")  # what runs besides them only waits for the end of this process
OBJECT_STORE_BYTES = 80 * 2**20  # only small specifications pass through it
_OPTIONAL = "ray.dashboard.optional_deps"  # looks missing, so that agents start without a dashboard
_NEEDLESS = "rfc3987_syntax"  # checks internationalised addresses, and takes three quarters of Ray's import


def import_ray() -> Any:
    """Return the module `ray`, imported without a package that it does not need."""
    with looking_absent(_NEEDLESS):
        import ray

    return ray


def refuse_other_settings() -> None:
    """Refuse a process in which Ray was imported without the settings of this one: it reads them only then.

    Raises:
        EngineError: with the remedy.
    """
    from ray._raylet import AuthenticationMode, get_authentication_mode  # type: ignore[attr-defined]

    if os.environ.get("RAY_AUTH_MODE") == "token" and get_authentication_mode() != AuthenticationMode.TOKEN:
        raise EngineError(
            "Ray was imported in this process before glane, by itself or by vLLM, and keeps the settings of then: it "
            "would show no token. Start anew (in a notebook, restart the kernel) and call glane before anything "
            "imports ray or vllm, or use the command glane extract."
        )


def start_node(*, address: str, folder: Path, cpus: int, gpus: int | None, head: str | None) -> Any:
    """Start Ray's processes of one node and return Ray's `Node`.

    `head` is the address of the cluster to join; None starts a new one. If `gpus` is None, Ray counts them. Warns if
    this version of Ray was not tried.

    Raises:
        EngineError: if this version of Ray does not have what is needed.
    """
    _warn_if_untried()
    try:
        node_class, parameters = _lean_node(), _parameters(address=address, folder=folder, cpus=cpus, gpus=gpus)
        from ray._private import services

        services.RAY_PATH  # noqa: B018 - or the paths below would change nothing
        services.start_ray_process  # noqa: B018 - or nothing would be guarded
    except (ImportError, AttributeError, TypeError) as error:
        raise EngineError(
            f"glane cannot start Ray {_version()}: its inside is not as expected ({error}). "
            f"Install a version that was tried: {_tried()}."
        ) from None
    parameters.gcs_address = head
    if head is None:
        parameters.gcs_server_port = 0
        parameters._system_config = {**SYSTEM_CONFIG, "health_check_period_ms": 2000}
    with (
        _plain_paths(services, folder) as ray_path, _guarded(services), _quick_imports(folder),
        looking_absent(_OPTIONAL),
    ):  # fmt: skip
        parameters.worker_path = str(ray_path / "_private" / "workers" / "default_worker.py")
        parameters.setup_worker_path = str(ray_path / "_private" / "workers" / "setup_worker.py")
        return node_class(parameters, head=head is None, shutdown_at_exit=True, spawn_reaper=True)


def silence_errors() -> None:
    """Keep Ray from printing what it says of workers that died, in colours and on standard error: glane says it.

    Call it before Ray is entered. The name is private: with a version of Ray that has it not, nothing changes.
    """
    from ray._private import worker

    if hasattr(worker, "listen_error_messages"):
        worker.listen_error_messages = lambda *_, **__: None


def _lean_node() -> Any:
    from ray._private.node import Node

    Node.start_api_server  # noqa: B018 - or the method below would replace nothing

    class LeanNode(Node):
        def start_api_server(self, **_: Any) -> None:
            """Start nothing: even without a dashboard, the server would load the usage statistics, which are off."""

    return LeanNode


def _parameters(*, address: str, folder: Path, cpus: int, gpus: int | None) -> Any:
    from ray._private.parameter import RayParams

    return RayParams(
        node_ip_address=address,
        node_name=address,
        num_cpus=cpus,
        num_gpus=gpus,
        object_manager_port=0,
        node_manager_port=0,
        min_worker_port=0,
        max_worker_port=0,
        object_store_memory=OBJECT_STORE_BYTES,
        temp_dir=str(folder / "r"),
        include_dashboard=False,
        include_log_monitor=False,
        no_monitor=True,
    )


@contextlib.contextmanager
def _plain_paths(services: Any, folder: Path) -> Iterator[Path]:
    """Have Ray find Python and itself by paths that a shell reads as they are. Yield the path of Ray.

    Ray hands them to shells without the right quotes, and a folder of users may have blanks and apostrophes.
    """
    python, ray_path = sys.executable, services.RAY_PATH
    if shlex.quote(python + ray_path) != python + ray_path and Path(python).is_relative_to(sys.prefix):
        sys.executable = str(_link(folder / "environment", Path(sys.prefix)) / Path(python).relative_to(sys.prefix))
        services.RAY_PATH = str(_link(folder / "packages", Path(ray_path).parent) / Path(ray_path).name)
    try:
        yield Path(services.RAY_PATH)
    finally:
        sys.executable, services.RAY_PATH = python, ray_path


@contextlib.contextmanager
def _quick_imports(folder: Path) -> Iterator[None]:
    """Have what Ray starts not find the package that `import_ray` does without: two agents a node, and each actor."""
    absent, former = folder / "absent", os.environ.get("PYTHONPATH")
    absent.mkdir(exist_ok=True)
    (absent / f"{_NEEDLESS}.py").write_bytes(b"raise ImportError\n")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(absent), *([former] if former else [])])
    try:
        yield
    finally:
        if former is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = former


@contextlib.contextmanager
def _guarded(services: Any) -> Iterator[None]:
    """Have what Ray starts, and all that this starts, be held to the policy of this process's environment."""
    start = services.start_ray_process

    def start_guarded(command: list[str], process_type: str, *given: Any, **named: Any) -> Any:
        is_guarded = process_type in _GUARDED
        return start(held(command, os.environ) if is_guarded else command, process_type, *given, **named)

    services.start_ray_process = start_guarded
    try:
        yield
    finally:
        services.start_ray_process = start


def _link(link: Path, target: Path) -> Path:
    if not link.is_symlink():
        link.symlink_to(target)
    return link


def _warn_if_untried() -> None:
    version = _version()
    if ".".join(version.split(".")[:2]) not in TRIED:
        warnings.warn(f"glane was not tried with Ray {version} (tried: {_tried()})", RuntimeWarning, stacklevel=3)


def _version() -> str:
    return str(import_ray().__version__)


def _tried() -> str:
    return ", ".join(f"{version}.x" for version in TRIED)
