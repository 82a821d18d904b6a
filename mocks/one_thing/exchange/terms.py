"""What a published query tells whoever calls it: path, headers, codes, golden question."""

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

from mocks.kit.yaml_files import read_yaml


@dataclass(frozen=True, slots=True)
class Terms:
    """One interface as its caller reads it.  ``later``: codes worth another try."""

    interface: str
    path: str
    prefix: str
    algorithm: str
    sid: str
    sample: Mapping[str, Any]
    later: frozenset[str]

    def headers(self, rid: str, key: str, rtime: str) -> dict[str, str]:
        """Signed as the gateway signs: Base64 of HMAC over service, caller and time."""
        signed = _sign(self.algorithm, key.encode(), f"{self.sid}{rid}{rtime}".encode())
        return {
            "Content-Type": "text/plain",  # as it comes in the wild
            f"{self.prefix}_rid": rid, f"{self.prefix}_sid": self.sid,
            f"{self.prefix}_rtime": rtime, f"{self.prefix}_sign": signed,
        }  # fmt: skip


def read_terms(folder: Path) -> Terms:
    """Of the contract in a folder."""
    contract: dict[str, Any] = read_yaml(folder / "contract.yaml")
    query, gateway = contract["query"], contract["gateway"]
    sample = (folder / "samples" / f"{query['request']}.json").read_text(encoding="utf-8")
    codes = contract["code_tables"]["code"]["codes"]
    return Terms(
        interface=str(contract["interface"]),
        path=str(query["path"]),
        prefix=str(gateway["prefix"]),
        algorithm=str(gateway["algorithm"]),
        sid=str(contract["values"]["sid"]["example"]),
        sample=json.loads(sample),
        later=frozenset(code for code, one in codes.items() if one["retry"] == "later"),
    )


def _sign(algorithm: str, key: bytes, text: bytes) -> str:
    if algorithm == "HMAC-SM3":
        mac = HMAC(key, hashes.SM3())
        mac.update(text)
        return base64.b64encode(mac.finalize()).decode()
    return base64.b64encode(hmac.digest(key, text, "sha256")).decode()
