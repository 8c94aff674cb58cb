"""How a job is handed to Slurm, on a machine without one: the script, its files, and who may change them."""

import ast
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from pydantic import ValidationError

from conftest import SMALL_TASK, job, make_settings, several, write_documents
from glane.cluster.private_folder import make_private_folder
from glane.cluster.scheduler import Task
from glane.cluster.slurm import batch, lost, site_file
from glane.cluster.slurm.scheduler import Slurm
from glane.cluster.slurm.variables import hidden
from glane.errors import ConfigError, RunError
from glane.job.submit import run_on_cluster, submit
from glane.run.directory import run_directory
from glane.run.environment import environment
from glane.run.starts import job_names
from glane.settings import SlurmSettings
from other_users import ALICE, BOB, GROUP, TWO_USERS, acting_as, shell


def cluster(**changes):
    return SlurmSettings(kind="slurm", **changes)


HELLO = Task(module="glane.job.node", settings=json.dumps({"text": 'l\'été à 5 %, "$HOME" `x`'}))


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
        HELLO, label="run",
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
    assert ' "${GLANE_PYTHON[@]}" -u -P -m glane.job.node < <(printf %s "$GLANE_SETTINGS") # ' in lines[srun]


def test_what_is_not_set_is_left_to_the_site():
    """submitit would ask for five minutes, and for a key of its own."""
    assert set(options(batch.script(cluster(), HELLO, label="run"))) == {
        "nodes", "ntasks-per-node", "job-name", "signal", "requeue", "no-kill", "open-mode", "output"
    }  # fmt: skip


def test_an_array_keeps_the_command_of_the_nodes():
    script = batch.script(cluster(array=20, array_parallel=4, python="in_image python3"), HELLO, label="run")
    assert options(script)["array"] == "0-19%4"
    assert options(script)["output"].endswith("/%A_%a_0_log.out")
    assert " in_image python3 -u -P -m glane.job.node <" in script
    assert sys.executable not in script
    assert options(batch.script(cluster(array=3, array_parallel=9), HELLO, label="run"))["array"] == "0-2%3"


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


def test_all_jobs_of_an_array_have_a_log_of_their_own(tmp_path, sbatch):
    found = batch.submit(cluster(array=3, submission_dir=str(tmp_path / "s")), HELLO, label="my run")
    assert found.job_names == ("30_0", "30_1", "30_2")
    assert found.cancel_command == "scancel 30"
    folder = found.log.parent
    assert folder.parent == tmp_path / "s"
    assert folder.name.startswith("my_run-")
    assert found.log.name == "30_0_0_log.out"


@pytest.mark.parametrize("place", ["s", "a b", "l'été", 'x"y', "100%j", "(2)", "a#b", "$HOME", "a;b&c"])
def test_the_script_runs_the_module_with_its_settings_and_no_pickle(tmp_path, sbatch, place):
    """Run as Slurm runs it, with a stand-in for srun: its command line is run, and its log is where it was told."""
    base = tmp_path / place
    found = batch.submit(cluster(submission_dir=str(base), python=f"{tmp_path}/python"), HELLO, label="run")
    (tmp_path / "python").write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\ncat > {tmp_path}/settings\n')
    (sbatch.parent / "srun").write_text(
        "#!/bin/bash\nwhile [[ $1 == -* ]]; do [[ $1 == --output ]] && { out=$2; shift; }; shift; done\n"
        f'printf %s "$out" > {tmp_path}/log\nexec "$@"\n'
    )
    (tmp_path / "python").chmod(0o755)
    variables = {"SLURM_JOB_ID": "30", "SLURM_JOB_NUM_NODES": "1", "PATH": os.environ["PATH"]}
    done = subprocess.run(["bash", tmp_path / "script"], env=variables, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")  # alone, the task says all by its own exit code
    assert (tmp_path / "asked").read_text() == "-u -P -m glane.job.node\n"
    assert (tmp_path / "settings").read_text() == HELLO.settings
    placeholders = {"%j": "30", "%t": "0", "%%": "%"}
    log = re.sub("%.", lambda found: placeholders[found[0]], (tmp_path / "log").read_text())
    assert log == str(found.log)
    assert {path.name for path in found.log.parent.iterdir()} == {"submission.sh", "submission.json"}
    assert (found.log.parent / "submission.sh").read_text() == (tmp_path / "script").read_text()


def test_a_node_says_what_is_wrong_with_what_it_was_given():
    command = [sys.executable, "-m", "glane.job.node"]
    done = subprocess.run(command, input="", capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "cluster.python" in done.stderr


@pytest.mark.parametrize(
    ("changes", "variable", "is_hidden"),
    [
        ({"memory": "4G"}, "SBATCH_MEM_PER_CPU", True),
        ({"sbatch": {"mem-per-cpu": "4G"}}, "SBATCH_MEM_PER_NODE", True),
        ({}, "SBATCH_MEM_PER_CPU", False),
        ({"sbatch": {"reservation": "night"}}, "SBATCH_RESERVATION", True),
        ({"sbatch": {"gres": "gpu:1"}}, "SBATCH_GPUS_PER_NODE", True),
        ({"sbatch": {"partition": "urgent"}}, "SBATCH_PARTITION", True),
        ({}, "SBATCH_RESERVATION", False),
        ({}, "SBATCH_ARRAY_INX", True),
        ({}, "SLURM_TRES_PER_TASK", True),
        ({}, "SLURM_HINT", True),
        ({}, "SRUN_CPUS_PER_TASK", True),
        ({}, "SLURM_JWT", False),
        ({}, "SLURM_CONF_SERVER", False),
        ({}, "SLURM_TMPDIR", False),
    ],
)
def test_sbatch_sees_what_the_settings_leave_alone(changes, variable, is_hidden):
    assert (hidden(cluster(**changes), {variable: "1"}) == [variable]) == is_hidden


def test_options_of_sbatch_can_be_taken_away_and_added():
    asked = options(batch.script(cluster(sbatch={"requeue": False, "no-kill": False, "mail_type": "END", "nice": 100}),
                                 HELLO, label="run"))  # fmt: skip
    assert {"no-requeue", "mail-type", "nice"} <= set(asked)
    assert {"requeue", "no-kill"}.isdisjoint(asked)


def test_an_enclosing_job_does_not_change_the_request(tmp_path, slurm, monkeypatch):
    """A real scontrol, where there is one, would wait for half a minute for the Slurm that is told."""
    for name in ("SLURM_NTASKS", "SBATCH_TIMELIMIT", "SBATCH_ACCOUNT", "SUBMITIT_FOLDER", "SLURM_CONF"):
        monkeypatch.setenv(name, "7")
    batch.submit(cluster(time="1:00:00", submission_dir=str(tmp_path / "s")), HELLO, label="run")
    seen = {line.partition("=")[0] for line in (tmp_path / "environment").read_text().splitlines()}
    assert seen.isdisjoint({"SLURM_NTASKS", "SBATCH_TIMELIMIT", "SUBMITIT_FOLDER"})
    assert {"SLURM_CONF", "SBATCH_ACCOUNT"} <= seen  # which Slurm, and a default that the settings leave alone
    assert os.environ["SBATCH_TIMELIMIT"] == "7"


def aged(folder, days):
    for path in (*folder.iterdir(), folder):
        os.utime(path, (0, time.time() - days * 86400))


@pytest.fixture
def slurm(tmp_path, sbatch):
    """Stand-ins for squeue and scontrol; what they answer can be written."""
    for name, answer in (("squeue", "30\n31_0\n"), ("scontrol", "ClusterName = here\n")):
        (tmp_path / name).write_text(answer)
        (sbatch.parent / name).write_text(f"#!/bin/sh\ncat {tmp_path}/{name}\n")
        (sbatch.parent / name).chmod(0o755)
    return tmp_path


def submitted(base, **changes):
    return batch.submit(cluster(submission_dir=str(base), **changes), HELLO, label="run").log.parent


@pytest.mark.parametrize(
    ("what", "stays"),
    [("over", False), ("young", True), ("queued", True), ("elsewhere", True), ("no record", True), ("damaged", True),
     ("foreign file", True), ("fresh log", True), ("squeue fails", True), ("link", True)],
)  # fmt: skip
def test_old_folders_are_removed_if_they_are_ours_and_slurm_has_no_such_job(slurm, sbatch, what, stays):
    base = slurm / "s"
    folder = submitted(base)
    (folder / "30_0_log.out").write_text("log")
    if what != "queued":
        (slurm / "squeue").write_text("29\n31_0\n")
    if what == "elsewhere":
        (slurm / "scontrol").write_text("ClusterName = there\n")
    elif what == "no record":
        (folder / "submission.json").unlink()
    elif what == "damaged":
        (folder / "submission.json").write_text("{")
    elif what == "foreign file":
        (folder / "notes.txt").write_text("mine")
    elif what == "squeue fails":
        (sbatch.parent / "squeue").write_text("#!/bin/sh\necho 29\nexit 1\n")
    elif what == "link":
        folder = folder.rename(slurm / "kept")
        (base / "run-link").symlink_to(folder)
    aged(folder, days=29 if what == "young" else 31)
    if what == "fresh log":
        os.utime(folder / "30_0_log.out")
    before = set(folder.iterdir())
    newer = submitted(base)
    assert folder.exists() == stays
    assert not stays or set(folder.iterdir()) == before
    assert newer.exists()


def test_an_array_is_kept_as_long_as_one_of_its_jobs_is_in_the_queue(slurm):
    (slurm / "squeue").write_text("30_1\n")
    folder = submitted(slurm / "s", array=3)
    aged(folder, days=99)
    submitted(slurm / "s")
    assert folder.exists()


def test_a_refusal_leaves_no_files(tmp_path, sbatch):
    sbatch.write_text("#!/bin/sh\necho 'sbatch: error: Batch job submission failed: Invalid qos' >&2; exit 1\n")
    with pytest.raises(ConfigError, match=r"Slurm refuses the job: .*Invalid qos.\nChange cluster.qos=gold"):
        batch.submit(cluster(qos="gold", submission_dir=str(tmp_path / "s")), HELLO, label="run")
    assert list((tmp_path / "s").iterdir()) == []


# A submission that gets no answer.

TIMED_OUT = "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"


@pytest.fixture
def silent(tmp_path, sbatch, monkeypatch):
    """sbatch takes the job (or not) and gets no answer; what squeue and scontrol then say can be set."""
    monkeypatch.setattr(lost, "_PAUSES_S", (0, 0, 0))
    sbatch.write_text(
        f'#!/bin/sh\ngrep -h "^#SBATCH --output" "$1" | cut -d= -f2 > {tmp_path}/output\n'
        f'echo "{TIMED_OUT}" >&2\nexit 1\n'
    )

    def answer(squeue, scontrol):
        for name, text in (("squeue", squeue), ("scontrol", scontrol)):
            (sbatch.parent / name).write_text(f"#!/bin/bash\n{text}\n")
            (sbatch.parent / name).chmod(0o755)

    return answer


def test_a_job_that_slurm_took_without_telling_is_found_by_its_log(tmp_path, silent, capsys):
    others = "[[ $3 == 31 ]] && echo StdOut=/x/run-other/31_0_log.out"
    mine = f'[[ $3 == 30 ]] && echo "   StdOut=$(sed s/%j/30/ {tmp_path}/output)"'
    silent("echo 29; echo 30; echo 30; echo 31", f"{others}\n{mine}\ntrue")
    found = batch.submit(cluster(submission_dir=str(tmp_path / "s")), HELLO, label="run")
    assert (found.job_id, found.job_names) == ("30", ("30",))
    assert found.log.parent.parent == tmp_path / "s"
    assert 'glane.job.node < <(printf %s "$GLANE_SETTINGS")' in (found.log.parent / "submission.sh").read_text()
    told = capsys.readouterr().err
    assert "Socket timed out on send/recv operation" in told
    assert "job 30" in told


def test_a_job_that_slurm_did_not_take_is_a_refusal_after_a_look(tmp_path, silent):
    silent(f"echo x >> {tmp_path}/looks; echo 31", "echo StdOut=/x/run-other/31_0_log.out")
    with pytest.raises(ConfigError, match="Socket timed out"):
        batch.submit(cluster(submission_dir=str(tmp_path / "s")), HELLO, label="run")
    assert (tmp_path / "looks").read_text() == "x\n" * 2
    assert list((tmp_path / "s").iterdir()) == []


def test_a_slurm_that_says_nothing_at_all_costs_neither_log_nor_run(tmp_path, silent, monkeypatch):
    silent("exit 1", "exit 1")
    monkeypatch.setattr(Slurm, "complaint", lambda *_: None)
    told = {"kind": "slurm", "submission_dir": str(tmp_path / "s"), "job_name": "night"}
    data = write_documents(tmp_path / "d.parquet", ["a"])
    with pytest.raises(RunError, match=r"nobody knows whether there is a job.* squeue --name=night --user=\d+"):
        submit(make_settings(data, tmp_path / "run", cluster=told))
    assert (tmp_path / "run" / ".glane-run").exists()
    assert len(list((tmp_path / "s").iterdir())) == 1


@pytest.mark.parametrize(
    ("says", "is_open"),
    [
        (TIMED_OUT, True),
        ("sbatch: error: Batch job submission failed: Zero Bytes were transmitted or received", True),
        ("sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)", True),
        ("sbatch: error: Batch job submission failed: Invalid qos specification", False),
        ("sbatch: error: Batch job submission failed: Requested time limit is invalid (missing or exceeds)", False),
    ],
)
def test_a_refusal_is_told_from_silence(says, is_open):
    assert lost.got_no_answer(says) == is_open


# For other programs.


@pytest.mark.parametrize(("changes", "printed"), [({}, "30\n"), ({"array": 3}, "30\n")])
def test_the_id_of_the_job_alone_is_printed(tmp_path, sbatch, monkeypatch, capsys, changes, printed):
    monkeypatch.setattr(Slurm, "complaint", lambda *_: None)
    data = write_documents(tmp_path / "d.parquet", ["a"])
    told = {"kind": "slurm", "submission_dir": str(tmp_path / "s"), "parsable": True, "dependency": "29", **changes}
    submit(make_settings(data, tmp_path / "run", cluster=told))
    assert capsys.readouterr().out == printed
    assert options((tmp_path / "script").read_text())["dependency"] == "afterok:29"


def test_a_job_of_several_tasks_is_told_of_in_the_run_of_each(tmp_path, sbatch, monkeypatch, capsys):
    monkeypatch.setattr(Slurm, "complaint", lambda *_: None)
    data = write_documents(tmp_path / "d.parquet", ["a"])
    told = {"kind": "slurm", "submission_dir": str(tmp_path / "s")}
    settings = several(make_settings(data, tmp_path / "run", cluster=told), SMALL_TASK | {"name": "other"})
    submit(settings)
    script = (tmp_path / "script").read_text()
    assert script.count(str(tmp_path / "run" / "other")) == 1  # the job is given the tasks of all, and their runs
    printed = capsys.readouterr().out
    for one in settings.each():
        assert job_names(run_directory(one.run)) == ["30"]
        assert f"run        {one.run.dir}\n" in printed
    sbatch.write_text("#!/bin/sh\necho sbatch: error: invalid >&2\nexit 1\n")
    refused = several(make_settings(data, tmp_path / "refused", cluster=told), SMALL_TASK | {"name": "other"})
    with pytest.raises(ConfigError):
        submit(refused)
    assert not [one for one in refused.each() if Path(one.run.dir).exists()]


@pytest.mark.parametrize(
    ("told", "asked"),
    [("afterok:123", "afterok:123"), (123, "afterok:123"), ("7_1", "afterok:7_1"), ("singleton", "singleton"),
     ("afterok:1:2,afterany:3", "afterok:1:2,afterany:3"), ("after:1+5?afternotok:2_*", "after:1+5?afternotok:2_*")],
)  # fmt: skip
def test_jobs_may_wait_for_others(told, asked):
    assert options(batch.script(cluster(dependency=told), HELLO, label="run"))["dependency"].strip("'") == asked


@pytest.mark.parametrize("told", ["afterok", "afterok:", "after ok:1", "afterok:x", "-1", "1,2", "afterok:1,"])
def test_what_is_no_dependency_is_refused(told):
    with pytest.raises(ValidationError, match="afterok:123"):
        cluster(dependency=told)


def test_the_id_alone_goes_with_nothing_else_that_prints(tmp_path):
    with pytest.raises(ValidationError, match="parsable prints the id"):
        cluster(parsable=True, dry_run=True)
    data = write_documents(tmp_path / "d.parquet", ["a"])
    settings = make_settings(data, tmp_path / "run", cluster={"kind": "slurm", "parsable": True, "wait": True}, show=3)
    with pytest.raises(ConfigError, match="leave one of them out"):
        run_on_cluster(settings)


# Who may change what will run.


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
        (folder / "submission.sh").write_bytes(b"alice's")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    for attack in (
        f"mv {folder} {folder}.was",
        f"mv {folder.parent} {folder.parent}.was",
        f"rm -f {folder}/submission.sh",
        f"echo x > {folder}/submission.sh",
        f"echo x > {folder}/31_0_log.out",
        f"ln -s /etc/passwd {folder}/30_0_log.out",
        f"ls {folder}",
        f"touch {folder.parent}/x",
        f"chmod 777 {folder}",
    ):
        code, error = shell(BOB, attack)
        assert (code != 0, "denied" in error or "not permitted" in error) == (True, True), attack
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


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
    environment()  # imports what a submission needs: Python's own files may be closed to other users
    monkeypatch.setattr(site_file, "_BESIDE_THE_SCRIPTS", shared / "none.yaml")  # and so may this checkout
    with acting_as(ALICE):
        submit(settings)
    (folder,) = (shared / "home" / "state" / "glane" / "slurm").iterdir()
    assert f"tail -F {folder}/30_0_log.out" in capsys.readouterr().out
    assert {path.name for path in folder.glob("[!.]*")} == {"submission.sh", "submission.json"}
    names = {path.name for path in (shared / "project" / "run").rglob("*") if path.is_file()}
    assert names == {".glane-run", "submissions.jsonl"}
