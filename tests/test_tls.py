"""TLS between the nodes of a job: whose certificates are taken, who is given the secret that they are made of."""

from __future__ import annotations

import datetime
import os
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from glane.cluster import tls
from glane.cluster.agreement import Agreement
from glane.cluster.layout import check_asked_network
from glane.cluster.local import FOREIGN
from glane.cluster.rendezvous import RendezvousClient, RendezvousServer, refuse
from glane.errors import ConfigError, EngineError
from glane.job.job_node import JobNode
from glane.job.other_node import OtherNode
from glane.run.environment import USES_TLS, between_nodes_here
from glane.settings import ModelSettings, SlurmSettings

HERE, JOB, SHARED = "127.0.0.1", b"the secret of a job", b"what the first node shares" * 2


def member(folder, secret=SHARED, names=(HERE,)):
    folder.mkdir()
    tls.write_certificates(folder, secret, names=names)
    return folder


def strict(folder, purpose=ssl.PROTOCOL_TLS_SERVER):
    """How gRPC uses the files of a node: both ends show a certificate of one authority."""
    context = ssl.SSLContext(purpose)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_verify_locations(folder / "authority.pem")
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    return context


@contextmanager
def listening(folder):
    """A server of TLS with the certificate of a node; it speaks first, as Ray's do. Yields its address."""
    listener = socket.create_server((HERE, 0))
    listener.settimeout(10)

    def serve():
        while True:
            try:
                with strict(folder).wrap_socket(listener.accept()[0], server_side=True) as connection:
                    connection.sendall(b"settings")
            except ssl.SSLError:
                continue
            except OSError:
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"{HERE}:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def test_nodes_that_share_a_secret_take_each_others_certificates_and_no_others(tmp_path, monkeypatch):
    with listening(member(tmp_path / "first")) as address:
        assert tls.refusal(address, member(tmp_path / "second", names=["10.0.0.2", "n2"])) == ""
        other = tls.refusal(address, member(tmp_path / "other", b"another job"))
        assert "certificate" in other
        assert "certificate" in tls.refusal(address, member(tmp_path / "token", tls.ray_token(SHARED)))
        monkeypatch.setattr(tls, "_LASTS", datetime.timedelta(minutes=-1))
        expired = member(tmp_path / "expired")
        (expired / "authority.pem").write_bytes((tmp_path / "first" / "authority.pem").read_bytes())
        assert "EXPIRED" in tls.refusal(address, expired).upper()
    assert "refused" in tls.refusal(address, tmp_path / "second").lower()


@pytest.mark.parametrize(("silent", "told"), [(2, ""), (3, "timed out")])
def test_a_first_node_that_is_busy_is_asked_again(tmp_path, monkeypatch, silent, told):
    connect, tried = socket.create_connection, []

    def connecting(*args, **more):
        tried.append(args)
        if len(tried) <= silent:
            raise TimeoutError("timed out")
        return connect(*args, **more)

    with listening(member(tmp_path / "first")) as address:
        second = member(tmp_path / "second")
        monkeypatch.setattr(socket, "create_connection", connecting)
        assert tls.refusal(address, second) == told
    assert len(tried) == 3


def test_a_first_node_whose_certificate_is_not_of_its_address_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tls, "_LOOPBACK", ())
    with listening(member(tmp_path / "first", names=["10.0.0.1"])) as address:
        assert "not valid for '127.0.0.1'" in tls.refusal(address, member(tmp_path / "second"))


def test_nobody_else_can_read_what_a_node_shows_and_two_jobs_have_nothing_in_common(tmp_path):
    first, second = member(tmp_path / "a"), member(tmp_path / "b")
    for path in first.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
    assert (first / "key.pem").read_bytes() != (second / "key.pem").read_bytes()
    assert "PRIVATE" not in (first / "authority.pem").read_text()
    with pytest.raises(FileExistsError):  # what somebody put there is not written to
        tls.write_certificates(first, SHARED, names=[HERE])
    assert tls._authority_key(b"a").private_numbers() != tls._authority_key(b"b").private_numbers()


def test_who_reads_the_network_and_knows_the_jobs_secret_does_not_get_what_is_shared():
    receiver, reader = Agreement(JOB), Agreement(JOB)
    sealed = Agreement(JOB).seal(SHARED, receiver.public)
    assert receiver.open(sealed) == SHARED
    assert SHARED not in sealed
    with pytest.raises(EngineError, match="not of this job"):
        reader.open(sealed)
    with pytest.raises(EngineError, match="not of this job"):
        receiver.open(Agreement(b"of another job").seal(SHARED, receiver.public))
    with pytest.raises(EngineError, match="not of this job"):
        receiver.open(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with pytest.raises(EngineError, match="no public key"):
        receiver.seal(SHARED, b"short")


def test_the_first_node_shares_its_secret_once_with_each_node_and_tells_who_comes_twice():
    server = RendezvousServer(HERE, JOB, host="n1", shared=SHARED, num_nodes=2)
    join = {"host": "n2", "timeout_s": 20, "is_sharing": True}
    try:
        client = RendezvousClient(HERE, JOB, rank=1, **join)
        assert (client.shared, client.first_host, server.doubt) == (SHARED, "n1", "")
        with pytest.raises(EngineError, match="ended before Ray began"):
            RendezvousClient(HERE, JOB, rank=1, host="intruder", timeout_s=20, is_sharing=True)
        assert server.doubt == "two processes joined as task 1, on n2 and intruder"
        server.announce("10.0.0.1:6379")
        assert client.receive(20) == "ray 10.0.0.1:6379"
    finally:
        server.close(0)


@pytest.mark.parametrize(
    ("rank", "doubt"),
    [
        (2, "no such task"),
        (99, "no such task"),
        (0, "no such task"),
        (-1, "no such task"),
        (1, "said that it cannot work"),
    ],
)
def test_who_joins_as_a_task_that_the_job_has_not_is_given_nothing_and_told(rank, doubt):
    server = RendezvousServer(HERE, JOB, host="n1", shared=SHARED, num_nodes=2)
    try:
        assert refuse(HERE, JOB, rank=1, host="n2", reason="no GPU", timeout_s=20)
        with pytest.raises(EngineError, match="ended before Ray began"):
            RendezvousClient(HERE, JOB, rank=rank, host="n3\x1b[2J\nn3", timeout_s=20, is_sharing=True)
        assert doubt in server.doubt
        assert server.joined() == {}
        assert server.doubt.isprintable()
    finally:
        server.close(0)


def test_a_first_node_that_ends_before_it_shares_is_told_by_the_others():
    server = RendezvousServer(HERE, JOB, host="n1")  # as where its settings are refused
    with ThreadPoolExecutor(1) as other:
        joined = other.submit(RendezvousClient, HERE, JOB, rank=1, host="n2", timeout_s=20, is_sharing=True)
        while not server.joined() and not joined.done():
            threading.Event().wait(0.05)
        server.close(2)
        with pytest.raises(EngineError, match="ended before Ray began"):
            joined.result()


def test_a_node_whose_certificate_is_refused_says_so_and_is_not_waited_for(tmp_path):
    server = RendezvousServer(HERE, JOB, host="n1", shared=SHARED, num_nodes=2)
    node = OtherNode.__new__(OtherNode)
    node.has_tls, node.folder = True, member(tmp_path / "second", b"another job")
    node.allocation = SimpleNamespace(launch_address=HERE, secret=JOB, rank=1, host="n2")
    node.cluster = SimpleNamespace(start_timeout_s=20)
    try:
        with listening(member(tmp_path / "first")) as address, pytest.raises(EngineError, match="refuse each other's"):
            node._check_certificates(address)
        assert "Do the clocks" in server.refused()[1]
    finally:
        server.close(0)


@pytest.mark.parametrize(("nodes", "asked", "told"), [(1, True, ""), (2, True, "tls"), (2, False, "plain")])
def test_rays_processes_are_told_by_their_environment_alone(tmp_path, monkeypatch, nodes, asked, told):
    for name in FOREIGN:  # of another Ray, in the shell that submitted
        monkeypatch.setenv(name, "1")
    node = JobNode.__new__(JobNode)
    node.is_alone, node.has_tls, node.folder, node.address = nodes == 1, asked and nodes > 1, tmp_path, HERE
    node.allocation = SimpleNamespace(gpus=0)
    node.cluster, node.settings = SlurmSettings(kind="slurm", tls=asked), SimpleNamespace(model=None)
    environment = node._environment(tmp_path / "token")
    for name in (USES_TLS, *tls.CERTIFICATES):
        monkeypatch.delenv(name)
        if name in environment:
            monkeypatch.setenv(name, environment[name])
    assert between_nodes_here() == told
    files = {os.environ[name] for name in tls.CERTIFICATES if name in os.environ}
    assert files == ({str(tmp_path / name) for name in tls.CERTIFICATES.values()} if told == "tls" else set())


@pytest.mark.parametrize(
    ("pipeline", "tensor", "gpus", "trusted", "is_refused"),
    [
        (2, 8, 8, False, True), (2, 8, "h100:8", False, True), (4, "auto", 2, False, True), (2, 8, 8, True, False),
        (2, 4, 8, False, False), (1, 8, 8, False, False), (2, 8, None, False, False),  # known on the nodes only
    ],
)  # fmt: skip
def test_an_engine_over_several_nodes_is_refused_before_they_are_asked_for(pipeline, tensor, gpus, trusted, is_refused):
    model = ModelSettings(name="m", path="/m", pipeline_parallel_size=pipeline, tensor_parallel_size=tensor)
    cluster = SlurmSettings(kind="slurm", nodes=4, gpus_per_node=gpus, trusted_network=trusted, tls=True)
    if is_refused:
        with pytest.raises(ConfigError, match=r"spans 2 nodes.*cluster\.tls is about Ray alone.*trusted_network=true"):
            check_asked_network(model, cluster)
    else:
        check_asked_network(model, cluster)
