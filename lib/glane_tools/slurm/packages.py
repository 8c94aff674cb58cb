"""The Debian packages and the rights that a cluster needs."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from debian import installing
from slurm.errors import MissingError

PACKAGES = {  # a program, and the package that brings it
    "slurmctld": "slurmctld",
    "slurmd": "slurmd",
    "slurmdbd": "slurmdbd",
    "sbatch": "slurm-client",
    "munged": "munge",
    "mariadbd": "mariadb-server",
    "mariadb-install-db": "mariadb-server",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    "mount": "mount",
    "setpriv": "util-linux",
}
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SERVICES = ("slurmctld", "slurmd", "slurmdbd", "munge", "mariadb")
_POLICY = Path("/usr/sbin/policy-rc.d")
_NEVER_START = "#!/bin/sh\n# Put here by glane while it installs packages: their services are not to start.\nexit 101\n"
_PROBE = """set -e
ip link add probe0 type bridge
ip link add probe1 type veth peer name probe2
mount --bind /etc/hosts /etc/hosts
echo probe > /proc/sys/kernel/hostname
"""


def add_system_path() -> None:
    """Add the sbin folders with the daemons to PATH, which may lack them."""
    have = os.environ.get("PATH", "")
    missing = [folder for folder in _SYSTEM_PATH.split(":") if folder not in have.split(":")]
    os.environ["PATH"] = ":".join(filter(None, [have, *missing]))


def missing_programs() -> list[str]:
    """The programs that are not installed."""
    add_system_path()
    return [program for program in PACKAGES if shutil.which(program) is None]


def check_rights() -> None:
    """Try all privileged operations of a cluster, in temporary namespaces.

    Raises:
        MissingError: if this user or this machine lacks a right.
    """
    if os.geteuid() != 0:
        raise MissingError(f"a cluster needs root, for its network namespaces and a bridge; you are user {os.getuid()}")
    command = ["unshare", "--net", "--pid", "--mount", "--uts", "--fork", "--mount-proc", "sh", "-c", _PROBE]
    tried = subprocess.run(command, check=False, capture_output=True, text=True)
    if tried.returncode != 0:
        words = " ".join(tried.stderr.split())
        raise MissingError(f"this machine does not let root make namespaces, bridges or bind mounts: {words}")


def install() -> list[str]:
    """Install what is missing, and return the names of those packages. Their services do not run afterwards.

    Raises:
        MissingError: if something is missing and cannot be installed.
    """
    programs = missing_programs()
    if not programs:
        return []
    packages = sorted({PACKAGES[program] for program in programs})
    if os.geteuid() != 0:
        raise MissingError(f"not installed: {', '.join(programs)}; root can: apt-get install {' '.join(packages)}")
    if shutil.which("apt-get") is None:
        raise MissingError(f"not installed: {', '.join(programs)}; this machine has no apt-get to install them with")
    had = {service for service in _SERVICES if _is_known(service)}
    with installing(), _services_stay_down():
        _apt_get(["update"], packages)
        _apt_get(["install", "--yes", "--no-install-recommends", *packages], packages)
    for service in (name for name in _SERVICES if name not in had and _is_known(name)):
        _end_service(service)
    if still := missing_programs():
        raise MissingError(f"installed {' '.join(packages)}, but still not there: {', '.join(still)}")
    return packages


def _apt_get(arguments: list[str], packages: list[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(["apt-get", "-q", *arguments], check=False, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        words = "\n".join((done.stdout + done.stderr).strip().splitlines()[-5:])
        raise MissingError(f"apt-get {arguments[0]} failed (wanted: {' '.join(packages)}). It says:\n{words}")


@contextlib.contextmanager
def _services_stay_down() -> Iterator[None]:
    """Keep Debian from starting services, by policy-rc.d. An existing file is the administrator's and is kept."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text(_NEVER_START)
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()


def _is_known(service: str) -> bool:
    """Whether the machine had this service before (in a system or in a start script)."""
    places = ("/lib/systemd/system", "/usr/lib/systemd/system", "/etc/systemd/system")
    return Path("/etc/init.d", service).exists() or any(Path(place, f"{service}.service").exists() for place in places)


def _end_service(service: str) -> None:
    """Stop a service that came with this installation, now and at the next boot."""
    if Path("/run/systemd/system").exists():
        commands = [["systemctl", "disable", "--now", f"{service}.service"]]
    else:
        commands = [["invoke-rc.d", "--force", service, "stop"], ["update-rc.d", service, "disable"]]
    for command in commands:
        if shutil.which(command[0]):
            subprocess.run(command, check=False, capture_output=True)
