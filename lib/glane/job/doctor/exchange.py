"""What the nodes of a check tell each other: small files in a folder that all of them share.

It is a folder where runs will live, so that a node which does not see it is found, too.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from glane.errors import RecordError
from glane.job.doctor.report import NodeReport
from glane.plain_values import json_values
from glane.records import read_record
from glane.settings import DoctorSettings
from glane.storage import listed, replace_file
from glane.validation import Strict

_POLL_S = 0.3


class NodeTask(Strict):
    """What a node is asked to check, and the folder for what the nodes tell each other."""

    settings: DoctorSettings
    folder: str


class Exchange:
    """The files of a check in a folder."""

    def __init__(self, folder: Path, *, num_nodes: int) -> None:
        self.folder, self.num_nodes = folder, num_nodes

    def tell(self, topic: str, rank: int, **values: Any) -> None:
        """Write what a node has to say on a topic."""
        self._write(f"{topic}-{rank}.json", json.dumps(values).encode())

    def told(self, topic: str, *, limit_s: float) -> dict[int, dict[str, Any]]:
        """What the nodes said on a topic, by rank: of all, or of those that said it within `limit_s` seconds."""
        return self._gather(topic, lambda path: dict(json_values(path.read_bytes())), limit_s)

    @property
    def is_concluded(self) -> bool:
        """Whether the first node has read the reports, and waits for no other."""
        return bool(listed(self.folder, "conclusion-*.json"))

    def report(self, report: NodeReport) -> None:
        """Write the report of a node."""
        self._write(f"report-{report.rank}.json", report.as_json())

    def reports(self, *, limit_s: float) -> dict[int, NodeReport]:
        """The reports by rank: all, or those that came within `limit_s` seconds."""
        return self._gather("report", lambda path: read_record(NodeReport, path), limit_s)

    def _write(self, name: str, content: bytes) -> None:
        replace_file(self.folder / name, lambda s: s.write(content), mode=0o600)

    def _gather(self, topic: str, read: Callable[[Path], Any], limit_s: float) -> dict[int, Any]:
        deadline = time.monotonic() + limit_s
        found: dict[int, Any] = {}
        while True:
            for path in listed(
                self.folder, f"{topic}-*.json"
            ):  # a listing: what was absent once may be cached as absent
                rank = int(path.stem.rpartition("-")[2])
                if rank not in found:
                    found[rank] = _read(read, path)
            if len(found) >= self.num_nodes or time.monotonic() > deadline:
                return {rank: value for rank, value in sorted(found.items()) if value is not None}
            time.sleep(_POLL_S)


def _read(read: Callable[[Path], Any], path: Path) -> Any:
    try:
        return read(path)
    except (FileNotFoundError, RecordError, ValueError):
        return None
