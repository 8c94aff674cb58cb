"""A batch scheduler without Slurm: each job is a process of this machine. It shows what the protocol asks.

`python local_queue.py FOLDER JOB ARGUMENT…` runs jobs/JOB.py with this scheduler in Slurm's place. A job's limit has no
clock: it is reached when the test says so.
"""

# ruff: noqa: ARG002 - a protocol names what this scheduler does not need
from __future__ import annotations

import itertools
import json
import os
import runpy
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Sequence
from pathlib import Path

from glane.cluster import schedulers
from glane.cluster.findings import Findings, ok
from glane.cluster.scheduler import COMPLETED, UNKNOWN, Allocation, Job, OldFolder, Submission, Task
from glane.settings import BatchSettings
from glane.settings.keep import Keep

JOBS = Path(__file__).resolve().parents[1] / "jobs"


class LocalQueue:
    title = "The queue"
    interactive_command = "bash"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def with_site(self, cluster: BatchSettings) -> BatchSettings:
        return cluster

    def site_log(self) -> Path | None:
        return None

    def catalogue(self) -> str | None:
        return None

    def audit(self) -> Path | None:
        return None

    def keep(self) -> Keep:
        return Keep()

    def least_poll_s(self) -> float:
        return 2.0

    def complaint(self, cluster: BatchSettings) -> str | None:
        return f"cluster.nodes: {cluster.nodes}; this queue has 1." if cluster.nodes > 1 else None

    def findings(self, cluster: BatchSettings) -> Findings:
        return [ok("queue", "answers")]

    def most_gpus(self, cluster: BatchSettings) -> int | None:
        return None

    def findings_on_node(self) -> Findings:
        return [ok("queue", "answers")]

    def excluding(self, cluster: BatchSettings, nodes: Collection[str]) -> BatchSettings:
        return cluster

    def forgotten_gpus(self, cluster: BatchSettings) -> str | None:
        return None

    def submit(self, cluster: BatchSettings, task: Task, *, label: str) -> Submission:
        name = f"{label}.{len(list(self.folder.iterdir()))}"
        place = self.folder / name
        place.mkdir()
        (place / "module").write_text(task.module)
        (place / "settings").write_text(task.settings)
        with open(place / "log", "wb") as log:
            subprocess.Popen([*self._command, "start", name], stdout=log, stderr=log, start_new_session=True)
        return Submission(
            job_id=name, job_names=(name,), where="this machine", log=place / "log", cancel_command=f"rm {place}"
        )

    def script(self, cluster: BatchSettings, task: Task, *, label: str) -> str:
        return f"start {label}"

    def jobs(self, names: Sequence[str]) -> list[Job]:
        return [self._job(name) for name in names]

    def answers(self) -> bool:
        return True

    def old_folders(self, folders: Sequence[Path], *, days: float) -> list[OldFolder]:
        return [OldFolder(path=folder, kept_because="it is of the queue") for folder in folders]

    def remove_folder(self, folder: Path, *, days: float) -> bool:
        return False

    def requeue(self, job_id: str) -> str | None:
        raise NotImplementedError("the first node says it in the exit code file")

    def cancel(self, job_id: str) -> None:
        raise NotImplementedError("a job on one node never asks for it")

    def seconds_left(self, job_id: str) -> float | None:
        return None

    def is_node_up(self, host: str) -> bool:
        raise NotImplementedError("a job on one node never asks for it")

    def is_inside_own_job(self) -> bool:
        return False

    def allocation(self) -> Allocation:
        return Allocation(
            job_id=os.environ["QUEUE_JOB"], name=os.environ["QUEUE_JOB"], restarts=int(os.environ["QUEUE_RESTARTS"]),
            rank=0, num_nodes=1, host="here", launch_address="127.0.0.1", cpus=1, gpus=0, array_share=0.0,
            granted_gpus=0, secret=bytes.fromhex(os.environ["QUEUE_SECRET"]),
            exit_code_file=self.folder / os.environ["QUEUE_JOB"] / "exit",
        )  # fmt: skip

    def job_name(self) -> str | None:
        return os.environ.get("QUEUE_JOB")

    def reach_limit(self, name: str) -> None:
        (self.folder / name / "limit").touch()

    def run(self, name: str) -> None:
        """Start the job's task until nobody puts it back."""
        place = self.folder / name
        for restarts in itertools.count():
            variables = {"QUEUE_JOB": name, "QUEUE_RESTARTS": str(restarts), "QUEUE_SECRET": secrets.token_hex(32)}
            with open(place / "settings", "rb") as settings:
                child = subprocess.Popen([*self._command, "task", name], env=os.environ | variables, stdin=settings)
            self._tell(name, state="RUNNING", requeues=restarts)
            while child.poll() is None:
                if (place / "limit").exists():
                    (place / "limit").unlink()
                    child.send_signal(signal.SIGUSR2)
                time.sleep(0.05)
            if (place / "exit").read_text() != "75 requeue\n":
                break
        state = COMPLETED if child.returncode == 0 else "FAILED"
        self._tell(name, state=state, requeues=restarts, exit_code=str(child.returncode), is_over=True)

    @property
    def _command(self) -> list[str]:
        return [sys.executable, __file__, str(self.folder)]

    def _job(self, name: str) -> Job:
        try:
            return Job(name=name, **json.loads((self.folder / name / "state.json").read_text()))
        except FileNotFoundError:
            return Job(name=name, state=UNKNOWN)

    def _tell(self, name: str, **values: object) -> None:
        path = self.folder / name / "state.json"
        path.with_suffix(".tmp").write_text(json.dumps(values))
        path.with_suffix(".tmp").replace(path)


def main() -> None:
    folder, verb, *rest = sys.argv[1:]
    queue = LocalQueue(Path(folder))
    schedulers.SCHEDULERS["slurm"] = queue
    if verb == "start":
        queue.run(*rest)
    elif verb == "task":
        runpy.run_module((queue.folder / rest[0] / "module").read_text(), run_name="__main__")
    else:
        sys.argv = [str(JOBS / f"{verb}.py"), *rest]
        runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
