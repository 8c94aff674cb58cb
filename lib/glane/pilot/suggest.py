"""Suggests nodes, array size and time limit of a batch job, as overrides to paste."""

from __future__ import annotations

import math
from collections.abc import Mapping

from glane.cluster.schedulers import SCHEDULERS
from glane.extraction.forecast import EngineFigures, Interval, Suggestion
from glane.pilot.pace import Pace
from glane.settings import BatchSettings, ExtractSettings

MOST_NODES = 64
_MARGIN = 1.1  # factor on the upper limit of the wall clock
_MARGIN_S = 300  # time for Ray, the shared file system and publishing
_ROUND_S = 300


def engines_of_nodes(extraction: ExtractSettings, pace: Pace) -> dict[int, int]:
    """The number of engines on 1, 2, … nodes: by `cluster.gpus_per_node` if it is set, else as on the pilot's nodes."""
    cluster = extraction.cluster
    per_node: float = pace.engines_per_host
    if isinstance(cluster, BatchSettings) and cluster.gpus_per_node is not None and pace.gpus_per_engine:
        gpus = cluster.num_gpus_per_node
        per_node = gpus // pace.gpus_per_engine or 1 / math.ceil(pace.gpus_per_engine / gpus)
    found = {nodes: math.floor(nodes * per_node + 1e-9) for nodes in range(1, MOST_NODES + 1)}
    return {nodes: engines for nodes, engines in found.items() if engines}


def suggest(
    by_engines: Mapping[int, EngineFigures],
    extraction: ExtractSettings,
    pace: Pace,
    *,
    finish_within_s: float,
    report_path: str,
) -> Suggestion | None:
    """The fewest nodes whose upper limit of the wall clock is within `finish_within_s`, and a time limit.

    If no number of nodes is enough, the largest one is suggested, and `keeps` is false. Returns None if there is no
    forecast of the time.
    """
    candidates: dict[int, tuple[int, Interval]] = {}
    for nodes, engines in engines_of_nodes(extraction, pace).items():
        wall = by_engines[engines].wall_clock_s
        if wall is None:
            return None
        candidates[nodes] = (engines, wall)
    fitting = [nodes for nodes, (_, wall) in candidates.items() if wall.high <= finish_within_s]
    nodes = min(fitting) if fitting else max(candidates)
    engines, wall = candidates[nodes]
    cluster = extraction.cluster
    warning_s = cluster.warning_s if isinstance(cluster, BatchSettings) else 120
    limit_s = _ROUND_S * math.ceil((wall.high * _MARGIN + _MARGIN_S + warning_s) / _ROUND_S)
    spans_nodes = engines < nodes
    kind = cluster.kind if isinstance(cluster, BatchSettings) else next(iter(SCHEDULERS))
    overrides = [f"cluster={kind}", f"cluster.nodes={nodes}" if nodes == 1 or spans_nodes else f"cluster.array={nodes}"]
    if pace.gpus_per_engine:
        asked = cluster.gpus_per_node if isinstance(cluster, BatchSettings) else None
        overrides.append(f"cluster.gpus_per_node={asked or pace.engines_per_host * pace.gpus_per_engine}")
    overrides += [f"cluster.time='\"{time_limit(limit_s)}\"'", f"run.pilot={report_path}"]
    return Suggestion(
        nodes=nodes,
        engines=engines,
        wall_clock_s=wall,
        time_limit_s=limit_s,
        keeps=bool(fitting),
        overrides=" ".join(overrides),
    )


def time_limit(seconds: float) -> str:
    """Seconds as `cluster.time` writes them: 3:20:00, or 2-04:00:00."""
    minutes, rest = divmod(math.ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{days}-{hours:02}:{minutes:02}:{rest:02}" if days else f"{hours}:{minutes:02}:{rest:02}"
