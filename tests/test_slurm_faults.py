"""Faults on a real Slurm of two nodes: killed, lost, preempted, out of time, intruded upon; nothing is lost."""

import re
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from slurm_site import wait_for

pytestmark = [pytest.mark.slurm, pytest.mark.ray]


# What goes wrong.


@pytest.mark.parametrize("killed", [r"glane\.job\.driver", "gcs_server"])
def test_a_killed_driver_or_head_of_ray_requeues_a_job_that_got_something_done(site, killed):
    job_id = site.sbatch("--nodes=2")
    site.wait_for_parts()
    site.kill("n1", killed)
    assert site.end_of(job_id, 180) == ("COMPLETED", "0:0"), site.log(job_id)
    assert [line[1] for line in site.history(job_id)] == ["REQUEUED", "COMPLETED"]
    assert "to be requeued (start 2 of at most 21)" in site.log(job_id)
    assert "resuming" in site.log(job_id)
    site.assert_complete()


def test_a_killed_driver_of_a_job_that_may_not_be_requeued_fails_it_soon(site):
    job_id = site.sbatch("--nodes=2", overrides=site.overrides("cluster.max_requeues=0"))
    site.wait_for_parts()
    site.kill("n1", r"glane\.job\.driver")
    assert site.end_of(job_id, 60) == ("FAILED", "1:0")
    assert "the driver was killed by signal 9" in site.log(job_id)
    assert "cluster.max_requeues=0" in site.log(job_id)


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
    pace = ["+model.script.seconds_per_step=4", "model.max_num_seqs=2", "run.shard_rows=8", "run.lease_s=20"]
    limits = ["cluster.time=0:02:00", "cluster.warning_s=30", "cluster.nodes=2"]
    job_id = re.search(r"job (\d+)", site.extract(*site.overrides(*limits, pace=pace)).stdout)[1]
    assert site.end_of(job_id, 420) == ("COMPLETED", "0:0"), site.log(job_id)
    states = [line[1] for line in site.history(job_id)]
    assert states[0] == "REQUEUED", states
    done = [int(found) for found in re.findall(r"(\d+)/\d+ shards", site.log(job_id))]
    assert done == sorted(done)  # progress never goes backwards
    site.assert_complete()
    assert site.status()["jobs"][0]["requeues"] == len(states) - 1


def test_requeueing_is_bounded_and_a_job_that_gets_nothing_done_is_not_requeued(site):
    """Both at once, each on a node."""
    idle = site.folder / "idle"
    words = site.overrides("+model.script.seconds_to_start=60", f"run.dir={idle}")
    nothing_done = site.sbatch("--nodes=1", overrides=words)
    bounded = site.sbatch("--nodes=1", overrides=site.overrides("cluster.max_requeues=0"))
    wait_for(lambda: list(idle.glob("ledger/workers/*.json")), 120)
    site.slurm("scancel", "--signal=USR2", nothing_done)
    site.wait_for_parts()
    site.slurm("scancel", "--signal=USR2", bounded)
    assert site.end_of(nothing_done, 40) == ("FAILED", "75:0")
    assert "not one shard was committed" in site.log(nothing_done)
    assert site.end_of(bounded) == ("FAILED", "75:0")
    assert "cluster.max_requeues=0" in site.log(bounded)
    assert len(site.history(bounded)) == 1


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
    wait_for(lambda: len(list(site.run.glob("ledger/workers/*.json"))) == 2, 120)
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
    raylets = [command for node in ("n1", "n2") for _, command in site.processes(node) if "--gcs-address=" in command]
    folders = {found for command in raylets for found in re.findall("/tmp/gl-0-[^/ ]+", command)}
    assert len(folders) == 2
    for path in (Path(folder) / "token" for folder in folders):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
