"""On a real Slurm with two users: what one of them does harms nothing of the other's, and shows nothing of it."""

import shutil

import polars as pl
import pytest

from conftest import write_documents
from slurm_users import Colleagues

pytestmark = [pytest.mark.slurm, pytest.mark.ray]

# A shard takes six seconds, and the run two minutes: it is ended when all has been tried.
PACE = ["+model.script.seconds_per_step=6", "model.max_num_seqs=4", "run.shard_rows=4", "cluster.max_requeues=0"]
PRECIOUS = "precious\n"


@pytest.fixture
def colleagues(site):
    colleagues = Colleagues(site.cluster)
    works = colleagues.run("alice", str(colleagues.python), "-c", "import glane.cli, polars", check=False)
    if works.returncode:
        pytest.skip(f"other users cannot read the environment of the tests: {works.stderr[-300:]}")
    yield colleagues
    for user in ("alice", "bob"):
        site.slurm("scancel", f"--user={user}", check=False)


@pytest.fixture
def project(site):
    """A folder in which both may write, as many sites set it up."""
    folder = site.cluster.home("alice").parent / "project"
    folder.mkdir()
    status = site.cluster.home("alice").stat()
    shutil.chown(folder, status.st_uid, status.st_gid)
    folder.chmod(0o2770)
    write_documents(folder / "d.parquet", [f"secret note {i}" for i in range(140)])
    (folder / "d.parquet").chmod(0o644)
    yield folder
    shutil.rmtree(folder)


def words(project, name, *more):
    chosen = ["task=ed_visit", "model=scripted", "run.allow_toy=true", *PACE]
    return [*chosen, f"data.path={project}/d.parquet", f"run.dir={project}/{name}", *more]


# What Bob tries: on Alice's jobs, on what they have on the nodes, and on her run, which the group may read.
ATTACKS = """
scancel {job}
scontrol requeue {job}
scontrol suspend {job}
scontrol update JobId={job} TimeLimit=1
touch {run}/x
echo x >> {run}/run.yaml
rm -r {run}/parts
mv {run}/ledger {run}/others
ln -s evil {run}/ledger/claims/1
echo x > {run}/ledger/workers/evil.json
rm {run}/ledger/claims/*
echo x >> {run}/extract.log
cat {log}
echo x >> {log}
ls {home}
ls {home}/.local
"""
ON_A_NODE = """
tried=0
for pid in $(ps -u alice -o pid=); do
    for try in "kill -9 $pid" "kill -STOP $pid" "cat /proc/$pid/environ" "ls /proc/$pid/fd/" "cat /proc/$pid/mem"; do
        tried=$((tried + 1))
        $try >/dev/null 2>&1 && echo "done: $try"
    done
done
echo "tried $tried"
set -f
hers="find /tmp /dev/shm /var/tmp -path /tmp/glane-slurm-* -prune -o -user alice ! -type l"
echo "hers $($hers -name 'gl-*' -print 2>/dev/null | wc -l)"
$hers '(' -readable -o -writable ')' -printf 'open: %p\\n' 2>/dev/null
set +f
ps -eo args= | grep -E '[0-9a-f]{{64}}'  # the secret of a job is in no command line
"""


def test_two_users_work_on_the_same_nodes_and_none_harms_the_other(site, colleagues, project):
    home = site.cluster.home("alice")
    # Bob has been there first: a name like those of Alice's scratch folders leads to what is dear to her.
    (home / "dear").mkdir(exist_ok=True)
    (home / "dear" / "file").write_text(PRECIOUS)
    colleagues.give(home / "dear", "alice")
    trap = f"/tmp/gl-{home.stat().st_uid}-a_trap_"
    colleagues.shell("bob", f"ln -sfn {home}/dear {trap}1 && mkdir -p {trap}2 && touch {trap}2/lock", check=True)
    options = ["--nodes=2", "--gpus-per-node=0", f"--chdir={project}"]
    hers = colleagues.sbatch("alice", *options, words=words(project, "alice", "run.group_access=true"))
    his = colleagues.sbatch("bob", *options, words=words(project, "bob"))
    for name in ("alice", "bob"):
        site.wait_for_parts(run=project / name)
    # On a file beside the run, by which the task tells the batch script how it ended: Bob may replace it.
    told = f"ls -d {project}/.glane-{hers}-*"
    told = colleagues.shell("bob", told, check=True).stdout.strip()
    assert colleagues.shell("bob", f"mv {told} {told}.was && ln -s {home}/dear/file {told}").returncode == 0
    names = {"job": hers, "run": project / "alice", "log": project / f"glane-{hers}.log", "home": home}
    attacks = "\n".join(f"( {one} ) >/dev/null 2>&1 && echo 'done: {one}'" for one in ATTACKS.strip().splitlines())
    for node, script in (("n1", ON_A_NODE + attacks), ("n2", ON_A_NODE)):
        tried, found, *rest = colleagues.shell("bob", script.format(**names), on=node).stdout.splitlines()
        assert int(tried.removeprefix("tried ")) >= 15  # three processes and more
        assert int(found.removeprefix("hers ")) >= 1
        assert rest == []
    for user, job in (("alice", hers), ("bob", his)):
        colleagues.run(user, "scancel", "--signal=USR2", job)
    for job, name in ((hers, "alice"), (his, "bob")):
        assert site.end_of(job, 240) == ("FAILED", "75:0"), (project / f"glane-{job}.log").read_text()
        rows = pl.read_parquet(project / name / "parts" / "*.parquet")
        assert set(rows["status"]) == {"OK"}
        assert rows["id"].n_unique() == len(rows) >= 4
        assert not list((project / name / "ledger" / "deaths").iterdir())
    assert (home / "dear" / "file").read_text() == PRECIOUS
    assert "the batch script is not told how this ended" in (project / f"glane-{hers}.log").read_text()
    # The run that is shared can be read, the other one cannot.
    assert colleagues.shell("bob", f"cat {project}/alice/parts/*").returncode == 0
    for path in ("run.yaml", "parts/*", "extract.log"):
        assert colleagues.shell("alice", f"cat {project}/bob/{path}").returncode != 0
    colleagues.shell("bob", f"rm -rf {trap}1 {trap}2 {told}.was")
