"""A real Slurm of two nodes as one test uses it."""

import json
import re
import subprocess
import sys
from functools import partial

import conftest
import glane
from conftest import ROOT, job, job_here, write_documents
from glane.parquet import read_parquet_frame

OURS = re.compile(r"raylet|gcs_server|glane\.cluster|glane\.job|jobs/extract\.py|EngineCore")
SLOW = ["+model.script.seconds_per_step=1", "model.max_num_seqs=4", "run.lease_s=20", "run.heartbeat_s=0.5"]
NUM_DOCUMENTS = 140


def private_slurm():
    """The module that starts and stops a private cluster: the one behind `make slurm-up`."""
    sys.path.insert(0, str(ROOT / "lib" / "glane_tools"))
    try:
        import slurm.cluster
        import slurm.errors
    finally:
        sys.path.pop(0)
    return slurm


class Site:
    def __init__(self, cluster, folder):
        self.cluster, self.folder = cluster, folder
        self.submissions = folder / "state" / "glane" / "slurm"
        self.environment = cluster.environment | {"XDG_STATE_HOME": str(folder / "state")}
        self.run = folder / "run"
        self.data = write_documents(folder / "d.parquet", [f"note {i}" for i in range(NUM_DOCUMENTS)])

    def close(self):
        self.slurm("scancel", "--user=root")
        self.wait_until_empty()
        for node in self.cluster.nodes:
            wait_for(lambda node=node: self.processes(node) == [], 10)

    def overrides(self, *more, pace=SLOW):
        chosen = ["task=ed_visit", "model=scripted", "run.allow_toy=true"]
        return [*chosen, f"data.path={self.data}", f"run.dir={self.run}", *pace, *more]

    def slurm(self, *command, check=True):
        done = subprocess.run(
            command, env=self.environment, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout.strip()

    def sbatch(self, *options, overrides=None, root=ROOT):
        script = str(root / "slurm" / "extract.sbatch")
        words = self.overrides() if overrides is None else overrides
        return self.slurm("sbatch", "--parsable", "--time=10", *options, script, *words)

    def extract(self, *words, check=0, **options):
        options.setdefault("env", self.environment)
        return job("cluster=slurm", "cluster.cpus_per_node=1", *words, check=check, cwd=self.folder, **options)

    def enter(self, monkeypatch):
        """Have this process use the cluster, as a shell does that sources its env.sh."""
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)

    def extract_here(self, *words, check=0):
        """As `extract`, in this process: for what ends before anything is submitted."""
        return job_here("cluster=slurm", "cluster.cpus_per_node=1", *words, check=check, cwd=self.folder)

    def elapsed_s(self, job_id):
        """The seconds that each job of an array held its nodes; those that never began may be one line of 0."""
        options = ["--noheader", "--parsable2", "--allocations", f"--jobs={job_id}", "--format=ElapsedRaw"]
        return [int(line) for line in self.slurm("sacct", *options).splitlines()]

    def history(self, job_id):
        """Every start of the job and how it ended, as accounting has it."""
        options = ["--noheader", "--parsable2", "--allocations", "--duplicates", f"--jobs={job_id}"]
        lines = self.slurm("sacct", *options, "--format=JobID,State,ExitCode,NodeList,Start,End").splitlines()
        return [line.split("|") for line in lines]

    def end_of(self, job_id, seconds=120):
        """Wait for the job to be over; the state and exit code of its last start."""
        try:
            wait_for(lambda: not self.slurm("squeue", "--noheader", f"--jobs={job_id}", check=False), seconds)
        except AssertionError:
            raise AssertionError(self.log(job_id) + self.slurm("squeue")) from None
        wait_for(lambda: self.history(job_id)[-1][1] not in ("RUNNING", "PENDING", "COMPLETING", "REQUEUED"), 20)
        return tuple(self.history(job_id)[-1][1:3])

    @property
    def has_memory_limits(self):
        """Whether the kernel keeps jobs within the memory that they asked for."""
        return "task/cgroup" in self.slurm("scontrol", "show", "config")

    def step_states(self, job_id):
        """How the steps of a job ended that `srun` started."""
        lines = self.slurm(
            "sacct", "--noheader", "--parsable2", f"--jobs={job_id}", "--format=JobID,State"
        ).splitlines()
        return [state for name, _, state in (line.partition("|") for line in lines) if name.partition(".")[2].isdigit()]

    def log(self, job_id):
        paths = [*self.folder.glob(f"glane-{job_id}.log"), *self.submissions.glob(f"*/{job_id}_*.out")]
        return "\n".join(path.read_text() for path in paths)

    def status(self, run=None):
        return json.loads(job(f"run.dir={run or self.run}", "json=true", name="status", env=self.environment).stdout)

    def wait_for_parts(self, count=1, run=None):
        parts = (run or self.run) / "parts"
        wait_for(lambda: parts.is_dir() and len(list(parts.glob("part-*.parquet"))) >= count, 120)

    def wait_until_empty(self):
        wait_for(lambda: not self.slurm("squeue", "--noheader"), 60)
        wait_for(lambda: set(self.cluster.node_states().values()) == {"idle"}, 60)

    def processes(self, node):
        lines = self.cluster.run_on(node, ["ps", "-eo", "pid=,args="], timeout_s=20).stdout.splitlines()
        return [line.split(None, 1) for line in lines if OURS.search(line)]

    def cores(self, node, pattern):
        """The cores that each process may use whose command line has `pattern`, as the kernel has it."""
        files = [f"/proc/{pid}/status" for pid, command in self.processes(node) if re.search(pattern, command)]
        told = self.cluster.run_on(node, ["cat", *files, "/dev/null"], check=False).stdout.splitlines()
        return [line.split()[1] for line in told if line.startswith("Cpus_allowed_list:")]

    def kill(self, node, pattern):
        pids = [pid for pid, command in self.processes(node) if re.search(pattern, command)]
        assert pids, f"{pattern} does not run on {node}"
        self.cluster.run_on(node, ["kill", "-9", *pids], check=False)

    def assert_complete(self, run=None, count=NUM_DOCUMENTS):
        rows = glane.open_run(run or self.run).all().collect()
        assert rows["id"].to_list() == [f"d{i}" for i in range(count)]
        assert set(rows["status"]) == {"OK"}
        return set(read_parquet_frame((run or self.run) / "ledger" / "shards.parquet")["host"])


wait_for = partial(conftest.wait_for, every_s=0.2)  # squeue and its like are no light questions
