"""On a real Slurm of two nodes, started for these tests: submitted, shared, preempted, killed, and read again."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import polars as pl
import pytest

import glane
from conftest import ROOT, job, write_documents

sys.path.insert(0, str(ROOT / "lib" / "setup"))
from slurm.cluster import start, stop
from slurm.errors import MissingError

pytestmark = [pytest.mark.slurm, pytest.mark.ray]
OURS = re.compile(r"raylet|gcs_server|glane\.cluster|jobs/extract\.py|submitit\.core|EngineCore")
SLOW = ["+model.script.seconds_per_step=1", "model.max_num_seqs=4", "run.lease_s=20", "run.heartbeat_s=0.5"]
NUM_DOCUMENTS = 140


@pytest.fixture(scope="module")
def cluster():
    folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
    try:
        cluster = start(folder)
    except MissingError as missing:
        warnings.warn(f"NOT TESTED ON SLURM: {missing}", stacklevel=1)
        pytest.skip(f"NOT TESTED ON SLURM: {missing}")
    yield cluster
    stop(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def site(cluster, tmp_path):
    """The cluster as one test uses it: nothing of ours may be left on any node afterwards."""
    site = Site(cluster, tmp_path)
    yield site
    site.slurm("scancel", "--user=root")
    site.wait_until_empty()
    for node in cluster.nodes:
        wait_for(lambda node=node: site.processes(node) == [], 10)


class Site:
    def __init__(self, cluster, folder):
        self.cluster, self.folder = cluster, folder
        self.environment = cluster.environment
        self.run = folder / "run"
        self.data = write_documents(folder / "d.parquet", [f"note {i}" for i in range(NUM_DOCUMENTS)])

    def overrides(self, *more, pace=SLOW):
        return ["task=ed_visit", "model=scripted", f"data.path={self.data}", f"run.dir={self.run}", *pace, *more]

    def slurm(self, *command, check=True):
        done = subprocess.run(
            command, env=self.environment, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout.strip()

    def sbatch(self, *options, overrides=None):
        script = str(ROOT / "slurm" / "extract.sbatch")
        words = self.overrides() if overrides is None else overrides
        return self.slurm("sbatch", "--parsable", "--time=10", *options, script, *words)

    def extract(self, *words, check=0, **options):
        options.setdefault("env", self.environment)
        return job("cluster=slurm", "cluster.cpus_per_node=1", *words, check=check, cwd=self.folder, **options)

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

    def log(self, job_id):
        paths = [*self.folder.glob(f"glane-{job_id}.log"), *self.run.glob(f"ledger/slurm/{job_id}_*.out")]
        return "\n".join(path.read_text() for path in paths)

    def status(self):
        return json.loads(job(f"run.dir={self.run}", "json=true", name="status", env=self.environment).stdout)

    def wait_for_parts(self, count=1, run=None):
        parts = (run or self.run) / "parts"
        wait_for(lambda: parts.is_dir() and len(list(parts.glob("part-*.parquet"))) >= count, 60)

    def wait_until_empty(self):
        wait_for(lambda: not self.slurm("squeue", "--noheader"), 60)
        wait_for(lambda: set(self.cluster.node_states().values()) == {"idle"}, 60)

    def processes(self, node):
        lines = self.cluster.run_on(node, ["ps", "-eo", "pid=,args="], timeout_s=20).stdout.splitlines()
        return [line.split(None, 1) for line in lines if OURS.search(line)]

    def kill(self, node, pattern):
        pids = [pid for pid, command in self.processes(node) if re.search(pattern, command)]
        assert pids, f"{pattern} does not run on {node}"
        self.cluster.run_on(node, ["kill", "-9", *pids], check=False)

    def assert_complete(self, run=None, count=NUM_DOCUMENTS):
        rows = glane.open_run(run or self.run).all().collect()
        assert rows["id"].to_list() == [f"d{i}" for i in range(count)]
        assert set(rows["status"]) == {"OK"}
        return set(pl.read_parquet((run or self.run) / "ledger" / "shards.parquet")["host"])


def wait_for(condition, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds} s")


# Two ways in.


@pytest.mark.engine
def test_sbatch_over_two_nodes_with_the_demo_model(site):
    from glane.demo.corpus import write_corpus

    write_corpus(site.folder / "corpus", documents=300, seed=7)
    job_id = site.sbatch(
        "--nodes=2", "--output=glane-%j.log",
        overrides=["task=ed_visit", "model=demo", f"data.path={site.folder}/corpus/documents.parquet",
                   f"run.dir={site.run}", "run.shard_rows=10"],
    )  # fmt: skip
    assert site.end_of(job_id, 300) == ("COMPLETED", "0:0"), site.log(job_id)
    rows = glane.open_run(site.run).all().collect()
    assert rows["id"].to_list() == [f"ed-{i:07}" for i in range(300)]
    shards = pl.read_parquet(site.run / "ledger" / "shards.parquet")
    assert set(shards["host"]) == {"n1", "n2"}
    last_commit = shards["committed"].max()
    ended = time.mktime(time.strptime(site.history(job_id)[-1][5], "%Y-%m-%dT%H:%M:%S"))
    assert ended - last_commit < 15
    log = site.folder / f"glane-{job_id}.log"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    note = pl.read_parquet(site.folder / "corpus" / "documents.parquet")["text"][0]
    assert note[:40] not in site.log(job_id)


def test_overrides_with_spaces_and_quotes_pass_through_sbatch_and_an_empty_environment(site):
    where = "data.where=\"id IN ('d1', 'd2') OR id = 'd 3'\""
    job_id = site.sbatch("--export=NONE", overrides=site.overrides(where))
    assert site.end_of(job_id) == ("COMPLETED", "0:0"), site.log(job_id)
    assert glane.open_run(site.run).all().collect()["id"].to_list() == ["d1", "d2"]


def test_a_container_gets_the_command(site):
    """A stand-in for apptainer that runs the command behind the image: what is asked of the real one is checked."""
    stand_in = site.folder / "apptainer"
    stand_in.write_text(
        f'#!/bin/bash\necho "$@" >> {site.folder}/asked\nwhile [[ $1 != *.sif ]]; do shift; done\nshift 2\n'
        f'exec {sys.executable} "$@"\n'
    )
    stand_in.chmod(0o755)
    site.environment = site.environment | {
        "GLANE_CONTAINER": "/shared/glane.sif", "PATH": f"{site.folder}:{os.environ['PATH']}",
    }  # fmt: skip
    job_id = site.sbatch(overrides=site.overrides("data.limit=20"))
    assert site.end_of(job_id) == ("COMPLETED", "0:0"), site.log(job_id)
    asked = (site.folder / "asked").read_text()
    assert asked.startswith("exec --nv --bind")
    assert f"/shared/glane.sif python3 -u {ROOT}/jobs/extract.py cluster=slurm" in asked


def test_submission_returns_at_once_and_status_follows(site):
    script = site.extract(*site.overrides("cluster.nodes=2", "cluster.dry_run=true", "cluster.time=0:20:00")).stdout
    assert "#SBATCH --nodes=2" in script
    assert "#SBATCH --time=0:20:00" in script
    assert "--no-kill" in script
    assert not site.run.exists()
    site.environment = site.environment | dict.fromkeys(
        ["http_proxy", "https_proxy", "grpc_proxy"], "http://192.0.2.1:9"
    )
    began = time.monotonic()
    done = site.extract(*site.overrides("cluster.nodes=2"))
    assert time.monotonic() - began < 20
    job_id = re.search(r"job (\d+)", done.stdout)[1]
    for word in ("jobs/status.py run.dir=", "tail -F", f"scancel {job_id}", str(site.run)):
        assert word in done.stdout
    site.wait_for_parts()
    seen = wait_for(lambda: (s := site.status())["shards_in_flight"] and s, 20)
    assert seen["state"] == "working"
    assert {worker["host"] for worker in seen["workers"]} <= {"n1", "n2"}
    assert all(worker["job"] == job_id and worker["memory_mib"] > 50 for worker in seen["workers"])
    assert [(j["name"], j["state"]) for j in seen["jobs"]] == [(job_id, "RUNNING")]
    assert seen["planned"] == NUM_DOCUMENTS
    assert 0 < seen["done"] <= NUM_DOCUMENTS
    shown = job(f"run.dir={site.run}", name="status", env=site.environment).stdout
    assert f"job {job_id}: RUNNING on n[1-2]" in shown
    assert site.end_of(job_id) == ("COMPLETED", "0:0"), site.log(job_id)
    assert site.assert_complete() == {"n1", "n2"}
    seen = site.status()
    assert (seen["state"], seen["done"], seen["statuses"]) == ("complete", NUM_DOCUMENTS, {"OK": NUM_DOCUMENTS})
    assert [(j["state"], j["exit_code"], j["is_over"]) for j in seen["jobs"]] == [("COMPLETED", "0:0", True)]
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in (site.run / "ledger" / "slurm").glob("*.*"))


def test_waiting_shows_progress_and_ends_as_the_job_does(site):
    done = site.extract(*site.overrides("data.limit=40", "cluster.wait=true", "show=2", "progress=plain"))
    assert "COMPLETED" in done.stderr
    assert "OK 40" in done.stderr
    assert "shape: (2, 8)" in done.stdout
    failed = site.extract(*site.overrides("data.limit=50", "cluster.wait=true"), check=2)
    assert "the job did not complete the run; it ended:" in failed.stderr
    assert "FAILED (exit 2:0)" in failed.stderr


def test_an_array_shares_one_run(site):
    # Defaults of sbatch must not overrule what is asked for; the rest of an enclosing job is not inherited.
    disturbed = site.environment | {"SBATCH_TIMELIMIT": "1", "SBATCH_PARTITION": "urgent", "SBATCH_OUTPUT": "/dev/null",
                                    "SLURM_JOB_ID": "999", "SLURM_NTASKS": "7"}  # fmt: skip
    wanted = ["cluster.array=3", "cluster.array_parallel=2", "cluster.time=0:21:00", "cluster.partition=normal"]
    done = site.extract(*site.overrides(*wanted), env=disturbed)
    array = re.search(r"3 jobs (\d+)_0 … \d+_2", done.stdout)[1]
    site.wait_for_parts()
    assert set(site.slurm("squeue", "--noheader", "--format=%l %P", f"--jobs={array}").split("\n")) == {"21:00 normal"}
    states = {j["name"]: j for j in site.status()["jobs"]}
    assert states[f"{array}_2"]["state"] == "PENDING"
    assert states[f"{array}_2"]["reason"] == "JobArrayTaskLimit"
    site.end_of(array)
    assert [line[1:3] for line in site.history(array)] == [["COMPLETED", "0:0"]] * 3
    site.assert_complete()
    workers = pl.read_parquet(site.run / "ledger" / "shards.parquet")["worker"]
    assert workers.n_unique() >= 2


def test_a_job_of_an_array_may_leave_without_loss(site):
    array = site.sbatch("--array=0-2", "--gpus-per-node=0")
    site.wait_for_parts()
    site.slurm("scancel", f"{array}_1")
    site.end_of(array)
    assert sorted(line[1].split()[0] for line in site.history(array)) == ["CANCELLED", "COMPLETED", "COMPLETED"]
    site.assert_complete()


def test_two_jobs_on_one_node_do_not_harm_each_other(site):
    first = site.sbatch("-w", "n1", "--gpus-per-node=0", overrides=site.overrides("data.limit=40"))
    others = site.folder / "other"
    second = site.sbatch("-w", "n1", "--gpus-per-node=0", overrides=[*site.overrides(), f"run.dir={others}"])
    site.wait_for_parts(run=others)
    assert site.end_of(first) == ("COMPLETED", "0:0")
    assert site.end_of(second) == ("COMPLETED", "0:0")
    site.assert_complete(count=40)
    site.assert_complete(others)
    deaths = list((others / "ledger" / "deaths").glob("*"))
    assert deaths == []


# What is refused, and how.


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("cluster.partition=gpuu", "cluster.partition: 'gpuu' is not here. Valid: normal, urgent"),
        ("cluster.gpus_per_node=4", "Requested node configuration is not available.\n       Change cluster.gpus_per_node=4"),
        ("cluster.time=3:00:00", "cluster.time: 3:00:00 is over the limit of partition 'normal'"),
        ("cluster.account=nobody", "cluster.account=nobody"),
        ("cluster.qos=gold", "Invalid qos"),
        ("cluster.nodes=5", "partition 'normal' has 2"),
        ("preview=3", "srun --pty"),
        ("data.text_column=texte", "no column 'texte'"),
    ],
)  # fmt: skip
def test_a_wrong_request_is_refused_with_slurms_reason_and_the_key(site, override, told):
    done = site.extract(*site.overrides(override), check=2)
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not site.run.exists()
    assert site.slurm("squeue", "--noheader") == ""


def test_a_failed_start_is_not_a_success(site):
    """A node that cannot start its part: the job says which, within its bound, and fails."""
    python = site.folder / "python"
    python.write_text(f'#!/bin/bash\n[[ $SLURMD_NODENAME == n2 ]] && exit 9\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    limits = ["cluster.start_timeout_s=12", f"cluster.python={python}", "cluster.nodes=2"]
    job_id = re.search(r"job (\d+)", site.extract(*site.overrides(*limits)).stdout)[1]
    assert site.end_of(job_id) == ("FAILED", "1:0")
    assert "1 of 2 nodes have not joined: task(s) 1" in site.log(job_id)


def test_settings_that_fail_on_the_node_fail_the_job(site):
    job_id = site.sbatch("--nodes=2", overrides=site.overrides("data.where='nosuch = 1'"))
    assert site.end_of(job_id) == ("FAILED", "2:0")
    assert "error: data.where" in site.log(job_id)


# What goes wrong.


def test_a_killed_driver_fails_the_job_and_the_next_goes_on(site):
    job_id = site.sbatch("--nodes=2")
    site.wait_for_parts()
    site.kill("n1", r"glane\.cluster\.driver")
    assert site.end_of(job_id, 40) == ("FAILED", "1:0")
    assert "the driver was killed by signal 9" in site.log(job_id)
    job_id = site.sbatch("--nodes=2")
    assert site.end_of(job_id) == ("COMPLETED", "0:0"), site.log(job_id)
    assert "resuming" in site.log(job_id)
    site.assert_complete()


def test_a_killed_head_of_ray_fails_the_job_soon(site):
    job_id = site.sbatch("--nodes=2")
    site.wait_for_parts()
    site.kill("n1", r"gcs_server")
    assert site.end_of(job_id, 60)[0] == "FAILED"
    job_id = site.sbatch("--nodes=2")
    assert site.end_of(job_id) == ("COMPLETED", "0:0"), site.log(job_id)
    site.assert_complete()


def test_a_killed_raylet_is_started_again_and_the_job_succeeds(site):
    job_id = site.sbatch("--nodes=2")
    site.wait_for_parts()
    site.kill("n2", r"raylet/raylet")
    assert site.end_of(job_id) == ("COMPLETED", "0:0"), site.log(job_id)
    assert "Ray ended on this node; starting it again" in site.log(job_id)
    assert "node n2 joins" in site.log(job_id)
    assert site.assert_complete() == {"n1", "n2"}


def test_a_lost_node_costs_its_shards_in_flight_only(site):
    job_id = site.sbatch("--nodes=2")
    site.wait_for_parts()
    site.cluster.kill_node("n2")
    try:
        assert site.end_of(job_id) == ("COMPLETED", "0:0"), site.log(job_id)
        assert "node n2 is lost; its shards are redone elsewhere" in site.log(job_id)
        assert "n1" in site.assert_complete()
    finally:
        site.cluster.start_node("n2")


def test_a_lost_first_node_requeues_the_job(site):
    """Slurm itself would keep the rest of the job, idle, until its time limit."""
    job_id = site.sbatch("--nodes=2")
    site.wait_for_parts()
    site.cluster.kill_node("n1")
    wait_for(lambda: site.history(job_id)[0][1] == "REQUEUED", 40)
    site.cluster.start_node("n1")
    assert site.end_of(job_id) == ("COMPLETED", "0:0"), site.log(job_id)
    site.assert_complete()


def test_preemption_costs_time_only(site):
    job_id = site.sbatch("--nodes=2", "--cpus-per-task=2")
    site.wait_for_parts()
    before = len(list((site.run / "parts").iterdir()))
    urgent = site.slurm("sbatch", "--parsable", "-p", "urgent", "-N2", "-c2", "-o", "/dev/null", "--wrap", "sleep 2")
    site.end_of(urgent)
    assert len(list((site.run / "parts").glob("part-*"))) >= before
    assert site.end_of(job_id) == ("COMPLETED", "0:0"), site.log(job_id)
    assert [line[1] for line in site.history(job_id)] == ["PREEMPTED", "COMPLETED"]
    site.assert_complete()


def test_the_time_limit_requeues_until_the_run_is_complete(site):
    pace = ["+model.script.seconds_per_step=6", "model.max_num_seqs=2", "run.shard_rows=8", "run.lease_s=20"]
    limits = ["cluster.time=0:02:00", "cluster.warning_s=30", "cluster.nodes=2"]
    job_id = re.search(r"job (\d+)", site.extract(*site.overrides(*limits, pace=pace)).stdout)[1]
    assert site.end_of(job_id, 420) == ("COMPLETED", "0:0"), site.log(job_id)
    states = [line[1] for line in site.history(job_id)]
    assert states[:2] == ["REQUEUED", "REQUEUED"], states
    done = [int(found) for found in re.findall(r"(\d+)/\d+ shards", site.log(job_id))]
    assert done == sorted(done)  # progress never goes backwards
    site.assert_complete()
    assert site.status()["jobs"][0]["requeues"] == len(states) - 1


def test_requeueing_is_bounded(site):
    job_id = site.sbatch("--nodes=1", overrides=site.overrides("cluster.max_requeues=0"))
    site.wait_for_parts()
    site.slurm("scancel", "--signal=USR2", job_id)
    state, code = site.end_of(job_id)
    assert (state, code) == ("FAILED", "75:0")
    assert "cluster.max_requeues=0" in site.log(job_id)
    assert len(site.history(job_id)) == 1


def test_a_job_that_gets_nothing_done_is_not_requeued(site):
    job_id = site.sbatch("--nodes=1", overrides=site.overrides("+model.script.seconds_to_start=60"))
    wait_for(lambda: list(site.run.glob("ledger/workers/*.json")), 60)
    site.slurm("scancel", "--signal=USR2", job_id)
    assert site.end_of(job_id, 40) == ("FAILED", "75:0")
    assert "not one shard was committed" in site.log(job_id)


def test_scancel_is_clean_and_at_once(site):
    job_id = site.sbatch("--nodes=2")
    site.wait_for_parts()
    began = time.monotonic()
    site.slurm("scancel", job_id)
    assert site.end_of(job_id, 20)[0].startswith("CANCELLED")
    assert time.monotonic() - began < 10
    seen = site.status()
    assert seen["shards_in_flight"] == 0
    assert seen["state"] == "waiting"
    job_id = site.sbatch("--nodes=2")
    assert site.end_of(job_id) == ("COMPLETED", "0:0"), site.log(job_id)
    site.assert_complete()


# Who may come in.


def test_an_outsider_on_the_node_gets_nothing_from_ray(site):
    job_id = site.sbatch(
        "--nodes=2", overrides=site.overrides(pace=["+model.script.seconds_per_step=20", "model.max_num_seqs=4"])
    )
    wait_for(lambda: len(list(site.run.glob("ledger/workers/*.json"))) == 2, 60)
    raylet = next(command for _, command in site.processes("n2") if "--gcs-address=" in command)
    address = raylet.split("--gcs-address=")[1].split()[0]
    tries = {
        "join": f"import ray; ray.init(address={address!r}, logging_level='ERROR'); print('IN', ray.nodes())",
        "read": (
            "from ray._raylet import GcsClient; "
            f"print('IN', GcsClient(address={address!r}).internal_kv_keys(b'', None, timeout=5))"
        ),
    }
    outside = {name: value for name, value in site.environment.items() if not name.startswith("RAY_")}
    for what, script in tries.items():
        for extra in ({}, {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0" * 64}):
            command = site.cluster.command_on("n2", [sys.executable, "-c", script])
            child = subprocess.Popen(command, env=outside | extra, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            try:
                output = child.communicate(timeout=25)[0]
                assert child.returncode != 0, what
            except subprocess.TimeoutExpired:  # Ray's client goes on trying
                child.kill()
                output = child.communicate()[0]
            assert b"IN" not in output, what
    assert site.slurm("squeue", "--noheader", "--format=%T", f"--jobs={job_id}") == "RUNNING"
    tokens = list(Path("/tmp").glob("gl-0-*/token"))
    assert tokens
    for path in tokens:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
