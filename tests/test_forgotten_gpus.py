"""A model that needs GPUs, submitted without any to nodes that have some: refused before anything is queued."""

import pytest

from conftest import make_settings, stand_ins, write_documents
from glane.cluster.slurm.scheduler import Slurm
from glane.errors import ConfigError
from glane.job.doctor.check import _gpus_asked
from glane.job.submit import submit
from glane.settings import SlurmSettings

PARTITIONS = """\
PartitionName=gpu Default=YES MaxTime=UNLIMITED TotalNodes=4 OverSubscribe=NO
PartitionName=cpu Default=NO MaxTime=UNLIMITED TotalNodes=4 OverSubscribe=NO
PartitionName=big Default=NO MaxTime=UNLIMITED TotalNodes=4 OverSubscribe=NO
PartitionName=whole Default=NO MaxTime=UNLIMITED TotalNodes=4 OverSubscribe=EXCLUSIVE
"""
SCONTROL = """\
case "$*" in
*partition*) cat <<'END'
{partitions}
END
;;
*config*) echo "JobSubmitPlugins        = {plugins}";;
esac
"""
SINFO = """\
echo asked >> "$(dirname "$0")/asked"
for partition in $(grep -oP '(?<=--partition=)\\S+' <<< "$*" | tr , ' '); do
case "$partition" in
cpu) echo "cpu|(null)";;
big) echo "big|gpu:8";;
*) echo "$partition|gpu:h100:4(S:0-1)"; echo "$partition|(null)";;
esac
done
"""


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """Stand-ins for Slurm's commands: two partitions with GPUs (the default one, too), one without, one of whole nodes."""
    folder = tmp_path / "commands"
    answer = stand_ins(folder)

    answer("scontrol", SCONTROL.format(partitions=PARTITIONS, plugins="(null)"))
    answer("sinfo", SINFO)
    answer("srun", "exit 0")
    answer("sacctmgr", "exit 1")
    answer("sbatch", f"echo submitted >> {tmp_path}/queued; echo Submitted batch job 7")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.delenv("GLANE_DEVICE", raising=False)
    monkeypatch.delenv("GLANE_SITE", raising=False)
    return answer


def told(**changes):
    return Slurm().forgotten_gpus(SlurmSettings(kind="slurm", **changes))


def test_a_submission_without_gpus_is_refused_and_nothing_is_queued(tmp_path, slurm, monkeypatch):
    data = write_documents(tmp_path / "d.parquet", ["a"])
    cluster = {"kind": "slurm", "partition": "gpu", "submission_dir": str(tmp_path / "s")}
    settings = make_settings(data, tmp_path / "run", cluster=cluster)
    settings = settings.model_copy(update={"model": settings.model.model_copy(update={"engine": "vllm"})})
    monkeypatch.setattr("glane.job.submit.check_submission", lambda _: None)  # of weights that are not there
    with pytest.raises(ConfigError, match=r"cluster\.gpus_per_node: no GPU") as refusal:
        submit(settings)
    for words in ("partition 'gpu' has up to 4", "cluster.gpus_per_node=1", "GLANE_DEVICE=cpu"):
        assert words in str(refusal.value)
    assert not (tmp_path / "queued").exists()
    assert not (tmp_path / "run").exists()


def test_an_engine_that_needs_none_is_submitted(tmp_path, slurm):
    data = write_documents(tmp_path / "d.parquet", ["a"])
    cluster = {"kind": "slurm", "partition": "gpu", "submission_dir": str(tmp_path / "s"), "parsable": True}
    assert submit(make_settings(data, tmp_path / "run", cluster=cluster)).job_id == "7"


@pytest.mark.parametrize(
    "changes",
    [
        {"gpus_per_node": 1}, {"sbatch": {"gres": "gpu:1"}}, {"sbatch": {"tres-per-task": "gres/gpu:1"}},
        {"sbatch": {"exclusive": True}}, {"partition": "cpu"}, {"partition": "cpu,gpu"}, {"partition": "unknown"},
        {"partition": "whole"}, {"setup": ["export GLANE_DEVICE=cpu"]}, {"sbatch": {"clusters": "other"}},
    ],
)  # fmt: skip
def test_what_asks_for_gpus_or_may_do_without_is_left_alone(slurm, changes):
    assert told(**changes) is None


def test_the_default_partition_is_meant_where_none_is_named(slurm):
    assert "'gpu'" in told()


def test_several_partitions_are_asked_about_at_once(slurm, tmp_path):
    assert "a node of partition 'gpu' has up to 4; a node of partition 'big' has up to 8." in told(partition="gpu,big")
    assert (tmp_path / "commands" / "asked").read_text().split() == ["asked"]
    slurm("sinfo", "echo 'gpu|gpu:4'")  # nothing of the other one
    assert told(partition="gpu,big") is None


@pytest.mark.parametrize(
    ("changes", "gpus"),
    [
        ({}, 4),
        ({"partition": "cpu"}, 0),
        ({"partition": "cpu,big,gpu"}, 8),
        ({"partition": "unknown"}, None),
        ({"sbatch": {"clusters": "other"}}, None),
    ],
)
def test_the_gpus_of_nodes_are_looked_up_where_the_job_may_go(slurm, changes, gpus):
    assert Slurm().most_gpus(SlurmSettings(kind="slurm", **changes)) == gpus


@pytest.mark.parametrize(
    ("name", "value"), [("SBATCH_GPUS", "4"), ("SBATCH_GRES", "gpu:1"), ("SBATCH_PARTITION", "cpu"), ("GLANE_DEVICE", "cpu")]
)  # fmt: skip
def test_variables_of_sbatch_and_work_on_cpus_are_heard(slurm, monkeypatch, name, value):
    assert told() is not None
    monkeypatch.setenv(name, value)
    assert told() is None


def test_a_site_that_says_cpus_or_adds_gpus_itself_is_left_alone(slurm, monkeypatch, tmp_path):
    slurm("scontrol", SCONTROL.format(partitions=PARTITIONS, plugins="lua"))
    assert told() is None
    slurm("scontrol", SCONTROL.format(partitions=PARTITIONS, plugins="(null)"))
    (tmp_path / "site.yaml").write_text("environment: |\n  export GLANE_DEVICE=cpu\n")
    monkeypatch.setenv("GLANE_SITE", str(tmp_path / "site.yaml"))
    assert told() is None


def test_a_slurm_that_does_not_answer_is_no_reason_to_refuse(slurm):
    slurm("sinfo", "exit 1")
    assert told() is None
    slurm("scontrol", "exit 1")
    assert told() is None


def test_doctor_fails_with_what_a_submission_would_be_refused_with(slurm):
    found = _gpus_asked(SlurmSettings(kind="slurm", partition="gpu"), None)
    assert (found.state, "cluster.gpus_per_node=1" in found.seen) == ("failed", True)
    assert _gpus_asked(SlurmSettings(kind="slurm", gpus_per_node="h100:2"), None).state == "ok"
