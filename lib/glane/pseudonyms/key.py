"""The secret key of pseudonyms: read from a file or a command, never written, never shown."""

from __future__ import annotations

import hashlib
import hmac
import stat
from pathlib import Path

from glane.errors import ConfigError
from glane.secret_command import printed_by

_LEAST, _MOST = 32, 4096  # bytes
_LEAST_KINDS = 8  # of bytes; 32 random hexadecimal digits have some 14


class Key:
    """A secret, and the digests that it makes. Nothing of it is in its representation."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def __repr__(self) -> str:
        return "Key(…)"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a key is never written")

    def digest(self, *parts: str) -> bytes:
        """HMAC-SHA256 of some texts, 32 bytes."""
        told = b"".join(
            len(one).to_bytes(8, "big") + one for one in (part.encode("utf-8", "surrogatepass") for part in parts)
        )
        return hmac.new(self._secret, told, hashlib.sha256).digest()

    @property
    def mark(self) -> str:
        """A digest by which the key is known, and from which it cannot be found."""
        return self.digest("fingerprint of the key").hex()[:32]

    def new_id(self, told: str) -> str:
        """What is written in the place of the id of a document."""
        return f"d{self.digest('id', told).hex()[:24]}"

    def new_person(self, told: str) -> str:
        """What is written in the place of a person's number."""
        return f"p{self.digest('person', told).hex()[:24]}"

    def number(self, below: int, *parts: str) -> int:
        """A number from 0, below a bound, that some texts always give."""
        return int.from_bytes(self.digest(*parts)[:16], "big") % below


def read_key(*, file: str | Path | None, command: str | None, within: str = "") -> Key:
    """The key that a file holds or a command prints; blanks around it are no part of it.

    Args:
        file: Of the key.
        command: That prints it, where no file is told.
        within: The settings that they stand in, with a point, for errors.

    Raises:
        ConfigError: if it is shorter than 32 bytes or repeats a few of them, if others may read the file, or if it
            cannot be had.
    """
    setting = within + ("key_command" if file is None else "key_file")
    if file is None:
        secret = printed_by(command or "", setting=setting, error=ConfigError, shows_complaints=True)
    else:
        secret = _of_file(Path(file).expanduser(), setting)
    secret, place = secret.strip(), setting if file is None else f"{setting}: {file}"
    if not _LEAST <= len(secret) <= _MOST:
        raise ConfigError(
            f"{place} gives {len(secret)} bytes; a key has {_LEAST} to {_MOST}. Make one: "
            "head -c 32 /dev/urandom | base64 > key; chmod 600 key"
        )
    if len(set(secret)) < _LEAST_KINDS:
        raise ConfigError(
            f"{place} has {len(set(secret))} different bytes only, and can be guessed. Make one at random: "
            "head -c 32 /dev/urandom | base64 > key; chmod 600 key"
        )
    return Key(secret)


def _of_file(path: Path, setting: str) -> bytes:
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode) and mode & 0o077:
            raise ConfigError(f"{setting}: {path} can be read by others (mode {stat.S_IMODE(mode):o}). chmod 600 it.")
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{setting}: {path} cannot be read ({error.strerror}). Give the file that holds the key, or make one: "
            "head -c 32 /dev/urandom | base64 > key; chmod 600 key"
        ) from None
