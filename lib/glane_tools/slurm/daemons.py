"""The daemons of this host: munged, MariaDB, slurmdbd and slurmctld, each with files, sockets and ports of its own."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

from slurm import users
from slurm.configuration import ACCOUNT
from slurm.errors import SlurmError
from slurm.network import accepts
from slurm.process import Process, spawn, wait_until
from slurm.state import State

_KEY_BYTES = 128


def environment(state: State) -> dict[str, str]:
    """The environment of a daemon: a few variables of the caller's."""
    return {"PATH": os.environ["PATH"], "SLURM_CONF": str(state.layout.slurm_conf)}


def start_munge(state: State) -> None:
    """Start munged with a new key; `wait_for_munge` waits for it."""
    layout = state.layout
    key = layout.munge / "key"
    key.touch(mode=0o600)
    key.write_bytes(os.urandom(_KEY_BYTES))
    paths = {"key-file": key, "socket": layout.munge_socket, "log-file": layout.log("munged")}
    paths |= {"pid-file": layout.munge / "pid", "seed-file": layout.munge / "seed"}
    _start(state, "munged", ["--foreground", *(f"--{name}={path}" for name, path in paths.items())])


def wait_for_munge(state: State, deadline: float) -> None:
    """Wait until munged answers."""
    _wait(state, "munged", deadline, lambda: _listens(state.layout.munge_socket))


def start_database(state: State) -> None:
    """Set up and start a MariaDB for this cluster, without a network. Only root may log in."""
    data = state.layout.database
    common = ["--no-defaults", f"--datadir={data}", "--user=root", "--skip-name-resolve", "--innodb-log-file-size=4M"]
    # The data is deleted with the cluster, so there is no need to wait for the disk.
    common += ["--debug-no-sync", "--innodb-flush-log-at-trx-commit=0"]
    make = ["mariadb-install-db", *common, "--auth-root-authentication-method=socket", "--skip-test-db"]
    run = ["mariadbd", *common, f"--socket={state.layout.database_socket}", f"--pid-file={data}/pid"]
    run += ["--skip-networking", "--skip-log-bin", "--performance-schema=off", f"--tmpdir={data}/tmp"]
    run += ["--innodb-buffer-pool-size=32M", "--innodb-lock-wait-timeout=900", "--key-buffer-size=1M"]
    script = f"{shlex.join(make)} && exec {shlex.join(run)}"
    process = spawn(["sh", "-c", script], log=state.layout.output("mariadbd"), environment=environment(state))
    state.remember("mariadbd", process)


def wait_for_database(state: State, deadline: float) -> None:
    """Wait until MariaDB answers."""
    _wait(state, "mariadbd", deadline, lambda: _listens(state.layout.database_socket))


def start_accounting(state: State, deadline: float) -> None:
    """Start slurmdbd, and make the cluster, the account and its users."""
    # slurmdbd.conf has no setting for a socket; this variable is the only way to tell libmariadb.
    _start(state, "slurmdbd", ["-D"], {"MYSQL_UNIX_PORT": str(state.layout.database_socket)})
    address = state.network.host_address
    _wait(state, "slurmdbd", deadline, lambda: accepts(address, state.database_port))
    cluster = cluster_name(state)
    _sacctmgr(state, "add", "cluster", cluster)
    _sacctmgr(state, "add", "account", ACCOUNT, f"cluster={cluster}")
    names = ",".join([pwd.getpwuid(os.getuid()).pw_name, *(user.name for user in users.USERS)])
    _sacctmgr(state, "add", "user", names, f"account={ACCOUNT}", f"cluster={cluster}", f"defaultaccount={ACCOUNT}")


def start_controller(state: State, deadline: float) -> None:
    """Start slurmctld."""
    _start(state, "slurmctld", ["-D", "-f", str(state.layout.slurm_conf)])
    address = state.network.host_address
    _wait(state, "slurmctld", deadline, lambda: accepts(address, state.controller_port))


def cluster_name(state: State) -> str:
    """Slurm's name for the cluster."""
    return f"glane{state.cluster_id}"


def _start(state: State, name: str, arguments: list[str], extra: dict[str, str] | None = None) -> Process:
    command = users.knowing(state.layout, [shutil.which(name) or name, *arguments])
    variables = environment(state) | (extra or {})
    return state.remember(name, spawn(command, log=state.layout.output(name), environment=variables))


def _wait(state: State, name: str, deadline: float, ready: Callable[[], bool]) -> None:
    wait_until(ready, what=name, deadline=deadline, process=state.processes[name], log=state.layout.output(name))


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True


def _sacctmgr(state: State, *words: str) -> None:
    done = subprocess.run(
        users.knowing(state.layout, ["sacctmgr", "-i", "-Q", *words]),
        check=False,
        capture_output=True,
        text=True,
        env=environment(state),
    )
    if done.returncode != 0:
        raise SlurmError(f"sacctmgr {' '.join(words)} failed: {(done.stdout + done.stderr).strip()}")
