"""The driver of a batch job: `python -m glane.job.driver FOLDER START`, run by the launcher of the first node.

START is where in the plan its workers begin, 0 to 1.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from glane.errors import EngineError, GlaneError
from glane.job.extract import extract
from glane.run.directory import RunDirectory
from glane.settings import ExtractSettings

_POLL_S = 0.2


def main() -> int:
    """Run the job in the launcher's Ray. Return 0 when it is complete, 75 when it was told to stop before."""
    folder = Path(sys.argv[1])
    _set_ray_talk_apart(folder / "driver.log")
    settings = ExtractSettings.model_validate_json((folder / "settings.json").read_text())
    directory = RunDirectory(root=Path(settings.run.dir).absolute())
    try:
        extract(
            settings,
            connect=lambda: _joined(folder, settings.cluster.start_timeout_s),
            should_stop=(folder / "stop").exists,
            start=float(sys.argv[2]),
        )
    except GlaneError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return 2
    return 0 if directory.is_complete else 75


def _set_ray_talk_apart(path: Path) -> None:
    """Our lines go to the job's log; what Ray's libraries print beside them goes to a file on the node."""
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


@contextlib.contextmanager
def _joined(folder: Path, timeout_s: float) -> Iterator[Any]:
    """Join the Ray that the launcher starts, once every node of it is there."""
    import ray

    deadline = time.monotonic() + timeout_s
    place = folder / "ray.json"
    while not place.exists():  # the launcher watches, and says why if it takes too long
        if time.monotonic() > deadline + 10:
            raise EngineError(f"no Ray within {timeout_s:.0f} s (cluster.start_timeout_s).")
        time.sleep(_POLL_S)
    values = json.loads(place.read_text())
    ray.init(
        address=values["address"],
        log_to_driver=False,
        logging_level=logging.ERROR,
        configure_logging=False,
    )
    try:
        while sum(node["Alive"] for node in ray.nodes()) < values["num_nodes"]:
            if time.monotonic() > deadline:
                raise EngineError(
                    f"Ray sees {sum(node['Alive'] for node in ray.nodes())} of {values['num_nodes']} nodes after "
                    f"{timeout_s:.0f} s (cluster.start_timeout_s)."
                )
            time.sleep(_POLL_S)
        yield ray
    finally:
        ray.shutdown()


if __name__ == "__main__":
    sys.exit(main())
