"""The site's file, as Python and the scripts of shell read it."""

import itertools
import os
import re
import subprocess

import pytest
from pydantic import ValidationError

from conftest import ROOT, job, write_documents
from glane.cluster.paced import PacedJobs
from glane.cluster.scheduler import Job, Task
from glane.cluster.slurm import batch, refusals
from glane.cluster.slurm.site_file import gpu_options, read_site, shell_lines, with_site
from glane.errors import ConfigError
from glane.settings import SlurmSettings
from glane.settings.site import SiteSettings

FULL = """\
# A comment
partition: gpu,urgent   # a list
account: "epi-1"
qos: 'night'
constraint: [h100|a100]*2
time: "1-08:00:00"
gpus_as: gres
max_array: 7
environment: |
  # modules
  module load "gcc 13"  # with ' and "

  export NAME="a: b"
  if true; then
    export INNER=$NAME
  fi
least_poll_s: 10
kept_days: 3
interface: ib0
submission_dir: /shared/state
"""
FULL = FULL.replace("constraint: [h100|a100]*2", "constraint: '[h100|a100]*2'")


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Write the site's file."""

    def write(text):
        path = tmp_path / "the site.yaml"
        path.write_text(text)
        monkeypatch.setenv("GLANE_SITE", str(path))
        return path

    for name in [name for name in os.environ if name.startswith("SBATCH_")]:
        monkeypatch.delenv(name)
    return write


def cluster(**changes):
    return SlurmSettings(kind="slurm", **changes)


def sourced(path, command, **variables):
    """What a shell has after `. slurm/site.sh`."""
    told = {"PATH": os.environ["PATH"], "GLANE_SITE": str(path), **variables}
    done = subprocess.run(
        ["bash", "-c", f". {ROOT}/slurm/site.sh; {command}"], env=told, capture_output=True, text=True, check=True
    )
    return done.stdout, done.stderr


def test_the_example_is_right_and_says_what_is_so_without_it(site):
    site((ROOT / "slurm" / "site_example.yaml").read_text())
    found = read_site()
    assert set(SiteSettings.model_fields) == set(found.model_fields_set)
    changed = {"partition": "gpu", "time": "8:00:00", "least_poll_s": 10.0, "environment": found.environment}
    assert found == SiteSettings(**changed)
    assert "GLANE_CONTAINER" in found.environment


def test_both_ways_of_submission_ask_for_the_same(site):
    path = site(FULL)
    filled = with_site(cluster())
    told, error = sourced(path, "env | grep ^SBATCH_ | sort")
    assert error == ""
    assert told.splitlines() == [
        f"SBATCH_ACCOUNT={filled.account}", f"SBATCH_CONSTRAINT={filled.constraint}",
        f"SBATCH_PARTITION={filled.partition}", f"SBATCH_QOS={filled.qos}", f"SBATCH_TIMELIMIT={filled.time}",
    ]  # fmt: skip
    assert (filled.account, filled.constraint, filled.time) == ("epi-1", "[h100|a100]*2", "1-08:00:00")
    assert (filled.partition, filled.qos) == ("gpu,urgent", "night")
    assert (filled.interface, filled.submission_dir) == ("ib0", "/shared/state")


def test_what_a_user_tells_overrules_the_site(site, monkeypatch):
    path = site(FULL)
    found = with_site(cluster(partition="mine", sbatch={"qos": "day"}, interface="eth0"))
    assert (found.partition, found.qos, found.interface, found.account) == ("mine", None, "eth0", "epi-1")
    monkeypatch.setenv("SBATCH_TIMELIMIT", "10")
    assert with_site(cluster()).time is None
    told, _ = sourced(path, "env | grep -E '^SBATCH_(TIME|QOS)' | sort", SBATCH_TIMELIMIT="10")
    assert told == "SBATCH_QOS=night\nSBATCH_TIMELIMIT=10\n"


@pytest.mark.parametrize("text", ["kept_days: 9\n", "partition: null\nqos: ~\n", "# nothing\npartition: # yet\n"])
def test_what_the_site_leaves_open_is_left_to_slurm(site, text):
    path = site(text)
    assert with_site(cluster()) == cluster()
    assert sourced(path, "env | grep ^SBATCH_; true") == ("", "")


def test_its_lines_of_shell_run_before_the_work(site, tmp_path):
    """In both scripts: begin.sh is what they share."""
    path = site(FULL.replace('module load "gcc 13"', f'echo "$0" > {tmp_path}/seen'))
    lines = shell_lines(path.read_text())
    assert lines.strip() == read_site().environment.strip()
    script = 'source "$GLANE_ROOT/slurm/begin.sh"; echo "$INNER|$GLANE_SITE"'
    told = {"PATH": os.environ["PATH"], "GLANE_ROOT": str(ROOT), "SLURM_JOB_ID": "7", "SLURM_JOB_NUM_NODES": "1"}
    done = subprocess.run(
        ["bash", "-c", script], env=told | {"GLANE_SITE": str(path)}, capture_output=True, text=True, cwd=tmp_path,
        check=True,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == (f"a: b|{path}\n", "")
    assert (tmp_path / "seen").exists()
    written = batch.script(cluster(submission_dir=str(tmp_path / "s")), Task(module="m", settings="{}"), label="run")
    assert f"export GLANE_SITE='{path}'" in written
    assert written.index("GLANE_SITE") < written.index("begin.sh")


def _python_on_the_nodes(path, folder, **variables):
    """The words that run Python on the nodes, and what was said."""
    script = 'source "$GLANE_ROOT/slurm/begin.sh"; printf "%s\\n" "${GLANE_PYTHON[@]}"'
    told = {"PATH": os.environ["PATH"], "GLANE_ROOT": str(ROOT), "SLURM_JOB_ID": "7", "SLURM_JOB_NUM_NODES": "1"}
    told |= {"GLANE_SITE": str(path), **variables}
    done = subprocess.run(["bash", "-c", script], env=told, capture_output=True, text=True, cwd=folder, check=True)
    return done.stdout.splitlines(), done.stderr


def test_a_container_sees_the_folders_that_the_site_names(site, tmp_path):
    """Of weights, documents and runs, which lie outside the repository; one that a node lacks does not end the job."""
    weights, documents = tmp_path / "the weights", tmp_path / "documents"
    weights.mkdir()
    documents.mkdir()
    path = site(
        "environment: |\n  export GLANE_CONTAINER=/shared/glane.sif\n"
        f"  export GLANE_BIND='{weights},{documents}:/data,{tmp_path}/none'\n"
    )
    words, said = _python_on_the_nodes(path, tmp_path, TMPDIR="/local/7")
    assert words[:4] == ["apptainer", "exec", "--nv", "--bind"]
    assert words[4].split(",") == [str(ROOT), str(tmp_path), "/local/7", str(weights), f"{documents}:/data"]
    assert words[5:] == ["/shared/glane.sif", "python3"]
    assert said == f"warning: GLANE_BIND: there is no {tmp_path}/none on this node; the container does without\n"


def test_without_a_container_nothing_is_bound(site, tmp_path):
    path = site("partition: gpu\n")
    words, said = _python_on_the_nodes(path, tmp_path, GLANE_BIND="/nowhere", GLANE_VENV="/venv")
    assert (words, said) == (["/venv/bin/python3"], "")


def test_what_a_site_says_is_sent_to_its_file_and_not_to_a_script():
    """A script is replaced with each version of glane; site.yaml is the site's own."""
    told = [
        *(ROOT / "lib/glane").rglob("*.py"),
        ROOT / "slurm/glane.def",
        ROOT / "slurm/README.md",
        ROOT / "docs/site.md",
    ]
    wrong = [str(path.relative_to(ROOT)) for path in told if re.search(r"(?<!\.slurm/)\benv\.sh", path.read_text())]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("partitoin: gpu", "partitoin: unknown key. Did you mean 'partition'"),
        ("partition: two words", "partition: "),
        ("time: 4:00:00", "in quotes"),
        ("gpus_as: tres", "gpus_as: "),
        ("least_poll_s: 0.1", "least_poll_s: "),
        ("max_array: none", "max_array: "),
        ("environment: >\n  module load a\n  module load b", "Write 'environment: |'"),
        ('environment: "module load a"', "Write 'environment: |'"),
        ("environment: |\n    module load a\n    module load b", "each after two blanks"),
        ("- partition", "the site.yaml"),
        ("partition: [a", "the site.yaml"),
    ],
)
def test_a_wrong_file_is_told_with_its_place(site, text, told):
    path = site(text + "\n")
    with pytest.raises(ConfigError) as error:
        read_site()
    assert told in str(error.value)
    assert str(path) in str(error.value)


def test_a_file_that_is_not_there_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("GLANE_SITE", str(tmp_path / "none.yaml"))
    with pytest.raises(ConfigError, match="GLANE_SITE: .*none.yaml is not there"):
        read_site()
    assert "cannot be read" in sourced(tmp_path / "none.yaml", "true")[1]


def test_the_whole_way_in_reads_the_file(site, tmp_path):
    path = site("partition: gpu\ngpus_as: gres\ntime: '2:00:00'\n")
    data = write_documents(tmp_path / "d.parquet", ["a"])
    words = [
        "cluster=slurm", "cluster.dry_run=true", "cluster.gpus_per_node=h100:2", "model=scripted", f"data.path={data}",
        f"run.dir={tmp_path}/run", f"cluster.submission_dir={tmp_path}/s",
    ]  # fmt: skip
    done = job(*words, env={**os.environ, "GLANE_SITE": str(path)})
    asked = [line for line in done.stdout.splitlines() if line.startswith("#SBATCH")]
    for option in ("--partition=gpu", "--gres=gpu:h100:2", "--time=2:00:00"):
        assert f"#SBATCH {option}" in asked
    assert not [line for line in asked if "gpus-per-node" in line]


# How GPUs are asked for.


@pytest.mark.parametrize(
    ("gpus_as", "changes", "expected"),
    [
        ("gpus-per-node", {"gpus_per_node": "h100:4"}, {"gpus-per-node": "h100:4"}),
        ("gpus-per-node", {}, {}),
        ("gres", {"gpus_per_node": 4}, {"gres": "gpu:4"}),
        ("gres", {"gpus_per_node": "h100"}, {"gres": "gpu:h100"}),
        ("gres", {"gpus_per_node": "a100:2,1g.10gb:3"}, {"gres": "gpu:a100:2,gpu:1g.10gb:3"}),
        ("gres", {"gpus_per_node": 2, "sbatch": {"gres": "tmpdisk:100"}}, {"gres": "gpu:2,tmpdisk:100"}),
        ("gpus", {"gpus_per_node": 4, "nodes": 2}, {"gpus": "8"}),
        ("gpus", {"gpus_per_node": "h100", "nodes": 3}, {"gpus": "h100:3"}),
        ("gpus", {"gpus_per_node": "h100:4", "nodes": 2}, {"gpus": "h100:8"}),
    ],
)
def test_gpus_are_asked_for_in_the_sites_way(gpus_as, changes, expected):
    assert gpu_options(cluster(**changes), SiteSettings(gpus_as=gpus_as)) == expected


@pytest.mark.parametrize(
    ("sbatch", "nodes", "count"),
    [
        ({"gres": "gpu:h100:4"}, 1, 4),
        ({"gres": "tmpdisk:900,gpu:2"}, 1, 2),
        ({"gres": "gpu"}, 1, 1),
        ({"gres": "gpu:1g.10gb:3"}, 1, 3),
        ({"gres": "none"}, 1, 0),
        ({"gpus": 8}, 2, 4),
        ({"gpus_per_node": "h100:2"}, 2, 2),
        ({"gres": "tmpdisk:900"}, 1, 0),
    ],
)
def test_gpus_are_counted_in_whatever_way_they_are_asked_for(sbatch, nodes, count):
    assert cluster(sbatch=sbatch, nodes=nodes).num_gpus_per_node == count


@pytest.mark.parametrize("sbatch", [{"gres": "gpu:4"}, {"gpus": 4}, {"gpus-per-task": 1}, {"gpus_per_node": 1}])
def test_gpus_are_not_asked_for_in_two_ways(sbatch):
    with pytest.raises(ValidationError, match="set one of them"):
        cluster(gpus_per_node=4, sbatch=sbatch)
    assert cluster(gpus_per_node=4, sbatch={"gres": "tmpdisk:1"}).gpus_per_node == 4


# Habits.


def test_an_array_is_as_large_as_the_site_takes(site, monkeypatch):
    site("max_array: 7\n")
    monkeypatch.setattr(refusals, "run", lambda *_: (1, "", ""))
    assert "cluster.array: 8; the site takes arrays of at most 7" in refusals.complaint(cluster(array=8), lambda: False)
    assert refusals.complaint(cluster(array=7), lambda: False) is None


@pytest.mark.parametrize("least_s", [2.0, 10.0, 60.0])
def test_slurm_is_asked_as_seldom_as_the_site_wants(least_s):
    now, asked = [0.0], []
    paced = PacedJobs(
        lambda names: asked.append(now[0]) or [Job(name=name, state="RUNNING") for name in names],
        clock=lambda: now[0], first_s=least_s,
    )  # fmt: skip
    for second in range(1200):
        now[0] = float(second)
        paced(["1"], now=second > 600)
    gaps = [after - before for before, after in itertools.pairwise(asked)]
    assert min(gaps) == least_s
    assert max(gaps) == max(least_s, 30)
