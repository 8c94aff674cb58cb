"""Joining the Ray of a job, which its launchers start on every node."""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from glane.errors import EngineError

_POLL_S = 0.2


@contextlib.contextmanager
def joined_ray(folder: Path, timeout_s: float) -> Iterator[Any]:
    """Join the Ray that the launcher starts, once every node of it is there; yield the `ray` module.

    Raises:
        EngineError: if it is not whole within `timeout_s`.
    """
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
