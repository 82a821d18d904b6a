"""The key ring of one centre: master key, token key, signing key.

A folder holds ``master.key`` (SM4, 32 hex characters), ``token.key`` (64 hex characters) and
``signing.pem`` (SM2); ``signing.pub.pem`` lies beside it for verifiers.  ``KeyRing.create``
makes what is missing, once; ``KeyRing.load`` never makes a key.  A lost master key means lost
data: keep a copy of the folder in the safe.

The master key only wraps data keys; it may sit in an HSM behind ``MasterKey``.  To change it:
``KeyRing.succeed(folder)`` puts a new one beside the old (kept as ``master.old.key``),
``Vault.rotate`` wraps every data key anew, then the old file goes to the safe.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from hub.crypto import sm4
from hub.crypto.errors import CipherBroken, KeyMissing, WrongMaster
from hub.crypto.keyfiles import (
    parse_hex_key,
    read_hex_key,
    read_key,
    sync_folder,
    write_new_key,
)
from hub.crypto.sm2 import Signer, Sm2PrivateKey
from hub.crypto.sm3 import hmac_sm3
from hub.crypto.tokens import Tokens
from hub.kernel.secret import Secret

TOKEN_KEY_SIZE = 32
_MASTER, _OLD_MASTER, _TOKEN = "master.key", "master.old.key", "token.key"
_SIGNING, _PUBLIC = "signing.pem", "signing.pub.pem"
_VERSION = b"\x01"
_ID_SIZE = 8


class MasterKey(Protocol):
    """What wraps data keys; an HSM may take its place."""

    id: bytes
    """8 bytes that name the key and tell nothing about it."""

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """Encrypt a data key, bound to ``context``."""
        ...

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The reverse; raises CipherBroken."""
        ...


class SoftMaster:
    """A master key held in this process (SM4-GCM)."""

    __slots__ = ("_key", "id")

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.id = hmac_sm3(key, b"master key id")[:_ID_SIZE]

    def wrap(self, key: bytes, context: bytes) -> bytes:
        return sm4.gcm_seal(self._key, key, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        return sm4.gcm_open(self._key, wrapped, context)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys in use.  ``former`` are older master keys that still unwrap, never wrap."""

    master: MasterKey
    tokens: Tokens
    signer: Signer
    former: tuple[MasterKey, ...] = field(default=())

    @classmethod
    def create(cls, folder: Path) -> "KeyRing":
        """Load the ring; make the keys that are missing (first start only).

        Half a ring is never completed: a lost key must come back from its safe copy, since a
        new one would open nothing.
        """
        names = (_MASTER, _TOKEN, _SIGNING)
        there = [name for name in names if (folder / name).exists()]
        if len(there) < len(names) and (folder / _PUBLIC).exists():
            lost = ", ".join(name for name in names if name not in there)
            raise KeyMissing(f"the key folder had all its keys once, now {lost} is gone")
        write_new_key(folder / _MASTER, sm4.new_key().hex() + "\n")
        write_new_key(folder / _TOKEN, os.urandom(TOKEN_KEY_SIZE).hex() + "\n")
        write_new_key(folder / _SIGNING, Sm2PrivateKey.generate().pem())
        ring = cls.load(folder)
        write_new_key(folder / _PUBLIC, ring.signer.public.pem())  # last: says "complete"
        return ring

    @classmethod
    def load(cls, folder: Path) -> "KeyRing":
        """The ring of a folder; raises KeyMissing or KeyUnreadable naming the file."""
        former: tuple[MasterKey, ...] = ()
        if (folder / _OLD_MASTER).exists():
            former = (SoftMaster(read_hex_key(folder / _OLD_MASTER, sm4.KEY_SIZE)),)
        return cls(
            SoftMaster(read_hex_key(folder / _MASTER, sm4.KEY_SIZE)),
            Tokens(read_hex_key(folder / _TOKEN, TOKEN_KEY_SIZE)),
            Sm2PrivateKey.parse(read_key(folder / _SIGNING)),
            former,
        )

    @classmethod
    def from_settings(cls, master: Secret, token: Secret, signing: Secret) -> "KeyRing":
        """The ring from settings: hex, hex, PEM or hex."""
        return cls(
            SoftMaster(parse_hex_key(master.reveal(), sm4.KEY_SIZE, "the master key")),
            Tokens(parse_hex_key(token.reveal(), TOKEN_KEY_SIZE, "the token key")),
            Sm2PrivateKey.parse(signing.reveal()),
        )

    @classmethod
    def succeed(cls, folder: Path) -> "KeyRing":
        """Put a new master key in place; the old one stays beside it and still unwraps.

        Repeating it after a crash goes on with the same pair of keys.  Remove
        ``master.old.key`` (into the safe) once ``Vault.rotate`` is committed.
        """
        current, old, fresh = folder / _MASTER, folder / _OLD_MASTER, folder / "master.next.key"
        if not old.exists():
            read_hex_key(current, sm4.KEY_SIZE)
            write_new_key(fresh, sm4.new_key().hex() + "\n")
            write_new_key(old, read_key(current))
        if fresh.exists():
            fresh.replace(current)
            sync_folder(folder)
        return cls.load(folder)

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """version (1) + master key's id (8) + the data key sealed; ``context`` is bound to it."""
        return _VERSION + self.master.id + self.master.wrap(key, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The data key; raises WrongMaster for another master's, CipherBroken when altered."""
        if wrapped[:1] != _VERSION:
            raise CipherBroken("the wrapped key has an unknown version")
        name, body = wrapped[1 : 1 + _ID_SIZE], wrapped[1 + _ID_SIZE :]
        for master in (self.master, *self.former):
            if master.id == name:
                return master.unwrap(body, context)
        raise WrongMaster

    def wraps(self, wrapped: bytes) -> bool:
        """Whether the ring's present master key wrapped this."""
        return wrapped[1 : 1 + _ID_SIZE] == self.master.id
