"""One item of a set-based step, proved by the Merkle root that its entry holds.

The step is a real one: a batch of instructions cut in a month over fakes.  The attacker changes
the item's row in the database; the entry was sealed before.
"""

from pathlib import Path

import pytest
import sqlalchemy as sa

from hub.audit import (
    Checkpoints,
    Keeper,
    Proof,
    check_proof,
    digest,
    merkle_proof,
    merkle_root,
)
from hub.audit.tables import audit_entry
from hub.offset.tables import batch, item
from hub.store import Store
from tests.audit.attacks import KEY, Scene
from tests.offset.kit import Centre, Person

PLACE = 1


@pytest.fixture
def cut(empty_store: Store, tmp_path: Path) -> Scene:
    """Three instructions cut into one batch, sealed and witnessed."""
    centre = Centre(empty_store, tmp_path)
    centre.add(*(Person(f"A{n}", due=100_000 + n) for n in range(3)))
    centre.open()
    centre.planned()
    centre.approve()
    centre.cut()
    checkpoints = Checkpoints(tmp_path / "checkpoints", KEY)
    assert Keeper(empty_store, checkpoints).stage_end("cut").checkpoint is not None
    return Scene(empty_store, checkpoints, tmp_path)


def leaves(scene: Scene) -> list[str]:
    """What the batch's rows say now, in their order, in the form that was hashed."""
    with scene.store.read() as tx:
        query = sa.select(item.c.number, item.c.fen).order_by(item.c.row_no)
        return [f"{row.number}|{row.fen}" for row in tx.execute(query)]


def entry(scene: Scene) -> "sa.Row[tuple[int, str]]":
    """Number and root of the entry of the batch."""
    with scene.store.read() as tx:
        (number,) = tx.scalars(sa.select(batch.c.number))
        query = sa.select(audit_entry.c.seq, audit_entry.c.root).where(
            audit_entry.c.act == "offset.batch_cut", audit_entry.c.subject == number
        )
        return tx.execute(query).one()


def proof_of(scene: Scene) -> Proof:
    return merkle_proof([digest(one.encode()) for one in leaves(scene)], PLACE)


def on_paper(scene: Scene, said: str, proof: Proof) -> dict[str, object]:
    return {
        "entry": entry(scene).seq, "item": said, "index": proof.index, "size": proof.size,
        "path": list(proof.path),
    }  # fmt: skip


def test_an_item_is_proved(cut: Scene) -> None:
    said, proof, root = leaves(cut), proof_of(cut), entry(cut).root
    assert merkle_root(digest(one.encode()) for one in said) == root
    assert check_proof(digest(said[PLACE].encode()), proof, root)
    assert cut.alone(proofs=[on_paper(cut, said[PLACE], proof)]) == ()


def test_an_altered_row_has_no_proof_and_the_others_keep_theirs(cut: Scene) -> None:
    before, proof = leaves(cut), proof_of(cut)
    cut.sql("UPDATE offset_item SET fen = fen + 1 WHERE row_no = :place", place=PLACE)
    after, root = leaves(cut), entry(cut).root
    assert cut.findings() == ()  # the chain is whole: it is the row that lies
    assert merkle_root(digest(one.encode()) for one in after) != root
    assert not check_proof(digest(after[PLACE].encode()), proof, root)
    assert cut.alone(proofs=[on_paper(cut, after[PLACE], proof)]) == ("proof",)
    assert cut.alone(proofs=[on_paper(cut, after[PLACE], proof_of(cut))]) == ("proof",)
    assert cut.alone(proofs=[on_paper(cut, before[PLACE], proof)]) == ()


def test_the_root_altered_with_it_is_an_altered_entry(cut: Scene) -> None:
    cut.sql("UPDATE offset_item SET fen = fen + 1 WHERE row_no = :place", place=PLACE)
    said = leaves(cut)
    root = merkle_root(digest(one.encode()) for one in said)
    cut.sql("UPDATE audit_entry SET root = :root WHERE seq = :at", root=root, at=entry(cut).seq)
    assert cut.findings() == ("altered",)
    assert cut.alone(proofs=[on_paper(cut, said[PLACE], proof_of(cut))]) == ("altered",)
    cut.rechain(entry(cut).seq)
    assert cut.findings() == ("rewritten",)


@pytest.mark.parametrize("place", ["another entry", "another place", "no path", "a longer path"])
def test_a_proof_of_something_else_is_none(cut: Scene, place: str) -> None:
    said, proof = leaves(cut)[PLACE], proof_of(cut)
    paper = on_paper(cut, said, proof)
    paper |= {
        "another entry": {"entry": entry(cut).seq - 1},
        "another place": {"index": 0},
        "no path": {"path": []},
        "a longer path": {"path": [*proof.path, "00" * 32]},
    }[place]
    assert cut.alone(proofs=[paper]) == ("proof",)
