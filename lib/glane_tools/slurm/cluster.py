"""A cluster in a folder: starts it, finds it again, ends it and removes all its files."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from slurm import configuration, daemons, memory, network, node, packages, users
from slurm.errors import SlurmError
from slurm.process import wait_until
from slurm.state import NAME, State, load

NODES = ("n1", "n2")
_ENV = "env.sh"
_START_S = 60.0
_REMOVE_S = 10.0
_OF_OTHERS = ("SLURM", "SBATCH_", "SRUN_", "SALLOC_", "SCANCEL_", "SQUEUE_", "SINFO_", "SACCT_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster that is up."""

    state: State

    @property
    def name(self) -> str:
        """Slurm's name for it."""
        return daemons.cluster_name(self.state)

    @property
    def nodes(self) -> tuple[str, ...]:
        """The names of its nodes."""
        return self.state.network.nodes

    @property
    def addresses(self) -> dict[str, str]:
        """The address of each node."""
        return self.state.network.addresses

    @property
    def environment(self) -> dict[str, str]:
        """The environment for subprocesses that use it: the caller's, without variables of another Slurm."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(_OF_OTHERS)}
        return own | {"SLURM_CONF": str(self.state.layout.slurm_conf), "GLANE_DEVICE": "cpu"}

    def command_on(self, name: str, command: Sequence[str]) -> list[str]:
        """The command line that runs `command` inside a node, past Slurm.

        Raises:
            SlurmError: if there is no such node, or it is off.
        """
        self._check(name)
        if not self.state.is_alive(f"{name}.init"):
            raise SlurmError(f"{name} is off; start it with node-start {name}")
        return node.inside(self.state, name, command)

    def run_on(
        self, name: str, command: Sequence[str], *, check: bool = True, timeout_s: float | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside a node, past Slurm, and return its output.

        Raises:
            SlurmError: if there is no such node, or it is off.
            subprocess.CalledProcessError: if the command fails and `check` is set.
            subprocess.TimeoutExpired: after `timeout_s`.
        """
        return subprocess.run(
            self.command_on(name, command),
            check=check,
            timeout=timeout_s,
            capture_output=True,
            text=True,
            env=self.environment,
        )

    def home(self, user: str) -> Path:
        """The home of alice or bob."""
        return self.state.layout.home(user)

    def command_as(self, user: str, command: Sequence[str], *, on: str) -> list[str]:
        """The command line that runs `command` inside a node as `user`, who is alice or bob, in the user's home.

        Both are in the group "project". They exist in the cluster, and nowhere else on this machine.

        Raises:
            SlurmError: if there is no such user or node, or the node is off.
        """
        named = {one.name: one for one in users.USERS}
        if user not in named:
            raise SlurmError(f"no user {user!r}; there are {', '.join(named)}")
        return self.command_on(on, users.acting_as(self.state.layout, named[user], command))

    def show(self, path: Path, name: str) -> Path:
        """Show a folder of this host to all users of the nodes, read-only, and return where it is for them.

        The folders above it need not be open to them. A node that is switched off forgets it.
        """
        place = self.state.layout.root / name
        place.mkdir(exist_ok=True)
        for node_name in self.nodes:
            self.run_on(node_name, ["mount", "-o", "bind,ro", str(path), str(place)])
        return place

    def kill_node(self, name: str, *, unplug: bool = False) -> None:
        """Switch a node off, as by a power loss: all its processes end at once.

        Its connections are closed, as after a crash of the processes. With `unplug`, the peers are not notified.
        """
        self._check(name)
        node.switch_off(self.state, name, unplug=unplug)

    def start_node(self, name: str) -> None:
        """Switch a node on again, after ending any processes left of it. Returns when Slurm can use it."""
        self._check(name)
        if not node.is_on(self.state, name):
            node.switch_off(self.state, name)
        deadline = time.monotonic() + _START_S
        if not node.is_on(self.state, name):
            node.switch_on(self.state, name, deadline)
        self._wait(f"{name} in Slurm", lambda: _is_usable(self.node_states().get(name, "")), deadline, log=name)

    def node_states(self) -> dict[str, str]:
        """The state of each node in `sinfo`: idle, mixed, allocated, down*, … Empty if slurmctld does not answer."""
        answer = subprocess.run(
            ["sinfo", "-h", "-N", "-o", "%N %T"], check=False, capture_output=True, text=True, env=self.environment
        )
        return dict(line.split() for line in answer.stdout.splitlines()) if answer.returncode == 0 else {}

    def is_alive(self) -> bool:
        """Whether every daemon and every node runs."""
        processes = self.state.processes
        return (
            "slurmctld" in processes  # else `up` was cut short
            and all(process.is_alive() for process in processes.values())
            and all(node.is_on(self.state, name) for name in self.nodes)
        )

    def _wait(self, what: str, ready: Callable[[], bool], deadline: float, log: str = "slurmctld") -> None:
        controller = self.state.processes["slurmctld"]
        wait_until(ready, what=what, deadline=deadline, process=controller, log=self.state.layout.output(log))

    def _check(self, name: str) -> None:
        if name not in self.nodes:
            raise SlurmError(f"no node {name!r}; there are {', '.join(self.nodes)}")


def start(folder: Path | str, *, say: Callable[[str], object] = str) -> Cluster:
    """Bring a cluster up in a folder, or return the one that is up in it already.

    Raises:
        MissingError: if this machine lacks programs or rights.
        SlurmError: if it did not start; everything is removed then.
    """
    folder = Path(folder).absolute()
    if added := packages.install():
        say(f"installed {', '.join(added)}; their system services are stopped and disabled")
    packages.check_rights()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(folder):
        found = load(folder)
        if found and Cluster(state=found).is_alive():
            say(f"the cluster in {folder} is up already")
            return Cluster(state=found)
        if found:
            say(f"the cluster in {folder} is not whole any more; it is ended and started anew")
            _end(found)
        elif any(folder.iterdir()):
            raise SlurmError(f"{folder} holds other files; name a folder that is empty or does not exist")
        state = _plan(folder)
        try:
            _bring_up(state)
        except BaseException:
            _end(state)
            _remove(folder)
            raise
    return Cluster(state=state)


def find(folder: Path | str) -> Cluster:
    """The cluster that was started in a folder.

    Raises:
        SlurmError: if there is none.
    """
    packages.add_system_path()
    state = load(Path(folder).absolute())
    if state is None:
        raise SlurmError(f"no cluster in {folder}; start one with up")
    return Cluster(state=state)


def stop(folder: Path | str, *, say: Callable[[str], object] = str) -> None:
    """End the cluster of a folder, even if only parts of it are left. Remove all its files and the folder.

    Raises:
        SlurmError: if a process does not end; call it again then.
    """
    packages.add_system_path()
    folder = Path(folder).absolute()
    if not folder.exists():
        say(f"no cluster in {folder}")
        return
    with _alone(folder):
        state = load(folder)
        if state is None:
            say(f"no cluster in {folder}")
            return
        _end(state)
        _remove(folder)
        say(f"the cluster in {folder} is gone")


def _plan(folder: Path) -> State:
    cluster_id = secrets.token_hex(3)
    controller_port, database_port = network.free_ports(2)
    state = State(
        folder=folder,
        cluster_id=cluster_id,
        network=network.plan(cluster_id, NODES),
        controller_port=controller_port,
        database_port=database_port,
    )
    state.save()
    return state


def _bring_up(state: State) -> None:
    """Start all parts, each as soon as those that it needs are ready."""
    deadline = time.monotonic() + _START_S
    layout = state.layout
    layout.make(state.network.nodes)
    configuration.write(
        layout,
        cluster=daemons.cluster_name(state),
        network=state.network,
        controller_port=state.controller_port,
        database_port=state.database_port,
        has_memory_limits=memory.has_limits(),
    )
    users.write(layout)
    daemons.start_database(state)
    daemons.start_munge(state)
    node.lay_cables(state, deadline)
    daemons.wait_for_munge(state, deadline)
    daemons.wait_for_database(state, deadline)
    daemons.start_accounting(state, deadline)
    daemons.start_controller(state, deadline)
    for name in state.network.nodes:
        node.switch_on(state, name, deadline)
    cluster = Cluster(state=state)
    _check_nodes(cluster, deadline)
    end = [sys.executable, str(Path(__file__).resolve().parent), "down", "--folder", str(state.folder)]
    (state.folder / _ENV).write_text(configuration.environment_script(layout, state.folder, end))


def _check_nodes(cluster: Cluster, deadline: float) -> None:
    """Both nodes are idle, accounting answers, and the nodes reach one another."""
    cluster._wait("the nodes", lambda: set(cluster.node_states().values()) == {"idle"}, deadline)
    cluster._wait("accounting", lambda: _succeeds(["sacct", "-n"], cluster.environment), deadline, log="slurmdbd")
    for name in cluster.nodes:
        for other, address in cluster.addresses.items():
            if other == name:
                continue
            probe = ["bash", "-c", f"exec 3<>/dev/tcp/{address}/{network.NODE_PORT}"]
            if cluster.run_on(name, probe, check=False).returncode != 0:
                raise SlurmError(
                    f"{name} cannot reach {other}: does this host filter what passes a bridge "
                    "(sysctl net.bridge.bridge-nf-call-iptables)?"
                )


def _succeeds(command: list[str], environment: dict[str, str]) -> bool:
    return subprocess.run(command, check=False, capture_output=True, env=environment).returncode == 0


def _is_usable(state: str) -> bool:
    """Whether Slurm can give a node to a job; a star behind its state means that it does not answer."""
    return state.startswith(("idle", "mixed", "allocated", "completing")) and "*" not in state


def _end(state: State) -> None:
    """Kill what runs, nodes first; then remove the network and the files. Any part may be gone already."""
    for name in state.network.nodes:
        node.switch_off(state, name)
    for process in reversed(state.processes.values()):
        process.kill()
    network.disconnect(state.network)
    memory.remove_groups(state.layout)
    _remove_files(state.layout.root)


def _remove_files(root: Path) -> None:
    """Remove a folder into which a killed daemon's child may still write for a moment."""
    deadline = time.monotonic() + _REMOVE_S
    while root.exists():
        shutil.rmtree(root, ignore_errors=True)
        if time.monotonic() > deadline:
            raise SlurmError(f"{root} cannot be removed; does a shell or a mount keep something in it?")


def _remove(folder: Path) -> None:
    """Remove the folder, unless somebody put files of their own into it."""
    for name in (_ENV, f"{NAME}.tmp", NAME):
        (folder / name).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One up or down at a time in a folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise SlurmError(f"another up or down is at work in {folder}; wait for its end") from error
    finally:
        os.close(handle)
