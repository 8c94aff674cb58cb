"""How a job is handed to Slurm, on a machine without one: the script, its files, and who may change them."""

import ast
import contextlib
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from conftest import ROOT, job, make_settings, write_documents
from glane.cluster.private_folder import check_private_folder, make_private_folder
from glane.cluster.slurm import batch
from glane.cluster.slurm.scheduler import Slurm
from glane.errors import ConfigError, GlaneError
from glane.job.submit import submit
from glane.settings import SlurmSettings

ALICE, BOB, GROUP = 12_001, 12_002, 13_000
TWO_USERS = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")


def cluster(**changes):
    return SlurmSettings(kind="slurm", **changes)


def print_hello():
    print("hello")


def options(script):
    return {
        line.split("=")[0].removeprefix("#SBATCH --"): line.partition("=")[2]
        for line in script.splitlines()
        if line.startswith("#SBATCH")
    }


# The script.


def test_the_script_asks_for_what_the_settings_say_and_for_nothing_else():
    script = batch.script(
        cluster(nodes=2, gpus_per_node="h100:4", cpus_per_node=64, memory="400G", time="1-00:00:00", partition="gpu",
                account="a", qos="q", constraint="c", job_name="night", warning_s=300, setup=["module load cuda"],
                sbatch={"mail-type": "END", "exclusive": True}),
        print_hello, label="run",
    )  # fmt: skip
    asked = options(script)
    assert re.fullmatch(r".*/glane/slurm/run-\w+/%j_0_log\.out", asked.pop("output"))
    assert asked == {
        "nodes": "2", "ntasks-per-node": "1", "gpus-per-node": "h100:4", "cpus-per-task": "64", "mem": "400G",
        "time": "1-00:00:00", "partition": "gpu", "account": "a", "qos": "q", "constraint": "c", "job-name": "night",
        "signal": "USR2@300", "requeue": "", "no-kill": "", "open-mode": "append", "mail-type": "END", "exclusive": "",
    }  # fmt: skip
    lines = script.splitlines()
    begin, module = lines.index('source "$GLANE_ROOT/slurm/begin.sh"'), lines.index("module load cuda")
    (srun,) = [number for number, line in enumerate(lines) if line.startswith("srun ")]
    assert begin < module < srun < lines.index('source "$GLANE_ROOT/slurm/end.sh"')
    assert "--no-kill --kill-on-bad-exit=0 --wait=0" in lines[srun]
    assert '"${GLANE_PYTHON[@]}" -m glane.cluster.slurm.start -u -m submitit.core._submit ' in lines[srun]


def test_what_is_not_set_is_left_to_the_site():
    """submitit would ask for five minutes, and for a key of its own."""
    assert set(options(batch.script(cluster(), print_hello, label="run"))) == {
        "nodes", "ntasks-per-node", "job-name", "signal", "requeue", "no-kill", "open-mode", "output"
    }  # fmt: skip


def test_an_array_keeps_the_command_of_the_nodes():
    script = batch.script(cluster(array=20, array_parallel=4, python="in_image python3"), print_hello, label="run")
    assert options(script)["array"] == "0-19%4"
    assert options(script)["output"].endswith("/%A_%a_0_log.out")
    assert " in_image python3 -m glane.cluster.slurm.start" in script
    assert sys.executable not in script
    assert options(batch.script(cluster(array=3, array_parallel=9), print_hello, label="run"))["array"] == "0-2%3"


def test_a_dry_run_needs_no_slurm_and_leaves_nothing(tmp_path):
    data = write_documents(tmp_path / "d.parquet", ["a"])
    done = job(
        "cluster=slurm", "cluster.dry_run=true", "model=scripted", f"data.path={data}", f"run.dir={tmp_path}/run",
        f"cluster.submission_dir={tmp_path}/s", env={**os.environ, "PATH": "/nowhere"},
    )  # fmt: skip
    assert done.stdout.startswith("#!/bin/bash\n")
    assert list((tmp_path / "s").iterdir()) == []
    assert not (tmp_path / "run").exists()


def test_submitit_is_used_by_its_public_names():
    tree = ast.parse(Path(batch.__file__).read_text())
    names = [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    names += [alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert [name for name in names if name.startswith("_")] == []
    assert not any(isinstance(node, ast.ClassDef) for node in ast.walk(tree))


# The submission, to a stand-in for sbatch.


@pytest.fixture
def sbatch(tmp_path, monkeypatch):
    """What sbatch was given; it answers as the real one."""
    commands = tmp_path / "commands"
    commands.mkdir()
    (commands / "sbatch").write_text(
        f'#!/bin/sh\ncp "$1" {tmp_path}/script\nenv > {tmp_path}/environment\necho Submitted batch job 30\n'
    )
    (commands / "srun").write_text("#!/bin/sh\n")
    for command in commands.iterdir():
        command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{commands}:{os.environ['PATH']}")
    return commands / "sbatch"


@pytest.mark.slow
def test_all_jobs_of_an_array_find_what_they_run(tmp_path, sbatch):
    found = batch.submit(cluster(array=3, submission_dir=str(tmp_path / "s")), print_hello, label="my run")
    assert found.job_names == ("30_0", "30_1", "30_2")
    assert found.cancel_command == "scancel 30"
    folder = found.log.parent
    assert folder.parent == tmp_path / "s"
    assert folder.name.startswith("my_run-")
    assert found.log.name == "30_0_0_log.out"
    for name in found.job_names:
        done = start(folder, SLURM_JOB_ID="99", SLURM_ARRAY_JOB_ID="30", SLURM_ARRAY_TASK_ID=name[-1])
        assert done.returncode == 0, done.stderr
        assert "hello" in done.stdout


def test_an_enclosing_job_does_not_change_the_request(tmp_path, sbatch, monkeypatch):
    for name in ("SLURM_NTASKS", "SBATCH_TIMELIMIT", "SBATCH_ACCOUNT", "SUBMITIT_FOLDER", "SLURM_CONF"):
        monkeypatch.setenv(name, "7")
    batch.submit(cluster(time="1:00:00", submission_dir=str(tmp_path / "s")), print_hello, label="run")
    seen = {line.partition("=")[0] for line in (tmp_path / "environment").read_text().splitlines()}
    assert seen.isdisjoint({"SLURM_NTASKS", "SBATCH_TIMELIMIT", "SUBMITIT_FOLDER"})
    assert {"SLURM_CONF", "SBATCH_ACCOUNT"} <= seen  # which Slurm, and a default that the settings leave alone
    assert os.environ["SBATCH_TIMELIMIT"] == "7"


def test_a_refusal_leaves_no_files(tmp_path, sbatch):
    sbatch.write_text("#!/bin/sh\necho 'sbatch: error: Batch job submission failed: Invalid qos' >&2; exit 1\n")
    with pytest.raises(ConfigError, match=r"Slurm refuses the job: .*Invalid qos.\nChange cluster.qos=gold"):
        batch.submit(cluster(qos="gold", submission_dir=str(tmp_path / "s")), print_hello, label="run")
    assert list((tmp_path / "s").iterdir()) == []


def start(folder, **variables):
    """What a batch script runs on a node."""
    return subprocess.run(
        [sys.executable, "-m", "glane.cluster.slurm.start", "-u", "-m", "submitit.core._submit", str(folder)],
        env={**os.environ, "SUBMITIT_EXECUTOR": "slurm", **variables}, cwd=ROOT / "tests", capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip


def test_files_that_are_not_to_be_trusted_end_the_job_with_a_sentence(tmp_path):
    tmp_path.chmod(0o770)
    done = start(tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    assert re.match(r"error: .* with mode drwxrwx---; .* nothing is run\. Submit the job again\.\n", done.stderr)


# Who may change what will run.


def shell(user, command):
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False, user=user, group=GROUP, extra_groups=[]
    )
    return done.returncode, done.stderr


@contextlib.contextmanager
def acting_as(user):
    """This process with the rights of `user` on files."""
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(GROUP)
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


@pytest.fixture
def shared():
    """A folder of a group, with a home of one of its members beside it."""
    root = Path(tempfile.mkdtemp(dir="/tmp"))
    root.chmod(0o755)
    for name, mode in (("project", 0o2770), ("home", 0o755)):
        (root / name).mkdir()
        os.chown(root / name, ALICE, GROUP)
        (root / name).chmod(mode)
    yield root
    shutil.rmtree(root)


@TWO_USERS
def test_another_member_of_the_group_cannot_replace_what_will_run(shared):
    with acting_as(ALICE):
        folder = make_private_folder(shared / "home" / "state", label="run", setting="x")
        (folder / "30_submitted.pkl").write_bytes(b"alice's")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    for attack in (
        f"mv {folder} {folder}.was",
        f"mv {folder.parent} {folder.parent}.was",
        f"rm -f {folder}/30_submitted.pkl",
        f"echo x > {folder}/30_submitted.pkl",
        f"echo x > {folder}/31_submitted.pkl",
        f"ln -s /etc/passwd {folder}/30_0_log.out",
        f"ls {folder}",
        f"touch {folder.parent}/x",
        f"chmod 777 {folder}",
    ):
        code, error = shell(BOB, attack)
        assert (code != 0, "denied" in error or "not permitted" in error) == (True, True), attack
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    with acting_as(ALICE):
        check_private_folder(folder)


@TWO_USERS
@pytest.mark.parametrize(
    ("place", "mode", "owner", "told"),
    [
        ("project", 0o2770, ALICE, r"lies in .*/project, which has mode drwxrws---: others could replace"),
        ("project", 0o757, ALICE, "has mode drwxr-xrwx: others could replace"),
        ("project", 0o755, BOB, f"belongs to user {BOB}, who could replace"),
        (
            "project/s",
            0o775,
            ALICE,
            r"/project/s has mode drwxrwxr-x: .* \(chmod go-w .*/project/s\), or set cluster.sub",
        ),
        ("project/s", 0o700, ALICE, None),
        ("project/s", 0o1777, ALICE, None),  # sticky, as /tmp: only owners rename
    ],
)
def test_a_place_where_others_could_replace_it_is_refused(shared, place, mode, owner, told):
    folder = shared / place
    (shared / "project").chmod(0o755)
    folder.mkdir(exist_ok=True)
    os.chown(folder, owner, GROUP)
    folder.chmod(mode)
    if owner == BOB:
        (folder / "s").mkdir()
        os.chown(folder / "s", ALICE, GROUP)
    with acting_as(ALICE):
        if told is None:
            made = make_private_folder(shared / "project" / "s", label="run", setting="cluster.submission_dir")
            assert (made.stat().st_uid, stat.S_IMODE(made.stat().st_mode)) == (ALICE, 0o700)
            return
        with pytest.raises(ConfigError, match=told):
            make_private_folder(shared / "project" / "s", label="run", setting="cluster.submission_dir")


@TWO_USERS
def test_a_link_that_others_could_change_is_followed_once(shared):
    """The path that is used later has no links in it."""
    (shared / "home" / "s").mkdir()
    os.chown(shared / "home" / "s", ALICE, GROUP)
    (shared / "project" / "link").symlink_to(shared / "home" / "s")
    with acting_as(ALICE):
        made = make_private_folder(shared / "project" / "link", label="run", setting="x")
    assert made.parent == shared / "home" / "s"


@TWO_USERS
@pytest.mark.parametrize("attack", ["folder of another", "open folder", "file of another", "open file", "link", "gone"])
def test_files_that_are_not_the_submitters_own_are_not_run(shared, attack):
    """Before every start, on every node, whatever happened since the submission."""
    folder = shared / "home" / "run"
    folder.mkdir()
    file = folder / "30_submitted.pkl"
    file.write_bytes(b"")
    for path, mode in ((folder, 0o700), (file, 0o600)):
        os.chown(path, ALICE, GROUP)
        path.chmod(mode)
    with acting_as(ALICE):
        check_private_folder(folder)
    if attack == "folder of another":
        os.chown(folder, BOB, GROUP)
        folder.chmod(0o777)
    elif attack == "open folder":
        folder.chmod(0o770)
    elif attack == "file of another":
        os.chown(file, BOB, GROUP)
        file.chmod(0o644)
    elif attack == "open file":
        file.chmod(0o620)
    else:
        folder.rename(shared / "home" / "was")
        if attack == "link":
            folder.symlink_to(shared / "home" / "was")
    with acting_as(ALICE), pytest.raises(GlaneError, match=r"nothing is run\. Submit the job again"):
        check_private_folder(folder)


@TWO_USERS
def test_a_run_that_a_group_shares_keeps_its_submission_apart(shared, sbatch, monkeypatch, capsys):
    """The whole way in: nothing of what will run lies in the run directory."""
    sbatch.write_text("#!/bin/sh\necho Submitted batch job 30\n")
    shutil.copytree(sbatch.parent, shared / "commands")
    for path in [shared / "commands", *(shared / "commands").iterdir()]:
        path.chmod(0o755)  # whatever the umask is
    monkeypatch.setenv("PATH", f"{shared}/commands:{os.environ['PATH']}")
    monkeypatch.setattr(Slurm, "complaint", lambda *_: None)  # asks what the stand-ins do not know
    monkeypatch.setenv("XDG_STATE_HOME", str(shared / "home" / "state"))
    settings = make_settings(
        write_documents(shared / "d.parquet", ["a"]), shared / "project" / "run", cluster={"kind": "slurm"},
        run__group_access=True,
    )  # fmt: skip
    (shared / "d.parquet").chmod(0o644)  # whatever the umask is
    with acting_as(ALICE):
        submit(settings)
    (folder,) = (shared / "home" / "state" / "glane" / "slurm").iterdir()
    assert f"tail -F {folder}/30_0_log.out" in capsys.readouterr().out
    assert {path.name for path in folder.glob("[!.]*")} == {"30_submitted.pkl", "30_submission.sh"}
    names = {path.name for path in (shared / "project" / "run").rglob("*") if path.is_file()}
    assert names == {".glane-run", "submissions.jsonl"}
