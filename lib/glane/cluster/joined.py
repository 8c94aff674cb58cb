"""Join the Ray cluster of a batch job, which its launchers start on all nodes."""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from glane.cluster.ray_compat import import_ray, silence_errors
from glane.errors import EngineError

_POLL_S = 0.2


@contextlib.contextmanager
def joined_ray(folder: Path, timeout_s: float) -> Iterator[Any]:
    """Join the Ray cluster that the launcher starts, wait for all its nodes, and yield the `ray` module.

    Raises:
        EngineError: if a node is missing after `timeout_s`.
    """
    ray = import_ray()
    deadline = time.monotonic() + timeout_s
    place = folder / "ray.json"
    while not place.exists():  # the launcher has the same bound and a better message, so it gets 10 s more
        if time.monotonic() > deadline + 10:
            raise EngineError(f"no Ray within {timeout_s:.0f} s (cluster.start_timeout_s).")
        time.sleep(_POLL_S)
    values = json.loads(place.read_text())
    silence_errors()
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
