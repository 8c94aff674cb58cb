"""Where engines keep the kernels that they compile: on the node's own disk, in reach of their user only.

By default they keep them in the home directory, which on a cluster is small, shared by all nodes, and often without the
locks that compilers need. What lies there is loaded as code, so a folder that anybody else could have made is not used.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

# Of vLLM 0.32 and of what it compiles with: each would be below the home directory.
_VARIABLES = {
    "VLLM_CACHE_ROOT": "vllm", "TRITON_CACHE_DIR": "triton", "TORCHINDUCTOR_CACHE_DIR": "inductor",
    "TORCH_EXTENSIONS_DIR": "extensions", "CUDA_CACHE_PATH": "cuda", "CUDA_TILE_CACHE_DIR": "cutile",
    "FLASHINFER_WORKSPACE_BASE": "flashinfer", "TILELANG_CACHE_DIR": "tilelang", "TVM_FFI_CACHE_DIR": "tvm-ffi",
    "QUACK_CACHE_DIR": "quack", "HUMMING_CACHE_DIR": "humming", "HUMMING_TMP_DIR": "humming-tmp",
}  # fmt: skip


def cache_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment variables of caches that a site has not set itself; none if there is no safe folder.

    The folder is in TMPDIR, or in /tmp, and the same for all jobs of a user on a node.
    """
    root = Path(environment.get("TMPDIR") or tempfile.gettempdir()) / f"glane-kernels-{os.getuid()}"
    with contextlib.suppress(OSError):
        with contextlib.suppress(FileExistsError):
            root.mkdir(mode=0o700)
        if is_ours(root):
            ours = {name: root / folder for name, folder in _VARIABLES.items() if name not in environment}
            for folder in ours.values():
                folder.mkdir(mode=0o700, exist_ok=True)
            return {name: str(folder) for name, folder in ours.items()}
    return {}


def is_ours(folder: Path) -> bool:
    """Whether a folder is this user's, no link, and nobody else may write to it."""
    status = folder.lstat()
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o022
