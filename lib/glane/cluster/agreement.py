"""How the first node of a job gives the others a secret that nobody can read on the network.

Slurm hands the job's own secret to the nodes in the environment of their tasks, which it does not encrypt. So keys are
agreed upon that are never sent (X25519, RFC 7748), and the job's secret only shows that both ends are of the job: who
has read it, and does no more than read, learns nothing.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from glane.errors import EngineError

_PURPOSE = b"glane: what the first node of a job shares"
_PUBLIC_BYTES, _KEY_BYTES = 32, 32
_NONCE = bytes(12)  # each key encrypts one message


class Agreement:
    """One end of an agreement: its public key is sent, and serves once."""

    def __init__(self, job_secret: bytes) -> None:
        self._job_secret = job_secret
        self._private = X25519PrivateKey.generate()
        self.public = self._private.public_key().public_bytes_raw()

    def seal(self, content: bytes, receiver: bytes) -> bytes:
        """Encrypt `content` for the end with the public key `receiver`, with this end's public key before it.

        Raises:
            EngineError: if that is no public key.
        """
        return self.public + self._cipher(receiver, sender=self.public, receiver=receiver).encrypt(
            _NONCE, content, None
        )

    def open(self, sealed: bytes) -> bytes:
        """What the other end has sealed for this one.

        Raises:
            EngineError: if it was not, or does not know the job's secret.
        """
        sender, encrypted = sealed[:_PUBLIC_BYTES], sealed[_PUBLIC_BYTES:]
        try:
            return self._cipher(sender, sender=sender, receiver=self.public).decrypt(_NONCE, encrypted, None)
        except InvalidTag:
            raise EngineError("what the first node of the job sent is not of this job, or was changed.") from None

    def _cipher(self, other: bytes, *, sender: bytes, receiver: bytes) -> AESGCM:
        try:
            agreed = self._private.exchange(X25519PublicKey.from_public_bytes(other))
        except ValueError:
            raise EngineError("another node of the job sent no public key.") from None
        purpose = _PURPOSE + sender + receiver
        derived = HKDF(algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=self._job_secret, info=purpose)
        return AESGCM(derived.derive(agreed))
