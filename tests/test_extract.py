"""The job under a real local Ray, with the scripted engine: sharing, dying, hanging, hiding."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
import pytest

import glane
from conftest import job, launch, wait_for, worker_pids, write_documents
from glane.run.directory import RunDirectory
from glane.run.heartbeat import JOB_NAME
from glane.run.node_faults import bad_nodes

pytestmark = pytest.mark.ray
FAST = ["model=scripted", "run.heartbeat_s=0.2", "run.lease_s=2", "progress=plain"]


def descendants(pid):
    """Every process below `pid`, as (pid, command)."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError):
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            found.append((int(path.name), parent, (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()))
    below, frontier = [], {pid}
    while frontier:
        frontier = {p for p, parent, _ in found if parent in frontier}
        below += [(p, command) for p, _, command in found if p in frontier]
    return below


def test_nothing_is_left_running_when_a_job_has_ended(tmp_path):
    """Ray's agents outlive a killed raylet for a minute: somebody must end them, too."""
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(20)])
    driver = launch(*FAST, f"data.path={data}", f"run.dir={tmp_path}/run", cwd=tmp_path, start_new_session=True)
    driver.communicate(timeout=120)
    assert driver.returncode == 0
    deadline = time.monotonic() + 5  # the kernel needs a moment to take a killed process down
    while (left := session_of(driver.pid)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []


def session_of(leader):
    pids = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    return [pid for pid in pids if in_session(pid, leader)]


def in_session(pid, session):
    try:
        return os.getsid(pid) == session
    except ProcessLookupError:
        return False


def assert_complete(run, count):
    rows = glane.open_run(run).all().collect()
    assert rows["id"].to_list() == [f"d{i}" for i in range(count)]
    return rows


def test_run_resume_refuse_and_sweep(tmp_path):
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(100)])
    first = [*FAST, f"data.path={data}", f"run.dir={tmp_path}/run", "model.engines=2"]
    done = job(*first, "show=17", cwd=tmp_path)
    assert "OK 100" in done.stderr
    assert re.findall(r"\bd\d+\b", done.stdout) == [f"d{number}" for number in range(17)]
    assert "2 engines" in done.stderr
    assert_complete(tmp_path / "run", 100)
    assert "complete already, nothing to do" in job(*first, cwd=tmp_path).stderr
    refused = job(*first, "data.limit=3", check=2, cwd=tmp_path).stderr
    assert "data.limit: null -> 3" in refused
    job(
        "-m", *FAST, f"data.path={data}", "model.max_tokens=300,301", f"run.dir={tmp_path}/sweep-${{model.max_tokens}}",
        cwd=tmp_path,
    )  # fmt: skip
    for tokens in (300, 301):
        assert_complete(tmp_path / f"sweep-{tokens}", 100)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["d.parquet", "run", "sweep-300", "sweep-301"]
    lines = (tmp_path / "run" / "extract.log").read_text()
    assert "documents" in lines
    assert "note" not in lines


def test_two_drivers_on_one_run_share_it(tmp_path):
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(300)])
    arguments = [
        *FAST, f"data.path={data}", f"run.dir={tmp_path}/run", "run.shard_rows=10", "model.script.seconds_per_step=0.1",
        "model.max_num_seqs=4",
    ]  # fmt: skip
    arguments[-2] = "+" + arguments[-2]
    drivers = [launch(*arguments, cwd=tmp_path) for _ in range(2)]
    outputs = [driver.communicate(timeout=120)[0] for driver in drivers]
    assert [driver.returncode for driver in drivers] == [0, 0], outputs
    assert_complete(tmp_path / "run", 300)
    assert len(set(pl.read_parquet(tmp_path / "run" / "ledger" / "shards.parquet")["worker"])) == 2


def test_killed_drivers_and_actors_lose_nothing(tmp_path):
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(200)])
    run = tmp_path / "run"
    arguments = [
        *FAST, f"data.path={data}", f"run.dir={run}", "run.shard_rows=10", "+model.script.seconds_per_step=0.1",
        "model.max_num_seqs=2", "model.engines=2",
    ]  # fmt: skip
    driver = launch(*arguments, cwd=tmp_path)
    for victims in range(3):
        pids = wait_for(lambda: worker_pids(run))
        os.kill(pids[0], signal.SIGKILL)
        wait_for(lambda n=victims + 1: len(list((run / "ledger" / "deaths").glob("*.json"))) >= n)
    driver.kill()
    driver.communicate()
    wait_for(lambda: any((run / "parts").iterdir()) or True)
    done = job(*arguments, cwd=tmp_path)
    assert "resuming" in done.stderr
    rows = assert_complete(run, 200)
    assert set(rows["status"]) == {"OK"}


def test_poison_is_rejected_and_a_hang_is_ended(tmp_path):
    texts = [f"note {i}" for i in range(60)]
    texts[20], texts[40] = "[[crash]]", "[[hang]]"
    data = write_documents(tmp_path / "d.parquet", texts)
    job(
        *FAST,
        f"data.path={data}",
        f"run.dir={tmp_path}/run",
        "run.hang_after_s=2",
        "run.max_deaths_without_progress=9",
        cwd=tmp_path,
    )
    rows = assert_complete(tmp_path / "run", 60)
    assert rows.filter(pl.col("status") == "REJECTED")["id"].to_list() == ["d20", "d40"]
    assert rows.filter(pl.col("status") == "OK").height == 58


@pytest.mark.slow
def test_several_bad_documents_on_several_engines_do_not_end_the_job(tmp_path):
    texts = [f"note {i}" for i in range(120)]
    bad = [7, 31, 66, 100]
    for i in bad:
        texts[i] = f"{i} [[crash]]"
    data = write_documents(tmp_path / "d.parquet", texts)
    done = job(*FAST, f"data.path={data}", f"run.dir={tmp_path}/run", "model.engines=4", "run.max_deaths_without_progress=2", cwd=tmp_path)  # fmt: skip
    rows = assert_complete(tmp_path / "run", 120)
    assert rows.filter(pl.col("status") != "OK")["id"].to_list() == [f"d{i}" for i in bad]
    assert "4 documents" in done.stderr
    assert "d31: the engine dies when it is given this document alone: 2 engines did (crash)" in done.stderr
    assert "raylet" not in done.stderr
    assert "\x1b" not in done.stderr


@pytest.mark.slow
def test_an_engine_killed_from_outside_again_and_again_blames_no_document(tmp_path):
    data = write_documents(tmp_path / "d.parquet", ["the last one"])
    run = tmp_path / "run"
    driver = launch(*FAST, f"data.path={data}", f"run.dir={run}", "+model.script.seconds_per_step=3", cwd=tmp_path)
    seen = []
    for _ in range(4):
        pid = wait_for(lambda: [pid for pid in worker_pids(run) if pid not in seen and windows_with_prompts(run)])[0]
        seen.append(pid)
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: len(list((run / "ledger" / "deaths").glob("*.json"))) == len(seen))
    output = driver.communicate(timeout=120)[0]
    assert driver.returncode == 0, output
    assert output.count("killed from outside: its process ended by signal 9); 0 prompts are suspect") == 4
    assert set(assert_complete(run, 1)["status"]) == {"OK"}


def windows_with_prompts(run):
    return [path for path in (run / "ledger" / "windows").iterdir() if path.read_bytes().strip(b"\0")]


def test_a_worker_is_watched_by_calls_and_not_by_its_file(tmp_path):
    """Its file is written once a minute: a driver that read it would take the worker for one that hangs."""
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(50)])
    driver = launch(
        "model=scripted", "run.heartbeat_s=60", "run.lease_s=180", "progress=plain", f"data.path={data}", "run.dir=run",
        "+model.script.seconds_per_step=0.5", "model.max_num_seqs=1", "model.window=1", "model.engines=1",
        "run.hang_after_s=10", cwd=tmp_path,
    )  # fmt: skip
    output = driver.communicate(timeout=240)[0]
    assert driver.returncode == 0, output
    assert "died" not in output
    assert_complete(tmp_path / "run", 50)


def test_a_suspended_worker_is_not_taken_for_one_that_hangs(tmp_path):
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(12)])
    run = tmp_path / "run"
    driver = launch(
        *FAST, f"data.path={data}", f"run.dir={run}", "+model.script.seconds_per_step=0.3", "model.max_num_seqs=1",
        "model.window=1", "run.hang_after_s=2", cwd=tmp_path,
    )  # fmt: skip
    pid = wait_for(lambda: worker_pids(run))[0]
    os.kill(pid, signal.SIGSTOP)
    time.sleep(6)
    os.kill(pid, signal.SIGCONT)
    output = driver.communicate(timeout=120)[0]
    assert driver.returncode == 0, output
    assert "died" not in output
    assert_complete(run, 12)


def test_a_suspended_job_goes_on_where_it_was(tmp_path):
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(12)])
    run = tmp_path / "run"
    driver = launch(
        *FAST, f"data.path={data}", f"run.dir={run}", "+model.script.seconds_per_step=0.3", "model.max_num_seqs=1",
        "model.window=1", "run.hang_after_s=2", cwd=tmp_path,
    )  # fmt: skip
    wait_for(lambda: worker_pids(run) and windows_with_prompts(run))
    pids = [driver.pid, *(pid for pid, _ in descendants(driver.pid))]
    for number, seconds in ((signal.SIGSTOP, 8), (signal.SIGCONT, 0)):
        for pid in pids:
            os.kill(pid, number)
        time.sleep(seconds)
    output = driver.communicate(timeout=120)[0]
    assert driver.returncode == 0, output
    assert "died" not in output
    assert "lost" not in output
    assert_complete(run, 12)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_a_job_with_a_sentence(tmp_path, number, code):
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(400)])
    run = tmp_path / "run"
    arguments = [
        *FAST,
        f"data.path={data}",
        f"run.dir={run}",
        "+model.script.seconds_per_step=0.3",
        "model.max_num_seqs=2",
    ]
    former = signal.signal(number, signal.SIG_DFL)  # the tests may run under nohup, and a driver would ignore it, too
    driver = launch(*arguments, cwd=tmp_path, start_new_session=True)
    signal.signal(number, former)
    wait_for(lambda: worker_pids(run) and windows_with_prompts(run))
    driver.send_signal(number)
    output = driver.communicate(timeout=60)[0]
    assert driver.returncode == code, output
    assert output.splitlines()[-1] == (
        f"ended by {number.name}; what is committed stays, run the same command again to go on"
    )
    assert "Traceback" not in output
    assert "***" not in output
    wait_for(lambda: session_of(driver.pid) == [], 10)
    assert list((run / "ledger" / "windows").iterdir()) == []  # nothing in the engines is suspect


def test_an_engine_that_cannot_start_is_said_so(tmp_path):
    data = write_documents(tmp_path / "d.parquet", ["a"])
    words = [*FAST, f"data.path={data}", f"run.dir={tmp_path}/run", "+model.script.fail_to_start=true"]
    done = job(*words, check=2, cwd=tmp_path, env={**os.environ, JOB_NAME: "7"})
    assert "died 2 times while it started" in done.stderr
    assert bad_nodes(RunDirectory(root=tmp_path / "run")) == {}  # it was killed from outside: no fault of the node


def test_asking_for_more_than_there_is_fails_at_once(tmp_path):
    data = write_documents(tmp_path / "d.parquet", ["a"])
    done = job(
        f"data.path={data}", f"run.dir={tmp_path}/run", "model.engines=64", "progress=none", check=2, cwd=tmp_path
    )
    assert "64 engines" in done.stderr


def test_ray_listens_on_loopback_only_wants_a_token_and_sees_no_text(tmp_path):
    secret = "phrasesecrete"
    data = write_documents(tmp_path / "d.parquet", [f"{secret} {i}" for i in range(400)])
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    (tmp_path / "tmp").mkdir()
    own = Path(tempfile.mkdtemp(prefix="g", dir="/tmp"))  # short: Ray's sockets lie inside
    driver = launch(
        *FAST, f"data.path={data}", f"run.dir={tmp_path}/run", "+model.script.seconds_per_step=0.3",
        "model.max_num_seqs=4", cwd=tmp_path, env={**environment, "TMPDIR": str(own)},
    )  # fmt: skip
    try:
        wait_for(lambda: worker_pids(tmp_path / "run"))
        processes = {pid for pid, _ in descendants(driver.pid)} | {driver.pid}
        addresses = listening(processes)
        assert addresses
        assert all(address.startswith("127.") for address, _ in addresses), addresses
        (folder,) = own.glob("gl-*")
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "token").stat().st_mode & 0o777 == 0o600
        gcs = gcs_address(driver.pid)
        outsider = subprocess.run(
            [sys.executable, "-c", f"import ray; ray.init(address={gcs!r}, logging_level='ERROR'); print('IN', ray.nodes())"],
            capture_output=True, text=True, timeout=120, env=environment | {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}, check=False,
        )  # fmt: skip
        assert outsider.returncode != 0
        assert "IN" not in outsider.stdout
        for path in folder.rglob("*"):
            if path.is_file():
                assert secret.encode() not in path.read_bytes(), path
    finally:
        driver.terminate()
        driver.communicate(timeout=60)
        shutil.rmtree(own)
    for path in (tmp_path / "run").rglob("*"):
        if path.is_file() and path.parent.name not in ("parts", "records"):
            assert secret.encode() not in path.read_bytes(), path


def listening(pids):
    """The (address, port) pairs on which processes listen."""
    inodes = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            for link in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    inodes.add(os.readlink(link))
    found = set()
    for table, size in (("tcp", 8), ("tcp6", 32)):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            cells = line.split()
            if cells[3] == "0A" and f"socket:[{cells[9]}]" in inodes:
                host, port = cells[1].split(":")
                last = bytes.fromhex(host[size - 8 : size])[::-1]
                is_mapped = size == 8 or host[:24] == "0000000000000000FFFF0000"
                found.add((".".join(map(str, last)) if is_mapped else host, int(port, 16)))
    return found


def gcs_address(pid):
    for _, command in descendants(pid):
        if "gcs_server" in command:
            for word in command.split():
                if word.startswith("--gcs_server_port="):
                    port = word.split("=")[1]
                    if port != "0":
                        return f"127.0.0.1:{port}"
        if "--gcs-address=" in command:
            return command.split("--gcs-address=")[1].split()[0]
    raise AssertionError("no address of Ray's control service found")
