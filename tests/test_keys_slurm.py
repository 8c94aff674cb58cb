"""Encryption at rest over the nodes of jobs: of a real Slurm of two nodes, started for these tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import glane
from conftest import write_documents
from glane import keys
from glane.added_key import with_new_key
from glane.keys import KEY_COMMAND, KEY_FILE
from slurm_site import NUM_DOCUMENTS

pytestmark = [pytest.mark.slurm, pytest.mark.ray]
MARK = "Zzyzx"


def held(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file() and path.suffix == ".parquet"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_jobs_with_a_store_of_keys_lose_nothing_and_no_byte_shows_a_document(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store answers one node alone, then both; the driver is killed; keys of others and open ones are refused."""
    folder = Path(site.folder)
    write_documents(site.data, [f"note {MARK} {at}" for at in range(NUM_DOCUMENTS)])
    ring, other, store = folder / "ring.yaml", folder / "other.yaml", folder / "store"
    ring.write_text(with_new_key(None, "one", place="keys"))
    other.write_text(with_new_key(None, "two", place="keys"))
    store.write_text(
        f"#!/bin/bash\necho $(uname -n) >> {folder}/asked\n[[ $(uname -n) = n2 && ! -e {folder}/mended ]] && exit 3\n"
        f"cat {ring}\n"
    )
    for path in (ring, other, store):
        path.chmod(0o700 if path == store else 0o600)
    plain = dict(site.environment)
    site.environment = plain | {KEY_COMMAND: str(store)}

    job_id = site.extract(
        *site.overrides("run.shard_rows=8"), "cluster.nodes=2", "cluster.parsable=true"
    ).stdout.strip()
    site.wait_for_parts()
    (folder / "mended").touch()
    site.kill("n1", r"glane\.job\.driver")
    assert site.end_of(job_id, 240) == ("COMPLETED", "0:0"), site.log(job_id)
    assert [line[1] for line in site.history(job_id)] == ["REQUEUED", "COMPLETED"]
    told = site.log(job_id)
    assert "a node is left out: n2: GLANE_KEY_COMMAND: ended with exit code 3" in told, told
    asked = (folder / "asked").read_text().split()
    assert (asked.count("n1"), asked.count("n2")) == (2, 2)  # once a start, however many processes
    files = held(site.run)
    assert {"plan.parquet", "ledger/shards.parquet", "records/records-00000.parquet"} <= files.keys()
    assert {content[:4] for content in files.values()} == {b"PARE"}
    assert not [path for path in site.run.rglob("*") if path.is_file() and MARK.encode() in path.read_bytes()]

    for path, mode, said in ((other, 0o600, "no key 'one', which the file was encrypted with. There are: two"),
                             (ring, 0o640, "others may read it (0640)"),
                             (folder / "absent.yaml", 0o600, "cannot be read (No such file or directory)")):  # fmt: skip
        if path.exists():
            path.chmod(mode)
        site.environment = plain | {KEY_FILE: str(path)}
        assert said in site.extract(*site.overrides(), "cluster.nodes=2", check=2).stderr
        if path == ring:  # sbatch does not look: the node does
            job_id = site.sbatch("--nodes=2")
            assert site.end_of(job_id) == ("FAILED", "2:0"), site.log(job_id)
            assert said in site.log(job_id)
        assert held(site.run) == files

    ring.chmod(0o600)
    monkeypatch.setenv(KEY_FILE, str(ring))
    keys._keyring.cache_clear()
    site.assert_complete()
    assert glane.open_run(site.run).show("d3")._repr_html_()
