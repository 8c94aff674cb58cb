"""The state of a cluster between two calls: state.json in its folder."""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from slurm.configuration import Layout
from slurm.errors import SlurmError
from slurm.network import Network
from slurm.process import Process

NAME = "state.json"


@dataclass(slots=True, kw_only=True)
class State:
    """Everything that must be ended or removed again. It is saved before it is made, or immediately after."""

    folder: Path
    cluster_id: str
    network: Network
    controller_port: int
    database_port: int
    processes: dict[str, Process] = field(default_factory=dict)

    @property
    def layout(self) -> Layout:
        """Where the files are."""
        return Layout(root=Path(f"/tmp/glane-slurm-{self.cluster_id}"))

    def remember(self, name: str, process: Process) -> Process:
        """Add a process, and save."""
        self.processes[name] = process
        self.save()
        return process

    def forget(self, *names: str) -> None:
        """Remove processes that have ended, and save."""
        for name in names:
            self.processes.pop(name, None)
        self.save()

    def is_alive(self, name: str) -> bool:
        """Whether a process was started and still runs."""
        return name in self.processes and self.processes[name].is_alive()

    def save(self) -> None:
        """Replace state.json atomically."""
        fields = {key: value for key, value in dataclasses.asdict(self).items() if key != "folder"}
        draft = self.folder / f"{NAME}.tmp"
        draft.write_text(json.dumps(fields, indent=2) + "\n")
        os.replace(draft, self.folder / NAME)


def load(folder: Path) -> State | None:
    """The cluster of a folder, if there is one.

    Raises:
        SlurmError: if its state cannot be read.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        fields = json.loads(path.read_text())
        network = fields.pop("network")
        processes = fields.pop("processes")
        return State(
            folder=folder,
            network=Network(bridge=network["bridge"], subnet=network["subnet"], nodes=tuple(network["nodes"])),
            processes={name: Process(**process) for name, process in processes.items()},
            **fields,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise SlurmError(f"{path} is not the state of a cluster: {error}") from error
