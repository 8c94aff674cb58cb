"""On a real Slurm of two nodes, started for these tests: submitted, shared, refused, and read again."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

import glane
from conftest import ROOT, job
from slurm_site import NUM_DOCUMENTS, wait_for

pytestmark = [pytest.mark.slurm, pytest.mark.ray]


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
    assert "2 engines on cpu, 1 thread and 0 GPUs each (no GPU, 1 core on a node)" in site.log(job_id)
    last_commit = shards["committed"].max()
    ended = time.mktime(time.strptime(site.history(job_id)[-1][5], "%Y-%m-%dT%H:%M:%S"))
    assert ended - last_commit < 45  # not after a lease, nor after a wait that runs out
    log = site.folder / f"glane-{job_id}.log"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    note = pl.read_parquet(site.folder / "corpus" / "documents.parquet")["text"][0]
    assert note[:40] not in site.log(job_id)


def test_overrides_with_spaces_and_quotes_pass_through_sbatch_and_an_empty_environment(site):
    where = "data.where=\"id IN ('d1', 'd2') OR id = 'd 3'\""
    job_id = site.sbatch("--export=NONE", overrides=site.overrides(where))
    assert site.end_of(job_id) == ("COMPLETED", "0:0"), site.log(job_id)
    assert glane.open_run(site.run).all().collect()["id"].to_list() == ["d1", "d2"]


def test_a_container_gets_the_command_and_without_slurm_in_it_a_job_is_requeued_and_its_end_is_known(site):
    """A stand-in for apptainer that runs the command behind the image, and hides Slurm's commands as a container does."""
    image = site.folder / "image"
    image.mkdir()
    for command in Path("/usr/bin").iterdir():
        if command.name not in {"sbatch", "srun", "scontrol", "squeue", "sacct", "scancel", "sinfo"}:
            (image / command.name).symlink_to(command)
    stand_in = site.folder / "apptainer"
    stand_in.write_text(
        f'#!/bin/bash\necho "$@" >> {site.folder}/asked\nwhile [[ $1 != *.sif ]]; do shift; done\nshift 2\n'
        f"export PATH={image}\n"
        f'exec {sys.executable} "$@"\n'
    )
    stand_in.chmod(0o755)
    site.environment = site.environment | {
        "GLANE_CONTAINER": "/shared/glane.sif", "PATH": f"{site.folder}:{os.environ['PATH']}",
    }  # fmt: skip
    job_id = site.sbatch("--nodes=1")
    site.wait_for_parts()
    site.slurm("scancel", "--signal=USR2", job_id)
    assert site.end_of(job_id, 240) == ("COMPLETED", "0:0"), site.log(job_id)
    assert [line[1] for line in site.history(job_id)] == ["REQUEUED", "COMPLETED"]
    assert "to be requeued (start 2 of at most 21)" in site.log(job_id)
    assert not list(site.folder.glob(f".glane-{job_id}-*"))
    asked = (site.folder / "asked").read_text()
    assert asked.startswith("exec --nv --bind")
    assert f"/shared/glane.sif python3 -u {ROOT}/jobs/extract.py cluster=slurm" in asked
    site.assert_complete()


@pytest.mark.parametrize(
    ("told", "nodes", "code", "ends"),
    [("0", 1, 1, 0), ("75", 2, 0, 75), ("", 1, 0, 0), ("", 1, 3, 3), ("", 2, 0, 1), ("", 2, 9, 9)],
)
def test_the_script_ends_as_the_first_node_says_or_else_as_its_task(tmp_path, told, nodes, code, ends):
    told_in = tmp_path / "told"
    if told:
        told_in.write_text(told + "\n")
    script = f"SLURM_JOB_NUM_NODES={nodes} GLANE_EXIT_CODE_FILE={told_in}\n(exit {code})\nsource {ROOT}/slurm/end.sh"
    assert subprocess.run(["bash", "-c", script], check=False).returncode == ends
    assert not told_in.exists()


def test_a_job_that_slurm_will_not_requeue_says_why(tmp_path):
    (tmp_path / "told").write_text("75 requeue\n")
    (tmp_path / "scontrol").write_text("#!/bin/bash\necho Requested operation not permitted >&2\nexit 1\n")
    (tmp_path / "scontrol").chmod(0o755)
    script = f"SLURM_JOB_NUM_NODES=1 SLURM_JOB_ID=7 GLANE_EXIT_CODE_FILE={tmp_path}/told\n(exit 75)\nsource {ROOT}/slurm/end.sh"
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script], env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 75
    assert "Slurm does not requeue this job (Requested operation not permitted); submit again to go on" in done.stderr


# sbatch itself takes these from the environment, in the enclosing job as anywhere.
OF_SBATCH = ("SLURM_HINT", "SLURM_HOSTFILE", "SLURM_ARBITRARY_NODELIST", "SLURM_DISTRIBUTION")


def left_behind():
    """Variables as an enclosing job leaves them, and nonsense in all others that a step reads."""
    lines = (ROOT / "slurm" / "variables.sh").read_text().splitlines()
    names = {line.removesuffix("*") for line in lines if re.fullmatch("S[A-Z]+_[A-Z_]+[*]?", line)}
    left = {name.removesuffix("_") if name.endswith("_") else name: "7777" for name in names - {"SRUN_"}}
    return left | {
        "SLURM_MEM_PER_CPU": "100", "SLURM_MEM_PER_GPU": "100", "SLURM_CPU_BIND": "quiet,mask_cpu:0x00000002",
        "SLURM_CPU_BIND_TYPE": "mask_cpu:", "SLURM_CPU_BIND_LIST": "0x00000002", "SLURM_CPUS_PER_TASK": "7",
        "SLURM_NTASKS": "5", "SLURM_NTASKS_PER_NODE": "5", "SLURM_EXACT": "1", "SLURM_TRES_PER_TASK": "cpu:7",
        "SLURM_GPUS": "4", "SLURM_GPUS_ON_NODE": "4", "SLURM_GPUS_PER_NODE": "4", "SLURM_JOB_NUM_NODES": "7",
        "SLURM_NNODES": "7", "SLURM_JOB_ID": "999", "SLURM_JOBID": "999", "SLURM_ARRAY_JOB_ID": "998",
        "SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_RESTART_COUNT": "99",
        "SLURM_THREADS_PER_CORE": "2", "SRUN_CPUS_PER_TASK": "7", "SLURM_STEP_NUM_NODES": "7", "SLURM_PROCID": "6",
        "SLURM_DISTRIBUTION": "cyclic",
    }  # fmt: skip


def test_what_an_enclosing_job_left_does_not_reach_the_step_nor_a_submission_from_python(site):
    clean, runs = site.environment, {}
    site.environment = clean | {k: v for k, v in left_behind().items() if k not in OF_SBATCH[:-1]}
    for name, options in {
        "nodes": ["--mem-per-cpu=900", "--cpus-per-task=2", "--nodes=2"],
        "memory": ["--mem=1500M"],
    }.items():
        words = site.overrides("data.limit=20", f"run.dir={site.folder}/{name}")
        runs[site.sbatch("--gpus-per-node=0", *options, overrides=words)] = site.folder / name
    words = site.overrides("data.limit=20", "cluster.memory=1500M", f"run.dir={site.folder}/python")
    done = site.extract(*words, env=clean | left_behind())
    runs[re.search(r"job (\d+)", done.stdout)[1]] = site.folder / "python"
    for job_id, run in runs.items():
        assert site.end_of(job_id) == ("COMPLETED", "0:0"), site.log(job_id)
        site.assert_complete(run, count=20)
        assert site.status(run)["jobs"][0]["name"] == job_id  # and not 998_3


def test_folders_may_have_any_name(site):
    """The repository with its environment, the working folder, the run and the logs; options stand anywhere."""
    root = site.folder / "dépôt (1)" / 'l\'a "b" 100%j $HOME'
    root.mkdir(parents=True)
    for name in ("jobs", "conf", "slurm", "lib"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / ".venv").symlink_to(sys.prefix)
    site.environment.pop("GLANE_VENV", None)
    (site.folder / "mine" / "task").mkdir(parents=True)
    shutil.copy(ROOT / "conf" / "task" / "ed_visit.yaml", site.folder / "mine" / "task" / "mine.yaml")
    common = ["model=scripted", "run.allow_toy=true", f"data.path={site.data}", "data.limit=20"]
    words = {
        "run %j é (1)": ["--config-dir", "mine", "task=mine", *common],
        'l\'"été"': ["task=mine", "--config-dir", "mine", *common],
        "a\nb": ["task=mine", *common, "--config-dir=mine"],
    }
    jobs = {}  # two at once, as a start takes a core

    def check_ends():
        for name, job_id in jobs.items():
            assert site.end_of(job_id) == ("COMPLETED", "0:0"), site.log(job_id)
            site.assert_complete(site.folder / name, count=20)

    for name, told in words.items():
        quoted = name.replace("\\", "\\\\").replace("'", "\\'")
        jobs[name] = site.sbatch("--gpus-per-node=0", root=root, overrides=[*told, f"run.dir='{site.folder}/{quoted}'"])
        if len(jobs) == 2:
            check_ends()
    place = 'état %j (2) l\'x "y"'
    quoted = place.replace("'", "\\'")
    done = site.extract(
        "task=ed_visit", *common, f"run.dir='{site.folder}/run/{quoted}'",
        f"cluster.submission_dir='{site.folder}/{quoted}'", "cluster.wait=true", "progress=plain",
    )  # fmt: skip
    site.assert_complete(site.folder / "run" / place, count=20)
    check_ends()
    (log,) = (site.folder / place).glob("*/*_log.out")
    assert "records" in log.read_text()
    assert str(log.parent) in done.stdout.replace("'\"'\"'", "'")


def test_lists_of_partitions_and_defaults_of_sbatch_are_taken(site):
    site.slurm("scontrol", "update", "PartitionName=urgent", "MaxTime=10:00:00", "Hidden=yes")
    try:
        wanted = ["data.limit=20", "cluster.time=5:00:00"]
        for more, env in (
            (["cluster.partition='normal,urgent'"], {}),
            (["cluster.partition=urgent"], {}),
            ([], {"SBATCH_PARTITION": "urgent"}),
            (["+cluster.sbatch.partition=urgent"], {"SBATCH_PARTITION": "normal"}),
        ):
            done = site.extract(*site.overrides(*wanted, *more), env=site.environment | env)
            site.slurm("scancel", re.search(r"job (\d+)", done.stdout)[1])
    finally:
        site.slurm("scontrol", "update", "PartitionName=urgent", "MaxTime=1:00:00", "Hidden=no")


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
    for word in ("glane status run.dir=", "tail -F", f"scancel {job_id}", str(site.run)):
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
    assert (seen["guard"], seen["refused"]) == ("kernel", [])  # the nodes reach each other, and nothing asks for more
    assert (seen["state"], seen["done"], seen["statuses"]) == ("complete", NUM_DOCUMENTS, {"OK": NUM_DOCUMENTS})
    assert [(j["state"], j["exit_code"], j["is_over"]) for j in seen["jobs"]] == [("COMPLETED", "0:0", True)]
    files = list(site.submissions.glob("*/*"))
    assert {path.suffix for path in files} == {".out", ".json", ".sh"}
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in [*files, *site.submissions.iterdir()])


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
    ends = sorted(line[1].split()[0] for line in site.history(array))
    # The third began when one of the first two ended, or had nothing left to do and was cancelled before it began.
    assert ends in (["COMPLETED"] * 3, ["CANCELLED", "COMPLETED", "COMPLETED"])
    site.assert_complete()
    told = job(f"runs={site.run}", name="status", env=site.environment).stdout
    assert re.search(rf"{array}: (3 done \(0-2\)|1 CANCELLED \(2\), 2 done \(0-1\))", told), told
    workers = pl.read_parquet(site.run / "ledger" / "shards.parquet")["worker"]
    assert workers.n_unique() >= 2


def test_jobs_of_an_array_that_have_nothing_left_do_not_start(site):
    """Twenty jobs, two at a time: once the run is complete, those that wait are cancelled."""
    wanted = ["cluster.array=20", "cluster.array_parallel=2", "data.limit=40"]
    array = re.search(r"20 jobs (\d+)_0", site.extract(*site.overrides(*wanted)).stdout)[1]
    site.end_of(array, 240)
    ends = [line[1].split()[0] for line in site.history(array)]
    assert ends.count("COMPLETED") >= 1
    assert ends.count("COMPLETED") <= 6
    assert set(ends) == {"COMPLETED", "CANCELLED"}
    assert (site.run / "summary.json").exists()
    # The others cost no more than the two that worked, in seconds of allocations; mostly nothing.
    costs = sorted(site.elapsed_s(array), reverse=True)
    print(f"{sum(costs[:2])} s of the two that worked, {sum(costs[2:])} s of the 18 others")
    assert sum(costs[2:]) <= sum(costs[:2])


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
    second = site.sbatch(
        "-w", "n1", "--gpus-per-node=0", overrides=site.overrides("data.limit=80", f"run.dir={others}")
    )
    bound = wait_for(lambda: len(found := site.cores("n1", "raylet/raylet")) == 2 and found, 120)
    assert len(set(bound)) == 2  # each is bound to the core that it asked for
    assert all(core.isdigit() for core in bound)
    site.wait_for_parts(run=others)
    assert site.end_of(first) == ("COMPLETED", "0:0")
    assert site.end_of(second) == ("COMPLETED", "0:0")
    for job_id in (first, second):
        assert "1 engine on cpu, 1 thread and 0 GPUs each" in site.log(job_id)
    site.assert_complete(count=40)
    site.assert_complete(others, count=80)
    deaths = list((others / "ledger" / "deaths").glob("*"))
    assert deaths == []


# What is refused, and how.


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("cluster.partition=gpuu", "cluster.partition: 'gpuu' is not here. Valid: normal, patient, urgent"),
        ("cluster.gpus_per_node=4", "Requested node configuration is not available.\n       Change cluster.gpus_per_node=4"),
        ("cluster.time=3:00:00", "cluster.time: 3:00:00 is over the limit of partition 'normal'"),
        ("cluster.partition='normal,gpuu'", "cluster.partition: 'gpuu' is not here. Valid: normal, patient, urgent"),
        ("cluster.partition='normal,urgent' cluster.nodes=5", "partition 'normal' has 2; partition 'urgent' has 2"),
        ("cluster.cpus_per_node=64", "cluster.cpus_per_node: 64; a node of partition 'normal' has at most 2."),
        ("cluster.memory=900G", "Change cluster.memory=900G."),
        ("cluster.array=9000", "Change cluster.array=9000.\n       There is:\n         arrays of at most 1001 jobs"),
        ("cluster.memory=1G +cluster.sbatch.mem-per-cpu=1G", "Change cluster.memory=1G, cluster.sbatch.mem-per-cpu=1G."),
        ("+cluster.sbatch.reservation=night", "Change cluster.sbatch.reservation=night."),
        ("+cluster.sbatch.licenses=matlab", "Change cluster.sbatch.licenses=matlab."),
        ("cluster.constraint=h100", "Change cluster.constraint=h100."),
        ("cluster.gpus_per_node=h100", "Change cluster.gpus_per_node=h100"),
        ("cluster.account=nobody", "cluster.account=nobody"),
        ("cluster.qos=gold", "Invalid qos"),
        ("cluster.nodes=5", "partition 'normal' has 2"),
        ("preview=3", "srun --pty"),
        ("data.text_column=texte", "no column 'texte'"),
    ],
)  # fmt: skip
def test_a_wrong_request_is_refused_with_slurms_reason_and_the_key(site, override, told, monkeypatch):
    site.enter(monkeypatch)
    done = site.extract_here(*site.overrides(*override.split()), check=2)
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not site.run.exists()
    assert site.slurm("squeue", "--noheader") == ""


def test_both_ways_of_submission_read_the_sites_file(site):
    log = site.folder / "jobs.jsonl"
    log.touch()
    told = f"partition: urgent\ntime: '0:25:00'\ngpus_as: gres\nlog: {log}\nenvironment: |\n  echo from the site >&2\n"
    (site.folder / "site.yaml").write_text(told)
    plain = {name: value for name, value in site.environment.items() if not name.startswith("SBATCH_")}
    env = site.environment = plain | {"GLANE_SITE": str(site.folder / "site.yaml")}
    words = site.overrides("data.limit=8", pace=[])
    by_python = site.extract(*words, "cluster.gpus_per_node=1", "cluster.parsable=true", env=env).stdout.strip()
    script = f". {ROOT}/slurm/site.sh && sbatch --parsable --gres=gpu:1 {ROOT}/slurm/extract.sbatch"
    by_sbatch = site.slurm("bash", "-c", f'{script} "$@"', "-", *words, f"run.dir={site.run}2")
    for job_id in (by_python, by_sbatch):
        facts = site.slurm("scontrol", "show", "job", job_id)
        assert "Partition=urgent" in facts
        assert "TimeLimit=00:25:00" in facts
        assert "TresPerNode=gres:gpu:1" in facts
        assert site.end_of(job_id) == ("COMPLETED", "0:0"), site.log(job_id)
        assert "from the site" in site.log(job_id)
    ends = [json.loads(line) for line in log.read_text().splitlines()]
    assert {end["job"]: end["exit_code"] for end in ends} == {by_python: 0, by_sbatch: 0}  # which ends first is open
    assert len(ends) == 2
    assert all(end["allocated_gpu_hours"] > 0 for end in ends)  # of the one GPU of the node


def test_jobs_are_chained_by_their_ids(site):
    first = site.extract(*site.overrides("cluster.parsable=true", "data.limit=8", pace=[]))
    assert re.fullmatch(r"\d+\n", first.stdout)
    words = [f"cluster.dependency={first.stdout.strip()}", "cluster.parsable=true", f"run.dir={site.run}2"]
    second = site.extract(*site.overrides("data.limit=8", *words, pace=[])).stdout.strip()
    assert site.end_of(second) == ("COMPLETED", "0:0"), site.log(second)
    ends, begins = (site.history(job_id)[-1] for job_id in (first.stdout.strip(), second))
    assert ends[5] <= begins[4]


def test_a_failed_start_is_not_a_success(site):
    """A node that cannot start its part: the job says which, within its bound, and fails."""
    python = site.folder / "python"
    python.write_text(f'#!/bin/bash\n[[ $SLURMD_NODENAME == n2 ]] && exit 9\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    limits = ["cluster.start_timeout_s=30", f"cluster.python={python}", "cluster.nodes=2"]
    needs_two = ["cluster.min_nodes=2", f"run.dir={site.folder}/other"]
    failing = re.search(r"job (\d+)", site.extract(*site.overrides(*limits, *needs_two)).stdout)[1]
    job_id = re.search(r"job (\d+)", site.extract(*site.overrides(*limits)).stdout)[1]  # one is enough
    assert site.end_of(failing) == ("FAILED", "1:0")
    assert "1 of 2 nodes have not joined: task(s) 1" in site.log(failing)
    assert site.end_of(job_id) == ("COMPLETED", "0:0")
    assert "The work begins without them" in site.log(job_id)
    assert (site.run / "summary.json").exists()


@pytest.mark.parametrize(("host", "end"), [("n1", ("FAILED", "2:0")), ("n2", ("COMPLETED", "0:0"))])
def test_a_gpu_that_was_granted_and_cannot_be_used_is_no_reason_to_work_on_a_cpu(site, host, end):
    """The first node cannot use its GPU: the job ends before any document. Another one: it is left out, and told."""
    python = site.folder / "python"
    python.write_text(
        f'#!/bin/bash\n[[ $SLURMD_NODENAME == {host} ]] && unset GLANE_DEVICE\nexec {sys.executable} "$@"\n'
    )
    python.chmod(0o755)
    asked = ["cluster.nodes=2", "cluster.gpus_per_node=1", f"cluster.python={python}", "model=demo", "task=ed_visit"]
    words = [*asked, f"data.path={site.data}", f"run.dir={site.run}", "run.allow_toy=true", "data.limit=40"]
    job_id = re.search(r"job (\d+)", site.extract(*words).stdout)[1]
    assert site.end_of(job_id) == end
    assert "1 GPU was granted on this node, and this environment has vLLM for CPUs" in site.log(job_id)
    if host == "n2":
        assert "a node is left out: n2" in site.log(job_id)
        assert (site.run / "summary.json").exists()
    else:
        assert not list(site.run.glob("ledger/*/parts/*"))


def test_a_job_without_a_gpu_on_a_cluster_that_has_some_ends_before_any_document(site):
    python = site.folder / "python"
    python.write_text(f'#!/bin/bash\nunset GLANE_DEVICE\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    words = [f"cluster.python={python}", "model=demo", "task=ed_visit", f"data.path={site.data}", f"run.dir={site.run}"]
    job_id = re.search(r"job (\d+)", site.extract(*words, "run.allow_toy=true").stdout)[1]
    assert site.end_of(job_id) == ("FAILED", "2:0")
    assert "given no GPU, and this cluster has some (partitions normal, patient, urgent)" in site.log(job_id)
    assert not (site.run / "plan.parquet").exists()


@pytest.mark.parametrize("option", ["--gres=gpu:1", "--gpus=1", "--gres=none"])
def test_gpus_are_asked_for_in_any_way_and_not_twice(site, option):
    job_id = site.sbatch(option, "--hold", "--nodes=1")
    facts = site.slurm("scontrol", "show", "job", job_id)
    site.slurm("scancel", job_id)
    assert ("gres/gpu=1" in facts or "gres:gpu:1" in facts) == (option != "--gres=none")
    assert facts.count("gres:gpu") == (option != "--gres=none")


def test_the_script_runs_in_the_nodes_of_an_salloc(site):
    words = [str(ROOT / "slurm" / "extract.sbatch"), *site.overrides("data.limit=8", pace=[])]
    site.slurm("salloc", "--nodes=2", "--gres=none", "bash", *words)
    site.assert_complete(count=8)


def test_settings_that_fail_on_the_node_fail_the_job(site):
    job_id = site.sbatch("--nodes=2", overrides=site.overrides("data.where='nosuch = 1'"))
    assert site.end_of(job_id) == ("FAILED", "2:0")
    assert "error: data.where" in site.log(job_id)
