"""TLS between the Ray processes on the nodes of a job, each of which shows a certificate of the job's own authority.

The authority's key is derived from a secret that the first node gives the others (`glane.cluster.agreement`), and so is
Ray's token, from which neither can be found. So each node signs its own certificate, the secret and the key of the
authority are in no file, and what is in files is this node's, in its private folder, which goes with the job.
"""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import os
import socket
import ssl
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from glane.run.environment import PLAIN, TLS, USES_TLS

_AUTHORITY, _CERTIFICATE, _KEY = "authority.pem", "certificate.pem", "key.pem"
CERTIFICATES = {"RAY_TLS_CA_CERT": _AUTHORITY, "RAY_TLS_SERVER_CERT": _CERTIFICATE, "RAY_TLS_SERVER_KEY": _KEY}
_CURVE = ec.SECP256R1()  # which gRPC's TLS takes; it takes no Ed25519
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256: FIPS 186-5, SP 800-186
_TOKEN_BYTES = 32
_DERIVED_BYTES = 48  # 128 bits more than the order has, so that no key is likelier: FIPS 186-5, A.2.1
_PURPOSE, _OF_TOKEN = b"glane: the authority of a job's certificates", b"glane: the token of a job's Ray"
_ISSUER = "glane job"
_CLOCKS_DIFFER_BY = datetime.timedelta(days=1)  # at most, between the nodes of a job
_LASTS = datetime.timedelta(days=366)  # longer than a job: its time limit may be raised while it runs
_HANDSHAKE_S = 10.0
_TRIES = 3  # of a first node that does not answer, as where it is busy: that says nothing of certificates
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def plain_variables() -> dict[str, str]:
    """The environment variables by which Ray's processes speak to each other without TLS, whatever they inherit."""
    return {USES_TLS: PLAIN}


def tls_variables(folder: Path) -> dict[str, str]:
    """The environment variables by which Ray's processes use the files that `write_certificates` writes there."""
    return {USES_TLS: TLS} | {variable: str(folder / name) for variable, name in CERTIFICATES.items()}


def write_certificates(folder: Path, secret: bytes, *, names: Iterable[str]) -> None:
    """Write this node's key and certificate into `folder`, which is private. `names`: its addresses and names."""
    authority = _authority_key(secret)
    key = ec.generate_private_key(_CURVE)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(folder / _KEY, private)
    for name, certificate in (
        (_AUTHORITY, _signed(authority, authority, _ISSUER, names=())),
        (_CERTIFICATE, _signed(key, authority, "glane node", names=names)),
    ):
        _write(folder / name, certificate.public_bytes(serialization.Encoding.PEM))


def refusal(address: str, folder: Path) -> str:
    """Why Ray at `address` (host:port) and this node refuse each other's certificates; empty if they do not.

    Ray itself would try for minutes, and not say it. Takes at most a minute.
    """
    said = ""
    for _ in range(_TRIES):
        try:
            return _refusal(address, folder)
        except TimeoutError as error:
            said = str(error)
    return said


def _refusal(address: str, folder: Path) -> str:
    """As `refusal`, by one attempt.

    Raises:
        TimeoutError: if nobody answers in time.
    """
    host, _, port = address.rpartition(":")
    context = ssl.create_default_context(cafile=str(folder / _AUTHORITY))
    context.load_cert_chain(folder / _CERTIFICATE, folder / _KEY)
    context.set_alpn_protocols(["h2"])
    try:
        with (
            socket.create_connection((host, int(port)), timeout=_HANDSHAKE_S) as plain,
            context.wrap_socket(plain, server_hostname=host) as connection,
        ):
            # With TLS 1.3, the other side looks at our certificate when ours is done: then it speaks first, or ends.
            return "" if connection.recv(1) else "the other side ends the connection"
    except ssl.SSLCertVerificationError as error:
        return str(error.verify_message)
    except ssl.SSLError as error:
        return str(error.reason or error)
    except TimeoutError:
        raise
    except OSError as error:
        return str(error)


def ray_token(secret: bytes) -> bytes:
    """The token of a job's Ray. It lies in files, and Ray's agents show it without TLS: it signs no certificate."""
    return HKDF(algorithm=hashes.SHA256(), length=_TOKEN_BYTES, salt=None, info=_OF_TOKEN).derive(secret)


def _authority_key(secret: bytes) -> ec.EllipticCurvePrivateKey:
    derived = HKDF(algorithm=hashes.SHA256(), length=_DERIVED_BYTES, salt=None, info=_PURPOSE).derive(secret)
    return ec.derive_private_key(int.from_bytes(derived, "big") % (_ORDER - 1) + 1, _CURVE)


def _signed(
    key: ec.EllipticCurvePrivateKey, authority: ec.EllipticCurvePrivateKey, subject: str, *, names: Iterable[str]
) -> x509.Certificate:
    """The certificate of a key, signed by the authority: of a node if `names` are given, else the authority's own."""
    now = datetime.datetime.now(datetime.UTC)
    found = tuple(dict.fromkeys((*names, *_LOOPBACK))) if names else ()
    made = (
        x509.CertificateBuilder()
        .subject_name(_named(subject))
        .issuer_name(_named(_ISSUER))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER_BY)
        .not_valid_after(now + _LASTS)
        .add_extension(x509.BasicConstraints(ca=not found, path_length=None if found else 0), critical=True)
        .add_extension(_usage(is_authority=not found), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False)
    )
    if found:
        both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        made = made.add_extension(x509.ExtendedKeyUsage(both), critical=False)
        made = made.add_extension(x509.SubjectAlternativeName([_general(name) for name in found]), critical=False)
    return made.sign(authority, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority, key_cert_sign=is_authority, crl_sign=False, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _general(name: str) -> x509.GeneralName:
    with contextlib.suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(name))
    return x509.DNSName(name)


def _write(path: Path, content: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as stream:
        stream.write(content)
