"""The key folder under a passphrase, as it may lie in a backup.

scrypt (N = 2¹⁵, r = 8, p = 1) makes the key, SM4-GCM seals; 16 bytes of salt stand in front.
"""

import hashlib
import json
import os
from pathlib import Path

from hub.crypto import sm4
from hub.crypto.errors import CipherBroken
from hub.crypto.keyfiles import write_new_key
from hub.kernel.errors import BadInput, Refused
from hub.kernel.secret import Secret

SEALED_KEYS = "keys.sealed"
SHORTEST = 12
_SALT = 16
_AAD = b"hub backup keys 1"


class WeakPassphrase(BadInput):
    """The passphrase is too short."""

    code = "backup.weak_passphrase"
    hint = f"Take at least {SHORTEST} characters, and keep it apart from the backup."


class WrongPassphrase(Refused):
    """The sealed keys cannot be opened with this passphrase."""

    code = "restore.wrong_passphrase"
    hint = "It is the one that was given to `hub backup`."


def seal_keys(keys: Path, target: Path, passphrase: Secret) -> None:
    """Seal every key file of a folder.  Raises WeakPassphrase."""
    if len(passphrase.reveal()) < SHORTEST:
        raise WeakPassphrase
    held = {path.name: path.read_text("ascii") for path in sorted(keys.iterdir()) if path.is_file()}
    salt = os.urandom(_SALT)
    sealed = sm4.gcm_seal(_key(passphrase, salt), json.dumps(held).encode(), _AAD)
    target.write_bytes(salt + sealed)


def unseal_keys(source: Path, keys: Path, passphrase: Secret) -> None:
    """Write the key files back, none over another.  Raises WrongPassphrase."""
    raw = source.read_bytes()
    try:
        opened = sm4.gcm_open(_key(passphrase, raw[:_SALT]), raw[_SALT:], _AAD)
    except CipherBroken:
        raise WrongPassphrase from None
    for name, text in json.loads(opened).items():
        write_new_key(keys / Path(name).name, text)


def _key(passphrase: Secret, salt: bytes) -> bytes:
    return hashlib.scrypt(
        passphrase.reveal().encode(), salt=salt, n=2**15, r=8, p=1, dklen=sm4.KEY_SIZE,
        maxmem=128 * 1024 * 1024,
    )  # fmt: skip
