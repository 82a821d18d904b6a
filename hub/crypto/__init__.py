"""National cryptography: SM2, SM3, SM4, the key ring and search tokens.

``sm3(data)``, ``hmac_sm3(key, data)`` · ``sm4.cbc_encrypt``, ``sm4.gcm_seal`` ·
``Sm2PrivateKey``, ``Sm2PublicKey`` · ``KeyRing.create(folder)`` · ``Tokens.whole(kind, value)``.
"""

from hub.crypto.errors import (
    BadEncoding,
    CipherBroken,
    KeyMissing,
    KeyUnreadable,
    WrongMaster,
)
from hub.crypto.keyring import KeyRing, MasterKey
from hub.crypto.sm2 import (
    DEFAULT_USER_ID,
    Decrypter,
    Signer,
    Sm2PrivateKey,
    Sm2PublicKey,
)
from hub.crypto.sm2_engines import EngineChoice, Sm2Engine, engine_choice
from hub.crypto.sm2_forms import CipherForm, SignatureForm
from hub.crypto.sm3 import HmacSm3, hmac_sm3, new_sm3, sm3, sm3_hex
from hub.crypto.tokens import Tokens

__all__ = [
    "DEFAULT_USER_ID",
    "BadEncoding",
    "CipherBroken",
    "CipherForm",
    "Decrypter",
    "EngineChoice",
    "HmacSm3",
    "KeyMissing",
    "KeyRing",
    "KeyUnreadable",
    "MasterKey",
    "SignatureForm",
    "Signer",
    "Sm2Engine",
    "Sm2PrivateKey",
    "Sm2PublicKey",
    "Tokens",
    "WrongMaster",
    "engine_choice",
    "hmac_sm3",
    "new_sm3",
    "sm3",
    "sm3_hex",
]
