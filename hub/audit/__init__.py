"""The audit: entries in the transaction of the act, one chain, witnesses outside the database."""

from hub.audit.entries import Entry, record, record_many
from hub.audit.merkle import Proof, check_proof, digest, merkle_proof, merkle_root
from hub.audit.sealing import Sealer

__all__ = [
    "Entry",
    "Proof",
    "Sealer",
    "check_proof",
    "digest",
    "merkle_proof",
    "merkle_root",
    "record",
    "record_many",
]
