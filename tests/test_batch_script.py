"""The batch scripts, on a machine without Slurm: what they learn of the job, and where they may be run."""

import datetime
import os
import shutil
import subprocess

import pytest

from conftest import ROOT, stand_ins
from glane.cluster.code import code_warning, mark_of_code
from glane.cluster.scheduler import Task
from glane.cluster.slurm import batch
from glane.cluster.slurm.allocation import read_allocation
from glane.engine.device import gpu_complaint
from glane.job.time_limit import TimeLimit, patience_s
from glane.settings import SlurmSettings

FACTS = (
    "JobId=7 JobName=a EndTime=never Partition=gpu BatchFlag={batch} TimeLimit=00:30:00 EndTime={end} "
    "Partition=gpu CPUs/Task=1 TRES=cpu=1,mem=4000M,node=1,billing=1{gpu} Command=/x/gres/gpu EndTime=2000-01-01"
)
END = 1_900_000_000


@pytest.fixture
def commands(tmp_path):
    """Stand-ins for Slurm's commands; what they answer can be set."""
    folder = tmp_path / "commands"
    write = stand_ins(folder)

    def answer(name, text):
        write(name, f"cat <<'END'\n{text}\nEND")

    answer("sinfo", "gpu gpu:h100:8(S:0-1),tmp:1\ncpu (null)\nurgent gpu:1\ngpu_but_none (null)")
    answer("scontrol", FACTS.format(batch=1, end=_as_slurm(END), gpu=""))
    return folder, answer


def _as_slurm(stamp):
    return datetime.datetime.fromtimestamp(stamp).isoformat()


def begun(folder, **variables):
    """The variables after begin.sh, and the options of srun."""
    script = 'source "$GLANE_ROOT/slurm/begin.sh"; env -0; printf "SRUN=%s\\0" "${GLANE_SRUN[*]}"'
    told = {"GLANE_ROOT": str(ROOT), "SLURM_JOB_ID": "7", "SLURM_JOB_NUM_NODES": "2", **variables}
    path = {"PATH": f"{folder}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=told | path, capture_output=True, cwd=folder, check=True)
    assert done.stderr == b""
    return dict(word.split("=", 1) for word in done.stdout.decode().split("\0") if "=" in word)


@pytest.mark.parametrize("gpu", ["", ",gres/gpu=1", ",gres/gpu=4,gres/gpu:h100=4"])
def test_a_job_without_gpus_learns_where_there_are_some(commands, gpu):
    folder, answer = commands
    answer("scontrol", FACTS.format(batch=1, end=_as_slurm(END), gpu=gpu))
    found = begun(folder)
    assert found["GLANE_GPU_PARTITIONS"] == ("" if gpu else "gpu,urgent")
    assert (float(found["GLANE_ENDS_AT"]), found["GLANE_IS_INTERACTIVE"]) == (END, "")
    allocation = read_allocation(found | {"SLURM_NNODES": "1", "SLURM_NTASKS": "1"})
    assert (allocation.ends_at, allocation.is_interactive) == (END, False)
    assert allocation.gpu_partitions == (() if gpu else ("gpu", "urgent"))


@pytest.mark.parametrize("facts", ["", "JobId=8 EndTime=2030-01-01T00:00:00", "slurm_load_jobs error: timed out"])
def test_what_slurm_does_not_tell_is_unknown(commands, facts):
    folder, answer = commands
    answer("scontrol", facts)
    answer("sinfo", "")
    found = begun(folder)
    allocation = read_allocation(found | {"SLURM_NNODES": "1", "SLURM_NTASKS": "1"})
    assert (allocation.ends_at, allocation.gpu_partitions, allocation.is_interactive) == (None, (), False)


@pytest.mark.parametrize(
    ("known", "nodes"), [(True, ("10.0.0.1", "10.0.0.2", "n1", "n2")), (False, ("n1", "n2"))], ids=["told", "hidden"]
)
def test_nodes_learn_each_others_names_where_slurm_hides_their_addresses(commands, known, nodes):
    folder, answer = commands
    answer("all", "NodeName=n1 NodeAddr=10.0.0.1 State=IDLE\nNodeName=n2 NodeAddr=10.0.0.2 State=IDLE" if known else "")
    script = f"""#!/bin/bash
case "$2 $3" in
    "hostnames n[1-2]") printf 'n1\\nn2\\n' ;;
    "node --oneliner") "{folder}/all" ;;
    *) exit 1 ;;
esac
"""
    (folder / "scontrol").write_text(script)
    found = begun(folder, SLURM_NNODES="2", SLURM_JOB_NODELIST="n[1-2]")
    assert read_allocation(found | {"SLURM_NTASKS": "2"}).nodes == nodes


def test_no_gpu_where_there_are_some_is_told_before_any_work(monkeypatch):
    monkeypatch.delenv("GLANE_DEVICE", raising=False)
    found = gpu_complaint(0, ("gpu", "urgent"))
    for words in ("given no GPU", "gpu, urgent", "--gres=gpu:1", "GLANE_DEVICE=cpu"):
        assert words in found
    assert "…" in gpu_complaint(0, tuple("abcdefgh"))
    assert gpu_complaint(0, ()) is None
    monkeypatch.setenv("GLANE_DEVICE", "cpu")
    assert gpu_complaint(0, ("gpu",)) is None


@pytest.mark.parametrize("script", sorted(path.name for path in (ROOT / "slurm").glob("*.sbatch")))
def test_a_script_asks_for_no_gpus_itself(script):
    """Slurm would add what the user asks by another option: --gres=none would keep one GPU."""
    lines = [line for line in (ROOT / "slurm" / script).read_text().splitlines() if line.startswith("#SBATCH")]
    assert not [line for line in lines if "gpu" in line or "gres" in line]
    assert "#SBATCH --ntasks-per-node=1" in lines


# In the nodes of an salloc.


def test_the_script_runs_from_where_it_lies(commands, tmp_path):
    """As `bash slurm/extract.sbatch` in an salloc, from another folder, in a repository with any name."""
    folder, answer = commands
    answer("scontrol", FACTS.format(batch=0, end=_as_slurm(END), gpu=",gres/gpu=1"))
    root = tmp_path / "my glane (1)"
    shutil.copytree(ROOT / "slurm", root / "slurm")
    (root / "jobs").mkdir()
    (root / "jobs" / "extract.py").touch()
    (folder / "srun").write_text('#!/bin/bash\nprintf "%s\\n" "$@" "$GLANE_ROOT" "$GLANE_IS_INTERACTIVE"\n')
    (folder / "srun").chmod(0o755)
    variables = {
        "PATH": f"{folder}:{os.environ['PATH']}", "SLURM_JOB_ID": "7", "SLURM_JOB_NUM_NODES": "1", "SLURM_STEP_ID": "0",
    }  # fmt: skip
    command = ["bash", root / "slurm" / "extract.sbatch", "a b=c"]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[-5:] == [f"{root}/jobs/extract.py", "cluster=slurm", "a b=c", str(root), "yes"]
    assert "--overlap" in lines  # the shell of srun --pty is a step, which holds the job's resources


def test_outside_of_a_job_the_script_says_so(tmp_path):
    done = subprocess.run(
        ["bash", ROOT / "slurm" / "extract.sbatch"], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True,
        cwd=tmp_path, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert "this is no job" in done.stderr


def test_a_repository_that_a_node_does_not_see_is_told(commands, tmp_path):
    folder, answer = commands
    answer("scontrol", "   Command=/elsewhere/slurm/extract.sbatch x\n   WorkDir=/y")
    spool = tmp_path / "spool" / "job7"
    spool.mkdir(parents=True)
    shutil.copy(ROOT / "slurm" / "extract.sbatch", spool / "slurm_script")
    variables = {"PATH": f"{folder}:{os.environ['PATH']}", "SLURM_JOB_ID": "7", "SLURM_SUBMIT_DIR": str(tmp_path)}
    done = subprocess.run(
        ["bash", spool / "slurm_script", "x"], env=variables, capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 2
    assert "glane's repository is not found" in done.stderr


# The end of the job's time.


@pytest.mark.parametrize(
    ("left_s", "warning_s", "expected"),
    [(120, 120, 84), (60, 120, 42), (600, 120, 420), (None, 120, 84), (-5, 120, 84), (80_000, 120, 84), (1, 10, 0.7)],
)
def test_shards_in_work_may_take_what_the_warning_left(left_s, warning_s, expected):
    """With sbatch's own --signal=USR2@60, they are dropped before the kill; with @600, not after 84 seconds."""
    assert patience_s(left_s, warning_s) == pytest.approx(expected)


class Clock:
    title = "Slurm"

    def __init__(self, *, left_s):
        self.now, self.left_s, self.asked = 1000.0, left_s, 0

    def seconds_left(self, job_id):
        assert job_id == "12"
        self.asked += 1
        return self.left_s


@pytest.mark.parametrize(
    ("interactive", "ends_at", "left_s", "near", "asked"),
    [
        ("yes", "1090", 90, True, 1),
        ("yes", "1090", None, True, 1),  # a container has no squeue
        ("yes", "1090", 5000, False, 1),  # the site has given it more time
        ("yes", "1300", 300, False, 0),  # nobody is asked before
        ("yes", "", 90, False, 0),
        ("", "1090", 90, False, 0),  # Slurm warns a batch job
    ],
)
def test_an_interactive_job_knows_its_end_by_itself(interactive, ends_at, left_s, near, asked):
    variables = {
        "SLURM_JOB_ID": "12", "GLANE_JOB_SECRET": "ab", "GLANE_ENDS_AT": ends_at, "GLANE_IS_INTERACTIVE": interactive,
    }  # fmt: skip
    clock = Clock(left_s=left_s)
    limit = TimeLimit(read_allocation(variables), clock, warning_s=120, clock=lambda: clock.now)
    assert (limit.is_near(), clock.asked) == (near, asked)
    limit.is_near()
    assert clock.asked == (asked if left_s == 5000 else 2 * asked)
    assert limit.patience_s() == pytest.approx(patience_s(left_s or (float(ends_at or 0) - clock.now), 120))


# Which code runs.


@pytest.fixture
def checkout(tmp_path):
    """A checkout as small as can be, and a library installed of it."""
    files = {"__init__.py": "", "job/launcher.py": "x = 1\n", "slurm/begin.sh": "true\n"}
    for place in ("checkout/lib/glane", "venv/glane"):
        for name, content in files.items():
            path = tmp_path / place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
    return tmp_path / "checkout", tmp_path / "venv" / "glane"


@pytest.mark.parametrize("changed", ["job/launcher.py", "slurm/begin.sh", "new.py", None])
def test_a_library_of_another_checkout_than_the_scripts_is_told(checkout, changed):
    root, package = checkout
    if changed:
        (package / changed).write_text("y = 2\n")
    (package / "job" / "notes.txt").write_text("no code")
    told = code_warning({"GLANE_ROOT": str(root)}, package)
    assert (told is not None) == (changed is not None)
    assert told is None or (str(root) in told and str(package) in told)


def test_code_that_changed_since_the_submission_is_told(checkout):
    _, package = checkout
    variables = {"GLANE_ROOT": str(package), "GLANE_CODE": mark_of_code(package)}
    assert code_warning(variables, package) is None
    (package / "job" / "launcher.py").write_text("x = 2\n")
    assert "not that of the submission" in code_warning(variables, package)
    assert code_warning({}, package) is None
    assert code_warning({"GLANE_ROOT": "/nowhere"}, package) is None


def test_this_code_is_its_own():
    assert code_warning({"GLANE_ROOT": str(ROOT)}) is None
    written = batch.script(SlurmSettings(kind="slurm"), Task(module="m", settings="{}"), label="run")
    assert f"export GLANE_CODE={mark_of_code()}" in written
