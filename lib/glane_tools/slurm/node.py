"""A node: processes in separate namespaces, with a name and an address of their own. It can be switched off alone."""

from __future__ import annotations

from collections.abc import Sequence

from slurm import network
from slurm.daemons import environment
from slurm.process import Process, children, spawn, wait_until
from slurm.state import State


def lay_cables(state: State, deadline: float) -> None:
    """Open a network namespace for each node, and connect them. They stay when a node is off."""
    holders = {}
    for node in state.network.nodes:
        log = state.layout.output(node)
        holder = state.remember(_cable(node), spawn(network.hold_namespace(), log=log))
        holders[node] = holder.pid
    for node, pid in holders.items():
        wait_until(
            lambda pid=pid: network.is_own_namespace(pid),
            what=f"the network of {node}",
            deadline=deadline,
            process=state.processes[_cable(node)],
        )
    network.connect(state.network, holders)


def switch_on(state: State, node: str, deadline: float) -> None:
    """Start the node's first process, which starts slurmd. Returns when slurmd listens."""
    cable = state.processes[_cable(node)]
    network.plug(state.network, node)
    namespaces = ["--uts", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc"]
    command = ["nsenter", f"--net=/proc/{cable.pid}/ns/net", "unshare", *namespaces]
    command += ["sh", str(state.layout.init), node]
    log = state.layout.output(node)
    host = state.remember(_host(node), spawn(command, log=log, environment=environment(state)))
    wait_until(lambda: bool(children(host.pid)), what=node, deadline=deadline, process=host, log=log)
    init = state.remember(_init(node), Process.of(children(host.pid)[0]))
    address = state.network.addresses[node]
    wait_until(
        lambda: network.accepts(address, network.NODE_PORT),
        what=f"slurmd of {node}",
        deadline=deadline,
        process=init,
        log=log,
    )


def switch_off(state: State, node: str, *, unplug: bool = False) -> None:
    """End all processes of the node at once.

    The kernel of the host still runs, and closes the node's connections. `unplug` disconnects the cable before, so that
    peers are not notified.
    """
    if unplug:
        network.unplug(state.network, node)
    names = [name for name in (_host(node), _init(node)) if name in state.processes]
    for name in names:
        state.processes[name].kill()
    state.forget(*names)


def is_on(state: State, node: str) -> bool:
    """Whether the node runs, and its slurmd with it."""
    return state.is_alive(_init(node)) and network.accepts(state.network.addresses[node], network.NODE_PORT)


def inside(state: State, node: str, command: Sequence[str]) -> list[str]:
    """The command line that runs `command` on a node that is on."""
    namespaces = ["--net", "--pid", "--uts", "--mount"]
    return ["nsenter", f"--target={state.processes[_init(node)].pid}", *namespaces, "--", *command]


def _cable(node: str) -> str:
    return f"{node}.net"


def _host(node: str) -> str:
    """The name of the process on this host; if it ends, the node ends."""
    return f"{node}.host"


def _init(node: str) -> str:
    """The name of the node's process 1, of which this host sees another id."""
    return f"{node}.init"
