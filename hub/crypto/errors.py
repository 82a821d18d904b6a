"""What can go wrong with keys, ciphers and signatures, and what an operator does about it."""

from hub.kernel.errors import BadInput, HubError, Misconfigured, Retry


class BadEncoding(BadInput):
    """The bytes are not the encoding that was announced."""

    code = "crypto.bad_encoding"
    hint = "Compare with the contract: DER or r‖s, C1C3C2 or C1C2C3, with or without 04."


class CipherBroken(HubError):
    """It cannot be decrypted: it was altered, or another key is needed."""

    code = "crypto.cipher_broken"
    retry = Retry.NEVER
    hint = "Check which key it was encrypted for; if the key is right, the data was altered."


class KeyMissing(Misconfigured):
    """A key file is not there."""

    code = "crypto.key_missing"
    hint = "Put the key file named in the message back from the safe copy; never make a new one."


class KeyUnreadable(Misconfigured):
    """A key cannot be read."""

    code = "crypto.key_unreadable"
    hint = "Restore the key file named in the message from its safe copy (mode 0600)."


class WrongMaster(Misconfigured):
    """The key was wrapped by another master key."""

    code = "crypto.wrong_master"
    hint = "Start with the key folder that belongs to this database."
