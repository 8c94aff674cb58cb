"""A trial of the collective operations by which the ranks of an engine work together: one rank, as a process.

`python -m glane.engine.collectives BACKEND ADDRESS PORT RANK WORLD_SIZE LOCAL_RANK LIMIT_S` prints a line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta
from typing import Any

_ROUNDS = 5


def main(arguments: list[str]) -> int:
    """Sum over all ranks, and compare clocks with the first. Exit code 0 if that succeeds, 1 with the reason if not."""
    backend, address = arguments[:2]
    port, rank, world_size, local_rank = map(int, arguments[2:6])
    try:
        print(json.dumps(_try(backend, address, port, rank, world_size, local_rank, float(arguments[6]))))
    except Exception as error:  # whatever torch raises; no text of a document is near
        print(json.dumps({"error": f"{type(error).__name__}: {error}".splitlines()[0][:300]}))
        return 1
    return 0


def _try(
    backend: str, address: str, port: int, rank: int, world_size: int, local_rank: int, limit_s: float
) -> dict[str, float]:
    import torch
    from torch import distributed

    device = "cpu"
    if backend == "nccl":
        torch.cuda.set_device(local_rank)
        device = f"cuda:{local_rank}"
    began = time.monotonic()
    distributed.init_process_group(
        backend, init_method=f"tcp://{address}:{port}", rank=rank, world_size=world_size,
        timeout=timedelta(seconds=limit_s),
    )  # fmt: skip
    try:
        total = torch.ones(1024, device=device) * (rank + 1)
        distributed.all_reduce(total)
        if total.max().item() != world_size * (world_size + 1) / 2 or total.min().item() != total.max().item():
            raise ArithmeticError(f"the sum over {world_size} ranks is wrong")
        skews = [_skew(torch, distributed, device, rank, world_size) for _ in range(_ROUNDS)]
    finally:
        distributed.destroy_process_group()
    return {"seconds": time.monotonic() - began, "skew": min(skews, key=abs)}


def _skew(torch: Any, distributed: Any, device: str, rank: int, world_size: int) -> float:
    """This rank's clock against the first's, in seconds. All leave a barrier at about the same time."""
    distributed.barrier()
    now = torch.tensor([time.time()], dtype=torch.float64, device=device)
    times = [torch.zeros_like(now) for _ in range(world_size)]
    distributed.all_gather(times, now)
    return float(times[rank].item() - times[0].item())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
