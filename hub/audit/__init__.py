"""The audit: entries in the transaction of the act, one chain, witnesses outside the database.

``record(tx, act=…, actor=…, subject=…)`` beside every act · ``merkle_root(map(digest, rows))`` for
set-based steps · ``Keeper(store, Checkpoints(folder, ring.signer))`` seals and witnesses ·
``checkpoints.judge(tx)`` at every start · ``verify(tx, checkpoints.log(), public_key)``.
"""

from hub.audit.checkpoints import CheckpointFailed, Checkpoints, StoreNotCurrent, Verdict
from hub.audit.entries import Entry, record, record_many
from hub.audit.export import NothingSealed, export_entries
from hub.audit.identity import Identity, ensure_identity, read_identity
from hub.audit.keeper import Keeper, Kept
from hub.audit.lines import Checkpoint, CheckpointLog, read_log
from hub.audit.merkle import Proof, check_proof, digest, merkle_proof, merkle_root
from hub.audit.sealing import Sealer, count_unsealed
from hub.audit.seat import Seat, SeatTaken
from hub.audit.verification import AuditReport, verify

__all__ = [
    "AuditReport",
    "Checkpoint",
    "CheckpointFailed",
    "CheckpointLog",
    "Checkpoints",
    "Entry",
    "Identity",
    "Keeper",
    "Kept",
    "NothingSealed",
    "Proof",
    "Sealer",
    "Seat",
    "SeatTaken",
    "StoreNotCurrent",
    "Verdict",
    "check_proof",
    "count_unsealed",
    "digest",
    "ensure_identity",
    "export_entries",
    "merkle_proof",
    "merkle_root",
    "read_identity",
    "read_log",
    "record",
    "record_many",
    "verify",
]
