"""The driver of a job on Slurm: `python -m glane.cluster.driver FOLDER`, started by the launcher of the first node."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from glane.cluster.allocation import read_allocation
from glane.cluster.extract import extract
from glane.errors import EngineError, GlaneError
from glane.run.directory import RunDirectory
from glane.settings import ExtractSettings

_POLL_S = 0.2


def main() -> int:
    """Run the job in the launcher's Ray. Return 0 when it is complete, 75 when it was told to stop before."""
    folder = Path(sys.argv[1])
    settings = ExtractSettings.model_validate_json((folder / "settings.json").read_text())
    directory = RunDirectory(root=Path(settings.run.dir).absolute())
    before = _num_parts(directory)
    try:
        extract(
            settings,
            connect=lambda: _joined(folder, settings.cluster.start_timeout_s),
            should_stop=(folder / "stop").exists,
            start=read_allocation().array_share,
        )
    except GlaneError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return 2
    finally:
        if directory.is_complete or _num_parts(directory) > before:
            (folder / "progress").touch()
    return 0 if directory.is_complete else 75


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


def _num_parts(directory: RunDirectory) -> int:
    return sum(1 for _ in directory.parts.glob("part-*.parquet")) if directory.parts.is_dir() else 0


if __name__ == "__main__":
    sys.exit(main())
