"""Nodes that a run found bad: its next jobs are kept off them, unless the fault follows the work or too few are left."""

import os
import re
import subprocess
import time
from types import SimpleNamespace

import pytest

from conftest import ROOT, left_alone, make_settings, stand_ins, wait_for
from glane.cluster.endings import Ending
from glane.cluster.scheduler import Allocation
from glane.cluster.slurm.exclusion import excluding
from glane.cluster.slurm.scheduler import Slurm
from glane.cluster.supervisor import Supervisor
from glane.errors import EngineError
from glane.job import launcher
from glane.job.status_view import run_view
from glane.job.submit import submit
from glane.run.directory import RunDirectory
from glane.run.heartbeat import JOB_NAME, Progress
from glane.run.heartbeat_writer import HeartbeatWriter
from glane.run.node_faults import NodeFault, Worked, bad_nodes, judged, record_failed_start, record_fault
from glane.run.overview import overview
from glane.settings import SlurmSettings


@pytest.fixture(autouse=True)
def _in_a_job(monkeypatch):
    monkeypatch.setenv(JOB_NAME, "7")


NODES = [f"n{number}" for number in range(1, 7)]


def faults(*told):
    """Of words such as `n1 gpu`, or `n1 gpu 12_3 40` with the job and the minute: of job 7, a minute apart, otherwise."""
    found = []
    for number, words in enumerate(told, start=1):
        node, cause, job, minute = (words if words.count(" ") == 3 else f"{words} 7 {number}").split()
        found.append(NodeFault(node=node, job=job, time=60 * int(minute), cause=cause, detail=f"{cause} of {node}"))
    return found


def engines(*told):
    """Of words such as `n1`, or `n1 12_3 40-90` with the job and the minutes: in job 7 from the first, otherwise."""
    found = []
    for words in told:
        node, job, minutes = words.split() if " " in words else (words, "7", "0-100")
        begun, until = (60.0 * int(minute) for minute in minutes.split("-"))
        found.append(Worked(node=node, job=job, begun=begun, until=until))
    return found


@pytest.mark.parametrize(
    ("told", "worked", "bad"),
    [
        (["n1 gpu"], [], ["n1"]),  # evidence of the node itself
        (["n1 start"], ["n2"], []),  # once is nothing
        (["n1 start", "n1 start"], [], ["n1"]),  # to be tried elsewhere
        (["n1 start", "n1 start"], ["n2"], ["n1"]),
        (["n1 start", "n1 start", "n2 start"], [], []),  # it follows the work
        (["n1 start", "n1 start", "n2 start", "n2 start"], [], []),
        (["n1 start", "n1 start", "n2 start"], ["n3"], ["n1"]),  # elsewhere it works
        (["n1 gpu", "n2 gpu"], [], []),  # a driver that is too old everywhere
        (["n1 gpu", "n2 gpu"], ["n3"], ["n1", "n2"]),
        (["n1 gpu", "n2 gpu"], ["n1", "n2"], []),  # only there did it work
        (["n1 gpu", "n2 start", "n2 start"], [], ["n1", "n2"]),
        ([], ["n1"], []),
    ],
)
def test_which_nodes_are_bad(told, worked, bad):
    assert sorted(judged(faults(*told), worked=engines(*worked))) == bad


WRONG = ["n1 start 1 1", "n1 start 1 2", "n2 start 2 11", "n2 start 2 12"]  # a setting that fails wherever it goes
NO_GPUS = ["n1 gpu 1 1", "n2 gpu 2 11"]  # a container that shows none


@pytest.mark.parametrize(
    ("told", "worked", "bad"),
    [
        (WRONG, ["n3 3 20-90"], []),
        (WRONG, ["n2 3 20-90"], []),
        (WRONG, ["n3 9 0-90"], []),  # an earlier job is still at work, by its own settings
        (WRONG[:2], ["n3 9 0-90"], ["n1"]),  # to be tried elsewhere
        (WRONG[:2], ["n3 3 20-90"], []),
        ([*WRONG, "n1 start 4 95", "n1 start 4 96"], ["n3 3 20-90", "n2 4 91-99"], ["n1"]),  # this time it is the node
        (NO_GPUS, ["n3 3 20-90"], []),
        (NO_GPUS, ["n1 3 20-90"], []),  # which says nothing against the other one
        (NO_GPUS, ["n3 9 0-90"], []),
        (NO_GPUS, ["n3 9 5-90"], ["n1", "n2"]),  # one after the other, and work between
        (["n1 gpu 1 1"], ["n3 3 20-90"], ["n1"]),
    ],
)
def test_a_fault_of_the_work_is_no_nodes_once_it_is_mended(told, worked, bad):
    assert sorted(judged(faults(*told), worked=engines(*worked))) == bad


@pytest.mark.parametrize(
    ("worked", "bad"),
    [
        ("n2 7_2 0-90", ["n1"]),
        ("n2 7_2 30-90", ["n1"]),  # it came from the queue a little later
        ("n2 7_2 300-390", []),  # much later: something may have been mended meanwhile
        ("n2 8_2 30-90", []),
    ],
)
def test_other_jobs_of_the_same_array_tell_the_node_from_the_work(worked, bad):
    assert sorted(judged(faults("n1 start 7_1 5", "n1 start 7_1 6"), worked=engines(worked))) == bad


@pytest.mark.parametrize("told", [["n1 gpu"], ["n1 start", "n1 start"]])
@pytest.mark.parametrize(
    ("begun", "bad"), [(30, []), (0, ["n1"])]  # another GPU of it was at work before, and still is
)  # fmt: skip
def test_a_node_that_worked_after_its_last_fault_is_bad_no_more(told, begun, bad):
    worked = engines(f"n1 9 {begun}-90", "n2 7 0-90")
    assert sorted(judged(faults(*told), worked=worked)) == bad


@pytest.fixture
def run(tmp_path):
    directory = left_alone(tmp_path).directory
    directory.part(0).unlink()
    return directory


def test_faults_are_kept_in_the_run_by_the_names_that_schedulers_use(run):
    record_fault(run, node="n1.cluster.example", cause="gpu", detail="none is seen")
    record_failed_start(run, node="n2", cause="crash", detail="crash")
    assert bad_nodes(run) == {"n1": "none is seen"}
    record_failed_start(run, node="n2", cause="killed", detail="from outside")  # says nothing of the node
    record_failed_start(run, node="n2", cause="memory", detail="too little was asked for")
    assert "n2" not in bad_nodes(run)
    record_failed_start(run, node="n2", cause="hang", detail="no answer")
    assert sorted(bad_nodes(run)) == ["n1", "n2"]


def test_what_a_mended_job_works_on_elsewhere_makes_no_node_bad(run, monkeypatch):
    for node in ("n1", "n2"):
        monkeypatch.setenv(JOB_NAME, f"job-of-{node}")
        for _ in range(2):
            record_failed_start(run, node=node, cause="crash", detail="a wrong setting")
    assert bad_nodes(run) == {}
    monkeypatch.setenv(JOB_NAME, "mended")
    monkeypatch.setattr("socket.gethostname", lambda: "n3")
    writer = HeartbeatWriter(run, worker="w", every_s=10, device="gpu", cpus=1, gpus=1)
    writer.report(lambda: Progress(steps=3))
    writer.write()
    assert bad_nodes(run) == {}


def test_where_engines_worked_is_read_from_heartbeats(run, monkeypatch):
    for node in ("n1", "n2"):
        record_fault(run, node=node, cause="gpu", detail="none is seen")
    assert bad_nodes(run) == {}
    monkeypatch.setattr("socket.gethostname", lambda: "n3.cluster.example")
    writer = HeartbeatWriter(run, worker="w", every_s=10, device="gpu", cpus=1, gpus=1)
    writer.write()
    assert bad_nodes(run) == {}  # it has done nothing yet
    writer.report(lambda: Progress(steps=3))
    writer.write()
    assert sorted(bad_nodes(run)) == ["n1", "n2"]


@pytest.mark.parametrize(("cause", "bad"), [("crash", ["n4"]), ("memory", [])])
def test_engines_that_die_while_they_start_are_told_of_their_node(run, cause, bad):
    work = SimpleNamespace(label="model 'm'", start_hint="")
    driver = SimpleNamespace(
        _directory=run, _known_nodes={"id": "n4.cluster.example"}, _deaths_at_start=0, _spec=SimpleNamespace(work=work)
    )
    slot, ending = SimpleNamespace(place=SimpleNamespace(nodes=("id",))), Ending(cause=cause, words="as it ended")
    Supervisor._died_at_start(driver, slot, ending)
    assert bad_nodes(run) == {}  # once may be a moment's reason
    with pytest.raises(EngineError, match="2 times while it started"):
        Supervisor._died_at_start(driver, slot, ending)
    assert list(bad_nodes(run)) == bad


def test_without_a_scheduler_nothing_is_kept(run, monkeypatch):
    monkeypatch.delenv(JOB_NAME)
    record_fault(run, node="n1", cause="gpu", detail="none is seen")
    assert bad_nodes(run) == {}


def test_a_fault_that_cannot_be_kept_is_no_other_fault(tmp_path):
    record_fault(RunDirectory(root=tmp_path / "none"), node="n1", cause="gpu", detail="none is seen")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / "node_faults.jsonl").mkdir()
    record_fault(RunDirectory(root=tmp_path), node="n1", cause="gpu", detail="none is seen")


def test_status_tells_it(run):
    record_fault(run, node="n1", cause="gpu", detail="none is seen")
    seen = overview(run.root)
    assert seen.bad_nodes == ["n1: none is seen"]
    assert "bad node   n1: none is seen" in [str(part) for part in run_view(seen, [], None).renderables]


# Submissions.


def lines(partition, *nodes, state="idle"):
    """What sinfo says of nodes."""
    return "".join(f"{partition} {node} {state}\n" for node in nodes)


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """Stand-ins for Slurm's commands, for a partition of six nodes, and what jobs wait."""
    folder = tmp_path / "commands"
    answer = stand_ins(folder)

    (folder / "all").write_text(lines("gpu", *NODES))
    (folder / "refused").touch()
    default = "PartitionName=gpu Default=YES\nPartitionName=cpu Default=NO\nPartitionName=small Default=NO"
    (folder / "partitions").write_text(f"{default}\n")
    (folder / "jobs").write_text("JobId=7 JobState=COMPLETING ExcNodeList=(null) \n")
    # Of the partitions that are asked about; of all of them if none is.
    answer(
        "sinfo",
        'names=$(tr " " "\\n" <<<"$*" | sed -n s/--partition=//p | tr , "|")\n'
        f'[[ $* == *"%R %N %T"* ]] && grep -E "^(${{names:-.*}}) " {folder}/all',
    )
    answer(
        "scontrol",
        f'echo "$@" >> {folder}/asked\n'
        'case "$1 $2" in\n'
        f'"--all show") cat {folder}/partitions;;\n'
        '"show hostnames") tr , "\\n" <<<"$3" | sed "s/n\\[1-2\\]/n1\\nn2/";;\n'
        f'"show job") cat {folder}/jobs;;\n'
        f'update*) sed -i "s/ExcNodeList=[^ ]*/$3/" {folder}/jobs;;\n'
        'requeue*) if [[ -n $SCRIPT ]]; then kill -TERM $(cat "$SCRIPT"); fi;;\n'
        "esac",
    )
    answer("srun", "")
    answer(
        "sbatch",
        f'if [[ $1 == --test-only ]]; then ! grep -qxFf {folder}/refused "$2"; exit; fi\n'
        f'cp "$1" {tmp_path}/script; echo Submitted batch job 30',
    )
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.delenv("GLANE_SITE", raising=False)
    return folder


def cluster(**changes):
    return SlurmSettings(kind="slurm", **changes)


@pytest.mark.parametrize(
    ("changes", "nodes", "excluded"),
    [
        ({}, ["n2"], "n2"),
        ({}, ["n3", "n2", "n1"], "n1,n2,n3"),  # half is left
        ({}, ["n1", "n2", "n3", "n4"], None),
        ({"nodes": 4}, ["n1", "n2"], "n1,n2"),
        ({"nodes": 5}, ["n1", "n2"], None),  # too few for the job itself
        ({"sbatch": {"exclude": "n[1-2]"}}, ["n3"], "n[1-2],n3"),
        ({"sbatch": {"exclude": "n[1-2]"}}, ["n3", "n4"], "n[1-2]"),  # with the user's own
        ({"sbatch": {"nodelist": "n1"}}, ["n1"], None),  # the user names the nodes
        ({}, ["elsewhere"], None),
        ({}, ["n1", "elsewhere"], "n1"),
        ({}, [], None),
    ],
)
def test_a_submission_keeps_off_bad_nodes_while_enough_are_left(slurm, changes, nodes, excluded):
    assert excluding(cluster(**changes), nodes).sbatch.get("exclude") == excluded


CPU_NODES = [f"c{number}" for number in range(1, 51)]


@pytest.mark.parametrize(
    ("changes", "excluded"),
    [
        ({"nodes": 2}, None),  # the default partition has two, however many others have
        ({"nodes": 1}, "n1"),
        ({"nodes": 1, "partition": "gpu"}, "n1"),
        ({"nodes": 1, "partition": "cpu"}, None),  # n1 is none of it
        ({"nodes": 2, "partition": "gpu,small"}, None),  # three would be left, in no partition two
        ({"nodes": 1, "partition": "gpu,small"}, "n1"),
        ({"nodes": 1, "partition": "hidden"}, None),  # which nodes it has is not known
        ({"nodes": 1, "sbatch": {"clusters": "other"}}, None),
    ],
)
def test_the_nodes_that_are_left_are_counted_where_the_job_may_go(slurm, changes, excluded):
    (slurm / "all").write_text(lines("gpu", "n1", "n2") + lines("small", "n9") + lines("cpu", *CPU_NODES))
    assert excluding(cluster(**changes), ["n1"]).sbatch.get("exclude") == excluded


@pytest.mark.parametrize(
    ("state", "is_usable"),
    [
        ("idle", True), ("mixed-", True), ("allocated", True), ("idle~", True), ("powering_up#", True), ("planned", True),
        ("down", False), ("down*", False), ("idle*", False), ("drained", False), ("draining", False), ("fail", False),
        ("maint", False), ("reserved", False), ("unknown", False),
    ],
)  # fmt: skip
def test_nodes_that_take_no_job_are_none_that_are_left(slurm, state, is_usable):
    (slurm / "all").write_text(lines("gpu", "n1", "n3") + lines("gpu", "n2", state=state))
    assert excluding(cluster(nodes=2), ["n1"]).sbatch.get("exclude") == ("n1" if is_usable else None)
    (slurm / "jobs").write_text("JobId=9 JobState=PENDING ExcNodeList=(null) \n")
    _, asked = ended(slurm, "2 - n1", SLURM_ARRAY_JOB_ID="8", SLURM_JOB_NUM_NODES="2")
    assert asked == (["update JobId=8 ExcNodeList=n1"] if is_usable else [])


def test_a_bad_node_that_is_down_is_kept_off_for_when_it_comes_back(slurm):
    (slurm / "all").write_text(lines("gpu", "n1", state="down*") + lines("gpu", "n2", "n3"))
    assert excluding(cluster(nodes=2), ["n1"]).sbatch["exclude"] == "n1"


@pytest.mark.parametrize(
    ("refused", "excluded"),
    [
        ("#SBATCH --exclude=n1", None),
        ("#!/bin/bash", "n1"),
        ("#SBATCH --exclude=n2", "n1"),
    ],  # no GPUs are left; refused anyway; not asked
)
def test_an_exclusion_that_sbatch_refuses_is_not_asked_for(slurm, refused, excluded):
    (slurm / "refused").write_text(f"{refused}\n")
    assert excluding(cluster(), ["n1"]).sbatch.get("exclude") == excluded


def test_a_slurm_that_does_not_answer_excludes_nothing(slurm):
    (slurm / "sinfo").write_text("#!/bin/sh\nexit 1\n")
    assert excluding(cluster(), ["n1"]) == cluster()


@pytest.mark.parametrize("is_wanted", [True, False])
def test_the_next_submission_of_a_run_keeps_off_and_says_so(tmp_path, slurm, run, monkeypatch, capsys, is_wanted):
    monkeypatch.setattr(Slurm, "complaint", lambda *_: None)
    record_fault(run, node="n2", cause="gpu", detail="none is seen")
    told = {"kind": "slurm", "submission_dir": str(tmp_path / "s"), "exclude_bad_nodes": is_wanted}
    submit(make_settings(tmp_path / "d.parquet", run.root, cluster=told))
    assert ("#SBATCH --exclude=n2" in (tmp_path / "script").read_text()) == is_wanted
    assert ("note: node n2 is left out; this run found there: none is seen" in capsys.readouterr().err) == is_wanted


# What the first node tells its batch script.


def allocation(rank=0):
    return Allocation(
        job_id="7", name="7", restarts=0, rank=rank, num_nodes=1, host="n2", launch_address="127.0.0.1", cpus=1, gpus=1,
        granted_gpus=1, array_share=0.0, secret=b"x",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("word", "rank", "is_wanted", "told"),
    [
        ("requeue", 0, True, ("requeue", "n2")),
        ("", 0, True, ("-", "n2")),  # jobs of the array that wait
        ("complete", 0, True, ("complete",)),
        ("requeue", 0, False, ("requeue",)),
        ("", 1, True, ("",)),
    ],
)
def test_the_script_is_told_of_bad_nodes(tmp_path, run, capsys, word, rank, is_wanted, told):
    record_fault(run, node="n2", cause="gpu", detail="none is seen")
    settings = make_settings(tmp_path / "d.parquet", run.root)
    asked = cluster(exclude_bad_nodes=is_wanted)
    assert launcher._for_waiting_jobs(settings, asked, allocation(rank), word) == told
    assert ("node n2 was found bad by this run: none is seen" in capsys.readouterr().err) == (len(told) > 1)


@pytest.mark.parametrize(("build", "bad"), [("gpu", ["n2"]), ("cpu", [])])
def test_a_gpu_that_cannot_be_used_is_the_nodes_fault_unless_the_environment_is_wrong(
    tmp_path, run, monkeypatch, build, bad
):
    monkeypatch.setattr(launcher, "gpu_complaint", lambda *_: "1 GPU(s) were granted on this node, and none is seen.")
    monkeypatch.setattr(launcher, "build", lambda: build)
    settings = make_settings(tmp_path / "d.parquet", run.root)
    settings = settings.model_copy(update={"model": settings.model.model_copy(update={"engine": "vllm"})})
    assert launcher._do(settings, cluster(), allocation(), tmp_path) == (2, False)
    assert sorted(bad_nodes(run)) == bad


# What the batch script does with it.


def ended(slurm, told, **variables):
    """What end.sh said, and what it asked of scontrol."""
    (slurm / "told").write_text(told + "\n")
    script = f"echo $$ > {slurm}/pid; (exit 75); source {ROOT}/slurm/end.sh"
    given = {"SLURM_JOB_ID": "7", "SLURM_JOB_NUM_NODES": "1", "SLURM_JOB_PARTITION": "gpu"}
    given |= {"GLANE_EXIT_CODE_FILE": str(slurm / "told"), "SCRIPT": str(slurm / "pid")}
    done = subprocess.run(
        ["bash", "-c", script], env=os.environ | given | variables, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    asked = slurm / "asked"
    return done, [line for line in asked.read_text().splitlines() if line.startswith(("update", "requeue"))]


def test_a_job_that_goes_back_into_the_queue_is_kept_off_before_its_script_is_ended(slurm):
    """Slurm ends the script as soon as it has requeued the job; the stand-in does so, too."""
    done, _ = ended(slurm, "75 requeue n2,n3")
    assert done.returncode == -15  # SIGTERM
    wait_for(lambda: "ExcNodeList=n2,n3" in (slurm / "jobs").read_text(), 20)
    asked = (slurm / "asked").read_text()
    assert asked.index("requeue 7") < asked.index("update JobId=7 ExcNodeList=n2,n3")


def test_a_requeue_without_bad_nodes_asks_nothing_else(slurm):
    done, asked = ended(slurm, "75 requeue")
    assert (done.returncode, asked) == (-15, ["requeue 7"])
    time.sleep(0.5)
    assert (slurm / "asked").read_text() == "requeue 7\n"


@pytest.mark.parametrize(
    ("told", "jobs", "expected", "said"),
    [
        ("2 - n2", "JobId=9 JobState=PENDING ExcNodeList=(null) ", ["update JobId=8 ExcNodeList=n2"], "kept off n2"),
        ("2 - n3", "JobId=9 JobState=PENDING ExcNodeList=n[1-2] ", ["update JobId=8 ExcNodeList=n1,n2,n3"], "n1,n2,n3"),
        ("2 - n2", "JobId=9 JobState=PENDING ExcNodeList=n[1-2] ", [], ""),  # it is excluded already
        ("2 - n3,n4", "JobId=9 JobState=PENDING ExcNodeList=n[1-2] ", [], "too few of partition gpu would be left"),
        ("2 - n2", "JobId=9 JobState=RUNNING ExcNodeList=(null) ", [], ""),  # nothing waits
        ("2 - $(touch${IFS}x)", "JobId=9 JobState=PENDING ExcNodeList=(null) ", [], ""),
        ("2", "JobId=9 JobState=PENDING ExcNodeList=(null) ", [], ""),
    ],
)
def test_jobs_of_the_array_that_wait_are_kept_off(slurm, told, jobs, expected, said):
    (slurm / "asked").touch()
    (slurm / "jobs").write_text(jobs + "\n")
    done, asked = ended(slurm, told, SLURM_ARRAY_JOB_ID="8")
    assert (done.returncode, asked) == (2, expected)
    assert said in done.stderr
    assert bool(said) == bool(done.stderr)


def test_a_slurm_that_refuses_is_told(slurm):
    text = (slurm / "scontrol").read_text().replace("update*) sed", "update*) exit 1; sed")
    (slurm / "scontrol").write_text(text)
    (slurm / "jobs").write_text("JobId=9 JobState=PENDING ExcNodeList=(null) \n")
    done, _ = ended(slurm, "2 - n2", SLURM_ARRAY_JOB_ID="8")
    assert (done.returncode, "could not be kept off n2" in done.stderr) == (2, True)


# On a real Slurm.


@pytest.mark.slurm
@pytest.mark.ray
def test_a_job_of_a_real_slurm_goes_on_elsewhere_and_so_does_the_next(site):
    job_id = site.sbatch("--nodes=1")
    site.wait_for_parts()
    node = site.slurm("squeue", "--noheader", f"--jobs={job_id}", "--format=%N")
    record_fault(RunDirectory(root=site.run), node=node, cause="gpu", detail="none is seen")
    assert any(line.startswith(f"{node}: ") for line in site.status()["bad_nodes"])
    site.slurm("scancel", "--signal=USR2", job_id)
    assert site.end_of(job_id, 240) == ("COMPLETED", "0:0"), site.log(job_id)
    first, second = (line[3] for line in site.history(job_id))
    assert (first, second != first) == (node, True)
    assert f"jobs that wait as {job_id} are kept off {node}" in site.log(job_id)
    site.assert_complete()


@pytest.mark.slurm
@pytest.mark.ray
def test_the_next_submission_to_a_real_slurm_and_an_array_that_waits_keep_off(site):
    held = "+cluster.sbatch.hold=true"
    words = site.overrides("cluster.array=3", held)
    site.extract(*words)
    (array,) = set(site.slurm("squeue", "--noheader", "--format=%F", "--array").split())
    record_fault(RunDirectory(root=site.run), node="n1", cause="gpu", detail="none is seen")
    script = f"source {ROOT}/slurm/end.sh"
    told = site.folder / "told"
    told.write_text("2 - n1\n")
    given = {"SLURM_ARRAY_JOB_ID": array, "SLURM_JOB_ID": array, "SLURM_JOB_NUM_NODES": "1"}
    given |= {"SLURM_JOB_PARTITION": "normal", "GLANE_EXIT_CODE_FILE": str(told)}
    done = subprocess.run(
        ["bash", "-c", script], env=site.environment | given, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, f"jobs that wait as {array} are kept off n1" in done.stderr) == (2, True), done.stderr
    assert "note: node n1 is left out" in site.extract(*words).stderr
    lines = site.slurm("scontrol", "show", "job", "--oneliner").splitlines()
    assert [re.search(" ExcNodeList=([^ ]+)", line)[1] for line in lines] == ["n1"] * len(lines)
    assert len(lines) >= 2
