"""Where engines keep the kernels that they compile: on the node's own disk, in reach of their user only.

By default they keep them in the home directory, which on a cluster is small, shared by all nodes, and often without the
locks that compilers need. What lies there is loaded as code, so a folder that anybody else could have made is not used.
Each pair of versions of vLLM and torch has a folder of its own.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from glane.cluster.private_folder import check_nobody_else_can_change
from glane.errors import ConfigError
from glane.versions import installed_version, vllm_version

_SETTING = "cluster.kernel_cache_dir"

# Of vLLM 0.32 and of what it compiles with: each would be below the home directory.
_VARIABLES = {
    "VLLM_CACHE_ROOT": "vllm", "TRITON_CACHE_DIR": "triton", "TORCHINDUCTOR_CACHE_DIR": "inductor",
    "TORCH_EXTENSIONS_DIR": "extensions", "CUDA_CACHE_PATH": "cuda", "CUDA_TILE_CACHE_DIR": "cutile",
    "FLASHINFER_WORKSPACE_BASE": "flashinfer", "TILELANG_CACHE_DIR": "tilelang", "TVM_FFI_CACHE_DIR": "tvm-ffi",
    "QUACK_CACHE_DIR": "quack", "HUMMING_CACHE_DIR": "humming", "HUMMING_TMP_DIR": "humming-tmp",
}  # fmt: skip


def cache_variables(
    environment: Mapping[str, str], *, told: str | None = None, say: Callable[[str], None] = lambda _: None
) -> dict[str, str]:
    """The environment variables of caches that a site has not set itself; none if there is no safe folder.

    The folder is in `told` (`cluster.kernel_cache_dir`), in TMPDIR, or in /tmp, and the same for all jobs of a user on
    a node with the same versions. If `told` cannot be taken, `say` is told why, and the next one is.
    """
    if told is not None:
        try:
            check_nobody_else_can_change(Path(told).resolve(strict=True), setting=_SETTING)
            return _variables(Path(told), environment)
        except (OSError, ConfigError) as error:
            why = error if isinstance(error, ConfigError) else f"{_SETTING}: {told} cannot be used ({error.strerror})."
            say(f"{why} Kernels are kept in TMPDIR.")
    with contextlib.suppress(OSError):
        return _variables(Path(environment.get("TMPDIR") or tempfile.gettempdir()), environment)
    return {}


def _variables(base: Path, environment: Mapping[str, str]) -> dict[str, str]:
    root = base / f"glane-kernels-{os.getuid()}"
    place = root / f"vllm-{vllm_version()}-torch-{installed_version('torch')}".replace(" ", "-")
    ours = {name: place / folder for name, folder in _VARIABLES.items() if name not in environment}
    for folder in (root, place, *ours.values()):
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        if not is_ours(folder):
            raise PermissionError(errno.EPERM, "it is not yours alone", str(folder))
    return {name: str(folder) for name, folder in ours.items()}


def is_ours(folder: Path) -> bool:
    """Whether a folder is this user's, no link, and nobody else may write to it."""
    status = folder.lstat()
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o022
