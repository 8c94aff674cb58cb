"""On a real Slurm of two nodes: what can be read on the cable between them, and who is let into Ray there."""

from __future__ import annotations

import re
import socket
import ssl
import time
from pathlib import Path

import pytest

from conftest import wait_for
from glane.cluster import tls
from wiretap import listening_at

pytestmark = [pytest.mark.slurm, pytest.mark.ray, pytest.mark.slow]

OF_RAY = b"/ray.rpc", b"WorkerSpec"  # the name of a call, and what a worker is told


def environment_on(site, node, pattern):
    """The environment of a process of the job on a node, once it runs."""
    (pid, *_) = wait_for(lambda: [pid for pid, told in site.processes(node) if re.search(pattern, told)], 90)
    told = site.cluster.run_on(node, ["cat", f"/proc/{pid}/environ"]).stdout
    return dict(one.partition("=")[::2] for one in told.split("\0") if one)


def address_of_ray(site):
    """Where Ray's head listens, as the other node was told."""
    commands = [command for _, command in site.processes("n2") if "raylet" in command]
    return re.search(r"--gcs-address=(\S+)", " ".join(commands)).group(1)


def words(site, *more):
    return site.overrides("run.energy=none", *more)


def work_under_way(site, *more):
    """A job over both nodes that has committed something, and the secret that its processes share."""
    job = site.sbatch("--nodes=2", "--cpus-per-task=1", overrides=words(site, *more))
    secret = environment_on(site, "n1", r"glane\.job\.driver")["GLANE_JOB_SECRET"]
    try:
        site.wait_for_parts()
        wait_for(lambda: {"n1", "n2"} <= {worker["host"] for worker in site.status()["workers"]}, 90)
    except AssertionError:
        raise AssertionError(site.log(job)) from None
    return job, secret


def outsiders(folder, token, member, address):
    """What Ray says to a node of the job, and to those who have no certificate of it, each with its seconds."""
    host, _, port = address.rpartition(":")

    def plain():
        with socket.create_connection((host, int(port)), timeout=15) as connection:
            connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9))  # how gRPC begins
            return connection.recv(9)

    def without():
        context = ssl.create_default_context(cafile=str(member / "authority.pem"))
        context.set_alpn_protocols(["h2"])
        with (
            socket.create_connection((host, int(port)), timeout=15) as connection,
            context.wrap_socket(connection, server_hostname=host) as encrypted,
        ):
            return encrypted.recv(9)

    certificates(folder / "other", b"another job")
    certificates(folder / "token", token)
    tried = {
        "plain": plain, "without": without,
        "other": lambda: tls.refusal(address, folder / "other"),
        "token": lambda: tls.refusal(address, folder / "token"),
        "member": lambda: tls.refusal(address, member),
    }  # fmt: skip
    found = {}
    for name, attempt in tried.items():
        began = time.monotonic()
        try:
            said = attempt()
        except OSError as error:
            said = f"{type(error).__name__}: {error}"
        found[name] = said, time.monotonic() - began
    return found


def certificates(folder: Path, secret: bytes) -> None:
    folder.mkdir(parents=True)
    tls.write_certificates(folder, secret, names=["10.9.9.9", "intruder"])


def test_with_tls_the_cable_tells_nothing_and_only_nodes_of_the_job_are_let_in(site, tmp_path):
    cable = site.cluster.state.network.cable("n2")
    with listening_at(cable) as tap:
        job, secret = work_under_way(site, "cluster.tls=true")
        files = environment_on(site, "n2", "raylet")
        token = Path(files["RAY_AUTH_TOKEN_PATH"]).read_text()
        member = Path(files["RAY_TLS_CA_CERT"]).parent
        found = outsiders(tmp_path / "certificates", bytes.fromhex(token), member, address_of_ray(site))
        modes = {name: Path(files[name]).stat().st_mode & 0o777 for name in tls.CERTIFICATES}
        site.slurm("scancel", job)
        site.end_of(job)
    assert sum(map(len, tap.streams())) > 100_000  # something was heard
    assert tap.heard(secret.encode())  # which Slurm itself tells the nodes, and which therefore opens nothing
    sought = (token.encode(), bytes.fromhex(token), *OF_RAY, b"note 13")
    assert [what for what in sought if tap.heard(what)] == []
    assert found["member"][0] == ""
    for name in ("plain", "without"):  # no word of HTTP/2 is said to them
        assert not found[name][0] or "reset" in str(found[name][0]), found
    assert "certificate" in found["other"][0]
    assert "certificate" in found["token"][0]  # a token that was read makes no certificate
    assert max(seconds for _, seconds in found.values()) < 16
    assert set(modes.values()) == {0o600}
    wait_for(lambda: not any(Path(files[name]).exists() for name in tls.CERTIFICATES), 20)  # they go with the job
    assert site.status()["between_nodes"] == "tls"


def test_without_tls_the_cable_tells_the_secret(site):
    with listening_at(site.cluster.state.network.cable("n2")) as tap:
        job, secret = work_under_way(site)
        site.slurm("scancel", job)
        site.end_of(job)
    assert all(tap.heard(what) for what in (secret.encode(), *OF_RAY))
    assert not tap.heard(b"note 13")  # no text of a document passes through Ray
    assert site.status()["between_nodes"] == "plain"
