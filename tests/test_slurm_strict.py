"""On a Slurm that is as strict as a site's: memory, cores and preemption by suspension are taken for what they are."""

import json
import re

import pytest

import glane
from conftest import write_documents
from slurm_site import SLOW, wait_for

pytestmark = [pytest.mark.slurm, pytest.mark.ray]


def deaths(run):
    return [json.loads(path.read_text()) for path in (run / "ledger" / "deaths").glob("*.json")]


def test_want_of_memory_is_told_and_only_the_document_that_takes_it_is_rejected(site):
    """One job has too little for its driver; in the other one, a document makes the engine take more than there is."""
    if not site.has_memory_limits:
        pytest.skip("NOT TESTED: the kernel keeps no job within its memory here (control groups of version 1)")
    texts = [f"note {i}" + " [[swell]]" * (i == 5) for i in range(20)]
    write_documents(site.folder / "swell.parquet", texts)
    asked = ["--gpus-per-node=0", "--mem=1000M"]
    swells = site.sbatch(*asked, overrides=site.overrides(f"data.path={site.folder}/swell.parquet", pace=SLOW[2:]))
    small = site.sbatch(*asked[:1], "--mem=300M", overrides=site.overrides(f"run.dir={site.folder}/small"))
    assert site.end_of(small, 240) == ("FAILED", "1:0")
    assert "srun: error: n1: task 0: Out Of Memory" in site.log(small).replace("n2", "n1")
    if "the driver was killed" in site.log(small):  # the kernel chooses; of the task itself, Slurm alone can tell
        assert "this job had too little memory: ask for more (cluster.memory, or sbatch --mem)" in site.log(small)
    assert site.step_states(small) == ["OUT_OF_MEMORY"]
    assert deaths(site.folder / "small") == []
    assert site.end_of(swells, 240) == ("COMPLETED", "0:0"), site.log(swells)
    assert re.search(r"engine \S+ died \(out of memory: its process ended by signal 9\)", site.log(swells))
    rows = glane.open_run(site.run).all().collect()
    assert dict(zip(rows["id"], rows["status"], strict=True)) == {
        f"d{i}": "REJECTED" if i == 5 else "OK" for i in range(20)
    }


def test_a_job_that_another_one_suspends_goes_on_and_no_engine_is_taken_for_hung(site):
    """Jobs of the partition "patient" are not requeued by urgent ones: they stand still and keep their memory."""
    common = ["--nodes=1", "--nodelist=n1", "--mem=2000M"]
    job_id = site.sbatch(
        *common, "--partition=patient", "--gpus-per-node=0", "--cpus-per-task=2",
        overrides=site.overrides("data.limit=80", "run.hang_after_s=4"),
    )  # fmt: skip
    site.wait_for_parts()
    urgent = ["--partition=urgent", "--cpus-per-task=2", "--output=/dev/null", "--wrap=sleep 10"]
    urgent = site.slurm("sbatch", "--parsable", *common, *urgent)
    wait_for(lambda: site.slurm("squeue", "--noheader", "--format=%T", f"--jobs={job_id}") == "SUSPENDED", 60)
    assert [one["state"] for one in site.status()["jobs"]] == ["SUSPENDED"]
    assert site.end_of(urgent) == ("COMPLETED", "0:0")
    assert site.end_of(job_id) == ("COMPLETED", "0:0"), site.log(job_id)
    assert len(site.history(job_id)) == 1
    assert deaths(site.run) == []
    site.assert_complete(count=80)
