"""Nodes, array size and time limit for Slurm, as overrides to paste."""

from __future__ import annotations

import math
from collections.abc import Mapping

from glane.extraction.forecast import EngineFigures, Interval, Suggestion
from glane.pilot.pace import Pace
from glane.settings import ExtractSettings, SlurmSettings

MOST_NODES = 64
_MARGIN = 1.1  # on the upper limit of the wall clock
_MARGIN_S = 300  # Ray, the shared file system, publishing
_ROUND_S = 300


def engines_of_nodes(extraction: ExtractSettings, pace: Pace) -> dict[int, int]:
    """How many engines 1, 2, … nodes hold: those of `cluster.gpus_per_node` where that is told, else as the pilot's."""
    cluster = extraction.cluster
    per_node: float = pace.engines_per_host
    if isinstance(cluster, SlurmSettings) and cluster.gpus_per_node is not None and pace.gpus_per_engine:
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
    """The fewest nodes whose upper limit of the wall clock keeps to `finish_within_s`, and a time limit; None without.

    Where no number of nodes does, the largest tried is suggested, and `keeps` is false.
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
    warning_s = cluster.warning_s if isinstance(cluster, SlurmSettings) else 120
    limit_s = _ROUND_S * math.ceil((wall.high * _MARGIN + _MARGIN_S + warning_s) / _ROUND_S)
    spans_nodes = engines < nodes
    overrides = ["cluster=slurm", f"cluster.nodes={nodes}" if nodes == 1 or spans_nodes else f"cluster.array={nodes}"]
    if pace.gpus_per_engine:
        asked = cluster.gpus_per_node if isinstance(cluster, SlurmSettings) else None
        overrides.append(f"cluster.gpus_per_node={asked or pace.engines_per_host * pace.gpus_per_engine}")
    overrides += [f"cluster.time='\"{slurm_time(limit_s)}\"'", f"run.pilot={report_path}"]
    return Suggestion(
        nodes=nodes,
        engines=engines,
        wall_clock_s=wall,
        time_limit_s=limit_s,
        keeps=bool(fitting),
        overrides=" ".join(overrides),
    )


def slurm_time(seconds: float) -> str:
    """Seconds as Slurm writes a duration: 3:20:00, or 2-04:00:00."""
    minutes, rest = divmod(math.ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return f"{days}-{hours:02}:{minutes:02}:{rest:02}" if days else f"{hours}:{minutes:02}:{rest:02}"
